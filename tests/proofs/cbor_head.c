/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=10 sources=src/codec/cbor.c,src/codec/utf8.c */
#include "codec/cbor.h"
#include "codec/cbor_walk.h"
#include "tests/proofs/proof.h"

int main(void)
{
	struct tacit_slice in = any_slice(9); /* a head with an argument of eight bytes */
	struct tacit_cbor c = tacit_cbor_of(in, nondet_bool() ? TACIT_CBOR_STRICT : TACIT_CBOR_LAX);

	c.r.at = nondet_size();
	ASSUME(c.r.at <= in.len);
	c.r.bad = nondet_bool();
	size_t before = c.r.at;
	bool was_bad = c.r.bad;
	struct tacit_cbor_head head = tacit_cbor_take_head(&c);

	PROVE(c.r.at <= in.len);
	PROVE(!was_bad || c.r.bad);
	PROVE(c.r.bad || (c.r.at > before && c.r.at <= before + 9 && head.at == before));
	PROVE(!c.r.bad || (head.value == 0 && head.info == 0));
	PROVE(c.r.bad || head.indefinite || head.info >= 24 || head.value == head.info);
	head.major = TACIT_MAJOR_BYTES;

	struct tacit_slice string = tacit_cbor_take_string(&c, &head);
	PROVE(inside(string, in) && c.r.at <= in.len);
	PROVE(c.r.bad || string.len == head.value);
	(void)tacit_cbor_peek(&c);
	return 0;
}
