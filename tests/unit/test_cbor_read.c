/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include "tests/tap.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- typed reads ------------------------------------------------------------------------ */

static void test_typed(void)
{
	static const uint8_t DOC[] = {
		0x8c, 0x18, 0x64, 0x29, 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x42, 1,    2,    0x62,
		'h',  'i',  0xf5, 0xf4, 0xf6, 0xd8, 0x20, 0xa1, 0x01, 0x40, 0x60, 0x81, 0x07,
	};
	struct tacit_cbor c = tacit_cbor_of(TACIT_SLICE_ARRAY(DOC), TACIT_CBOR_STRICT);

	ok(tacit_cbor_peek(&c) == TACIT_CBOR_ARRAY && tacit_cbor_array(&c) == 12, "array of 12");
	ok(tacit_cbor_uint(&c) == 100, "uint");
	ok(tacit_cbor_peek(&c) == TACIT_CBOR_NINT && tacit_cbor_int(&c) == -10, "negative int");
	ok(tacit_cbor_int(&c) == INT64_MIN, "INT64_MIN");
	ok(tacit_cbor_int(&c) == INT64_MAX, "INT64_MAX");
	is_slice(tacit_cbor_bytes(&c), tacit_slice_of("\1\2", 2), "bytes");
	is_slice(tacit_cbor_text(&c), tacit_slice_str("hi"), "text");
	ok(!tacit_cbor_null(&c) && tacit_cbor_bool(&c), "true, which is not null");
	ok(!tacit_cbor_bool(&c) && !c.r.bad, "false");
	ok(tacit_cbor_null(&c), "null");
	ok(tacit_cbor_tag(&c) == 32, "tag");
	ok(tacit_cbor_map(&c) == 1 && tacit_cbor_uint(&c) == 1, "map of one");
	struct tacit_slice empty = tacit_cbor_bytes(&c);
	ok(empty.ptr && empty.len == 0, "empty bytes are there");
	empty = tacit_cbor_text(&c);
	ok(empty.ptr && empty.len == 0, "empty text is there");
	is_slice(tacit_cbor_item(&c), tacit_slice_of("\x81\x07", 2), "item");
	ok(tacit_cbor_peek(&c) == TACIT_CBOR_NONE, "nothing is left");
	is_status(tacit_cbor_finish(&c, "doc", NULL), TACIT_OK, "finish");
}

/* One read of each kind on an item of each type: what must fit, and the complaint otherwise. */
enum read { READ_UINT, READ_INT, READ_BYTES, READ_TEXT, READ_BOOL, READ_TAG, READ_ARRAY, READ_MAP };

static void read_one(struct tacit_cbor *c, enum read kind)
{
	switch (kind) {
	case READ_UINT:
		ok(tacit_cbor_uint(c) == 0, "gives 0");
		break;
	case READ_INT:
		ok(tacit_cbor_int(c) == 0, "gives 0");
		break;
	case READ_BYTES:
		ok(tacit_cbor_bytes(c).len == 0, "gives nothing");
		break;
	case READ_TEXT:
		ok(tacit_cbor_text(c).len == 0, "gives nothing");
		break;
	case READ_BOOL:
		ok(!tacit_cbor_bool(c), "gives false");
		break;
	case READ_TAG:
		ok(tacit_cbor_tag(c) == 0, "gives 0");
		break;
	case READ_ARRAY:
		ok(tacit_cbor_array(c) == 0, "gives 0");
		break;
	case READ_MAP:
		ok(tacit_cbor_map(c) == 0, "gives 0");
		break;
	}
}

static void test_wrong_type(void)
{
	static const struct {
		enum read kind;
		const char *fits, *why;
	} READS[] = {
		{ READ_UINT, "00", "not an unsigned number" },
		{ READ_INT, "0020", "not a number" },
		{ READ_BYTES, "40", "not a byte string" },
		{ READ_TEXT, "60", "not a text string" },
		{ READ_BOOL, "f4", "not true or false" },
		{ READ_TAG, "c0", "not a tag" },
		{ READ_ARRAY, "80", "not an array" },
		{ READ_MAP, "a0", "not a map" },
	};
	static const uint8_t TYPES[] = { 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0,
					 0xc0, 0xf4, 0xf6, 0xe1, 0xf9, 0xff };

	for (size_t r = 0; r < COUNT(READS); r++) {
		for (size_t t = 0; t < sizeof(TYPES); t++) {
			uint8_t doc[] = { TYPES[t], 0, 0 };
			char hex[3];

			tacit_hex_encode(tacit_slice_of(doc, 1), hex);
			if (strstr(READS[r].fits, hex))
				continue;
			struct tacit_cbor c = tacit_cbor_of(TACIT_SLICE_ARRAY(doc), TACIT_CBOR_LAX);
			read_one(&c, READS[r].kind);
			ok(c.r.bad && c.r.at == 0 && strcmp(c.why, READS[r].why) == 0, "%s: %s",
			   hex, READS[r].why);
		}
	}
}

