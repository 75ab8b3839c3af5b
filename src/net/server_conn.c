/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "net/server_inside.h"
#include "sys/clock.h"

#define READ_AHEAD (2 * TACIT_HTTP_HEAD_MAX)
#define LINGER_MS  2000
#define LINGER_MAX (1024 * 1024) /* unread input that is thrown away to save the answer */
#define BODY_FIRST 4096

void tacit_server_conn_arm(struct conn *conn, unsigned ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(conn->timer, &tv);
}

static void leave_idle(struct conn *conn)
{
	if (conn->state == CONN_IDLE)
		TAILQ_REMOVE(&conn->server->idles, conn, idle);
}

static void set_state(struct conn *conn, enum conn_state state)
{
	leave_idle(conn);
	conn->state = state;
	if (state == CONN_IDLE)
		TAILQ_INSERT_TAIL(&conn->server->idles, conn, idle);
}

void tacit_server_body_free(struct tacit_server *server, struct tacit_server_body *body)
{
	if (!body->ptr)
		return;
	tacit_wipe(body->ptr, body->len);
	free(body->ptr);
	server->bodies -= body->room;
	*body = (struct tacit_server_body){ 0 };
}

void tacit_call_drop_body(struct tacit_call *x)
{
	tacit_server_body_free(x->conn->server, &x->body);
}

struct tacit_server_body tacit_call_take_body(struct tacit_call *x)
{
	struct tacit_server_body body = x->body;

	x->body = (struct tacit_server_body){ 0 };
	return body;
}

void tacit_server_call_free(struct tacit_call *x)
{
	if (!x)
		return;
	tacit_call_drop_body(x);
	free(x->bytes);
	free(x);
}

void tacit_server_conn_kill(struct conn *conn)
{
	struct tacit_server *server = conn->server;
	struct tacit_call *x = conn->x;

	leave_idle(conn);
	LIST_REMOVE(conn, all);
	conn->x = NULL;
	if (x && x->gone)
		x->gone(x->user);
	tacit_server_call_free(x);
	if (conn->timer)
		event_free(conn->timer);
	bufferevent_free(conn->bev);
	free(conn);
	tacit_server_closed_one(server);
}

void tacit_server_conn_doom(struct conn *conn)
{
	set_state(conn, CONN_DOOMED);
	bufferevent_disable(conn->bev, EV_READ);
	event_active(conn->timer, EV_TIMEOUT, 0);
}

void tacit_server_conn_flush(struct conn *conn)
{
	set_state(conn, CONN_FLUSH);
	event_del(conn->timer);
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0)
		event_active(conn->timer, EV_TIMEOUT, 0);
}

/* Closes our side, so that the peer knows the answer is whole, and waits for its close. */
static void linger(struct conn *conn)
{
	SSL *ssl = bufferevent_openssl_get_ssl(conn->bev);

	if (conn->server->stopping) {
		if (ssl)
			SSL_shutdown(ssl);
		tacit_server_conn_kill(conn);
		return;
	}
	set_state(conn, CONN_LINGER);
	if (ssl)
		SSL_shutdown(ssl);
	shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
	tacit_server_conn_arm(conn, LINGER_MS);
}

void tacit_server_conn_rest(struct conn *conn)
{
	bool again = conn->x->keep_alive && !conn->server->stopping;

	tacit_server_call_free(conn->x);
	conn->x = NULL;
	if (!again) {
		tacit_server_conn_flush(conn);
		return;
	}
	set_state(conn, CONN_IDLE);
	conn->scanned = 0;
	tacit_server_conn_arm(conn, conn->server->options.idle_ms);
	tacit_server_conn_pump(conn);
}

/* Room for `more` bytes of body; the HTTP status to refuse with, or 0. */
static unsigned grow_body(struct tacit_call *x, size_t more)
{
	struct tacit_server *server = x->conn->server;
	size_t max = server->options.max_body;

	if (more > max || x->body.len > max - more)
		return 413;
	size_t need = x->body.len + more;
	if (need <= x->body.room)
		return 0;

	size_t room = x->body.room ? x->body.room : BODY_FIRST;
	while (room < need)
		room *= 2;
	size_t growth = room - x->body.room;
	if (growth > server->options.max_bodies - server->bodies)
		return 503;
	uint8_t *body = realloc(x->body.ptr, room);
	if (!body)
		return 503;
	x->body.ptr = body;
	x->body.room = room;
	server->bodies += growth;
	return 0;
}

