/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include "base/writer.h"
#include "tests/tap.h"

static const uint8_t BYTES[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88 };

static void test_numbers(void)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(BYTES));

	ok(rd_u8(&r) == 1 && r.at == 1, "u8");
	ok(rd_be16(&r) == 0x0203, "be16");
	ok(rd_be32(&r) == 0x04050607, "be32");
	ok(rd_left(&r) == 1 && rd_u8(&r) == 0x88, "the last byte");
	is_status(rd_finish(&r, "t", NULL), TACIT_OK, "finish");
	r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	ok(rd_be64(&r) == 0x0102030405060788, "be64");
	r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	ok(rd_le64(&r) == 0x8807060504030201, "le64");
	r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	ok(rd_le16(&r) == 0x0201 && rd_le32(&r) == 0x06050403, "le16, le32");
	r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	ok(rd_be(&r, 3) == 0x010203 && rd_le(&r, 3) == 0x060504, "three bytes, either way");
	ok(rd_be(&r, 0) == 0 && !r.bad, "no bytes");
}

/* Each read, one byte short: zero, bad, and `at` where it failed. */
static void test_short(void)
{
	static const struct {
		uint64_t (*be)(struct reader *, size_t);
		size_t n;
	} READS[] = { { rd_be, 1 }, { rd_be, 2 }, { rd_be, 4 }, { rd_be, 8 }, { rd_le, 8 } };

	for (size_t i = 0; i < sizeof(READS) / sizeof(READS[0]); i++) {
		struct reader r = rd_of(tacit_slice_of(BYTES, READS[i].n - 1));
		struct tacit_error err = { TACIT_OK, "", 0, "" };

		ok(READS[i].be(&r, READS[i].n) == 0 && r.bad && r.at == 0, "%zu bytes of %zu",
		   READS[i].n - 1, READS[i].n);
		is_status(rd_finish(&r, "t.short", &err), TACIT_FORMAT, "finish");
		ok(err.offset == 0 && strcmp(err.where, "t.short") == 0 &&
			   strcmp(err.detail, "input ends too early") == 0,
		   "%s", err.detail);
	}
	struct reader r = rd_of(tacit_slice_of(BYTES, 3));
	ok(rd_u8(&r) == 1 && rd_be32(&r) == 0 && r.bad && r.at == 1, "at freezes at the fault");
	ok(rd_u8(&r) == 0 && rd_left(&r) == 0 && !rd_take(&r, 0).ptr && r.at == 1,
	   "what would fit is not read any more");
}

static void test_take(void)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(BYTES));

	is_slice(rd_take(&r, 3), tacit_slice_of(BYTES, 3), "take");
	ok(!rd_take(&r, 0).ptr && !r.bad && r.at == 3, "take nothing");
	rd_skip(&r, 4);
	ok(r.at == 7, "skip");
	ok(!rd_take(&r, 2).ptr && r.bad && r.at == 7, "one too many");
	r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	rd_skip(&r, 1);
	ok(!rd_take(&r, SIZE_MAX).ptr && r.bad, "a length that would wrap");
}

static void test_sub(void)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	struct reader child = rd_sub(&r, 2);

	ok(rd_be16(&child) == 0x0102 && !child.bad, "child reads its own");
	ok(rd_u8(&child) == 0 && child.bad && !r.bad, "and not beyond");
	ok(rd_u8(&r) == 3, "the parent goes on after it");
	child = rd_sub(&r, 6);
	ok(child.bad && r.bad && rd_u8(&child) == 0, "a child that does not fit is bad");
}

static void test_empty(void)
{
	struct tacit_slice none = { NULL, 0 };
	struct reader r = rd_of(none);

	is_status(rd_finish(&r, "t", NULL), TACIT_OK, "nothing to read, nothing read");
	ok(!rd_take(&r, 0).ptr && !r.bad, "nothing taken of nothing");
	struct reader child = rd_sub(&r, 0);
	ok(!child.bad && rd_left(&child) == 0, "an empty child");
	ok(rd_u8(&r) == 0 && r.bad, "one byte of nothing");
}

