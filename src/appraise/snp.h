/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_SNP_H
#define TACIT_APPRAISE_SNP_H

/*
 * What SEV-SNP adds to appraisal: section "snp" of a policy, and claims under that name. Azure's
 * form of SNP has the same section and the same claims.
 */

#include "appraise/platform.h"

#define TACIT_SNP_POLICY_CHECKS 22
extern const struct tacit_check_row tacit_snp_policy_checks[TACIT_SNP_POLICY_CHECKS];

void tacit_snp_policy_judge(const struct tacit_claims *claims,
			    const struct tacit_policy_sections *sections,
			    struct tacit_check_list *list);

void tacit_snp_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims);

#endif
