/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What `tacit relay` is measured against, and by: two bare relays, one that splices and one that
 * copies as vsock-proxy does (8 KiB, one direction of one connection after the other), a thread a
 * connection; and a load: a server and its clients in one process, with a relay between them.
 *
 *   relay pass splice|copy FROM TO    until it is killed
 *   relay flood PORT SERVER STREAMS SECONDS    bytes a second that arrive
 *   relay visit PORT SERVER CLIENTS SECONDS    connections a second: open, a byte, its echo, close
 *   relay round PORT SERVER COUNT    median time of 64 bytes there and back, in microseconds
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE   262144
#define COPY    8192 /* vsock-proxy 1.5: BUFF_SIZE */
#define CLIENTS 64

static void need(int fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in place(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int listen_at(int port)
{
	struct sockaddr_in name = place(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	need(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	need(bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0, "bind");
	need(listen(fd, 4096) == 0, "listen");
	return fd;
}

static int connect_to(int port)
{
	/* Closed with a reset, so that ports are not used up by connections that linger. */
	static const struct linger AT_ONCE = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in name = place(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	need(fd >= 0, "socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &AT_ONCE, sizeof(AT_ONCE));
	need(connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0, "connect");
	return fd;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, run, argument) == 0, "thread");
	pthread_detach(thread);
}

/* ---- bare relays ---------------------------------------------------------------------------- */

static int pass_to;
static int pass_copies;

struct pair {
	int from, to, pipe[2];
};

/* False at the end of this direction. */
static int move(struct pair *p)
{
	static _Thread_local char room[COPY];

	if (pass_copies) {
		ssize_t n = read(p->from, room, sizeof(room));

		for (ssize_t at = 0; at < n;) {
			ssize_t gone = write(p->to, room + at, (size_t)(n - at));
			if (gone <= 0)
				return 0;
			at += gone;
		}
		return n > 0;
	}
	ssize_t n = splice(p->from, NULL, p->pipe[1], NULL, PIECE, SPLICE_F_MOVE);
	while (n > 0) {
		ssize_t gone = splice(p->pipe[0], NULL, p->to, NULL, (size_t)n, SPLICE_F_MOVE);

		if (gone <= 0)
			return 0;
		n -= gone;
		if (n == 0)
			return 1;
	}
	return 0;
}

static void *pass_one(void *argument)
{
	int a = (int)(intptr_t)argument, b = connect_to(pass_to), on = 1;
	struct pair ways[2] = { { a, b, { -1, -1 } }, { b, a, { -1, -1 } } };
	struct pollfd polls[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };

	setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int i = 0; i < 2 && !pass_copies; i++) {
		need(pipe(ways[i].pipe) == 0, "pipe");
		fcntl(ways[i].pipe[1], F_SETPIPE_SZ, PIECE);
	}
	while (poll(polls, 2, -1) > 0) {
		if (polls[0].revents && !move(&ways[0]))
			break;
		if (polls[1].revents && !move(&ways[1]))
			break;
	}
	for (int i = 0; i < 2 && !pass_copies; i++) {
		close(ways[i].pipe[0]);
		close(ways[i].pipe[1]);
	}
	close(a);
	close(b);
	return NULL;
}

static _Noreturn void pass(const char *how, int from, int to)
{
	int listener = listen_at(from);

	pass_copies = strcmp(how, "copy") == 0;
	pass_to = to;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		need(fd >= 0, "accept");
		start(pass_one, (void *)(intptr_t)fd);
	}
}

/* ---- the load ------------------------------------------------------------------------------- */

static int port;
static atomic_ullong arrived;
static atomic_ulong visits;
static atomic_int over;

static void *swallow(void *argument)
{
	int fd = (int)(intptr_t)argument;
	char *room = malloc(PIECE);
	ssize_t n;

	need(room != NULL, "memory");
	while ((n = read(fd, room, PIECE)) > 0)
		atomic_fetch_add(&arrived, (unsigned long long)n);
	free(room);
	close(fd);
	return NULL;
}

static void *echo(void *argument)
{
	int fd = (int)(intptr_t)argument, on = 1;
	char room[64];
	ssize_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while ((n = read(fd, room, sizeof(room))) > 0) {
		if (write(fd, room, (size_t)n) != n)
			break;
	}
	close(fd);
	return NULL;
}

struct server {
	int fd;
	void *(*run)(void *);
};

static void *accept_all(void *argument)
{
	const struct server *server = argument;

	for (;;) {
		int fd = accept(server->fd, NULL, NULL);

		if (fd >= 0)
			start(server->run, (void *)(intptr_t)fd);
	}
	return NULL;
}

static void *flood(void *argument)
{
	char *room = calloc(1, PIECE);
	int fd = connect_to(port);

	(void)argument;
	need(room != NULL, "memory");
	while (!atomic_load(&over) && write(fd, room, PIECE) > 0)
		;
	close(fd);
	free(room);
	return NULL;
}

static void *visit(void *argument)
{
	char byte = 'x';

	(void)argument;
	while (!atomic_load(&over)) {
		int fd = connect_to(port);

		if (write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1)
			atomic_fetch_add(&visits, 1);
		close(fd);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void round_trips(long count)
{
	double *times = calloc((size_t)count, sizeof(*times));
	char message[64] = "";
	int fd = connect_to(port);

	need(times != NULL, "memory");
	for (long i = 0; i < count; i++) {
		double begin = now();

		need(write(fd, message, sizeof(message)) == (ssize_t)sizeof(message), "write");
		for (size_t got = 0; got < sizeof(message);) {
			ssize_t n = read(fd, message + got, sizeof(message) - got);
			need(n > 0, "read");
			got += (size_t)n;
		}
		times[i] = now() - begin;
	}
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("%.1f\n", times[count / 2] * 1e6);
	free(times);
	close(fd);
}

/* The first half of a second is not counted. */
static double wait_and_count(double seconds, int bytes)
{
	usleep(500000);
	double begin = now();
	double before = bytes ? (double)atomic_load(&arrived) : (double)atomic_load(&visits);
	usleep((useconds_t)(seconds * 1e6));
	double after = bytes ? (double)atomic_load(&arrived) : (double)atomic_load(&visits);
	double rate = (after - before) / (now() - begin);
	atomic_store(&over, 1);
	return rate;
}

int main(int argc, char **argv)
{
	static struct server server;
	const char *what = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 5 && strcmp(what, "pass") == 0)
		pass(argv[2], (int)strtol(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10));
	if (argc < 5)
		return 2;
	port = (int)strtol(argv[2], NULL, 10);
	server.fd = listen_at((int)strtol(argv[3], NULL, 10));
	server.run = strcmp(what, "flood") == 0 ? swallow : echo;
	start(accept_all, &server);
	long count = strtol(argv[4], NULL, 10);
	if (strcmp(what, "round") == 0) {
		round_trips(count);
		return 0;
	}
	int bytes = strcmp(what, "flood") == 0;
	for (long i = 0; i < count && i < CLIENTS; i++)
		start(bytes ? flood : visit, NULL);
	printf("%.0f\n", wait_and_count(argc > 5 ? strtod(argv[5], NULL) : 2, bytes));
	return 0;
}
