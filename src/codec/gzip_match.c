/* SPDX-License-Identifier: Apache-2.0 */

/* Earlier text that comes again: places with the same three bytes, the newest first. */

#include "codec/gzip.h"

#define MATCH_MIN 3u
#define MATCH_MAX 258u
#define FAR       4096u /* three bytes from further away cost more than they save */
#define CHAIN     64    /* places that are tried */
#define ENOUGH    128u  /* a match that long is taken at once */

static uint32_t hash(const uint8_t *p)
{
	uint32_t three = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;

	return three * 0x9e3779b1u >> (32 - TACIT_GZIP_HASH_BITS);
}

void tacit_gzip_match_insert(struct tacit_gzip_write *w, size_t at)
{
	if (w->have - at < MATCH_MIN)
		return;
	uint32_t place = w->base + (uint32_t)at, *newest = &w->newest[hash(w->room + at)];

	w->older[place % TACIT_GZIP_WINDOW] = *newest;
	*newest = place + 1;
}

static uint32_t equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t max)
{
	uint32_t len = 0;

	for (; max - len >= 8; len += 8) {
		if (memcmp(a + len, b + len, 8) != 0)
			break;
	}
	while (len < max && a[len] == b[len])
		len++;
	return len;
}

struct tacit_gzip_match tacit_gzip_match_find(const struct tacit_gzip_write *w, size_t at)
{
	struct tacit_gzip_match best = { 0, 0 };
	uint32_t max = w->have - at < MATCH_MAX ? (uint32_t)(w->have - at) : MATCH_MAX;

	if (max < MATCH_MIN)
		return best;
	const uint8_t *here = w->room + at;
	uint32_t place = w->base + (uint32_t)at, older = w->newest[hash(here)], last = 0;

	/* Places are older from one to the next, or what the chain holds is another chain's. */
	for (unsigned i = 0; i < CHAIN && older; i++) {
		uint32_t distance = place - (older - 1);

		if (distance <= last || distance > TACIT_GZIP_WINDOW || distance > at)
			break;
		last = distance;
		const uint8_t *there = here - distance;
		if (here[best.len] == there[best.len]) {
			uint32_t len = equal_bytes(here, there, max);

			if (len > best.len && (len > MATCH_MIN || distance <= FAR))
				best = (struct tacit_gzip_match){ len, distance };
			if (best.len >= ENOUGH || best.len == max)
				break;
		}
		older = w->older[(older - 1) % TACIT_GZIP_WINDOW];
	}
	return best.len >= MATCH_MIN ? best : (struct tacit_gzip_match){ 0, 0 };
}
