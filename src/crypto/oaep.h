/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_OAEP_H
#define TACIT_CRYPTO_OAEP_H

/*
 * RSAES-OAEP with SHA-256 throughout and no label [RFC 8017 7.1], by keys of 2048, 3072 or 4096
 * bits: how AWS KMS wraps a key for an enclave. A key may be used by several threads at once.
 */

#include "base/error.h"

#define TACIT_OAEP_LEN_MAX  512 /* bytes of what a key of 4096 bits wraps */
#define TACIT_OAEP_SPKI_MAX 600 /* its SubjectPublicKeyInfo has 550 bytes */

struct tacit_oaep_key;

/* A fresh private key; takes 0.05 to 2 s. Errors: TACIT_USAGE for other sizes. */
TACIT_MUST_CHECK enum tacit_status tacit_oaep_generate(unsigned bits, struct tacit_oaep_key **ret,
						       struct tacit_error *err);

/* A private key from its DER, PKCS #8 or PKCS #1. Errors: TACIT_FORMAT; TACIT_UNSUPPORTED. */
TACIT_MUST_CHECK enum tacit_status
tacit_oaep_private(struct tacit_slice der, struct tacit_oaep_key **ret, struct tacit_error *err);

/* A public key from its DER SubjectPublicKeyInfo, to the last byte. Errors: as above. */
TACIT_MUST_CHECK enum tacit_status
tacit_oaep_public(struct tacit_slice spki, struct tacit_oaep_key **ret, struct tacit_error *err);

void tacit_oaep_free(struct tacit_oaep_key *key);

/* Bytes of the modulus, and of what is wrapped. */
size_t tacit_oaep_len(const struct tacit_oaep_key *key);

/* Its DER SubjectPublicKeyInfo; lives as long as the key. */
struct tacit_slice tacit_oaep_spki(const struct tacit_oaep_key *key);

/* Writes tacit_oaep_len() bytes. Errors: TACIT_LIMIT when `plain` is too long for the key. */
TACIT_MUST_CHECK enum tacit_status tacit_oaep_seal(const struct tacit_oaep_key *key,
						   struct tacit_slice plain, uint8_t *ret,
						   struct tacit_error *err);

/*
 * Opens what is exactly `out.len` bytes inside; of anything else no byte is left in `out`. Errors:
 * TACIT_SIGNATURE, with one sentence for every cause; TACIT_USAGE without a private key.
 */
TACIT_MUST_CHECK enum tacit_status tacit_oaep_open(const struct tacit_oaep_key *key,
						   struct tacit_slice sealed, struct tacit_mut out,
						   struct tacit_error *err);

#endif
