/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_SERVER_INSIDE_H
#define TACIT_NET_SERVER_INSIDE_H

/* What the files of the server share. Nothing outside src/net/server*.c includes this. */

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/queue.h>

#include "net/server.h"

enum conn_state {
	CONN_HANDSHAKE,
	CONN_IDLE, /* between requests; on the idle list */
	CONN_HEAD,
	CONN_BODY,
	CONN_BUSY,   /* the answer is being made; `x` belongs to the handler */
	CONN_FLUSH,  /* everything is written to the buffer; close when it is out */
	CONN_LINGER, /* our side is closed; unread input is thrown away so that no reset eats the
			answer */
	CONN_DOOMED, /* closes at the next turn of the loop */
};

struct conn;

struct tacit_call {
	struct conn *conn;
	struct tacit_http_head head;
	uint8_t *bytes; /* the head's bytes */
	struct tacit_server_body body;
	struct tacit_http_chunks chunks;
	bool keep_alive, streaming, chunked;
	uint64_t started_us;
	void (*gone)(void *user);
	void *user;
};

struct conn {
	LIST_ENTRY(conn) all;
	TAILQ_ENTRY(conn) idle;
	struct tacit_server *server;
	struct bufferevent *bev;
	struct event *timer;
	struct tacit_call *x; /* from the end of a head to the end of the answer */
	enum conn_state state;
	size_t scanned;   /* bytes of a head already looked at */
	size_t discarded; /* after the last answer */
	bool pumping;
	bool has_note;
	uint8_t note[32];
};

#define LISTENERS_MAX 4

struct listener {
	struct tacit_server *server;
	struct event *event;
	int fd;
};

struct tacit_server {
	struct tacit_server_options options;
	struct event_base *base;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
	struct event *resume, *grace, *signals[2], *wake;
	int wake_fd;
	bool stopping, paused;
	size_t bodies; /* bytes held by all request bodies */
	struct tacit_server_counts counts;
	LIST_HEAD(, conn) conns;
	TAILQ_HEAD(idle_list, conn) idles;
	int64_t date_second;
	char date[32];
	pthread_mutex_t lock; /* for `first` and `last` alone */
	struct tacit_server_task *first, *last;
};

/* server_conn.c */
void tacit_server_conn_open(struct tacit_server *server, int fd);
void tacit_server_conn_kill(struct conn *conn);
/* Reads as many requests as the input holds and the state allows. Frees nothing. */
void tacit_server_conn_pump(struct conn *conn);
void tacit_server_conn_arm(struct conn *conn, unsigned ms);
/* Ready for the next request, or on the way to the close. */
void tacit_server_conn_rest(struct conn *conn);
void tacit_server_conn_doom(struct conn *conn);
void tacit_server_conn_flush(struct conn *conn);
void tacit_server_call_free(struct tacit_call *x);

/* server_answer.c */
void tacit_server_refuse(struct conn *conn, unsigned status);
void tacit_server_send(struct conn *conn, const struct tacit_slice *parts, size_t count);

/* server.c */
void tacit_server_closed_one(struct tacit_server *server);

#endif
