/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many receipts to verify, and what verifying their signatures alone would take.
 *
 *     batch make COUNT FILE       writes that many receipts, one a line; prints their key
 *     batch bare COUNT THREADS    prints seconds for that many bare Ed25519 verifies
 */

#include <openssl/evp.h>
#include <pthread.h>

#include "base/base64.h"
#include "base/hex.h"
#include "bench.h"
#include "claims.h"

#define THREADS_MAX 256

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "batch: %s failed\n", what);
	exit(70);
}

static void make(size_t count, const char *path)
{
	struct tacit_receipt_claims claims = { 0 };
	struct tacit_receipt_key *key;
	uint8_t public_key[32], room[2048];
	char text[4096];
	FILE *out = fopen(path, "w");

	need(out != NULL, path);
	need(bench_key(&key) == TACIT_OK, "key");
	bench_claims(&claims);
	for (size_t i = 0; i < count; i++) {
		struct tacit_slice receipt;

		claims.sequence_number = i + 1;
		need(tacit_receipt_issue(&claims, key, tacit_mut_of(room, sizeof(room)), &receipt,
					 NULL) == TACIT_OK,
		     "issue");
		tacit_base64_encode(TACIT_BASE64URL, receipt, text);
		fprintf(out, "%s\n", text);
	}
	need(fclose(out) == 0, path);
	tacit_receipt_key_public(key, public_key);
	tacit_hex_encode(TACIT_SLICE_ARRAY(public_key), text);
	puts(text);
	tacit_receipt_key_free(key);
}

struct work {
	EVP_PKEY *key;
	size_t count;
	uint8_t message[512], signature[64];
};

static void *verify_all(void *user)
{
	const struct work *w = user;

	for (size_t i = 0; i < w->count; i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();

		need(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, w->key) == 1 &&
			     EVP_DigestVerify(ctx, w->signature, 64, w->message,
					      sizeof(w->message)) == 1,
		     "verify");
		EVP_MD_CTX_free(ctx);
	}
	return NULL;
}

static void bare(size_t count, size_t threads)
{
	struct work w = { .count = count / threads };
	pthread_t thread[THREADS_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(w.signature);

	w.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	need(EVP_DigestSignInit(ctx, NULL, NULL, NULL, w.key) == 1 &&
		     EVP_DigestSign(ctx, w.signature, &len, w.message, sizeof(w.message)) == 1,
	     "sign");
	EVP_MD_CTX_free(ctx);
	double start = bench_now();
	for (size_t i = 0; i < threads; i++)
		need(pthread_create(&thread[i], NULL, verify_all, &w) == 0, "thread");
	for (size_t i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%.6f\n", bench_now() - start);
	EVP_PKEY_free(w.key);
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	if (argc == 4 && strcmp(argv[1], "make") == 0 && count)
		make(count, argv[3]);
	else if (argc == 4 && strcmp(argv[1], "bare") == 0 && threads && threads <= THREADS_MAX)
		bare(count, threads);
	else
		return 2;
	return 0;
}
