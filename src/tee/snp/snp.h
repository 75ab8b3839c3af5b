/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SNP_SNP_H
#define TACIT_TEE_SNP_SNP_H

/*
 * AMD SEV-SNP attestation reports. See README.md in this folder for the layout and for what is
 * checked. Reading (snp_report.c, snp_table.c) gives slices without meaning; judging is apart.
 */

#include "tacit/snp.h"
#include "tee/check.h"
#include "trust/roots.h"
#include "trust/snp_table.h"

#define TACIT_SNP_REPORT_LEN 1184
#define TACIT_SNP_SIGNED_LEN 0x2a0
#define TACIT_SNP_SCALAR_LEN 48 /* of R and S */
#define TACIT_SNP_CHIP_LEN   64
#define TACIT_SNP_URL_MAX    320

/* Values of the field SIGNING_KEY in FLAGS [SNP-ABI 7.3]. */
enum tacit_snp_key {
	TACIT_SNP_VCEK = 0,
	TACIT_SNP_VLEK = 1,
	TACIT_SNP_NO_KEY = 7,
};

enum tacit_snp_product {
	TACIT_SNP_UNKNOWN,
	TACIT_SNP_MILAN,
	TACIT_SNP_GENOA, /* Bergamo and Siena too */
	TACIT_SNP_TURIN,
	TACIT_SNP_VENICE,
};

struct tacit_snp_product_row {
	enum tacit_snp_product product;
	const char *name;        /* in policies and claims */
	const char *amd_name;    /* in common names and at AMD's KDS */
	bool has_fmc;            /* TCB_VERSION has the layout that starts with the FMC */
	size_t chip_len;         /* bytes of CHIP_ID that count; the rest is zero */
	unsigned struct_version; /* of the VEK certificate */
	enum tacit_root root;    /* TACIT_ROOT_NONE: no anchor is known yet */
};

/* The fields of a report as they stand; slices point into it. Offsets are in README.md. */
struct tacit_snp_report {
	struct tacit_slice raw; /* 1184 bytes */
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	struct tacit_slice family_id, image_id;
	uint32_t vmpl;
	uint32_t signature_algo;
	struct tacit_slice current_tcb, reported_tcb, committed_tcb, launch_tcb;
	uint64_t platform_info;
	uint32_t flags;
	struct tacit_slice report_data, measurement, host_data;
	struct tacit_slice id_key_digest, author_key_digest;
	struct tacit_slice report_id, report_id_ma;
	uint8_t cpu_family, cpu_model, cpu_stepping;
	struct tacit_slice chip_id;
	struct tacit_snp_firmware current_firmware, committed_firmware;
	uint64_t launch_mit_vector, current_mit_vector;
	struct tacit_slice r, s; /* 72 bytes each, little-endian */
};

#define TACIT_SNP_AUTHOR_KEY_EN(flags) (((flags)&1u) != 0)
#define TACIT_SNP_MASK_CHIP_KEY(flags) (((flags)&2u) != 0)
#define TACIT_SNP_SIGNING_KEY(flags)   ((flags) >> 2 & 7u)

/* Reads the fields of 1184 bytes, whatever they say. Errors: TACIT_FORMAT for another length. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_report_parse(struct tacit_slice raw,
							  struct tacit_snp_report *ret,
							  struct tacit_error *err);

/* Whether every byte is zero that the report's version reserves. `ret_at`: the first that is not.
 */
bool tacit_snp_report_reserved(const struct tacit_snp_report *report, size_t *ret_at);

/* True for shape alone: what follows 1184 bytes of a report may be a certificate table. */
bool tacit_snp_detect(struct tacit_slice in);

/* ---- products ------------------------------------------------------------------------------ */

/* Never NULL; TACIT_SNP_UNKNOWN has a row of its own. */
const struct tacit_snp_product_row *tacit_snp_product_row(enum tacit_snp_product product);

/* By family and model as CPUID combines them. */
enum tacit_snp_product tacit_snp_product_cpuid(uint8_t family, uint8_t model);

/* By the common name of an ARK, ASK or ASVK: `prefix` and AMD's name of the product. */
enum tacit_snp_product tacit_snp_product_cn(const char *prefix, struct tacit_slice cn);

/*
 * The product as the report itself tells: by CPUID from version 3 on. Version 2 does not say:
 * then `guess` is Turin where CHIP_ID is as short as there, else Milan.
 */
enum tacit_snp_product tacit_snp_product_guess(const struct tacit_snp_report *report);

/* One TCB_VERSION. False when a byte that the layout reserves is not zero. */
bool tacit_snp_tcb_read(struct tacit_slice raw, bool has_fmc, struct tacit_snp_tcb *ret);

/*
 * Where AMD's KDS has the VCEK of this report, or the chain above a VLEK, which KDS gives to
 * cloud providers alone.
 */
void tacit_snp_url_vek(const struct tacit_snp_report *report, enum tacit_snp_product product,
		       char url[TACIT_AT_LEAST(TACIT_SNP_URL_MAX)]);

/* The certificates above the signing key (PEM), and AMD's revocation list for them. */
void tacit_snp_url_chain(enum tacit_snp_key key, enum tacit_snp_product product,
			 char url[TACIT_AT_LEAST(TACIT_SNP_URL_MAX)]);

/* ---- judging ------------------------------------------------------------------------------- */

/* Every check, in order. */
#define TACIT_SNP_CHECKS 25
extern const struct tacit_check_row tacit_snp_checks[TACIT_SNP_CHECKS];

bool tacit_snp_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims);

/*
 * The same for a report that lies in other evidence, with its table where there is one. Fills
 * what a report has to say in `ret_claims` and leaves `tee` alone.
 */
bool tacit_snp_verify_report(struct tacit_slice report, struct tacit_slice table,
			     const struct tacit_context *cx, struct tacit_check_list *list,
			     struct tacit_claims *ret_claims);

#endif
