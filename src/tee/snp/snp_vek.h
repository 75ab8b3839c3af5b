/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SNP_SNP_VEK_H
#define TACIT_TEE_SNP_SNP_VEK_H

/*
 * Certificates of the keys that sign reports, VCEK and VLEK ("VEK" for either), as AMD's "VCEK
 * Certificate and KDS Interface Specification", publication 57230, has them [VCEK]; and those
 * above them: ASK for VCEKs, ASVK for VLEKs, ARK for both.
 */

#include "tee/snp/snp.h"
#include "trust/crl.h"

/* By the subject's common name; false when it is neither SEV-VCEK nor SEV-VLEK. */
bool tacit_snp_vek_kind(const struct tacit_cert *cert, enum tacit_snp_key *ret);

/* By the issuer's common name, for a VEK of that kind; TACIT_SNP_UNKNOWN when it names none. */
enum tacit_snp_product tacit_snp_vek_product(const struct tacit_cert *cert,
					     enum tacit_snp_key kind);

#define TACIT_SNP_PARTS 9

/* AMD's extensions as they stand; absent where there are none. */
struct tacit_snp_vek {
	struct tacit_slice version;                /* structVersion */
	struct tacit_slice parts[TACIT_SNP_PARTS]; /* security versions, 1 to 9 */
	struct tacit_slice hwid;
	struct tacit_slice csp;
};

/* All of them in one walk. */
void tacit_snp_vek_read(const struct tacit_cert *cert, struct tacit_snp_vek *ret);

/*
 * The security versions that the key was derived for. Errors: TACIT_CHAIN when one is missing,
 * TACIT_FORMAT when one is no number below 256 or a reserved one is not zero.
 */
TACIT_MUST_CHECK enum tacit_status tacit_snp_vek_tcb(const struct tacit_snp_vek *vek, bool has_fmc,
						     struct tacit_snp_tcb *ret,
						     struct tacit_error *err);

/* structVersion. Errors: TACIT_CHAIN when it is missing, TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_vek_version(const struct tacit_snp_vek *vek,
							 unsigned *ret, struct tacit_error *err);

/* hwID, with or without an OCTET STRING around it; absent when there is none of that length. */
struct tacit_slice tacit_snp_vek_hwid(const struct tacit_snp_vek *vek, size_t len);

/* cspID; absent when there is none. Errors: TACIT_FORMAT when it is no text. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_vek_csp(const struct tacit_snp_vek *vek,
						     struct tacit_slice *ret,
						     struct tacit_error *err);

bool tacit_snp_tcb_equal(const struct tacit_snp_tcb *a, const struct tacit_snp_tcb *b);

/* ---- what there is to choose from ---------------------------------------------------------- */

#define TACIT_SNP_OWN 4

/* Certificates of the table first, then those of the collateral. */
struct tacit_snp_pool {
	struct tacit_cert own[TACIT_SNP_OWN];
	size_t own_count;
	size_t own_vek; /* how many of them stand where a VEK belongs; they come first */
	bool has_crl;
	struct tacit_crl crl;                      /* of the table */
	const struct tacit_collateral *collateral; /* may be NULL */
};

/* Errors: TACIT_FORMAT when a certificate of the table is broken; TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_pool_fill(struct tacit_snp_pool *pool,
						       const struct tacit_snp_table *table,
						       const struct tacit_context *cx,
						       struct tacit_error *err);

/* The VEK that fits the report best, so that the others' faults do not count; NULL for none. */
const struct tacit_cert *tacit_snp_pool_vek(const struct tacit_snp_pool *pool,
					    const struct tacit_snp_report *report, int64_t now);

/* Who issued `cert`, by name; where several have it, one whose key did. */
const struct tacit_cert *tacit_snp_pool_issuer(const struct tacit_snp_pool *pool,
					       const struct tacit_cert *cert,
					       const struct tacit_context *cx);

#endif
