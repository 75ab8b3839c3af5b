/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_ARENA_H
#define TACIT_ARENA_H

/*
 * Memory for lists and verdicts, with a cap.
 *
 * An arena hands out pieces of one block that the caller owns and never gives any back one by
 * one. When it is full the operation fails with TACIT_LIMIT: hostile input cannot make the
 * library grow. Everything handed out lives until the caller reuses or releases the block.
 *
 *     static uint8_t room[TACIT_ARENA_TYPICAL];
 *     struct tacit_arena arena;
 *     tacit_arena_init(&arena, room, sizeof(room));
 */
#include <stddef.h>
#include <stdint.h>

#include "tacit/attr.h"

TACIT_BEGIN

/* Enough for one verdict with its policy. */
#define TACIT_ARENA_TYPICAL 65536

struct tacit_arena {
	uint8_t *base;
	size_t size;
	size_t used;
};

/* Starts an empty arena over `size` bytes at `room`, which stays the caller's. */
TACIT_API void tacit_arena_init(struct tacit_arena *arena, void *room, size_t size);

/* `size` zeroed bytes aligned for any object, or NULL when the arena is full. */
TACIT_API void *tacit_arena_alloc(struct tacit_arena *arena, size_t size);

/* Wipes what was handed out and starts again. */
TACIT_API void tacit_arena_wipe(struct tacit_arena *arena);

TACIT_END

#endif
