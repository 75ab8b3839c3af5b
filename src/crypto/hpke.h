/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_HPKE_H
#define TACIT_CRYPTO_HPKE_H

/*
 * HPKE [RFC 9180], modes base, psk, auth and auth_psk, over the seam's own primitives (OpenSSL
 * 3.0 has no HPKE). KEMs: DHKEM(X25519, HKDF-SHA256) and DHKEM(P-256, HKDF-SHA256). One context
 * seals or opens in order; the sequence number refuses to wrap.
 */

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"

enum tacit_hpke_kem {
	TACIT_HPKE_P256_SHA256 = 0x0010,
	TACIT_HPKE_X25519_SHA256 = 0x0020,
};

enum tacit_hpke_kdf {
	TACIT_HPKE_HKDF_SHA256 = 0x0001,
	TACIT_HPKE_HKDF_SHA384 = 0x0002,
	TACIT_HPKE_HKDF_SHA512 = 0x0003,
};

enum tacit_hpke_aead {
	TACIT_HPKE_AES_128_GCM = 0x0001,
	TACIT_HPKE_AES_256_GCM = 0x0002,
	TACIT_HPKE_CHACHA20_POLY1305 = 0x0003,
	TACIT_HPKE_EXPORT_ONLY = 0xffff,
};

struct tacit_hpke_suite {
	enum tacit_hpke_kem kem;
	enum tacit_hpke_kdf kdf;
	enum tacit_hpke_aead aead;
};

/*
 * What the modes add: psk (32 bytes or more [RFC 9180 9.5]) and psk_id together or neither; auth
 * key (ours, or the sender's). All absent is mode base with an empty info.
 */
struct tacit_hpke_options {
	struct tacit_slice info;
	struct tacit_slice psk, psk_id;
	const struct tacit_key *sender_private; /* sender side of auth modes */
	struct tacit_slice sender_public;       /* receiver side of auth modes */
	const struct tacit_key *ephemeral;      /* known answers only; NULL makes a fresh key */
};

#define TACIT_HPKE_ENC_MAX 65

/* A context goes one way: both ends hold the same key and would reuse its nonces. */
enum tacit_hpke_role {
	TACIT_HPKE_NOBODY,
	TACIT_HPKE_SENDER,
	TACIT_HPKE_RECEIVER,
};

struct tacit_hpke {
	enum tacit_hpke_role role;
	struct tacit_hpke_suite suite;
	struct tacit_secret key, base_nonce, exporter;
	uint64_t sequence;
};

/* Bytes of an encapsulated key, which is as long as a public key; 0 for an unknown KEM. */
size_t tacit_hpke_enc_len(enum tacit_hpke_kem kem);

/*
 * DeriveKeyPair [RFC 9180 7.1.3]: the private key of a KEM from at least 32 bytes of keying
 * material. Owns: the caller frees the key.
 */
TACIT_MUST_CHECK enum tacit_status tacit_hpke_derive(enum tacit_hpke_kem kem,
						     struct tacit_slice ikm,
						     struct tacit_key **ret_key,
						     struct tacit_error *err);

/*
 * Starts the sender; writes tacit_hpke_enc_len() bytes to `ret_enc`. `options` may be NULL.
 * Errors: TACIT_FORMAT for a public key that is none, TACIT_USAGE for options that do not fit.
 */
TACIT_MUST_CHECK enum tacit_status tacit_hpke_send(struct tacit_hpke *context,
						   struct tacit_hpke_suite suite,
						   struct tacit_slice recipient_public,
						   const struct tacit_hpke_options *options,
						   uint8_t *ret_enc, struct tacit_error *err);

/* Starts the receiver. `options` may be NULL. Errors: as for the sender. */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_receive(struct tacit_hpke *context, struct tacit_hpke_suite suite,
		   const struct tacit_key *recipient, struct tacit_slice enc,
		   const struct tacit_hpke_options *options, struct tacit_error *err);

/*
 * Seals the next message: `out` is plaintext.len + 16 bytes. Errors: TACIT_USAGE on a receiver
 * or an export-only suite, TACIT_LIMIT when the sequence number is used up.
 */
TACIT_MUST_CHECK enum tacit_status tacit_hpke_seal(struct tacit_hpke *context,
						   struct tacit_slice aad,
						   struct tacit_slice plaintext,
						   struct tacit_mut out, struct tacit_error *err);

/*
 * Opens the next message; a failure does not advance the sequence number. Errors:
 * TACIT_SIGNATURE when it does not open; otherwise as for sealing.
 */
TACIT_MUST_CHECK enum tacit_status tacit_hpke_open(struct tacit_hpke *context,
						   struct tacit_slice aad,
						   struct tacit_slice sealed, struct tacit_mut out,
						   struct tacit_error *err);

/* The secret export interface [RFC 9180 5.3]; works at both ends. */
TACIT_MUST_CHECK enum tacit_status tacit_hpke_export(const struct tacit_hpke *context,
						     struct tacit_slice label, struct tacit_mut out,
						     struct tacit_error *err);

/* Wipes; safe on a zeroed context. */
void tacit_hpke_done(struct tacit_hpke *context);

#endif
