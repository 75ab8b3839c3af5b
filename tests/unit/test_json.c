/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <dirent.h>

#include "base/bounds.h"
#include "base/writer.h"
#include "codec/utf8.h"
#include "tests/tap.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_t *parse(const char *text)
{
	json_t *value = NULL;

	if (tacit_json_parse(tacit_slice_str(text), &value, NULL) != TACIT_OK)
		return NULL;
	return value;
}

/* --- the parsing suite ------------------------------------------------------------------ */

/* y_ by name and refused by choice: two readers may take different ones of the two members. */
static bool is_refused_by_choice(const char *name)
{
	static const char *const NAMES[] = {
		"y_object_duplicated_key.json",
		"y_object_duplicated_key_and_value.json",
		/* jansson keeps names as C strings, and a name with NUL serves nobody. */
		"y_object_escaped_null_in_key.json",
	};

	for (size_t i = 0; i < COUNT(NAMES); i++) {
		if (strcmp(NAMES[i], name) == 0)
			return true;
	}
	return false;
}

/* i_ cases are the parser's choice; these are ours to accept, and every other is refused. */
static bool is_accepted_by_choice(const char *name)
{
	static const char *const NAMES[] = {
		/* A real below the smallest double is 0, as everywhere. */
		"i_number_double_huge_neg_exp.json",
		"i_number_real_underflow.json",
	};

	for (size_t i = 0; i < COUNT(NAMES); i++) {
		if (strcmp(NAMES[i], name) == 0)
			return true;
	}
	return false;
}

static void check_suite_case(const char *dir, const char *name)
{
	char path[4096];
	json_t *value = NULL;
	bool want = name[0] == 'y' ? !is_refused_by_choice(name) : is_accepted_by_choice(name);

	snprintf(path, sizeof(path), "%s/json/%s", dir, name);
	struct tacit_slice text = vector_file(path);
	if (!ok(text.ptr != NULL, "%s is read", name))
		return;
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	enum tacit_status status = tacit_json_parse(text, &value, &err);
	if (!ok((status == TACIT_OK) == want, "%s is %s", name, want ? "accepted" : "refused"))
		printf("# %s: %s\n", tacit_status_name(status), err.detail);
	json_decref(value);
	vector_done(text);
}

