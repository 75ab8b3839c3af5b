/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What attestation adds to one request with 1 KB of prompt and 1 KB of answer: opening and
 * sealing a TLS record each, hashing both, and the receipt.
 */

#include <string.h>

#include "bench.h"
#include "claims.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define BODY 1024

struct setup {
	struct tacit_receipt_key *key;
	struct tacit_receipt_claims claims;
	uint8_t record_key[16], nonce[12], body[BODY], sealed[BODY + TACIT_AEAD_TAG_LEN];
	uint8_t room[2048];
};

static void need(enum tacit_status status)
{
	if (status != TACIT_OK) {
		fprintf(stderr, "bench: %s\n", tacit_status_text(status));
		exit(70);
	}
}

static void nothing(void *user)
{
	__asm__ __volatile__("" : : "r"(user) : "memory");
}

static void records(void *user)
{
	struct setup *s = user;
	struct tacit_slice none = { NULL, 0 };
	struct tacit_slice key = TACIT_SLICE_ARRAY(s->record_key);
	struct tacit_slice nonce = TACIT_SLICE_ARRAY(s->nonce);

	need(tacit_aead_seal(TACIT_AES_128_GCM, key, nonce, none, TACIT_SLICE_ARRAY(s->body),
			     tacit_mut_of(s->sealed, sizeof(s->sealed)), NULL));
	need(tacit_aead_open(TACIT_AES_128_GCM, key, nonce, none, TACIT_SLICE_ARRAY(s->sealed),
			     tacit_mut_of(s->body, sizeof(s->body)), NULL));
}

static void hashes(void *user)
{
	struct setup *s = user;

	need(tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(s->body), s->claims.request_hash, NULL));
	need(tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(s->body), s->claims.response_hash, NULL));
}

static void receipt(void *user)
{
	struct setup *s = user;
	struct tacit_slice out;

	need(tacit_receipt_issue(&s->claims, s->key, tacit_mut_of(s->room, sizeof(s->room)), &out,
				 NULL));
}

static void all(void *user)
{
	records(user);
	hashes(user);
	receipt(user);
}

static void print(const char *name, void (*work)(void *), struct setup *s)
{
	struct bench_pair p = bench_against(nothing, work, s, 2000);

	printf("%-34s %9.2f us\n", name, p.ours * 1e6);
}

int main(void)
{
	static struct setup s;

	need(bench_key(&s.key));
	bench_claims(&s.claims);
	print("two TLS records of 1 KB", records, &s);
	print("two hashes of 1 KB", hashes, &s);
	print("receipt", receipt, &s);
	print("all that a request costs more", all, &s);
	tacit_receipt_key_free(s.key);
	return 0;
}
