/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_read.h"

#include <dirent.h>

#include "codec/json.h"
#include "tests/tap.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum tacit_status check(struct tacit_slice text)
{
	struct tacit_error err = { 0 };
	struct tacit_json_read j = tacit_json_read_of(text);

	(void)tacit_json_read_skip(&j);
	enum tacit_status st = tacit_json_read_finish(&j, "test", &err);
	if (st != err.status || err.offset > text.len)
		ok(false, "the error agrees with the status");
	return st;
}

static const char *const GRAMMAR_GOOD[] = {
	"{}",
	"[]",
	"null",
	" true ",
	"false",
	"0",
	"-0",
	"-12.5",
	"1e9",
	"1E+2",
	"1.0e-3",
	"\"\"",
	"\"a\\n\"",
	"[1,2]",
	"[[],{}]",
	"{\"a\":{\"a\":1}}",
	"[{\"a\":1},{\"a\":1}]",
	"\"\\u00e9\\ud83d\\ude00\"",
	"\"\xc3\xa9\"",
	"{\"\":0}",
	"\t[\r\n1 , 2 ]\n",
};

static const char *const GRAMMAR_BAD[] = {
	"",
	" ",
	"{",
	"}",
	"[",
	"]",
	"{]",
	"[}",
	"[1,]",
	"[,1]",
	"[1 2]",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\" 1}",
	"{\"a\":1,}",
	"{a:1}",
	"{1:1}",
	"{,}",
	"nul",
	"nulll",
	"True",
	"01",
	"-01",
	"-",
	"+1",
	".5",
	"5.",
	"1e",
	"1e+",
	"0x10",
	"\"",
	"\"\\\"",
	"\"\\x\"",
	"\"\\u12\"",
	"\"\\u12g4\"",
	"\"\\u0000\"",
	"\"\\ud800\"",
	"\"\\udc00\"",
	"\"\\ud800\\u0041\"",
	"\"\\ud800x\"",
	"\"a\nb\"",
	"\"\x7f",
	"\"\xff\"",
	"\"\xc0\x80\"",
	"\"\xed\xa0\x80\"",
	"\"\xc3\"",
	"1 2",
	"{}{}",
	"[]x",
	"'a'",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"b\":2,\"a\":3}",
	"[{\"x\":{\"b\":1,\"b\":1}}]",
	"{\"\\u0061\":1}",
	"{\"a\":{\"b\":1},\"a\":1}",
	"{\"a\":[{}],\"b\":0,\"b\":[]}",
	"{\"\":1,\"\":2}",
	"\xef\xbb\xbf{}",
	"// c\n1",
	"[1]/**/",
	"NaN",
	"Infinity",
	"1.e5",
};

static void test_grammar(void)
{
	for (size_t i = 0; i < COUNT(GRAMMAR_GOOD); i++)
		is_status(check(tacit_slice_str(GRAMMAR_GOOD[i])), TACIT_OK, GRAMMAR_GOOD[i]);
	for (size_t i = 0; i < COUNT(GRAMMAR_BAD); i++)
		ok(check(tacit_slice_str(GRAMMAR_BAD[i])) == TACIT_FORMAT, "refused, no %zu", i);
	is_status(check(tacit_slice_of("1\0", 2)), TACIT_FORMAT, "a NUL behind the value");
	is_status(check(tacit_slice_of("\"\0\"", 3)), TACIT_FORMAT, "a NUL in a string");
	is_status(check(tacit_slice_of(NULL, 0)), TACIT_FORMAT, "nothing at all");
}

static void test_truncations(void)
{
	static const char TEXT[] =
		"{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\n\"],\"b\":{\"c\":{},\"d\":\"\xc3\xa9\"}}";
	size_t refused = 0;

	for (size_t len = 0; len < sizeof(TEXT) - 1; len++) {
		char *copy = malloc(len ? len : 1); /* so that sanitizers see an overread */

		memcpy(copy, TEXT, len);
		refused += check(tacit_slice_of(copy, len)) == TACIT_FORMAT;
		free(copy);
	}
	ok(refused == sizeof(TEXT) - 1, "every truncation is refused");
	is_status(check(tacit_slice_str(TEXT)), TACIT_OK, "and the whole is not");
}

