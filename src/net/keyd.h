/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_KEYD_H
#define TACIT_NET_KEYD_H

/*
 * The broker as a server. Three kinds of threads: the loop (TLS, HTTP, signatures of requests),
 * a few desks (evidence, policies, keys) and one that writes the log.
 *
 *     request -> SigV4 -> desk: evidence, policy, answer -> log on disk -> answer goes out
 *
 * A desk makes the answer; it goes out when its row of the log is on disk, many rows in one write.
 * When the log cannot be written nothing is released.
 *
 *     POST /                              AWS KMS's JSON API (release/keyd_kms.h)
 *     /kbs/v0/...                         Trustee's protocol (release/keyd_kbs.h)
 *     GET  /tacit/v1/nonce                {"nonce": hex}: for the next document's nonce
 *     GET  /healthz
 */

#include "net/server.h"
#include "release/keyd_desk.h"

struct tacit_keyd;

/* One line of the server's own log: no secret, nothing of a request's body. */
struct tacit_keyd_event {
	const char *op, *who, *verdict, *reason; /* NULL where it has none */
	unsigned status;
};

struct tacit_keyd_options {
	SSL_CTX *tls;      /* NULL: plain HTTP, for loopback; not owned */
	const char *store; /* path; must live as long as the server */
	const struct tacit_keyd_master *master;
	struct tacit_keyd_config config; /* its nonces are made here */
	unsigned desks;                  /* 0: 2 */
	void (*say)(void *user, const struct tacit_keyd_event *event); /* may be NULL */
	void *user;
};

TACIT_MUST_CHECK enum tacit_status tacit_keyd_new(const struct tacit_keyd_options *options,
						  struct tacit_keyd **ret, struct tacit_error *err);
/* Takes a non-blocking listening descriptor over. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_listen(struct tacit_keyd *keyd, int fd,
						     struct tacit_error *err);
/* Serves until SIGTERM, SIGINT or tacit_keyd_stop(). */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_run(struct tacit_keyd *keyd, struct tacit_error *err);
void tacit_keyd_stop(struct tacit_keyd *keyd);
/* The rows logged and the transactions that took, so far; for benchmarks. */
void tacit_keyd_counts(struct tacit_keyd *keyd, uint64_t *ret_rows, uint64_t *ret_writes);
void tacit_keyd_free(struct tacit_keyd *keyd);

#endif
