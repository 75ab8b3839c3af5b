/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "infer/out.h"
#include "infer/text.h"
#include "tests/tap.h"

/* Feeds `input` in pieces of `step` bytes; collects what comes out and checks every event. */
static void feed(struct tacit_text *text, struct tacit_slice input, size_t step,
		 struct tacit_out *out, bool *ret_whole)
{
	struct tacit_slice piece;

	*ret_whole = true;
	for (size_t at = 0; at < input.len; at += step) {
		size_t n = input.len - at < step ? input.len - at : step;
		struct tacit_error err = { 0 };

		if (tacit_text_add(text, tacit_slice_of(input.ptr + at, n), &piece, &err))
			return;
		if (tacit_text_cut(piece))
			*ret_whole = false;
		tacit_out_bytes(out, piece);
	}
	if (!text->stopped)
		tacit_out_bytes(out, tacit_text_rest(text));
}

struct stop_case {
	const char *name;
	const char *input;
	const char *stops[3];
	const char *want;
	bool stopped;
};

static const struct stop_case cases[] = {
	{ "no stop strings", "hello world", { NULL }, "hello world", false },
	{ "a stop string in the middle", "hello STOP world", { "STOP" }, "hello ", true },
	{ "at the start", "STOP world", { "STOP" }, "", true },
	{ "at the end", "hello STOP", { "STOP" }, "hello ", true },
	{ "only a beginning of it", "hello STO", { "STOP" }, "hello STO", false },
	{ "a false start", "hello STSTOP", { "STOP" }, "hello ST", true },
	{ "repeating prefix", "aaab", { "aab" }, "a", true },
	{ "the first of two", "one two three", { "three", "two" }, "one ", true },
	{ "two that begin alike", "abcd", { "abx", "abc" }, "", true },
	{ "the longer one is pending", "ab", { "abc", "b" }, "a", true },
	{ "one byte", "a\nb", { "\n" }, "a", true },
	{ "between characters",
	  "h\xc3\xa4llo \xe2\x82\xac!",
	  { "\xe2\x82\xac" },
	  "h\xc3\xa4llo ",
	  true },
	{ "no match in UTF-8",
	  "\xf0\x9f\x98\x80\xf0\x9f\x98\x81",
	  { "x" },
	  "\xf0\x9f\x98\x80\xf0\x9f\x98\x81",
	  false },
	{ "an incomplete character at the end", "a\xe2\x82", { NULL }, "a\xe2\x82", false },
	{ "bytes that are not UTF-8",
	  "\xff\xc0"
	  "a\x80",
	  { NULL },
	  "\xff\xc0"
	  "a\x80",
	  false },
};

static void test_case(const struct stop_case *c, size_t step)
{
	struct tacit_slice stops[3];
	struct tacit_text text;
	struct tacit_out out = { 0 };
	size_t n = 0;
	bool whole = false;

	while (n < 3 && c->stops[n]) {
		stops[n] = tacit_slice_str(c->stops[n]);
		n++;
	}
	tacit_text_init(&text, stops, n);
	feed(&text, tacit_slice_str(c->input), step, &out, &whole);
	ok(tacit_slice_eq(tacit_out_view(&out), tacit_slice_str(c->want)) &&
		   text.stopped == c->stopped && whole,
	   "%s, %zu bytes at a time", c->name, step);
	tacit_text_done(&text);
	tacit_out_done(&out);
}

static void test_after_stop(void)
{
	struct tacit_slice stop = tacit_slice_str("X");
	struct tacit_slice out = { NULL, 0 };
	struct tacit_error err = { 0 };
	struct tacit_text text;

	tacit_text_init(&text, &stop, 1);
	is_status(tacit_text_add(&text, tacit_slice_str("aXb"), &out, &err), TACIT_OK, "a stop");
	is_slice(out, tacit_slice_str("a"), "what came before it");
	is_status(tacit_text_add(&text, tacit_slice_str("more"), &out, &err), TACIT_OK, "more");
	is_slice(out, tacit_slice_of("", 0), "nothing comes after a stop");
	is_slice(tacit_text_rest(&text), tacit_slice_of("", 0), "nor at the end");
	tacit_text_done(&text);
}

static void test_cut(void)
{
	static const struct {
		const char *bytes;
		size_t cut;
	} cuts[] = {
		{ "", 0 },
		{ "a", 0 },
		{ "\xc3", 1 },
		{ "\xc3\xa4", 0 },
		{ "\xe2", 1 },
		{ "\xe2\x82", 2 },
		{ "\xe2\x82\xac", 0 },
		{ "\xf0\x9f", 2 },
		{ "\xf0\x9f\x98", 3 },
		{ "\xf0\x9f\x98\x80", 0 },
		{ "\x80", 0 },
		{ "\x80\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xc0", 0 },
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		ok(tacit_text_cut(tacit_slice_str(cuts[i].bytes)) == cuts[i].cut,
		   "case %zu: %zu bytes of an incomplete character", i, cuts[i].cut);
}

static void is_escaped(struct tacit_slice in, const char *want, const char *name)
{
	struct tacit_out out = { 0 };

	tacit_out_string(&out, in);
	is_slice(tacit_out_view(&out), tacit_slice_str(want), name);
	tacit_out_done(&out);
}

static void test_escape(void)
{
	is_escaped(tacit_slice_of("", 0), "\"\"", "nothing");
	is_escaped(tacit_slice_str("a\"b\\c/"), "\"a\\\"b\\\\c/\"", "quote and backslash");
	is_escaped(tacit_slice_str("\b\f\n\r\t\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u001f\\u007f\"",
		   "controls");
	is_escaped(tacit_slice_of("\0", 1), "\"\\u0000\"", "NUL");
	is_escaped(tacit_slice_str("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		   "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "UTF-8 goes through");
	is_escaped(tacit_slice_str("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"", "overlong");
	is_escaped(tacit_slice_str("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"",
		   "surrogate");
	is_escaped(tacit_slice_str("\xf4\x90\x80\x80"),
		   "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "beyond Unicode");
	is_escaped(tacit_slice_str("a\xe2\x82"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"", "cut short");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step <= 4; step++)
			test_case(&cases[i], step);
	test_after_stop();
	test_cut();
	test_escape();
	return done();
}
