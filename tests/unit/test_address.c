/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/address.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"

struct good {
	const char *text, *full;
};

static const struct good GOOD[] = {
	{ "tcp:127.0.0.1:80", "tcp:127.0.0.1:80" },
	{ "localhost:0", "tcp:localhost:0" },
	{ "tcp:[::1]:65535", "tcp:[::1]:65535" },
	{ "[fe80::1%eth0]:443", "tcp:[fe80::1%eth0]:443" },
	{ "unix:/run/tacit.sock", "unix:/run/tacit.sock" },
	{ "unix:a", "unix:a" },
	{ "unix:with:colons", "unix:with:colons" },
	{ "vsock:3:5000", "vsock:3:5000" },
	{ "vsock:any:5000", "vsock:any:5000" },
	{ "vsock:4294967294:4294967295", "vsock:4294967294:4294967295" },
};

static const char *const BAD[] = {
	"",
	"tcp:",
	"tcp:host",
	"host",
	"host:",
	":80",
	"tcp::80",
	"host:65536",
	"host:-1",
	"host:+1",
	"host: 1",
	"host:01",
	"host:1 ",
	"ho st:1",
	"::1:80",
	"tcp:[::1:80",
	"[]:80",
	"[host]:80",
	"[1.2.3.4]:80",
	"[a%1]:80",
	"host/path:80",
	"user@host:80",
	"unix:",
	"vsock:3",
	"vsock:x:1",
	"vsock:1:y",
	"vsock:4294967296:1",
	"vsock::1",
	"http://host:80",
	"host:99999999999",
	"h\xc3\xb6st:80",
};

static void test_text(void)
{
	char text[TACIT_ADDRESS_TEXT], longest[400];
	struct tacit_address a;

	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct tacit_error err = { 0 };

		is_status(tacit_address_parse(GOOD[i].text, &a, &err), TACIT_OK, GOOD[i].text);
		tacit_address_format(&a, text);
		ok(strcmp(text, GOOD[i].full) == 0, "formats as %s", GOOD[i].full);
	}
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct tacit_address before = { .port = 4711 };
		struct tacit_error err = { 0 };

		a = before;
		ok(tacit_address_parse(BAD[i], &a, &err) == TACIT_USAGE && err.detail[0],
		   "refuses '%s'", BAD[i]);
		ok(memcmp(&a, &before, sizeof(a)) == 0, "and leaves the output alone");
	}
	for (size_t len = 106; len <= 109; len++) {
		memcpy(longest, "unix:", 5);
		memset(longest + 5, 'a', len);
		longest[5 + len] = '\0';
		ok((tacit_address_parse(longest, &a, NULL) == TACIT_OK) == (len <= 107),
		   "a path of %zu bytes", len);
	}
	for (size_t len = 252; len <= 255; len++) {
		memset(longest, 'a', len);
		memcpy(longest + len, ":1", 3);
		ok((tacit_address_parse(longest, &a, NULL) == TACIT_OK) == (len <= 253),
		   "a name of %zu bytes", len);
	}
}

static void test_tcp(void)
{
	struct tacit_address want, bound = { .port = 0 }, other;
	int fd = -1, second = -1, peer = -1, on = 0;
	socklen_t len = sizeof(on);
	struct tacit_error err = { 0 };

	is_status(tacit_address_parse("127.0.0.1:0", &want, &err), TACIT_OK, "any port");
	is_status(tacit_address_listen(&want, &fd, &bound, &err), TACIT_OK, "listens");
	ok(bound.port > 0, "the real port is told");
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK, "non-blocking");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "close on exec");
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len);
	ok(on == 1, "TCP_NODELAY is on, to be inherited");
	on = 1;
	getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, &len);
	ok(on == 0, "SO_REUSEPORT is off");
	is_status(tacit_address_listen(&bound, &second, &other, &err), TACIT_IO,
		  "a second server on the port is refused");
	ok(second == -1 && strstr(err.detail, "in use"), "and says why: %s", err.detail);

	is_status(tacit_address_connect(&bound, 5000, &peer, NULL), TACIT_OK, "connects");
	on = 0;
	getsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, &len);
	ok(on == 1, "TCP_NODELAY on the connection");
	ok(!(fcntl(peer, F_GETFL) & O_NONBLOCK), "blocking");
	close(peer);
	close(fd);
	peer = -1;
	is_status(tacit_address_connect(&bound, 5000, &peer, NULL), TACIT_PEER,
		  "nobody there any more");
	ok(peer == -1, "the output is untouched");
}

static void test_unix(void)
{
	char folder[] = "/tmp/tacit-address-XXXXXX";
	struct tacit_address a = { .transport = TACIT_TRANSPORT_UNIX }, bound;
	struct tacit_error err = { 0 };
	struct stat st;
	int fd = -1, second = -1, peer = -1;

	if (!mkdtemp(folder)) {
		skip("unix sockets", "no folder for them");
		return;
	}
	snprintf(a.path, sizeof(a.path), "%s/s", folder);
	is_status(tacit_address_connect(&a, 1000, &peer, NULL), TACIT_PEER, "no socket there");
	is_status(tacit_address_listen(&a, &fd, &bound, &err), TACIT_OK, "listens on a path");
	ok(stat(a.path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");
	is_status(tacit_address_connect(&a, 1000, &peer, NULL), TACIT_OK, "connects");
	close(peer);
	is_status(tacit_address_listen(&a, &second, &bound, &err), TACIT_IO,
		  "a live socket is not replaced");
	ok(strstr(err.detail, "in use") != NULL, "and says why: %s", err.detail);
	close(fd);
	is_status(tacit_address_listen(&a, &fd, &bound, NULL), TACIT_OK, "a stale one is");
	close(fd);
	tacit_address_release(&bound);
	ok(stat(a.path, &st) != 0, "release removes it");

	close(open(a.path, O_CREAT | O_WRONLY, 0600));
	is_status(tacit_address_listen(&a, &second, &bound, NULL), TACIT_IO,
		  "a file is left alone");
	ok(stat(a.path, &st) == 0 && S_ISREG(st.st_mode), "and is still there");
	unlink(a.path);
	rmdir(folder);
}

/* Without a vsock device only the answer can be looked at; tests/emulation has real ones. */
static void test_vsock(void)
{
	struct tacit_address a, bound;
	struct tacit_error err = { 0 };
	int fd = -1;

	is_status(tacit_address_parse("vsock:any:0", &a, NULL), TACIT_OK, "vsock parses");
	ok(a.cid == TACIT_VSOCK_ANY, "any CID");
	enum tacit_status st = tacit_address_listen(&a, &fd, &bound, &err);
	if (st == TACIT_OK)
		ok(bound.port != 0, "a listener has a port");
	else
		is_status(st, TACIT_UNSUPPORTED, "a kernel without vsock says so");
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	test_text();
	test_tcp();
	test_unix();
	test_vsock();
	return done();
}
