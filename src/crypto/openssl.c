/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/start.h"

static const char MD_NAMES[][TACIT_MD_NAME_MAX] = {
	[TACIT_SHA256] = "SHA2-256",
	[TACIT_SHA384] = "SHA2-384",
	[TACIT_SHA512] = "SHA2-512",
};

static const char *const CIPHER_NAMES[] = {
	[TACIT_AES_128_GCM] = "AES-128-GCM",
	[TACIT_AES_256_GCM] = "AES-256-GCM",
	[TACIT_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

/*
 * Written once under the library's own once-lock and read-only afterwards; held for the life of
 * the process, as the library holds its own tables. Each kind apart: fetching one object makes
 * the library build every object of its kind, and most programs need no cipher.
 */
static CRYPTO_ONCE mds_fetched = CRYPTO_ONCE_STATIC_INIT;
static CRYPTO_ONCE ciphers_fetched = CRYPTO_ONCE_STATIC_INIT;
static CRYPTO_ONCE hmac_fetched = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *mds[TACIT_ARRAY_LEN(MD_NAMES)];
static EVP_CIPHER *ciphers[TACIT_ARRAY_LEN(CIPHER_NAMES)];
static EVP_MAC *hmac;

static void fetch_mds(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(mds); i++)
		mds[i] = EVP_MD_fetch(NULL, MD_NAMES[i], NULL);
}

static void fetch_ciphers(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ciphers); i++)
		ciphers[i] = EVP_CIPHER_fetch(NULL, CIPHER_NAMES[i], NULL);
}

static void fetch_hmac(void)
{
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

const EVP_MD *tacit_openssl_md(enum tacit_hash_alg alg)
{
	if ((size_t)alg >= TACIT_ARRAY_LEN(mds) || !CRYPTO_THREAD_run_once(&mds_fetched, fetch_mds))
		return NULL;
	return mds[alg];
}

const EVP_CIPHER *tacit_openssl_cipher(enum tacit_aead_alg alg)
{
	if ((size_t)alg >= TACIT_ARRAY_LEN(ciphers) ||
	    !CRYPTO_THREAD_run_once(&ciphers_fetched, fetch_ciphers))
		return NULL;
	return ciphers[alg];
}

EVP_MAC *tacit_openssl_hmac(void)
{
	return CRYPTO_THREAD_run_once(&hmac_fetched, fetch_hmac) ? hmac : NULL;
}

OSSL_PARAM tacit_openssl_md_param(enum tacit_hash_alg alg, char room[static TACIT_MD_NAME_MAX])
{
	memcpy(room, MD_NAMES[alg], sizeof(MD_NAMES[alg]));
	return OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, room, 0);
}

enum tacit_status tacit_openssl_fail(struct tacit_error *err, enum tacit_status status,
				     const char *where, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	tacit_fail(err, status, where, 0, reason ? "%s: %s" : "%s", what, reason);
	ERR_clear_error();
	return status;
}

enum tacit_status tacit_crypto_start(struct tacit_error *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return tacit_fail(err, TACIT_INTERNAL, "crypto", 0, "the library does not start");
	return TACIT_OK;
}
