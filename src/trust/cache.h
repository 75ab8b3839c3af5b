/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_CACHE_H
#define TACIT_TRUST_CACHE_H

/* The inside of the cache of tacit/cache.h, for the one file that checks signatures. */

#include "crypto/hash.h"
#include "tacit/cache.h"

#define TACIT_CACHE_WORDS 4

/* Names one signature: a SHA-256, as words. */
struct tacit_cache_entry {
	uint64_t words[TACIT_CACHE_WORDS];
};

/*
 * SHA-256 over algorithm, key, message and signature with all their lengths in front. False when
 * it cannot be had.
 */
bool tacit_cache_key(unsigned alg, struct tacit_slice key, struct tacit_slice message,
		     struct tacit_slice signature, struct tacit_cache_entry *ret);

bool tacit_cache_has(struct tacit_cache *cache, const struct tacit_cache_entry *entry);

/* Only for signatures that verified. */
void tacit_cache_add(struct tacit_cache *cache, const struct tacit_cache_entry *entry);

#endif
