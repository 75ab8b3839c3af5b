/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_REQUEST_H
#define TACIT_RELEASE_KEYD_REQUEST_H

/*
 * Requests of AWS KMS's JSON API, as far as the broker answers them: read strictly, every member
 * bounded as AWS bounds it, and a member that an operation does not have is refused.
 */

#include "release/keyd_policy.h"
#include "tacit/arena.h"

#define TACIT_KMS_PLAIN_MAX    4096
#define TACIT_KMS_CIPHER_MAX   6144
#define TACIT_KMS_DOCUMENT_MAX 262144
#define TACIT_KMS_BODY_MAX     (512 * 1024)

/* X(name, as KMS writes it). */
#define TACIT_KMS_OP_MAP(X)             \
	X(DECRYPT, "Decrypt")           \
	X(ENCRYPT, "Encrypt")           \
	X(DATA_KEY, "GenerateDataKey")  \
	X(PAIR, "GenerateDataKeyPair")  \
	X(RANDOM, "GenerateRandom")     \
	X(DERIVE, "DeriveSharedSecret") \
	X(PUBLIC_KEY, "GetPublicKey")   \
	X(CREATE, "CreateKey")          \
	X(DESCRIBE, "DescribeKey")      \
	X(LIST, "ListKeys")

enum tacit_kms_op {
#define TACIT_KMS_OP_ENUM(name, text) TACIT_KMS_##name,
	TACIT_KMS_OP_MAP(TACIT_KMS_OP_ENUM)
#undef TACIT_KMS_OP_ENUM
		TACIT_KMS_OPS,
};

/* "Decrypt". */
const char *tacit_kms_op_name(enum tacit_kms_op op);

/* Absent members have a NULL ptr, or zero. Zero-initialise. */
struct tacit_kms_request {
	enum tacit_kms_op op;
	struct tacit_slice key_id, algorithm, key_spec, pair_spec, agreement, usage, policy;
	struct tacit_slice description, marker, origin, recipient_algorithm;
	struct tacit_slice ciphertext, plaintext, public_key; /* decoded */
	struct tacit_slice document;                          /* of Recipient, decoded */
	bool has_recipient, dry_run, multi_region, bypass;
	uint64_t number_of_bytes, limit;
	size_t context_count;
	struct tacit_keyd_pair context[TACIT_KEYD_CONTEXT_MAX]; /* sorted by key */
};

/*
 * Reads `body`, for the operation that the X-Amz-Target field names. Slices lie in the body or in
 * the arena. Errors: TACIT_UNSUPPORTED for another operation; TACIT_FORMAT for what is no such
 * JSON; TACIT_USAGE for a member with a value that it cannot have; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kms_request_parse(struct tacit_slice target,
							   struct tacit_slice body,
							   struct tacit_arena *arena,
							   struct tacit_kms_request *ret,
							   struct tacit_error *err);

#endif
