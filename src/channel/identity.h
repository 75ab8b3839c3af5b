/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_IDENTITY_H
#define TACIT_CHANNEL_IDENTITY_H

/*
 * Who this boot of a server is: three keys that are made in the TEE, never leave it and are
 * never written anywhere. A restart is another identity, so evidence has to be taken anew.
 *
 * What makes them worth anything is the binding in the evidence; see tacit/binding.h.
 */

#include "crypto/key.h"
#include "tacit/binding.h"
#include "tacit/receipt.h"

struct x509_st; /* the TLS library's certificate */

struct tacit_identity {
	struct tacit_key *tls_key;   /* P-256 */
	struct x509_st *certificate; /* self-signed, for tls_key */
	struct tacit_receipt_key *receipt_key;
	struct tacit_key *hpke_key; /* X25519 */
	uint8_t tls_spki[32];       /* SHA-256 of the certificate's SubjectPublicKeyInfo */
	uint8_t receipt_public[32];
	uint8_t hpke_config[TACIT_HPKE_CONFIG_LEN];
};

/* Makes all keys. `now` only dates the certificate. Owns: tacit_identity_done. */
TACIT_MUST_CHECK enum tacit_status tacit_identity_init(struct tacit_identity *ret, int64_t now,
						       struct tacit_error *err);

/* Frees and wipes; safe on a zeroed identity. */
void tacit_identity_done(struct tacit_identity *identity);

/*
 * Fills the fields of a binding that say which keys speak for this boot; the slice points into
 * `identity`. Nonce, model and configuration are the caller's.
 */
void tacit_identity_bind(const struct tacit_identity *identity, struct tacit_binding *ret);

#endif