static void test_suite(void)
{
	const char *dir = tap_vectors();
	char path[4096];
	size_t cases = 0;

	if (!dir) {
		skip("JSON parsing suite", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	snprintf(path, sizeof(path), "%s/json", dir);
	DIR *folder = opendir(path);
	if (!ok(folder != NULL, "the suite is there"))
		return;
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		const char *name = entry->d_name;

		if ((name[0] != 'y' && name[0] != 'n' && name[0] != 'i') || name[1] != '_')
			continue;
		check_suite_case(dir, name);
		cases++;
	}
	closedir(folder);
	ok(cases >= 300, "%zu cases of the suite", cases);
}

/* --- parsing ---------------------------------------------------------------------------- */

static void test_accepts(void)
{
	static const char *const GOOD[] = {
		"0",
		"-0",
		"1.5e-3",
		"true",
		"null",
		"\"\"",
		"[]",
		"{}",
		" [ 1 , 2 ] ",
		"\t\r\n1",
		"\"\\u0000\"",
		"\"\\ud83d\\ude00\"",
		"\"\xf0\x9f\x98\x80\"",
		"9223372036854775807",
		"-9223372036854775808",
		"{\"a\":{\"a\":1}}",
		"{\"\":0}",
		"[\"]]]]\",\"\\\"[[\"]",
	};

	for (size_t i = 0; i < COUNT(GOOD); i++) {
		json_t *value = parse(GOOD[i]);

		ok(value != NULL, "accepts %zu: %s", i, GOOD[i][0] == '\t' ? "spaces" : GOOD[i]);
		json_decref(value);
	}
}

static void test_refuses(void)
{
	static const struct {
		const char *text, *detail;
		uint64_t offset;
	} CASES[] = {
		{ "", "text ends too early at line 1 column 0", 0 },
		{ "[1", "text ends too early at line 1 column 2", 2 },
		{ "1 2", "something follows the value at line 1 column 3", 3 },
		{ "{} x", "something follows the value at line 1 column 4", 4 },
		{ "{\"a\":1,\"a\":1}", "duplicate member at line 1 column 10", 10 },
		{ "{\"a\":{\"b\":1,\"\\u0062\":1}}", "duplicate member at line 1 column 20", 20 },
		{ "{\"\\u0000\":1}", "NUL character in the name of a member at line 1 column 9",
		  9 },
		{ "1e999", "number out of range at line 1 column 5", 5 },
		{ "-1e999", "number out of range at line 1 column 6", 6 },
		{ "9223372036854775808", "number out of range at line 1 column 19", 19 },
		{ "-9223372036854775809", "number out of range at line 1 column 20", 20 },
		{ "\"\xff\"", "not UTF-8 at line 1 column 1", 1 },
		{ "\"\xed\xa0\x80\"", "not UTF-8 at line 1 column 1", 1 },
		{ "\"\xc0\x80\"", "not UTF-8 at line 1 column 1", 1 },
		{ "\"\\ud800\"", NULL, 0 },
		{ "\"\\udc00\"", NULL, 0 },
		{ "\"\\ud800\\ud800\"", NULL, 0 },
		{ "\"a\nb\"", NULL, 0 },
		{ "01", NULL, 0 },
		{ "+1", NULL, 0 },
		{ ".5", NULL, 0 },
		{ "1.", NULL, 0 },
		{ "NaN", NULL, 0 },
		{ "Infinity", NULL, 0 },
		{ "[1,]", NULL, 0 },
		{ "{\"a\":1,}", NULL, 0 },
		{ "{a:1}", NULL, 0 },
		{ "'a'", NULL, 0 },
		{ "\"\\x41\"", NULL, 0 },
		{ "/**/1", NULL, 0 },
		{ "\xef\xbb\xbf"
		  "1",
		  NULL, 0 },
		{ "tru", NULL, 0 },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		json_t *value = NULL;
		enum tacit_status status =
			tacit_json_parse(tacit_slice_str(CASES[i].text), &value, &err);

		ok(status == TACIT_FORMAT && !value && strcmp(err.where, "json") == 0,
		   "refuses case %zu: %s", i, err.detail);
		if (CASES[i].detail &&
		    !ok(strcmp(err.detail, CASES[i].detail) == 0 && err.offset == CASES[i].offset,
			"says where"))
			printf("# %llu\n", (unsigned long long)err.offset);
	}
}

/* A complaint may reach a log, and the text may be a prompt. */
static void test_error_keeps_quiet(void)
{
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	json_t *value = NULL;

	is_status(tacit_json_parse(tacit_slice_str("{\"prompt\": \"my secret\" sesame}"), &value,
				   &err),
		  TACIT_FORMAT, "malformed");
	ok(!strstr(err.detail, "sesame") && !strstr(err.detail, "secret"), "no text in: %s",
	   err.detail);
}

static void test_nul_outside(void)
{
	json_t *value = NULL;

	ok(tacit_json_parse(tacit_slice_of("1\0", 2), &value, NULL) == TACIT_FORMAT, "NUL after");
	ok(tacit_json_parse(tacit_slice_of("1\0x", 3), &value, NULL) == TACIT_FORMAT,
	   "and something hidden behind it");
	ok(tacit_json_parse(tacit_slice_of("\"\0\"", 3), &value, NULL) == TACIT_FORMAT,
	   "raw NUL in a string");
	ok(tacit_json_parse(tacit_slice_of(NULL, 0), &value, NULL) == TACIT_FORMAT, "absent text");
}

static enum tacit_status parse_repeated(const char *head, const char *unit, size_t count,
					const char *close, size_t closes)
{
	size_t unit_len = strlen(unit), close_len = strlen(close), head_len = strlen(head);
	size_t len = head_len + count * unit_len + closes * close_len;
	char *text = malloc(len + 1);
	json_t *value = NULL;

	memcpy(text, head, head_len);
	for (size_t i = 0; i < count; i++)
		memcpy(text + head_len + i * unit_len, unit, unit_len);
	for (size_t i = 0; i < closes; i++)
		memcpy(text + head_len + count * unit_len + i * close_len, close, close_len);
	enum tacit_status status = tacit_json_parse(tacit_slice_of(text, len), &value, NULL);
	json_decref(value);
	free(text);
	return status;
}

static void test_limits(void)
{
	size_t deep = TACIT_JSON_NESTING_MAX, many = TACIT_JSON_VALUES_MAX;

	is_status(parse_repeated("", "[", deep, "]", deep), TACIT_OK, "arrays to the limit");
	is_status(parse_repeated("", "[", deep + 1, "]", deep + 1), TACIT_LIMIT, "one too deep");
	is_status(parse_repeated("", "{\"\":", deep - 1, "{}", 1), TACIT_FORMAT, "not closed");
	is_status(parse_repeated("", "{\"\":", deep + 1, "}", 1), TACIT_LIMIT, "objects too deep");
	is_status(parse_repeated("", "[", 1000000, "", 0), TACIT_LIMIT, "a million brackets");
	is_status(parse_repeated("\"", "[", 1000, "\"", 1), TACIT_OK, "brackets in a string");
	is_status(parse_repeated("\"\\\"", "[", 1000, "\"", 1), TACIT_OK, "after an escaped quote");
	is_status(parse_repeated("[\"\\\\\"", ",[]", 100, "]", 1), TACIT_OK, "breadth is no depth");
	is_status(parse_repeated("[\"\\\\\",", "[", deep, "]", deep + 1), TACIT_LIMIT,
		  "after an escaped backslash, which ends the string");
	is_status(parse_repeated("[0", ",0", many - 2, "]", 1), TACIT_OK, "values to the limit");
	is_status(parse_repeated("[0", ",0", many - 1, "]", 1), TACIT_LIMIT, "one value too many");
	is_status(parse_repeated("\"", ",", many, "\"", 1), TACIT_OK, "commas in a string");
	is_status(parse_repeated("1", " ", TACIT_JSON_MAX - 1, "", 0), TACIT_OK, "longest text");
	is_status(parse_repeated("1", " ", TACIT_JSON_MAX, "", 0), TACIT_LIMIT, "a byte longer");
}

/* --- members ---------------------------------------------------------------------------- */

static const char MEMBERS[] =
	"{\"s\":\"text\",\"e\":\"\",\"z\":\"a\\u0000b\",\"i\":-7,\"r\":1.0,\"t\":true,\"f\":false,"
	"\"n\":null,\"a\":[1],\"o\":{\"x\":1},\"max\":9223372036854775807}";

enum kind { STRING, INT, NUMBER, BOOL, ARRAY, OBJECT, KINDS };

static const char *const WANT[] = { "a string",      "an integer", "a number",
				    "true or false", "an array",   "an object" };

static enum tacit_status get(const json_t *object, const char *name, enum kind kind,
			     enum tacit_json_need need, bool *ret_touched, struct tacit_error *err)
{
	static const uint8_t MARK[1];
	struct tacit_slice text = TACIT_SLICE_ARRAY(MARK);
	int64_t number = 123456;
	double real = 0.125;
	bool flag = true, other = false;
	json_t *part = NULL;
	enum tacit_status status = TACIT_INTERNAL;

	switch (kind) {
	case STRING:
		status = tacit_json_get_string(object, name, need, &text, err);
		break;
	case INT:
		status = tacit_json_get_int(object, name, need, &number, err);
		break;
	case NUMBER:
		status = tacit_json_get_number(object, name, need, &real, err);
		break;
	case BOOL: /* twice, since either value may be the one that was there */
		status = tacit_json_get_bool(object, name, need, &flag, err);
		(void)!tacit_json_get_bool(object, name, need, &other, NULL);
		break;
	case ARRAY:
		status = tacit_json_get_array(object, name, need, &part, err);
		break;
	case OBJECT:
		status = tacit_json_get_object(object, name, need, &part, err);
		break;
	case KINDS:
		break;
	}
	*ret_touched =
		text.ptr != MARK || number != 123456 || real != 0.125 || !flag || other || part;
	return status;
}

/* Every getter on every member: which fit, and what is said of the others. */
static void test_getters(void)
{
	static const struct {
		const char *name, *is;
		unsigned fits; /* bit per kind */
	} ROWS[] = {
		{ "s", "a string", 1 << STRING },
		{ "e", "a string", 1 << STRING },
		{ "i", "an integer", 1 << INT | 1 << NUMBER },
		{ "max", "an integer", 1 << INT | 1 << NUMBER },
		{ "r", "a number with a fraction or exponent", 1 << NUMBER },
		{ "t", "true or false", 1 << BOOL },
		{ "f", "true or false", 1 << BOOL },
		{ "n", "null", 0 },
		{ "a", "an array", 1 << ARRAY },
		{ "o", "an object", 1 << OBJECT },
	};
	json_t *object = parse(MEMBERS);

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		for (unsigned k = 0; k < KINDS; k++) {
			struct tacit_error err = { TACIT_OK, "", 0, "" };
			char want[128] = "";
			bool touched, fits = ROWS[i].fits >> k & 1;
			enum tacit_status status = get(object, ROWS[i].name, (enum kind)k,
						       TACIT_JSON_OPTIONAL, &touched, &err);

			if (!fits)
				snprintf(want, sizeof(want), "member '%s' must be %s, not %s",
					 ROWS[i].name, WANT[k], ROWS[i].is);
			ok(status == (fits ? TACIT_OK : TACIT_FORMAT) && touched == fits &&
				   strcmp(err.detail, want) == 0,
			   "'%s' as %s: %s", ROWS[i].name, WANT[k], fits ? "fits" : err.detail);
			ok(fits || strcmp(err.where, ROWS[i].name) == 0, "and where: %s",
			   err.where);
		}
	}
	json_decref(object);
}

