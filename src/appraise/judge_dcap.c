/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"

struct judge {
	const struct tacit_dcap_claims *dcap;
	const struct tacit_dcap_policy *policy;
	const char *const *names;
	struct tacit_check_list *list;
};

static void pass(const struct judge *j, enum tacit_dcap_policy_row row, const char *got)
{
	tacit_check_pass(j->list, j->names[row], got);
}

static void skip(const struct judge *j, enum tacit_dcap_policy_row row, const char *why)
{
	tacit_check_skip(j->list, j->names[row], why);
}

static void fail(const struct judge *j, enum tacit_dcap_policy_row row,
		 const struct tacit_check_failure *failure)
{
	tacit_check_fail(j->list, j->names[row], failure);
}

static bool listed(const struct tacit_policy_list *list, struct tacit_slice value)
{
	for (size_t i = 0; i < list->count; i++)
		if (tacit_slice_eq(list->items[i], value))
			return true;
	return false;
}

/* A list of texts, as the policy has them. */
static const char *join(struct tacit_check_list *list, const struct tacit_policy_list *words)
{
	const char *text = "";

	for (size_t i = 0; i < words->count; i++)
		text = tacit_check_printf(list, "%s%s%s", text, i ? ", " : "",
					  tacit_check_text(list, words->items[i]));
	return text;
}

static void judge_collateral(const struct judge *j)
{
	struct tacit_check_failure failure = {
		.status = TACIT_UNDECIDED,
		.expected = "collateral",
		.got = "none",
		.why = "without Intel's collateral nobody knows whether the platform was revoked, "
		       "is "
		       "up to date, or has a genuine quoting enclave: give --collateral, or accept "
		       "signature-only in the policy",
	};

	if (j->dcap->tcb.judged)
		pass(j, TACIT_DCAP_POLICY_COLLATERAL, "judged");
	else if (j->policy->collateral == TACIT_COLLATERAL_SIGNATURE_ONLY)
		pass(j, TACIT_DCAP_POLICY_COLLATERAL,
		     "signature-only: revocation, TCB and quoting enclave not judged");
	else
		fail(j, TACIT_DCAP_POLICY_COLLATERAL, &failure);
}

/* What keeps the platform from a better status, for the sentence: the first gap of its list. */
static const char *explain_status(const struct judge *j)
{
	const struct tacit_dcap_tcb *tcb = &j->dcap->tcb;

	if (tcb->gap_count == 0)
		return "the policy does not accept this TCB status";
	const struct tacit_dcap_gap *gap = &tcb->gaps[0];
	return tacit_check_printf(
		j->list,
		"the policy does not accept this TCB status: %s component %u%s%s%s "
		"has SVN %u, the newest level needs %u (%zu such gaps)",
		gap->part, gap->index, gap->category ? " (" : "",
		gap->category ? gap->category : "", gap->category ? ")" : "", gap->have, gap->need,
		tcb->gap_count);
}

/* Revoked never comes here: it is refused with the collateral. */
static void judge_status(const struct judge *j)
{
	const struct tacit_slice up_to_date = tacit_slice_str("UpToDate");
	const struct tacit_policy_list strict = { &up_to_date, 1 };
	const struct tacit_policy_list *accepted =
		j->policy->tcb_status.count ? &j->policy->tcb_status : &strict;
	const char *status = j->dcap->tcb.status;
	struct tacit_check_failure failure = { .status = TACIT_POLICY, .got = status };

	if (!j->dcap->tcb.judged) {
		skip(j, TACIT_DCAP_POLICY_TCB_STATUS, "no collateral");
		return;
	}
	if (!j->policy->given) {
		skip(j, TACIT_DCAP_POLICY_TCB_STATUS, "no policy: the status is a claim");
		return;
	}
	if (listed(accepted, tacit_slice_str(status))) {
		pass(j, TACIT_DCAP_POLICY_TCB_STATUS, status);
		return;
	}
	failure.expected = join(j->list, accepted);
	failure.why = explain_status(j);
	fail(j, TACIT_DCAP_POLICY_TCB_STATUS, &failure);
}

static void judge_advisories(const struct judge *j)
{
	const struct tacit_dcap_tcb *tcb = &j->dcap->tcb;
	struct tacit_check_failure failure = { .status = TACIT_POLICY };

	if (!tcb->judged || j->policy->allow_advisories.count == 0) {
		skip(j, TACIT_DCAP_POLICY_ADVISORIES,
		     tcb->judged ? "the policy names no advisories" : "no collateral");
		return;
	}
	for (size_t i = 0; i < tcb->advisory_count; i++) {
		if (listed(&j->policy->allow_advisories, tacit_slice_str(tcb->advisory_ids[i])))
			continue;
		failure.expected = join(j->list, &j->policy->allow_advisories);
		failure.got = tcb->advisory_ids[i];
		failure.why = "an advisory is open that the policy does not allow";
		fail(j, TACIT_DCAP_POLICY_ADVISORIES, &failure);
		return;
	}
	pass(j, TACIT_DCAP_POLICY_ADVISORIES, NULL);
}

static void judge_fmspc(const struct judge *j)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "the platform's FMSPC is none that the policy accepts",
	};

	if (j->policy->fmspc.count == 0) {
		skip(j, TACIT_DCAP_POLICY_FMSPC, "the policy names no platforms");
		return;
	}
	failure.got = tacit_check_hex(j->list, j->dcap->pck.fmspc);
	if (listed(&j->policy->fmspc, j->dcap->pck.fmspc))
		pass(j, TACIT_DCAP_POLICY_FMSPC, failure.got);
	else
		fail(j, TACIT_DCAP_POLICY_FMSPC, &failure);
}

static void judge_evaluation(const struct judge *j)
{
	const struct tacit_policy_number *min = &j->policy->min_tcb_evaluation_data_number;
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "the collateral was made before the TCB recovery that the policy demands",
	};

	if (!min->set) {
		skip(j, TACIT_DCAP_POLICY_EVALUATION, "the policy does not say");
		return;
	}
	failure.expected =
		tacit_check_printf(j->list, "at least %llu", (unsigned long long)min->value);
	if (!j->dcap->tcb.judged) {
		failure.status = TACIT_UNDECIDED;
		failure.why = "no collateral, so no evaluation data number";
		fail(j, TACIT_DCAP_POLICY_EVALUATION, &failure);
		return;
	}
	failure.got = tacit_check_printf(j->list, "%u", (unsigned)j->dcap->tcb.evaluation_number);
	if (j->dcap->tcb.evaluation_number >= min->value)
		pass(j, TACIT_DCAP_POLICY_EVALUATION, failure.got);
	else
		fail(j, TACIT_DCAP_POLICY_EVALUATION, &failure);
}

void tacit_dcap_policy_judge(const struct tacit_dcap_claims *dcap,
			     const struct tacit_dcap_policy *policy, const char *const *names,
			     struct tacit_check_list *list)
{
	struct judge j = { dcap, policy, names, list };

	judge_collateral(&j);
	judge_status(&j);
	judge_advisories(&j);
	judge_fmspc(&j);
	judge_evaluation(&j);
}
