/* SPDX-License-Identifier: Apache-2.0 */
#include "net/egress.h"

#include "../tap.h"

#define LINE "CONNECT a.example:443 HTTP/1.1\r\n"

static struct tacit_egress_target target;

static unsigned ask(const char *text)
{
	target = (struct tacit_egress_target){ .port = 7 };
	return tacit_egress_request(tacit_slice_str(text), &target);
}

static const char *const GOOD[] = {
	LINE "\r\n",
	LINE "Host: a.example:443\r\n\r\n",
	"CONNECT a.example:443 HTTP/1.0\r\n\r\n",
	LINE "Host: other\r\nUser-Agent: x y\tz\r\nProxy-Connection: keep-alive\r\n\r\n",
	LINE "Empty:\r\n\r\n",
	LINE "High: \xff\r\n\r\n",
};

struct bad {
	const char *text;
	unsigned status;
};

static const struct bad BAD[] = {
	{ "", 400 },
	{ "\r\n", 400 },
	{ "\r\n\r\n", 400 },
	{ LINE, 400 },
	{ LINE "Host: x\r\n", 400 },
	{ LINE "\r\nx", 400 },
	{ LINE "\r\n\r\n", 400 },
	{ "CONNECT a.example:443 HTTP/1.1\n\n", 400 },
	{ "CONNECT a.example:443 HTTP/1.1\r\r\n\r\n", 400 },
	{ LINE "a: b\nc: d\r\n\r\n", 400 },
	{ LINE "a: b\rc: d\r\n\r\n", 400 },
	{ "GET a.example:443 HTTP/1.1\r\n\r\n", 405 },
	{ "connect a.example:443 HTTP/1.1\r\n\r\n", 405 },
	{ "CONNECTX a.example:443 HTTP/1.1\r\n\r\n", 405 },
	{ " CONNECT a.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT\ta.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CON(NECT a.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT  a.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a.example:443  HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a.example:443 HTTP/1.1 \r\n\r\n", 400 },
	{ "CONNECT a.example:443 HTTP/1.2\r\n\r\n", 400 },
	{ "CONNECT a.example:443 HTTP/2\r\n\r\n", 400 },
	{ "CONNECT a.example:443\r\n\r\n", 400 },
	{ "CONNECT a.example HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT http://a.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a.example:443/ HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT me@a.example:443 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a.example:0 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a.example:65536 HTTP/1.1\r\n\r\n", 400 },
	{ "CONNECT a%2eexample:443 HTTP/1.1\r\n\r\n", 400 },
	{ LINE "Content-Length: 0\r\n\r\n", 400 },
	{ LINE "CONTENT-LENGTH: 5\r\n\r\n", 400 },
	{ LINE "Transfer-Encoding: chunked\r\n\r\n", 400 },
	{ LINE "no colon\r\n\r\n", 400 },
	{ LINE ": no name\r\n\r\n", 400 },
	{ LINE "na me: x\r\n\r\n", 400 },
	{ LINE "name : x\r\n\r\n", 400 },
	{ LINE "a: b\r\n folded\r\n\r\n", 400 },
	{ LINE "a: \x01\r\n\r\n", 400 },
	{ LINE "a: \x7f\r\n\r\n", 400 },
};

static void test_long(void)
{
	static char text[TACIT_EGRESS_REQUEST_MAX + 8];
	const size_t head = strlen(LINE);

	memset(text, 'a', sizeof(text));
	memcpy(text, LINE, head);
	text[head + 1] = ':';
	memcpy(text + TACIT_EGRESS_REQUEST_MAX - 4, "\r\n\r\n", 4);
	ok(tacit_egress_request(tacit_slice_of(text, TACIT_EGRESS_REQUEST_MAX), &target) == 0,
	   "as long as may be");
	memcpy(text + TACIT_EGRESS_REQUEST_MAX - 3, "\r\n\r\n", 4);
	text[TACIT_EGRESS_REQUEST_MAX - 4] = 'a';
	ok(tacit_egress_request(tacit_slice_of(text, TACIT_EGRESS_REQUEST_MAX + 1), &target) == 431,
	   "one byte more: 431");
	ok(tacit_egress_request(tacit_slice_of("CONNECT a\0b:443 HTTP/1.1\r\n\r\n", 28), &target) ==
		   400,
	   "a NUL in the name");
}

int main(void)
{
	const char *whole = LINE "Host: x\r\n\r\n";

	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
		ok(ask(GOOD[i]) == 0 && strcmp(target.host, "a.example") == 0 && target.port == 443,
		   "request %zu", i);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		unsigned got = ask(BAD[i].text);

		ok(got == BAD[i].status && target.port == 7, "bad request %zu: %u", i, got);
	}
	size_t taken = 0;
	for (size_t cut = 0; cut < strlen(whole); cut++)
		taken += tacit_egress_request(tacit_slice_of(whole, cut), &target) == 0;
	ok(taken == 0, "no cut is a request");
	test_long();
	return done();
}