static void test_presence(void)
{
	json_t *object = parse(MEMBERS), *array = parse("[]");

	for (unsigned k = 0; k < KINDS; k++) {
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		bool touched;

		ok(get(object, "gone", (enum kind)k, TACIT_JSON_OPTIONAL, &touched, NULL) ==
				   TACIT_OK &&
			   !touched,
		   "optional %s may be absent", WANT[k]);
		ok(get(object, "gone", (enum kind)k, TACIT_JSON_NULLABLE, &touched, NULL) ==
				   TACIT_OK &&
			   !touched,
		   "nullable %s may be absent", WANT[k]);
		ok(get(object, "n", (enum kind)k, TACIT_JSON_NULLABLE, &touched, NULL) ==
				   TACIT_OK &&
			   !touched,
		   "nullable %s may be null", WANT[k]);
		ok(get(object, "n", (enum kind)k, TACIT_JSON_REQUIRED, &touched, NULL) ==
				   TACIT_FORMAT &&
			   !touched,
		   "required %s may not be null", WANT[k]);
		ok(get(object, "gone", (enum kind)k, TACIT_JSON_REQUIRED, &touched, &err) ==
				   TACIT_FORMAT &&
			   !touched && strcmp(err.detail, "member 'gone' is missing") == 0,
		   "required %s may not be absent", WANT[k]);
		ok(get(array, "s", (enum kind)k, TACIT_JSON_OPTIONAL, &touched, NULL) ==
				   TACIT_FORMAT &&
			   !touched,
		   "an array has no %s", WANT[k]);
		ok(get(NULL, "s", (enum kind)k, TACIT_JSON_OPTIONAL, &touched, NULL) ==
				   TACIT_FORMAT &&
			   !touched,
		   "nor has nothing");
	}
	json_decref(array);
	json_decref(object);
}

