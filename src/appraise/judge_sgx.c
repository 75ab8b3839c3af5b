/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"
#include "tacit/sgx.h"

#define PROD_ID   "policy.sgx.isv_prod_id"
#define SVN       "policy.sgx.isv_svn"
#define CONFIG_ID "policy.sgx.config_id"

/* clang-format off */
const struct tacit_check_row tacit_sgx_policy_checks[TACIT_SGX_POLICY_CHECKS] = {
#define ROW(row, name, about) { "policy.sgx." name, about },
	TACIT_DCAP_POLICY_MAP(ROW)
#undef ROW
	{ PROD_ID, "the enclave is the product that the policy says" },
	{ SVN, "the enclave's security version is at least what the policy demands" },
	{ CONFIG_ID, "the enclave's CONFIGID is what the policy says" },
};

#define NAME(row, name, about) [TACIT_DCAP_POLICY_##row] = "policy.sgx." name,
static const char *const NAMES[TACIT_DCAP_POLICY_ROWS] = { TACIT_DCAP_POLICY_MAP(NAME) };
#undef NAME
/* clang-format on */

static void judge_prod_id(const struct tacit_sgx_claims *sgx,
			  const struct tacit_policy_number *want, struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "another product of the same signer",
	};

	if (!want->set) {
		tacit_check_skip(list, PROD_ID, "the policy does not say");
		return;
	}
	failure.expected = tacit_check_printf(list, "%llu", (unsigned long long)want->value);
	failure.got = tacit_check_printf(list, "%u", sgx->isv_prod_id);
	if (sgx->isv_prod_id == want->value)
		tacit_check_pass(list, PROD_ID, failure.got);
	else
		tacit_check_fail(list, PROD_ID, &failure);
}

static void judge_svn(const struct tacit_sgx_claims *sgx, const struct tacit_policy_number *min,
		      struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "an older version of the enclave than the policy demands",
	};

	if (!min->set) {
		tacit_check_skip(list, SVN, "the policy does not say");
		return;
	}
	failure.expected =
		tacit_check_printf(list, "at least %llu", (unsigned long long)min->value);
	failure.got = tacit_check_printf(list, "%u", sgx->isv_svn);
	if (sgx->isv_svn >= min->value)
		tacit_check_pass(list, SVN, failure.got);
	else
		tacit_check_fail(list, SVN, &failure);
}

static void judge_config_id(const struct tacit_sgx_claims *sgx, struct tacit_slice want,
			    struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.why = "the enclave was started with another configuration",
	};

	if (!want.ptr) {
		tacit_check_skip(list, CONFIG_ID, "the policy does not say");
		return;
	}
	failure.expected = tacit_check_hex(list, want);
	failure.got = tacit_check_hex(list, sgx->config_id);
	if (tacit_slice_eq(sgx->config_id, want))
		tacit_check_pass(list, CONFIG_ID, NULL);
	else
		tacit_check_fail(list, CONFIG_ID, &failure);
}

void tacit_sgx_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list)
{
	static const struct tacit_policy_sgx STRICT;
	const struct tacit_sgx_claims *sgx = claims->sgx;
	const struct tacit_policy_sgx *section =
		sections && sections->sgx ? sections->sgx : &STRICT;
	struct tacit_dcap_policy shared = {
		.given = sections != NULL,
		.collateral = section->collateral,
		.tcb_status = section->tcb_status,
		.allow_advisories = section->allow_advisories,
		.fmspc = section->fmspc,
		.min_tcb_evaluation_data_number = section->min_tcb_evaluation_data_number,
	};

	tacit_dcap_policy_judge(&sgx->dcap, &shared, NAMES, list);
	judge_prod_id(sgx, &section->isv_prod_id, list);
	judge_svn(sgx, &section->min_isv_svn, list);
	judge_config_id(sgx, section->config_id, list);
}
