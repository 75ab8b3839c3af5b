/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_MANIFEST_SIGN_H
#define TACIT_RELEASE_MANIFEST_SIGN_H

/*
 * Who publishes a model: signatures of its manifest, in a file beside it. Each is Ed25519 over
 * "tacit.model-signature/1", a NUL and the SHA-256 of the manifest's bytes as received.
 *
 * Keys are rotated by a succession: the old key signs the new one, until a stated time. Whoever
 * pins the old key then takes what the new one signs, over at most TACIT_SUCCESSION_DEPTH steps.
 */

#include "base/error.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/key.h"

#define TACIT_PUBLISHER_KEY         32
#define TACIT_PUBLISHER_SIGNATURE   64
#define TACIT_MODEL_SIGNATURES_MAX  16
#define TACIT_MODEL_SUCCESSIONS_MAX 16
#define TACIT_SUCCESSION_DEPTH      8
#define TACIT_MODEL_SIGNATURES_FILE 65536 /* bytes */

struct tacit_model_signature {
	uint8_t key[TACIT_PUBLISHER_KEY];
	uint8_t signature[TACIT_PUBLISHER_SIGNATURE];
};

struct tacit_model_succession {
	uint8_t from[TACIT_PUBLISHER_KEY], to[TACIT_PUBLISHER_KEY];
	int64_t until;
	uint8_t signature[TACIT_PUBLISHER_SIGNATURE]; /* by `from` */
};

struct tacit_model_signatures {
	size_t count, succession_count;
	struct tacit_model_signature items[TACIT_MODEL_SIGNATURES_MAX];
	struct tacit_model_succession successions[TACIT_MODEL_SUCCESSIONS_MAX];
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_model_signatures_parse(struct tacit_slice json,
								struct tacit_model_signatures *ret,
								struct tacit_error *err);
void tacit_model_signatures_write(const struct tacit_model_signatures *signatures,
				  struct writer *w);

/* Errors: TACIT_USAGE for a key that is not a private Ed25519 key. */
TACIT_MUST_CHECK enum tacit_status
tacit_model_sign(const uint8_t manifest_sha256[TACIT_AT_LEAST(TACIT_SHA256_LEN)],
		 const struct tacit_key *key, struct tacit_model_signature *ret,
		 struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_model_succeed(const struct tacit_key *from,
		    const uint8_t to[TACIT_AT_LEAST(TACIT_PUBLISHER_KEY)], int64_t until,
		    struct tacit_model_succession *ret, struct tacit_error *err);

/*
 * Whether one of `keys` (32 bytes each), or a successor of one that is still in force at `now`,
 * signed the manifest. Errors: TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_model_signed(const uint8_t manifest_sha256[TACIT_AT_LEAST(TACIT_SHA256_LEN)],
		   const struct tacit_model_signatures *signatures, const struct tacit_slice *keys,
		   size_t key_count, int64_t now, struct tacit_error *err);

#endif
