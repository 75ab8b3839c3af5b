/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_CONNECT_STORE_H
#define TACIT_NET_CONNECT_STORE_H

/*
 * The receipt store behind the local endpoint, on a thread of its own: what makes a row durable
 * takes milliseconds, and no other stream has to wait for them.
 */

#include "channel/client.h"
#include "net/server.h"

#define TACIT_CONNECT_STORE_QUEUE 4096 /* rows that wait; more are refused */

struct tacit_connect_store;

/* Errors: those of tacit_store_open; TACIT_IO when no thread can be had. Owns: _free. */
TACIT_MUST_CHECK enum tacit_status tacit_connect_store_new(const char *path, const char *server,
							   const uint8_t *policy_digest,
							   struct tacit_connect_store **ret,
							   struct tacit_error *err);

/* Finishes what is queued; nobody is told any more. */
void tacit_connect_store_free(struct tacit_connect_store *store);

/* One row on its way; make it zeroed, keep it until `done`. */
struct tacit_connect_row {
	struct tacit_server_task task; /* first member */
	struct tacit_connect_row *next;
	struct tacit_server *server;
	void (*done)(void *user, enum tacit_status status, const struct tacit_error *err);
	void *user;
	struct tacit_attested *attested; /* held by the caller until `done` */
	uint8_t cti[16];
	uint8_t request_hash[32], response_hash[32];
	uint8_t *receipt;
	size_t receipt_len;
	char verdict[96];
	enum tacit_status status;
	struct tacit_error error;
};

/* Queues the row; `done` is called on the loop of row->server. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_connect_store_put(struct tacit_connect_store *store,
							   struct tacit_connect_row *row,
							   struct tacit_error *err);

#endif
