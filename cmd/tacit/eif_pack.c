/* SPDX-License-Identifier: Apache-2.0 */

/* A ramdisk that is compressed: made whole in memory, since its length comes before it. */

#include <stdlib.h>
#include <string.h>

#include "codec/gzip.h"
#include "eif.h"

#define WHERE "pack"

struct packed {
	uint8_t *bytes;
	size_t len, room;
};

static enum tacit_status append(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct packed *packed = user;

	if (bytes.len > packed->room - packed->len) {
		size_t room = 2 * packed->room + EIF_PIECE;
		uint8_t *bigger = realloc(packed->bytes, room);

		if (!bigger)
			return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
		packed->bytes = bigger;
		packed->room = room;
	}
	memcpy(packed->bytes + packed->len, bytes.ptr, bytes.len);
	packed->len += bytes.len;
	return TACIT_OK;
}

static enum tacit_status compress(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	return tacit_gzip_write_update(user, bytes, err);
}

enum tacit_status eif_pack_tree(const struct eif_tree *tree, struct tacit_slice *ret,
				struct tacit_error *err)
{
	static const uint8_t ZEROS[4];
	struct packed packed = { 0 };
	struct tacit_gzip_write *gzip = malloc(sizeof(*gzip));

	if (!gzip)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	tacit_gzip_write_init(gzip, append, &packed);
	enum tacit_status st = eif_tree_write(tree, compress, gzip, err);
	if (st == TACIT_OK)
		st = tacit_gzip_write_final(gzip, err);
	/* The next ramdisk may be plain, and begins at a multiple of four. */
	if (st == TACIT_OK)
		st = append(&packed, tacit_slice_of(ZEROS, tacit_cpio_padding(packed.len)), err);
	free(gzip);
	if (st == TACIT_OK)
		*ret = tacit_slice_of(packed.bytes, packed.len);
	else
		free(packed.bytes);
	return st;
}
