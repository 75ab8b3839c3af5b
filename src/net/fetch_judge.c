/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_judge.h"

#include <stdio.h>

#include "base/time.h"
#include "net/fetch_amd.h"
#include "tee/dcap/collateral_choose.h"

#define WHERE "fetch.judge"

/* The checks that speak of a piece; what follows the platform's name. */
static const char *const TCB_INFO[] = { "tcb_info.signature", "tcb_info.validity",
					"tcb_info.platform", NULL };
static const char *const QE_IDENTITY[] = { "qe_identity.signature", "qe_identity.validity", NULL };
static const char *const PCK_CRL[] = { "crl.pck", NULL };
static const char *const ROOT_CRL[] = { "crl.root", NULL };
static const char *const VCEK[] = { "vek.found",        "vek.kind",         "vek.product",
				    "vek.key",          "report.tcb",       "vek.tcb",
				    "vek.chip",         "ca.found",         "ca.root",
				    "ca.intermediate",  "chain.names",      "chain.validity",
				    "chain.signatures", "report.signature", NULL };
static const char *const AMD_CRL[] = { "chain.revocation", NULL };
static const char *const NONE[] = { NULL };

static const char *const *rows_of(enum tacit_fetch_kind kind)
{
	static const char *const *const ROWS[] = {
		[TACIT_FETCH_TCB_INFO] = TCB_INFO, [TACIT_FETCH_QE_IDENTITY] = QE_IDENTITY,
		[TACIT_FETCH_PCK_CRL] = PCK_CRL,   [TACIT_FETCH_ROOT_CRL] = ROOT_CRL,
		[TACIT_FETCH_AMD_CHAIN] = NONE,    [TACIT_FETCH_VCEK] = VCEK,
		[TACIT_FETCH_AMD_CRL] = AMD_CRL,
	};

	return ROWS[kind];
}

/* "<platform>.<name>" of the verdict, or NULL. */
static const struct tacit_check *find_row(const struct tacit_verdict *verdict, enum tacit_tee tee,
					  const char *name)
{
	char full[64];

	(void)snprintf(full, sizeof(full), "%s.%s", tacit_tee_name(tee), name);
	return tacit_verdict_find(verdict, full);
}

static enum tacit_status fail_check(const struct tacit_check *check, struct tacit_error *err)
{
	return tacit_fail(err, check->status == TACIT_OK ? TACIT_UNDECIDED : check->status,
			  check->name, 0, "%s%s%s%s%s", check->why ? check->why : "not reached",
			  check->expected ? "; expected " : "",
			  check->expected ? check->expected : "", check->got ? "; got " : "",
			  check->got ? check->got : "");
}

/* The first that failed for good, else the first that failed. */
static enum tacit_status fail_first(const struct tacit_verdict *verdict, struct tacit_error *err)
{
	const struct tacit_check *first = NULL, *check;

	for (size_t i = 0; (check = tacit_verdict_check(verdict, i)) != NULL; i++)
		if (check->result == TACIT_CHECK_FAIL &&
		    (!first ||
		     (first->status == TACIT_UNDECIDED && check->status != TACIT_UNDECIDED)))
			first = check;
	return first ? fail_check(first, err)
		     : tacit_fail(err, TACIT_UNDECIDED, WHERE, 0, "it cannot be judged");
}

/* A verdict on the evidence with this collateral. What the guest may do is no matter here. */
static enum tacit_status verify_with(const struct tacit_fetch_plan *plan,
				     const struct tacit_context *cx,
				     const struct tacit_collateral *collateral,
				     struct tacit_verdict *ret, struct tacit_error *err)
{
	struct tacit_context own = *cx;
	struct tacit_error refused = { 0 };

	own.collateral = collateral;
	own.policy = NULL;
	own.insecure_no_policy = true;
	own.insecure_allow_debug = true;
	if (tacit_verify(&plan->document, &own, ret, &refused) == TACIT_LIMIT)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%s", refused.detail);
	return TACIT_OK;
}

static enum tacit_status verify(const struct tacit_fetch_plan *plan, const struct tacit_context *cx,
				const struct tacit_slice *pieces, size_t count,
				struct tacit_verdict *ret, struct tacit_error *err)
{
	const struct tacit_collateral *collateral;
	enum tacit_status st = tacit_collateral_parse(pieces, count, cx->arena, &collateral, err);

