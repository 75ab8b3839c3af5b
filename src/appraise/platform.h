/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_PLATFORM_H
#define TACIT_APPRAISE_PLATFORM_H

/*
 * What each platform adds to appraisal: its section of a policy, and its claims as JSON. One row
 * each in one const table (platform.c); a platform without a row adds nothing.
 */

#include "appraise/json_out.h"
#include "appraise/policy.h"
#include "tee/check.h"

struct tacit_platform_row {
	enum tacit_tee tee;
	const struct tacit_check_row *checks; /* "policy.<platform>.<what>"; after all others */
	size_t check_count;
	/*
	 * Decides all of `checks` for one alternative. `sections` may lack this platform's: then
	 * the strict defaults hold. It is NULL when there is no policy at all: then only what
	 * "genuine and current" needs is judged, and the rest skipped. Called once for each
	 * alternative that matches so far, each time with a fresh list; the first that passes is
	 * the verdict's.
	 */
	void (*judge)(const struct tacit_claims *claims,
		      const struct tacit_policy_sections *sections, struct tacit_check_list *list);
	/* Puts the member named after the platform into the verdict's claims. */
	void (*put_claims)(struct tacit_json_out *j, const struct tacit_claims *claims);
};

const struct tacit_platform_row *tacit_platform_row(enum tacit_tee tee);

#endif
