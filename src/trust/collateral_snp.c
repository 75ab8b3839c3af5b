/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "trust/collateral_parts.h"
#include "trust/snp_table.h"

bool tacit_collateral_is_snp_table(struct tacit_slice piece)
{
	return tacit_snp_table_looks(piece);
}

/* Each entry is DER or PEM, and is recognised like a piece of its own. */
enum tacit_status tacit_collateral_snp_table(struct tacit_collateral_build *b,
					     struct tacit_slice piece, struct tacit_error *err)
{
	struct tacit_snp_table table;

	enum tacit_status st = tacit_snp_table_parse(piece, &table, err);
	if (st != TACIT_OK)
		return st;
	const struct tacit_slice entries[] = { table.vcek, table.vlek, table.ask, table.ark,
					       table.crl };
	for (size_t i = 0; i < TACIT_ARRAY_LEN(entries) && st == TACIT_OK; i++)
		if (entries[i].ptr)
			st = tacit_collateral_add(b, entries[i], err);
	return st;
}
