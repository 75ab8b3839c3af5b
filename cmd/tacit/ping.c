/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit ping: how fast an address answers, and how much goes through, against an echo behind it.
 * What comes back is compared with what was sent.
 */

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "net/relay.h"
#include "sys/address.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "verbs.h"

#define DEFAULT_COUNT   100
#define DEFAULT_SIZE    64
#define DEFAULT_TOTAL   (256u << 20)
#define DEFAULT_TIMEOUT 10
#define PIECE           65536u
#define PERIOD          251u /* of the pattern: prime, so that no buffer's size hides a shift */

struct options {
	struct cli_common common;
	const char *echo;
	uint64_t count, size, total, timeout;
	bool throughput;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT_RANGE(struct options, count, "--count", CLI_COUNT, "N",
		      "round trips (default: 100)", 1, 1000000),
	CLI_OPT_RANGE(struct options, size, "--size", CLI_COUNT, "BYTES",
		      "of one message (default: 64)", 1, 1u << 20),
	CLI_OPT(struct options, throughput, "--throughput", 0, CLI_FLAG, NULL,
		"also send as much as goes, there and back"),
	CLI_OPT_RANGE(struct options, total, "--total", CLI_COUNT, "BYTES",
		      "for --throughput (default: 256M)", 1, 1ull << 40),
	CLI_OPT_RANGE(struct options, timeout, "--timeout", CLI_COUNT, "SECONDS",
		      "how long the other side may be silent (default: 10)", 1, 3600),
	CLI_OPT(struct options, echo, "--echo", 0, CLI_TEXT, "ADDR",
		"be the echo: listen there until a signal comes"),
};

struct ping {
	const struct options *options;
	int fd;
	uint64_t size, timeout_ms;
	uint8_t *pattern; /* PERIOD and PIECE or `size` bytes, whichever is more */
	uint8_t *room;
	uint64_t *times; /* nanoseconds */
	uint64_t bytes_s;
	struct tacit_error err;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static enum tacit_status fail(struct ping *p, const char *why)
{
	return tacit_fail(&p->err, TACIT_PEER, "ping", 0, "%s", why);
}

/* What is to come back, from byte `at` on. */
static const uint8_t *expected(const struct ping *p, uint64_t at)
{
	return p->pattern + at % PERIOD;
}

/* What a call gave: moves *at on. False when the connection is of no use any more. */
static bool moved(struct ping *p, ssize_t n, uint64_t *at)
{
	if (n > 0)
		*at += (uint64_t)n;
	else if (n == 0)
		(void)fail(p, "the other side closed");
	else if (errno != EAGAIN && errno != EINTR)
		(void)fail(p, strerror(errno));
	return p->err.status == TACIT_OK;
}

/* Sends `total` bytes and takes as many back, both at once: an echo has no room for all of it. */
static enum tacit_status exchange(struct ping *p, uint64_t total, size_t piece)
{
	uint64_t sent = 0, got = 0;

