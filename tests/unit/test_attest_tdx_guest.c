/* SPDX-License-Identifier: Apache-2.0 */

/* The quote generation service: what it is asked, and every wrong answer of it. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/tdx_guest.h"
#include "tests/tap.h"

#define QUOTE_LEN 5000
#define REQUEST   (4 + 16 + 8 + TACIT_TDX_GUEST_REPORT)

/* Fields of an answer, little-endian behind the length of the frame. */
struct answer {
	uint32_t frame; /* 0: what is true */
	uint16_t major;
	uint32_t type, size, error, id_len, quote_len;
	size_t id, quote; /* bytes that come */
	size_t cut;       /* less than all are sent; 0: all */
	bool dribble, silent;
};

struct service {
	int fd;
	struct answer answer;
	uint8_t request[REQUEST];
	size_t got;
};

static size_t put(uint8_t *to, size_t at, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[at + i] = (uint8_t)(value >> (8 * i));
	return at + len;
}

static size_t write_answer(const struct answer *a, uint8_t *to)
{
	uint32_t total = (uint32_t)(16 + 8 + a->id + a->quote);
	uint32_t frame = a->frame ? a->frame : total;
	size_t at = 4;

	for (size_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(frame >> (24 - 8 * i));
	at = put(to, at, a->major, 2);
	at = put(to, at, 0, 2);
	at = put(to, at, a->type, 4);
	at = put(to, at, a->size ? a->size : total, 4);
	at = put(to, at, a->error, 4);
	at = put(to, at, a->id_len ? a->id_len : (uint32_t)a->id, 4);
	at = put(to, at, a->quote_len ? a->quote_len : (uint32_t)a->quote, 4);
	memset(to + at, 0x1d, a->id);
	memset(to + at + a->id, 0x90, a->quote);
	return at + a->id + a->quote;
}

static void *serve(void *arg)
{
	static uint8_t out[70000];
	struct service *s = arg;

	while (s->got < REQUEST) {
		ssize_t n = recv(s->fd, s->request + s->got, REQUEST - s->got, 0);

		if (n <= 0)
			break;
		s->got += (size_t)n;
	}
	size_t len = write_answer(&s->answer, out);
	if (s->answer.cut)
		len = s->answer.cut;
	for (size_t at = 0; at < len && !s->answer.silent;) {
		size_t n = s->answer.dribble && at < 40 ? 1 : len - at;
		ssize_t sent = send(s->fd, out + at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	if (!s->answer.silent)
		shutdown(s->fd, SHUT_WR);
	return NULL;
}

static uint8_t report[TACIT_TDX_GUEST_REPORT];
static uint8_t room[TACIT_TSM_OUTPUT_MAX];

static enum tacit_status ask(struct service *s, unsigned timeout_ms, struct tacit_slice *ret,
			     struct tacit_error *err)
{
	pthread_t thread;
	int pair[2];

	memset(report, 0x7d, sizeof(report));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    (s->fd = pair[1], pthread_create(&thread, NULL, serve, s)))
		exit(1);
	enum tacit_status st = tacit_tdx_guest_ask(
		pair[0], timeout_ms, report, tacit_mut_of(room, sizeof(room)), ret, err);
	close(pair[0]);
	pthread_join(thread, NULL);
	close(pair[1]);
	return st;
}

static const struct answer RIGHT = { .major = 1, .type = 1, .id = 32, .quote = QUOTE_LEN };

static void gives(struct answer answer, const char *name)
{
	struct service s = { .answer = answer };
	struct tacit_slice quote = { NULL, 0 };
	struct tacit_error err = { 0 };

	is_status(ask(&s, 10000, &quote, &err), TACIT_OK, name);
	ok(quote.len == answer.quote && quote.ptr[0] == 0x90 && quote.ptr[quote.len - 1] == 0x90,
	   "%s: the quote", name);
}

static void refuses(struct answer answer, const char *says, const char *name)
{
	struct service s = { .answer = answer };
	struct tacit_slice quote = { NULL, 0 };
	struct tacit_error err = { 0 };

	is_status(ask(&s, answer.silent ? 50 : 10000, &quote, &err), TACIT_PEER, name);
	ok(!quote.ptr, "%s: and gives nothing", name);
	if (!ok(strstr(err.detail, says) != NULL, "%s: says '%s'", name, says))
		printf("# got %s\n", err.detail);
}

/* The right answer but for one member. */
#define REFUSES(member, value, says, name)                                                         \
	do {                                                                                       \
		struct answer wrong = RIGHT;                                                       \
		wrong.member = (value);                                                            \
		refuses(wrong, says, name);                                                        \
	} while (0)

static void test_request(void)
{
	static const uint8_t head[] = { 0, 0, 4,  0x18, 1, 0, 0,    0,    0, 0, 0, 0, 0x18, 4,
					0, 0, 0,  0,    0, 0, 0,    4,    0, 0, 0, 0, 0,    0 };
	struct service s = { .answer = RIGHT };
	struct tacit_slice quote;

	is_status(ask(&s, 10000, &quote, NULL), TACIT_OK, "a request");
	ok(s.got == REQUEST && memcmp(s.request, head, sizeof(head)) == 0,
	   "length, version, type, size and lengths as the service reads them");
	ok(memcmp(s.request + sizeof(head), report, sizeof(report)) == 0, "and the report");
}

int main(void)
{
	struct tacit_tsm_report none = { 0 };
	uint8_t input[64] = { 0 };

	test_request();
	gives(RIGHT, "an answer");
	gives((struct answer){ .major = 1, .type = 1, .quote = 1 }, "the smallest");
	gives((struct answer){ .major = 1, .type = 1, .quote = sizeof(room) - 24 }, "the largest");
	struct answer slow = RIGHT;
	slow.dribble = true;
	gives(slow, "byte by byte");

	REFUSES(error, 0x12001, "0x12001", "an error");
	REFUSES(major, 2, "nonsense", "another version");
	REFUSES(type, 3, "nonsense", "another answer");
	REFUSES(size, 24, "nonsense", "a size that is not the frame's");
	REFUSES(id_len, 33, "nonsense", "an id that is longer");
	REFUSES(id_len, 0xffffffffu, "nonsense", "an id of 4 GiB");
	REFUSES(quote_len, QUOTE_LEN - 1, "nonsense", "a byte behind the quote");
	REFUSES(quote_len, QUOTE_LEN + 1, "nonsense", "a quote that is longer");
	REFUSES(quote_len, 0xffffffffu, "nonsense", "a quote of 4 GiB");
	refuses((struct answer){ .major = 1, .type = 1, .id = 32 }, "nonsense", "an empty quote");
	REFUSES(frame, 15, "announces 15", "a frame without a head");
	REFUSES(frame, 16, "nonsense", "a frame with nothing but a head");
	REFUSES(frame, sizeof(room) + 1, "announces 65537", "a frame that does not fit");
	REFUSES(frame, 0xffffffffu, "announces", "a frame of 4 GiB");
	REFUSES(frame, 6000, "hangs up", "a frame that does not come");
	REFUSES(cut, 3, "hangs up", "the end in the length");
	REFUSES(cut, 20, "hangs up", "the end in the head");
	uint64_t start = tacit_clock_ms();
	REFUSES(silent, true, "does not answer", "silence");
	ok(tacit_clock_ms() - start < 10000, "silence has an end, of 50 ms");
	is_status(tacit_tdx_guest_quote("/nowhere", "unix:/nowhere", input,
					tacit_mut_of(room, sizeof(room)), &none, NULL),
		  TACIT_UNSUPPORTED, "no device");
	is_status(tacit_tdx_guest_quote("/dev/null", "unix:/nowhere", input,
					tacit_mut_of(room, sizeof(room)), &none, NULL),
		  TACIT_IO, "a device of another kind");
	ok(!none.out.ptr, "and nothing came of them");
	return done();
}
