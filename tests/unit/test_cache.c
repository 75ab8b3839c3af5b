/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

static _Alignas(max_align_t) uint8_t room[TACIT_CACHE_TYPICAL];

static struct tacit_cache_entry entry_of(uint64_t number)
{
	struct tacit_cache_entry entry;

	if (!tacit_cache_key(0, tacit_slice_of(&number, sizeof(number)), tacit_slice_of(NULL, 0),
			     tacit_slice_of(NULL, 0), &entry))
		abort();
	return entry;
}

static void test_sizes(void)
{
	size_t least = 0;

	ok(!tacit_cache_init(NULL, sizeof(room)), "no room");
	ok(!tacit_cache_init(room, 0), "no bytes");
	while (least < sizeof(room) && !tacit_cache_init(room, least))
		least++;
	ok(least > 0 && least < 256, "the smallest has %zu bytes", least);

	/* A block of its exact size, so that a sanitizer sees the first byte beyond. */
	for (size_t size = least; size < least + 400; size += 8) {
		void *block = malloc(size);
		struct tacit_cache *cache = tacit_cache_init(block, size);

		for (uint64_t i = 0; cache && i < 64; i++) {
			struct tacit_cache_entry entry = entry_of(i);

			tacit_cache_add(cache, &entry);
			if (!tacit_cache_has(cache, &entry))
				ok(false, "an entry just added is there");
		}
		free(block);
	}
	ok(true, "small caches work");
}

static void test_bounded(void)
{
	struct tacit_cache *cache = tacit_cache_init(room, sizeof(room));
	struct tacit_cache_entry zero = { { 0 } };
	size_t there = 0;

	ok(!tacit_cache_has(cache, &zero), "an empty cache has not even zeros");
	for (uint64_t i = 0; i < 20000; i++) {
		struct tacit_cache_entry entry = entry_of(i);

		if (tacit_cache_has(cache, &entry))
			ok(false, "not there before it is added");
		tacit_cache_add(cache, &entry);
	}
	for (uint64_t i = 0; i < 20000; i++) {
		struct tacit_cache_entry entry = entry_of(i);

		there += tacit_cache_has(cache, &entry);
	}
	ok(there > 2000 && there < 4000, "old ones gave way (%zu of 20000 are there)", there);
	cache = tacit_cache_init(room, sizeof(room));
	struct tacit_cache_entry last = entry_of(19999);
	ok(!tacit_cache_has(cache, &last), "a new start forgets");
}

/* No two different signatures may share a key, whatever moves between their parts. */
static void test_unambiguous(void)
{
	static const struct {
		unsigned alg;
		const char *key, *message, *signature;
	} ROWS[] = {
		{ 1, "ab", "cd", "ef" }, { 2, "ab", "cd", "ef" }, { 1, "abc", "d", "ef" },
		{ 1, "a", "bcd", "ef" }, { 1, "ab", "cde", "f" }, { 1, "ab", "c", "def" },
		{ 1, "ab", "ef", "cd" }, { 1, "cd", "ab", "ef" }, { 1, "", "abcd", "ef" },
		{ 1, "abef", "cd", "" }, { 1, "abefcd", "", "" }, { 1, "", "", "abefcd" },
	};
	struct tacit_cache_entry entries[TACIT_ARRAY_LEN(ROWS)];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		ok(tacit_cache_key(ROWS[i].alg, tacit_slice_str(ROWS[i].key),
				   tacit_slice_str(ROWS[i].message),
				   tacit_slice_str(ROWS[i].signature), &entries[i]),
		   "key %zu", i);
		for (size_t k = 0; k < i; k++) {
			if (memcmp(&entries[i], &entries[k], sizeof(entries[i])) == 0)
				ok(false, "%zu is told from %zu", i, k);
		}
	}
}

/* What the checks of signatures make of it. */
static void test_signatures(void)
{
	struct tacit_cache *cache = tacit_cache_init(room, sizeof(room));
	EVP_PKEY *key = pki_key(PKI_P256);
	struct tacit_slice point = pki_point(key), message = tacit_slice_str("message");
	struct tacit_slice good = pki_sign_raw(key, message);
	struct tacit_cache_entry entry;
	uint8_t bad[64];

	memcpy(bad, good.ptr, sizeof(bad));
	bad[63] ^= 1;
	is_status(
		tacit_trust_signed(TACIT_P256, point, message, TACIT_SLICE_ARRAY(bad), cache, NULL),
		TACIT_SIGNATURE, "a bad signature");
	if (tacit_cache_key(TACIT_SIG_ECDSA_SHA256, point, message, TACIT_SLICE_ARRAY(bad), &entry))
		ok(!tacit_cache_has(cache, &entry), "is not remembered");
	is_status(
		tacit_trust_signed(TACIT_P256, point, message, TACIT_SLICE_ARRAY(bad), cache, NULL),
		TACIT_SIGNATURE, "and stays bad");
	is_status(tacit_trust_signed(TACIT_P256, point, message, good, cache, NULL), TACIT_OK,
		  "a good one");
	if (tacit_cache_key(TACIT_SIG_ECDSA_SHA256, point, message, good, &entry))
		ok(tacit_cache_has(cache, &entry), "is remembered");
	is_status(tacit_trust_signed(TACIT_P256, point, message, good, cache, NULL), TACIT_OK,
		  "and stays good");
	is_status(tacit_trust_signed(TACIT_P256, point, tacit_slice_str("messagf"), good, cache,
				     NULL),
		  TACIT_SIGNATURE, "another message is checked anew");
	is_status(tacit_trust_signed(TACIT_P384, point, message, good, cache, NULL),
		  TACIT_SIGNATURE, "another algorithm is checked anew");
	is_status(tacit_trust_signed(TACIT_P256, pki_point(pki_key(PKI_P256)), message, good, cache,
				     NULL),
		  TACIT_SIGNATURE, "another key is checked anew");

	/* What the cache says is believed: a planted entry answers for a signature. */
	if (tacit_cache_key(TACIT_SIG_ECDSA_SHA256, point, message, TACIT_SLICE_ARRAY(bad), &entry))
		tacit_cache_add(cache, &entry);
	is_status(
		tacit_trust_signed(TACIT_P256, point, message, TACIT_SLICE_ARRAY(bad), cache, NULL),
		TACIT_OK, "a hit makes no public-key operation");
}

#define THREADS 4
#define ROUNDS  20000

static struct tacit_cache *shared;

/* Evens are added by all threads into few slots; odds must never be there. */
static void *hammer(void *arg)
{
	uint64_t seed = (uintptr_t)arg * 7919 + 1;
	size_t wrong = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;

		struct tacit_cache_entry entry;
		uint64_t number = seed >> 33;

		for (size_t w = 0; w < TACIT_CACHE_WORDS; w++)
			entry.words[w] = number % 64;
		if (number & 1) {
			/* Words of two entries: what a torn read would find. */
			entry.words[0] = (number % 64) & ~(uint64_t)1;
			wrong += tacit_cache_has(shared, &entry);
		} else {
			tacit_cache_add(shared, &entry);
			(void)tacit_cache_has(shared, &entry);
		}
	}
	return wrong ? arg : NULL;
}

static void test_threads(void)
{
	pthread_t threads[THREADS];
	bool clean = true;

	shared = tacit_cache_init(room, 512);
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, (void *)(i + 1));
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		clean &= wrong == NULL;
	}
	ok(clean, "%d threads at once never find what nobody added", THREADS);
}

int main(void)
{
	test_sizes();
	test_bounded();
	test_unambiguous();
	test_signatures();
	test_threads();
	pki_done();
	return done();
}
