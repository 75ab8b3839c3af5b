/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_CPIO_H
#define TACIT_CODEC_CPIO_H

/*
 * cpio archives in the form that Linux takes as initramfs ("newc", magic 070701), written and read
 * as streams. What is written depends on names, modes and contents alone: owner 0, time 0, inodes
 * counted from 1.
 *
 * Linux takes several archives one after the other, each at a multiple of four bytes, with zeros
 * between them, and so does the reader. Compressed ones are initramfs.h's.
 */

#include "base/writer.h"

#define TACIT_CPIO_HEAD      110
#define TACIT_CPIO_NAME_MAX  1024       /* Linux has PATH_MAX */
#define TACIT_CPIO_SIZE_MAX  UINT32_MAX /* eight hex digits */
#define TACIT_CPIO_BLOCK     512
#define TACIT_CPIO_TYPE_MASK 0170000u
#define TACIT_CPIO_FILE      0100000u
#define TACIT_CPIO_FOLDER    0040000u
#define TACIT_CPIO_LINK      0120000u
#define TACIT_CPIO_CHAR      0020000u

struct tacit_cpio_entry {
	struct tacit_slice name; /* without a slash at the start */
	uint32_t mode;           /* type and permissions */
	uint64_t size;           /* of the content that follows */
	uint32_t major, minor;   /* of a device */
};

/* ---- writing -------------------------------------------------------------------------------- */

/* Zeros that follow `len` bytes of a name or of a content. */
size_t tacit_cpio_padding(uint64_t len);
/* All that an entry takes in the archive. */
uint64_t tacit_cpio_entry_size(const struct tacit_cpio_entry *entry);
/* The end of an archive that has `at` bytes so far, with zeros up to a whole block. */
uint64_t tacit_cpio_end_size(uint64_t at);

/*
 * The head of an entry with its name and padding; `inode` counts from 1. Marks the writer bad for a
 * name that is empty, too long or holds a NUL, and for a content that is too long.
 */
void tacit_cpio_put_head(struct writer *w, const struct tacit_cpio_entry *entry, uint32_t inode);
void tacit_cpio_put_end(struct writer *w, uint64_t at);

/* ---- reading -------------------------------------------------------------------------------- */

/* `name` lives until the call returns. */
struct tacit_cpio_calls {
	void (*begin)(void *user, const struct tacit_cpio_entry *entry);
	void (*content)(void *user, struct tacit_slice bytes);
	void (*end)(void *user);
};

enum tacit_cpio_state {
	TACIT_CPIO_BETWEEN, /* archives: zeros, or a head at a multiple of four */
	TACIT_CPIO_IN_HEAD,
	TACIT_CPIO_IN_NAME,
	TACIT_CPIO_IN_CONTENT,
	TACIT_CPIO_IN_PADDING,
};

struct tacit_cpio_scan {
	const struct tacit_cpio_calls *calls;
	void *user;
	enum tacit_cpio_state state;
	uint64_t at;   /* in the stream */
	uint64_t left; /* of what the state is about */
	struct tacit_cpio_entry entry;
	bool named; /* the padding behind the name comes next, and then the content */
	uint8_t head[TACIT_CPIO_HEAD];
	uint8_t name[TACIT_CPIO_NAME_MAX + 1];
	size_t name_size; /* with its NUL */
	size_t have;
};

void tacit_cpio_scan_init(struct tacit_cpio_scan *scan, const struct tacit_cpio_calls *calls,
			  void *user);
/* Errors: TACIT_UNSUPPORTED for a compressed archive, TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_cpio_scan_update(struct tacit_cpio_scan *scan,
							  struct tacit_slice bytes,
							  struct tacit_error *err);
/*
 * The same, but stops before what stands between archives and is neither zeros nor an archive;
 * *ret_used says where.
 */
TACIT_MUST_CHECK enum tacit_status tacit_cpio_scan_archives(struct tacit_cpio_scan *scan,
							    struct tacit_slice bytes,
							    size_t *ret_used,
							    struct tacit_error *err);
/* What may come between archives: zeros, or the next one's first byte. */
static inline bool tacit_cpio_is_plain(uint8_t byte)
{
	return byte == 0 || byte == '0';
}
/* Errors: TACIT_FORMAT when the stream ends inside an archive. */
TACIT_MUST_CHECK enum tacit_status tacit_cpio_scan_final(const struct tacit_cpio_scan *scan,
							 struct tacit_error *err);

#endif
