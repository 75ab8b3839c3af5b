/* SPDX-License-Identifier: Apache-2.0 */
#include "net/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tap.h"
#include "channel/tls.h"
#include "sys/address.h"
#include "sys/clock.h"

#define WAIT_MS  20000 /* generous; nothing is measured against it */
#define SHORT_MS 300

/* One server on a unix socket, in a thread of its own. */
struct rig {
	char folder[32];
	struct tacit_address address;
	struct tacit_server *server;
	pthread_t thread;
	struct tacit_server_counts counts; /* after the end */
	/* what the handler saw; the loop's thread writes, the test reads after _end() or in order
	 */
	struct tacit_call *held;
	struct tacit_server_task task, stop;
	int gone, tasks_run, stops;
	bool whole;
};

static const struct tacit_http_answer TEXT = { .status = 200, .type = "text/plain" };

static void on_gone(void *user)
{
	struct rig *rig = user;

	rig->gone++;
	rig->held = NULL;
}

static void answer_held(struct tacit_server_task *task)
{
	struct rig *rig = (struct rig *)((uintptr_t)task - offsetof(struct rig, task));

	rig->tasks_run++;
	if (rig->held)
		tacit_call_reply(rig->held, &TEXT, tacit_slice_str("later"));
	rig->held = NULL;
}

static void stop_now(struct tacit_server_task *task)
{
	struct rig *rig = (struct rig *)((uintptr_t)task - offsetof(struct rig, stop));

	tacit_server_stop(rig->server);
}

static void *post_later(void *arg)
{
	struct rig *rig = arg;

	tacit_server_post(rig->server, &rig->task);
	return NULL;
}

static void reply_note(struct tacit_call *call)
{
	static const uint8_t NOTE[32] = "note";
	bool noted = tacit_call_note(call) != NULL;

	tacit_call_set_note(call, NOTE);
	tacit_call_reply(call, &TEXT, tacit_slice_str(noted ? "noted" : "new"));
}

static void stream_much(struct rig *rig, struct tacit_call *call, bool finish)
{
	static const char block[65536] = { 'a' };

	tacit_call_watch(call, on_gone, rig);
	tacit_call_start(call, &TEXT);
	for (int i = 0; i < 200; i++)
		tacit_call_write(call, tacit_slice_of(block, sizeof(block)));
	if (finish)
		tacit_call_finish(call);
}

static void on_request(void *user, struct tacit_call *call)
{
	static char big[8 << 20];
	struct rig *rig = user;
	struct tacit_slice path = tacit_call_head(call)->path;
	pthread_t thread;

	if (tacit_slice_eq(path, tacit_slice_str("/hold"))) {
		tacit_call_watch(call, on_gone, rig);
		rig->held = call;
	} else if (tacit_slice_eq(path, tacit_slice_str("/later"))) {
		tacit_call_watch(call, on_gone, rig);
		rig->held = call;
		pthread_create(&thread, NULL, post_later, rig);
		pthread_detach(thread);
	} else if (tacit_slice_eq(path, tacit_slice_str("/note"))) {
		reply_note(call);
	} else if (tacit_slice_eq(path, tacit_slice_str("/much"))) {
		stream_much(rig, call, true);
	} else if (tacit_slice_eq(path, tacit_slice_str("/abort"))) {
		tacit_call_watch(call, on_gone, rig);
		tacit_call_start(call, &TEXT);
		tacit_call_write(call, tacit_slice_str("half"));
		tacit_call_abort(call);
	} else if (tacit_slice_eq(path, tacit_slice_str("/big"))) {
		memset(big, 'b', sizeof(big));
		tacit_call_reply(call, &TEXT, tacit_slice_of(big, sizeof(big)));
	} else {
		struct tacit_slice body = tacit_call_body(call);
		tacit_call_reply(call, &TEXT, body.len ? body : path);
	}
}

static struct tacit_slice on_refusal(void *user, unsigned status)
{
	(void)user;
	return tacit_slice_str(status == 408 ? "slow" : "refused");
}

static void on_stop(void *user)
{
	struct rig *rig = user;

	rig->stops++;
}

static void *serve(void *arg)
{
	struct rig *rig = arg;

	rig->whole = tacit_server_run(rig->server, NULL) == TACIT_OK;
	return NULL;
}