	return st == TACIT_OK ? verify_with(plan, cx, collateral, ret, err) : st;
}

/* The last row that the evidence alone decides. */
static enum tacit_status check_evidence(const struct tacit_verdict *verdict, enum tacit_tee tee,
					struct tacit_error *err)
{
	const char *last = tee == TACIT_TEE_SNP ? "report.signature_form" : "quote.signature";
	const struct tacit_check *check = find_row(verdict, tee, last);

	return check && check->result == TACIT_CHECK_PASS ? TACIT_OK : fail_first(verdict, err);
}

enum tacit_status tacit_fetch_judge_evidence(const struct tacit_fetch_plan *plan,
					     const struct tacit_context *cx,
					     struct tacit_error *err)
{
	struct tacit_verdict verdict = { 0 };
	enum tacit_status st = verify_with(plan, cx, NULL, &verdict, err);

	return st == TACIT_OK ? check_evidence(&verdict, plan->document.tee, err) : st;
}

/* All of a kind's rows hold, or were waived by name (below test roots); a revocation is news. */
static enum tacit_status judge_rows(const struct tacit_verdict *verdict, enum tacit_tee tee,
				    enum tacit_fetch_kind kind, struct tacit_error *err)
{
	for (const char *const *name = rows_of(kind); *name; name++) {
		const struct tacit_check *check = find_row(verdict, tee, *name);
		bool waived = strcmp(*name, "ca.intermediate") == 0;

		if (!check)
			return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "no check '%s'", *name);
		if (check->result == TACIT_CHECK_PASS || check->status == TACIT_REVOKED ||
		    (waived && check->result == TACIT_CHECK_SKIP))
			continue;
		if (check->result == TACIT_CHECK_FAIL)
			return fail_check(check, err);
		return tacit_fail(err, TACIT_UNDECIDED, check->name, 0,
				  "it is of another issuer, or for another platform");
	}
	return TACIT_OK;
}

/* Lists have one check for the dates of both; here each stands alone. */
static enum tacit_status judge_dates(const struct tacit_fetched *f, const struct tacit_context *cx,
				     const char *check, struct tacit_error *err)
{
	char text[TACIT_TIME_TEXT];
	enum tacit_dcap_age age = tacit_dcap_age(cx->now, f->issued, f->until);

	tacit_time_format(age == TACIT_DCAP_FUTURE ? f->issued : f->until, text);
	if (age == TACIT_DCAP_FUTURE)
		return tacit_fail(err, TACIT_EXPIRED, check, 0, "not valid before %s", text);
	if (age == TACIT_DCAP_STALE)
		return tacit_fail(err, TACIT_UNDECIDED, check, 0, "it has run out at %s", text);
	return TACIT_OK;
}

static const char *dates_check(enum tacit_tee tee, enum tacit_fetch_kind kind)
{
	if (kind == TACIT_FETCH_AMD_CRL)
		return "snp.chain.revocation";
	if (kind != TACIT_FETCH_PCK_CRL && kind != TACIT_FETCH_ROOT_CRL)
		return NULL; /* their own rows say */
	return tee == TACIT_TEE_TDX ? "tdx.crl.validity" : "sgx.crl.validity";
}

/* Certificates of AMD's are judged together; an Intel document beside its signer alone. */
static size_t gather(const struct tacit_fetched *all, size_t count, size_t which,
		     struct tacit_slice *ret)
{
	size_t n = 0;

	ret[n++] = all[which].bytes;
	if (all[which].chain.len)
		ret[n++] = all[which].chain;
	for (size_t i = 0; i < count; i++)
		if (i != which && (all[i].piece->kind == TACIT_FETCH_AMD_CHAIN ||
				   all[i].piece->kind == TACIT_FETCH_VCEK))
			ret[n++] = all[i].bytes;
	return n;
}

/* The chain that was fetched, or NULL. */
static const struct tacit_fetched *find_chain(const struct tacit_fetched *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].piece->kind == TACIT_FETCH_AMD_CHAIN)
			return &all[i];
	return NULL;
}

/*
 * What AMD publishes for a whole product can be judged before the chip's own certificate is there,
 * for which one may have to wait.
 */
