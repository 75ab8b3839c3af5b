/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "infer/map.h"

/* Large enough to hide system calls, small enough to stay in the cache for the hash. */
#define CHUNK (256u * 1024)

struct tacit_image {
	int fd;
	struct tacit_hasher *hasher;
	uint64_t size;
	const uint8_t *map; /* NULL until sealed, and for an empty image */
	uint8_t *writable;  /* of _pieces, until sealed */
	bool locked;
	uint8_t sha256[TACIT_SHA256_LEN];
};

static enum tacit_status make_file(struct tacit_image **ret_image, struct tacit_error *err)
{
	struct tacit_image *image = calloc(1, sizeof(*image));

	if (!image)
		return tacit_fail(err, TACIT_NOMEM, "image", 0, "handle");
	image->fd = memfd_create("tacit-model", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	image->hasher = tacit_hasher_new(TACIT_SHA256);
	if (image->fd < 0 || !image->hasher) {
		tacit_image_free(image);
		return tacit_fail(err, TACIT_NOMEM, "image", 0, "anonymous file");
	}
	*ret_image = image;
	return TACIT_OK;
}

enum tacit_status tacit_image_new(uint64_t size, struct tacit_image **ret_image,
				  struct tacit_error *err)
{
	struct tacit_image *image = NULL;
	enum tacit_status st = make_file(&image, err);

	if (st)
		return st;
	/* Reserving what is known to come fails now rather than in the middle. */
	if (size && posix_fallocate(image->fd, 0, (off_t)size)) {
		tacit_image_free(image);
		return tacit_fail(err, TACIT_NOMEM, "image", 0,
				  "%llu bytes of memory for the model", (unsigned long long)size);
	}
	*ret_image = image;
	return TACIT_OK;
}

void tacit_image_free(struct tacit_image *image)
{
	if (!image)
		return;
	if (image->map)
		munmap((void *)(uintptr_t)image->map, (size_t)image->size);
	if (image->writable)
		munmap(image->writable, (size_t)image->size);
	if (image->fd >= 0)
		close(image->fd);
	tacit_hasher_free(image->hasher);
	free(image);
}

#define PAGE 4096u

static bool map_writable(struct tacit_image *image)
{
	uint8_t *at = tacit_map_reserve(((size_t)image->size + PAGE - 1) & ~(size_t)(PAGE - 1));

	if (!at)
		return false;
	image->writable = at;
	if (mmap(at, (size_t)image->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, image->fd,
		 0) == MAP_FAILED)
		return false;
	/* At the first touch, where the kernel's shmem_enabled is "advise". */
	(void)madvise(at, (size_t)image->size, MADV_HUGEPAGE);
	return madvise(at, (size_t)image->size, MADV_DONTDUMP) == 0;
}

/*
 * Nothing is filled here: zeros in all of it, on one core, would take longer than the model on all
 * of them.
 */
enum tacit_status tacit_image_pieces(uint64_t size, struct tacit_image **ret_image,
				     struct tacit_error *err)
{
	struct tacit_image *image = NULL;
	enum tacit_status st = make_file(&image, err);

	if (st)
		return st;
	image->size = size;
	if (size > INT64_MAX - PAGE || ftruncate(image->fd, (off_t)size) ||
	    (size && !map_writable(image))) {
		tacit_image_free(image);
		return tacit_fail(err, TACIT_NOMEM, "image", 0,
				  "%llu bytes of memory for the model", (unsigned long long)size);
	}
	*ret_image = image;
	return TACIT_OK;
}

/*
 * Huge pages for the next step of the image, as far as there are whole ones. One that is all empty
 * is left alone by the kernel, so each gets a byte first. Asking is slow however much is asked for.
 * Locked before there is anything in them that a host could find on a disk; where that is not
 * allowed, tacit_image_locked() says so in the end.
 */
static void make_ready(struct tacit_image *image, uint64_t at)
{
	uint64_t left = image->size - at;
	size_t len = (size_t)(left < TACIT_IMAGE_STEP ? left : TACIT_IMAGE_STEP);
	size_t huge = len - len % TACIT_MAP_HUGE;

	for (size_t i = 0; i < huge; i += TACIT_MAP_HUGE)
		*(volatile uint8_t *)(image->writable + at + i) = 0;
	if (huge)
		tacit_map_huge(image->writable + at, huge);
	(void)mlock(image->writable + at, len);
}

struct tacit_mut tacit_image_room(struct tacit_image *image, uint64_t at, size_t len)
{
	if (!image->writable || at > image->size || len > image->size - at)
		return tacit_mut_of(NULL, 0);
	if (at % TACIT_IMAGE_STEP == 0)
		make_ready(image, at);
	return tacit_mut_of(image->writable + at, len);
}

static enum tacit_status write_at(const struct tacit_image *image, uint64_t at,
				  struct tacit_slice bytes, struct tacit_error *err)
{
	while (bytes.len) {
		ssize_t n = pwrite(image->fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return tacit_fail(err, TACIT_NOMEM, "image", at, "%s", strerror(errno));
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - (size_t)n);
		at += (uint64_t)n;
	}
	return TACIT_OK;
}

enum tacit_status tacit_image_write(struct tacit_image *image, struct tacit_slice bytes,
				    struct tacit_error *err)
{
	enum tacit_status st = write_at(image, image->size, bytes, err);

