/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"

#include "base/time.h"

/* ---- the policy itself --------------------------------------------------------------------- */

static void judge_present(const struct tacit_context *cx, struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "no policy was given: write one with 'tacit policy init', or judge only "
		       "that the evidence is genuine with --insecure-no-policy",
	};

	if (cx->policy)
		tacit_check_pass(list, "policy.present",
				 tacit_check_text(list, tacit_slice_str(cx->policy->name)));
	else if (cx->insecure_no_policy)
		tacit_check_skip(list, "policy.present", "waived by --insecure-no-policy");
	else
		tacit_check_fail(list, "policy.present", &failure);
}

static const char *time_text(struct tacit_check_list *list, int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	tacit_time_format(seconds, text);
	return tacit_check_printf(list, "%s", text);
}

static void judge_validity(const struct tacit_context *cx, struct tacit_check_list *list)
{
	const struct tacit_policy *policy = cx->policy;

	if (!policy) {
		tacit_check_skip(list, "policy.validity", "no policy");
		return;
	}
	bool early = cx->now < policy->valid_from;
	if (!early && cx->now <= policy->valid_until) {
		tacit_check_pass(list, "policy.validity", NULL);
		return;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_EXPIRED,
		.expected = time_text(list, early ? policy->valid_from : policy->valid_until),
		.got = time_text(list, cx->now),
		.why = early ? "the policy is not in force yet" : "the policy has expired",
	};
	tacit_check_fail(list, "policy.validity", &failure);
}

/* ---- rules that hold with or without a policy ---------------------------------------------- */

static void judge_hardware(const struct tacit_claims *claims, const struct tacit_context *cx,
			   struct tacit_check_list *list)
{
	const char *label = tacit_tee_label(claims->tee);
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = "a hardware TEE",
		.got = label,
		.why = "software signed this: it proves nothing about hardware, and is refused "
		       "without --insecure-accept-stub",
	};

	if (tacit_tee_is_real(claims->tee))
		tacit_check_pass(list, "policy.hardware", label);
	else if (cx->insecure_accept_stub)
		tacit_check_skip(list, "policy.hardware", "waived by --insecure-accept-stub");
	else
		tacit_check_fail(list, "policy.hardware", &failure);
}

static void judge_debug(const struct tacit_claims *claims, const struct tacit_context *cx,
			struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = "false",
		.got = "true",
		.why = "the TEE runs in debug mode: its owner can read and change everything in it",
	};

	if (!claims->debug)
		tacit_check_pass(list, "policy.debug", NULL);
	else if (cx->insecure_allow_debug)
		tacit_check_skip(list, "policy.debug", "waived by --insecure-allow-debug");
	else
		tacit_check_fail(list, "policy.debug", &failure);
}

/* now - then, where a hostile time must not overflow. */
static int64_t age_of(int64_t now, int64_t then)
{
	int64_t age;

	if (__builtin_sub_overflow(now, then, &age))
		return now < then ? INT64_MIN : INT64_MAX;
	return age;
}

/*
 * Evidence without a time, as quotes and reports are: a nonce shows that it is fresh, and without
 * one nothing does. That settles it only for those who asked for an age; its own validity has been
 * judged.
 */
static void judge_timeless(const struct tacit_claims *claims, const struct tacit_context *cx,
			   struct tacit_check_list *list)
{
	bool asked = cx->policy && cx->policy->max_age_seconds != 0;
	bool own_validity = claims->valid_until != INT64_MAX;
	struct tacit_check_failure failure = {
		.status = TACIT_EXPIRED,
		.why = "the evidence carries no time and no nonce was asked for",
	};

	if (cx->expect.nonce.ptr)
		tacit_check_skip(list, "policy.freshness",
				 "no time in it; the nonce tells whether it is fresh");
	else if (cx->any_age)
		tacit_check_skip(list, "policy.freshness",
				 "no time in it, and any age was asked for");
	else if (own_validity && !asked)
		tacit_check_skip(list, "policy.freshness",
				 "no time in it and no nonce asked for: nothing shows when it "
				 "was made");
	else
		tacit_check_fail(list, "policy.freshness", &failure);
}

static void judge_freshness(const struct tacit_claims *claims, const struct tacit_context *cx,
			    struct tacit_check_list *list)
{
	/* Without a policy "current" is what the platform's certificates say, where it has some. */
	bool any_age = cx->any_age || (!cx->policy && claims->valid_until != INT64_MAX);
	uint64_t said = cx->policy ? cx->policy->max_age_seconds : 0;
	uint64_t max_age = said ? said : TACIT_POLICY_MAX_AGE;
	uint64_t skew = cx->policy ? cx->policy->clock_skew_seconds : TACIT_POLICY_SKEW;
	int64_t age = age_of(cx->now, claims->timestamp);
	struct tacit_check_failure failure = { .status = TACIT_EXPIRED };

	if (claims->timestamp == 0) {
		judge_timeless(claims, cx, list);
		return;
	}
	if (age < -(int64_t)skew) {
		failure.why = "the evidence is from the future";
	} else if (age > (int64_t)(max_age + skew) && any_age) {
		tacit_check_skip(list, "policy.freshness", "older, and any age was asked for");
		return;
	} else if (age > (int64_t)(max_age + skew)) {
		failure.why = "the evidence is too old";
	} else {
		tacit_check_pass(list, "policy.freshness", NULL);
		return;
	}
	failure.expected =
		tacit_check_printf(list, "made within %llu s, give or take %llu s",
				   (unsigned long long)max_age, (unsigned long long)skew);
	failure.got = time_text(list, claims->timestamp);
	tacit_check_fail(list, "policy.freshness", &failure);
}

void tacit_appraise_policy(const struct tacit_claims *claims, const struct tacit_context *cx,
			   struct tacit_check_list *list)
{
	judge_present(cx, list);
	judge_validity(cx, list);
	judge_hardware(claims, cx, list);
	judge_debug(claims, cx, list);
	judge_freshness(claims, cx, list);
	if (cx->policy)
		tacit_appraise_alternatives(claims, cx->policy, list);
	else
		tacit_appraise_unpoliced(claims, list);
}