static enum tacit_status judge_product(const struct tacit_fetch_plan *plan,
				       const struct tacit_fetched *chain,
				       const struct tacit_fetched *crl,
				       const struct tacit_context *cx, struct tacit_error *err)
{
	struct tacit_cert ark;
	enum tacit_status st = tacit_fetch_amd_chain(plan, chain->bytes, cx, &ark, err);

	return st == TACIT_OK && crl ? tacit_fetch_amd_crl(crl->bytes, &ark, cx, err) : st;
}

enum tacit_status tacit_fetch_judge(const struct tacit_fetch_plan *plan,
				    const struct tacit_fetched *all, size_t count, size_t which,
				    const struct tacit_context *cx, struct tacit_error *err)
{
	struct tacit_slice pieces[TACIT_FETCH_PIECES + 2];
	struct tacit_verdict verdict = { 0 };
	enum tacit_tee tee = plan->document.tee;
	enum tacit_status st;

	if (count > TACIT_FETCH_PIECES || which >= count)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "no such piece");
	enum tacit_fetch_kind kind = all[which].piece->kind;
	const struct tacit_fetched *chain = find_chain(all, count);
	const char *dates = dates_check(tee, kind);
	if (kind == TACIT_FETCH_AMD_CHAIN)
		return judge_product(plan, &all[which], NULL, cx, err);
	if (kind == TACIT_FETCH_AMD_CRL && chain) {
		st = judge_product(plan, chain, &all[which], cx, err);
	} else {
		st = verify(plan, cx, pieces, gather(all, count, which, pieces), &verdict, err);
		if (st == TACIT_OK)
			st = judge_rows(&verdict, tee, kind, err);
	}
	if (st == TACIT_OK && dates)
		st = judge_dates(&all[which], cx, dates, err);
	return st;
}

/* ---- what is missing ------------------------------------------------------------------------ */

/* Every row that collateral decides, in order. */
static const char *const *rows_of_all(enum tacit_tee tee)
{
	static const char *const INTEL[] = { "crl.root",
					     "crl.pck",
					     "crl.validity",
					     "tcb_info.signature",
					     "tcb_info.validity",
					     "tcb_info.platform",
					     "qe_identity.signature",
					     "qe_identity.validity",
					     NULL };
	static const char *const AMD[] = { "vek.found",        "vek.kind",         "vek.product",
					   "vek.key",          "report.tcb",       "vek.tcb",
					   "vek.chip",         "ca.found",         "ca.root",
					   "ca.intermediate",  "chain.names",      "chain.validity",
					   "chain.signatures", "chain.revocation", NULL };

	return tee == TACIT_TEE_SNP ? AMD : INTEL;
}

/* Rows with that result; those that were skipped stand for nothing where one failed. */
static size_t find_gaps(const struct tacit_verdict *verdict, enum tacit_tee tee,
			enum tacit_result result, struct tacit_fetch_gap *ret)
{
	size_t count = 0;

	for (const char *const *name = rows_of_all(tee); *name; name++) {
		const struct tacit_check *check = find_row(verdict, tee, *name);

		if (!check || check->result != result || check->status == TACIT_REVOKED ||
		    (result == TACIT_CHECK_SKIP && strcmp(*name, "ca.intermediate") == 0))
			continue;
		ret[count].check = check->name;
		ret[count++].why = check->why ? check->why : "not reached";
	}
	return count;
}

enum tacit_status tacit_fetch_judge_gaps(const struct tacit_fetch_plan *plan,
					 const struct tacit_context *cx,
					 struct tacit_fetch_gap ret[TACIT_FETCH_GAPS],
					 size_t *ret_count, struct tacit_error *err)
{
	enum tacit_tee tee = plan->document.tee;
	struct tacit_verdict verdict = { 0 };
	enum tacit_status st = verify_with(plan, cx, cx->collateral, &verdict, err);

	if (st == TACIT_OK)
		st = check_evidence(&verdict, tee, err);
	if (st != TACIT_OK)
		return st;
	size_t count = find_gaps(&verdict, tee, TACIT_CHECK_FAIL, ret);
	if (count == 0)
		count = find_gaps(&verdict, tee, TACIT_CHECK_SKIP, ret);
	*ret_count = count;
	return TACIT_OK;
}
