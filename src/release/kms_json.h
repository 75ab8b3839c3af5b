/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_JSON_H
#define TACIT_RELEASE_KMS_JSON_H

/*
 * What AWS KMS is asked and what it answers [AWS-KMS-API]: JSON 1.1 over bytes, without any
 * transport. Every operation that can be asked for a Recipient, and Encrypt, which cannot.
 */

#include "base/error.h"
#include "base/secret.h"
#include "tacit/arena.h"

#define TACIT_KMS_BODY_MAX     65536 /* of a request or an answer; real ones have up to 20 KB */
#define TACIT_KMS_CIPHER_MAX   6144
#define TACIT_KMS_PLAIN_MAX    4096
#define TACIT_KMS_RANDOM_MAX   1024
#define TACIT_KMS_CONTEXT_MAX  16 /* pairs of an encryption context */
#define TACIT_KMS_PEER_KEY_MAX 1024

enum tacit_kms_operation {
	TACIT_KMS_DECRYPT,
	TACIT_KMS_GENERATE_DATA_KEY,
	TACIT_KMS_GENERATE_DATA_KEY_PAIR,
	TACIT_KMS_GENERATE_RANDOM,
	TACIT_KMS_DERIVE_SHARED_SECRET,
	TACIT_KMS_ENCRYPT,
	TACIT_KMS_OPERATIONS,
};

/* "Decrypt", as in X-Amz-Target: TrentService.Decrypt. */
const char *tacit_kms_json_name(enum tacit_kms_operation operation);
/* The operation of such a name; false when it is none of those above. */
bool tacit_kms_json_find(struct tacit_slice name, enum tacit_kms_operation *ret);
/* The member that is secret in an answer without a Recipient: "Plaintext"; "" for Encrypt. */
const char *tacit_kms_json_secret(enum tacit_kms_operation operation);

struct tacit_kms_pair {
	struct tacit_slice name, value;
};

/* Members that an operation does not have must be absent. */
struct tacit_kms_request {
	enum tacit_kms_operation operation;
	struct tacit_slice key_id;            /* ARN, id or alias; Decrypt can do without */
	struct tacit_slice ciphertext;        /* Decrypt: the bytes */
	struct tacit_slice plaintext;         /* Encrypt: the bytes */
	struct tacit_slice public_key;        /* DeriveSharedSecret: the other side's, DER */
	struct tacit_slice spec;              /* "AES_256", "RSA_2048": of a data key or pair */
	struct tacit_slice algorithm;         /* "SYMMETRIC_DEFAULT", which is KMS's default */
	uint32_t bytes;                       /* of random, or of a data key without spec */
	const struct tacit_kms_pair *context; /* what the ciphertext is bound to */
	size_t context_count;
	/* Into the attestation document, besides the key; without a nonce a fresh one. */
	struct tacit_slice nonce, user_data;
};

/* Errors: TACIT_USAGE for members that are missing, superfluous or out of range. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_json_check(const struct tacit_kms_request *request,
							struct tacit_error *err);

/*
 * Writes the request's JSON; with a Recipient when there is a document. Errors: TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_json_write(const struct tacit_kms_request *request, struct tacit_slice document,
		     struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* The answer's members, decoded; absent where they were absent or null. */
struct tacit_kms_fields {
	struct tacit_slice recipient;  /* CiphertextForRecipient */
	struct tacit_slice ciphertext; /* CiphertextBlob or PrivateKeyCiphertextBlob */
	struct tacit_slice public_key;
	struct tacit_slice key_id, spec, algorithm, origin; /* text */
	bool has_plaintext; /* Plaintext, PrivateKeyPlaintext or SharedSecret is there */
};

/* Slices live in `json` or in the arena. Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_json_parse(struct tacit_slice json,
							struct tacit_arena *arena,
							struct tacit_kms_fields *ret,
							struct tacit_error *err);

/* KMS's own words when it refuses. */
struct tacit_kms_refusal {
	unsigned status;    /* of HTTP; 0: it has refused nothing */
	char type[64];      /* "AccessDeniedException"; "" when it did not say */
	char message[1024]; /* printable */
};

/* From whatever came with a status other than 200: never fails. */
void tacit_kms_json_refusal(struct tacit_slice body, unsigned status,
			    struct tacit_kms_refusal *ret);

#endif