static void test_values(void)
{
	json_t *object = parse(MEMBERS), *part = NULL;
	struct tacit_slice text = { NULL, 0 };
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	int64_t number = 0;
	double real = 0;
	bool flag = false;

	ok(tacit_json_get_string(object, "s", TACIT_JSON_REQUIRED, &text, NULL) == TACIT_OK, "s");
	is_slice(text, tacit_slice_str("text"), "text");
	ok(tacit_json_get_string(object, "e", TACIT_JSON_REQUIRED, &text, NULL) == TACIT_OK &&
		   text.ptr && text.len == 0,
	   "empty text is there");
	ok(tacit_json_get_string(object, "z", TACIT_JSON_REQUIRED, &text, &err) == TACIT_FORMAT &&
		   strcmp(err.detail, "member 'z' holds a NUL character") == 0,
	   "%s", err.detail);
	ok(tacit_json_get_int(object, "max", TACIT_JSON_REQUIRED, &number, NULL) == TACIT_OK &&
		   number == INT64_MAX,
	   "largest integer");
	ok(tacit_json_get_number(object, "r", TACIT_JSON_REQUIRED, &real, NULL) == TACIT_OK &&
		   real == 1.0,
	   "real");
	ok(tacit_json_get_number(object, "i", TACIT_JSON_REQUIRED, &real, NULL) == TACIT_OK &&
		   real == -7.0,
	   "integer as a number");
	ok(tacit_json_get_bool(object, "t", TACIT_JSON_REQUIRED, &flag, NULL) == TACIT_OK && flag,
	   "true");
	ok(tacit_json_get_bool(object, "f", TACIT_JSON_REQUIRED, &flag, NULL) == TACIT_OK && !flag,
	   "false");
	ok(tacit_json_get_array(object, "a", TACIT_JSON_REQUIRED, &part, NULL) == TACIT_OK &&
		   json_array_size(part) == 1,
	   "array");
	ok(tacit_json_get_object(object, "o", TACIT_JSON_REQUIRED, &part, NULL) == TACIT_OK &&
		   json_object_size(part) == 1,
	   "object");
	json_decref(object);
}

