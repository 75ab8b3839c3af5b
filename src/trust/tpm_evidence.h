/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_TPM_EVIDENCE_H
#define TACIT_TRUST_TPM_EVIDENCE_H

/* The pieces of a TPM's quote as they came, inside a wrapper or as collateral. All untrusted. */

#include "codec/json_read.h"

#define TACIT_TPM_PCRS    24
#define TACIT_TPM_PCR_LEN 32 /* SHA-256 bank */

struct tacit_tpm_evidence {
	struct tacit_slice message;   /* TPMS_ATTEST; absent: no quote */
	struct tacit_slice signature; /* bare RSASSA bytes, or a TPMT_SIGNATURE */
	size_t pcr_count;
	struct tacit_slice pcrs[TACIT_TPM_PCRS]; /* TACIT_TPM_PCR_LEN each, in bank order */
};

/*
 * Reads {"message", "signature", "pcrs": []}, as attestation agents write a quote; the values are
 * hex or base64 text or arrays of numbers.
 */
void tacit_tpm_evidence_read(struct tacit_json_read *j, struct tacit_arena *arena,
			     struct tacit_tpm_evidence *ret);

#endif
