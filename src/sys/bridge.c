/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/fd.h"

#define WHERE     "bridge"
#define PIECE     65536
#define ACCEPT_MS 10000

struct flow {
	int from, to;
	size_t at, len; /* of what is in `bytes` */
	bool ended;     /* nothing more comes in */
	bool shut;      /* and the other side was told */
	uint8_t bytes[PIECE];
};

struct bridge {
	int listener, far, local;
	struct flow up, down;
};

static void bridge_free(struct bridge *b)
{
	tacit_fd_close(&b->listener);
	tacit_fd_close(&b->far);
	tacit_fd_close(&b->local);
	free(b);
}

/* Anybody on this machine could connect to the name: only we are let in. */
static bool is_ours(int fd)
{
	struct ucred who = { .pid = 0 };
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.pid == getpid();
}

static bool let_in(struct bridge *b)
{
	struct pollfd p = { .fd = b->listener, .events = POLLIN };

	while (poll(&p, 1, ACCEPT_MS) > 0) {
		b->local = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (b->local >= 0 && is_ours(b->local))
			return true;
		tacit_fd_close(&b->local);
	}
	return false;
}

/* What a socket can do now; false when it broke. */
static bool move(struct flow *f)
{
	ssize_t n = 0;

	if (f->len == 0 && !f->ended) {
		n = recv(f->from, f->bytes, sizeof(f->bytes), 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		f->ended = n == 0;
		f->at = 0;
		f->len = (size_t)n;
	}
	while (f->len) {
		n = send(f->to, f->bytes + f->at, f->len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		f->at += (size_t)n;
		f->len -= (size_t)n;
	}
	if (f->ended && !f->shut) {
		(void)shutdown(f->to, SHUT_WR);
		f->shut = true;
	}
	return true;
}

/* What to wait for on one side. */
static struct pollfd wait_on(int fd, const struct flow *in, const struct flow *out)
{
	struct pollfd p = { .fd = fd };

	p.events = (short)((in->len == 0 && !in->ended ? POLLIN : 0) | (out->len ? POLLOUT : 0));
	return p;
}

/*
 * Until libcurl closes its end: it never closes one direction alone, and wants nothing any more
 * then, so that what the far side has not taken is not waited for.
 */
static void carry(struct bridge *b)
{
	b->up.from = b->down.to = b->local;
	b->up.to = b->down.from = b->far;
	while (!b->up.ended) {
		struct pollfd p[2] = { wait_on(b->local, &b->up, &b->down),
				       wait_on(b->far, &b->down, &b->up) };

		/* Where it is nothing, not even the far end's end is to wake us. */
		if (p[1].events == 0)
			p[1].fd = -1;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (b->up.len && (p[0].revents & POLLHUP))
			return;
		if (!move(&b->up) || !move(&b->down))
			return;
		if ((p[0].revents | p[1].revents) & (POLLERR | POLLNVAL))
			return;
	}
}

static void *run(void *user)
{
	struct bridge *b = user;

	if (let_in(b)) {
		tacit_fd_close(&b->listener);
		carry(b);
	}
	bridge_free(b);
	return NULL;
}

/* A name that the kernel picks, in no folder [unix(7), autobind]. */
static bool listen_nameless(struct bridge *b, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*ret_len = sizeof(*ret);
	return b->listener >= 0 &&
	       bind(b->listener, (const struct sockaddr *)&name, sizeof(name.sun_family)) == 0 &&
	       listen(b->listener, 4) == 0 &&
	       getsockname(b->listener, (struct sockaddr *)ret, ret_len) == 0;
}

/* Detached: it ends with the connection, and holds nothing but that. */
static bool start(struct bridge *b)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;

	if (pthread_attr_init(&attr) != 0)
		return false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) == 0 &&
		       pthread_create(&thread, &attr, run, b) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return started;
}

enum tacit_status tacit_bridge_open(const struct tacit_address *to, unsigned timeout_ms,
				    struct sockaddr_storage *ret, socklen_t *ret_len,
				    struct tacit_error *err)
{
	struct bridge *b = calloc(1, sizeof(*b));
	struct sockaddr_storage name = { .ss_family = AF_UNIX };
	socklen_t len = 0;

	if (!b)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	b->listener = b->local = b->far = -1;
	enum tacit_status st = tacit_address_connect(to, timeout_ms, &b->far, err);
	if (st == TACIT_OK && (fcntl(b->far, F_SETFL, O_NONBLOCK) != 0 ||
			       !listen_nameless(b, &name, &len) || !start(b)))
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "no socket or thread for a bridge");
	if (st != TACIT_OK) {
		bridge_free(b);
		return st;
	}
	*ret = name;
	*ret_len = len;
	return TACIT_OK;
}

/* libcurl lets us name another place than the one it found, and connects there by itself. */
curl_socket_t tacit_bridge_socket(const struct tacit_address *to, unsigned timeout_ms,
				  struct curl_sockaddr *address, struct tacit_error *err)
{
	struct sockaddr_storage name;
	socklen_t len = 0;

	if (tacit_bridge_open(to, timeout_ms, &name, &len, err) != TACIT_OK)
		return CURL_SOCKET_BAD;
	address->family = name.ss_family;
	address->protocol = 0;
	address->addrlen = len;
	memcpy(&address->addr, &name, len); /* it has room for any */
	return socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
