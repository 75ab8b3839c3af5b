/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_TCB_INFO_H
#define TACIT_TRUST_TCB_INFO_H

/*
 * Intel's TCB info [PCS v4, TCB info version 3; version 2 for SGX alone], parsed once and then
 * read only. Nothing here is trusted before tacit_intel_check().
 */

#include "tacit/arena.h"
#include "trust/tcb_level.h"

#define TACIT_TCB_COMPONENTS     16
#define TACIT_TCB_IDENTITIES_MAX 64

struct tacit_tcb_platform_level {
	uint8_t sgx[TACIT_TCB_COMPONENTS];
	uint8_t tdx[TACIT_TCB_COMPONENTS]; /* zero for SGX */
	uint16_t pcesvn;
	struct tacit_tcb_verdict verdict;
};

/* What a TDX module must show. */
struct tacit_tdx_module_identity {
	uint8_t major; /* of "TDX_0A": 10; 0 for a name of another form, which no module has */
	uint8_t mrsigner[48];
	uint8_t attributes[8], mask[8];
	struct tacit_svn_levels levels; /* none for the module of TEE_TCB_SVN[1] == 0 */
};

struct tacit_tcb_info {
	struct tacit_intel_signed doc;
	bool tdx; /* else SGX */
	unsigned version;
	uint8_t fmspc[6];
	uint8_t pceid[2];
	struct tacit_tdx_module_identity module; /* TDX alone: for TEE_TCB_SVN[1] == 0 */
	size_t identity_count;
	const struct tacit_tdx_module_identity *identities;
	size_t level_count;
	const struct tacit_tcb_platform_level *levels; /* falling, none twice */
	/* Intel's words for each component ("BIOS"); NULL where it says none. */
	const char *sgx_category[TACIT_TCB_COMPONENTS];
	const char *tdx_category[TACIT_TCB_COMPONENTS];
};

/*
 * Parses the inner object of doc->body; `doc` is copied, its dates are filled in. Errors:
 * TACIT_FORMAT, TACIT_LIMIT when the arena is full.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tcb_info_parse(const struct tacit_intel_signed *doc,
							struct tacit_arena *arena,
							struct tacit_tcb_info *ret,
							struct tacit_error *err);

#endif
