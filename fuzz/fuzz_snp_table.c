/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "trust/snp_table.h"

static bool overlap(struct tacit_slice a, struct tacit_slice b)
{
	return a.ptr && b.ptr && a.ptr < b.ptr + b.len && b.ptr < a.ptr + a.len;
}

static void check_contents(const struct tacit_snp_table *table, struct tacit_slice in)
{
	const struct tacit_slice all[] = { table->vcek, table->vlek, table->ask, table->ark,
					   table->crl };
	struct tacit_slice body = { in.ptr, in.len };
	size_t head = (table->entries + 1) * 24;

	FUZZ_ASSERT(in.len == 0 || head <= in.len);
	if (in.len) {
		body.ptr += head;
		body.len -= head;
	}
	for (size_t i = 0; i < 5; i++) {
		FUZZ_ASSERT(fuzz_inside(all[i], body) && (!all[i].ptr || all[i].len));
		for (size_t k = 0; k < i; k++)
			FUZZ_ASSERT(!overlap(all[i], all[k]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[TACIT_ARENA_TYPICAL];
	struct tacit_slice in = tacit_slice_of(data, size), der;
	struct tacit_snp_table table, again;
	struct tacit_error err = { 0 };
	struct tacit_arena arena;

	(void)tacit_snp_table_looks(in);
	enum tacit_status st = tacit_snp_table_parse(in, &table, &err);
	FUZZ_ASSERT(st == err.status &&
		    (st == TACIT_OK || st == TACIT_FORMAT || st == TACIT_LIMIT));
	if (st != TACIT_OK)
		return 0;
	check_contents(&table, in);
	FUZZ_ASSERT(tacit_snp_table_parse(in, &again, NULL) == TACIT_OK);
	tacit_arena_init(&arena, room, sizeof(room));
	if (table.ask.ptr && tacit_snp_table_der(table.ask, &arena, &der, NULL) == TACIT_OK)
		FUZZ_ASSERT(der.len <= table.ask.len);
	return 0;
}
