/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_AZURE_AZURE_H
#define TACIT_TEE_AZURE_AZURE_H

/*
 * Evidence of Azure's confidential VMs: the paravisor's report (HCL) around a hardware report,
 * and a quote of its virtual TPM. See README.md in this folder for the layouts and for what is
 * checked. Reading (azure_hcl.c, azure_data.c, azure_tpm.c) is apart from judging.
 */

#include "tacit/azure.h"
#include "tee/check.h"
#include "tee/unwrap.h"

#define TACIT_HCL_AREA_LEN  1184 /* the hardware report's slot */
#define TACIT_HCL_MAX       32768
#define TACIT_TDREPORT_LEN  1024
#define TACIT_AZURE_RSA_LEN 256

enum tacit_hcl_kind {
	TACIT_HCL_SNP = 2,
	TACIT_HCL_TDX = 4,
};

/* An HCL report as it stands. */
struct tacit_hcl {
	uint32_t version;
	enum tacit_hcl_kind kind;
	uint32_t hash_type;       /* 1 SHA-256, 2 SHA-384, 3 SHA-512 */
	struct tacit_slice area;  /* 1184 bytes */
	struct tacit_slice data;  /* runtime data, JSON */
	struct tacit_slice bound; /* 64 bytes: REPORT_DATA of the hardware report in the area */
};

/* Shape alone: which kind of HCL report it may be, 0 for none. */
uint32_t tacit_hcl_looks(struct tacit_slice in);

/* Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_hcl_parse(struct tacit_slice in, struct tacit_hcl *ret,
						   struct tacit_error *err);

/* Whether `bound` is the hash of the runtime data and zeros. Errors: TACIT_BINDING. */
TACIT_MUST_CHECK enum tacit_status tacit_hcl_bound(const struct tacit_hcl *hcl,
						   struct tacit_error *err);

/* "sha256" and so on; NULL for another type. */
const char *tacit_hcl_hash_name(uint32_t hash_type);

/* The runtime data, with binary values decoded into the arena. */
struct tacit_hcl_data {
	struct tacit_slice ak_modulus; /* 256 bytes */
	struct tacit_slice user_data;  /* 64 bytes or absent */
	struct tacit_slice vm_id;      /* text or absent */
	bool secure_boot, tpm_enabled, tpm_persisted, console_enabled;
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT for a full arena. */
TACIT_MUST_CHECK enum tacit_status tacit_hcl_data_parse(struct tacit_slice json,
							struct tacit_arena *arena,
							struct tacit_hcl_data *ret,
							struct tacit_error *err);

/* TPMS_ATTEST of a quote over the SHA-256 bank [TPM2 10.12.8, 10.12.4]. */
struct tacit_tpm_quote {
	struct tacit_slice signer; /* qualified name of the key */
	struct tacit_slice nonce;  /* extraData */
	uint64_t clock_ms;
	uint32_t reset_count, restart_count;
	bool clock_safe;
	uint64_t firmware;
	uint32_t pcr_mask;
	struct tacit_slice pcr_digest; /* 32 bytes */
};

/* Errors: TACIT_FORMAT; TACIT_UNSUPPORTED for another hash or several banks. */
TACIT_MUST_CHECK enum tacit_status
tacit_tpm_quote_parse(struct tacit_slice in, struct tacit_tpm_quote *ret, struct tacit_error *err);

/*
 * The 256 bytes of an RSASSA signature with SHA-256, bare or in a TPMT_SIGNATURE [TPM2 11.3.4].
 * Errors: TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_tpm_signature(struct tacit_slice in, struct tacit_slice *ret, struct tacit_error *err);

/*
 * Whether the values are those that the quote's digest is of: the selected PCRs in order, or all
 * 24, of which the selected ones count. `ret_values` has TACIT_TPM_PCRS places by number, absent
 * where not selected. Errors: TACIT_FORMAT for another count; TACIT_BINDING.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_pcrs(const struct tacit_tpm_quote *quote,
						  const struct tacit_tpm_evidence *tpm,
						  struct tacit_slice *ret_values,
						  struct tacit_error *err);

/* Every check beyond those of the hardware report, in order. */
#define TACIT_AZURE_SNP_CHECKS 6
#define TACIT_AZURE_TDX_CHECKS 8
extern const struct tacit_check_row tacit_azure_snp_checks[TACIT_AZURE_SNP_CHECKS];
extern const struct tacit_check_row tacit_azure_tdx_checks[TACIT_AZURE_TDX_CHECKS];

bool tacit_azure_snp_detect(struct tacit_slice in);
bool tacit_azure_tdx_detect(struct tacit_slice in);
bool tacit_azure_snp_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    struct tacit_check_list *list, struct tacit_claims *ret_claims);
bool tacit_azure_tdx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    struct tacit_check_list *list, struct tacit_claims *ret_claims);

#endif