static void test_trailing(void)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(BYTES));
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	rd_skip(&r, 5);
	is_status(rd_finish(&r, "t", &err), TACIT_FORMAT, "trailing bytes");
	ok(err.offset == 5 && strcmp(err.detail, "3 bytes too many") == 0, "%s", err.detail);
}

static void test_writer(void)
{
	uint8_t room[20];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice out = { NULL, 0 };

	wr_u8(&w, 1);
	wr_be16(&w, 0x0203);
	wr_be32(&w, 0x04050607);
	wr_be64(&w, 0x08090a0b0c0d0e0f);
	wr_text(&w, "hi");
	wr_bytes(&w, tacit_slice_of(BYTES, 3));
	is_status(wr_finish(&w, "t", &out, NULL), TACIT_OK, "fits exactly");
	is_slice(out, tacit_slice_of("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17hi\1\2\3", 20),
		 "bytes");
	wr_bytes(&w, tacit_slice_of(NULL, 0));
	ok(!w.bad, "nothing more fits");
	wr_u8(&w, 0);
	ok(w.bad && w.at == 21, "a byte more does not");
}

/* Out of room: nothing is written beyond it, and the size that was missing is known. */
static void test_writer_full(void)
{
	uint8_t room[4] = { 9, 9, 9, 9 };
	struct writer w = wr_of(tacit_mut_of(room, 3));
	struct tacit_slice out = tacit_slice_of(BYTES, 1);
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	wr_u8(&w, 1);
	wr_be32(&w, 0);
	wr_u8(&w, 2); /* would fit, but the text would have a hole */
	ok(w.bad && w.at == 6 && room[1] == 9 && room[3] == 9, "nothing after the fault");
	is_status(wr_finish(&w, "t.full", &out, &err), TACIT_LIMIT, "finish");
	ok(strcmp(err.detail, "needs 6 bytes, room for 3") == 0 && err.offset == 3, "%s",
	   err.detail);
	ok(out.ptr == BYTES, "output untouched");
}

static void test_writer_empty(void)
{
	struct writer w = wr_of(tacit_mut_of(NULL, 0));
	struct tacit_slice out = tacit_slice_of(BYTES, 1);

	wr_bytes(&w, tacit_slice_of(NULL, 0));
	wr_text(&w, "");
	is_status(wr_finish(&w, "t", &out, NULL), TACIT_OK, "nothing into no room");
	ok(out.len == 0, "is nothing");
	wr_text(&w, NULL);
	ok(!w.bad, "an absent text is nothing");
	wr_u8(&w, 0);
	ok(w.bad && w.at == 1, "one byte into no room");
}

static void test_slices(void)
{
	struct tacit_slice none = { NULL, 0 };

	ok(tacit_slice_eq(none, tacit_slice_of("", 0)), "absent and empty hold the same bytes");
	ok(tacit_slice_eq(tacit_slice_str("ab"), tacit_slice_of("abc", 2)), "equal");
	ok(!tacit_slice_eq(tacit_slice_str("ab"), tacit_slice_str("ac")), "other bytes");
	ok(!tacit_slice_eq(tacit_slice_str("ab"), tacit_slice_str("abc")), "a prefix");
	ok(!tacit_slice_eq(none, tacit_slice_str("a")), "absent and some");
	ok(tacit_slice_str(NULL).ptr == NULL && tacit_slice_str(NULL).len == 0, "NULL is absent");
	ok(tacit_slice_str("").ptr != NULL, "an empty text is not");
}

int main(void)
{
	test_numbers();
	test_short();
	test_take();
	test_sub();
	test_empty();
	test_trailing();
	test_writer();
	test_writer_full();
	test_writer_empty();
	test_slices();
	return done();
}
