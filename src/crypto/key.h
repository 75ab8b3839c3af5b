/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_KEY_H
#define TACIT_CRYPTO_KEY_H

/*
 * Signatures and key agreement. Keys are opaque handles; private bytes never leave the seam
 * except through _export_secret into a tacit_secret, which is wiped.
 *
 * Ed25519 is verified under the four rules of AIR draft-02 (stricter than RFC 8032): S < L; A
 * and R decode; neither A nor R is of small order; the cofactorless equation holds. An R that is
 * not canonical (y >= p) never verifies; such an A is taken as it decodes, with its own bytes
 * hashed. Signatures of ECDSA are raw r | s of twice the field length (as in COSE and quotes);
 * high S is accepted.
 *
 * A key may be used by several threads at once.
 */

#include "base/error.h"
#include "base/secret.h"

enum tacit_key_alg {
	TACIT_KEY_NONE,
	TACIT_ED25519, /* public key 32 bytes, signature 64 */
	TACIT_P256,    /* ECDSA with SHA-256; uncompressed point 65 bytes, signature 64 */
	TACIT_P384,    /* ECDSA with SHA-384; uncompressed point 97 bytes, signature 96 */
	TACIT_X25519,  /* agreement only; 32 bytes */
};

#define TACIT_PUBLIC_MAX    97
#define TACIT_SIGNATURE_MAX 96
#define TACIT_SHARED_MAX    48

size_t tacit_key_public_len(enum tacit_key_alg alg);
size_t tacit_key_signature_len(enum tacit_key_alg alg);

struct tacit_key;

/* A fresh private key. */
TACIT_MUST_CHECK enum tacit_status
tacit_key_generate(enum tacit_key_alg alg, struct tacit_key **ret_key, struct tacit_error *err);

/* A private key from its raw bytes (Ed25519 seed, X25519 scalar, big-endian EC scalar). */
TACIT_MUST_CHECK enum tacit_status tacit_key_private(enum tacit_key_alg alg,
						     struct tacit_slice secret,
						     struct tacit_key **ret_key,
						     struct tacit_error *err);

/*
 * A public key from its raw form (Ed25519 and X25519: 32 bytes; EC: uncompressed point, checked
 * to be on the curve). Errors: TACIT_FORMAT when it is not a valid key, which for Ed25519
 * includes keys of small order. Whether 32 bytes decode to a point of Ed25519 is found by the
 * first verification, which then fails: finding out costs a good part of one.
 */
TACIT_MUST_CHECK enum tacit_status tacit_key_public(enum tacit_key_alg alg, struct tacit_slice raw,
						    struct tacit_key **ret_key,
						    struct tacit_error *err);

/*
 * The one private or public key of a PEM text (PKCS #8, SEC 1 or SPKI). Errors: TACIT_UNSUPPORTED
 * for encrypted keys and for types we do not use (RSA); TACIT_FORMAT for a second block and for
 * a private key that does not belong to its public part.
 */
TACIT_MUST_CHECK enum tacit_status tacit_key_pem(struct tacit_slice pem, struct tacit_key **ret_key,
						 struct tacit_error *err);

/*
 * A public key from DER SubjectPublicKeyInfo [RFC 5280 4.1.2.7], to the last byte. Errors:
 * TACIT_UNSUPPORTED for types and forms we do not use (RSA, compressed points).
 */
TACIT_MUST_CHECK enum tacit_status
tacit_key_spki(struct tacit_slice der, struct tacit_key **ret_key, struct tacit_error *err);

void tacit_key_free(struct tacit_key *key);

enum tacit_key_alg tacit_key_alg_of(const struct tacit_key *key);

/* Writes the raw public form; `ret` has room for TACIT_PUBLIC_MAX. */
TACIT_MUST_CHECK enum tacit_status tacit_key_export_public(const struct tacit_key *key,
							   uint8_t *ret, size_t *ret_len,
							   struct tacit_error *err);

/* The raw private bytes, as tacit_key_private takes them. */
TACIT_MUST_CHECK enum tacit_status tacit_key_export_secret(const struct tacit_key *key,
							   struct tacit_secret *ret,
							   struct tacit_error *err);

/* Signs; writes tacit_key_signature_len() bytes. Errors: TACIT_USAGE without a private key. */
TACIT_MUST_CHECK enum tacit_status tacit_key_sign(const struct tacit_key *key,
						  struct tacit_slice message, uint8_t *ret,
						  struct tacit_error *err);

/* Verifies. Errors: TACIT_SIGNATURE, also for a wrong length; TACIT_USAGE for X25519 keys. */
TACIT_MUST_CHECK enum tacit_status tacit_key_verify(const struct tacit_key *key,
						    struct tacit_slice message,
						    struct tacit_slice signature,
						    struct tacit_error *err);

/*
 * X25519 or ECDH (P-256, P-384) of a private key with a raw public one. Refuses an all-zero
 * X25519 result [RFC 7748 6.1]. Errors: TACIT_FORMAT when the peer's key is no good.
 */
TACIT_MUST_CHECK enum tacit_status tacit_key_agree(const struct tacit_key *key,
						   struct tacit_slice peer,
						   struct tacit_secret *ret,
						   struct tacit_error *err);

/* True when the 32 bytes encode an Ed25519 point of small order, canonically or not. */
bool tacit_ed25519_small_order(const uint8_t point[TACIT_AT_LEAST(32)]);

/*
 * The library's own key object (EVP_PKEY *), still owned by `key`: for src/channel alone, which
 * hands it to TLS.
 */
void *tacit_key_native(const struct tacit_key *key);

#endif
