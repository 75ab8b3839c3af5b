/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_job.h"

#include <stdio.h>

#include "base/time.h"
#include "trust/collateral.h"
#include "trust/crl.h"

#define SKEW 60 /* seconds by which a certificate or a list may be from the future */

/* ---- the certificates above the key -------------------------------------------------------- */

static bool find_ca(struct tacit_snp_job *job)
{
	char url[TACIT_SNP_URL_MAX];
	struct tacit_check_failure failure = { .status = TACIT_UNDECIDED };

	job->ica = tacit_snp_pool_issuer(&job->pool, job->vek, job->cx);
	if (job->ica)
		job->ark = tacit_snp_pool_issuer(&job->pool, job->ica, job->cx);
	if (job->ark) {
		tacit_check_pass(job->list, "snp.ca.found", NULL);
		return true;
	}
	tacit_snp_url_chain(job->kind, job->product->product, url);
	failure.expected =
		tacit_check_text(job->list, job->ica ? job->ica->issuer_cn : job->vek->issuer_cn);
	failure.why = tacit_check_printf(
		job->list, "a certificate above the key is missing: AMD has them at %s", url);
	return tacit_snp_job_fail(job, "snp.ca.found", &failure);
}

static bool check_root(struct tacit_snp_job *job)
{
	enum tacit_root root = tacit_root_find(job->ark, job->cx);
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.expected = job->product->root == TACIT_ROOT_NONE
				    ? NULL
				    : tacit_root_name(job->product->root),
		.why = root == TACIT_ROOT_NONE ? "the root is not AMD's, whatever it calls itself"
					       : "the root is that of another product",
	};

	if (root == TACIT_ROOT_NONE || (root != TACIT_ROOT_TEST && root != job->product->root)) {
		failure.got = root == TACIT_ROOT_NONE
				      ? tacit_check_text(job->list, job->ark->subject_cn)
				      : tacit_root_name(root);
		return tacit_snp_job_fail(job, "snp.ca.root", &failure);
	}
	job->root = root;
	tacit_check_pass(job->list, "snp.ca.root", tacit_root_name(root));
	return true;
}

/* The root's signature would do; the pin keeps out one that AMD has replaced. */
static bool check_intermediate(struct tacit_snp_job *job)
{
	enum tacit_intermediate want =
		job->kind == TACIT_SNP_VLEK ? TACIT_INTERMEDIATE_ASVK : TACIT_INTERMEDIATE_ASK;
	struct tacit_check_failure failure = {
		.status = TACIT_CHAIN,
		.why = "the certificate between key and root is not the one that AMD uses",
	};

	if (job->root == TACIT_ROOT_TEST) {
		tacit_check_skip(job->list, "snp.ca.intermediate",
				 "nothing is pinned below a test "
				 "root");
		return true;
	}
	if (tacit_root_intermediate(job->ica, job->product->root) != want) {
		failure.got = tacit_check_text(job->list, job->ica->subject_cn);
		return tacit_snp_job_fail(job, "snp.ca.intermediate", &failure);
	}
	tacit_check_pass(job->list, "snp.ca.intermediate", NULL);
	return true;
}

bool tacit_snp_step_ca(struct tacit_snp_job *job)
{
	return find_ca(job) && check_root(job) && check_intermediate(job);
}

/* ---- the chain ----------------------------------------------------------------------------- */

static bool decide_step(struct tacit_snp_job *job, const char *name, enum tacit_chain_step step)
{
	const struct tacit_error *error = &job->chain.errors[step];

	return tacit_snp_job_decide(job, name, error->status, error);
}

/* Names and authority are one check here. */
static bool check_names(struct tacit_snp_job *job)
{
	bool named = job->chain.errors[TACIT_CHAIN_NAMES].status == TACIT_OK;

	return decide_step(job, "snp.chain.names", named ? TACIT_CHAIN_CA : TACIT_CHAIN_NAMES);
}

/* The keys, names and lists of AMD carry no extensions that would identify a VEK's issuer. */
bool tacit_snp_step_chain(struct tacit_snp_job *job)
{
	struct tacit_chain_rules rules = {
		.now = job->cx->now,
		.skew = SKEW,
		.cache = job->cx->cache,
		.any_extensions = true,
		.pinned_root = true,
	};
	struct tacit_cert certs[3] = { *job->ark, *job->ica, *job->vek };

	bool held = tacit_chain_check(certs, 3, &rules, &job->chain);
	return check_names(job) && decide_step(job, "snp.chain.validity", TACIT_CHAIN_VALIDITY) &&
	       decide_step(job, "snp.chain.signatures", TACIT_CHAIN_SIGNATURES) && held;
}

/* ---- revocation ---------------------------------------------------------------------------- */

