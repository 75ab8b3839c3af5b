/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes in text: one meaning for each, and none for what is neither hex nor base64. */

#include "codec/text_bytes.h"
#include "tests/tap.h"

static uint8_t room[4096];
static struct tacit_arena arena;

static void is(const char *text, enum tacit_text_form want, const char *bytes, const char *what)
{
	struct tacit_slice got = { NULL, 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_text_form form = tacit_text_bytes(tacit_slice_str(text), &arena, &got);
	ok(form == want && (!bytes || tacit_slice_eq(got, tacit_slice_str(bytes))), "%s", what);
}

static void test_text(void)
{
	is("616263", TACIT_TEXT_HEX, "abc", "hex");
	is("4A4b", TACIT_TEXT_HEX, "JK", "hex of either case");
	is(" 0x61\n62\t63\r\n", TACIT_TEXT_HEX, "abc", "hex behind 0x, in lines");
	is("YWJjZGU=", TACIT_TEXT_BASE64, "abcde", "base64");
	is("YWJjZGU", TACIT_TEXT_BASE64, "abcde", "without its padding");
	is("YWJj\nZGU=\n", TACIT_TEXT_BASE64, "abcde", "in lines");
	is("fn5-fj8_", TACIT_TEXT_BASE64, "~~~~??", "of the alphabet for URLs");
	is("fn5+fj8/", TACIT_TEXT_BASE64, "~~~~??", "and of the other");
	is("fn5+fj8_", TACIT_TEXT_NEITHER, NULL, "but not of both");
	is("YWJjZGU==", TACIT_TEXT_NEITHER, NULL, "too much padding");
	is("YWJjZA==", TACIT_TEXT_BASE64, "abcd", "two of padding");
	is("YWJjZA=", TACIT_TEXT_NEITHER, NULL, "too little");
	is("YW=JjZGU", TACIT_TEXT_NEITHER, NULL, "padding in the middle");
	is("YWJjZGV", TACIT_TEXT_NEITHER, NULL, "bits that are left over");
	is("YWJjZ", TACIT_TEXT_NEITHER, NULL, "one character too many");
	is("0xYWJj", TACIT_TEXT_NEITHER, NULL, "base64 behind 0x");
	is("0x616", TACIT_TEXT_NEITHER, NULL, "half a byte behind 0x");
	is("61626?", TACIT_TEXT_NEITHER, NULL, "another character");
	is("", TACIT_TEXT_NEITHER, NULL, "nothing");
	is("==", TACIT_TEXT_NEITHER, NULL, "padding alone");
	is("0x", TACIT_TEXT_NEITHER, NULL, "0x alone");
	struct tacit_slice got;
	tacit_arena_init(&arena, room, 0);
	ok(tacit_text_bytes(tacit_slice_str("6162"), &arena, &got) == TACIT_TEXT_NO_ROOM,
	   "a full arena is told apart");
}

/* Chunks are of 64 characters: lengths around them. */
static void test_lengths(void)
{
	static char text[1024];
	struct tacit_slice got;
	bool good = true;

	for (size_t n = 1; n < 200; n++) {
		tacit_arena_init(&arena, room, sizeof(room));
		memset(text, 'A', sizeof(text));
		text[2 * n] = '\0';
		good &= tacit_text_bytes(tacit_slice_str(text), &arena, &got) == TACIT_TEXT_HEX &&
			got.len == n && got.ptr[n - 1] == 0xaa;
		memset(text, '/', 4 * n);
		text[4 * n] = '\0';
		good &= tacit_text_bytes(tacit_slice_str(text), &arena, &got) ==
				TACIT_TEXT_BASE64 &&
			got.len == 3 * n && got.ptr[3 * n - 1] == 0xff;
	}
	ok(good, "every length is decoded whole");
}

static struct tacit_slice from_json(const char *json, const char **ret_why)
{
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str(json));

	tacit_arena_init(&arena, room, sizeof(room));
	struct tacit_slice got = tacit_text_bytes_json(&j, &arena);
	*ret_why = j.why;
	return got;
}

static void test_json(void)
{
	const char *why;

	is_slice(from_json("\"616263\"", &why), tacit_slice_str("abc"), "hex in JSON");
	is_slice(from_json("[97, 98,99]", &why), tacit_slice_str("abc"), "numbers");
	ok(!why, "  which are bytes");
	ok(from_json("[]", &why).len == 0 && !why, "none of them");
	ok(!from_json("null", &why).ptr && !why, "null is absent");
	(void)from_json("[256]", &why);
	ok(why != NULL, "256 is no byte");
	(void)from_json("[-1]", &why);
	ok(why != NULL, "nor is -1");
	(void)from_json("\"?\"", &why);
	ok(why != NULL, "text that is neither");
	(void)from_json("true", &why);
	ok(why != NULL, "something else");
	static const char PEM[] =
		"\"-----BEGIN CERTIFICATE-----\\nMAA=\\n-----END CERTIFICATE-----\"";
	struct tacit_slice pem = from_json(PEM, &why);
	ok(!why && pem.len && pem.ptr[0] == '-', "PEM stays text");
}

int main(void)
{
	test_text();
	test_lengths();
	test_json();
	return done();
}
