/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_HPKE_KEM_H
#define TACIT_CRYPTO_HPKE_KEM_H

/* DHKEM [RFC 9180 4.1], the key encapsulation under HPKE. For hpke.c alone. */

#include "crypto/hpke.h"
#include "crypto/hpke_label.h"

/* TACIT_KEY_NONE for an unknown KEM. */
enum tacit_key_alg tacit_hpke_kem_key_alg(enum tacit_hpke_kem kem);

/* The labels of the KEM's own suite_id. */
struct tacit_hpke_labels tacit_hpke_kem_labels(enum tacit_hpke_kem kem);

/* Encap, or AuthEncap unless `sender` is NULL; enc is the public part of `ephemeral`. */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_kem_encapsulate(enum tacit_hpke_kem id, const struct tacit_key *ephemeral,
			   struct tacit_slice recipient, const struct tacit_key *sender,
			   struct tacit_secret *ret_shared, struct tacit_error *err);

/* Decap, or AuthDecap unless `sender` is empty. */
TACIT_MUST_CHECK enum tacit_status
tacit_hpke_kem_decapsulate(enum tacit_hpke_kem id, const struct tacit_key *recipient,
			   struct tacit_slice enc, struct tacit_slice sender,
			   struct tacit_secret *ret_shared, struct tacit_error *err);

#endif
