/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/compiler.h"
#include "net/server_inside.h"
#include "sys/clock.h"

#define HEAD_ROOM 512

const struct tacit_http_head *tacit_call_head(const struct tacit_call *x)
{
	return &x->head;
}

struct tacit_slice tacit_call_body(const struct tacit_call *x)
{
	return tacit_slice_of(x->body.ptr, x->body.len);
}

uint64_t tacit_call_started_us(const struct tacit_call *x)
{
	return x->started_us;
}

struct tacit_server *tacit_call_server(const struct tacit_call *x)
{
	return x->conn->server;
}

void tacit_call_watch(struct tacit_call *x, void (*gone)(void *user), void *user)
{
	x->gone = gone;
	x->user = user;
}

const uint8_t *tacit_call_note(const struct tacit_call *x)
{
	return x->conn->has_note ? x->conn->note : NULL;
}

void tacit_call_set_note(struct tacit_call *x, const uint8_t note[32])
{
	memcpy(x->conn->note, note, sizeof(x->conn->note));
	x->conn->has_note = true;
}

/*
 * Adds the parts as one contiguous piece: each piece that the TLS layer finds becomes a record
 * and a system call of its own.
 */
void tacit_server_send(struct conn *conn, const struct tacit_slice *parts, size_t count)
{
	struct evbuffer *out = bufferevent_get_output(conn->bev);
	struct evbuffer_iovec room;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += parts[i].len;
	if (total == 0)
		return;
	if (evbuffer_reserve_space(out, (ev_ssize_t)total, &room, 1) != 1) {
		tacit_server_conn_doom(conn);
		return;
	}
	uint8_t *at = room.iov_base;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	room.iov_len = total;
	evbuffer_commit_space(out, &room, 1);
}

/* The Date field's value [RFC 9110 6.6.1], made once a second. */
static const char *date_text(struct tacit_server *server)
{
	int64_t now = tacit_clock_wall();
	time_t seconds = (time_t)now;
	struct tm parts;

	if (now != server->date_second && gmtime_r(&seconds, &parts)) {
		strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
		server->date_second = now;
	}
	return server->date;
}

static struct tacit_slice write_head(struct tacit_call *x, struct tacit_server *server,
				     const struct tacit_http_answer *answer, const char *framing,
				     char room[static HEAD_ROOM])
{
	bool keep = x && x->keep_alive && !server->stopping;
	int n = snprintf(room, HEAD_ROOM,
			 "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\n"
			 "Cache-Control: no-store\r\n%s%s",
			 answer->status, tacit_http_reason(answer->status), date_text(server),
			 answer->type, framing,
			 keep ? (x->head.http10 ? "Connection: keep-alive\r\n" : "")
			      : "Connection: close\r\n");

	return tacit_slice_of(room, n > 0 && n < HEAD_ROOM ? (size_t)n : 0);
}

static void send_whole(struct conn *conn, struct tacit_call *x,
		       const struct tacit_http_answer *answer, struct tacit_slice body)
{
	char framing[48], room[HEAD_ROOM];

	snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", body.len);
	/* Whoever asked for the head alone takes a body for the next answer [RFC 9110 9.3.2]. */
	bool bare = x && tacit_slice_eq(x->head.method, tacit_slice_str("HEAD"));
	const struct tacit_slice parts[] = {
		write_head(x, conn->server, answer, framing, room),
		answer->extra,
		tacit_slice_str("\r\n"),
		bare ? tacit_slice_of(NULL, 0) : body,
	};
	tacit_server_send(conn, parts, TACIT_ARRAY_LEN(parts));
}

void tacit_call_reply(struct tacit_call *x, const struct tacit_http_answer *answer,
		      struct tacit_slice body)
{
	struct conn *conn = x->conn;

	x->gone = NULL;
	if (conn->state != CONN_BUSY)
		return;
	send_whole(conn, x, answer, body);
	if (conn->state == CONN_BUSY)
		tacit_server_conn_rest(conn);
}

