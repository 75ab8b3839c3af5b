/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_SNP_TABLE_H
#define TACIT_TRUST_SNP_TABLE_H

/*
 * Tables of certificates that an AMD host hands to its guests: behind an extended report, or in
 * configfs-tsm's auxblob [GHCB 4.1.8].
 */

#include "base/writer.h"
#include "tacit/arena.h"

#define TACIT_SNP_TABLE_ENTRIES 32 /* one table has five in practice */

/* Contents as they stand, DER or PEM; absent where the table has none. */
struct tacit_snp_table {
	struct tacit_slice vcek, vlek, ask, ark, crl;
	size_t entries;
};

/*
 * Reads a table [GHCB 4.1.8]; an empty slice is an empty table. The host wrote it and nobody
 * signed it. Errors: TACIT_FORMAT for no end, an entry that lies in the table's head, beyond
 * its end or over another one, or a kind that is there twice; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_snp_table_parse(struct tacit_slice in, struct tacit_snp_table *ret, struct tacit_error *err);

/*
 * The table that holds these contents, in the order of the fields, and how long it is: nothing
 * when there are none.
 */
size_t tacit_snp_table_size(const struct tacit_snp_table *table);
void tacit_snp_table_write(const struct tacit_snp_table *table, struct writer *w);

/* Whether this is a table that names a certificate, and not something else. */
bool tacit_snp_table_looks(struct tacit_slice in);

/* The DER of one entry, which PEM text needs the arena for. Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_table_der(struct tacit_slice content,
						       struct tacit_arena *arena,
						       struct tacit_slice *ret,
						       struct tacit_error *err);

#endif
