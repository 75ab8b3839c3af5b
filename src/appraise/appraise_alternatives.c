/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"
#include "appraise/platform.h"

/*
 * The alternatives of a policy: sets of values that belong together. Evidence must match one of
 * them whole: its platform, its measurements, model, configuration and the platform's section.
 */

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
	struct tacit_check_list section; /* of the match, else of the first that failed there */
};

/* Whether the platform's own section of the alternative holds; its checks go to `p->section`. */
static bool section_holds(const struct tacit_claims *claims,
			  const struct tacit_policy_sections *sections, struct progress *p,
			  struct tacit_check_list *list)
{
	const struct tacit_platform_row *row = tacit_platform_row(claims->tee);
	const struct tacit_check *first;
	struct tacit_check_list section = { 0 };

	if (!row)
		return true;
	tacit_check_init(&section, list->arena, row->check_count);
	tacit_check_add(&section, row->checks, row->check_count);
	row->judge(claims, sections, &section);
	list->full |= section.full;
	bool holds = tacit_check_judge(&section, &first) == TACIT_OK;
	if (holds || p->section.count == 0)
		p->section = section;
	return holds;
}

/* Gives the rows of the platform the answers that its section found. */
static void copy_section(const struct tacit_check_list *section, struct tacit_check_list *list)
{
	for (size_t i = 0; i < section->count; i++)
		tacit_check_copy(list, &section->checks[i]);
}

/* Rows of the platform that no alternative came as far as to judge. */
static void skip_section(const struct tacit_claims *claims, const char *why,
			 struct tacit_check_list *list)
{
	const struct tacit_platform_row *row = tacit_platform_row(claims->tee);

	for (size_t i = 0; row && i < row->check_count; i++)
		tacit_check_skip(list, row->checks[i].name, why);
}

static void try_alternative(const struct tacit_policy *policy,
			    const struct tacit_policy_alternative *alternative,
			    const struct tacit_claims *claims, struct progress *p,
			    struct tacit_check_list *list)
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
	struct tacit_policy_sections sections = alternative->sections;
	sections.alternative = alternative;
	if (!p->match && section_holds(claims, &sections, p, list))
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
	skip_section(claims, "no alternative for this platform", list);
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
	skip_section(claims, "no alternative matches the measurements", list);
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

void tacit_appraise_alternatives(const struct tacit_claims *claims,
				 const struct tacit_policy *policy,
				 struct tacit_check_list *list)
{
	struct progress p = { 0 };

	for (size_t i = 0; i < policy->alternative_count; i++)
		try_alternative(policy, &policy->alternatives[i], claims, &p, list);
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
	if (p.config)
		copy_section(&p.section, list);
	else
		skip_section(claims, "no alternative accepts model and configuration", list);
}


void tacit_appraise_unpoliced(const struct tacit_claims *claims, struct tacit_check_list *list)
{
	struct progress p = { 0 };

	tacit_check_skip(list, "policy.platform", "no policy");
	tacit_check_skip(list, "policy.measurements", "no policy");
	tacit_check_skip(list, "policy.model", "no policy");
	tacit_check_skip(list, "policy.config", "no policy");
	(void)section_holds(claims, NULL, &p, list);
	copy_section(&p.section, list);
}
