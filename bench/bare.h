/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

/*
 * The signatures under a verdict as OpenSSL's bare operations: recorded as the verdict asks for
 * them, each once however often it is asked for, and then checked alone.
 */

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "bench.h"
#include "crypto/openssl_key.h"
#include "signatures.h"

#define BARE_MAX 24

struct bare_check {
	EVP_PKEY *key;
	enum tacit_sig_alg alg;
	bool raw;             /* of a document, report or JSON, not of a certificate or list */
	const uint8_t *place; /* of the message, where the verifier had it */
	struct tacit_slice message; /* in `copy` */
	uint8_t *copy;
	uint8_t signature[512];
	size_t len;
};

static struct {
	struct bare_check check[BARE_MAX];
	size_t count;
} bare;

/* Takes the key over. */
static inline void bare_record(const struct bare_check *what, struct tacit_slice signature)
{
	struct bare_check *c = &bare.check[bare.count];

	for (size_t i = 0; i < bare.count; i++) {
		if (tacit_slice_eq(bare.check[i].message, what->message)) {
			EVP_PKEY_free(what->key);
			return;
		}
	}
	if (bare.count == BARE_MAX || !what->key || signature.len > sizeof(c->signature))
		bench_die("recording");
	*c = *what;
	c->copy = malloc(c->message.len);
	if (!c->copy)
		bench_die("memory");
	c->place = c->message.ptr;
	c->message.ptr = memcpy(c->copy, c->place, c->message.len);
	memcpy(c->signature, signature.ptr, c->len = signature.len);
	bare.count++;
}

static inline void bare_record_der(const struct tacit_cert *signer, enum tacit_sig_alg alg,
				   struct tacit_slice message, struct tacit_slice signature)
{
	const uint8_t *at = signer->spki.ptr;
	struct bare_check what = { .alg = alg, .message = message };

	what.key = d2i_PUBKEY(NULL, &at, (long)signer->spki.len);
	bare_record(&what, signature);
}

/* From a point and r | s. */
static inline void bare_record_raw(enum tacit_key_alg alg, struct tacit_slice key,
				   struct tacit_slice message, struct tacit_slice signature)
{
	struct bare_check what = { .raw = true, .message = message };
	int half = (int)signature.len / 2;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	uint8_t der[128], *at = der;

	ECDSA_SIG_set0(sig, BN_bin2bn(signature.ptr, half, NULL),
		       BN_bin2bn(signature.ptr + half, half, NULL));
	int len = i2d_ECDSA_SIG(sig, &at);
	ECDSA_SIG_free(sig);
	what.alg = alg == TACIT_P256 ? TACIT_SIG_ECDSA_SHA256 : TACIT_SIG_ECDSA_SHA384;
	what.key = tacit_openssl_key_import(alg, key);
	bare_record(&what, tacit_slice_of(der, (size_t)len));
}

/* What `work` has checked; its signatures count as good when `signatures.stubbed` says so. */
static inline void bare_of(void (*work)(void *user), void *user)
{
	signatures.raw = bare_record_raw;
	signatures.der = bare_record_der;
	work(user);
	signatures.raw = NULL;
	signatures.der = NULL;
}

static inline void bare_run(const struct bare_check *c)
{
	const EVP_MD *hash = c->alg == TACIT_SIG_ECDSA_SHA256 ? EVP_sha256() : EVP_sha384();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	bool good = EVP_DigestVerifyInit(ctx, &pctx, hash, NULL, c->key) == 1;
	if (c->alg == TACIT_SIG_PSS_SHA384)
		good &= EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 48) == 1;
	if (!good ||
	    EVP_DigestVerify(ctx, c->signature, c->len, c->message.ptr, c->message.len) != 1)
		bench_die("bare check");
	EVP_MD_CTX_free(ctx);
}

/* Every signature: what no verdict without a cache can spare. */
static inline void bare_cold(void *user)
{
	(void)user;
	for (size_t i = 0; i < bare.count; i++)
		bare_run(&bare.check[i]);
}

/* Those of a document or report itself: what is left where the chain is known. */
static inline void bare_warm(void *user)
{
	(void)user;
	for (size_t i = 0; i < bare.count; i++)
		if (bare.check[i].raw)
			bare_run(&bare.check[i]);
}

static inline void bare_done(void)
{
	for (size_t i = 0; i < bare.count; i++) {
		EVP_PKEY_free(bare.check[i].key);
		free(bare.check[i].copy);
	}
}

#endif
