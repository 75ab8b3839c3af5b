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
#include "signatures.h"

#define BARE_MAX 24

struct bare_check {
	EVP_PKEY *key; /* the public half, made by bare_keys() */
	enum tacit_sig_alg alg;
	bool raw;             /* of a document, report or JSON, not of a certificate or list */
	const uint8_t *place; /* the message where the verifier had it */
	struct tacit_slice message; /* in `copy` */
	uint8_t *copy;
	uint8_t spki[600], signature[512];
	size_t spki_len, len;
};

static struct {
	struct bare_check check[BARE_MAX];
	size_t count;
} bare;

static inline struct bare_check *bare_record(enum tacit_sig_alg alg, struct tacit_slice spki,
					     struct tacit_slice message,
					     struct tacit_slice signature)
{
	struct bare_check *c = &bare.check[bare.count];

	for (size_t i = 0; i < bare.count; i++)
		if (tacit_slice_eq(bare.check[i].message, message))
			return &bare.check[i];
	if (bare.count == BARE_MAX || spki.len > sizeof(c->spki) ||
	    signature.len > sizeof(c->signature))
		bench_die("recording");
	c->copy = malloc(message.len);
	if (!c->copy)
		bench_die("memory");
	c->alg = alg;
	c->place = message.ptr;
	c->message = tacit_slice_of(memcpy(c->copy, message.ptr, message.len), message.len);
	memcpy(c->spki, spki.ptr, c->spki_len = spki.len);
	memcpy(c->signature, signature.ptr, c->len = signature.len);
	bare.count++;
	return c;
}

static inline void bare_record_der(const struct tacit_cert *signer, enum tacit_sig_alg alg,
				   struct tacit_slice message, struct tacit_slice signature)
{
	bare_record(alg, signer->spki, message, signature);
}

/* From a point and r | s. */
static inline void bare_record_raw(enum tacit_key_alg alg, struct tacit_slice key,
				   struct tacit_slice message, struct tacit_slice signature)
{
	static const uint8_t P256[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
	static const uint8_t P384[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
					0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };
	struct tacit_slice head =
		alg == TACIT_P256 ? TACIT_SLICE_ARRAY(P256) : TACIT_SLICE_ARRAY(P384);
	int half = (int)signature.len / 2;
	uint8_t spki[sizeof(P256) + TACIT_PUBLIC_MAX], der[128], *at = der;
	ECDSA_SIG *sig = ECDSA_SIG_new();

	memcpy(spki, head.ptr, head.len);
	memcpy(spki + head.len, key.ptr, key.len);
	ECDSA_SIG_set0(sig, BN_bin2bn(signature.ptr, half, NULL),
		       BN_bin2bn(signature.ptr + half, half, NULL));
	int len = i2d_ECDSA_SIG(sig, &at);
	ECDSA_SIG_free(sig);
	bare_record(alg == TACIT_P256 ? TACIT_SIG_ECDSA_SHA256 : TACIT_SIG_ECDSA_SHA384,
		    tacit_slice_of(spki, head.len + key.len), message,
		    tacit_slice_of(der, (size_t)len))
		->raw = true;
}

static inline void bare_keys(void)
{
	for (size_t i = 0; i < bare.count; i++) {
		const uint8_t *at = bare.check[i].spki;

		bare.check[i].key = d2i_PUBKEY(NULL, &at, (long)bare.check[i].spki_len);
		if (!bare.check[i].key)
			bench_die("bare key");
	}
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
