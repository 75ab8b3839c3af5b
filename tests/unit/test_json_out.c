/* SPDX-License-Identifier: Apache-2.0 */
/* JSON into a writer: commas, lines, and values at their edges. */
#include "tests/tap.h"

#include "appraise/json_out.h"

static char text[1024];
static struct writer w;
static struct tacit_json_out j;

static void start(int indent)
{
	w = wr_of(tacit_mut_of(text, sizeof(text)));
	j = (struct tacit_json_out){ &w, indent, true };
}

static void is(const char *want, const char *name)
{
	is_slice(tacit_slice_of(text, w.at), tacit_slice_str(want), name);
}

static void put_sample(void)
{
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "a", "x");
	tacit_json_out_open(&j, "b", '[');
	tacit_json_out_uint(&j, NULL, 1);
	tacit_json_out_uint(&j, NULL, 2);
	tacit_json_out_close(&j, ']');
	tacit_json_out_open(&j, "c", '{');
	tacit_json_out_close(&j, '}');
	tacit_json_out_bool(&j, "d", true);
	tacit_json_out_close(&j, '}');
}

static void test_layout(void)
{
	start(-1);
	put_sample();
	is("{\"a\":\"x\",\"b\":[1,2],\"c\":{},\"d\":true}", "one line");
	start(0);
	put_sample();
	is("{\n  \"a\": \"x\",\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \"d\": true\n}",
	   "many lines");
}

static void test_uint(void)
{
	static const struct {
		uint64_t value;
		const char *want;
	} cases[] = { { 0, "0" },
		      { 9, "9" },
		      { 10, "10" },
		      { 1000, "1000" },
		      { UINT64_MAX, "18446744073709551615" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(-1);
		tacit_json_out_uint(&j, NULL, cases[i].value);
		is(cases[i].want, cases[i].want);
	}
}

static void test_absent(void)
{
	start(-1);
	tacit_json_out_text(&j, NULL, NULL);
	tacit_json_out_slice(&j, NULL, tacit_slice_of(NULL, 0));
	tacit_json_out_hex(&j, NULL, tacit_slice_of(NULL, 0));
	is("null,null,null", "absent values are null");
	start(-1);
	tacit_json_out_text(&j, NULL, "");
	tacit_json_out_hex(&j, NULL, tacit_slice_of("", 0));
	is("\"\",\"\"", "empty ones are empty");
}

static void test_hex(void)
{
	static uint8_t bytes[200];
	char want[403] = "\"";

	for (size_t len = 60; len <= 200; len++) {
		memset(bytes, 0xc3, sizeof(bytes));
		for (size_t i = 0; i < len; i++)
			memcpy(want + 1 + 2 * i, "c3", 2);
		memcpy(want + 1 + 2 * len, "\"", 2);
		start(-1);
		tacit_json_out_hex(&j, NULL, tacit_slice_of(bytes, len));
		if (!tacit_slice_eq(tacit_slice_of(text, w.at), tacit_slice_str(want)))
			ok(false, "%zu bytes in hex", len);
	}
	ok(w.at == 402, "hex of every length is whole");
}

static void test_strings(void)
{
	start(-1);
	tacit_json_out_text(&j, "k\"", "a\"b\\c\n");
	is("\"k\\\"\":\"a\\\"b\\\\c\\n\"", "names and texts are escaped");
	start(-1);
	tacit_json_out_time(&j, "t", 0);
	tacit_json_out_time(&j, "u", INT64_MAX);
	is("\"t\":\"1970-01-01T00:00:00Z\",\"u\":\"out of range\"", "times");
}

int main(void)
{
	test_layout();
	test_uint();
	test_absent();
	test_hex();
	test_strings();
	return done();
}
