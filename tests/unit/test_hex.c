/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "tests/tap.h"

static void test_every_byte(void)
{
	for (unsigned v = 0; v < 256; v++) {
		uint8_t in = (uint8_t)v, out = (uint8_t)~v;
		char text[3], want[3];
		size_t len = 0;

		snprintf(want, sizeof(want), "%02x", v);
		tacit_hex_encode(tacit_slice_of(&in, 1), text);
		bool back = tacit_hex_decode(tacit_slice_str(text), tacit_mut_of(&out, 1), &len);
		if (strcmp(text, want) != 0 || !back || len != 1 || out != in)
			ok(false, "byte %02x", v);
	}
	ok(true, "all 256 bytes there and back");
}

/* Every character in either place: only the 22 digits are taken. */
static void test_every_character(void)
{
	unsigned taken = 0;

	for (unsigned c = 0; c < 256; c++) {
		for (size_t place = 0; place < 2; place++) {
			uint8_t text[2] = { '0', '0' }, out;
			size_t len;

			text[place] = (uint8_t)c;
			taken += tacit_hex_decode(TACIT_SLICE_ARRAY(text), tacit_mut_of(&out, 1),
						  &len);
		}
	}
	ok(taken == 44, "%u of 512 are digits", taken);
}

static void test_values(void)
{
	uint8_t out[4] = { 0 };
	char text[9];
	size_t len = 9;

	ok(tacit_hex_decode(tacit_slice_str("09aFFf10"), tacit_mut_of(out, 4), &len) && len == 4,
	   "either case");
	is_slice(TACIT_SLICE_ARRAY(out), tacit_slice_of("\x09\xaf\xff\x10", 4), "its value");
	tacit_hex_encode(TACIT_SLICE_ARRAY(out), text);
	ok(strcmp(text, "09afff10") == 0, "lower case out");
	tacit_hex_encode(tacit_slice_of(NULL, 0), text);
	ok(text[0] == '\0', "nothing is an empty text");
	ok(tacit_hex_decode(tacit_slice_of(NULL, 0), tacit_mut_of(NULL, 0), &len) && len == 0,
	   "and back");
}

static void test_refuses(void)
{
	static const struct {
		const char *text;
		size_t room;
	} CASES[] = {
		{ "0", 4 },    { "000", 4 },        { "0g", 4 },         { "g0", 4 },
		{ "0x", 4 },   { "0x00", 4 },       { " 00", 4 },        { "00 ", 4 },
		{ "00:0", 4 }, { "00\n0", 4 },      { "-1", 4 },         { "0000", 1 },
		{ "00", 0 },   { "0000000000", 4 }, { "00000000gg", 5 },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		uint8_t out[5] = { 7, 7, 7, 7, 7 };
		size_t len = 99;

		ok(!tacit_hex_decode(tacit_slice_str(CASES[i].text),
				     tacit_mut_of(out, CASES[i].room), &len) &&
			   len == 99 && out[0] == 7,
		   "refuses '%s' in %zu, nothing written", CASES[i].text, CASES[i].room);
	}
}

int main(void)
{
	test_every_byte();
	test_every_character();
	test_values();
	test_refuses();
	return done();
}