struct lists {
	bool current;      /* one that is signed and in force */
	bool stale_given;  /* one of the collateral is signed and out of date */
	bool stale_hosted; /* one of the table */
	bool revoked;
	struct tacit_error broken; /* why one of the issuer's name is none of its */
	int64_t until;             /* of the current one that lasts longest */
	int64_t stale_at;
};

static void weigh_list(struct tacit_snp_job *job, const struct tacit_crl *crl, bool hosted,
		       struct lists *lists)
{
	int64_t now = job->cx->now;

	/* A list of another product's root has nothing to say. */
	if (!tacit_slice_eq(crl->issuer, job->ark->subject))
		return;
	if (tacit_crl_check(crl, job->ark, job->cx->cache, &lists->broken) != TACIT_OK)
		return;
	/* What a list revoked once stays so, however old it is. */
	lists->revoked |= tacit_crl_revokes(crl, job->ica->serial) ||
			  tacit_crl_revokes(crl, job->ark->serial);
	if (crl->this_update - SKEW <= now && now <= crl->next_update) {
		lists->current = true;
		if (crl->next_update > lists->until)
			lists->until = crl->next_update;
		return;
	}
	lists->stale_given |= !hosted;
	lists->stale_hosted |= hosted;
	lists->stale_at = now > crl->next_update ? crl->next_update : crl->this_update;
}

static void weigh_lists(struct tacit_snp_job *job, struct lists *lists)
{
	const struct tacit_collateral *collateral = job->pool.collateral;

	if (job->pool.has_crl)
		weigh_list(job, &job->pool.crl, true, lists);
	for (size_t i = 0; collateral && i < collateral->crl_count; i++)
		weigh_list(job, &collateral->crls[i], false, lists);
}

static bool fail_revoked(struct tacit_snp_job *job)
{
	struct tacit_check_failure failure = {
		.status = TACIT_REVOKED,
		.got = tacit_check_text(job->list, job->ica->subject_cn),
		.why = "AMD's list revokes a certificate of this chain",
	};

	return tacit_snp_job_fail(job, "snp.chain.revocation", &failure);
}

/* Judgement goes on, since a "no" that follows outweighs this. */
static void fail_stale(struct tacit_snp_job *job, const struct lists *lists)
{
	char stale[TACIT_TIME_TEXT];
	struct tacit_check_failure failure = {
		.status = TACIT_UNDECIDED,
		.why = "the revocation list that was given is not in force at this time: fetch the "
		       "one of today",
	};

	tacit_time_format(lists->stale_at, stale);
	failure.got = tacit_check_printf(job->list, "%s", stale);
	(void)tacit_snp_job_fail(job, "snp.chain.revocation", &failure);
	job->undecided = true;
}

/*
 * AMD revokes no VEK (all have serial 0), only what stands above them, which is pinned anyway. So
 * a list may be missing, unless the policy asks for one; but one that the relying party gives
 * must be good. The host's own counts only to refuse, or when it is in force.
 */
bool tacit_snp_step_revocation(struct tacit_snp_job *job)
{
	struct lists lists = { 0 };

	weigh_lists(job, &lists);
	if (lists.revoked)
		return fail_revoked(job);
	if (lists.current) {
		job->revocation_checked = true;
		if (lists.until < job->chain.valid_until)
			job->chain.valid_until = lists.until;
		tacit_check_pass(job->list, "snp.chain.revocation", NULL);
	} else if (lists.broken.status != TACIT_OK) {
		return tacit_snp_job_decide(job, "snp.chain.revocation", lists.broken.status,
					    &lists.broken);
	} else if (lists.stale_given) {
		fail_stale(job, &lists);
	} else {
		tacit_check_skip(job->list, "snp.chain.revocation",
				 lists.stale_hosted
					 ? "the host's revocation list is out of date, and no "
					   "other was given"
					 : "no revocation list was given");
	}
	return true;
}

/* ---- the report's own signature ------------------------------------------------------------ */

/* Numbers are little-endian in a report [SNP-ABI 10], and big-endian elsewhere. */
static void copy_reversed(struct tacit_slice number, uint8_t out[TACIT_SNP_SCALAR_LEN])
{
	for (size_t i = 0; i < TACIT_SNP_SCALAR_LEN; i++)
		out[i] = number.ptr[TACIT_SNP_SCALAR_LEN - 1 - i];
}

bool tacit_snp_step_signature(struct tacit_snp_job *job)
{
	uint8_t signature[2 * TACIT_SNP_SCALAR_LEN];
	struct tacit_slice message = { job->raw.ptr, TACIT_SNP_SIGNED_LEN };
	struct tacit_error err = { 0 };

	copy_reversed(job->report.r, signature);
	copy_reversed(job->report.s, signature + TACIT_SNP_SCALAR_LEN);
	enum tacit_status st = tacit_trust_signed(TACIT_P384, job->vek->key, message,
						  TACIT_SLICE_ARRAY(signature), NULL, &err);
	return tacit_snp_job_decide(job, "snp.report.signature", st, &err);
}
