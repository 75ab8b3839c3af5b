/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cache.h"

#include <stdatomic.h>

/*
 * A table of sets of four. Each slot is guarded by a count that is odd while somebody writes: a
 * reader who sees it odd, or changed, has seen nothing; a writer who finds it odd goes away. So
 * nobody waits, and no half-written entry is ever believed. The words are atomic with acquire and
 * release, which keeps them between the two looks at the count.
 */
#define WAYS 4

struct slot {
	atomic_uint_least64_t count;
	atomic_uint_least64_t words[TACIT_CACHE_WORDS];
};

struct tacit_cache {
	size_t sets;
	struct slot slots[];
};

struct tacit_cache *tacit_cache_init(void *room, size_t size)
{
	struct tacit_cache *cache = room;

	if (!room || size < sizeof(*cache) + WAYS * sizeof(struct slot))
		return NULL;
	cache->sets = (size - sizeof(*cache)) / (WAYS * sizeof(struct slot));
	for (size_t i = 0; i < cache->sets * WAYS; i++) {
		struct slot *slot = &cache->slots[i];

		atomic_init(&slot->count, 0);
		for (size_t w = 0; w < TACIT_CACHE_WORDS; w++)
			atomic_init(&slot->words[w], 0);
	}
	return cache;
}

static void put_length(uint8_t out[static 8], size_t len)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)len >> 8 * i);
}

bool tacit_cache_key(unsigned alg, struct tacit_slice key, struct tacit_slice message,
		     struct tacit_slice signature, struct tacit_cache_entry *ret)
{
	uint8_t head[8 * 4], digest[TACIT_SHA256_LEN];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(head), key, signature, message };

	put_length(head, alg);
	put_length(head + 8, key.len);
	put_length(head + 16, signature.len);
	put_length(head + 24, message.len);
	if (tacit_hash_parts(TACIT_SHA256, parts, 4, digest, NULL) != TACIT_OK)
		return false;
	memcpy(ret->words, digest, sizeof(digest));
	return true;
}

static struct slot *set_of(struct tacit_cache *cache, const struct tacit_cache_entry *entry)
{
	return &cache->slots[entry->words[0] % cache->sets * WAYS];
}

static bool slot_holds(struct slot *slot, const struct tacit_cache_entry *entry)
{
	uint64_t before = atomic_load_explicit(&slot->count, memory_order_acquire);
	bool same = true;

	/* 0: never written, and not the entry whose words are all zero. */
	if (before == 0 || before & 1)
		return false;
	for (size_t w = 0; w < TACIT_CACHE_WORDS; w++)
		same &= atomic_load_explicit(&slot->words[w], memory_order_acquire) ==
			entry->words[w];
	return same && atomic_load_explicit(&slot->count, memory_order_relaxed) == before;
}

bool tacit_cache_has(struct tacit_cache *cache, const struct tacit_cache_entry *entry)
{
	struct slot *set = set_of(cache, entry);

	for (size_t i = 0; i < WAYS; i++) {
		if (slot_holds(&set[i], entry))
			return true;
	}
	return false;
}

/* An empty slot of the set, or the one that the entry itself picks. */
static struct slot *pick_slot(struct slot *set, const struct tacit_cache_entry *entry)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].count, memory_order_relaxed) == 0)
			return &set[i];
	}
	return &set[entry->words[1] % WAYS];
}

void tacit_cache_add(struct tacit_cache *cache, const struct tacit_cache_entry *entry)
{
	struct slot *slot = pick_slot(set_of(cache, entry), entry);
	uint64_t count = atomic_load_explicit(&slot->count, memory_order_relaxed);

	if (count & 1 ||
	    !atomic_compare_exchange_strong_explicit(&slot->count, &count, count + 1,
						     memory_order_acq_rel, memory_order_relaxed))
		return;
	for (size_t w = 0; w < TACIT_CACHE_WORDS; w++)
		atomic_store_explicit(&slot->words[w], entry->words[w], memory_order_release);
	atomic_store_explicit(&slot->count, count + 2, memory_order_release);
}