static void expect_bad(const char *hex, enum read kind, const char *why)
{
	struct tacit_slice in = vector_hex(hex);
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);

	read_one(&c, kind);
	ok(c.r.bad && c.r.at == 0 && strcmp(c.why, why) == 0, "%s: %s", hex, why);
	vector_done(in);
}

static void test_typed_edges(void)
{
	expect_bad("1b8000000000000000", READ_INT, "number beyond 64 bits with sign");
	expect_bad("3b8000000000000000", READ_INT, "number beyond 64 bits with sign");
	expect_bad("3bffffffffffffffff", READ_INT, "number beyond 64 bits with sign");
	expect_bad("5f4100ff", READ_BYTES, "string in chunks");
	expect_bad("7f6161ff", READ_TEXT, "string in chunks");
	expect_bad("41", READ_BYTES, "input ends too early");
	expect_bad("61ff", READ_TEXT, "text is not UTF-8");
	expect_bad("", READ_UINT, "input ends too early");
	expect_bad("", READ_BOOL, "input ends too early");
	expect_bad("8100", READ_MAP, "not a map");
	expect_bad("8200", READ_ARRAY, "more elements than the input holds");
	expect_bad("a100", READ_MAP, "more elements than the input holds");
	expect_bad("15", READ_BOOL, "not true or false");
	expect_bad("f7", READ_BOOL, "not true or false");
}

static void test_empty_input(void)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_cbor c = tacit_cbor_of(none, TACIT_CBOR_STRICT);

	ok(tacit_cbor_peek(&c) == TACIT_CBOR_NONE, "no input: nothing to peek at");
	ok(!tacit_cbor_null(&c) && !c.r.bad, "no input: not null, not yet bad");
	ok(tacit_cbor_item(&c).ptr == NULL && c.r.bad, "no input: no item");
	ok(tacit_cbor_at_break(&c), "a bad cursor ends every loop");
}

/* The first complaint stays, and its place; everything after it gives zeros. */
static void test_first_complaint(void)
{
	static const uint8_t DOC[] = { 0x82, 0x01, 0x41, 0x07 };
	struct tacit_cbor c = tacit_cbor_of(TACIT_SLICE_ARRAY(DOC), TACIT_CBOR_STRICT);
	struct tacit_cbor_keys keys = { { NULL, 0 } };
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	(void)tacit_cbor_array(&c);
	(void)tacit_cbor_text(&c);
	tacit_cbor_reject(&c, "something else");
	ok(tacit_cbor_uint(&c) == 0 && tacit_cbor_bytes(&c).len == 0 && !tacit_cbor_bool(&c) &&
		   tacit_cbor_peek(&c) == TACIT_CBOR_NONE && !tacit_cbor_item(&c).ptr &&
		   tacit_cbor_array(&c) == 0 && !tacit_cbor_null(&c),
	   "nothing is read after a fault");
	tacit_cbor_key_check(&c, &keys, tacit_slice_of(DOC, 1));
	is_status(tacit_cbor_finish(&c, "doc", &err), TACIT_FORMAT, "finish");
	ok(err.offset == 1 && strcmp(err.detail, "not a text string") == 0 &&
		   strcmp(err.where, "doc") == 0,
	   "first complaint: %s at %llu", err.detail, (unsigned long long)err.offset);

	c = tacit_cbor_of(TACIT_SLICE_ARRAY(DOC), TACIT_CBOR_STRICT);
	(void)tacit_cbor_array(&c);
	tacit_cbor_reject(&c, "unknown purpose");
	tacit_error_clear(&err);
	is_status(tacit_cbor_finish(&c, "doc", &err), TACIT_FORMAT, "a caller's complaint");
	ok(err.offset == 1 && strcmp(err.detail, "unknown purpose") == 0, "is what is reported");
}

