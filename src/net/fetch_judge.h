/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_JUDGE_H
#define TACIT_NET_FETCH_JUDGE_H

/*
 * Whether what a service answered is what was asked for, genuine and current. Signatures, chains
 * and dates are judged by tacit_verify() itself, with nothing but the piece in question, so that
 * what is kept is what a verdict will take.
 */

#include "net/fetch_plan.h"
#include "tacit/verify.h"

/* One answer, in the form in which it is kept. */
struct tacit_fetched {
	const struct tacit_fetch_piece *piece;
	struct tacit_slice bytes;
	struct tacit_slice chain; /* PEM of the signer and its root; TCB info and QE identity */
	int64_t issued, until;    /* `until`: INT64_MAX when the piece has no end of its own */
	uint32_t number;          /* tcbEvaluationDataNumber; 0 where there is none */
};

/*
 * Reads an answer and what its header with the issuers said (NULL: nothing). The result lives in
 * `body` and the arena. Errors: TACIT_FORMAT for anything but one such piece; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_fetch_read(const struct tacit_fetch_piece *piece, struct tacit_slice body, const char *chain,
		 struct tacit_arena *arena, struct tacit_fetched *ret, struct tacit_error *err);

/* Its dates and number alone, of a piece that is kept already and whose signer is elsewhere. */
TACIT_MUST_CHECK enum tacit_status
tacit_fetch_dates(const struct tacit_fetch_piece *piece, struct tacit_slice bytes,
		  struct tacit_arena *arena, struct tacit_fetched *ret, struct tacit_error *err);

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

/*
 * Whether `now` would take the place of something newer. Errors: TACIT_POLICY, with the reason.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_not_older(const struct tacit_fetched *now,
							 const struct tacit_fetched *before,
							 struct tacit_error *err);

#endif
