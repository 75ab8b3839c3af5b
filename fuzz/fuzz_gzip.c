/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/initramfs.h"
#include "fuzz.h"

static struct tacit_gzip_write writer;
static struct tacit_gzip_read reader;
static struct tacit_initramfs_scan scan;

/* What came by, as a sum that tells pieces nothing. */
struct seen {
	struct tacit_crc32 crc;
	uint64_t len;
};

static enum tacit_status add(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct seen *seen = user;

	(void)err;
	tacit_crc32_update(&seen->crc, bytes);
	seen->len += bytes.len;
	return TACIT_OK;
}

static enum tacit_status unpack(struct tacit_slice in, size_t piece, struct seen *seen,
				size_t *ret_used)
{
	enum tacit_status st = TACIT_OK;

	*seen = (struct seen){ .len = 0 };
	*ret_used = 0;
	tacit_crc32_init(&seen->crc);
	tacit_gzip_read_init(&reader, add, seen);
	for (size_t at = 0; st == TACIT_OK && at < in.len && !tacit_gzip_read_ended(&reader);
	     at += piece) {
		size_t len = in.len - at < piece ? in.len - at : piece, used = 0;

		st = tacit_gzip_read_update(&reader, tacit_slice_of(in.ptr + at, len), &used, NULL);
		FUZZ_ASSERT(used <= len);
		FUZZ_ASSERT(st != TACIT_OK || tacit_gzip_read_ended(&reader) || used == len);
		*ret_used += used;
	}
	FUZZ_ASSERT(seen->len <= TACIT_GZIP_HEADROOM + TACIT_GZIP_RATIO * (uint64_t)in.len);
	return st == TACIT_OK && !tacit_gzip_read_ended(&reader) ? TACIT_IO : st;
}

static void check_reader(struct tacit_slice in)
{
	static struct seen whole, pieces;
	size_t used, used_in_pieces;
	enum tacit_status st = unpack(in, in.len ? in.len : 1, &whole, &used);

	FUZZ_ASSERT(unpack(in, 3, &pieces, &used_in_pieces) == st);
	if (st == TACIT_OK)
		FUZZ_ASSERT(used == used_in_pieces && whole.len == pieces.len &&
			    tacit_crc32_value(&whole.crc) == tacit_crc32_value(&pieces.crc));
}

/* ---- archives ---------------------------------------------------------------------------------
 */

static void on_begin(void *user, const struct tacit_cpio_entry *entry)
{
	FUZZ_ASSERT(entry->name.len <= TACIT_CPIO_NAME_MAX);
	(void)add(user, entry->name, NULL);
}

static void on_content(void *user, struct tacit_slice bytes)
{
	(void)add(user, bytes, NULL);
}

static void on_end(void *user)
{
	(void)add(user, tacit_slice_of("", 1), NULL);
}

static enum tacit_status list(struct tacit_slice in, size_t piece, struct seen *seen)
{
	static const struct tacit_cpio_calls CALLS = { on_begin, on_content, on_end };
	enum tacit_status st = TACIT_OK;

	*seen = (struct seen){ .len = 0 };
	tacit_crc32_init(&seen->crc);
	tacit_initramfs_scan_init(&scan, &CALLS, seen);
	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_initramfs_scan_update(
			&scan,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	return st == TACIT_OK ? tacit_initramfs_scan_final(&scan, NULL) : st;
}

static void check_archives(struct tacit_slice in)
{
	static struct seen whole, pieces;
	enum tacit_status st = list(in, in.len ? in.len : 1, &whole);

	FUZZ_ASSERT(list(in, 5, &pieces) == st);
	if (st == TACIT_OK)
		FUZZ_ASSERT(whole.len == pieces.len &&
			    tacit_crc32_value(&whole.crc) == tacit_crc32_value(&pieces.crc));
}

/* ---- writing ----------------------------------------------------------------------------------
 */

struct packed {
	uint8_t *bytes;
	size_t len, room;
};

static enum tacit_status keep(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct packed *packed = user;

	(void)err;
	FUZZ_ASSERT(bytes.len <= packed->room - packed->len);
	memcpy(packed->bytes + packed->len, bytes.ptr, bytes.len);
	packed->len += bytes.len;
	return TACIT_OK;
}

static struct packed pack(struct tacit_slice in, size_t piece)
{
	struct packed packed = { .room = 2 * in.len + 1024 };
	enum tacit_status st = TACIT_OK;

	packed.bytes = malloc(packed.room);
	FUZZ_ASSERT(packed.bytes);
	tacit_gzip_write_init(&writer, keep, &packed);
	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_gzip_write_update(
			&writer,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	FUZZ_ASSERT(st == TACIT_OK && tacit_gzip_write_final(&writer, NULL) == TACIT_OK);
	return packed;
}

/* What was written comes back, and does not depend on pieces. */
static void check_writer(struct tacit_slice in)
{
	static struct seen back, want;
	struct packed a = pack(in, in.len ? in.len : 1), b = pack(in, 17);
	size_t used;

	FUZZ_ASSERT(a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0);
	FUZZ_ASSERT(unpack(tacit_slice_of(a.bytes, a.len), a.len, &back, &used) == TACIT_OK);
	tacit_crc32_init(&want.crc);
	tacit_crc32_update(&want.crc, in);
	FUZZ_ASSERT(used == a.len && back.len == in.len &&
		    tacit_crc32_value(&back.crc) == tacit_crc32_value(&want.crc));
	free(a.bytes);
	free(b.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);

	check_reader(in);
	check_archives(in);
	check_writer(in);
	return 0;
}