void tacit_server_refuse(struct conn *conn, unsigned status)
{
	struct tacit_server *server = conn->server;
	struct tacit_http_answer answer = { .status = status, .type = "application/json" };
	struct tacit_slice body = { NULL, 0 };

	server->counts.refused++;
	if (server->options.on_refusal)
		body = server->options.on_refusal(server->options.user, status);
	send_whole(conn, NULL, &answer, body);
	tacit_server_call_free(conn->x);
	conn->x = NULL;
	if (conn->state != CONN_DOOMED)
		tacit_server_conn_flush(conn);
}

void tacit_call_start(struct tacit_call *x, const struct tacit_http_answer *answer)
{
	char room[HEAD_ROOM];

	if (x->conn->state != CONN_BUSY)
		return;
	x->streaming = true;
	x->chunked = !x->head.http10;
	if (!x->chunked)
		x->keep_alive = false; /* the close is the end of the body */
	const struct tacit_slice parts[] = {
		write_head(x, x->conn->server, answer,
			   x->chunked ? "Transfer-Encoding: chunked\r\n" : "", room),
		answer->extra,
		tacit_slice_str("\r\n"),
	};
	tacit_server_send(x->conn, parts, TACIT_ARRAY_LEN(parts));
}

/*
 * Bytes that went straight to the socket: without TLS and with nothing waiting, a write through the
 * buffer costs two changes of what the loop polls for. What is left, and errors, are the buffer's.
 */
static size_t send_now(struct conn *conn, const struct tacit_slice parts[static 3])
{
	struct iovec pieces[3];
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 3 };

	if (conn->server->options.tls ||
	    evbuffer_get_length(bufferevent_get_output(conn->bev)) > 0)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		pieces[i].iov_base = (void *)(uintptr_t)parts[i].ptr;
		pieces[i].iov_len = parts[i].len;
	}
	ssize_t sent = sendmsg(bufferevent_getfd(conn->bev), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent > 0 ? (size_t)sent : 0;
}

static void drop_first(struct tacit_slice parts[static 3], size_t count)
{
	for (size_t i = 0; i < 3; i++) {
		size_t gone = count < parts[i].len ? count : parts[i].len;

		parts[i].ptr = gone ? parts[i].ptr + gone : parts[i].ptr;
		parts[i].len -= gone;
		count -= gone;
	}
}

void tacit_call_write(struct tacit_call *x, struct tacit_slice bytes)
{
	struct conn *conn = x->conn;
	char size[24];

	if (conn->state != CONN_BUSY || bytes.len == 0)
		return;
	snprintf(size, sizeof(size), "%zx\r\n", bytes.len);
	struct tacit_slice parts[] = {
		tacit_slice_str(x->chunked ? size : ""),
		bytes,
		tacit_slice_str(x->chunked ? "\r\n" : ""),
	};
	drop_first(parts, send_now(conn, parts));
	tacit_server_send(conn, parts, TACIT_ARRAY_LEN(parts));
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) >
	    conn->server->options.max_output)
		tacit_server_conn_doom(conn);
}

void tacit_call_finish(struct tacit_call *x)
{
	const struct tacit_slice last = tacit_slice_str("0\r\n\r\n");

	x->gone = NULL;
	if (x->conn->state != CONN_BUSY)
		return;
	if (x->chunked)
		tacit_server_send(x->conn, &last, 1);
	if (x->conn->state == CONN_BUSY)
		tacit_server_conn_rest(x->conn);
}

void tacit_call_abort(struct tacit_call *x)
{
	x->gone = NULL;
	if (x->conn->state == CONN_BUSY)
		tacit_server_conn_doom(x->conn);
}

void tacit_call_cut(struct tacit_call *x)
{
	x->gone = NULL;
	if (x->conn->state == CONN_BUSY)
		tacit_server_conn_flush(x->conn);
}