static void test_indefinite_reads(void)
{
	static const uint8_t ARRAY[] = { 0x9f, 0x01, 0x02, 0xff };
	struct tacit_cbor c = tacit_cbor_of(TACIT_SLICE_ARRAY(ARRAY), TACIT_CBOR_LAX);
	uint64_t sum = 0;

	ok(tacit_cbor_array(&c) == TACIT_CBOR_INDEFINITE, "indefinite array");
	while (!tacit_cbor_at_break(&c))
		sum += tacit_cbor_uint(&c);
	ok(sum == 3 && tacit_cbor_finish(&c, "a", NULL) == TACIT_OK, "its elements and break");

	c = tacit_cbor_of(tacit_slice_of(ARRAY, 3), TACIT_CBOR_LAX);
	(void)tacit_cbor_array(&c);
	while (!tacit_cbor_at_break(&c))
		(void)tacit_cbor_uint(&c);
	ok(c.r.bad && c.r.at == 3, "a missing break ends the loop and is a fault");
	c = tacit_cbor_of(tacit_slice_of(ARRAY, 1), TACIT_CBOR_LAX);
	(void)tacit_cbor_array(&c);
	ok(tacit_cbor_at_break(&c) && c.r.bad && c.r.at == 1, "at once, without a read");

	c = tacit_cbor_of(tacit_slice_of("\xbf\xff", 2), TACIT_CBOR_LAX);
	ok(tacit_cbor_map(&c) == TACIT_CBOR_INDEFINITE && tacit_cbor_at_break(&c) && !c.r.bad,
	   "empty indefinite map");
	c = tacit_cbor_of(tacit_slice_of("\xff", 1), TACIT_CBOR_STRICT);
	ok(tacit_cbor_at_break(&c) && c.r.bad, "strict knows no break");
}

static void test_keys(void)
{
	struct tacit_cbor c = tacit_cbor_of(tacit_slice_of("\0", 1), TACIT_CBOR_LAX);
	struct tacit_cbor_keys keys = { { NULL, 0 } };

	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x02", 1));
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x01", 1));
	ok(!c.r.bad, "lax: descending keys");
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x01", 1));
	ok(c.r.bad && strcmp(c.why, "duplicate map key") == 0, "lax: the same key twice in a row");

	c = tacit_cbor_of(tacit_slice_of("\0", 1), TACIT_CBOR_STRICT);
	keys.last = tacit_slice_of(NULL, 0);
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x00", 1));
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x18\x18", 2));
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x18\x19", 2));
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x20", 1));
	ok(!c.r.bad, "strict: ascending by bytes, not by length");
	tacit_cbor_key_check(&c, &keys, tacit_slice_of("\x18\xff", 2));
	ok(c.r.bad && strcmp(c.why, "map keys out of order") == 0, "strict: descending");
}

/* --- writing ---------------------------------------------------------------------------- */

static void test_writer(void)
{
	uint8_t room[128];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice out, want;

	tacit_cbor_put_array(&w, 10);
	tacit_cbor_put_uint(&w, 23);
	tacit_cbor_put_uint(&w, 24);
	tacit_cbor_put_int(&w, -25);
	tacit_cbor_put_int(&w, 65535);
	tacit_cbor_put_int(&w, INT64_MIN);
	tacit_cbor_put_uint(&w, UINT64_MAX);
	tacit_cbor_put_tag(&w, 18);
	tacit_cbor_put_map(&w, 1);
	tacit_cbor_put_text(&w, tacit_slice_str("k"));
	tacit_cbor_put_bytes(&w, tacit_slice_of(NULL, 0));
	tacit_cbor_put_bool(&w, true);
	tacit_cbor_put_bool(&w, false);
	tacit_cbor_put_null(&w);
	want = vector_hex("8a171818381819ffff3b7fffffffffffffff1bffffffffffffffffd2a1616b40f5f4f6");
	ok(wr_finish(&w, "t", &out, NULL) == TACIT_OK, "fits");
	is_slice(out, want, "one of each");
	ok(tacit_cbor_check(out, TACIT_CBOR_STRICT, NULL) == TACIT_OK, "is deterministic");
	vector_done(want);
}

static void test_writer_heads(void)
{
	static const uint64_t EDGES[] = { 0,      23,      24,         0xff,        0x100,
					  0xffff, 0x10000, 0xffffffff, 0x100000000, UINT64_MAX };
	static const size_t SIZES[] = { 1, 1, 2, 2, 3, 3, 5, 5, 9, 9 };

	for (size_t i = 0; i < COUNT(EDGES); i++) {
		uint8_t room[9];
		struct writer w = wr_of(tacit_mut_of(room, SIZES[i]));
		struct tacit_cbor c;

		tacit_cbor_put_uint(&w, EDGES[i]);
		c = tacit_cbor_of(tacit_slice_of(room, SIZES[i]), TACIT_CBOR_STRICT);
		ok(!w.bad && w.at == SIZES[i] && tacit_cbor_uint(&c) == EDGES[i] && !c.r.bad,
		   "%llu in %zu bytes", (unsigned long long)EDGES[i], SIZES[i]);
		w = wr_of(tacit_mut_of(room, SIZES[i] - 1));
		tacit_cbor_put_uint(&w, EDGES[i]);
		ok(w.bad && w.at == SIZES[i], "no room for %llu", (unsigned long long)EDGES[i]);
	}
}

int main(void)
{
	test_typed();
	test_wrong_type();
	test_typed_edges();
	test_empty_input();
	test_first_complaint();
	test_indefinite_reads();
	test_keys();
	test_writer();
	test_writer_heads();
	return done();
}
