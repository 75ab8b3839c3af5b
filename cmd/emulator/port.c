/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "end.h"
#include "listen.h"

#define PIECE          16384 /* vhost-device-vsock loses connections over larger ones */
#define ANSWER_MAX     32
#define ANSWER_SECONDS 10

struct port {
	struct sockaddr_un vsock;
	unsigned number;
	int listener;
};

struct joint {
	const struct port *port;
	int client;
};

static _Atomic unsigned connections;

/* ---- one connection -------------------------------------------------------------------------- */

/* Line for line: what follows the answer's newline is the guest's. */
static bool ask(int fd, unsigned number)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS }, none = { 0 };
	char line[ANSWER_MAX];
	size_t len = 0;
	int n = snprintf(line, sizeof(line), "CONNECT %u\n", number);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return false;
	while (len < sizeof(line) && recv(fd, line + len, 1, 0) == 1)
		if (line[len++] == '\n')
			break;
	return len > 3 && memcmp(line, "OK ", 3) == 0 && line[len - 1] == '\n' &&
	       setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none)) == 0;
}

static int reach(const struct port *port)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&port->vsock, sizeof(port->vsock)) == 0 &&
	    ask(fd, port->number))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One piece; 0 at the end of that direction, -1 when the connection is of no use any more. */
static int pass(int from, int to)
{
	uint8_t bytes[PIECE];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);

	if (n == 0)
		return shutdown(to, SHUT_WR) ? -1 : 0;
	for (ssize_t at = 0; at < n;) {
		ssize_t sent = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL);

		if (sent < 0)
			return -1;
		at += sent;
	}
	return n > 0 ? 1 : -1;
}

static void join(int a, int b)
{
	struct pollfd fds[] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0)
			return;
		for (int i = 0; i < 2; i++) {
			int more = fds[i].revents ? pass(i ? b : a, i ? a : b) : 1;

			if (more < 0)
				return;
			if (more == 0)
				fds[i].fd = -1;
		}
	}
}

static void *run_joint(void *arg)
{
	struct joint *joint = arg;
	int guest = reach(joint->port);

	if (guest >= 0) {
		join(joint->client, guest);
		close(guest);
	}
	close(joint->client);
	free(joint);
	atomic_fetch_sub(&connections, 1);
	return NULL;
}

/* ---- ports ----------------------------------------------------------------------------------- */

static bool start(void *(*run)(void *), void *arg)
{
	pthread_attr_t how;
	pthread_t thread;

	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, 128 * 1024);
	bool ok = pthread_create(&thread, &how, run, arg) == 0;
	pthread_attr_destroy(&how);
	return ok;
}

static void *run_port(void *arg)
{
	const struct port *port = arg;

	for (;;) {
		int client = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0) {
			usleep(10000); /* out of descriptors: somebody will close one */
			continue;
		}
		struct joint *joint = malloc(sizeof(*joint));
		if (!joint || atomic_fetch_add(&connections, 1) >= CONNECTIONS_MAX) {
			if (joint)
				atomic_fetch_sub(&connections, 1);
			free(joint);
			close(client);
			continue;
		}
		*joint = (struct joint){ port, client };
		if (!start(run_joint, joint)) {
			close(client);
			free(joint);
			atomic_fetch_sub(&connections, 1);
		}
	}
	return NULL;
}

void port_open(const char *vsock, const char *text)
{
	char *path = NULL;
	unsigned long number = strtoul(text, &path, 10);
	struct port *port = calloc(1, sizeof(*port));

	errno = EINVAL;
	if (path == text || *path != '=' || number > UINT32_MAX || !vsock ||
	    strlen(vsock) >= sizeof(port->vsock.sun_path) || !port)
		end("no port:", text);
	port->number = (unsigned)number;
	port->vsock.sun_family = AF_UNIX;
	memcpy(port->vsock.sun_path, vsock, strlen(vsock));
	port->listener = listen_at(path + 1);
	if (!start(run_port, port))
		end("cannot open port", text);
}
