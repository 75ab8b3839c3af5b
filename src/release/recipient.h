/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_RECIPIENT_H
#define TACIT_RELEASE_RECIPIENT_H

/*
 * The one that AWS KMS (or a broker that speaks as it does) seals plaintext for: an RSA key that
 * is made here, never leaves the process, and whose public half an attestation document carries.
 * One per process is enough; making it takes up to 2 s and so begins ahead of need, on a thread
 * of its own.
 *
 *     tacit_recipient_new(2048, &recipient, &err);
 *     ...
 *     tacit_recipient_spki(recipient, &request.public_key, &err);
 *     ... attest, ask KMS ...
 *     tacit_recipient_open(recipient, ciphertext_for_recipient, room, &plain, &err);
 *
 * Not checked here: who sealed it. Anybody can, who has seen the public key; that it was KMS is
 * what the TLS connection to KMS says.
 */

#include "base/error.h"
#include "codec/cms.h"

#define TACIT_RECIPIENT_BITS 2048 /* as AWS's documents have it; 3072 and 4096 work, too */

struct tacit_recipient;
struct tacit_oaep_key;

/* Begins to make the key. Errors: TACIT_USAGE for a size that KMS does not take; TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_recipient_new(unsigned bits, struct tacit_recipient **ret,
						       struct tacit_error *err);

/* With a key that there is already; takes it over, also on failure. */
TACIT_MUST_CHECK enum tacit_status tacit_recipient_with(struct tacit_oaep_key *key,
							struct tacit_recipient **ret,
							struct tacit_error *err);

/* Waits for the key; the DER SubjectPublicKeyInfo lives as long as the recipient. */
TACIT_MUST_CHECK enum tacit_status tacit_recipient_spki(struct tacit_recipient *recipient,
							struct tacit_slice *ret,
							struct tacit_error *err);

/*
 * Opens a CiphertextForRecipient into `room`, which needs the length of the ciphertext (`cms.len`
 * is always enough); on failure nothing is left in it. Several threads may open at once. Errors:
 * TACIT_FORMAT and TACIT_UNSUPPORTED for what is not in KMS's shape, TACIT_BINDING when it is for
 * another key, TACIT_SIGNATURE when it does not open, TACIT_LIMIT for a room that is too small.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_recipient_open(struct tacit_recipient *recipient, struct tacit_slice cms,
		     struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* Waits for the key if it is still being made; wipes it. NULL is fine. */
void tacit_recipient_free(struct tacit_recipient *recipient);

/*
 * The other side: seals `plain` for the key in `spki`, as KMS does, with a fresh key and iv.
 * `in_pieces` is KMS's usual form. Errors: TACIT_FORMAT and TACIT_UNSUPPORTED for a key that
 * cannot be used, TACIT_LIMIT for too little room (plain.len + 1024 is always enough).
 */
TACIT_MUST_CHECK enum tacit_status
tacit_recipient_seal(struct tacit_slice spki, struct tacit_slice plain, bool in_pieces,
		     struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

#endif
