/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "release/kinds.h"

#define WHERE    "age.stanza"
#define FILE_MAX 65536

static const uint8_t NO_NONCE[TACIT_AEAD_NONCE_LEN];

enum tacit_status tacit_kind_seal_key(struct tacit_slice wrap_key,
				      const uint8_t file_key[static TACIT_AGE_FILE_KEY],
				      struct tacit_arena *arena, struct tacit_slice *ret_body,
				      struct tacit_error *err)
{
	size_t len = TACIT_AGE_FILE_KEY + TACIT_AEAD_TAG_LEN;
	uint8_t *body = tacit_arena_alloc(arena, len);

	if (!body)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a stanza");
	*ret_body = tacit_slice_of(body, len);
	return tacit_aead_seal(TACIT_CHACHA20_POLY1305, wrap_key, TACIT_SLICE_ARRAY(NO_NONCE),
			       tacit_slice_of(NULL, 0),
			       tacit_slice_of(file_key, TACIT_AGE_FILE_KEY),
			       tacit_mut_of(body, len), err);
}

enum tacit_status tacit_kind_open_key(struct tacit_slice wrap_key, struct tacit_slice body,
				      uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
				      struct tacit_error *err)
{
	/* Another length would let somebody make one body that opens under several keys. */
	if (body.len != TACIT_AGE_FILE_KEY + TACIT_AEAD_TAG_LEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a wrapped key of %zu bytes, not %d",
				  body.len, TACIT_AGE_FILE_KEY + TACIT_AEAD_TAG_LEN);
	enum tacit_status st =
		tacit_aead_open(TACIT_CHACHA20_POLY1305, wrap_key, TACIT_SLICE_ARRAY(NO_NONCE),
				tacit_slice_of(NULL, 0), body,
				tacit_mut_of(ret_file_key, TACIT_AGE_FILE_KEY), NULL);
	if (st == TACIT_SIGNATURE)
		return tacit_fail(err, TACIT_DENIED, WHERE, 0, "wrapped for another key");
	return st ? tacit_fail(err, st, WHERE, 0, "the key does not unwrap") : TACIT_OK;
}

struct tacit_slice tacit_kind_argument(struct tacit_arena *arena, struct tacit_slice bytes)
{
	size_t len = (bytes.len * 4 + 2) / 3;
	char *text = tacit_arena_alloc(arena, len);
	struct writer w = wr_of(tacit_mut_of(text, text ? len : 0));

	if (text)
		tacit_age_base64_write(&w, bytes);
	return tacit_slice_of(text, text ? len : 0);
}

void tacit_kind_file_done(struct tacit_mut *file)
{
	if (file->ptr)
		tacit_wipe(file->ptr, FILE_MAX);
	free(file->ptr);
	*file = tacit_mut_of(NULL, 0);
}

static enum tacit_status read_whole(int fd, struct tacit_mut *file, struct tacit_error *err)
{
	for (;;) {
		ssize_t n = read(fd, file->ptr + file->len, FILE_MAX - file->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, "key.file", 0, "%s", strerror(errno));
		if (n == 0)
			return TACIT_OK;
		file->len += (size_t)n;
		if (file->len == FILE_MAX)
			return tacit_fail(err, TACIT_LIMIT, "key.file", 0, "a key file of %d bytes",
					  FILE_MAX);
	}
}

enum tacit_status tacit_kind_file(const char *path, struct tacit_mut *ret, struct tacit_error *err)
{
	struct tacit_mut file = { malloc(FILE_MAX), 0 };
	int fd = file.ptr ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;

	if (!file.ptr)
		return tacit_fail(err, TACIT_NOMEM, "key.file", 0, "no memory");
	enum tacit_status st =
		fd < 0 ? tacit_fail(err, TACIT_IO, "key.file", 0, "%s", strerror(errno))
		       : read_whole(fd, &file, err);
	if (fd >= 0)
		close(fd);
	if (st != TACIT_OK)
		tacit_kind_file_done(&file);
	else
		*ret = file;
	return st;
}
