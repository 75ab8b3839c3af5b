/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "codec/elf.h"
#include "image.h"

#define WHERE       "image.program"
#define PROGRAM_MAX (512u << 20)
#define PATH_SIZE   4096

/* Programs and libraries still to be looked at; each name is there once. */
struct queue {
	struct eif_tree *tree;
	size_t count;
	char *path[TACIT_ELF_NEEDED_MAX + 2];
	const char
		*opened; /* a library that the program names when it runs; NULL once it is here */
};

static enum tacit_status push(struct queue *q, const char *path, struct tacit_error *err)
{
	for (size_t i = 0; i < q->count; i++) {
		if (strcmp(q->path[i], path) == 0)
			return TACIT_OK;
	}
	if (q->count == sizeof(q->path) / sizeof(q->path[0]))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "too many libraries");
	q->path[q->count] = strdup(path);
	if (!q->path[q->count])
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	q->count++;
	return TACIT_OK;
}

/* A folder of a run path that has the library; only whole paths, since nothing else is stable. */
static bool in_run_path(struct tacit_slice run_path, const char *name, char *ret, size_t size)
{
	for (size_t at = 0; at < run_path.len;) {
		const uint8_t *start = run_path.ptr + at;
		const uint8_t *colon = memchr(start, ':', run_path.len - at);
		size_t len = colon ? (size_t)(colon - start) : run_path.len - at;
		int n = snprintf(ret, size, "%.*s/%s", (int)len, (const char *)start, name);
		FILE *f = len && start[0] == '/' && n > 0 && (size_t)n < size ? fopen(ret, "rb")
									      : NULL;

		if (f) {
			fclose(f);
			return true;
		}
		at += len + 1;
	}
	return false;
}

static enum tacit_status push_needed(struct queue *q, const struct tacit_elf *elf,
				     struct tacit_error *err)
{
	char name[256], path[PATH_SIZE], shown[80];
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; st == TACIT_OK && i < elf->needed_count; i++) {
		struct tacit_slice needed = elf->needed[i];

		tacit_escape(shown, sizeof(shown), needed);
		if (needed.len >= sizeof(name) || memchr(needed.ptr, '/', needed.len))
			return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
					  "'%s' is no plain name of a library", shown);
		memcpy(name, needed.ptr, needed.len);
		name[needed.len] = '\0';
		if (strncmp(name, "ld-linux", 8) == 0)
			continue; /* the loader, which is there by its own path */
		if (!in_run_path(elf->run_path, name, path, sizeof(path)) &&
		    !image_find_library(name, elf->machine, path, sizeof(path)))
			return tacit_fail(err, TACIT_IO, WHERE, 0,
					  "no library '%s' on this machine", shown);
		st = push(q, path, err);
	}
	return st;
}

static enum tacit_status push_opened(struct queue *q, const struct tacit_elf *elf,
				     struct tacit_error *err)
{
	char path[PATH_SIZE];
	const char *name = q->opened;

	if (!name)
		return TACIT_OK;
	q->opened = NULL;
	if (!image_find_library(name, elf->machine, path, sizeof(path)))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "no library '%s' on this machine", name);
	return push(q, path, err);
}

static enum tacit_status push_interpreter(struct queue *q, const struct tacit_elf *elf,
					  struct tacit_error *err)
{
	char path[PATH_SIZE];

	if (!elf->interpreter.ptr)
		return TACIT_OK;
	if (elf->interpreter.len >= sizeof(path) || elf->interpreter.ptr[0] != '/')
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the loader's name is no path");
	memcpy(path, elf->interpreter.ptr, elf->interpreter.len);
	path[elf->interpreter.len] = '\0';
	return push(q, path, err);
}

/* Adds one file, cut down to what is loaded, and finds what it needs. */
static enum tacit_status take_one(struct queue *q, const char *host, const char *guest,
				  struct tacit_error *err)
{
	struct tacit_slice in;
	struct tacit_elf elf;
	size_t len = 0;
	enum tacit_status st = eif_read_file(host, PROGRAM_MAX, &in, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_elf_parse(in, &elf, err);
	if (st == TACIT_OK)
		st = push_interpreter(q, &elf, err);
	if (st == TACIT_OK)
		st = push_needed(q, &elf, err);
	if (st == TACIT_OK)
		st = push_opened(q, &elf, err);
	if (st == TACIT_OK)
		st = tacit_elf_strip(tacit_mut_of((void *)(uintptr_t)in.ptr, in.len), &len, err);
	if (st == TACIT_OK)
		st = eif_tree_bytes(q->tree, guest, tacit_slice_of(in.ptr, len), 0755, err);
	free((void *)(uintptr_t)in.ptr);
	return st;
}

enum tacit_status image_add_program(struct eif_tree *tree, const char *guest, const char *host,
				    const char *opened, struct tacit_error *err)
{
	struct queue q = { .tree = tree, .opened = opened };
	enum tacit_status st = take_one(&q, host, guest, err);

	/* The queue grows while it is gone through. */
	for (size_t i = 0; st == TACIT_OK && i < q.count; i++)
		st = take_one(&q, q.path[i], q.path[i], err);
	for (size_t i = 0; i < q.count; i++)
		free(q.path[i]);
	return st;
}
