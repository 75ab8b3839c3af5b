/* SPDX-License-Identifier: Apache-2.0 */

/* RFC 8949 Appendix A and F from the shared vectors, and diagnostic notation. */

#include "codec/cbor.h"
#include "tests/tap.h"
#include "vectors.h"

/* Writes the item again through typed reads; heads in sequence are the item. False: no writer. */
static bool copy_head(struct tacit_cbor *c, struct writer *w)
{
	switch (tacit_cbor_peek(c)) {
	case TACIT_CBOR_UINT:
		tacit_cbor_put_uint(w, tacit_cbor_uint(c));
		return true;
	case TACIT_CBOR_NINT:
		tacit_cbor_put_int(w, tacit_cbor_int(c));
		return !c->r.bad;
	case TACIT_CBOR_BYTES:
		tacit_cbor_put_bytes(w, tacit_cbor_bytes(c));
		return true;
	case TACIT_CBOR_TEXT:
		tacit_cbor_put_text(w, tacit_cbor_text(c));
		return true;
	case TACIT_CBOR_ARRAY:
		tacit_cbor_put_array(w, tacit_cbor_array(c));
		return true;
	case TACIT_CBOR_MAP:
		tacit_cbor_put_map(w, tacit_cbor_map(c));
		return true;
	case TACIT_CBOR_TAG:
		tacit_cbor_put_tag(w, tacit_cbor_tag(c));
		return true;
	case TACIT_CBOR_SIMPLE:
		if (tacit_cbor_null(c))
			tacit_cbor_put_null(w);
		else
			tacit_cbor_put_bool(w, tacit_cbor_bool(c));
		return !c->r.bad;
	case TACIT_CBOR_FLOAT:
	case TACIT_CBOR_BREAK:
	case TACIT_CBOR_NONE:
		break;
	}
	return false;
}

/* True when the writer supports every head; then the copy must be the same. */
static bool copy_item(struct tacit_slice in, const char *hex)
{
	uint8_t room[256];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);

	while (c.r.at < in.len) {
		if (!copy_head(&c, &w))
			return false;
	}
	is_slice(tacit_slice_of(room, w.bad ? 0 : w.at), in, hex);
	return true;
}

/* What the writer has no function for: floats, undefined and other simple values, -2^64. */
static bool is_unwritable(const char *hex)
{
	static const char *const PREFIXES[] = {
		"f9", "fa", "fb", "f0", "f7", "f8", "3bffffffffffffffff"
	};

	for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
		if (strncmp(hex, PREFIXES[i], strlen(PREFIXES[i])) == 0)
			return true;
	}
	return false;
}

static void check_appendix_a(const json_t *row)
{
	const char *hex = json_string_value(json_object_get(row, "hex"));
	bool roundtrip = json_is_true(json_object_get(row, "roundtrip"));
	struct tacit_slice in = vector_hex(hex);
	enum tacit_status lax = tacit_cbor_check(in, TACIT_CBOR_LAX, NULL);
	enum tacit_status strict = tacit_cbor_check(in, TACIT_CBOR_STRICT, NULL);
	bool is_float = hex[0] == 'f' && hex[1] >= '9' && hex[1] <= 'b';

	if (strcmp(hex, "f818") == 0) {
		/* simple(24) of RFC 7049 is not well-formed any more [RFC 8949 3.3]. */
		ok(lax != TACIT_OK && strict != TACIT_OK, "appendix A: %s of the older RFC", hex);
	} else {
		ok(lax == TACIT_OK, "appendix A: lax accepts %s", hex);
		ok((strict == TACIT_OK) == (roundtrip && !is_float), "appendix A: strict %s %s",
		   strict == TACIT_OK ? "accepts" : "refuses", hex);
		if (roundtrip)
			ok(copy_item(in, hex) != is_unwritable(hex), "appendix A: %s again", hex);
	}
	vector_done(in);
}

static void test_appendix_a(void)
{
	json_t *rows = vector_json("cbor/appendix_a.json");
	size_t i;
	json_t *row;

	if (!rows)
		return;
	ok(json_array_size(rows) >= 50, "appendix A has %zu rows", json_array_size(rows));
	json_array_foreach(rows, i, row) check_appendix_a(row);
	json_decref(rows);
}

static void test_not_well_formed(void)
{
	json_t *rows = vector_json("cbor/not_well_formed.json");
	size_t i;
	json_t *row;

	if (!rows)
		return;
	ok(json_array_size(rows) >= 60, "appendix F has %zu rows", json_array_size(rows));
	json_array_foreach(rows, i, row)
	{
		const char *hex = json_string_value(json_object_get(row, "hex"));
		struct tacit_slice in = vector_hex(hex);

		ok(tacit_cbor_check(in, TACIT_CBOR_LAX, NULL) == TACIT_FORMAT &&
			   tacit_cbor_check(in, TACIT_CBOR_STRICT, NULL) == TACIT_FORMAT,
		   "appendix F: %s is refused", hex);
		vector_done(in);
	}
	json_decref(rows);
}

struct shown {
	const char *hex, *text;
};

