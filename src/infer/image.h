/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_IMAGE_H
#define TACIT_INFER_IMAGE_H

/*
 * A model file in memory that nobody can change any more.
 *
 * The host is the adversary and may rewrite a file between two reads of it. So it is read
 * once, hashed on the way, into an anonymous file that is then sealed: the bytes that were
 * hashed are the bytes that run. A sealed model can be written in piece by piece as it is
 * decrypted.
 */
#include "base/error.h"

struct tacit_image;

/* Called now and then while loading; false gives up with TACIT_DENIED. */
typedef bool (*tacit_image_progress)(void *user, uint64_t done, uint64_t total);

/* Reads a whole regular file. Errors: IO (named), DENIED, NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_image_load(const char *path, tacit_image_progress progress,
						    void *user, struct tacit_image **ret_image,
						    struct tacit_error *err);

/* The same by hand: _new, any number of _write, one _seal. `size` 0 when not known. */
TACIT_MUST_CHECK enum tacit_status tacit_image_new(uint64_t size, struct tacit_image **ret_image,
						   struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_image_write(struct tacit_image *image, struct tacit_slice bytes, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_image_seal(struct tacit_image *image,
						    struct tacit_error *err);
void tacit_image_free(struct tacit_image *image);

/*
 * The same for a model that was hashed elsewhere, as a sealed one is while it is opened: _pieces
 * of a known size, written to through _room on any thread in any order, one _seal_as with the hash
 * that the model is known by. Bytes that nobody wrote are zeros.
 */
TACIT_MUST_CHECK enum tacit_status tacit_image_pieces(uint64_t size, struct tacit_image **ret_image,
						      struct tacit_error *err);
/*
 * Where bytes from `at` on belong; absent beyond the size. Whoever asks for the first byte of a
 * TACIT_IMAGE_STEP has it made ready, which is quicker than doing so page by page, and locked.
 */
#define TACIT_IMAGE_STEP (16u << 20)
struct tacit_mut tacit_image_room(struct tacit_image *image, uint64_t at, size_t len);
TACIT_MUST_CHECK enum tacit_status
tacit_image_seal_as(struct tacit_image *image, const uint8_t sha256[32], struct tacit_error *err);

/* What a sealed image holds. The view is read-only and lives as long as the image. */
struct tacit_slice tacit_image_bytes(const struct tacit_image *image);
const uint8_t *tacit_image_sha256(const struct tacit_image *image);

/* Whether a sealed image stays in memory: else the kernel may write it to a disk as swap. */
bool tacit_image_locked(const struct tacit_image *image);

/* A new read-only descriptor of a sealed image, the caller's to close; -1 with errno. */
int tacit_image_open(const struct tacit_image *image);

#endif
