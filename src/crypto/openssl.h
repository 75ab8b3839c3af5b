/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_OPENSSL_H
#define TACIT_CRYPTO_OPENSSL_H

/* What the files of the OpenSSL seam share. Nothing outside src/crypto includes this. */

#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/aead.h"
#include "crypto/hash.h"

/*
 * The algorithm, looked up once per process: OpenSSL 3 looks it up anew on every implicit use,
 * which costs as much as hashing a short message. NULL when the library does not offer it.
 */
const EVP_MD *tacit_openssl_md(enum tacit_hash_alg alg);
const EVP_CIPHER *tacit_openssl_cipher(enum tacit_aead_alg alg);
EVP_MAC *tacit_openssl_hmac(void);

#define TACIT_MD_NAME_MAX 9

/* The parameter that names a known hash to a MAC; points into `room`, as it may not be const. */
OSSL_PARAM tacit_openssl_md_param(enum tacit_hash_alg alg, char room[static TACIT_MD_NAME_MAX]);

/*
 * Raises `status` with `what` and the library's last reason, and empties the library's error
 * queue: what stays in it would be blamed on the next TLS call of this thread.
 */
enum tacit_status tacit_openssl_fail(struct tacit_error *err, enum tacit_status status,
				     const char *where, const char *what);

#endif
