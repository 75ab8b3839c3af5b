/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "codec/cpio.h"

#define WHERE   "cpio"
#define TRAILER "TRAILER!!!"
#define FIELDS  13
#define MAGIC   6

/* Places of the fields that are read, in the head's order. */
enum field { MODE = 1, SIZE = 6, MAJOR = 9, MINOR = 10, NAME_SIZE = 11 };

void tacit_cpio_scan_init(struct tacit_cpio_scan *scan, const struct tacit_cpio_calls *calls,
			  void *user)
{
	memset(scan, 0, sizeof(*scan));
	scan->calls = calls;
	scan->user = user;
}

static bool read_field(const uint8_t *digits, uint32_t *ret)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 8; i++) {
		uint8_t c = digits[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
							: 16;

		if (digit > 15)
			return false;
		value = value << 4 | digit;
	}
	*ret = value;
	return true;
}

static enum tacit_status take_head(struct tacit_cpio_scan *scan, struct tacit_error *err)
{
	uint32_t field[FIELDS];
	uint64_t at = scan->at - TACIT_CPIO_HEAD;

	for (size_t i = 0; i < FIELDS; i++) {
		if (!read_field(scan->head + MAGIC + 8 * i, &field[i]))
			return tacit_fail(err, TACIT_FORMAT, WHERE, at, "a head that is no hex");
	}
	if (field[NAME_SIZE] < 1 || field[NAME_SIZE] > sizeof(scan->name))
		return tacit_fail(err, TACIT_LIMIT, WHERE, at, "a name of %u bytes",
				  field[NAME_SIZE]);
	scan->entry = (struct tacit_cpio_entry){ .mode = field[MODE],
						 .size = field[SIZE],
						 .major = field[MAJOR],
						 .minor = field[MINOR] };
	scan->name_size = field[NAME_SIZE];
	scan->state = TACIT_CPIO_IN_NAME;
	scan->left = scan->name_size;
	scan->have = 0;
	return TACIT_OK;
}

static enum tacit_status take_name(struct tacit_cpio_scan *scan, struct tacit_error *err)
{
	size_t len = scan->name_size - 1;

	if (scan->name[len] != 0 || memchr(scan->name, 0, len))
		return tacit_fail(err, TACIT_FORMAT, WHERE, scan->at,
				  "a name with a NUL inside, or none at its end");
	scan->entry.name = tacit_slice_of(scan->name, len);
	scan->state = TACIT_CPIO_IN_PADDING;
	scan->left = tacit_cpio_padding(TACIT_CPIO_HEAD + scan->name_size);
	scan->named = true;
	return TACIT_OK;
}

static void end_entry(struct tacit_cpio_scan *scan)
{
	scan->calls->end(scan->user);
	scan->state = TACIT_CPIO_IN_PADDING;
	scan->left = tacit_cpio_padding(scan->entry.size);
	scan->named = false;
}

/* Behind the padding: the content that belongs to the name, or the next head. */
static void leave_padding(struct tacit_cpio_scan *scan)
{
	bool last = tacit_slice_eq(scan->entry.name, tacit_slice_str(TRAILER));

	scan->have = 0;
	if (!scan->named) {
		scan->state = TACIT_CPIO_IN_HEAD;
		scan->left = TACIT_CPIO_HEAD;
	} else if (last && scan->entry.size == 0) {
		scan->state = TACIT_CPIO_BETWEEN;
	} else {
		scan->calls->begin(scan->user, &scan->entry);
		scan->state = TACIT_CPIO_IN_CONTENT;
		scan->left = scan->entry.size;
	}
}

static enum tacit_status refuse(const struct tacit_cpio_scan *scan, uint8_t next,
				struct tacit_error *err)
{
	return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, scan->at, "%s, not a plain cpio archive",
			  next == 0x1f   ? "compressed by gzip"
			  : next == 0x28 ? "compressed by zstd"
			  : next == 0xfd ? "compressed by xz"
					 : "something else");
}

/* Zeros, then a head at a multiple of four. */
static enum tacit_status between(struct tacit_cpio_scan *scan, struct reader *r,
				 struct tacit_error *err)
{
	if (r->in.ptr[r->at] == 0) {
		rd_skip(r, 1);
		scan->at++;
		return TACIT_OK;
	}
	if (scan->at & 3)
		return tacit_fail(err, TACIT_FORMAT, WHERE, scan->at,
				  "an archive that does not begin at a multiple of four");
	scan->state = TACIT_CPIO_IN_HEAD;
	scan->left = TACIT_CPIO_HEAD;
	scan->have = 0;
	return TACIT_OK;
}

static void take_bytes(struct tacit_cpio_scan *scan, struct tacit_slice bytes)
{
	if (scan->state == TACIT_CPIO_IN_CONTENT && bytes.len)
		scan->calls->content(scan->user, bytes);
	else if (scan->state == TACIT_CPIO_IN_HEAD && bytes.len)
		memcpy(scan->head + scan->have, bytes.ptr, bytes.len);
	else if (scan->state == TACIT_CPIO_IN_NAME && bytes.len)
		memcpy(scan->name + scan->have, bytes.ptr, bytes.len);
	scan->have += bytes.len;
	scan->left -= bytes.len;
	scan->at += bytes.len;
}

static enum tacit_status next_state(struct tacit_cpio_scan *scan, struct tacit_error *err)
{
	switch (scan->state) {
	case TACIT_CPIO_IN_HEAD:
		if (memcmp(scan->head, "070701", MAGIC) != 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, scan->at - TACIT_CPIO_HEAD,
					  "no head where one should be");
		return take_head(scan, err);
	case TACIT_CPIO_IN_NAME:
		return take_name(scan, err);
	case TACIT_CPIO_IN_CONTENT:
		end_entry(scan);
		return TACIT_OK;
	case TACIT_CPIO_IN_PADDING:
		leave_padding(scan);
		return TACIT_OK;
	case TACIT_CPIO_BETWEEN:
		break;
	}
	return TACIT_OK;
}

/* Up to the end, or to something between archives that is none. */
enum tacit_status tacit_cpio_scan_archives(struct tacit_cpio_scan *scan, struct tacit_slice bytes,
					   size_t *ret_used, struct tacit_error *err)
{
	struct reader r = rd_of(bytes);
	enum tacit_status st = TACIT_OK;

	while (st == TACIT_OK) {
		if (scan->state == TACIT_CPIO_BETWEEN) {
			if (rd_left(&r) == 0 || !tacit_cpio_is_plain(r.in.ptr[r.at]))
				break;
			st = between(scan, &r, err);
			continue;
		}
		take_bytes(scan, rd_take(&r, scan->left < rd_left(&r) ? (size_t)scan->left
								      : rd_left(&r)));
		if (scan->left)
			break;
		st = next_state(scan, err);
	}
	*ret_used = r.at;
	return st;
}

enum tacit_status tacit_cpio_scan_update(struct tacit_cpio_scan *scan, struct tacit_slice bytes,
					 struct tacit_error *err)
{
	size_t used = 0;
	enum tacit_status st = tacit_cpio_scan_archives(scan, bytes, &used, err);

	return st == TACIT_OK && used < bytes.len ? refuse(scan, bytes.ptr[used], err) : st;
}

enum tacit_status tacit_cpio_scan_final(const struct tacit_cpio_scan *scan, struct tacit_error *err)
{
	if (scan->state != TACIT_CPIO_BETWEEN)
		return tacit_fail(err, TACIT_FORMAT, WHERE, scan->at, "ends inside an archive");
	return TACIT_OK;
}
