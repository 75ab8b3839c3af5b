/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_APPRAISE_H
#define TACIT_APPRAISE_APPRAISE_H

/* Judging claims that are genuine: expectations of the caller, then the policy. */

#include "appraise/policy.h"
#include "tee/check.h"

/* Every check of appraisal, in order; they come after the platform's own. */
#define TACIT_APPRAISE_CHECKS 18
extern const struct tacit_check_row tacit_appraise_checks[TACIT_APPRAISE_CHECKS];

/* Decides all of them. Fills the binding members of `claims` from its user data. */
void tacit_appraise(struct tacit_claims *claims, const struct tacit_context *cx,
		    struct tacit_check_list *list);

/* The part that needs the policy; called by tacit_appraise. */
void tacit_appraise_policy(const struct tacit_claims *claims, const struct tacit_context *cx,
			   struct tacit_check_list *list);

/* Its rows "policy.platform" and on, and those of the platform, by the policy's alternatives. */
void tacit_appraise_alternatives(const struct tacit_claims *claims,
				 const struct tacit_policy *policy, struct tacit_check_list *list);

/* The same rows without a policy: what "genuine and current" needs, and the rest skipped. */
void tacit_appraise_unpoliced(const struct tacit_claims *claims, struct tacit_check_list *list);

#endif
