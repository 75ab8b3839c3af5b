/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_JWE_H
#define TACIT_RELEASE_JWE_H

/*
 * JWE messages [RFC 7516] as Trustee's key broker makes them: the content under a fresh key with
 * AES-256-GCM, and that key by ECDH-ES+A256KW [RFC 7518 4.6] or RSA-OAEP-256 for the key in the
 * evidence. Structure is codec/jwe.h's.
 */

#include "codec/jwe.h"
#include "crypto/key.h"

struct tacit_oaep_key;

/* Seals; the text is in the arena. Errors: TACIT_FORMAT for a key that is none, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_seal(const struct tacit_jwe_key *key,
						  struct tacit_slice plain,
						  struct tacit_arena *arena,
						  struct tacit_slice *ret, struct tacit_error *err);

/* What opens: one of the three. */
struct tacit_jwe_own {
	const struct tacit_key *p256;
	struct tacit_slice p521; /* scalar, 66 bytes */
	const struct tacit_oaep_key *rsa;
};

/*
 * Opens; the plaintext is in the arena, which the caller wipes. Errors: TACIT_BINDING for a message
 * to a key of another kind, TACIT_SIGNATURE, and those of tacit_jwe_parse().
 */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_open(const struct tacit_jwe_own *own,
						  struct tacit_slice text,
						  struct tacit_arena *arena,
						  struct tacit_slice *ret, struct tacit_error *err);

#endif
