/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_JWE_H
#define TACIT_CODEC_JWE_H

/*
 * JWE in flattened JSON [RFC 7516 7.2.2], as Trustee's key broker sends resources, and the JWK of
 * the key that they are for: structure only. What is done with the parts is release/jwe.h.
 *
 * The associated data is the protected header as it was transmitted. Clients of Trustee write the
 * header anew from what they have read and take that: so a writer must give exactly
 *
 *     {"alg":"ECDH-ES+A256KW","enc":"A256GCM","epk":{"crv":"P-256","kty":"EC","x":"..","y":".."}}
 *     {"alg":"RSA-OAEP-256","enc":"A256GCM"}
 *
 * in this order and without spaces, and this one does. Read is any order, strictly otherwise.
 */

#include "base/error.h"
#include "tacit/arena.h"
#include "tacit/bytes.h"

#define TACIT_JWE_MAX (2 * 1024 * 1024) /* characters */
#define TACIT_JWE_IV  12
#define TACIT_JWE_TAG 16

enum tacit_jwe_alg {
	TACIT_JWE_NONE,
	TACIT_JWE_ECDH_ES_A256KW,
	TACIT_JWE_RSA_OAEP_256,
};

enum tacit_jwe_curve { TACIT_JWE_NO_CURVE, TACIT_JWE_P256, TACIT_JWE_P521 };

/* A public key, as "tee-pubkey" or "epk". Slices lie in the arena. */
struct tacit_jwe_key {
	enum tacit_jwe_alg alg; /* NONE for an epk */
	enum tacit_jwe_curve curve;
	struct tacit_slice point;             /* uncompressed */
	struct tacit_slice modulus, exponent; /* of RSA, without leading zeros */
};

struct tacit_jwe {
	enum tacit_jwe_alg alg;
	struct tacit_slice protected_text; /* as transmitted: the associated data */
	struct tacit_jwe_key epk;          /* of ECDH-ES alone */
	struct tacit_slice encrypted_key, iv, ciphertext, tag;
};

/*
 * Reads a key; an "alg" that is not offered (RSA1_5 is not), or not for that key, is refused. A
 * private part is not taken. Errors: TACIT_FORMAT, TACIT_UNSUPPORTED, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_key_parse(struct tacit_slice json,
						       struct tacit_arena *arena,
						       struct tacit_jwe_key *ret,
						       struct tacit_error *err);

/* Reads a message. Errors: TACIT_FORMAT; TACIT_UNSUPPORTED for other algorithms; TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_parse(struct tacit_slice text,
						   struct tacit_arena *arena, struct tacit_jwe *ret,
						   struct tacit_error *err);

/*
 * The protected header of jwe->alg and jwe->epk as it is transmitted, in the arena. Errors:
 * TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_protect(const struct tacit_jwe *jwe,
						     struct tacit_arena *arena,
						     struct tacit_slice *ret,
						     struct tacit_error *err);

/* The whole message, in the arena. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_jwe_write(const struct tacit_jwe *jwe,
						   struct tacit_arena *arena,
						   struct tacit_slice *ret,
						   struct tacit_error *err);

#endif
