/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_ARENA_H
#define TACIT_BASE_ARENA_H

/* Copies into an arena; the arena itself is tacit/arena.h. All return NULL when it is full. */

#include "tacit/arena.h"
#include "tacit/bytes.h"

/* A copy of `bytes`; an empty slice gives a non-NULL pointer. */
void *tacit_arena_copy(struct tacit_arena *arena, struct tacit_slice bytes);

/* A NUL-terminated copy of `text`. */
char *tacit_arena_text(struct tacit_arena *arena, struct tacit_slice text);

/* Formatted text. */
char *tacit_arena_printf(struct tacit_arena *arena, const char *fmt, ...) TACIT_PRINTF(2, 3);

/* `bytes` as lower-case hex text. */
char *tacit_arena_hex(struct tacit_arena *arena, struct tacit_slice bytes);

#endif
