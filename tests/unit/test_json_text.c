/* SPDX-License-Identifier: Apache-2.0 */

/* Writing strings, and the UTF-8 that decides what is written. */

#include "base/writer.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The last and first of each length, by the table of RFC 3629 section 4. */
static void test_utf8_valid(void)
{
	static const struct {
		const char *text;
		uint32_t point;
	} GOOD[] = {
		{ "\x01", 1 },
		{ "\x7f", 0x7f },
		{ "\xc2\x80", 0x80 },
		{ "\xdf\xbf", 0x7ff },
		{ "\xe0\xa0\x80", 0x800 },
		{ "\xed\x9f\xbf", 0xd7ff },
		{ "\xee\x80\x80", 0xe000 },
		{ "\xef\xbf\xbf", 0xffff },
		{ "\xf0\x90\x80\x80", 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff },
	};

	for (size_t i = 0; i < COUNT(GOOD); i++) {
		struct tacit_slice text = tacit_slice_str(GOOD[i].text);
		uint32_t point = 0;

		ok(tacit_utf8_step(text, 0, &point) == text.len && point == GOOD[i].point, "U+%04X",
		   (unsigned)GOOD[i].point);
		for (size_t cut = 1; cut < text.len; cut++)
			ok(tacit_utf8_step(tacit_slice_of(text.ptr, cut), 0, &point) == 0,
			   "U+%04X cut to %zu", (unsigned)GOOD[i].point, cut);
	}
	uint32_t zero = 1;
	ok(tacit_utf8_step(tacit_slice_of("", 1), 0, &zero) == 1 && zero == 0, "U+0000");
	ok(tacit_utf8_valid(tacit_slice_of(NULL, 0)), "nothing is valid");
	ok(tacit_utf8_valid(tacit_slice_str("a\xc2\x80z")), "a mix is valid");
}

static void test_utf8_invalid(void)
{
	static const char *const BAD[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x41",
		"\xc2\xc2",
		"\xe0\x9f\xbf",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xe1\x80",
		"\xe1\x80\x41",
		"\xe1\x41\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xf1\x80\x80",
	};

	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct tacit_slice text = tacit_slice_str(BAD[i]);
		uint32_t point = 7;

		ok(tacit_utf8_step(text, 0, &point) == 0 && point == 7, "case %zu is no step", i);
		ok(!tacit_utf8_valid(text), "case %zu is not valid", i);
	}
	ok(!tacit_utf8_valid(tacit_slice_str("abc\xff")), "nor is a bad end");
}

static void test_put_string(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} CASES[] = {
		{ "", 0, "\"\"" },
		{ "plain /'~", 9, "\"plain /'~\"" },
		{ "\"\\", 2, "\"\\\"\\\\\"" },
		{ "\n\r\t", 3, "\"\\n\\r\\t\"" },
		{ "\0\x01\x1f", 3, "\"\\u0000\\u0001\\u001f\"" },
		{ "\x7f", 1, "\"\\u007f\"" },
		{ "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 8, "\"\\u0080\\u009b\\u009f\xc2\xa0\"" },
		{ "\xe6\xb0\xb4\xf0\x9f\x98\x80", 7, "\"\xe6\xb0\xb4\xf0\x9f\x98\x80\"" },
		{ "\xd8\x9c", 2, "\"\\u061c\"" },
		{ "\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90", 12,
		  "\"\xe2\x80\x8d\\u200e\\u200f\xe2\x80\x90\"" },
		{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xae\xe2\x80\xaf", 12,
		  "\"\xe2\x80\xa7\\u2028\\u202e\xe2\x80\xaf\"" },
		{ "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", 12,
		  "\"\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa\"" },
		{ "\xef\xbb\xbf", 3, "\"\\ufeff\"" },
		{ "a\xff\xfe"
		  "b",
		  4,
		  "\"a\xef\xbf\xbd\xef\xbf\xbd"
		  "b\"" },
		{ "\xe6\xb0", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_slice text = tacit_slice_of(CASES[i].text, CASES[i].len);
		struct tacit_slice want = tacit_slice_str(CASES[i].want), got = { NULL, 0 };
		uint8_t room[64];
		struct writer w = wr_of(tacit_mut_of(room, want.len));
		json_t *value = NULL;

		tacit_json_put_string(&w, text);
		(void)!wr_finish(&w, "t", &got, NULL);
		is_slice(got, want, CASES[i].want);
		ok(tacit_json_parse(got, &value, NULL) == TACIT_OK, "reads back");
		if (tacit_utf8_valid(text))
			is_slice(
				tacit_slice_of(json_string_value(value), json_string_length(value)),
				text, "as it was");
		json_decref(value);
		w = wr_of(tacit_mut_of(room, want.len - 1));
		tacit_json_put_string(&w, text);
		ok(w.bad && w.at == want.len, "a byte too little room");
	}
}

int main(void)
{
	test_utf8_valid();
	test_utf8_invalid();
	test_put_string();
	return done();
}