static void test_range(void)
{
	static const struct tacit_json_range RANGE = { -2, 3 };
	json_t *object = parse("{\"a\":-3,\"b\":-2,\"c\":3,\"d\":4,\"e\":2.0}");

	for (const char *name = "abcde"; *name; name++) {
		char member[2] = { *name, '\0' };
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		int64_t number = 99;
		enum tacit_status status = tacit_json_get_int_in(
			object, member, TACIT_JSON_REQUIRED, RANGE, &number, &err);
		bool fits = *name == 'b' || *name == 'c';

		ok(status == (fits ? TACIT_OK : TACIT_FORMAT) && (number == 99) != fits,
		   "%s in -2..3: %s", member, err.detail);
	}
	json_decref(object);
}

static void test_only(void)
{
	static const char *const ALLOWED[] = { "a", "b" };
	static const struct {
		const char *text, *detail;
	} CASES[] = {
		{ "{}", "" },
		{ "{\"b\":1}", "" },
		{ "{\"a\":1,\"b\":2}", "" },
		{ "{\"a\":1,\"c\":2}", "unknown member 'c'" },
		{ "{\"A\":1}", "unknown member 'A'" },
		{ "{\"\":1}", "unknown member ''" },
		{ "{\"ab\":1}", "unknown member 'ab'" },
		{ "{\"a\\n\xe6\xb0\xb4\":1}", "unknown member 'a\\x0a\\xe6\\xb0\\xb4'" },
		{ "[]", "must be an object, not an array" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		json_t *object = parse(CASES[i].text);
		enum tacit_status status = tacit_json_only(object, ALLOWED, COUNT(ALLOWED), &err);

		ok((status == TACIT_OK) == !*CASES[i].detail &&
			   strcmp(err.detail, CASES[i].detail) == 0,
		   "only: case %zu: %s", i, err.detail);
		json_decref(object);
	}
}

int main(void)
{
	test_suite();
	test_accepts();
	test_refuses();
	test_error_keeps_quiet();
	test_nul_outside();
	test_limits();
	test_getters();
	test_presence();
	test_values();
	test_range();
	test_only();
	return done();
}