static unsigned append_body(struct tacit_call *x, struct tacit_slice bytes)
{
	unsigned code = grow_body(x, bytes.len);

	if (code != 0)
		return code;
	memcpy(x->body.ptr + x->body.len, bytes.ptr, bytes.len);
	x->body.len += bytes.len;
	return 0;
}

static void dispatch(struct conn *conn)
{
	struct tacit_server *server = conn->server;

	set_state(conn, CONN_BUSY);
	event_del(conn->timer);
	server->counts.requests++;
	conn->x->started_us = tacit_clock_us();
	server->options.on_request(server->options.user, conn->x);
}

static struct tacit_call *make_call(struct conn *conn, struct tacit_slice head, unsigned *ret_code)
{
	struct tacit_call *x = calloc(1, sizeof(*x));
	uint8_t *bytes = malloc(head.len);

	*ret_code = 503;
	if (x && bytes) {
		memcpy(bytes, head.ptr, head.len);
		*ret_code = tacit_http_head_parse(tacit_slice_of(bytes, head.len), &x->head);
	}
	if (*ret_code != 0) {
		free(x);
		free(bytes);
		return NULL;
	}
	x->conn = conn;
	x->bytes = bytes;
	x->keep_alive = x->head.keep_alive;
	return x;
}

static void accept_head(struct conn *conn, struct tacit_call *x)
{
	static const char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n";

	conn->x = x;
	if (x->head.length > conn->server->options.max_body) {
		tacit_server_refuse(conn, 413);
		return;
	}
	if (!x->head.chunked && x->head.length == 0) {
		dispatch(conn);
		return;
	}
	set_state(conn, CONN_BODY);
	if (x->head.expect_continue)
		bufferevent_write(conn->bev, CONTINUE, sizeof(CONTINUE) - 1);
}

/* True when the state moved on. */
static bool read_head(struct conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	size_t have = evbuffer_get_length(in);
	size_t look = have < TACIT_HTTP_HEAD_MAX ? have : TACIT_HTTP_HEAD_MAX;
	const uint8_t *bytes = evbuffer_pullup(in, (ev_ssize_t)look);
	size_t len = bytes ? tacit_http_head_end(tacit_slice_of(bytes, look), conn->scanned) : 0;

	if (len == SIZE_MAX) {
		tacit_server_refuse(conn, 400);
		return true;
	}
	if (len == 0) {
		conn->scanned = look;
		if (look < TACIT_HTTP_HEAD_MAX)
			return false;
		tacit_server_refuse(conn, 431);
		return true;
	}
	unsigned code;
	struct tacit_call *x = make_call(conn, tacit_slice_of(bytes, len), &code);
	evbuffer_drain(in, len);
	if (x)
		accept_head(conn, x);
	else
		tacit_server_refuse(conn, code);
	return true;
}

/* A piece of a body of known length; true when it is complete. */
static bool take_plain(struct tacit_call *x, struct tacit_slice in, size_t *used, unsigned *code)
{
	uint64_t left = x->head.length - x->body.len;

	*used = in.len < left ? in.len : (size_t)left;
	*code = append_body(x, tacit_slice_of(in.ptr, *used));
	return x->body.len == x->head.length;
}

static bool take_chunked(struct tacit_call *x, struct tacit_slice in, size_t *used, unsigned *code)
{
	struct tacit_slice data = { NULL, 0 };

	switch (tacit_http_chunks_feed(&x->chunks, in, used, &data)) {
	case TACIT_HTTP_DATA:
		*code = append_body(x, data);
		break;
	case TACIT_HTTP_DONE:
		return true;
	case TACIT_HTTP_BAD:
		*code = 400;
		break;
	case TACIT_HTTP_MORE:
		break;
	}
	return false;
}

static bool read_body(struct conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	struct evbuffer_iovec piece;

	while (evbuffer_peek(in, -1, NULL, &piece, 1) > 0 && piece.iov_len > 0) {
		struct tacit_slice bytes = tacit_slice_of(piece.iov_base, piece.iov_len);
		size_t used = 0;
		unsigned code = 0;
		bool whole = conn->x->head.chunked ? take_chunked(conn->x, bytes, &used, &code)
						   : take_plain(conn->x, bytes, &used, &code);

		evbuffer_drain(in, used);
		if (code != 0) {
			tacit_server_refuse(conn, code);
			return true;
		}
		if (whole) {
			dispatch(conn);
			return true;
		}
	}
	return false;
}

