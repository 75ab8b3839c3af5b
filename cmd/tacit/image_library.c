/* SPDX-License-Identifier: Apache-2.0 */

/* Where the loader would take a library from: its cache [ld.so(8)], and the usual folders. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reader.h"
#include "codec/elf.h"
#include "image.h"

#define CACHE       "/etc/ld.so.cache"
#define CACHE_MAX   (16u << 20)
#define MAGIC       "glibc-ld.so.cache1.1"
#define HEAD        48
#define ENTRY       24
#define LIBC6_X64   0x0303u
#define LIBC6_ARM64 0x0a03u

static const char *const FOLDERS[] = {
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
	"/lib/aarch64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
	"/lib64",
	"/usr/lib64",
	"/lib",
	"/usr/lib",
};

static bool copy_path(struct tacit_slice path, char *ret, size_t size)
{
	if (path.len == 0 || path.len >= size || memchr(path.ptr, 0, path.len))
		return false;
	memcpy(ret, path.ptr, path.len);
	ret[path.len] = '\0';
	return ret[0] == '/' && access(ret, R_OK) == 0;
}

/* The text at an offset from the start of the cache. */
static struct tacit_slice text_at(struct tacit_slice cache, uint32_t at)
{
	struct tacit_slice none = { NULL, 0 };
	const uint8_t *end = at < cache.len ? memchr(cache.ptr + at, 0, cache.len - at) : NULL;

	return end ? tacit_slice_of(cache.ptr + at, (size_t)(end - cache.ptr) - at) : none;
}

static bool search_cache(struct tacit_slice cache, const char *name, uint16_t machine, char *ret,
			 size_t size)
{
	uint32_t want = machine == TACIT_ELF_AARCH64 ? LIBC6_ARM64 : LIBC6_X64;
	struct reader r = rd_of(cache);

	if (cache.len < HEAD || memcmp(cache.ptr, MAGIC, sizeof(MAGIC) - 1) != 0)
		return false;
	rd_skip(&r, sizeof(MAGIC) - 1);
	uint32_t count = rd_le32(&r);
	rd_skip(&r, HEAD - sizeof(MAGIC) + 1 - 4);
	for (uint32_t i = 0; i < count && rd_left(&r) >= ENTRY; i++) {
		uint32_t flags = rd_le32(&r), key = rd_le32(&r), value = rd_le32(&r);

		rd_skip(&r, 4);
		/* Variants for newer processors are left out: the image may run on any. */
		if (rd_le64(&r) == 0 && flags == want &&
		    tacit_slice_eq(text_at(cache, key), tacit_slice_str(name)) &&
		    copy_path(text_at(cache, value), ret, size))
			return true;
	}
	return false;
}

/* A library must be for the machine of the program. */
static bool is_for(const char *path, uint16_t machine)
{
	uint8_t head[20];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (f)
		fclose(f);
	return n == sizeof(head) && head[4] == 2 && (head[18] | head[19] << 8) == machine;
}

bool image_find_library(const char *name, uint16_t machine, char *ret, size_t size)
{
	struct tacit_slice cache;
	bool found = false;

	if (cli_read_file(CACHE, CACHE_MAX, &cache, NULL) == TACIT_OK) {
		found = search_cache(cache, name, machine, ret, size);
		free((void *)(uintptr_t)cache.ptr);
	}
	for (size_t i = 0; !found && i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		int n = snprintf(ret, size, "%s/%s", FOLDERS[i], name);

		found = n > 0 && (size_t)n < size && is_for(ret, machine);
	}
	return found;
}