	if (st)
		return st;
	tacit_hasher_update(image->hasher, bytes);
	image->size += bytes.len;
	return TACIT_OK;
}

int tacit_image_open(const struct tacit_image *image)
{
	char path[40];

	/* A descriptor opened read-only: kernels before 6.7 refuse to map a sealed file through
	 * a descriptor that could write. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static enum tacit_status map_image(struct tacit_image *image, struct tacit_error *err)
{
	void *map;
	int fd;

	image->locked = true; /* for an empty one there is nothing to do */
	if (image->size == 0)
		return TACIT_OK;
	fd = tacit_image_open(image);
	if (fd < 0)
		return tacit_fail(err, TACIT_IO, "image.map", 0, "%s", strerror(errno));
	map = mmap(NULL, (size_t)image->size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return tacit_fail(err, TACIT_NOMEM, "image.map", 0, "%s", strerror(errno));
	/* No weights in a core file; none on a disk, as far as this process may say so. */
	(void)madvise(map, (size_t)image->size, MADV_DONTDUMP);
	image->locked = mlock(map, (size_t)image->size) == 0;
	image->map = map;
	return TACIT_OK;
}

static enum tacit_status seal_file(struct tacit_image *image, struct tacit_error *err)
{
	/* A reservation may have been longer than what was written. */
	if (ftruncate(image->fd, (off_t)image->size) ||
	    fcntl(image->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return tacit_fail(err, TACIT_IO, "image.seal", 0, "%s", strerror(errno));
	return map_image(image, err);
}

enum tacit_status tacit_image_seal(struct tacit_image *image, struct tacit_error *err)
{
	enum tacit_status st = tacit_hasher_final(image->hasher, image->sha256, err);

	return st ? st : seal_file(image, err);
}

enum tacit_status tacit_image_seal_as(struct tacit_image *image, const uint8_t sha256[32],
				      struct tacit_error *err)
{
	/* The kernel seals nothing that somebody could still write to. */
	if (image->writable)
		munmap(image->writable, (size_t)image->size);
	image->writable = NULL;
	memcpy(image->sha256, sha256, sizeof(image->sha256));
	return seal_file(image, err);
}

struct tacit_slice tacit_image_bytes(const struct tacit_image *image)
{
	return tacit_slice_of(image->map, image->map ? (size_t)image->size : 0);
}

bool tacit_image_locked(const struct tacit_image *image)
{
	return image->locked;
}

const uint8_t *tacit_image_sha256(const struct tacit_image *image)
{
	return image->sha256;
}

struct load {
	int fd;
	uint64_t total;
	tacit_image_progress progress;
	void *user;
	uint8_t *chunk;
};

static enum tacit_status copy_in(struct load *load, struct tacit_image *image,
				 struct tacit_error *err)
{
	for (;;) {
		ssize_t n = read(load->fd, load->chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, "model.file", image->size, "%s",
					  strerror(errno));
		if (n == 0)
			return tacit_image_seal(image, err);
		enum tacit_status st =
			tacit_image_write(image, tacit_slice_of(load->chunk, (size_t)n), err);
		if (st)
			return st;
		if (load->progress && !load->progress(load->user, image->size, load->total))
			return tacit_fail(err, TACIT_DENIED, "model.file", image->size,
					  "loading was called off");
	}
}

static enum tacit_status load_open(struct load *load, struct tacit_image **ret_image,
				   struct tacit_error *err)
{
	struct tacit_image *image = NULL;
	struct stat info;
	enum tacit_status st;

	if (fstat(load->fd, &info) || !S_ISREG(info.st_mode))
		return tacit_fail(err, TACIT_IO, "model.file", 0, "not a regular file");
	load->total = (uint64_t)info.st_size;
	load->chunk = malloc(CHUNK);
	if (!load->chunk)
		return tacit_fail(err, TACIT_NOMEM, "model.file", 0, "read buffer");
	st = tacit_image_new(load->total, &image, err);
	if (!st)
		st = copy_in(load, image, err);
	free(load->chunk);
	if (st)
		tacit_image_free(image);
	else
		*ret_image = image;
	return st;
}

enum tacit_status tacit_image_load(const char *path, tacit_image_progress progress, void *user,
				   struct tacit_image **ret_image, struct tacit_error *err)
{
	struct load load = { .progress = progress, .user = user };
	enum tacit_status st;

	load.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (load.fd < 0)
		return tacit_fail(err, TACIT_IO, "model.file", 0, "%s", strerror(errno));
	st = load_open(&load, ret_image, err);
	close(load.fd);
	return st;
}