/* Starts a request at its first byte; empty lines before it are skipped [RFC 9112 2.2]. */
static bool leave_rest(struct conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	char two[2];

	while (evbuffer_copyout(in, two, 2) == 2 && two[0] == '\r' && two[1] == '\n')
		evbuffer_drain(in, 2);
	if (evbuffer_get_length(in) == 0)
		return false;
	set_state(conn, CONN_HEAD);
	conn->scanned = 0;
	tacit_server_conn_arm(conn, conn->server->options.request_ms);
	return true;
}

static void discard(struct conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	size_t len = evbuffer_get_length(in);

	conn->discarded += len;
	evbuffer_drain(in, len);
	if (conn->discarded > LINGER_MAX)
		tacit_server_conn_doom(conn);
}

static bool advance(struct conn *conn)
{
	switch (conn->state) {
	case CONN_IDLE:
		return leave_rest(conn);
	case CONN_HEAD:
		return read_head(conn);
	case CONN_BODY:
		return read_body(conn);
	case CONN_FLUSH:
	case CONN_LINGER:
		discard(conn);
		return false;
	case CONN_HANDSHAKE:
	case CONN_BUSY:
	case CONN_DOOMED:
		break;
	}
	return false;
}

void tacit_server_conn_pump(struct conn *conn)
{
	if (conn->pumping)
		return;
	conn->pumping = true;
	while (advance(conn))
		continue;
	conn->pumping = false;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	tacit_server_conn_pump(arg);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	if (conn->state == CONN_FLUSH && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		linger(conn);
}

static void on_ready(struct conn *conn)
{
	struct timeval stall = { conn->server->options.stall_ms / 1000,
				 conn->server->options.stall_ms % 1000 * 1000 };

	bufferevent_set_timeouts(conn->bev, NULL, &stall);
	set_state(conn, CONN_IDLE);
	tacit_server_conn_arm(conn, conn->server->options.idle_ms);
	tacit_server_conn_pump(conn);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		on_ready(conn);
		return;
	}
	if (conn->state == CONN_HANDSHAKE)
		conn->server->counts.handshakes_failed++;
	if (what & BEV_EVENT_TIMEOUT)
		conn->server->counts.timeouts++;
	while (bufferevent_get_openssl_error(bev))
		continue; /* what stays in the queue would be blamed on another connection */
	tacit_server_conn_kill(conn);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	switch (conn->state) {
	case CONN_HEAD:
	case CONN_BODY:
		conn->server->counts.timeouts++;
		tacit_server_refuse(conn, 408);
		return;
	case CONN_FLUSH:
		linger(conn);
		return;
	case CONN_HANDSHAKE:
		conn->server->counts.timeouts++;
		break;
	case CONN_IDLE:
	case CONN_BUSY:
	case CONN_LINGER:
	case CONN_DOOMED:
		break;
	}
	tacit_server_conn_kill(conn);
}

static struct bufferevent *make_stream(struct tacit_server *server, int fd)
{
	/* Deferred: a write that fails inside a handler must not free what the handler uses. */
	int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

	if (!server->options.tls)
		return bufferevent_socket_new(server->base, fd, flags);
	SSL *ssl = SSL_new(server->options.tls);
	if (!ssl)
		return NULL;
	struct bufferevent *bev = bufferevent_openssl_socket_new(server->base, fd, ssl,
								 BUFFEREVENT_SSL_ACCEPTING, flags);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void tacit_server_conn_open(struct tacit_server *server, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	struct bufferevent *bev = conn ? make_stream(server, fd) : NULL;

	if (!bev) {
		free(conn);
		close(fd);
		return;
	}
	conn->server = server;
	conn->bev = bev;
	conn->state = CONN_HANDSHAKE;
	LIST_INSERT_HEAD(&server->conns, conn, all);
	server->counts.accepted++;
	server->counts.open++;
	conn->timer = evtimer_new(server->base, on_timer, conn);
	if (!conn->timer) {
		tacit_server_conn_kill(conn);
		return;
	}
	bufferevent_setcb(bev, on_read, on_drained, on_event, conn);
	bufferevent_setwatermark(bev, EV_READ, 0, READ_AHEAD);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	if (server->options.tls)
		tacit_server_conn_arm(conn, server->options.handshake_ms);
	else
		on_ready(conn);
}
