/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=11 sources=src/codec/der.c */
#include "codec/der.h"

#include "tests/proofs/der_any.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(12); /* ten bytes of number */
	struct tacit_der d = tacit_der_of(in);
	uint64_t max = nondet_number(), value;

	if (nondet_bool())
		value = tacit_der_uint(&d, max);
	else
		value = tacit_der_enum(&d, max);
	PROVE(d.r.bad ? value == 0 : value <= max);
	PROVE(d.r.at <= in.len);
	return 0;
}
