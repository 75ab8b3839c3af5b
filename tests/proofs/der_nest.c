/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=7 sources=src/codec/der.c */
#include "codec/der.h"

#include "tests/proofs/der_any.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(7);
	struct tacit_der d = any_der(in), before = d;
	struct tacit_slice element = tacit_der_element(&d);

	PROVE(inside(element, in));
	PROVE(d.r.at <= in.len && (d.r.bad || d.r.at == before.r.at + element.len));

	d = before;
	struct tacit_der child = tacit_der_enter(&d, nondet_byte());
	PROVE(inside(child.r.in, in) && child.r.bad == d.r.bad);
	(void)tacit_der_element(&child);
	tacit_der_leave(&d, &child);
	PROVE(d.r.at <= in.len && (d.r.bad || !child.r.bad));
	return 0;
}
