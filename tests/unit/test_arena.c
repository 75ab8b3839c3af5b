/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>

#include "tests/tap.h"

static void test_alignment(void)
{
	alignas(max_align_t) uint8_t room[512];
	size_t align = alignof(max_align_t), wrong = 0;

	/* Starting at every offset, after pieces of every small size. */
	for (size_t offset = 0; offset < align; offset++) {
		struct tacit_arena arena;

		tacit_arena_init(&arena, room + offset, sizeof(room) - offset);
		for (size_t size = 0; size < 10; size++) {
			void *piece = tacit_arena_alloc(&arena, size);

			wrong += !piece || (uintptr_t)piece % align != 0;
		}
	}
	ok(wrong == 0, "pieces are aligned to %zu", align);
}

static void test_cap(void)
{
	alignas(max_align_t) uint8_t room[64];
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	ok(tacit_arena_alloc(&arena, 64) == room, "the whole block");
	ok(!tacit_arena_alloc(&arena, 1), "and not a byte more");
	ok(arena.used == 64, "a refusal changes nothing");
	tacit_arena_init(&arena, room, sizeof(room));
	ok(!tacit_arena_alloc(&arena, 65), "a byte more at once");
	ok(!tacit_arena_alloc(&arena, SIZE_MAX) && !tacit_arena_alloc(&arena, SIZE_MAX - 15),
	   "sizes that would wrap");
	ok(tacit_arena_alloc(&arena, 1) && !tacit_arena_alloc(&arena, SIZE_MAX) &&
		   !tacit_arena_alloc(&arena, SIZE_MAX - 15),
	   "nor after padding");
	ok(tacit_arena_alloc(&arena, 64 - alignof(max_align_t)) != NULL, "the rest is still there");
}

static void test_no_room(void)
{
	uint8_t byte = 0;
	struct tacit_arena arena;

	tacit_arena_init(&arena, NULL, 100);
	ok(arena.size == 0 && !tacit_arena_alloc(&arena, 0) && !tacit_arena_alloc(&arena, 1),
	   "no block, no pieces");
	tacit_arena_wipe(&arena);
	ok(arena.used == 0, "nothing to wipe");
	tacit_arena_init(&arena, &byte, 0);
	ok(!tacit_arena_alloc(&arena, 1), "an empty block");
}

static void test_zeroed_and_wiped(void)
{
	alignas(max_align_t) uint8_t room[64];
	struct tacit_arena arena;
	size_t dirty = 0;

	memset(room, 0xaa, sizeof(room));
	tacit_arena_init(&arena, room, sizeof(room));
	uint8_t *piece = tacit_arena_alloc(&arena, 33);
	for (size_t i = 0; i < 33; i++)
		dirty += piece[i];
	ok(dirty == 0 && room[33] == 0xaa, "a piece is zeroed, and no more than it");
	memset(piece, 0x55, 33);
	tacit_arena_wipe(&arena);
	for (size_t i = 0; i < 33; i++)
		dirty += room[i];
	ok(dirty == 0 && arena.used == 0, "wiping clears what was handed out");
	ok(tacit_arena_alloc(&arena, 64) == room, "and starts again");
}

static void test_texts(void)
{
	alignas(max_align_t) uint8_t room[256];
	struct tacit_arena arena;
	static const struct tacit_slice NONE = { NULL, 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	const uint8_t *copy = tacit_arena_copy(&arena, tacit_slice_of("a\0b", 3));
	ok(copy && memcmp(copy, "a\0b", 3) == 0, "copy");
	ok(tacit_arena_copy(&arena, NONE) != NULL, "a copy of nothing is not NULL");
	ok(strcmp(tacit_arena_text(&arena, tacit_slice_of("abc", 2)), "ab") == 0, "text");
	ok(strcmp(tacit_arena_text(&arena, NONE), "") == 0, "text of nothing");
	ok(strcmp(tacit_arena_hex(&arena, tacit_slice_of("\x00\xff", 2)), "00ff") == 0, "hex");
	ok(strcmp(tacit_arena_hex(&arena, NONE), "") == 0, "hex of nothing");
	ok(strcmp(tacit_arena_printf(&arena, "%d-%s", 42, "x"), "42-x") == 0, "printf");
	ok(strcmp(tacit_arena_printf(&arena, "%s", ""), "") == 0, "printf of nothing");
	ok(!tacit_arena_text(&arena, tacit_slice_of("", SIZE_MAX)) &&
		   !tacit_arena_hex(&arena, tacit_slice_of("", SIZE_MAX / 2)) &&
		   !tacit_arena_hex(&arena, tacit_slice_of("", SIZE_MAX / 2 + 1)) &&
		   !tacit_arena_copy(&arena, tacit_slice_of("", SIZE_MAX)),
	   "lengths that would wrap");
}

/* How many of these steps an arena of `size` takes; all pieces stay within a block that fits. */
static size_t steps(size_t size)
{
	static const struct tacit_slice TEXT = { (const uint8_t *)"sixteen bytes..", 15 };
	uint8_t *block = malloc(size ? size : 1); /* exact, for the sanitizers */
	struct tacit_arena arena;
	size_t taken = 0;

	tacit_arena_init(&arena, block, size);
	taken += tacit_arena_copy(&arena, TEXT) != NULL;
	taken += tacit_arena_text(&arena, TEXT) != NULL;
	taken += tacit_arena_hex(&arena, TEXT) != NULL;
	taken += tacit_arena_printf(&arena, "%s!", "seventeen bytes.") != NULL;
	taken += arena.used <= size;
	free(block);
	return taken;
}

static void test_every_size(void)
{
	size_t before = 0, first_all = 0, fell = 0;

	for (size_t size = 0; size < 200; size++) {
		size_t taken = steps(size);

		fell += taken < before;
		if (taken == 5 && !first_all)
			first_all = size;
		before = taken;
	}
	ok(steps(0) == 1, "nothing fits in nothing");
	/* 15 + pad, 16, 31 + pad, 18. */
	ok(first_all == 16 + 16 + 32 + 18, "all fits from %zu bytes on", first_all);
	ok(before == 5, "and goes on fitting");
	/* A smaller piece may take room that a larger one was refused: counts may fall, rarely. */
	ok(fell <= 2, "%zu sizes take fewer than the size before", fell);
}

int main(void)
{
	test_alignment();
	test_cap();
	test_no_room();
	test_zeroed_and_wiped();
	test_texts();
	test_every_size();
	return done();
}