static void rig_start(struct rig *rig, struct tacit_server_options options)
{
	struct tacit_address bound;
	int fd = -1;

	*rig = (struct rig){ .folder = "/tmp/tacit-server-XXXXXX" };
	if (!mkdtemp(rig->folder))
		exit(70);
	rig->address.transport = TACIT_TRANSPORT_UNIX;
	snprintf(rig->address.path, sizeof(rig->address.path), "%s/s", rig->folder);
	rig->task.run = answer_held;
	rig->stop.run = stop_now;
	options.on_request = on_request;
	options.on_refusal = on_refusal;
	options.on_stop = on_stop;
	options.user = rig;
	if (tacit_address_listen(&rig->address, &fd, &bound, NULL) != TACIT_OK ||
	    tacit_server_new(&options, &rig->server, NULL) != TACIT_OK ||
	    tacit_server_listen(rig->server, fd, NULL) != TACIT_OK ||
	    pthread_create(&rig->thread, NULL, serve, rig) != 0)
		exit(70);
}

static void rig_join(struct rig *rig)
{
	pthread_join(rig->thread, NULL);
	rig->counts = tacit_server_counts(rig->server);
	tacit_server_free(rig->server);
	tacit_address_release(&rig->address);
	rmdir(rig->folder);
}

static void rig_end(struct rig *rig)
{
	tacit_server_post(rig->server, &rig->stop);
	rig_join(rig);
}

static int dial(struct rig *rig)
{
	int fd = -1;

	if (tacit_address_connect(&rig->address, WAIT_MS, &fd, NULL) != TACIT_OK)
		exit(70);
	return fd;
}

static void put(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		exit(70);
}

/* Reads until the server closes, or `until` was seen; NUL-terminated. */
static char *get(int fd, const char *until)
{
	static char text[1 << 16];
	uint64_t deadline = tacit_clock_ms() + WAIT_MS;
	size_t len = 0;

	text[0] = '\0';
	while (tacit_clock_ms() < deadline && len < sizeof(text) - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) <= 0)
			continue;
		ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		if (until && strstr(text, until))
			break;
	}
	return text;
}

/* True when the server closes the connection. */
static bool closes(int fd)
{
	uint64_t deadline = tacit_clock_ms() + WAIT_MS;
	static char text[1 << 16];

	while (tacit_clock_ms() < deadline) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 100) > 0 && recv(fd, text, sizeof(text), 0) <= 0)
			return true;
	}
	return false;
}

