/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/relay_inside.h"

static void unqueue(struct relay_conn *conn)
{
	struct relay_queue *q = conn->queue;

	if (!q)
		return;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		q->first = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	else
		q->last = conn->prev;
	conn->prev = conn->next = NULL;
	conn->queue = NULL;
}

void tacit_relay_conn_queue(struct tacit_relay *relay, struct relay_conn *conn,
			    struct relay_queue *queue)
{
	unqueue(conn);
	conn->since = relay->now;
	conn->queue = queue;
	conn->prev = queue->last;
	if (queue->last)
		queue->last->next = conn;
	else
		queue->first = conn;
	queue->last = conn;
}

void tacit_relay_conn_line_up(struct tacit_relay *relay, struct relay_conn *conn)
{
	if (conn->in_line || conn->state == RELAY_DEAD)
		return;
	conn->in_line = true;
	conn->next_turn = NULL;
	if (relay->turn_last)
		relay->turn_last->next_turn = conn;
	else
		relay->turn_first = conn;
	relay->turn_last = conn;
}

void tacit_relay_conn_event(struct tacit_relay *relay, struct relay_source *source, uint32_t events)
{
	struct relay_end *end = (struct relay_end *)source; /* its first member */

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		end->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		end->writable = true;
	if (events & (EPOLLHUP | EPOLLERR))
		end->hung = true;
	tacit_relay_conn_line_up(relay, end->conn);
}

struct relay_conn *tacit_relay_conn_new(struct tacit_relay *relay, struct relay_listener *listener,
					int fd, struct relay_peer *peer)
{
	struct relay_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->a.source.fd = fd;
	conn->b.source.fd = -1;
	conn->a.source.ready = conn->b.source.ready = tacit_relay_conn_event;
	conn->a.conn = conn->b.conn = conn;
	if (!tacit_relay_watch(relay, &conn->a.source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		free(conn);
		return NULL;
	}
	conn->listener = listener;
	listener->refs++;
	listener->accepted++;
	conn->peer = peer;
	conn->id = ++relay->next_id;
	relay->live++;
	relay->counts.accepted++;
	return conn;
}

static void close_end(struct relay_end *end, bool reset)
{
	static const struct linger AT_ONCE = { .l_onoff = 1, .l_linger = 0 };

	if (end->source.fd < 0)
		return;
	if (reset)
		(void)setsockopt(end->source.fd, SOL_SOCKET, SO_LINGER, &AT_ONCE, sizeof(AT_ONCE));
	close(end->source.fd);
	end->source.fd = -1;
}

static void end_opening(struct tacit_relay *r, struct relay_conn *conn)
{
	if (!conn->opening)
		return;
	tacit_relay_resolve_forget(conn->opening->lookup);
	r->again -= conn->opening->again;
	free(conn->opening);
	conn->opening = NULL;
}

void tacit_relay_conn_close(struct tacit_relay *relay, struct relay_conn *conn, bool reset)
{
	if (conn->state == RELAY_DEAD)
		return;
	conn->state = RELAY_DEAD;
	if (reset)
		relay->counts.reset++;
	tacit_relay_say_of(relay, conn, reset ? "reset" : "closed", NULL);
	unqueue(conn);
	close_end(&conn->a, reset);
	close_end(&conn->b, reset);
	tacit_relay_flow_done(relay, &conn->up);
	tacit_relay_flow_done(relay, &conn->down);
	end_opening(relay, conn);
	tacit_relay_peer_drop(relay, conn->peer);
	tacit_relay_listen_unref(conn->listener);
	relay->live--;
	conn->next = relay->dead;
	relay->dead = conn;
}

/* Dead connections that are still in line are taken out of it first. */
void tacit_relay_conn_bury(struct tacit_relay *relay)
{
	struct relay_conn *dead = relay->dead, **link = &relay->turn_first;

	if (!dead)
		return;
	relay->turn_last = NULL;
	for (struct relay_conn *conn = *link; conn; conn = *link) {
		if (conn->state == RELAY_DEAD) {
			*link = conn->next_turn;
			continue;
		}
		relay->turn_last = conn;
		link = &conn->next_turn;
	}
	relay->dead = NULL;
	while (dead) {
		struct relay_conn *next = dead->next;

		free(dead);
		dead = next;
	}
}

void tacit_relay_conn_alone(struct tacit_relay *relay, struct relay_conn *conn)
{
	close_end(&conn->b, false);
	tacit_relay_flow_done(relay, &conn->up);
	conn->up.sink = conn->up.shut = true;
}

void tacit_relay_conn_open(struct tacit_relay *relay, struct relay_conn *conn)
{
	end_opening(relay, conn);
	conn->state = RELAY_OPEN;
	tacit_relay_conn_queue(relay, conn, &relay->open);
	conn->a.readable = conn->a.writable = true;
	conn->b.readable = conn->b.writable = conn->b.source.fd >= 0;
	tacit_relay_conn_line_up(relay, conn);
	tacit_relay_say_of(relay, conn, "open", NULL);
}

/* Whoever has ended and is gone since then shows it nowhere else: there is nothing to read. */
static void note_gone(struct relay_end *end, struct relay_flow *flow)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (!end->hung || !flow->ended || flow->sink || end->source.fd < 0)
		return;
	end->hung = false;
	if (getsockopt(end->source.fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code != 0)
		flow->reset = true;
}

/* One side is told that the other has ended; what it still says is thrown away for a while. */
static void settle(struct tacit_relay *r, struct relay_conn *conn)
{
	if (conn->up.reset || conn->down.reset) {
		tacit_relay_conn_close(r, conn, true);
		return;
	}
	if (!conn->up.shut || !conn->down.shut)
		return;
	bool more = (conn->up.sink && !conn->up.ended) || (conn->down.sink && !conn->down.ended);
	if (!more)
		tacit_relay_conn_close(r, conn, false);
	else if (conn->state != RELAY_LINGERING) {
		conn->state = RELAY_LINGERING;
		tacit_relay_conn_queue(r, conn, &r->lingering);
	}
}

static void turn_open(struct tacit_relay *r, struct relay_conn *conn)
{
	struct relay_end *a = &conn->a, *b = conn->b.source.fd >= 0 ? &conn->b : a;
	uint64_t before = r->counts.up_bytes + r->counts.down_bytes;
	bool more = tacit_relay_flow_pump(r, &conn->up, a, b);

	/* An end without another is an echo, or is being answered: `down` holds the answer. */
	if (!conn->down.shut || conn->down.sink)
		more |= tacit_relay_flow_pump(r, &conn->down, b, a);
	if (conn->state == RELAY_OPEN && conn->since != r->now &&
	    r->counts.up_bytes + r->counts.down_bytes != before)
		tacit_relay_conn_queue(r, conn, &r->open);
	note_gone(&conn->a, &conn->up);
	note_gone(&conn->b, &conn->down);
	settle(r, conn);
	if (more)
		tacit_relay_conn_line_up(r, conn);
}

void tacit_relay_conn_turn(struct tacit_relay *relay, struct relay_conn *conn)
{
	switch (conn->state) {
	case RELAY_ASKING:
		tacit_relay_ask_turn(relay, conn);
		break;
	case RELAY_RESOLVING:
		if (conn->a.hung)
			tacit_relay_conn_close(relay, conn, true);
		break;
	case RELAY_CONNECTING:
		tacit_relay_connect_turn(relay, conn);
		break;
	case RELAY_OPEN:
	case RELAY_LINGERING:
		turn_open(relay, conn);
		break;
	case RELAY_DEAD:
		break;
	}
}
