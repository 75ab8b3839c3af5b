/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/nitro.h"

#include "tacit/nitro.h"

const struct tacit_check_row tacit_nitro_policy_checks[TACIT_NITRO_POLICY_CHECKS] = {
	{ "policy.nitro.region", "the certificates name a region that the policy lists" },
	{ "policy.nitro.instance", "the document names an instance that the policy lists" },
	{ "policy.nitro.enclave_age",
	  "the enclave was launched no longer ago than the policy says" },
};

static bool listed(const struct tacit_policy_list *accepted, struct tacit_slice got)
{
	for (size_t i = 0; i < accepted->count; i++)
		if (got.ptr && tacit_slice_eq(accepted->items[i], got))
			return true;
	return false;
}

/* One of the policy's texts, when it lists any. */
static void judge_listed(struct tacit_check_list *list, const char *name,
			 const struct tacit_policy_list *accepted, struct tacit_slice got)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = got.ptr ? "the policy does not list it"
			       : "the policy asks for it, and the document does not tell it",
	};

	if (accepted->count == 0) {
		tacit_check_skip(list, name, "the policy lists none");
		return;
	}
	if (listed(accepted, got)) {
		tacit_check_pass(list, name, NULL);
		return;
	}
	failure.got = got.ptr ? tacit_check_text(list, got) : NULL;
	failure.expected = tacit_check_text(list, accepted->items[0]);
	if (accepted->count > 1)
		failure.expected = tacit_check_printf(list, "%s, or one of %zu others",
						      failure.expected, accepted->count - 1);
	tacit_check_fail(list, name, &failure);
}

/* At the document's own time: how old the document is, is the business of policy.freshness. */
static void judge_age(struct tacit_check_list *list, const struct tacit_policy_number *most,
		      const struct tacit_nitro_claims *claims)
{
	bool known = claims->launched_at_ms != 0;
	struct tacit_check_failure failure = { .status = TACIT_POLICY };

	if (!most->set) {
		tacit_check_skip(list, "policy.nitro.enclave_age", "the policy sets no limit");
		return;
	}
	if (known && claims->enclave_age_seconds <= most->value) {
		tacit_check_pass(list, "policy.nitro.enclave_age", NULL);
		return;
	}
	if (known)
		failure.got = tacit_check_printf(list, "%llu s",
						 (unsigned long long)claims->enclave_age_seconds);
	failure.expected =
		tacit_check_printf(list, "at most %llu s", (unsigned long long)most->value);
	failure.why = known ? "the enclave has been running for too long"
			    : "the policy limits the age, and the document does not tell it";
	tacit_check_fail(list, "policy.nitro.enclave_age", &failure);
}

void tacit_nitro_policy_judge(const struct tacit_claims *claims,
			      const struct tacit_policy_sections *sections,
			      struct tacit_check_list *list)
{
	static const struct tacit_policy_nitro NOTHING;
	static const struct tacit_nitro_claims UNKNOWN;
	const struct tacit_policy_nitro *policy =
		sections && sections->nitro ? sections->nitro : &NOTHING;
	const struct tacit_nitro_claims *nitro = claims->nitro ? claims->nitro : &UNKNOWN;

	judge_listed(list, "policy.nitro.region", &policy->regions, nitro->region);
	judge_listed(list, "policy.nitro.instance", &policy->instances, nitro->instance_id);
	judge_age(list, &policy->max_enclave_age_seconds, nitro);
}
