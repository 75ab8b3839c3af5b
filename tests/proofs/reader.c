/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=10 sources= */
#include "base/reader.h"

#include "tests/proofs/proof.h"

/* A reader in any state that the functions can leave it in. */
static struct reader any_reader(struct tacit_slice in)
{
	struct reader r = rd_of(in);

	r.at = nondet_size();
	r.bad = nondet_bool();
	ASSUME(r.at <= in.len);
	return r;
}

int main(void)
{
	struct tacit_slice in = any_slice(9);
	struct reader r = any_reader(in), before = r, child;
	struct tacit_slice piece;
	size_t n = nondet_size();

	piece = rd_take(&r, n);
	PROVE(inside(piece, in));
	PROVE(r.at <= in.len && rd_left(&r) <= in.len);
	PROVE(r.bad || r.at == before.at + n);
	PROVE(!r.bad || r.at == before.at);
	PROVE(!before.bad || r.bad);

	r = before;
	child = rd_sub(&r, n);
	PROVE(inside(child.in, in) && child.at == 0 && child.bad == r.bad);

	r = before;
	ASSUME(n <= 8);
	(void)rd_be(&r, n);
	PROVE(r.at <= in.len);
	(void)rd_le(&r, n);
	PROVE(r.at <= in.len);
	PROVE(n != 1 || rd_be(&before, 1) <= 255);
	rd_skip(&r, nondet_size());
	(void)rd_u8(&r);
	(void)rd_be16(&r);
	(void)rd_le64(&r);
	PROVE(r.at <= in.len);
	PROVE(rd_finish(&r, "p", NULL) == TACIT_FORMAT || (!r.bad && r.at == in.len));
	return 0;
}
