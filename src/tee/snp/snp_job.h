/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SNP_SNP_JOB_H
#define TACIT_TEE_SNP_SNP_JOB_H

/* One report being judged, as its steps hand it on. */

#include "tee/snp/snp_vek.h"
#include "trust/chain.h"

struct tacit_snp_job {
	const struct tacit_context *cx;
	struct tacit_check_list *list;
	struct tacit_slice raw, table;
	struct tacit_snp_report report;
	enum tacit_snp_key kind; /* that FLAGS name */
	struct tacit_snp_pool pool;
	const struct tacit_cert *vek, *ica, *ark; /* signing key, ASK or ASVK, root */
	enum tacit_root root;                     /* that the ARK is */
	const struct tacit_snp_product_row *product;
	struct tacit_snp_tcb current, reported, committed, launch;
	struct tacit_snp_vek exts;       /* of the certificate */
	struct tacit_slice hwid, csp_id; /* the same, decoded */
	bool chip_id_masked;
	struct tacit_chain_result chain;
	bool revocation_checked;
	bool undecided; /* something is missing that a "no" elsewhere would outweigh */
};

/* Fails the check. `expected` and `got` may be NULL. Returns false, for steps to return. */
bool tacit_snp_job_fail(struct tacit_snp_job *job, const char *name,
			const struct tacit_check_failure *failure);

/* Decides the check by what a function gave back. Returns whether it passed. */
bool tacit_snp_job_decide(struct tacit_snp_job *job, const char *name, enum tacit_status status,
			  const struct tacit_error *error);

/* Steps in order; each decides its rows, and false ends the judgement. */
bool tacit_snp_step_report(struct tacit_snp_job *job);     /* snp.report.*, snp.product */
bool tacit_snp_step_table(struct tacit_snp_job *job);      /* snp.table */
bool tacit_snp_step_vek(struct tacit_snp_job *job);        /* snp.vek.*, snp.report.tcb */
bool tacit_snp_step_ca(struct tacit_snp_job *job);         /* snp.ca.* */
bool tacit_snp_step_chain(struct tacit_snp_job *job);      /* snp.chain.*, but for the next */
bool tacit_snp_step_revocation(struct tacit_snp_job *job); /* snp.chain.revocation */
bool tacit_snp_step_signature(struct tacit_snp_job *job);  /* snp.report.signature */

/* What it says, once all steps passed. False when the arena is full. */
bool tacit_snp_job_claims(const struct tacit_snp_job *job, struct tacit_claims *ret);

#endif