/* Sends a byte now and then, so that no single wait is long; true when the server ends it. */
static bool drip(int fd, const char *start, char byte)
{
	put(fd, start);
	for (uint64_t deadline = tacit_clock_ms() + WAIT_MS; tacit_clock_ms() < deadline;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 30) > 0)
			return true;
		if (send(fd, &byte, 1, MSG_NOSIGNAL) < 0)
			return true;
	}
	return false;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static void test_answers(void)
{
	struct rig rig;

	rig_start(&rig, (struct tacit_server_options){ .grace_ms = WAIT_MS });
	int fd = dial(&rig);
	put(fd, GET("/note"));
	ok(strstr(get(fd, "new"), "\r\n\r\nnew") != NULL, "a first request");
	put(fd, "\r\n" GET("/note"));
	ok(strstr(get(fd, "noted"), "\r\n\r\nnoted") != NULL, "a note stays with the connection");
	put(fd, GET("/later"));
	ok(strstr(get(fd, "later"), "\r\n\r\nlater") != NULL, "an answer from another thread");
	put(fd, GET("/later") GET("/one") GET("/two"));
	char *text = get(fd, "/two");
	char *later = strstr(text, "later"), *one = strstr(text, "/one"),
	     *two = strstr(text, "/two");
	ok(later && one && two && later < one && one < two, "requests in a row, answers in a row");
	int other = dial(&rig);
	put(other, GET("/note"));
	ok(strstr(get(other, "new"), "\r\n\r\nnew") != NULL, "and with no other connection");
	put(other, "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	ok(strstr(get(other, "abcde"), "\r\n\r\nabcde") != NULL, "a chunked body");
	put(other, GET("/abort"));
	text = get(other, NULL);
	ok(!strstr(text, "0\r\n\r\n"), "an aborted stream is cut");
	close(other);
	close(fd);
	rig_end(&rig);
	ok(rig.whole && rig.gone == 0, "nobody was gone");
	ok(rig.counts.requests == 9 && rig.counts.accepted == 2 && rig.stops == 1, "all counted");
}

static void test_deadlines(void)
{
	struct rig rig;

	rig_start(&rig, (struct tacit_server_options){ .request_ms = SHORT_MS });
	int fd = dial(&rig);
	ok(drip(fd, "GET / HTTP/1.1\r\nA: ", 'a'), "a head that drips is given up");
	ok(strstr(get(fd, NULL), "408 "), "with 408");
	close(fd);
	fd = dial(&rig);
	ok(drip(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", 'a'),
	   "a body that drips is given up");
	ok(strstr(get(fd, NULL), "slow"), "with 408");
	close(fd);
	fd = dial(&rig);
	ok(drip(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9;", 'a'),
	   "a chunk line that drips is given up");
	close(fd);
	fd = dial(&rig);
	put(fd, GET("/hold"));
	usleep(2 * SHORT_MS * 1000);
	tacit_server_post(rig.server, &rig.task);
	ok(strstr(get(fd, "later"), "later"), "an answer may take longer than a request");
	close(fd);
	rig_end(&rig);
	ok(rig.counts.timeouts == 3, "counted");

	rig_start(&rig, (struct tacit_server_options){ .idle_ms = SHORT_MS });
	fd = dial(&rig);
	ok(closes(fd), "a connection that says nothing is closed");
	close(fd);
	fd = dial(&rig);
	put(fd, GET("/note"));
	ok(strstr(get(fd, "new"), "new") && closes(fd), "one that says no more too");
	close(fd);
	rig_end(&rig);
}

static void test_handshake(void)
{
	struct tacit_identity id = { 0 };
	SSL_CTX *ctx = NULL;
	struct rig rig;

	if (tacit_identity_init(&id, 1795000000, NULL) != TACIT_OK ||
	    tacit_tls_server_new(&id, &ctx, NULL) != TACIT_OK)
		exit(70);
	rig_start(&rig, (struct tacit_server_options){ .tls = ctx, .handshake_ms = SHORT_MS });
	int fd = dial(&rig);
	ok(closes(fd), "no handshake at all");
	close(fd);
	fd = dial(&rig);
	/* a record of 16 KB that comes byte by byte */
	ok(drip(fd, "\x16\x03\x01\x3f", '\x01'), "a handshake that drips");
	close(fd);
	fd = dial(&rig);
	put(fd, GET("/"));
	ok(closes(fd), "no TLS");
	close(fd);
	rig_end(&rig);
	ok(rig.counts.requests == 0 && rig.counts.timeouts == 2, "no request came of it");
	ok(rig.counts.handshakes_failed == 1, "the failed one is counted");
	SSL_CTX_free(ctx);
	tacit_identity_done(&id);
}

static void test_slow_readers(void)
{
	struct rig rig;

	rig_start(&rig, (struct tacit_server_options){ .max_output = 1 << 20 });
	int fd = dial(&rig);
	put(fd, GET("/much"));
	usleep(SHORT_MS * 1000);
	int other = dial(&rig);
	put(other, GET("/note"));
	ok(strstr(get(other, "new"), "new"), "others are served beside a slow reader");
	ok(closes(fd), "a stream that nobody reads is cut");
	close(fd);
	close(other);
	rig_end(&rig);
	ok(rig.gone == 0, "finish ends the watch though the stream was cut");

	rig_start(&rig, (struct tacit_server_options){ .stall_ms = SHORT_MS });
	fd = dial(&rig);
	put(fd, GET("/big"));
	usleep(4 * SHORT_MS * 1000);
	size_t total = 0;
	static char text[1 << 16];
	for (ssize_t n = 1; n > 0; total += n > 0 ? (size_t)n : 0)
		n = recv(fd, text, sizeof(text), 0);
	ok(total < 8 << 20, "an answer that nobody takes is given up: %zu", total);
	close(fd);
	rig_end(&rig);
	ok(rig.counts.timeouts == 1, "counted");
}

#define BODY_MAX 100000

static char body[BODY_MAX + 2]; /* one more byte than allowed */

static int announce(struct rig *rig, size_t len)
{
	char head[256];
	int fd = dial(rig);

	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
		 len);
	put(fd, head);
	return fd;
}

static void check_body_size(struct rig *rig)
{
	int below = announce(rig, BODY_MAX - 1), at = announce(rig, BODY_MAX);
	int above = announce(rig, BODY_MAX + 1);

	put(below, "a");
	put(at, "a");
	ok(strstr(get(above, NULL), "413 ") != NULL,
	   "a body over the limit is refused by its size");
	put(below, body + 3);
	ok(strstr(get(below, "aaaa"), "200 OK"), "one below is not");
	put(at, body + 2);
	ok(strstr(get(at, "aaaa"), "200 OK"), "nor one at the limit");
	close(below);
	close(at);
	close(above);
}

static void check_bodies_together(struct rig *rig)
{
	int first = announce(rig, BODY_MAX);

	put(first, body + 1001);
	usleep(100 * 1000);
	int second = announce(rig, BODY_MAX);
	put(second, body + 1001);
	ok(strstr(get(second, NULL), "503 "), "all bodies together are bounded");
	close(first);
	close(second);
	int third = announce(rig, BODY_MAX);
	put(third, body + 1);
	ok(strstr(get(third, "aaaa"), "200 OK"), "and given back");
	close(third);
}

static void check_chunked(struct rig *rig)
{
	int fd = dial(rig);

	put(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n");
	put(fd, body);
	put(fd, "\r\n");
	ok(strstr(get(fd, NULL), "413 "), "a chunked body over the limit is refused");
	close(fd);
}

static void test_body_limits(void)
{
	struct rig rig;

	memset(body, 'a', sizeof(body) - 1);
	rig_start(&rig,
		  (struct tacit_server_options){ .max_body = BODY_MAX, .max_bodies = 150000 });
	check_body_size(&rig);
	check_bodies_together(&rig);
	check_chunked(&rig);
	rig_end(&rig);
}

static void test_connection_limit(void)
{
	struct rig rig;

	rig_start(&rig, (struct tacit_server_options){ .max_connections = 2 });
	int first = dial(&rig);
	put(first, GET("/hold"));
	int second = dial(&rig);
	put(second, GET("/note"));
	get(second, "new");
	int third = dial(&rig);
	put(third, GET("/note"));
	ok(strstr(get(third, "new"), "new"), "a third connection of two is served");
	ok(closes(second), "the idle one made room");
	int fourth = dial(&rig);
	put(fourth, GET("/note"));
	ok(strstr(get(fourth, "new"), "new"), "and so on");
	tacit_server_post(rig.server, &rig.task);
	ok(strstr(get(first, "later"), "later"), "the busy one was left alone");
	close(first);
	close(second);
	close(third);
	close(fourth);
	rig_end(&rig);
	ok(rig.counts.evicted == 2, "counted");
}

static void test_gone(void)
{
	struct rig rig;

	rig_start(&rig, (struct tacit_server_options){ .max_output = 1 << 20 });
	int fd = dial(&rig);
	put(fd, GET("/hold"));
	usleep(100 * 1000);
	close(fd);
	fd = dial(&rig);
	put(fd, GET("/note"));
	get(fd, "new");
	close(fd);
	rig_end(&rig);
	ok(rig.gone == 1 && !rig.held, "a client that leaves is told once");

	rig_start(&rig, (struct tacit_server_options){ .grace_ms = SHORT_MS });
	fd = dial(&rig);
	put(fd, GET("/hold"));
	usleep(100 * 1000);
	rig_end(&rig);
	ok(rig.gone == 1 && rig.whole, "after the grace the rest is cut");
	ok(closes(fd), "and closed");
	close(fd);

	rig_start(&rig, (struct tacit_server_options){ .grace_ms = WAIT_MS });
	fd = dial(&rig);
	put(fd, GET("/hold"));
	usleep(100 * 1000);
	tacit_server_post(rig.server, &rig.stop);
	usleep(100 * 1000);
	tacit_server_post(rig.server, &rig.task);
	char *text = get(fd, NULL);
	ok(strstr(text, "Connection: close") && strstr(text, "later"),
	   "a stopping server finishes what runs, and closes");
	close(fd);
	rig_join(&rig);
	ok(rig.gone == 0, "nobody was gone");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_answers();
	test_deadlines();
	test_handshake();
	test_slow_readers();
	test_body_limits();
	test_connection_limit();
	test_gone();
	return done();
}
