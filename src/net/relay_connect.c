/* SPDX-License-Identifier: Apache-2.0 */

/* To the other side: the name, if it is one, then its addresses in order, within one deadline. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/relay_inside.h"

static void name_vsock(const struct tacit_address *to, struct relay_names *names)
{
	struct sockaddr_vm name = { .svm_family = AF_VSOCK,
				    .svm_cid = to->cid,
				    .svm_port = to->port };

	memcpy(&names->names[0], &name, sizeof(name));
	names->lens[0] = sizeof(name);
	names->count = 1;
}

static void name_unix(const struct tacit_address *to, struct relay_names *names)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	memcpy(name.sun_path, to->path, sizeof(name.sun_path));
	memcpy(&names->names[0], &name, sizeof(name));
	names->lens[0] = sizeof(name);
	names->count = 1;
}

/* False when the host is a name, which takes a look-up. */
static bool name_tcp(const char *host, uint16_t port, struct relay_names *names)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
		memcpy(&names->names[0], &in, sizeof(in));
		names->lens[0] = sizeof(in);
	} else if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
		memcpy(&names->names[0], &in6, sizeof(in6));
		names->lens[0] = sizeof(in6);
	} else {
		return false;
	}
	names->count = 1;
	return true;
}

static void look_up(struct tacit_relay *r, struct relay_conn *conn, const char *host, uint16_t port)
{
	conn->state = RELAY_RESOLVING;
	if (!tacit_relay_resolve(r, conn, host, port))
		tacit_relay_connect_failed(r, conn, RELAY_REFUSED_NAME, 503);
}

static bool find_tcp(struct tacit_relay *r, struct relay_conn *conn, const char *host,
		     uint16_t port)
{
	if (name_tcp(host, port, &conn->opening->names))
		return true;
	look_up(r, conn, host, port);
	return false;
}

void tacit_relay_connect_start(struct tacit_relay *relay, struct relay_conn *conn)
{
	const struct tacit_address *to = &conn->listener->rule.to;

	if (!conn->opening)
		conn->opening = calloc(1, sizeof(*conn->opening));
	if (!conn->opening) {
		relay->counts.refused[RELAY_REFUSED_MEMORY]++;
		tacit_relay_conn_close(relay, conn, true);
		return;
	}
	struct relay_opening *o = conn->opening;
	tacit_relay_conn_queue(relay, conn, &relay->connecting);
	if (o->target.host[0]) {
		if (!find_tcp(relay, conn, o->target.host, o->target.port))
			return;
	} else if (to->transport == TACIT_TRANSPORT_VSOCK) {
		name_vsock(to, &o->names);
	} else if (to->transport == TACIT_TRANSPORT_UNIX) {
		name_unix(to, &o->names);
	} else if (!find_tcp(relay, conn, to->host, (uint16_t)to->port)) {
		return;
	}
	tacit_relay_connect_next(relay, conn);
}

void tacit_relay_connect_failed(struct tacit_relay *relay, struct relay_conn *conn,
				enum relay_refusal why, unsigned status)
{
	static const char *const WORDS[RELAY_REFUSAL_COUNT] = {
		[RELAY_REFUSED_TARGET] = "not allowed",
		[RELAY_REFUSED_CONNECT] = "cannot connect",
		[RELAY_REFUSED_NAME] = "cannot resolve the name",
		[RELAY_REFUSED_MEMORY] = "out of memory",
	};
	const char *word = WORDS[why] ? WORDS[why] : "no";

	relay->counts.refused[why]++;
	conn->listener->failed++;
	if (conn->opening && conn->opening->target.host[0]) {
		tacit_relay_say(relay, "refused", "why", word, "target", conn->opening->target.host,
				NULL);
		tacit_relay_ask_refuse(relay, conn, status);
		return;
	}
	char text[TACIT_ADDRESS_TEXT];
	tacit_address_format(&conn->listener->rule.to, text);
	tacit_relay_say(relay, "refused", "why", word, "to", text, NULL);
	tacit_relay_conn_close(relay, conn, true);
}

/* ---- one address after the other ------------------------------------------------------------ */

static void set_up(const struct tacit_relay *r, int fd, sa_family_t family)
{
	int on = 1;

	if (family == AF_INET || family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (family == AF_VSOCK) { /* the kernel's own limit is two seconds [vsock(7)] */
		struct timeval limit = { .tv_sec = (time_t)(r->limits.connect_ms / 1000) + 1 };

		(void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit,
				 sizeof(limit));
	}
}

static void drop_socket(struct relay_end *end)
{
	if (end->source.fd >= 0)
		close(end->source.fd);
	end->source.fd = -1;
	end->readable = end->writable = end->hung = false;
}

enum attempt { ATTEMPT_GOES_ON, ATTEMPT_AGAIN, ATTEMPT_FAILED };

/* Out of descriptors: who is here already waits for one, and nobody new is let in before. */
static enum attempt note_no_socket(struct tacit_relay *r)
{
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return ATTEMPT_FAILED;
	tacit_relay_pause(r);
	return ATTEMPT_AGAIN;
}

static enum attempt attempt(struct tacit_relay *r, struct relay_conn *conn,
			    const struct sockaddr_storage *name, socklen_t len)
{
	struct relay_end *b = &conn->b;

	drop_socket(b);
	b->source.fd = socket(name->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->source.fd < 0)
		return note_no_socket(r);
	set_up(r, b->source.fd, name->ss_family);
	if (connect(b->source.fd, (const struct sockaddr *)name, len) != 0 &&
	    errno != EINPROGRESS) {
		bool full = errno == EAGAIN && name->ss_family == AF_UNIX;

		drop_socket(b);
		return full ? ATTEMPT_AGAIN : ATTEMPT_FAILED;
	}
	if (!tacit_relay_watch(r, &b->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		drop_socket(b);
		return ATTEMPT_FAILED;
	}
	return ATTEMPT_GOES_ON;
}

void tacit_relay_connect_next(struct tacit_relay *relay, struct relay_conn *conn)
{
	struct relay_opening *o = conn->opening;

	conn->state = RELAY_CONNECTING;
	relay->again -= o->again;
	o->again = false;
	while (o->names.next < o->names.count) {
		size_t i = o->names.next;

		switch (attempt(relay, conn, &o->names.names[i], o->names.lens[i])) {
		case ATTEMPT_GOES_ON:
			o->names.next++;
			return;
		case ATTEMPT_AGAIN:
			o->again = true;
			relay->again++;
			return;
		case ATTEMPT_FAILED:
			o->names.next++;
			break;
		}
	}
	tacit_relay_connect_failed(relay, conn, RELAY_REFUSED_CONNECT, 502);
}

void tacit_relay_connect_retry(struct tacit_relay *relay)
{
	struct relay_conn *next;

	for (struct relay_conn *conn = relay->connecting.first; conn; conn = next) {
		next = conn->next;
		if (conn->opening && conn->opening->again)
			tacit_relay_connect_next(relay, conn);
	}
}

void tacit_relay_connect_turn(struct tacit_relay *relay, struct relay_conn *conn)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (conn->a.hung) {
		tacit_relay_conn_close(relay, conn, true);
		return;
	}
	if (conn->b.source.fd < 0 || !(conn->b.writable || conn->b.hung))
		return;
	if (getsockopt(conn->b.source.fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0 || code != 0) {
		tacit_relay_connect_next(relay, conn);
		return;
	}
	if (conn->opening->target.host[0])
		tacit_relay_ask_found(relay, conn);
	else
		tacit_relay_conn_open(relay, conn);
}
