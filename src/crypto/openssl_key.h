/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_OPENSSL_KEY_H
#define TACIT_CRYPTO_OPENSSL_KEY_H

/* The inside of a key handle, shared by making, loading and using keys. */

#include "crypto/key.h"
#include "crypto/openssl.h"

/*
 * signer and verifier are set up once and copied for each use: setting one up looks algorithms
 * up under locks. Both are read-only after the key is made, so that threads may share a key.
 */
struct tacit_key {
	enum tacit_key_alg alg;
	bool has_private;
	EVP_PKEY *pkey;
	EVP_MD_CTX *signer, *verifier;
	size_t public_len;
	uint8_t public[TACIT_PUBLIC_MAX];
};

/* Makes the handle; takes `pkey` over, also on failure. NULL `pkey` fails with FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_openssl_key_wrap(EVP_PKEY *pkey, bool has_private,
							  struct tacit_key **ret_key,
							  struct tacit_error *err);

/* The library's key for a raw public key, checked to be a point; NULL when it is none. */
EVP_PKEY *tacit_openssl_key_import(enum tacit_key_alg alg, struct tacit_slice raw);

/* "P-256" or "P-384"; NULL for the others. */
const char *tacit_openssl_key_curve(enum tacit_key_alg alg);

/* Bytes of a private scalar or seed. */
size_t tacit_openssl_key_secret_len(enum tacit_key_alg alg);

#endif
