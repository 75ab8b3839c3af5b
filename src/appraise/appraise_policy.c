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

static void judge_freshness(const struct tacit_claims *claims, const struct tacit_context *cx,
			    struct tacit_check_list *list)
{
	/* Without a policy "current" is what the platform's certificates say, where it has some. */
	bool any_age = cx->any_age || (!cx->policy && claims->valid_until != INT64_MAX);
	uint64_t max_age = cx->policy ? cx->policy->max_age_seconds : TACIT_POLICY_MAX_AGE;
	uint64_t skew = cx->policy ? cx->policy->clock_skew_seconds : TACIT_POLICY_SKEW;
	int64_t age = age_of(cx->now, claims->timestamp);
	struct tacit_check_failure failure = { .status = TACIT_EXPIRED };

	if (claims->timestamp == 0 && (cx->expect.nonce.ptr || any_age)) {
		tacit_check_skip(list, "policy.freshness", "no time in it to judge");
		return;
	}
	if (claims->timestamp == 0) {
		failure.why = "the evidence carries no time and no nonce was asked for";
	} else if (age < -(int64_t)skew) {
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
	failure.got = claims->timestamp ? time_text(list, claims->timestamp) : NULL;
	tacit_check_fail(list, "policy.freshness", &failure);
}

/* ---- alternatives -------------------------------------------------------------------------- */

static struct tacit_slice find_claimed(const struct tacit_claims *claims, const char *name)
{
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < claims->measurement_count; i++)
		if (tacit_slice_eq(tacit_slice_str(claims->measurements[i].name),
				   tacit_slice_str(name)))
			return claims->measurements[i].value;
	return none;
}

/* How many match; the first that does not goes to `ret_miss`, NULL when all do. */
static size_t count_matches(const struct tacit_policy_alternative *alternative,
			    const struct tacit_claims *claims,
			    const struct tacit_measurement **ret_miss)
{
	size_t n = 0;

	*ret_miss = NULL;
	for (size_t i = 0; i < alternative->measurement_count; i++) {
		const struct tacit_measurement *m = &alternative->measurements[i];
		struct tacit_slice got = find_claimed(claims, m->name);

		if (got.ptr && tacit_slice_eq(got, m->value))
			n++;
		else if (!*ret_miss)
			*ret_miss = m;
	}
	return n;
}

static bool model_listed(const struct tacit_policy_models *models,
			 const struct tacit_claims *claims)
{
	const struct tacit_binding *b = &claims->binding;

	if (models->count == 0)
		return true;
	for (size_t i = 0; i < models->count && claims->has_binding; i++) {
		const struct tacit_policy_model *m = &models->items[i];

		if (tacit_slice_eq(m->sha256, TACIT_SLICE_ARRAY(b->model_hash)) &&
		    (!m->id.ptr || tacit_slice_eq(m->id, b->model_id)))
			return true;
	}
	return false;
}

static bool config_listed(const struct tacit_policy_list *configs,
			  const struct tacit_claims *claims)
{
	if (configs->count == 0)
		return true;
	for (size_t i = 0; i < configs->count && claims->has_binding; i++)
		if (tacit_slice_eq(configs->items[i],
				   TACIT_SLICE_ARRAY(claims->binding.config_hash)))
			return true;
	return false;
}

/* How far the alternatives carry these claims: each stage only within those that passed before. */
struct progress {
	bool platform, measurements, model, config;
	bool names_models, names_configs; /* somebody restricts them */
	size_t best_matches;
	const struct tacit_policy_alternative *best; /* nearest one, for the message */
	const struct tacit_measurement *miss;        /* its first measurement that differs */
	const struct tacit_policy_alternative *match;
};

static void try_alternative(const struct tacit_policy *policy,
			    const struct tacit_policy_alternative *alternative,
			    const struct tacit_claims *claims, struct progress *p)
{
	const struct tacit_measurement *miss;

	if (alternative->tee != claims->tee)
		return;
	p->platform = true;
	size_t matches = count_matches(alternative, claims, &miss);
	if (miss) {
		if (!p->best || matches > p->best_matches) {
			p->best = alternative;
			p->best_matches = matches;
			p->miss = miss;
		}
		return;
	}
	p->measurements = true;
	p->names_models |= alternative->models.count != 0 || policy->models.count != 0;
	p->names_configs |= alternative->configs.count != 0 || policy->configs.count != 0;
	if (!model_listed(&alternative->models, claims) || !model_listed(&policy->models, claims))
		return;
	p->model = true;
	if (!config_listed(&alternative->configs, claims) ||
	    !config_listed(&policy->configs, claims))
		return;
	p->config = true;
	if (!p->match)
		p->match = alternative;
}

