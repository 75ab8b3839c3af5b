/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BINDING_H
#define TACIT_BINDING_H

/*
 * The binding: what one attested boot of a server stands for.
 *
 * A deterministic CBOR map, {1: "tacit/1", 2: nonce, 3: SHA-256 of the TLS key's SPKI,
 * 4: receipt key, 5: HPKE key configuration, 6: [model id, model hash], 7: configuration hash}.
 * Evidence carries it as user data (Nitro, stub) or as its hash inside REPORTDATA (TDX, SNP).
 * Whoever verified the evidence thereby knows which keys speak for that TEE, for which model
 * and under which configuration.
 *
 * Not checked here: whether the values are the expected ones. tacit_verify() compares them with
 * what the caller sees on its own connection (struct tacit_expect in tacit/verify.h).
 */
#include "tacit/bytes.h"
#include "tacit/status.h"

TACIT_BEGIN

#define TACIT_BINDING_PURPOSE "tacit/1"
#define TACIT_BINDING_NONCE_LEN 32
#define TACIT_HPKE_CONFIG_LEN 45 /* RFC 9458 3: id, KEM, X25519 key, two symmetric suites */

struct tacit_binding {
	uint8_t nonce[32];          /* chosen by the client, or a Merkle root over several */
	uint8_t tls_spki[32];       /* SHA-256 of the TLS certificate's SubjectPublicKeyInfo */
	uint8_t receipt_key[32];    /* Ed25519, raw */
	struct tacit_slice hpke_config; /* RFC 9458 key configuration, without length prefix */
	struct tacit_slice model_id;    /* UTF-8, 1 to 256 bytes, no control characters */
	uint8_t model_hash[32];     /* SHA-256 of the model file, or of its manifest */
	uint8_t config_hash[32];    /* SHA-256 of the server's effective configuration */
};

/*
 * Writes the deterministic encoding into `room` (1,024 bytes always suffice).
 * Errors: TACIT_LIMIT when the room is too small; TACIT_FORMAT when a field is out of range.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_binding_encode(const struct tacit_binding *binding, struct tacit_mut room,
		     struct tacit_slice *ret, struct tacit_error *err);

/*
 * Reads exactly one encoding; anything but the deterministic form is refused. Slices in `ret`
 * point into `in`. Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status tacit_binding_parse(struct tacit_slice in,
								 struct tacit_binding *ret,
								 struct tacit_error *err);

/*
 * REPORTDATA for TDX and SNP: SHA-512 of the AIR draft-02 preimage
 * "cyntrisec-tdx-envelope-v2" over (platform, 1, X25519 key, receipt key, nonce, SHA-256 of the
 * encoded binding). `platform` is "tdx" or "snp"; `encoded` are the received bytes.
 * Errors: TACIT_USAGE for another platform; TACIT_FORMAT and TACIT_LIMIT as for parsing.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_binding_report_data(const char *platform, struct tacit_slice encoded,
			  uint8_t ret[TACIT_AT_LEAST(64)], struct tacit_error *err);

TACIT_END

#endif
