/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

void *tacit_arena_copy(struct tacit_arena *arena, struct tacit_slice bytes)
{
	void *copy = tacit_arena_alloc(arena, bytes.len ? bytes.len : 1);

	if (copy && bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

char *tacit_arena_text(struct tacit_arena *arena, struct tacit_slice text)
{
	if (text.len == SIZE_MAX)
		return NULL;
	char *copy = tacit_arena_alloc(arena, text.len + 1);

	if (copy && text.len)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

char *tacit_arena_printf(struct tacit_arena *arena, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *text = n < 0 ? NULL : tacit_arena_alloc(arena, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

char *tacit_arena_hex(struct tacit_arena *arena, struct tacit_slice bytes)
{
	if (bytes.len > (SIZE_MAX - 1) / 2)
		return NULL;
	char *text = tacit_arena_alloc(arena, bytes.len * 2 + 1);

	if (text)
		tacit_hex_encode(bytes, text);
	return text;
}
