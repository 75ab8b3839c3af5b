/* SPDX-License-Identifier: Apache-2.0 */

/* A receipt against the bare Ed25519 operation of OpenSSL under it, in the same run. */

#include <openssl/evp.h>
#include <string.h>

#include "bench.h"
#include "claims.h"

struct setup {
	struct tacit_receipt_key *key;
	struct tacit_receipt_verifier *verifier;
	struct tacit_receipt_claims claims;
	uint8_t room[2048];
	struct tacit_slice receipt;
	struct tacit_slice message; /* as long as what the receipt's signature covers */
	EVP_PKEY *bare;
	EVP_PKEY *bare_public;
	uint8_t signature[64];
};

static void bare_sign(void *user)
{
	struct setup *s = user;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(s->signature);

	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->bare) != 1 ||
	    EVP_DigestSign(ctx, s->signature, &len, s->message.ptr, s->message.len) != 1)
		bench_die("bare sign");
	EVP_MD_CTX_free(ctx);
}

static void bare_verify(void *user)
{
	struct setup *s = user;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, s->bare_public) != 1 ||
	    EVP_DigestVerify(ctx, s->signature, 64, s->message.ptr, s->message.len) != 1)
		bench_die("bare verify");
	EVP_MD_CTX_free(ctx);
}

static void issue(void *user)
{
	struct setup *s = user;

	if (tacit_receipt_issue(&s->claims, s->key, tacit_mut_of(s->room, sizeof(s->room)),
				&s->receipt, NULL) != TACIT_OK)
		bench_die("issue");
}

static void verify(void *user)
{
	struct setup *s = user;
	struct tacit_receipt_expect expect = { .verifier = s->verifier };
	struct tacit_receipt_verdict verdict = { 0 };

	if (tacit_receipt_verify(s->receipt, &expect, &verdict, NULL) != TACIT_OK)
		bench_die("verify");
}

static void prepare(struct setup *s)
{
	uint8_t seed[32], public_key[32];

	memset(seed, 7, sizeof(seed));
	bench_claims(&s->claims);
	s->bare = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	if (bench_key(&s->key) != TACIT_OK || !s->bare)
		bench_die("keys");
	tacit_receipt_key_public(s->key, public_key);
	size_t len = sizeof(public_key);
	if (tacit_receipt_verifier_new(TACIT_SLICE_ARRAY(public_key), &s->verifier, NULL) !=
	    TACIT_OK)
		bench_die("verifier");
	if (EVP_PKEY_get_raw_public_key(s->bare, seed, &len) != 1)
		bench_die("public key");
	s->bare_public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, seed, len);
	issue(s);
	s->message = tacit_slice_of(s->receipt.ptr, s->receipt.len - 64);
}

int main(void)
{
	static struct setup s;

	prepare(&s);
	bench_print("receipt sign + encode", bench_against(bare_sign, issue, &s, 2000), 1.3);
	bench_print("receipt verify", bench_against(bare_verify, verify, &s, 1000), 1.3);
	tacit_receipt_key_free(s.key);
	tacit_receipt_verifier_free(s.verifier);
	EVP_PKEY_free(s.bare);
	EVP_PKEY_free(s.bare_public);
	return 0;
}
