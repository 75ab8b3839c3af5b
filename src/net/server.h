/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_SERVER_H
#define TACIT_NET_SERVER_H

/*
 * An HTTP/1.1 server on one event-loop thread, over TLS or plain, on any listening descriptor.
 * It hands whole requests to one function and lets it answer now or later, whole or streamed.
 *
 *     new -> listen (once or more) -> run (until stopped) -> free
 *
 * What it bounds by itself: connections (the one idle longest makes room), handshake time,
 * the time of a whole request from its first byte, idle time, head and body size, the bytes of
 * all bodies together, unread output. It never reads ahead further than one head while an
 * answer is being made.
 *
 * All functions belong to the loop's thread, except tacit_server_post(). The process must ignore
 * SIGPIPE, as the tacit program does.
 */

#include <openssl/ssl.h>

#include "base/error.h"
#include "net/http.h"

struct tacit_server;
struct tacit_call; /* one request and its answer */

/* Zeros take the defaults. */
struct tacit_server_options {
	SSL_CTX *tls;           /* NULL: plain HTTP, for loopback endpoints; not owned */
	size_t max_connections; /* 4,096 */
	size_t max_body;        /* 8 MiB */
	size_t max_bodies;      /* bytes of all request bodies held at once; 256 MiB */
	size_t max_output;      /* bytes that a client has not read yet; 1 MiB */
	unsigned handshake_ms;  /* 10 s */
	unsigned request_ms;    /* first byte to last byte of a request; 30 s */
	unsigned idle_ms;       /* between requests; 5 min */
	unsigned stall_ms;      /* no byte of the answer could be written; 30 s */
	unsigned grace_ms;      /* for running answers once stopping; 0 cancels at once */
	/* Called with each whole request. It answers now, or keeps `x` and answers later. */
	void (*on_request)(void *user, struct tacit_call *x);
	/* Answers a request that never reaches on_request (400, 408, 413, 431, ...): gives the
	 * body; NULL sends none. */
	struct tacit_slice (*on_refusal)(void *user, unsigned status);
	/* Called when stopping begins; may be NULL. */
	void (*on_stop)(void *user);
	void *user;
};

struct tacit_server_counts {
	uint64_t accepted, open, handshakes_failed, requests, refused, timeouts, evicted;
};

/*
 * From here on SIGTERM and SIGINT stop the server gracefully; a second one ends the process.
 * Errors: TACIT_NOMEM, TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status tacit_server_new(const struct tacit_server_options *options,
						    struct tacit_server **ret,
						    struct tacit_error *err);

/* Takes a non-blocking listening descriptor; the server closes it. */
TACIT_MUST_CHECK enum tacit_status tacit_server_listen(struct tacit_server *server, int fd,
						       struct tacit_error *err);

/* Serves until stopped. */
TACIT_MUST_CHECK enum tacit_status tacit_server_run(struct tacit_server *server,
						    struct tacit_error *err);

/* Stops accepting; returns from run when the last answer is done or grace has passed. */
void tacit_server_stop(struct tacit_server *server);

/* Closes everything; `gone` is called for every open call. */
void tacit_server_free(struct tacit_server *server);

/* The loop, for what else a program does on it; the server's. */
struct event_base *tacit_server_base(struct tacit_server *server);

struct tacit_server_counts tacit_server_counts(const struct tacit_server *server);

/* Work for the loop, from any thread. The caller owns the task, and posts it again only after
 * `run` was called. Tasks of a burst share one wake-up. */
struct tacit_server_task {
	struct tacit_server_task *next;
	void (*run)(struct tacit_server_task *task);
};
void tacit_server_post(struct tacit_server *server, struct tacit_server_task *task);

const struct tacit_http_head *tacit_call_head(const struct tacit_call *x);
struct tacit_slice tacit_call_body(const struct tacit_call *x);
/* Microseconds on the monotonic clock when the request was complete. */
uint64_t tacit_call_started_us(const struct tacit_call *x);
struct tacit_server *tacit_call_server(const struct tacit_call *x);

/* Frees the request's body early. An answer that streams for minutes need not hold it. */
void tacit_call_drop_body(struct tacit_call *x);

/*
 * Takes the body out of the call, so that another thread can read it whatever becomes of the
 * client. It still counts against max_bodies until it is freed, on the loop's thread.
 */
struct tacit_server_body {
	uint8_t *ptr;
	size_t len, room;
};
struct tacit_server_body tacit_call_take_body(struct tacit_call *x);
void tacit_server_body_free(struct tacit_server *server, struct tacit_server_body *body);

/* `gone` is called once if the client leaves before the answer is finished; `x` is then dead. */
void tacit_call_watch(struct tacit_call *x, void (*gone)(void *user), void *user);

/* 32 bytes that stay with the connection across requests; NULL until noted. */
const uint8_t *tacit_call_note(const struct tacit_call *x);
void tacit_call_set_note(struct tacit_call *x, const uint8_t note[static 32]);

struct tacit_http_answer {
	unsigned status;
	const char *type;         /* Content-Type */
	struct tacit_slice extra; /* more fields, each ending in CRLF */
};

/* A whole answer; `x` is over. */
void tacit_call_reply(struct tacit_call *x, const struct tacit_http_answer *answer,
		      struct tacit_slice body);

/*
 * A streamed answer: start, any number of writes, finish (`x` is then over). Each write goes
 * out at once as one chunk. When the client does not keep up, `gone` is called soon.
 */
void tacit_call_start(struct tacit_call *x, const struct tacit_http_answer *answer);
void tacit_call_write(struct tacit_call *x, struct tacit_slice bytes);
void tacit_call_finish(struct tacit_call *x);

/* Ends a streamed answer that cannot be completed: the client sees the connection cut. */
void tacit_call_abort(struct tacit_call *x);

/* The same, but what was written goes out first: for a last word before the cut. */
void tacit_call_cut(struct tacit_call *x);

#endif
