/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_PASS_H
#define TACIT_RELEASE_KMS_PASS_H

/*
 * Requests of an SDK that knows nothing of documents, passed on to AWS KMS with a Recipient, and
 * their answers, with the secret opened and put where the SDK looks for it. What uses a key and has
 * no secret in its answer, and what brings a Recipient of its own, passes as it is; what manages
 * keys does not pass.
 */

#include "release/kms_json.h"

/* What has to be known of a request. */
struct tacit_kms_pass {
	bool secret;                        /* no answer may have it in the clear */
	bool opens;                         /* the answer is for us to open */
	enum tacit_kms_operation operation; /* TACIT_KMS_OPERATIONS: none of ours */
	struct tacit_slice key_id;          /* absent when it names none */
};

/* `target` is X-Amz-Target. Errors: TACIT_FORMAT for what is no request of KMS; TACIT_POLICY for
 * operations that do not pass. */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_pass_look(struct tacit_slice target, struct tacit_slice body, struct tacit_arena *arena,
		    struct tacit_kms_pass *ret, struct tacit_error *err);

/* The request with a Recipient; all other bytes stay. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_pass_request(struct tacit_slice body, struct tacit_slice document, struct tacit_mut room,
		       struct tacit_slice *ret, struct tacit_error *err);

/*
 * The answer with the secret in the clear, and without what it was sealed in; the other members as
 * they came. Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_pass_answer(enum tacit_kms_operation operation, struct tacit_slice body,
		      struct tacit_slice plain, struct tacit_mut room, struct tacit_slice *ret,
		      struct tacit_error *err);

#endif
