/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_KMS_H
#define TACIT_RELEASE_KEYD_KMS_H

/*
 * AWS KMS's JSON API over the broker's store. With a Recipient the answer is a
 * CiphertextForRecipient and holds no plaintext; the evidence must be genuine, young, not used
 * before and, by the key's policy, of the code that the key is for. Errors are in AWS's shapes.
 */

#include "release/keyd_desk.h"
#include "release/keyd_request.h"

#define TACIT_KMS_TYPE "application/x-amz-json-1.1"

/* A request whose signature was checked. */
struct tacit_kms_call {
	struct tacit_slice target; /* the X-Amz-Target field */
	struct tacit_slice body;
	const struct tacit_keyd_credential *credential;
	int64_t now;
};

/* Always fills `answer`; frees nothing. The desk's arena is wiped. */
void tacit_kms_answer(struct tacit_keyd_desk *desk, const struct tacit_kms_call *call,
		      struct tacit_keyd_answer *answer);

/* An error in AWS's shape: {"__type", "message"}. */
void tacit_kms_refuse(struct tacit_keyd_answer *answer, const char *type, const char *message);

/* The specs that a key may be made of, and its material; for the command line too. */
struct tacit_kms_spec {
	const char *name;  /* "SYMMETRIC_DEFAULT" */
	const char *usage; /* "ENCRYPT_DECRYPT" */
	size_t len;        /* of the material; 0 for any */
	int curve;         /* enum tacit_key_alg, or 0 */
};
const struct tacit_kms_spec *tacit_kms_spec_find(struct tacit_slice name);

/* Makes fresh material; `ret` has spec->len bytes afterwards. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_material(const struct tacit_kms_spec *spec,
						      uint8_t ret[static 64],
						      struct tacit_error *err);

#endif
