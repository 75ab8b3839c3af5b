/* SPDX-License-Identifier: Apache-2.0 */

/* The memory of a model that is written piece by piece. */

#include "infer/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

static const uint8_t NAME[32] = { 7, 7, 7 };

static void fill(uint8_t *at, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)((from + i) * 31 >> 3);
}

/* Pieces of 64 KiB from the end to the beginning; then everything is there, in its place. */
static void test_size(uint64_t size)
{
	struct tacit_image *image = NULL;
	static uint8_t want[65536];
	size_t wrong = 0, absent = 0;

	if (tacit_image_pieces(size, &image, NULL) != TACIT_OK) {
		ok(false, "an image of %llu bytes", (unsigned long long)size);
		return;
	}
	for (uint64_t at = (size + 65535) / 65536 * 65536; at > 0;) {
		at -= 65536;
		size_t len = size - at < 65536 ? (size_t)(size - at) : 65536;
		struct tacit_mut room = tacit_image_room(image, at, len);

		absent += room.ptr == NULL;
		if (room.ptr)
			fill(room.ptr, room.len, at);
	}
	is_status(tacit_image_seal_as(image, NAME, NULL), TACIT_OK, "it is sealed");
	struct tacit_slice bytes = tacit_image_bytes(image);
	for (uint64_t at = 0; at < size; at += 65536) {
		size_t len = size - at < 65536 ? (size_t)(size - at) : 65536;

		fill(want, len, at);
		wrong += memcmp(bytes.ptr + at, want, len) != 0;
	}
	ok(bytes.len == size && absent == 0 && wrong == 0, "%llu bytes, each in its place",
	   (unsigned long long)size);
	ok(memcmp(tacit_image_sha256(image), NAME, 32) == 0, "known by the name it was given");
	tacit_image_free(image);
}

static void test_bounds(void)
{
	struct tacit_image *image = NULL;

	if (tacit_image_pieces(100000, &image, NULL) != TACIT_OK)
		return;
	ok(tacit_image_room(image, 0, 100000).len == 100000, "all of it");
	ok(tacit_image_room(image, 99999, 1).ptr != NULL, "the last byte");
	ok(!tacit_image_room(image, 100000, 1).ptr, "not the one behind it");
	ok(!tacit_image_room(image, 99999, 2).ptr, "nor half of what is asked for");
	ok(!tacit_image_room(image, UINT64_MAX, 2).ptr, "nor what wraps around");
	ok(!tacit_image_room(image, 1, SIZE_MAX).ptr, "nor that much");
	is_status(tacit_image_seal_as(image, NAME, NULL), TACIT_OK, "sealed with nothing in it");
	ok(!tacit_image_room(image, 0, 1).ptr, "there is no room any more");
	ok(tacit_image_bytes(image).ptr[99999] == 0, "what nobody wrote is zeros");
	int fd = tacit_image_open(image);
	ok(fd >= 0 && write(fd, "x", 1) < 0, "and nobody can write through a descriptor");
	ok(mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
	   "nor through memory");
	int seals = fcntl(fd, F_GET_SEALS);
	ok((seals & (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) ==
		   (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
	   "all seals are on it");
	close(fd);
	tacit_image_free(image);
	is_status(tacit_image_pieces(UINT64_MAX, &image, NULL), TACIT_NOMEM, "more than there is");
}

/* What is not finished is let go of. */
static void test_dropped(void)
{
	struct tacit_image *image = NULL;

	if (tacit_image_pieces(5u << 20, &image, NULL) == TACIT_OK)
		memset(tacit_image_room(image, 0, 10).ptr, 1, 10);
	tacit_image_free(image);
	ok(true, "an image that was not sealed is freed");
}

/* Kilobytes of this process that no swap gets. */
static long locked_now(void)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmLck:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* Not where little may be locked, nor under sanitizers, whose mlock() does nothing and says it did.
 */
static bool may_lock(void)
{
	size_t len = 1u << 20;
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before = locked_now();

	if (at == MAP_FAILED)
		return false;
	bool may = mlock(at, len) == 0 && locked_now() - before >= 1024;
	munmap(at, len);
	return may;
}

static void test_locked(void)
{
	struct tacit_image *image = NULL;

	if (tacit_image_pieces(1u << 20, &image, NULL) != TACIT_OK)
		return;
	long before = locked_now();
	ok(tacit_image_room(image, 0, 1).ptr && locked_now() - before >= 1024,
	   "locked before anything is in it");
	is_status(tacit_image_seal_as(image, NAME, NULL), TACIT_OK, "sealed");
	ok(tacit_image_locked(image) && locked_now() - before >= 1024, "and still locked");
	tacit_image_free(image);
	ok(locked_now() == before, "and no longer");
}

/* A process that may lock nothing: its image is as good, and says so. */
static int be_unlocked(void)
{
	const struct rlimit none = { 0, 0 };
	struct tacit_image *image = NULL;

	if (setrlimit(RLIMIT_MEMLOCK, &none) || (geteuid() == 0 && setuid(65534)) ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) /* else /proc/self is somebody else's */
		return 2;
	if (tacit_image_pieces(100000, &image, NULL) || !tacit_image_room(image, 0, 1).ptr ||
	    tacit_image_seal_as(image, NAME, NULL))
		return 3;
	return tacit_image_locked(image) ? 4 : 0;
}

static void test_unlocked(void)
{
	int state = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(be_unlocked());
	bool ended = child > 0 && waitpid(child, &state, 0) == child && WIFEXITED(state);
	ok(ended && WEXITSTATUS(state) == 0, "where nothing may be locked the image says so (%d)",
	   state);
}

int main(void)
{
	static const uint64_t SIZES[] = {
		0, 1, 4096, 65537, 2u << 20, (16u << 20) + 12345, (16u << 20) * 2
	};

	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++)
		test_size(SIZES[i]);
	test_bounds();
	test_dropped();
	if (may_lock()) {
		test_locked();
		test_unlocked();
	} else {
		skip("memory is locked, or said not to be", "nothing can be locked here");
	}
	return done();
}
