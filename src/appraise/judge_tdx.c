/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"
#include "tacit/tdx.h"

#define SVN        "policy.tdx.tee_tcb_svn"
#define XFAM       "policy.tdx.xfam"
#define SEPT_VE    "policy.tdx.sept_ve"
#define MIGRATABLE "policy.tdx.migratable"
#define SERVICE_TD "policy.tdx.service_td"

/* clang-format off */
const struct tacit_check_row tacit_tdx_policy_checks[TACIT_TDX_POLICY_CHECKS] = {
#define ROW(row, name, about) { "policy.tdx." name, about },
	TACIT_DCAP_POLICY_MAP(ROW)
#undef ROW
	{ SVN, "every component of TEE_TCB_SVN is at least what the policy demands" },
	{ XFAM, "XFAM is what the policy says" },
	{ SEPT_VE,
	  "the host cannot inject #VE on the guest's pages (SEPT_VE_DISABLE is set), or the "
	  "policy accepts that it can" },
	{ MIGRATABLE,
	  "the TD cannot be moved to another machine, or the policy accepts that it can" },
	{ SERVICE_TD,
	  "no service TD is bound to this one, or the policy names it (measurement mrservicetd)" },
};

#define NAME(row, name, about) [TACIT_DCAP_POLICY_##row] = "policy.tdx." name,
static const char *const NAMES[TACIT_DCAP_POLICY_ROWS] = { TACIT_DCAP_POLICY_MAP(NAME) };
#undef NAME
/* clang-format on */

static void refuse(struct tacit_check_list *list, const char *name, const char *got,
		   const char *why)
{
	struct tacit_check_failure failure = { .status = TACIT_POLICY, .got = got, .why = why };

	tacit_check_fail(list, name, &failure);
}

/* Component by component; never as one number. */
static void judge_svn(const struct tacit_tdx_claims *tdx, struct tacit_slice min,
		      struct tacit_check_list *list)
{
	struct tacit_check_failure failure = { .status = TACIT_POLICY };

	if (!min.ptr) {
		tacit_check_skip(list, SVN, "the policy does not say");
		return;
	}
	failure.expected = tacit_check_hex(list, min);
	failure.got = tacit_check_hex(list, tdx->tee_tcb_svn);
	for (size_t i = 0; i < tdx->tee_tcb_svn.len; i++) {
		if (i < min.len && tdx->tee_tcb_svn.ptr[i] >= min.ptr[i])
			continue;
		failure.why = tacit_check_printf(
			list, "component %zu of TEE_TCB_SVN is lower than the policy demands", i);
		tacit_check_fail(list, SVN, &failure);
		return;
	}
	tacit_check_pass(list, SVN, failure.got);
}

static void judge_xfam(const struct tacit_tdx_claims *tdx, struct tacit_slice want,
		       struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "the guest may use other CPU features than the policy says",
	};

	if (!want.ptr) {
		tacit_check_skip(list, XFAM, "the policy does not say");
		return;
	}
	failure.expected = tacit_check_hex(list, want);
	failure.got = tacit_check_hex(list, tdx->xfam);
	if (tacit_slice_eq(tdx->xfam, want))
		tacit_check_pass(list, XFAM, failure.got);
	else
		tacit_check_fail(list, XFAM, &failure);
}

/* Azure's paravisor TDs of the older kind have it 0: hence a matter of policy. */
static void judge_sept_ve(const struct tacit_tdx_claims *tdx, bool given, bool allowed,
			  struct tacit_check_list *list)
{
	if (tdx->attributes & TACIT_TDX_SEPT_VE_DISABLE)
		tacit_check_pass(list, SEPT_VE, "disabled");
	else if (allowed)
		tacit_check_pass(list, SEPT_VE, "enabled, and the policy accepts that");
	else if (!given)
		tacit_check_skip(list, SEPT_VE, "no policy");
	else
		refuse(list, SEPT_VE, "enabled",
		       "the host may inject #VE on the guest's pages; a guest whose kernel "
		       "withstands that needs allow_sept_ve");
}

static void judge_migratable(const struct tacit_tdx_claims *tdx, bool allowed,
			     struct tacit_check_list *list)
{
	if (!(tdx->attributes & TACIT_TDX_MIGRATABLE))
		tacit_check_pass(list, MIGRATABLE, "false");
	else if (allowed)
		tacit_check_pass(list, MIGRATABLE, "true, and the policy accepts that");
	else
		refuse(list, MIGRATABLE, "true",
		       "the TD may be moved to a machine that nobody attested");
}

static bool is_zero(struct tacit_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.ptr[i])
			return false;
	return true;
}

/* The measurement "mrservicetd"; absent in TD 1.0. */
static struct tacit_slice service_td(const struct tacit_claims *claims)
{
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < claims->measurement_count; i++)
		if (strcmp(claims->measurements[i].name, "mrservicetd") == 0)
			return claims->measurements[i].value;
	return none;
}

/* A policy that names the service TD accepts it, and no other: its measurements hold already. */
static bool names_service_td(const struct tacit_policy_sections *sections)
{
	const struct tacit_policy_alternative *a = sections ? sections->alternative : NULL;

	for (size_t i = 0; a && i < a->measurement_count; i++)
		if (strcmp(a->measurements[i].name, "mrservicetd") == 0)
			return true;
	return false;
}

static void judge_service_td(const struct tacit_claims *claims,
			     const struct tacit_policy_sections *sections,
			     struct tacit_check_list *list)
{
	struct tacit_slice bound = service_td(claims);

	if (is_zero(bound))
		tacit_check_pass(list, SERVICE_TD, bound.ptr ? NULL : "TD 1.0 has none");
	else if (names_service_td(sections))
		tacit_check_pass(list, SERVICE_TD, "the one that the policy names");
	else
		refuse(list, SERVICE_TD, tacit_check_hex(list, bound),
		       "another TD is bound to this one and may read or move it");
}

/*
 * A TD that others may move or read is not "genuine and current" on its own word: those two hold
 * without a policy too. Debugging does as well, in the row that all platforms share.
 */
void tacit_tdx_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list)
{
	static const struct tacit_policy_tdx STRICT;
	const struct tacit_tdx_claims *tdx = claims->tdx;
	const struct tacit_policy_tdx *section =
		sections && sections->tdx ? sections->tdx : &STRICT;
	struct tacit_dcap_policy shared = {
		.given = sections != NULL,
		.collateral = section->collateral,
		.tcb_status = section->tcb_status,
		.allow_advisories = section->allow_advisories,
		.fmspc = section->fmspc,
		.min_tcb_evaluation_data_number = section->min_tcb_evaluation_data_number,
	};

	tacit_dcap_policy_judge(&tdx->dcap, &shared, NAMES, list);
	judge_svn(tdx, section->min_tee_tcb_svn, list);
	judge_xfam(tdx, section->xfam, list);
	judge_sept_ve(tdx, shared.given, section->allow_sept_ve, list);
	judge_migratable(tdx, section->allow_migratable, list);
	judge_service_td(claims, sections, list);
}
