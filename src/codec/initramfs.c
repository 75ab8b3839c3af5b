/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/initramfs.h"

#define WHERE "initramfs"
#define GZIP  0x1f /* the first byte of a member */

static enum tacit_status take_content(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct tacit_initramfs_scan *scan = user;

	return tacit_cpio_scan_update(&scan->inside, bytes, err);
}

void tacit_initramfs_scan_init(struct tacit_initramfs_scan *scan,
			       const struct tacit_cpio_calls *calls, void *user)
{
	tacit_cpio_scan_init(&scan->plain, calls, user);
	scan->in_gzip = false;
}

static void begin_member(struct tacit_initramfs_scan *scan)
{
	tacit_gzip_read_init(&scan->gzip, take_content, scan);
	tacit_cpio_scan_init(&scan->inside, scan->plain.calls, scan->plain.user);
	scan->in_gzip = true;
}

static enum tacit_status take_member(struct tacit_initramfs_scan *scan, struct tacit_slice bytes,
				     size_t *ret_used, struct tacit_error *err)
{
	enum tacit_status st = tacit_gzip_read_update(&scan->gzip, bytes, ret_used, err);

	if (st != TACIT_OK)
		return st;
	/* Where the next archive has to begin counts from the start of all. */
	scan->plain.at += *ret_used;
	if (!tacit_gzip_read_ended(&scan->gzip))
		return TACIT_OK;
	scan->in_gzip = false;
	return tacit_cpio_scan_final(&scan->inside, err);
}

enum tacit_status tacit_initramfs_scan_update(struct tacit_initramfs_scan *scan,
					      struct tacit_slice bytes, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	while (st == TACIT_OK && bytes.len) {
		size_t used = 0;

		if (scan->in_gzip)
			st = take_member(scan, bytes, &used, err);
		else
			st = tacit_cpio_scan_archives(&scan->plain, bytes, &used, err);
		bytes = tacit_slice_of(bytes.ptr + used, bytes.len - used);
		if (st != TACIT_OK || scan->in_gzip || bytes.len == 0 ||
		    tacit_cpio_is_plain(bytes.ptr[0]))
			continue;
		if (bytes.ptr[0] == GZIP)
			begin_member(scan);
		else
			st = tacit_cpio_scan_update(&scan->plain, bytes, err);
	}
	return st;
}

enum tacit_status tacit_initramfs_scan_final(const struct tacit_initramfs_scan *scan,
					     struct tacit_error *err)
{
	if (scan->in_gzip)
		return tacit_fail(err, TACIT_FORMAT, WHERE, scan->plain.at,
				  "ends inside a compressed archive");
	return tacit_cpio_scan_final(&scan->plain, err);
}
