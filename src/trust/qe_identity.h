/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_QE_IDENTITY_H
#define TACIT_TRUST_QE_IDENTITY_H

/*
 * Intel's identity of a quoting enclave [PCS v4, enclave identity version 2]. Nothing here is
 * trusted before tacit_intel_check().
 */

#include "tacit/arena.h"
#include "trust/tcb_level.h"

enum tacit_qe_id {
	TACIT_QE_NONE,
	TACIT_QE_SGX,   /* "QE" */
	TACIT_QE_TDX,   /* "TD_QE" */
	TACIT_QE_OTHER, /* "QVE" and "QAE", which make no quotes */
};

struct tacit_qe_identity {
	struct tacit_intel_signed doc;
	enum tacit_qe_id id;
	uint8_t miscselect[4], miscselect_mask[4]; /* as in a report */
	uint8_t attributes[16], attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isvprodid;
	struct tacit_svn_levels levels;
};

/* As tacit_tcb_info_parse(). */
TACIT_MUST_CHECK enum tacit_status tacit_qe_identity_parse(const struct tacit_intel_signed *doc,
							   struct tacit_arena *arena,
							   struct tacit_qe_identity *ret,
							   struct tacit_error *err);

#endif
