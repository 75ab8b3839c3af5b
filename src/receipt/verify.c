/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/judge.h"

static enum tacit_outcome outcome_of(enum tacit_status status)
{
	if (status == TACIT_OK)
		return TACIT_VERIFIED;
	return status == TACIT_FORMAT || status == TACIT_LIMIT ? TACIT_MALFORMED : TACIT_REFUSED;
}

/* In the order of draft-02: nothing of the payload is decoded before its signature passed. */
enum tacit_status tacit_receipt_verify(struct tacit_slice in,
				       const struct tacit_receipt_expect *expect,
				       struct tacit_receipt_verdict *verdict,
				       struct tacit_error *err)
{
	struct tacit_judge j = { .in = in, .expect = expect, .v = verdict, .err = err };

	memset(verdict, 0, sizeof(*verdict));
	tacit_judge_layer1(&j);
	tacit_judge_layer2(&j);
	tacit_judge_layer3(&j);
	verdict->signed_claims = j.status == TACIT_OK;
	tacit_judge_layers4and5(&j);
	verdict->outcome = outcome_of(j.status);
	verdict->end_to_end = j.status == TACIT_OK && expect->evidence;
	verdict->warn_no_replay = !expect->nonce.ptr && !expect->seen;
	return j.status;
}