static void fail_platform(const struct tacit_claims *claims, struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.got = tacit_tee_label(claims->tee),
		.why = "no alternative of the policy is for this platform",
	};

	tacit_check_fail(list, "policy.platform", &failure);
	tacit_check_skip(list, "policy.measurements", "no alternative for this platform");
	tacit_check_skip(list, "policy.model", "no alternative for this platform");
	tacit_check_skip(list, "policy.config", "no alternative for this platform");
}

static void fail_measurements(const struct progress *p, const struct tacit_claims *claims,
			      struct tacit_check_list *list)
{
	struct tacit_slice got = find_claimed(claims, p->miss->name);
	bool named = p->best->name[0] != '\0';
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = tacit_check_printf(list, "%s=%s", p->miss->name,
					       tacit_check_hex(list, p->miss->value)),
		.got = got.ptr ? tacit_check_printf(list, "%s=%s", p->miss->name,
						    tacit_check_hex(list, got))
			       : NULL,
		.why = tacit_check_printf(list,
					  "no alternative matches whole; the nearest%s%s%s "
					  "differs in %s",
					  named ? ", '" : "", p->best->name, named ? "'," : "",
					  p->miss->name),
	};

	tacit_check_fail(list, "policy.measurements", &failure);
	tacit_check_skip(list, "policy.model", "no alternative matches the measurements");
	tacit_check_skip(list, "policy.config", "no alternative matches the measurements");
}

static void judge_model(const struct progress *p, const struct tacit_claims *claims,
			struct tacit_check_list *list)
{
	struct tacit_check_failure failure = { .status = TACIT_POLICY };

	if (p->model && !p->names_models) {
		tacit_check_skip(list, "policy.model", "the policy names no models");
		return;
	}
	if (p->model) {
		tacit_check_pass(list, "policy.model", NULL);
		return;
	}
	failure.why = "the policy names models, and the evidence binds none";
	if (claims->has_binding) {
		failure.got = tacit_check_printf(
			list, "%s sha256=%s", tacit_check_text(list, claims->binding.model_id),
			tacit_check_hex(list, TACIT_SLICE_ARRAY(claims->binding.model_hash)));
		failure.why = "the policy does not name this model for this build";
	}
	tacit_check_fail(list, "policy.model", &failure);
}

static void judge_config(const struct progress *p, const struct tacit_claims *claims,
			 struct tacit_check_list *list)
{
	struct tacit_check_failure failure = { .status = TACIT_POLICY };

	if (!p->model) {
		tacit_check_skip(list, "policy.config", "the model is not accepted");
		return;
	}
	if (p->config && !p->names_configs) {
		tacit_check_skip(list, "policy.config", "the policy names no configurations");
		return;
	}
	if (p->config) {
		tacit_check_pass(list, "policy.config", NULL);
		return;
	}
	failure.why = "the policy names configurations, and the evidence binds none";
	if (claims->has_binding) {
		failure.got = tacit_check_hex(list, TACIT_SLICE_ARRAY(claims->binding.config_hash));
		failure.why = "the policy does not name this configuration for this build";
	}
	tacit_check_fail(list, "policy.config", &failure);
}

static void judge_alternatives(const struct tacit_claims *claims, const struct tacit_policy *policy,
			       struct tacit_check_list *list)
{
	struct progress p = { 0 };

	for (size_t i = 0; i < policy->alternative_count; i++)
		try_alternative(policy, &policy->alternatives[i], claims, &p);
	if (!p.platform) {
		fail_platform(claims, list);
		return;
	}
	tacit_check_pass(list, "policy.platform", tacit_tee_label(claims->tee));
	if (!p.measurements) {
		fail_measurements(&p, claims, list);
		return;
	}
	tacit_check_pass(list, "policy.measurements",
			 p.match ? tacit_check_text(list, tacit_slice_str(p.match->name)) : NULL);
	judge_model(&p, claims, list);
	judge_config(&p, claims, list);
}

void tacit_appraise_policy(const struct tacit_claims *claims, const struct tacit_context *cx,
			   struct tacit_check_list *list)
{
	judge_present(cx, list);
	judge_validity(cx, list);
	judge_hardware(claims, cx, list);
	judge_debug(claims, cx, list);
	judge_freshness(claims, cx, list);
	if (cx->policy) {
		judge_alternatives(claims, cx->policy, list);
		return;
	}
	tacit_check_skip(list, "policy.platform", "no policy");
	tacit_check_skip(list, "policy.measurements", "no policy");
	tacit_check_skip(list, "policy.model", "no policy");
	tacit_check_skip(list, "policy.config", "no policy");
}
