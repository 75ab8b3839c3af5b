/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client_sse.h"

#include <string.h>

#include "tests/tap.h"

static char got[8192];

static void take(void *user, struct tacit_slice data)
{
	size_t len = strlen(got);

	(void)user;
	snprintf(got + len, sizeof(got) - len, "<%.*s>", (int)data.len, (const char *)data.ptr);
}

/* Feeds `text` in pieces of `step` bytes. */
static const char *feed(const char *text, size_t step)
{
	struct tacit_sse sse;

	got[0] = '\0';
	tacit_sse_init(&sse);
	for (size_t at = 0; at < strlen(text); at += step) {
		size_t len = strlen(text) - at < step ? strlen(text) - at : step;

		if (tacit_sse_feed(&sse, tacit_slice_of(text + at, len), take, NULL, NULL) !=
		    TACIT_OK)
			snprintf(got, sizeof(got), "failed");
	}
	tacit_sse_done(&sse);
	return got;
}

static void test_lines(void)
{
	static const struct {
		const char *in, *out, *name;
	} ROWS[] = {
		{ "data: a\n\ndata: b\n\n", "<a><b>", "two events" },
		{ "data:a\n", "<a>", "no space" },
		{ "data:  a\n", "< a>", "one space goes, the other stays" },
		{ "data: a\r\n\r\n", "<a>", "CRLF" },
		{ ": comment\ndata: a\n", "<a>", "comments are skipped" },
		{ "event: x\nid: 1\ndata: a\n", "<a>", "other fields are skipped" },
		{ "data\ndatax: a\n data: b\n", "", "no field of that name" },
		{ "data: a", "", "a line that does not end" },
		{ "data:\n", "<>", "an empty event" },
		{ "\n\n\n", "", "blank lines" },
		{ "data: x: y\n", "<x: y>", "a colon in the value" },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		bool same = true;

		for (size_t step = 1; step <= strlen(ROWS[i].in); step++)
			same = same && strcmp(feed(ROWS[i].in, step), ROWS[i].out) == 0;
		ok(same, "%s, in pieces of every size", ROWS[i].name);
	}
}

static void test_limit(void)
{
	static char line[70000];
	struct tacit_sse sse;
	enum tacit_status st = TACIT_OK;
	size_t fed = 0;

	memset(line, 'x', sizeof(line));
	tacit_sse_init(&sse);
	while (st == TACIT_OK && fed < 4u << 20) {
		st = tacit_sse_feed(&sse, tacit_slice_of(line, sizeof(line)), take, NULL, NULL);
		fed += sizeof(line);
	}
	is_status(st, TACIT_LIMIT, "a line without end");
	ok(fed <= TACIT_SSE_LINE_MAX + sizeof(line), "is not kept past the limit");
	tacit_sse_done(&sse);
}

static void chunk(const char *json, const char *text, const char *error, const char *name)
{
	struct tacit_sse_chunk c = { 0 };
	bool read = tacit_sse_chunk_parse(tacit_slice_str(json), &c);

	ok(read && tacit_slice_eq(c.text, tacit_slice_str(text)) &&
		   tacit_slice_eq(c.error, tacit_slice_str(error)),
	   "%s", name);
	if (read)
		tacit_sse_chunk_done(&c);
}

static void test_chunks(void)
{
	struct tacit_sse_chunk c = { 0 };

	chunk("{\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}", "hi", NULL, "chat");
	chunk("{\"choices\":[{\"text\":\"hi\"}]}", "hi", NULL, "completion");
	chunk("{\"choices\":[{\"delta\":{}}]}", NULL, NULL, "an empty delta");
	chunk("{\"choices\":[]}", NULL, NULL, "no choices");
	chunk("{\"choices\":{}}", NULL, NULL, "choices of a wrong type");
	chunk("{\"choices\":[{\"delta\":{\"content\":5}}]}", NULL, NULL, "content of a wrong type");
	chunk("{\"choices\":[5]}", NULL, NULL, "a choice of a wrong type");
	chunk("{\"error\":{\"message\":\"no\"}}", NULL, "no", "an error");
	chunk("[]", NULL, NULL, "no object");
	ok(!tacit_sse_chunk_parse(tacit_slice_str("[DONE]"), &c), "[DONE] is no chunk");
	ok(!tacit_sse_chunk_parse(tacit_slice_str("{\"a\":1,\"a\":2}"), &c), "a member twice");
	ok(!tacit_sse_chunk_parse(tacit_slice_str(""), &c), "nothing");
}

int main(void)
{
	test_lines();
	test_limit();
	test_chunks();
	return done();
}
