/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_CONNECT_H
#define TACIT_NET_CONNECT_H

/*
 * The local endpoint: plain HTTP for programs on this machine in front, the attested channel
 * behind. Bodies go through byte for byte, streams as they come. An answer ends well only after
 * its receipt has checked and, with a store, lies in the store.
 *
 * Whoever can reach the endpoint can use it, so it listens on loopback and takes requests that
 * name a local host alone: a web page that points its own name here gets nothing.
 */

#include "channel/client.h"
#include "net/server.h"

struct tacit_connect;
struct tacit_connect_store;

/* Zeros are the safest choice. What pointers show must outlive the endpoint. */
struct tacit_connect_options {
	struct tacit_client *client;
	const char *server;    /* the address, for the store */
	const char *host;      /* a further name that requests may have in Host; may be NULL */
	bool any_host;         /* take every Host; for unix sockets */
	bool hold;             /* streams wait until their receipt has checked */
	bool deliver_unstored; /* deliver when the store fails, and say so */
	struct tacit_connect_store *store; /* NULL without one; taken over by a successful _new */
	void (*say)(void *user, const char *text); /* what goes wrong, for people; may be NULL */
	void *user;
};

/* Errors: TACIT_NOMEM, TACIT_IO. Owns: free with tacit_connect_free. */
TACIT_MUST_CHECK enum tacit_status tacit_connect_new(const struct tacit_connect_options *options,
						     struct tacit_connect **ret,
						     struct tacit_error *err);

/* Takes a listening descriptor over. */
TACIT_MUST_CHECK enum tacit_status tacit_connect_listen(struct tacit_connect *connect, int fd,
							struct tacit_error *err);

/* Serves until SIGTERM or SIGINT. */
TACIT_MUST_CHECK enum tacit_status tacit_connect_run(struct tacit_connect *connect,
						     struct tacit_error *err);

/* Before the client. */
void tacit_connect_free(struct tacit_connect *connect);

/* True for 127.0.0.0/8, ::1 and localhost, and for unix sockets. */
bool tacit_connect_is_local(const struct tacit_address *address);

/*
 * Whether a Host field ("localhost:8080") names this machine: localhost, 127.0.0.1, [::1] or
 * `extra` (may be NULL), with any port or none.
 */
bool tacit_connect_host_ok(struct tacit_slice host, const char *extra);

/* The same for an Origin field ("http://localhost:3000"). */
bool tacit_connect_origin_ok(struct tacit_slice origin, const char *extra);

/*
 * Why a request that a web page could make a browser send is refused, for another host's name or
 * another origin; NULL when it is not. `any_host` takes every Host: for unix sockets.
 */
const char *tacit_connect_page(const struct tacit_http_head *head, const char *extra,
			       bool any_host);

/* Whether Content-Type is `want`, with any parameters: one that browsers ask for first. */
bool tacit_connect_type_ok(const struct tacit_http_head *head, const char *want);

#endif