static void test_nesting(void)
{
	char text[2 * TACIT_JSON_READ_NESTING_MAX + 4];
	static char deep[40001];

	for (size_t depth = TACIT_JSON_READ_NESTING_MAX; depth <= TACIT_JSON_READ_NESTING_MAX + 1;
	     depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		is_status(check(tacit_slice_of(text, 2 * depth)),
			  depth > TACIT_JSON_READ_NESTING_MAX ? TACIT_FORMAT : TACIT_OK,
			  "nesting at and over the limit");
	}
	memset(deep, '[', 20000);
	memset(deep + 20000, ']', 20000);
	is_status(check(tacit_slice_of(deep, 40000)), TACIT_FORMAT, "20,000 levels");
}

/* An object of `count` members, and behind it in an array one with the same names again. */
static size_t put_members(char *out, size_t count)
{
	size_t len = (size_t)sprintf(out, "[");

	for (int twice = 0; twice < 2; twice++) {
		len += (size_t)sprintf(out + len, twice ? ",{" : "{");
		for (size_t i = 0; i < count; i++)
			len += (size_t)sprintf(out + len, "%s\"m%zu\":%zu", i ? "," : "", i, i);
		len += (size_t)sprintf(out + len, "}");
	}
	return len + (size_t)sprintf(out + len, "]");
}

static void test_members(void)
{
	static char text[8192];

	is_status(check(tacit_slice_of(text, put_members(text, TACIT_JSON_READ_NAMES_MAX))),
		  TACIT_OK, "as many members as may be, twice in a row");
	is_status(check(tacit_slice_of(text, put_members(text, TACIT_JSON_READ_NAMES_MAX + 1))),
		  TACIT_FORMAT, "one more");
}

static void test_uint(void)
{
	static const struct {
		const char *text;
		uint64_t max, value;
		enum tacit_status want;
	} CASES[] = {
		{ "0", 0, 0, TACIT_OK },
		{ "255", 255, 255, TACIT_OK },
		{ "256", 255, 0, TACIT_FORMAT },
		{ "2550", 255, 0, TACIT_FORMAT },
		{ "9", 5, 0, TACIT_FORMAT },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, TACIT_OK },
		{ "18446744073709551616", UINT64_MAX, 0, TACIT_FORMAT },
		{ "99999999999999999999999999", UINT64_MAX, 0, TACIT_FORMAT },
		{ "-1", 255, 0, TACIT_FORMAT },
		{ "-0", 255, 0, TACIT_FORMAT },
		{ "1.0", 255, 0, TACIT_FORMAT },
		{ "1e1", 255, 0, TACIT_FORMAT },
		{ "1E1", 255, 0, TACIT_FORMAT },
		{ "01", 255, 0, TACIT_FORMAT },
		{ "00", 255, 0, TACIT_FORMAT },
		{ "\"1\"", 255, 0, TACIT_FORMAT },
		{ "null", 255, 0, TACIT_FORMAT },
		{ "", 255, 0, TACIT_FORMAT },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_json_read j = tacit_json_read_of(tacit_slice_str(CASES[i].text));
		uint64_t value = tacit_json_read_uint(&j, CASES[i].max);

		ok(value == CASES[i].value, "value of %s up to %llu", CASES[i].text,
		   (unsigned long long)CASES[i].max);
		is_status(tacit_json_read_finish(&j, "uint", NULL), CASES[i].want, "its status");
	}
}

static void test_strings(void)
{
	static uint8_t room[256];
	struct tacit_arena arena;
	static const char PLAIN[] = "\"Intel\"";
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str(PLAIN));
	struct tacit_slice s = tacit_json_read_string(&j);

	ok(s.ptr == (const uint8_t *)PLAIN + 1 && s.len == 5, "a string lies in place");
	j = tacit_json_read_of(tacit_slice_str("\"\""));
	s = tacit_json_read_string(&j);
	ok(s.ptr && s.len == 0, "an empty one is there");
	j = tacit_json_read_of(tacit_slice_str("\"a\\n\""));
	ok(!tacit_json_read_string(&j).ptr && j.why, "an escape is refused");
	tacit_arena_init(&arena, room, sizeof(room));
	j = tacit_json_read_of(tacit_slice_str("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac"
					       "\\ud83d\\ude00z\""));
	is_slice(tacit_json_read_text(&j, &arena),
		 tacit_slice_str("\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"),
		 "every escape, decoded");
	is_status(tacit_json_read_finish(&j, "text", NULL), TACIT_OK, "and nothing is left");
	tacit_arena_init(&arena, room, 0);
	j = tacit_json_read_of(tacit_slice_str("\"a\""));
	is_slice(tacit_json_read_text(&j, &arena), tacit_slice_str("a"), "no escape, no arena");
	j = tacit_json_read_of(tacit_slice_str("\"a\\n\""));
	ok(!tacit_json_read_text(&j, &arena).ptr && j.why, "a full arena is a complaint");
}

