/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BYTES_H
#define TACIT_BYTES_H

/*
 * Bytes that somebody else owns.
 *
 * struct tacit_slice is a read-only view, passed by value; it never owns. An absent field is
 * {NULL, 0}; an empty one has a non-NULL ptr where the format tells the two apart.
 * struct tacit_mut is room to fill: `len` is its size in bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tacit/attr.h"

TACIT_BEGIN

struct tacit_slice {
	const uint8_t *ptr;
	size_t len;
};

struct tacit_mut {
	uint8_t *ptr;
	size_t len;
};

static inline struct tacit_slice tacit_slice_of(const void *ptr, size_t len)
{
	struct tacit_slice s = { (const uint8_t *)ptr, len };

	return s;
}

/* The bytes of a NUL-terminated string, without the NUL; NULL gives an absent slice. */
static inline struct tacit_slice tacit_slice_str(const char *text)
{
	return tacit_slice_of(text, text ? strlen(text) : 0);
}

/* The bytes of an array object (not of a pointer). */
#define TACIT_SLICE_ARRAY(array) tacit_slice_of((array), sizeof(array))

static inline bool tacit_slice_eq(struct tacit_slice a, struct tacit_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline struct tacit_mut tacit_mut_of(void *ptr, size_t len)
{
	struct tacit_mut m = { (uint8_t *)ptr, len };

	return m;
}

TACIT_END

#endif
