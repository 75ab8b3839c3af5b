/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include "tests/tap.h"

#define ROOM 64

struct pair {
	const char *bytes, *standard, *url;
};

/* RFC 4648 section 10, and bytes that need the last two characters of the alphabets. */
static const struct pair PAIRS[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/", "-_-_" },
	{ "\xff\xff", "//8=", "__8" },
};

static void check_pair(enum tacit_base64 form, const char *bytes, const char *text)
{
	struct tacit_slice want = tacit_slice_str(bytes);
	char room[ROOM];
	uint8_t out[ROOM];
	size_t len = 99;

	memset(room, 'x', sizeof(room));
	tacit_base64_encode(form, want, room);
	ok(strcmp(room, text) == 0, "encodes to '%s'", text);
	ok(tacit_base64_size(form, want.len) == strlen(text), "its size");
	ok(tacit_base64_decode(form, tacit_slice_str(text), tacit_mut_of(out, want.len), &len),
	   "decodes '%s' into room that just fits", text);
	is_slice(tacit_slice_of(out, len), want, "to the same bytes");
	len = 99;
	if (want.len)
		ok(!tacit_base64_decode(form, tacit_slice_str(text),
					tacit_mut_of(out, want.len - 1), &len) &&
			   len == 99,
		   "not into a byte less");
}

static void test_refuses(void)
{
	static const struct {
		enum tacit_base64 form;
		const char *text;
	} CASES[] = {
		/* Padding missing, too much, in the wrong place. */
		{ TACIT_BASE64, "Zg" },
		{ TACIT_BASE64, "Zg=" },
		{ TACIT_BASE64, "Zm8" },
		{ TACIT_BASE64, "Zg===" },
		{ TACIT_BASE64, "Zm9v=" },
		{ TACIT_BASE64, "Zm9v====" },
		{ TACIT_BASE64, "====" },
		{ TACIT_BASE64, "=" },
		{ TACIT_BASE64, "Z===" },
		{ TACIT_BASE64, "Zg==Zg==" },
		{ TACIT_BASE64, "Z=g=" },
		{ TACIT_BASE64, "=Zg=" },
		{ TACIT_BASE64, "Zm8=Zm8=" },
		{ TACIT_BASE64URL, "Zg==" },
		{ TACIT_BASE64URL, "Zm8=" },
		{ TACIT_BASE64URL, "=" },
		/* Lengths that no bytes have. */
		{ TACIT_BASE64, "Z" },
		{ TACIT_BASE64URL, "Z" },
		{ TACIT_BASE64URL, "Zm9vZ" },
		/* Bits beyond the last byte. */
		{ TACIT_BASE64, "Zh==" },
		{ TACIT_BASE64, "Zv==" },
		{ TACIT_BASE64, "Zm9=" },
		{ TACIT_BASE64, "Zm-=" },
		{ TACIT_BASE64URL, "Zh" },
		{ TACIT_BASE64URL, "Zo" },
		{ TACIT_BASE64URL, "Zm9" },
		{ TACIT_BASE64URL, "Zm-" },
		/* The other form's characters, spaces and lines, others. */
		{ TACIT_BASE64, "-_-_" },
		{ TACIT_BASE64URL, "+/+/" },
		{ TACIT_BASE64, "Zm9v\n" },
		{ TACIT_BASE64, "Zm 9" },
		{ TACIT_BASE64, "\nZm9vZ" },
		{ TACIT_BASE64URL, "Zm9v " },
		{ TACIT_BASE64, "Zm9\x80" },
		{ TACIT_BASE64, "Zm9," },
		{ TACIT_BASE64, "Zm9." },
		{ TACIT_BASE64, "@m9v" },
		{ TACIT_BASE64, "[m9v" },
		{ TACIT_BASE64, "`m9v" },
		{ TACIT_BASE64, "{m9v" },
		{ TACIT_BASE64, ":m9v" },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		uint8_t out[ROOM] = { 7 };
		size_t len = 99;

		ok(!tacit_base64_decode(CASES[i].form, tacit_slice_str(CASES[i].text),
					tacit_mut_of(out, sizeof(out)), &len) &&
			   len == 99 && out[0] == 7,
		   "%s refuses case %zu", CASES[i].form == TACIT_BASE64 ? "base64" : "base64url",
		   i);
	}
	size_t len = 99;
	ok(!tacit_base64_decode(TACIT_BASE64, tacit_slice_of("Zm\0v", 4),
				tacit_mut_of((uint8_t[3]){ 0 }, 3), &len),
	   "a NUL");
}

/* Exactly one text stands for each pair of bytes: of all texts of three characters. */
static void test_one_encoding(enum tacit_base64 form)
{
	static bool seen[65536];
	size_t accepted = 0, twice = 0;
	uint8_t text[4] = { 0, 0, 0, '=' };

	memset(seen, 0, sizeof(seen));
	for (unsigned v = 0; v < 1u << 21; v++) {
		uint8_t out[2] = { 0, 0 };
		size_t len = 0;

		text[0] = (uint8_t)(v >> 14);
		text[1] = (uint8_t)(v >> 7 & 127);
		text[2] = (uint8_t)(v & 127);
		if (!tacit_base64_decode(form, tacit_slice_of(text, form == TACIT_BASE64 ? 4 : 3),
					 tacit_mut_of(out, 2), &len) ||
		    len != 2)
			continue;
		unsigned value = (unsigned)(out[0] << 8 | out[1]);
		twice += seen[value];
		seen[value] = true;
		accepted++;
	}
	ok(accepted == 65536 && twice == 0, "%zu texts for 65536 pairs of bytes", accepted);
}

/* Every length up to a few groups, every byte value somewhere. */
static void test_round_trips(enum tacit_base64 form)
{
	uint8_t in[ROOM], out[ROOM];
	char text[2 * ROOM];

	for (size_t len = 0; len <= ROOM; len++) {
		size_t got = 0;

		for (size_t i = 0; i < len; i++)
			in[i] = (uint8_t)(i * 37 + len * 11);
		tacit_base64_encode(form, tacit_slice_of(in, len), text);
		if (strlen(text) != tacit_base64_size(form, len) ||
		    !tacit_base64_decode(form, tacit_slice_str(text), tacit_mut_of(out, len),
					 &got) ||
		    got != len || memcmp(in, out, len) != 0)
			ok(false, "length %zu", len);
	}
	ok(true, "lengths 0 to %d there and back", ROOM);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(PAIRS) / sizeof(PAIRS[0]); i++) {
		check_pair(TACIT_BASE64, PAIRS[i].bytes, PAIRS[i].standard);
		check_pair(TACIT_BASE64URL, PAIRS[i].bytes, PAIRS[i].url);
	}
	test_refuses();
	test_one_encoding(TACIT_BASE64);
	test_one_encoding(TACIT_BASE64URL);
	test_round_trips(TACIT_BASE64);
	test_round_trips(TACIT_BASE64URL);
	return done();
}