	while (got < total) {
		struct pollfd poller = { .fd = p->fd, .events = POLLIN };

		if (sent < total)
			poller.events |= POLLOUT;
		int n = poll(&poller, 1, (int)p->timeout_ms);
		if (n < 0 && errno != EINTR)
			return fail(p, strerror(errno));
		if (n == 0)
			return fail(p, "no answer in time");
		if (n > 0 && (poller.revents & POLLOUT) && sent < total) {
			size_t len = total - sent < piece ? (size_t)(total - sent) : piece;

			if (!moved(p,
				   send(p->fd, expected(p, sent), len, MSG_NOSIGNAL | MSG_DONTWAIT),
				   &sent))
				return p->err.status;
		}
		if (n <= 0 || !(poller.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		size_t want = total - got < piece ? (size_t)(total - got) : piece;
		uint64_t before = got;
		if (!moved(p, recv(p->fd, p->room, want, MSG_DONTWAIT), &got))
			return p->err.status;
		if (got > sent || memcmp(p->room, expected(p, before), (size_t)(got - before)) != 0)
			return fail(p, "what came back is not what was sent");
	}
	return TACIT_OK;
}

static enum tacit_status measure(struct ping *p, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = now_ns();
		enum tacit_status st = exchange(p, p->size, (size_t)p->size);

		if (st != TACIT_OK)
			return st;
		p->times[i] = now_ns() - start;
	}
	if (!p->options->throughput)
		return TACIT_OK;
	uint64_t total = p->options->total ? p->options->total : DEFAULT_TOTAL;
	uint64_t start = now_ns();
	enum tacit_status st = exchange(p, total, PIECE);
	uint64_t took = now_ns() - start;
	if (st == TACIT_OK)
		p->bytes_s = (uint64_t)((double)total * 1e9 / (double)(took ? took : 1));
	return st;
}

/* ---- words ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int show(const struct ping *p, const char *address, uint64_t count)
{
	const uint64_t *t = p->times;
	uint64_t middle = t[count / 2], most = t[count - 1], tail = t[(count * 99 - 1) / 100];

	if (p->options->common.json) {
		json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "schema",
				      "tacit.ping/1", "address", address, "count",
				      (json_int_t)count, "size", (json_int_t)p->size, "min_ns",
				      (json_int_t)t[0], "median_ns", (json_int_t)middle, "p99_ns",
				      (json_int_t)tail, "max_ns", (json_int_t)most);

		if (o && p->options->throughput)
			(void)json_object_set_new(o, "bytes_per_second",
						  json_integer((json_int_t)p->bytes_s));
		if (!o || json_dumpf(o, stdout, JSON_COMPACT) != 0) {
			json_decref(o);
			return cli_no_memory(&p->options->common);
		}
		putchar('\n');
		json_decref(o);
		return 0;
	}
	printf("%llu round trips of %llu bytes to %s: min %.1f, median %.1f, p99 %.1f, max %.1f "
	       "us\n",
	       (unsigned long long)count, (unsigned long long)p->size, address, (double)t[0] / 1e3,
	       (double)middle / 1e3, (double)tail / 1e3, (double)most / 1e3);
	if (p->options->throughput)
		printf("%.1f MB/s there and back\n", (double)p->bytes_s / 1e6);
	return 0;
}

/* ---- the echo ------------------------------------------------------------------------------- */

static void say(void *user, const struct tacit_relay_event *event)
{
	(void)user;
	(void)event;
}

static int echo(const struct options *o)
{
	const struct tacit_relay_options setup = { .say = say, .spy_fd = -1, .signals = true };
	struct tacit_relay_plan *plan = NULL;
	struct tacit_relay *relay = NULL;
	struct tacit_address bound;
	struct tacit_error err = { 0 };
	char text[TACIT_ADDRESS_TEXT];
	enum tacit_status st = tacit_relay_plan_new(&plan, &err);

	if (st == TACIT_OK)
		st = tacit_relay_plan_rule(plan, TACIT_RELAY_ECHO, o->echo, NULL, &err);
	if (st == TACIT_OK)
		st = tacit_relay_new(&setup, &relay, &err);
	if (st == TACIT_OK)
		st = tacit_relay_apply(relay, plan, &err);
	if (st == TACIT_OK) {
		tacit_relay_bound(relay, 0, &bound);
		tacit_address_format(&bound, text);
		if (o->common.json)
			printf("{\"schema\":\"tacit.ping/1\",\"event\":\"ready\","
			       "\"listen\":\"%s\"}\n",
			       text);
		fflush(stdout);
		cli_say(&o->common, "event=ready listen=%s", text);
		tacit_process_notify("READY=1");
		st = tacit_relay_run(relay, &err);
	}
	tacit_relay_free(relay);
	tacit_relay_plan_free(plan);
	return st == TACIT_OK ? 0 : cli_fail(&o->common, &err, "cannot echo at '%s'", o->echo);
}

/* ---- the verb ------------------------------------------------------------------------------- */

static void free_ping(struct ping *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->pattern);
	free(p->room);
	free(p->times);
}

static bool make_room(struct ping *p, uint64_t count)
{
	size_t room = p->size > PIECE ? (size_t)p->size : PIECE;

	p->pattern = malloc(room + PERIOD);
	p->room = malloc(room);
	p->times = calloc((size_t)count, sizeof(*p->times));
	for (size_t i = 0; p->pattern && i < room + PERIOD; i++)
		p->pattern[i] = (uint8_t)(i % PERIOD);
	return p->pattern && p->room && p->times;
}

static int ping(const struct options *o, const char *text)
{
	uint64_t count = o->count ? o->count : DEFAULT_COUNT;
	struct ping p TACIT_CLEANUP(free_ping) = {
		.options = o,
		.fd = -1,
		.size = o->size ? o->size : DEFAULT_SIZE,
		.timeout_ms = (o->timeout ? o->timeout : DEFAULT_TIMEOUT) * 1000,
	};
	struct tacit_address address;

	if (!make_room(&p, count))
		return cli_no_memory(&o->common);
	enum tacit_status st = tacit_address_parse(text, &address, &p.err);
	if (st == TACIT_OK)
		st = tacit_address_connect(&address, (unsigned)p.timeout_ms, &p.fd, &p.err);
	if (st == TACIT_OK)
		st = measure(&p, count);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &p.err, "cannot ping '%s'", text);
	qsort(p.times, (size_t)count, sizeof(*p.times), compare);
	return show(&p, text, count);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;

	if (o->echo)
		return argc == 0 ? echo(o) : cli_usage("'--echo' wants no second address");
	if (argc != 1)
		return cli_usage("ping wants an address");
	return ping(o, argv[0]);
}

const struct cli_verb cmd_ping = {
	.name = "ping",
	.args = "ADDR",
	.summary = "round trips and throughput to an echo",
	.group = "tools",
	.example = "tacit ping vsock:16:8443",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
