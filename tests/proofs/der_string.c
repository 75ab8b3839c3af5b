/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=9 sources=src/codec/der.c */
#include "codec/der.h"

#include "tests/proofs/der_any.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(8), got = { NULL, 0 };
	struct tacit_der d = tacit_der_of(in);

	switch (nondet_byte()) {
	case 0:
		got = tacit_der_bits(&d);
		break;
	case 1:
		got = tacit_der_oid(&d);
		break;
	case 2:
		got = tacit_der_integer(&d);
		break;
	default:
		(void)tacit_der_bool(&d);
		break;
	}
	PROVE(inside(got, in));
	PROVE(d.r.at <= in.len && (!d.r.bad || got.ptr == NULL));
	return 0;
}
