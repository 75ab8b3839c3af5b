/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_DCAP_H
#define TACIT_APPRAISE_DCAP_H

/* What SGX and TDX add to appraisal, and the part that they share. */

#include "appraise/json_out.h"
#include "appraise/policy.h"
#include "tacit/dcap.h"
#include "tee/check.h"

/* Checks of both; X(row, name behind "policy.tdx." or "policy.sgx.", about). */
#define TACIT_DCAP_POLICY_MAP(X)                                                             \
	X(COLLATERAL, "collateral",                                                          \
	  "Intel's collateral was there and judged, or the policy accepts signatures alone") \
	X(TCB_STATUS, "tcb_status",                                                          \
	  "the TCB status is one that the policy accepts; UpToDate when it does not say")    \
	X(ADVISORIES, "advisories", "every open advisory is one that the policy allows")     \
	X(FMSPC, "fmspc", "the platform is of a family that the policy accepts")             \
	X(EVALUATION, "tcb_evaluation_data_number",                                          \
	  "the collateral is at least as new as the policy demands")

enum tacit_dcap_policy_row {
#define TACIT_DCAP_POLICY_ENUM(row, name, about) TACIT_DCAP_POLICY_##row,
	TACIT_DCAP_POLICY_MAP(TACIT_DCAP_POLICY_ENUM)
#undef TACIT_DCAP_POLICY_ENUM
		TACIT_DCAP_POLICY_ROWS
};

/* The members that both sections have. */
struct tacit_dcap_policy {
	bool given; /* false: no policy at all; only what "genuine and current" needs is judged */
	enum tacit_policy_collateral collateral;
	struct tacit_policy_list tcb_status, allow_advisories, fmspc;
	struct tacit_policy_number min_tcb_evaluation_data_number;
};

/* Decides the rows of `names`, by enum tacit_dcap_policy_row. */
void tacit_dcap_policy_judge(const struct tacit_dcap_claims *dcap,
			     const struct tacit_dcap_policy *policy, const char *const *names,
			     struct tacit_check_list *list);

/* Puts the members that both platforms have. */
void tacit_dcap_put_claims(struct tacit_json_out *j, const struct tacit_dcap_claims *dcap);

#define TACIT_TDX_POLICY_CHECKS (TACIT_DCAP_POLICY_ROWS + 5)
extern const struct tacit_check_row tacit_tdx_policy_checks[TACIT_TDX_POLICY_CHECKS];
void tacit_tdx_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list);
void tacit_tdx_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims);

#define TACIT_SGX_POLICY_CHECKS (TACIT_DCAP_POLICY_ROWS + 3)
extern const struct tacit_check_row tacit_sgx_policy_checks[TACIT_SGX_POLICY_CHECKS];
void tacit_sgx_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list);
void tacit_sgx_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims);

#endif
