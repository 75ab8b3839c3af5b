/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

/* Shared vectors: whole files, and JSON files read with jansson itself, not with what is tested. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "tests/tap.h"

/* A whole file in one block of its exact size, which the caller frees; absent when unreadable. */
static inline struct tacit_slice vector_file(const char *path)
{
	struct tacit_slice none = { NULL, 0 };
	FILE *f = fopen(path, "rb");

	if (!f)
		return none;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	uint8_t *bytes = size < 0 ? NULL : malloc(size ? (size_t)size : 1);
	if (bytes && fread(bytes, 1, (size_t)size, f) != (size_t)size) {
		free(bytes);
		bytes = NULL;
	}
	fclose(f);
	return bytes ? tacit_slice_of(bytes, (size_t)size) : none;
}

static inline void vector_done(struct tacit_slice file)
{
	free((void *)(uintptr_t)file.ptr);
}

/* The JSON file `name` of the shared folder; a SKIP line and NULL when it is not there. */
static inline json_t *vector_json(const char *name)
{
	const char *dir = tap_vectors();
	char path[4096];

	if (!dir) {
		skip(name, "no shared vectors (TACIT_VECTORS)");
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* Numbers beyond 64 bits stand in some files; none of ours is read as an integer. */
	json_t *value = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
	ok(value != NULL, "%s is read", name);
	return value;
}

/* Decodes hex text into a block of the exact size, which the caller frees. */
static inline struct tacit_slice vector_hex(const char *hex)
{
	size_t len = hex ? strlen(hex) / 2 : 0;
	uint8_t *bytes = malloc(len ? len : 1);

	if (!hex || !bytes ||
	    !tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(bytes, len), &len)) {
		printf("Bail out! bad hex in a vector\n");
		exit(1);
	}
	return tacit_slice_of(bytes, len);
}

#endif
