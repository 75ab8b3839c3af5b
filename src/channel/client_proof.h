/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_CLIENT_PROOF_H
#define TACIT_CHANNEL_CLIENT_PROOF_H

/*
 * The proof of one answer: hashes the body as it comes, finds the receipt (a header of whole
 * answers, the last comment line of streams) and judges it against what was sent and received.
 */

#include "channel/client.h"

struct tacit_proof_state;

/* `attested` and the clock reading of the start are what the receipt is held against. */
struct tacit_proof_state *tacit_client_proof_new(const struct tacit_attested *attested,
						 uint64_t began_ms);
void tacit_client_proof_free(struct tacit_proof_state *state);

/* The value of a Tacit-Receipt header; more than one is as bad as a wrong one. */
void tacit_client_proof_receipt(struct tacit_proof_state *state, struct tacit_slice text);

/* The head is over; a stream has its receipt in the body and a header does not count. */
void tacit_client_proof_head(struct tacit_proof_state *state, bool stream);

/*
 * Takes body bytes; `*ret_given` are those that may go on: all of a whole answer, those before
 * the receipt line of a stream. They live until the next call. Errors: TACIT_PEER, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_client_proof_body(struct tacit_proof_state *state,
							   struct tacit_slice bytes,
							   struct tacit_slice *ret_given,
							   struct tacit_error *err);

struct tacit_proof_want {
	const uint8_t *request_hash;
	struct tacit_slice nonce;
	bool needed; /* an answer without a receipt is refused */
};

/* Fills proof, receipt, verdict, tail and response_hash of `end`, which live as `state` does. */
TACIT_MUST_CHECK enum tacit_status tacit_client_proof_judge(struct tacit_proof_state *state,
							    const struct tacit_proof_want *want,
							    struct tacit_answer_end *end,
							    struct tacit_error *err);

#endif