/* Values of RFC 8949 Appendix A and more of our own. */
static const struct shown SHOWN[] = {
	{ "00", "0" },
	{ "1bffffffffffffffff", "18446744073709551615" },
	{ "20", "-1" },
	{ "3bfffffffffffffffe", "-18446744073709551615" },
	{ "3bffffffffffffffff", "-18446744073709551616" },
	{ "40", "h''" },
	{ "420aff", "h'0aff'" },
	{ "60", "\"\"" },
	{ "63e6b0b4", "\"\xe6\xb0\xb4\"" },
	{ "65225c0a0d01", "\"\\\"\\\\\\n\\r\\u0001\"" },
	{ "80", "[]" },
	{ "8301820203820405", "[1, [2, 3], [4, 5]]" },
	{ "a0", "{}" },
	{ "a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}" },
	{ "a2a00180a10203", "{{}: 1, []: {2: 3}}" },
	{ "c11a514b67b0", "1(1363896240)" },
	{ "d28341008040", "18([h'00', [], h''])" },
	{ "f4", "false" },
	{ "f5", "true" },
	{ "f6", "null" },
	{ "f7", "undefined" },
	{ "f0", "simple(16)" },
	{ "f8ff", "simple(255)" },
	{ "f90000", "0.0" },
	{ "f98000", "-0.0" },
	{ "f93c00", "1.0" },
	{ "f93e00", "1.5" },
	{ "f97bff", "65504.0" },
	{ "f90001", "5.9605e-08" },
	{ "f90400", "6.1035e-05" },
	{ "f9c400", "-4.0" },
	{ "f97c00", "Infinity" },
	{ "f9fc00", "-Infinity" },
	{ "f97e00", "NaN" },
	{ "f97c01", "NaN" },
	{ "fa47c35000", "100000.0" },
	{ "fa7f800000", "Infinity" },
	{ "faff800000", "-Infinity" },
	{ "fa7fc00000", "NaN" },
	{ "fbc010666666666666", "-4.0999999999999996" },
	{ "fb7ff0000000000000", "Infinity" },
	{ "fb7e37e43c8800759c", "1.0000000000000001e+300" },
	{ "5f42010243030405ff", "(_ h'0102', h'030405')" },
	{ "7f657374726561646d696e67ff", "(_ \"strea\", \"ming\")" },
	{ "5fff", "(_ )" },
	{ "9f018202039f0405ffff", "[_ 1, [2, 3], [_ 4, 5]]" },
	{ "bf6346756ef563416d7421ff", "{_ \"Fun\": true, \"Amt\": -2}" },
	{ "1817", "23" },
};

static void test_diagnose(void)
{
	for (size_t i = 0; i < sizeof(SHOWN) / sizeof(SHOWN[0]); i++) {
		struct tacit_slice in = vector_hex(SHOWN[i].hex);
		struct tacit_slice want = tacit_slice_str(SHOWN[i].text), got = { NULL, 0 };
		uint8_t room[64];
		struct writer w = wr_of(tacit_mut_of(room, want.len));

		ok(tacit_cbor_diagnose(in, &w, NULL) == TACIT_OK &&
			   wr_finish(&w, "t", &got, NULL) == TACIT_OK,
		   "shows %s", SHOWN[i].hex);
		is_slice(got, want, SHOWN[i].text);
		w = wr_of(tacit_mut_of(room, want.len - 1));
		ok(tacit_cbor_diagnose(in, &w, NULL) == TACIT_LIMIT && w.at == want.len,
		   "%s: a byte too little room, and says how much", SHOWN[i].hex);
		vector_done(in);
	}
}

static void show_string(const char *unit, size_t count, bool text, struct tacit_slice want_end,
			size_t want_len)
{
	static uint8_t in[1024], body[1024], out[2048];
	size_t unit_len = strlen(unit);
	struct writer w = wr_of(tacit_mut_of(in, sizeof(in)));
	struct writer shown = wr_of(tacit_mut_of(out, sizeof(out)));

	for (size_t i = 0; i < count; i++)
		memcpy(body + i * unit_len, unit, unit_len);
	struct tacit_slice whole = tacit_slice_of(body, count * unit_len);
	if (text)
		tacit_cbor_put_text(&w, whole);
	else
		tacit_cbor_put_bytes(&w, whole);
	is_status(tacit_cbor_diagnose(tacit_slice_of(in, w.at), &shown, NULL), TACIT_OK, "shown");
	ok(shown.at == want_len, "%zu characters (%zu)", want_len, shown.at);
	if (want_len >= want_end.len)
		is_slice(tacit_slice_of(out + want_len - want_end.len, want_end.len), want_end,
			 (const char *)want_end.ptr);
}

/* Strings over 256 bytes are cut, at the end of a character, and say so. */
static void test_diagnose_cut(void)
{
	show_string("a", 256, false, tacit_slice_str("61'"), 3 + 512);
	show_string("a", 257, false, tacit_slice_str("61' / first 256 of 257 bytes /"),
		    3 + 512 + 27);
	show_string("a", 256, true, tacit_slice_str("a\""), 2 + 256);
	show_string("a", 257, true, tacit_slice_str("a\" / first 256 of 257 bytes /"),
		    2 + 256 + 27);
	show_string("\xe6\xb0\xb4", 90, true,
		    tacit_slice_str("\xe6\xb0\xb4\" / first 258 of 270 bytes /"), 2 + 258 + 27);
}

static void test_diagnose_refuses(void)
{
	static const char *const BAD[] = { "", "18", "0000", "ff", "61ff", "9f", "f818" };
	uint8_t room[16];

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct tacit_slice in = vector_hex(BAD[i]);
		struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

		ok(tacit_cbor_diagnose(in, &w, NULL) == TACIT_FORMAT && w.at == 0,
		   "shows nothing of '%s'", BAD[i]);
		vector_done(in);
	}
}

int main(void)
{
	test_appendix_a();
	test_not_well_formed();
	test_diagnose();
	test_diagnose_cut();
	test_diagnose_refuses();
	return done();
}
