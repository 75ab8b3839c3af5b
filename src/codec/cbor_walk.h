/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_CBOR_WALK_H
#define TACIT_CODEC_CBOR_WALK_H

/*
 * One pass over one CBOR item, level by level on an explicit stack, checking every rule of
 * cbor.h on the way. What skips an item and what prints one are both loops over this; nothing
 * outside the CBOR files needs it.
 */

#include "base/bounds.h"
#include "codec/cbor.h"

enum tacit_cbor_major {
	TACIT_MAJOR_UINT,
	TACIT_MAJOR_NINT,
	TACIT_MAJOR_BYTES,
	TACIT_MAJOR_TEXT,
	TACIT_MAJOR_ARRAY,
	TACIT_MAJOR_MAP,
	TACIT_MAJOR_TAG,
	TACIT_MAJOR_SIMPLE, /* floats and the break too */
};

/* The initial byte and its argument [RFC 8949 3]. */
struct tacit_cbor_head {
	enum tacit_cbor_major major;
	uint8_t info;
	bool indefinite;
	uint64_t value;
	size_t at; /* where the head begins */
};

/* Reads a head and checks its form; all zero when the cursor is or goes bad. */
struct tacit_cbor_head tacit_cbor_take_head(struct tacit_cbor *c);

/* The bytes of a definite string after its head, UTF-8 checked for text. */
struct tacit_slice tacit_cbor_take_string(struct tacit_cbor *c, const struct tacit_cbor_head *head);

/* Marks the cursor bad at `at`, unless it already is. */
void tacit_cbor_complain(struct tacit_cbor *c, size_t at, const char *why);

struct tacit_cbor_level {
	enum tacit_cbor_major major; /* array, map, tag, or the string whose chunks these are */
	bool indefinite;
	uint64_t total; /* items, two for a pair; unused when indefinite */
	uint64_t done;
	size_t key_at; /* where the newest item began */
	struct tacit_cbor_keys keys;
};

enum tacit_cbor_event {
	TACIT_CBOR_LEAF,
	TACIT_CBOR_OPEN,
	TACIT_CBOR_CLOSE,
	TACIT_CBOR_END, /* the whole item was walked, or the cursor is bad */
};

struct tacit_cbor_walk {
	struct tacit_cbor *c;
	size_t depth;                /* open levels; level 0 stands for the item itself */
	struct tacit_cbor_head head; /* of the last LEAF or OPEN */
	struct tacit_slice string;   /* of the last LEAF that was a string */
	struct tacit_cbor_level level[TACIT_NESTING_MAX + 1];
};

void tacit_cbor_walk_init(struct tacit_cbor_walk *walk, struct tacit_cbor *c);

/* After CLOSE, level[depth + 1] is the level that was closed. */
enum tacit_cbor_event tacit_cbor_walk_next(struct tacit_cbor_walk *walk);

#endif