static void test_hex(void)
{
	uint8_t out[2] = { 9, 9 };
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str("\"aB0f\""));

	tacit_json_read_hex(&j, out, 2);
	ok(!j.why && out[0] == 0xab && out[1] == 0x0f, "hex of either case");
	static const char *const BAD[] = { "\"ab\"", "\"ab0f0\"", "\"ab0f00\"",     "\"ab0g\"",
					   "\"\"",   "12",        "\"a\\u0062b0f\"" };
	for (size_t i = 0; i < COUNT(BAD); i++) {
		j = tacit_json_read_of(tacit_slice_str(BAD[i]));
		tacit_json_read_hex(&j, out, 2);
		ok(j.why && out[0] == 0xab, "refused, nothing written: %s", BAD[i]);
	}
}

static void test_walk(void)
{
	static const char TEXT[] = "{ \"a\" : [ 1, {\"x\": [true]} ,\"s\" ] , \"b\":{ \"k\" :0} }";
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str(TEXT));
	struct tacit_slice name;

	tacit_json_read_object(&j);
	ok(tacit_json_read_member(&j, &name), "first member");
	is_slice(name, tacit_slice_str("a"), "its name");
	ok(tacit_json_read_peek(&j) == TACIT_JSON_ARRAY, "its kind");
	ok(tacit_json_read_count(&j) == 3, "three items ahead");
	tacit_json_read_array(&j);
	ok(tacit_json_read_item(&j) && tacit_json_read_uint(&j, 9) == 1, "first item");
	ok(tacit_json_read_item(&j), "second item");
	is_slice(tacit_json_read_skip(&j), tacit_slice_str("{\"x\": [true]}"),
		 "skipped, as it was");
	ok(tacit_json_read_item(&j), "third item");
	is_slice(tacit_json_read_string(&j), tacit_slice_str("s"), "the string");
	ok(!tacit_json_read_item(&j), "no fourth");
	ok(tacit_json_read_member(&j, &name), "second member");
	ok(tacit_json_read_peek(&j) == TACIT_JSON_OBJECT, "an object");
	size_t start = j.at;
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name))
		tacit_json_read_skip(&j);
	is_slice(tacit_json_read_since(&j, start), tacit_slice_str("{ \"k\" :0}"),
		 "a value that was read, as it was received");
	ok(!tacit_json_read_member(&j, &name), "the end");
	is_status(tacit_json_read_finish(&j, "walk", NULL), TACIT_OK, "all of it");
}

