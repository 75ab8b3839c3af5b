/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=17 sources= */
#include "tests/proofs/any_reader.h"

/* Comparing gives any answer, which covers the right one; that it may read is proved here. */
static int any_compare(const void *a, const void *b, size_t n)
{
	PROVE(__CPROVER_r_ok(a, n) && __CPROVER_r_ok(b, n));
	return nondet_bool();
}

#define memcmp any_compare

#include "src/trust/snp_table.c"

static struct entry any_entry(const uint8_t guid[static GUID_LEN])
{
	struct entry e = { tacit_slice_of(guid, GUID_LEN), (uint32_t)nondet_number(),
			   (uint32_t)nondet_number() };

	return e;
}

/*
 * The step that tacit_snp_table_parse() takes for each entry, with any two of them: nothing that a
 * host says about where contents lie leads out of the table, or to contents that overlap. That
 * reading entries is safe is proved by reader.c.
 */
int main(void)
{
	static const uint8_t GUIDS[2][GUID_LEN];
	struct tacit_slice in = any_slice(4096);
	const struct entry entries[2] = { any_entry(GUIDS[0]), any_entry(GUIDS[1]) };
	struct tacit_snp_table table = { .entries = 2 };
	size_t head = nondet_size();

	for (size_t i = 0; i < 2; i++) {
		if (check_entry(in, entries, i, head, NULL) != TACIT_OK ||
		    take_entry(in, &entries[i], i, &table, NULL) != TACIT_OK)
			return 0;
	}
	PROVE(inside(table.vcek, in) && inside(table.vlek, in));
	PROVE(inside(table.ask, in) && inside(table.ark, in) && inside(table.crl, in));
	if (table.vcek.ptr && table.ask.ptr)
		PROVE(table.vcek.ptr + table.vcek.len <= table.ask.ptr ||
		      table.ask.ptr + table.ask.len <= table.vcek.ptr);
	return 0;
}
