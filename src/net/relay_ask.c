/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the relay answers itself: heartbeats, a look at the metrics, credentials, and CONNECT, after
 * whose answer a connection is like any other. A request has a bounded length and a bounded time.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/http.h"
#include "net/relay_inside.h"

#define HEARTBEAT    0xb7 /* what an enclave says when it is up, and wants to hear */
#define METRICS_ROOM 32768

/* One direction is left, from us to the peer; what it says is not listened to. */
void tacit_relay_ask_answer(struct tacit_relay *relay, struct relay_conn *conn,
			    struct tacit_slice bytes)
{
	tacit_relay_conn_alone(relay, conn);
	if (!tacit_relay_flow_give(&conn->down, bytes)) {
		tacit_relay_conn_close(relay, conn, true);
		return;
	}
	conn->down.ended = true;
	tacit_relay_conn_open(relay, conn);
}

void tacit_relay_ask_refuse(struct tacit_relay *relay, struct relay_conn *conn, unsigned status)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
			 "HTTP/1.1 %u %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
			 tacit_http_reason(status));

	tacit_relay_ask_answer(relay, conn, tacit_slice_of(text, (size_t)n));
}

static void refuse_request(struct tacit_relay *r, struct relay_conn *conn, unsigned status)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", status);
	r->counts.refused[RELAY_REFUSED_REQUEST]++;
	tacit_relay_say(r, "refused", "why", "bad request", "status", text, NULL);
	tacit_relay_ask_refuse(r, conn, status);
}

static void answer_heartbeat(struct tacit_relay *r, struct relay_conn *conn,
			     struct tacit_slice seen)
{
	static const uint8_t BEAT[1] = { HEARTBEAT };

	if (seen.ptr[0] != HEARTBEAT) {
		r->counts.refused[RELAY_REFUSED_REQUEST]++;
		tacit_relay_say(r, "refused", "why", "not a heartbeat", NULL);
		tacit_relay_conn_close(r, conn, true);
		return;
	}
	r->counts.heartbeats++;
	tacit_relay_say(r, "heartbeat", NULL);
	tacit_relay_ask_answer(r, conn, TACIT_SLICE_ARRAY(BEAT));
}

static void answer_metrics(struct tacit_relay *r, struct relay_conn *conn, struct tacit_slice head)
{
	static const char FOUND[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
				    "Connection: close\r\n";
	struct tacit_http_head request;
	unsigned status = tacit_http_head_parse(head, &request);

	if (status == 0 && !tacit_slice_eq(request.method, tacit_slice_str("GET")))
		status = 405;
	if (status == 0 && !tacit_slice_eq(request.path, tacit_slice_str("/metrics")))
		status = 404;
	if (status != 0) {
		refuse_request(r, conn, status);
		return;
	}
	uint8_t *room = malloc(2 * METRICS_ROOM);
	if (!room) {
		tacit_relay_conn_close(r, conn, true);
		return;
	}
	uint8_t *body = room + METRICS_ROOM;
	size_t len = tacit_relay_metrics_write(r, tacit_mut_of(body, METRICS_ROOM - 256));
	int n = snprintf((char *)room, 256, "%sContent-Length: %zu\r\n\r\n", FOUND, len);
	memcpy(room + n, body, len);
	tacit_relay_ask_answer(r, conn, tacit_slice_of(room, (size_t)n + len));
	free(room);
}

/* ---- CONNECT -------------------------------------------------------------------------------- */

static void start_tunnel(struct tacit_relay *r, struct relay_conn *conn, size_t head_len)
{
	struct relay_opening *o = conn->opening;
	struct tacit_slice head = tacit_slice_of(o->request, head_len);
	unsigned status = tacit_egress_request(head, &o->target);

	tacit_relay_spy(r, conn, true, head);
	if (status != 0) {
		refuse_request(r, conn, status);
		return;
	}
	if (!tacit_egress_find(&r->egress, &o->target)) {
		tacit_relay_connect_failed(r, conn, RELAY_REFUSED_TARGET, 403);
		return;
	}
	/* What came behind the head belongs to the other side. */
	if (o->len > head_len) {
		struct tacit_slice rest = tacit_slice_of(o->request + head_len, o->len - head_len);

		tacit_relay_spy(r, conn, true, rest);
		if (!tacit_relay_flow_give(&conn->up, rest)) {
			tacit_relay_conn_close(r, conn, true);
			return;
		}
	}
	tacit_relay_connect_start(r, conn);
}

void tacit_relay_ask_found(struct tacit_relay *relay, struct relay_conn *conn)
{
	static const char FOUND[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	if (!tacit_relay_flow_give(&conn->down, tacit_slice_str(FOUND))) {
		tacit_relay_conn_close(relay, conn, true);
		return;
	}
	tacit_relay_conn_open(relay, conn);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* True when more of the request may have come. */
static bool read_more(struct tacit_relay *r, struct relay_conn *conn)
{
	struct relay_opening *o = conn->opening;
	ssize_t n = recv(conn->a.source.fd, o->request + o->len, sizeof(o->request) - o->len,
			 MSG_DONTWAIT);

	if (n > 0) {
		o->len += (size_t)n;
		return true;
	}
	if (n < 0 && errno == EAGAIN) {
		conn->a.readable = false;
		return false;
	}
	if (n < 0 && errno == EINTR)
		return true;
	tacit_relay_conn_close(r, conn, n < 0);
	return false;
}

static void judge(struct tacit_relay *r, struct relay_conn *conn)
{
	struct relay_opening *o = conn->opening;
	struct tacit_slice seen = tacit_slice_of(o->request, o->len);
	enum tacit_relay_kind kind = conn->listener->rule.kind;

	if (kind == TACIT_RELAY_HEARTBEAT) {
		answer_heartbeat(r, conn, seen);
		return;
	}
	size_t end = tacit_http_head_end(seen, 0);
	if (end == SIZE_MAX) {
		refuse_request(r, conn, 400);
	} else if (end == 0) {
		if (o->len == sizeof(o->request))
			refuse_request(r, conn, 431);
	} else if (kind == TACIT_RELAY_EGRESS && r->aws && tacit_relay_aws_is_asked(seen)) {
		unsigned status = tacit_relay_aws_answer(r, conn, tacit_slice_of(seen.ptr, end));

		if (status != 0)
			refuse_request(r, conn, status);
	} else if (kind == TACIT_RELAY_EGRESS) {
		start_tunnel(r, conn, end);
	} else if (kind == TACIT_RELAY_METRICS) {
		answer_metrics(r, conn, tacit_slice_of(o->request, end));
	} else {
		tacit_relay_conn_close(r, conn, true); /* a new plan has other uses for the place */
	}
}

void tacit_relay_ask_turn(struct tacit_relay *relay, struct relay_conn *conn)
{
	/* Memory for a request is taken when there is one. */
	if (!conn->a.readable)
		return;
	if (!conn->opening)
		conn->opening = calloc(1, sizeof(*conn->opening));
	if (!conn->opening) {
		relay->counts.refused[RELAY_REFUSED_MEMORY]++;
		tacit_relay_conn_close(relay, conn, true);
		return;
	}
	while (conn->state == RELAY_ASKING && read_more(relay, conn))
		judge(relay, conn);
}