static void test_misuse(void)
{
	struct tacit_slice name = { NULL, 7 };
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str("[1]"));

	ok(!tacit_json_read_item(&j) && j.why, "an item outside of an array");
	ok(!tacit_json_read_since(&j, 0).ptr, "a bad reader gives no bytes");
	j = tacit_json_read_of(tacit_slice_str("[1]"));
	tacit_json_read_array(&j);
	ok(!tacit_json_read_member(&j, &name) && j.why && name.len == 7, "a member in an array");
	j = tacit_json_read_of(tacit_slice_str("[\"a\":1]"));
	tacit_json_read_array(&j);
	ok(!tacit_json_read_member(&j, &name) && j.why, "nor what looks like one");
	j = tacit_json_read_of(tacit_slice_str("{\"a\":1}"));
	tacit_json_read_object(&j);
	ok(!tacit_json_read_item(&j) && j.why, "an item in an object");
	j = tacit_json_read_of(tacit_slice_str(",1"));
	ok(!tacit_json_read_item(&j) && j.why, "an item behind a comma alone");
	j = tacit_json_read_of(tacit_slice_str("]"));
	ok(!tacit_json_read_item(&j) && j.why && j.depth == 0, "an end without a beginning");
	j = tacit_json_read_of(tacit_slice_str("a\""));
	ok(!tacit_json_read_string(&j).ptr && j.why, "a string without its first quote");
	j = tacit_json_read_of(tacit_slice_str("nul"));
	ok(!tacit_json_read_skip(&j).ptr && j.why, "half a null");
	j = tacit_json_read_of(tacit_slice_str("true"));
	tacit_json_read_reject(&j, "no");
	ok(!tacit_json_read_bool(&j) && j.at == 0, "a bad reader reads no word");
	j = tacit_json_read_of(tacit_slice_str("{\"a\":1}"));
	tacit_json_read_object(&j);
	ok(tacit_json_read_member(&j, &name), "a member");
	ok(!tacit_json_read_member(&j, &name) && j.why, "whose value nobody read");
	j = tacit_json_read_of(tacit_slice_str("[[1]]"));
	tacit_json_read_array(&j);
	is_status(tacit_json_read_finish(&j, "half", NULL), TACIT_FORMAT, "read only in part");
	j = tacit_json_read_of(tacit_slice_str("["));
	tacit_json_read_array(&j);
	is_status(tacit_json_read_finish(&j, "half", NULL), TACIT_FORMAT,
		  "an array that never ends");
	j = tacit_json_read_of(tacit_slice_str("{}"));
	tacit_json_read_array(&j);
	ok(j.why && tacit_json_read_peek(&j) == TACIT_JSON_END, "an object is no array");
	j = tacit_json_read_of(tacit_slice_str("[]"));
	tacit_json_read_object(&j);
	ok(j.why != NULL, "an array is no object");
	j = tacit_json_read_of(tacit_slice_str("1"));
	ok(!tacit_json_read_bool(&j) && j.why, "a number is no bool");
	ok(tacit_json_read_count(&j) == 0, "nothing to count");
	tacit_json_read_reject(&j, "later");
	ok(strcmp(j.why, "later") != 0, "the first complaint stays");
}

/* What this reader refuses and jansson's seam does not, or the other way round. */
static bool differs_by_choice(const char *name)
{
	static const char *const NAMES[] = {
		"y_string_null_escape.json", /* no text of evidence holds U+0000 */
		/* Numbers that nobody reads may be of any size. */
		"i_number_huge_exp.json",
		"i_number_neg_int_huge_exp.json",
		"i_number_pos_double_huge_exp.json",
		"i_number_real_neg_overflow.json",
		"i_number_real_pos_overflow.json",
		"i_number_too_big_neg_int.json",
		"i_number_too_big_pos_int.json",
		"i_number_very_big_negative_int.json",
	};

	for (size_t i = 0; i < COUNT(NAMES); i++)
		if (strcmp(NAMES[i], name) == 0)
			return true;
	return false;
}

static void compare_case(const char *dir, const char *name)
{
	char path[4096];
	json_t *value = NULL;

	snprintf(path, sizeof(path), "%s/json/%s", dir, name);
	struct tacit_slice text = vector_file(path);
	if (!ok(text.ptr != NULL, "%s is read", name))
		return;
	bool other = tacit_json_parse(text, &value, NULL) == TACIT_OK;
	bool mine = check(text) == TACIT_OK;
	ok((mine == other) != differs_by_choice(name), "%s: both readers agree, or not by choice",
	   name);
	ok(!mine || name[0] != 'n', "%s is not accepted against the grammar", name);
	json_decref(value);
	vector_done(text);
}

static void test_suite(void)
{
	const char *dir = tap_vectors();
	char path[4096];

	if (!dir) {
		skip("JSON parsing suite through both readers",
		     "no shared vectors (TACIT_VECTORS)");
		return;
	}
	snprintf(path, sizeof(path), "%s/json", dir);
	DIR *folder = opendir(path);
	if (!ok(folder != NULL, "the suite is there"))
		return;
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		if (strchr("yni", entry->d_name[0]) && entry->d_name[1] == '_')
			compare_case(dir, entry->d_name);
	closedir(folder);
}

int main(void)
{
	test_suite();
	test_grammar();
	test_truncations();
	test_nesting();
	test_members();
	test_uint();
	test_strings();
	test_hex();
	test_walk();
	test_misuse();
	return done();
}
