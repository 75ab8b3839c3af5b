/* SPDX-License-Identifier: Apache-2.0 */
#include "tacit/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/secret.h"

void tacit_arena_init(struct tacit_arena *arena, void *room, size_t size)
{
	arena->base = room;
	arena->size = room ? size : 0;
	arena->used = 0;
}

void *tacit_arena_alloc(struct tacit_arena *arena, size_t size)
{
	if (arena->size == 0)
		return NULL;

	size_t align = alignof(max_align_t);
	size_t misfit = (size_t)((uintptr_t)(arena->base + arena->used) % align);
	size_t pad = misfit ? align - misfit : 0;
	size_t left = arena->size - arena->used;

	if (pad > left || size > left - pad)
		return NULL;
	uint8_t *piece = arena->base + arena->used + pad;
	arena->used += pad + size;
	memset(piece, 0, size);
	return piece;
}

void tacit_arena_wipe(struct tacit_arena *arena)
{
	tacit_wipe(arena->base, arena->used);
	arena->used = 0;
}
