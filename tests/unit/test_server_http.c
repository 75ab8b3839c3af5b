/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include "../tap.h"

#define HOST "Host: x\r\n"

static unsigned parse(const char *text, struct tacit_http_head *head)
{
	return tacit_http_head_parse(tacit_slice_str(text), head);
}

static const char *const GOOD[] = {
	"GET / HTTP/1.1\r\n" HOST "\r\n",
	"GET /a?b=c HTTP/1.1\r\nhost:x\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"M-SEARCH /~a!$&'()*+,;=:@%20 HTTP/1.1\r\nHOST:\tx \t\r\n\r\n",
	"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
	"POST / HTTP/1.1\r\n" HOST "Content-Length: 000000000000009\r\n\r\n",
	"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n",
	"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
	"GET / HTTP/1.1\r\n" HOST "A:\r\nB: \xc3\xa9\r\n\r\n",
};

struct bad {
	const char *text;
	unsigned status;
};

static const struct bad BAD[] = {
	{ "", 400 },
	{ "\r\n\r\n", 400 },
	{ "GET\r\n\r\n", 400 },
	{ "GET /\r\n\r\n", 400 },
	{ " / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
	{ "GET / HTTP/1.1 x\r\n" HOST "\r\n", 400 },
	{ "G(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GETGETGETGETGETGE / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET x HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET /\xc3 HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET http://x/ HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "GET / http/1.1\r\n" HOST "\r\n", 400 },
	{ "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
	{ "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: b\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "A: b\r\n", 400 },
	{ "GET / HTTP/1.1\r\n" HOST "\r\nmore", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: 1000000000000000\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: 1\r\ncontent-length: 1\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	  400 },
	{ "P / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501 },
	{ "P / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n", 501 },
	{ "P / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 501 },
	{ "P / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 501 },
	{ "P / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "P / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n", 417 },
};

static void test_heads(void)
{
	struct tacit_http_head head;

	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct tacit_slice in = tacit_slice_str(GOOD[i]);

		ok(parse(GOOD[i], &head) == 0, "good head %zu", i);
		ok(tacit_http_head_end(in, 0) == in.len, "and its end is found");
		for (size_t cut = 0; cut < in.len; cut++) {
			struct tacit_slice part = tacit_slice_of(in.ptr, cut);

			if (tacit_http_head_end(part, 0) != 0 ||
			    tacit_http_head_parse(part, &head) == 0)
				ok(false, "cut at %zu is not whole", cut);
		}
	}
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct tacit_http_head before = { .count = 99 };

		head = before;
		unsigned got = parse(BAD[i].text, &head);
		ok(got == BAD[i].status, "bad head %zu: %u, want %u", i, got, BAD[i].status);
		ok(head.count == 99, "and the output is untouched");
	}
}

static void test_meaning(void)
{
	struct tacit_http_head head;

	parse("POST /a/b?c=d&e HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-y:  a b \r\n\r\n",
	      &head);
	is_slice(head.method, tacit_slice_str("POST"), "method");
	is_slice(head.path, tacit_slice_str("/a/b"), "path");
	is_slice(head.query, tacit_slice_str("c=d&e"), "query");
	ok(head.length == 12 && !head.chunked && head.keep_alive, "length, kept alive");
	is_slice(tacit_http_head_find(&head, "x-Y"), tacit_slice_str("a b"), "names have no case");
	ok(!tacit_http_head_find(&head, "x-").ptr, "nor are they cut");

	parse("GET /? HTTP/1.1\r\n" HOST "Connection: a, CLOSE ,b\r\n\r\n", &head);
	ok(!head.keep_alive && head.query.ptr && head.query.len == 0, "close in a list");
	parse("GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n", &head);
	ok(head.keep_alive && !head.query.ptr, "closed is not close");
	parse("GET / HTTP/1.0\r\n\r\n", &head);
	ok(head.http10 && !head.keep_alive, "HTTP/1.0 closes");
	parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &head);
	ok(head.keep_alive, "unless it asks");
	parse("P / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
	      &head);
	ok(head.expect_continue && head.chunked, "expectation and chunks");
}

static void test_fields_limit(void)
{
	static char text[TACIT_HTTP_HEAD_MAX + 64];
	struct tacit_http_head head;

	for (int extra = 62; extra <= 65; extra++) {
		strcpy(text, "GET / HTTP/1.1\r\n" HOST);
		for (int i = 0; i < extra; i++)
			strcat(text, "A: b\r\n");
		strcat(text, "\r\n");
		ok(parse(text, &head) == (extra <= 63 ? 0u : 431u), "%d fields", extra + 1);
	}
	strcpy(text, "GET / HTTP/1.1\r\n" HOST "A: ");
	size_t at = strlen(text);
	memset(text + at, 'a', sizeof(text) - at);
	memcpy(text + TACIT_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	ok(tacit_http_head_parse(tacit_slice_of(text, TACIT_HTTP_HEAD_MAX), &head) == 0, "16 KiB");
	memcpy(text + TACIT_HTTP_HEAD_MAX - 4, "aaa\r\n\r\n", 7);
	ok(tacit_http_head_parse(tacit_slice_of(text, TACIT_HTTP_HEAD_MAX + 3), &head) == 431,
	   "and a bit more");
}

static void test_end(void)
{
	ok(tacit_http_head_end(tacit_slice_str("GET / HTTP/1.1\n"), 0) == SIZE_MAX, "bare LF");
	ok(tacit_http_head_end(tacit_slice_str("\n"), 0) == SIZE_MAX, "nothing but LF");
	ok(tacit_http_head_end(tacit_slice_str("a\r\n\r\nb"), 0) == 5, "ends before the body");
	ok(tacit_http_head_end(tacit_slice_str("a\r\n\r\n"), 4) == 5, "found from any start");
	ok(tacit_http_head_end(tacit_slice_of(NULL, 0), 0) == 0, "nothing");
}

static void test_query(void)
{
	struct tacit_slice q = tacit_slice_str("nonces=1&nonce=a&x=y&nonce2=b&empty=");

	is_slice(tacit_http_query_find(q, "nonce"), tacit_slice_str("a"), "nonce");
	is_slice(tacit_http_query_find(q, "x"), tacit_slice_str("y"), "x");
	ok(!tacit_http_query_find(q, "y").ptr, "no y");
	struct tacit_slice empty = tacit_http_query_find(q, "empty");
	ok(empty.ptr && empty.len == 0, "an empty value is there");
	ok(!tacit_http_query_find(tacit_slice_str("a=1&a=2"), "a").ptr, "twice is bad");
	ok(!tacit_http_query_find(tacit_slice_str("a"), "a").ptr, "no value");
	ok(!tacit_http_query_find(tacit_slice_of(NULL, 0), "a").ptr, "no query");
}

struct chunked {
	const char *in, *body; /* body NULL: refused */
	size_t used;           /* 0: all */
};

static const struct chunked CHUNKED[] = {
	{ "0\r\n\r\n", "", 0 },
	{ "3\r\nabc\r\n0\r\n\r\nGET", "abc", 13 },
	{ "3\r\nabc\r\n00a\r\n0123456789\r\n000\r\n\r\n", "abc0123456789", 0 },
	{ "1;a=b\r\nx\r\n0;c\r\n\r\n", "x", 0 },
	{ "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n", "x", 0 },
	{ "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0 },
	{ "\r\n", NULL, 0 },
	{ ";a\r\n", NULL, 0 },
	{ "g\r\n", NULL, 0 },
	{ "-1\r\n", NULL, 0 },
	{ "0x1\r\n", NULL, 0 },
	{ " 1\r\n", NULL, 0 },
	{ "1 \r\nx", NULL, 0 },
	{ "1\nx", NULL, 0 },
	{ "1\rx", NULL, 0 },
	{ "1\r\nxy", NULL, 0 },
	{ "1\r\nx\n", NULL, 0 },
	{ "1\r\nx\r0", NULL, 0 },
	{ "0\r\nA\x01\r\n", NULL, 0 },
	{ "0\r\n\rx", NULL, 0 },
	{ "1;\x7f\r\n", NULL, 0 },
	{ "0000000000000\r\n", NULL, 0 },
	{ "fffffffffffff\r\n", NULL, 0 },
};

/* Feeds `piece` bytes at a time. */
static enum tacit_http_step feed(const char *text, size_t piece, char *body, size_t *ret_used)
{
	struct tacit_http_chunks chunks = { 0 };
	size_t len = strlen(text), at = 0, out = 0;

	while (at < len) {
		size_t n = len - at < piece ? len - at : piece, used = 0;
		struct tacit_slice data;
		enum tacit_http_step step =
			tacit_http_chunks_feed(&chunks, tacit_slice_of(text + at, n), &used, &data);

		at += used;
		if (step == TACIT_HTTP_DATA) {
			memcpy(body + out, data.ptr, data.len);
			out += data.len;
		}
		body[out] = '\0';
		*ret_used = at;
		if (step == TACIT_HTTP_DONE || step == TACIT_HTTP_BAD)
			return step;
	}
	return TACIT_HTTP_MORE;
}

static void test_chunks(void)
{
	for (size_t i = 0; i < sizeof(CHUNKED) / sizeof(CHUNKED[0]); i++) {
		const struct chunked *c = &CHUNKED[i];
		size_t want = c->used ? c->used : strlen(c->in);

		for (size_t piece = 1; piece <= strlen(c->in); piece++) {
			char body[256];
			size_t used = 0;
			enum tacit_http_step step = feed(c->in, piece, body, &used);
			bool right = c->body ? step == TACIT_HTTP_DONE && used == want &&
						       strcmp(body, c->body) == 0
					     : step == TACIT_HTTP_BAD;

			if (!right || piece == 1)
				ok(right, "chunked %zu in pieces of %zu", i, piece);
		}
	}
}

static void test_chunk_lines(void)
{
	static char text[8192];
	char body[8];
	size_t used;

	for (size_t len = 4094; len <= 4096; len++) {
		strcpy(text, "1;");
		memset(text + 2, 'a', len);
		strcpy(text + 2 + len, "\r\nx");
		ok((feed(text, 100, body, &used) == TACIT_HTTP_MORE) == (len < 4096),
		   "an extension of %zu bytes", len);
	}
	strcpy(text, "0\r\n");
	for (int i = 0; i < 1000; i++)
		strcat(text, "A: b\r\n");
	ok(feed(text, 100, body, &used) == TACIT_HTTP_BAD, "trailers are bounded together");
}

int main(void)
{
	test_heads();
	test_meaning();
	test_fields_limit();
	test_end();
	test_query();
	test_chunks();
	test_chunk_lines();
	ok(strcmp(tacit_http_reason(200), "OK") == 0 &&
		   strcmp(tacit_http_reason(299), "Error") == 0,
	   "reasons");
	return done();
}
