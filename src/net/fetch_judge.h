/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_JUDGE_H
#define TACIT_NET_FETCH_JUDGE_H

/*
 * Whether what a service answered is genuine, current and for this evidence. That is decided by
 * the checks of tacit_verify() itself, with nothing but the piece in question, so that what is kept
 * is what a verdict will take.
 */

#include "net/fetch_read.h"
#include "tacit/verify.h"

/*
 * Whether the evidence is worth asking for: a quote must be genuine. A report of AMD's cannot be
 * judged before its certificates are there. Errors: as tacit_verify(); `where` is the check.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_judge_evidence(const struct tacit_fetch_plan *plan,
							      const struct tacit_context *cx,
							      struct tacit_error *err);

/*
 * Judges one of the `all` pieces, beside those that belong to it. `cx` names time, test roots and
 * arena. A list that revokes the evidence's own certificates is genuine news and passes. Errors:
 * as tacit_verify(); `where` is the check.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_judge(const struct tacit_fetch_plan *plan,
						     const struct tacit_fetched *all, size_t count,
						     size_t which, const struct tacit_context *cx,
						     struct tacit_error *err);

#define TACIT_FETCH_GAPS 24

/* A check that collateral at hand does not meet. Texts are static or live in the arena. */
struct tacit_fetch_gap {
	const char *check;
	const char *why;
};

/*
 * What `cx->collateral` lacks of what the plan names, as the checks that fail or were not reached
 * for want of it. Errors: as tacit_fetch_judge_evidence(), when the fault is the evidence's.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_fetch_judge_gaps(const struct tacit_fetch_plan *plan, const struct tacit_context *cx,
		       struct tacit_fetch_gap ret[TACIT_FETCH_GAPS], size_t *ret_count,
		       struct tacit_error *err);

#endif
