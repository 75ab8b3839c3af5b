/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=5 sources=src/codec/der.c */
#include "codec/der.h"

#include "tests/proofs/der_any.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(18); /* a GeneralizedTime and one byte */
	struct tacit_der d = tacit_der_of(in);

	(void)tacit_der_time(&d);
	PROVE(d.r.at <= in.len);
	return 0;
}
