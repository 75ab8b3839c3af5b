/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_BLOB_H
#define TACIT_RELEASE_KEYD_BLOB_H

/*
 * What Encrypt and GenerateDataKey hand out as CiphertextBlob, and Decrypt takes:
 *
 *     "tkd1" | key id (36) | version (4) | salt (16) | AES-256-GCM ciphertext | tag (16)
 *
 * Key and nonce are derived from the key's bytes and the salt [RFC 5869], so that no nonce has to
 * be unique under one key. The encryption context and everything before the ciphertext are
 * associated data.
 */

#include "release/keyd_policy.h"
#include "release/keyd_store.h"

#define TACIT_KEYD_BLOB_EXTRA 76 /* bytes beside the plaintext */

/* What a blob says of itself; nothing is true before it opens. */
struct tacit_keyd_blob {
	struct tacit_slice id;
	uint32_t version;
	struct tacit_slice head, salt, sealed;
};

/* Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_blob_parse(struct tacit_slice in, struct tacit_keyd_blob *ret, struct tacit_error *err);

struct tacit_keyd_blob_key {
	struct tacit_slice id; /* 36 characters */
	uint32_t version;
	struct tacit_slice material; /* 32 bytes */
	const struct tacit_keyd_pair *context;
	size_t context_count;
};

/* Writes plain.len + TACIT_KEYD_BLOB_EXTRA bytes to `out`, which is that long. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_blob_seal(const struct tacit_keyd_blob_key *key,
							struct tacit_slice plain,
							struct tacit_mut out,
							struct tacit_error *err);

/* `out` is exactly sealed.len - 16 bytes. Errors: TACIT_SIGNATURE. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_blob_open(const struct tacit_keyd_blob_key *key,
							const struct tacit_keyd_blob *blob,
							struct tacit_mut out,
							struct tacit_error *err);

#endif
