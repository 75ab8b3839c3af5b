/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_NITRO_H
#define TACIT_APPRAISE_NITRO_H

/* What Nitro adds to appraisal: section "nitro" of a policy, and claims under that name. */

#include "appraise/platform.h"

#define TACIT_NITRO_POLICY_CHECKS 3
extern const struct tacit_check_row tacit_nitro_policy_checks[TACIT_NITRO_POLICY_CHECKS];

void tacit_nitro_policy_judge(const struct tacit_claims *claims,
			      const struct tacit_policy_sections *sections,
			      struct tacit_check_list *list);

void tacit_nitro_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims);

#endif
