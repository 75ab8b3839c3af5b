/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/tap.h"

#define LARGE (3 * TACIT_MAP_HUGE + 12345)

static bool is_aligned(const void *p)
{
	return ((uintptr_t)p & (TACIT_MAP_HUGE - 1)) == 0;
}

static int make_file(size_t len)
{
	static const char LAST[] = "the end";
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (ftruncate(fd, (off_t)len) ||
	    pwrite(fd, LAST, sizeof(LAST), (off_t)(len - sizeof(LAST))) != (ssize_t)sizeof(LAST))
		abort();
	return fd;
}

static void test_large(void)
{
	int fd = make_file(LARGE);

	for (int i = 0; i < 8; i++) {
		uint8_t *map = mmap(NULL, LARGE, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);

		ok(map != MAP_FAILED && is_aligned(map), "a large file lies where huge pages fit");
		ok(memcmp(map + LARGE - 8, "the end", 8) == 0 && map[0] == 0, "all of it is there");
		ok(i % 2 || munmap(map, LARGE) == 0, "and can be unmapped");
	}
	close(fd);
}

/* What is beside a mapping is not part of it: a guard of one page fits on each side. */
static void test_neighbours(void)
{
	int fd = make_file(LARGE);
	uint8_t *map = mmap(NULL, LARGE, PROT_READ, MAP_SHARED, fd, 0);
	size_t pages = (LARGE + 4095) / 4096 * 4096;
	void *after = mmap(map + pages, 4096, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	ok(after == map + pages || errno == EEXIST, "nothing of ours is left behind the end");
	ok(msync(map + pages - 4096, 4096, MS_ASYNC) == 0, "the last page is mapped");
	close(fd);
}

static void test_others(void)
{
	int fd = make_file(LARGE);
	uint8_t *at = mmap(NULL, 4 * LARGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *here = mmap(at + 4096, LARGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	uint8_t *later = mmap(NULL, LARGE - 4096, PROT_READ, MAP_SHARED, fd, 4096);

	ok(here == at + 4096, "an address that was asked for is kept");
	ok(later != MAP_FAILED && memcmp(later + LARGE - 4096 - 8, "the end", 8) == 0,
	   "a part of a file is mapped as ever");
	ok(mmap(NULL, LARGE, PROT_READ, MAP_SHARED, 9999, 0) == MAP_FAILED && errno == EBADF,
	   "a bad descriptor fails as ever");
	ok(mmap(NULL, SIZE_MAX, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, "so does any length");
	close(fd);
}

int main(void)
{
	test_large();
	test_neighbours();
	test_others();
	return done();
}
