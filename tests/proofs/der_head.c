/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=7 sources=src/codec/der.c */
#include "codec/der.h"

#include "tests/proofs/der_any.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(9); /* more than the longest length */
	struct tacit_der d = any_der(in), before = d;
	struct tacit_slice content = tacit_der_take(&d, nondet_byte());

	PROVE(inside(content, in));
	PROVE(d.r.at <= in.len);
	PROVE(!before.r.bad || (d.r.bad && content.ptr == NULL));
	PROVE(d.r.bad == (d.why != NULL));
	PROVE(d.r.bad || d.r.at >= before.r.at + 2);
	return 0;
}
