/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_COLLATERAL_PARTS_H
#define TACIT_TRUST_COLLATERAL_PARTS_H

/* The inside of tacit_collateral_parse(), for the files that recognise pieces. */

#include "trust/collateral.h"

#define TACIT_COLLATERAL_DEPTH 4 /* of pieces inside pieces: hex in JSON in JSON */

struct tacit_collateral_list {
	void *items;
	size_t count, room;
};

struct tacit_collateral_build {
	struct tacit_arena *arena;
	unsigned depth;
	struct tacit_collateral_list certs, crls, tcb_infos, qe_identities, event_logs;
	struct tacit_collateral_list quotes; /* of TDs */
	struct tacit_tpm_evidence tpm;
};

/* Recognises one piece, or one inside another. */
TACIT_MUST_CHECK enum tacit_status tacit_collateral_add(struct tacit_collateral_build *b,
							struct tacit_slice piece,
							struct tacit_error *err);

/* A copy of the item at the end of a list of such. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_collateral_push(struct tacit_collateral_build *b,
							 struct tacit_collateral_list *list,
							 struct tacit_slice item,
							 struct tacit_error *err);

/* Without white space and NULs at both ends, as tools leave them around text. */
struct tacit_slice tacit_collateral_trim(struct tacit_slice text);

/* Intel's signed documents and bundles of collateral. */
bool tacit_collateral_is_json(struct tacit_slice piece);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_json(struct tacit_collateral_build *b,
							 struct tacit_slice piece,
							 struct tacit_error *err);

/* What lies beside an HCL report: a TPM's quote, whole or in parts, and a TD's. */
bool tacit_collateral_is_tpm_quote(struct tacit_slice piece);
bool tacit_collateral_is_tpm_part(struct tacit_slice piece);
bool tacit_collateral_is_tpm_json(struct tacit_slice piece);
bool tacit_collateral_is_quote(struct tacit_slice piece);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_tpm_quote(struct tacit_collateral_build *b,
							      struct tacit_slice piece,
							      struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_tpm_part(struct tacit_collateral_build *b,
							     struct tacit_slice piece,
							     struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_tpm_json(struct tacit_collateral_build *b,
							     struct tacit_slice piece,
							     struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_quote(struct tacit_collateral_build *b,
							  struct tacit_slice piece,
							  struct tacit_error *err);

/* A table of certificates as AMD's hosts hand it to their guests. */
bool tacit_collateral_is_snp_table(struct tacit_slice piece);
TACIT_MUST_CHECK enum tacit_status tacit_collateral_snp_table(struct tacit_collateral_build *b,
							      struct tacit_slice piece,
							      struct tacit_error *err);

#endif
