/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_AEAD_H
#define TACIT_CRYPTO_AEAD_H

/* AES-GCM [SP 800-38D] and ChaCha20-Poly1305 [RFC 8439]: 12-byte nonces, 16-byte tags. */

#include "base/error.h"

#define TACIT_AEAD_NONCE_LEN 12
#define TACIT_AEAD_TAG_LEN   16

enum tacit_aead_alg {
	TACIT_AES_128_GCM,
	TACIT_AES_256_GCM,
	TACIT_CHACHA20_POLY1305,
};

/* Key length in bytes. */
size_t tacit_aead_key_len(enum tacit_aead_alg alg);

/*
 * Writes plaintext.len + 16 bytes (ciphertext | tag) to `out`, which must be exactly that long.
 * `nonce` is 12 bytes and must never repeat under one key.
 */
TACIT_MUST_CHECK enum tacit_status tacit_aead_seal(enum tacit_aead_alg alg, struct tacit_slice key,
						   struct tacit_slice nonce, struct tacit_slice aad,
						   struct tacit_slice plaintext,
						   struct tacit_mut out, struct tacit_error *err);

/*
 * Opens ciphertext | tag into `out` (sealed.len - 16 bytes exactly). On failure `out` is wiped.
 * Errors: TACIT_SIGNATURE when the tag does not verify, TACIT_FORMAT on a wrong length.
 */
TACIT_MUST_CHECK enum tacit_status tacit_aead_open(enum tacit_aead_alg alg, struct tacit_slice key,
						   struct tacit_slice nonce, struct tacit_slice aad,
						   struct tacit_slice sealed, struct tacit_mut out,
						   struct tacit_error *err);

#endif
