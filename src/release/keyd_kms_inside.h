/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_KMS_INSIDE_H
#define TACIT_RELEASE_KEYD_KMS_INSIDE_H

/* One request of the KMS API while it is answered; for keyd_kms*.c. */

#include "appraise/json_out.h"
#include "release/keyd_kms.h"

#define TACIT_KMS_ARN_MAX 320

struct tacit_kms_work {
	struct tacit_keyd_desk *desk;
	const struct tacit_kms_call *call;
	struct tacit_kms_request request;
	struct tacit_keyd_answer *answer;
	struct tacit_keyd_key key; /* whichever it is about */
	char key_arn[TACIT_KMS_ARN_MAX], principal[TACIT_KMS_ARN_MAX];
	const struct tacit_claims *claims; /* of the recipient; NULL without one */
	bool fresh_nonce;
	struct writer out; /* the answer's JSON, in the arena */
	struct tacit_json_out json;
};

/* Both give false, so that a step can return what they give. */
bool tacit_kms_fail(struct tacit_kms_work *work, const char *type, const char *fmt, ...)
	TACIT_PRINTF(3, 4);
bool tacit_kms_broken(struct tacit_kms_work *work, const struct tacit_error *err);

/* Room for secrets of one request, wiped with it; false when it is full. */
bool tacit_kms_room(struct tacit_kms_work *work, size_t len, struct tacit_mut *ret);

/* Writes bytes as base64. False when the arena is full. */
bool tacit_kms_put_base64(struct tacit_kms_work *work, const char *name, struct tacit_slice bytes);

/* Writes `name`: plain without a recipient, and else CiphertextForRecipient instead of it. */
bool tacit_kms_put_secret(struct tacit_kms_work *work, const char *name, struct tacit_slice secret);

/* The steps of keyd_kms_ops.c, in the order of enum tacit_kms_op. */
typedef bool (*tacit_kms_step)(struct tacit_kms_work *work);
bool tacit_kms_decrypt(struct tacit_kms_work *work);
bool tacit_kms_encrypt(struct tacit_kms_work *work);
bool tacit_kms_data_key(struct tacit_kms_work *work);
bool tacit_kms_pair(struct tacit_kms_work *work);
bool tacit_kms_random(struct tacit_kms_work *work);
bool tacit_kms_derive(struct tacit_kms_work *work);
bool tacit_kms_public_key(struct tacit_kms_work *work);
bool tacit_kms_create(struct tacit_kms_work *work);
bool tacit_kms_describe(struct tacit_kms_work *work);
bool tacit_kms_list(struct tacit_kms_work *work);

#endif
