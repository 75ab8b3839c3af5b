/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect.h"

#include "tests/tap.h"

struct row {
	const char *text;
	const char *extra;
	bool good;
};

static void test_hosts(void)
{
	static const struct row ROWS[] = {
		{ "localhost", NULL, true },
		{ "LocalHost:8080", NULL, true },
		{ "127.0.0.1", NULL, true },
		{ "127.0.0.1:65535", NULL, true },
		{ "[::1]", NULL, true },
		{ "[::1]:8080", NULL, true },
		{ "127.0.0.2:1", "127.0.0.2", true },
		{ "127.0.0.2:1", NULL, false },
		{ "", NULL, false },
		{ ":8080", NULL, false },
		{ ":8080", "", true }, /* a listener that names no host */
		{ "evil.example", NULL, false },
		{ "localhost.evil.example", NULL, false },
		{ "127.0.0.1.evil.example:80", NULL, false },
		{ "localhost:80@evil.example", NULL, false },
		{ "localhost:80:80", NULL, false },
		{ "localhost:123456", NULL, false },
		{ "localhost:8080/path", NULL, false },
		{ "localhost ", NULL, false },
		{ "::1", NULL, false },
		{ "[::1", NULL, false },
		{ "[::1].evil.example", NULL, false },
		{ "[::2]:80", NULL, false },
		{ "127.1", NULL, false },
		{ "0.0.0.0", NULL, false },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		ok(tacit_connect_host_ok(tacit_slice_str(ROWS[i].text), ROWS[i].extra) ==
			   ROWS[i].good,
		   "host '%s' is %s", ROWS[i].text, ROWS[i].good ? "taken" : "refused");
	ok(!tacit_connect_host_ok(tacit_slice_of(NULL, 0), NULL), "no Host field is refused");
	ok(!tacit_connect_host_ok(tacit_slice_of("localhost\0.x", 12), NULL), "a NUL is no end");
}

static void test_origins(void)
{
	static const struct row ROWS[] = {
		{ "http://localhost", NULL, true },
		{ "http://localhost:3000", NULL, true },
		{ "https://127.0.0.1:3000", NULL, true },
		{ "HTTP://[::1]:3000", NULL, true },
		{ "http://box", "box", true },
		{ "null", NULL, false },
		{ "", NULL, false },
		{ "http://", NULL, false },
		{ "localhost", NULL, false },
		{ "file://localhost", NULL, false },
		{ "https://evil.example", NULL, false },
		{ "http://localhost.evil.example", NULL, false },
		{ "http://evil.example/http://localhost", NULL, false },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		ok(tacit_connect_origin_ok(tacit_slice_str(ROWS[i].text), ROWS[i].extra) ==
			   ROWS[i].good,
		   "origin '%s' is %s", ROWS[i].text, ROWS[i].good ? "taken" : "refused");
}

static void test_listeners(void)
{
	static const struct row ROWS[] = {
		{ "tcp:127.0.0.1:80", NULL, true },
		{ "tcp:127.9.9.9:80", NULL, true },
		{ "tcp:[::1]:80", NULL, true },
		{ "tcp:localhost:80", NULL, true },
		{ "unix:/tmp/x", NULL, true },
		{ "tcp:0.0.0.0:80", NULL, false },
		{ "tcp:[::]:80", NULL, false },
		{ "tcp:10.0.0.1:80", NULL, false },
		{ "tcp:128.0.0.1:80", NULL, false },
		{ "tcp:localhost.example:80", NULL, false },
		{ "tcp:[::ffff:127.0.0.1]:80", NULL, false },
		{ "vsock:3:80", NULL, false },
		{ "tcp:127.0.0.1.example:80", NULL, false },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct tacit_address address;

		if (tacit_address_parse(ROWS[i].text, &address, NULL) != TACIT_OK)
			ok(false, "'%s' is an address", ROWS[i].text);
		else
			ok(tacit_connect_is_local(&address) == ROWS[i].good, "'%s' is %s",
			   ROWS[i].text, ROWS[i].good ? "local" : "not local");
	}
}

int main(void)
{
	test_hosts();
	test_origins();
	test_listeners();
	return done();
}
