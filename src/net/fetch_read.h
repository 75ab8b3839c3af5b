/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_READ_H
#define TACIT_NET_FETCH_READ_H

/* What a service answered: one piece of the kind that was asked for, and nothing else. Untrusted.
 */

#include "net/fetch_plan.h"

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
TACIT_MUST_CHECK enum tacit_status tacit_fetch_read_kept(const struct tacit_fetch_piece *piece,
							 struct tacit_slice bytes,
							 struct tacit_arena *arena,
							 struct tacit_fetched *ret,
							 struct tacit_error *err);

/*
 * Whether `now` would take the place of something newer. Errors: TACIT_POLICY, with the reason.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_read_age(const struct tacit_fetched *now,
							const struct tacit_fetched *before,
							struct tacit_error *err);

#endif
