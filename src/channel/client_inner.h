/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_CLIENT_INNER_H
#define TACIT_CHANNEL_CLIENT_INNER_H

/* What the files of the client share. Nothing outside src/channel includes this. */

#include <sys/queue.h>

#include "base/bounds.h"
#include "channel/client.h"
#include "crypto/hash.h"
#include "sys/curl.h"
#include "tee/nonce_tree.h"

struct transfer;

/* One libcurl request with the gate in front of it. */
struct transfer {
	struct tacit_client *client;
	CURL *easy;
	struct curl_slist *headers;
	/* The key that the connection must show; NULL for the question about evidence alone. */
	const struct tacit_attested *under;
	bool asks_evidence;
	bool added;
	bool passed;                /* the gate let the request out */
	uint8_t spki[32];           /* the key that the connection did show, once passed */
	struct tacit_error refused; /* why the gate did not */
	size_t header_bytes;
	char message[CURL_ERROR_SIZE];
	void (*done)(struct transfer *transfer, CURLcode code);
};

/* Evidence on its way. */
struct attest {
	struct transfer transfer;
	struct tacit_attested *attested;
	uint8_t *body;
	size_t len;
	/* What the header Tacit-Binding carried: on some platforms it comes beside the document. */
	uint8_t binding[TACIT_BINDING_MAX];
	size_t binding_len;
	/* What Tacit-Nonce-Path carried: how the nonce in the document follows from ours. */
	uint8_t path[TACIT_NONCE_PATH_MAX];
	size_t path_len;
	const char *bad_header; /* one of these is not what it should be, or was there twice */
};

enum exchange_state {
	EXCHANGE_WAITS, /* for an attestation */
	EXCHANGE_READY, /* to run, or to fail, with the attestation that just ended */
	EXCHANGE_RUNS,
	EXCHANGE_ENDED,
};

struct answer; /* client_answer.c */

struct tacit_exchange {
	struct transfer transfer;
	TAILQ_ENTRY(tacit_exchange) entry;
	enum exchange_state state;
	bool retried; /* attested anew once already */
	bool fresh;   /* what it relies on was attested for it */
	bool cancelled;
	const struct tacit_answer_calls *calls;
	void *user;
	char *url, *method, *content_type;
	uint8_t *body;
	size_t body_len;
	uint8_t request_hash[32];
	uint8_t nonce[TACIT_AIR_NONCE_MAX];
	size_t nonce_len;
	struct tacit_attested *attested; /* held while it runs */
	uint64_t began_ms;
	struct answer *answer;
};

TAILQ_HEAD(exchange_list, tacit_exchange);

struct tacit_client {
	struct tacit_client_options options;
	struct tacit_address server;
	char base[TACIT_ADDRESS_TEXT + 16]; /* "https://HOST:PORT" */
	CURLM *multi;
	CURLSH *share; /* TLS sessions: a multi handle alone does not share them */
	struct attest *attesting;
	struct tacit_attested *last;
	struct tacit_attested *current;
	struct exchange_list exchanges;
	unsigned depth; /* inside calls that libcurl or we make to the user */
	bool progressing;
	int alert; /* the last TLS alert of a handshake, sent or received; 0 for none */
};

/* client_transfer.c */

/* An easy handle for `url` with every setting that no request may lack, and the gate. */
TACIT_MUST_CHECK enum tacit_status tacit_client_transfer_init(struct transfer *transfer,
							      struct tacit_client *client,
							      const char *url,
							      struct tacit_error *err);
bool tacit_client_transfer_header(struct transfer *transfer, const char *fmt, ...)
	TACIT_PRINTF(2, 3);
TACIT_MUST_CHECK enum tacit_status tacit_client_transfer_start(struct transfer *transfer,
							       struct tacit_error *err);
void tacit_client_transfer_done(struct transfer *transfer);

/* Turns libcurl's code into an error that names the check ("channel.tls") or the failure. */
enum tacit_status tacit_client_transfer_error(const struct transfer *transfer, CURLcode code,
					      struct tacit_error *err);

/* client_attest.c */
TACIT_MUST_CHECK enum tacit_status tacit_client_attest_start(struct tacit_client *client,
							     struct tacit_error *err);
void tacit_client_attest_free(struct attest *attest);

/* client.c */
void tacit_client_attested(struct tacit_client *client, struct tacit_attested *attested);
bool tacit_client_is_current(const struct tacit_client *client);
bool tacit_client_in_age(const struct tacit_client *client, const struct tacit_attested *attested);

/* client_exchange.c */
void tacit_client_exchange_run(struct tacit_exchange *exchange);
void tacit_client_exchange_fail(struct tacit_exchange *exchange, const struct tacit_error *error);
void tacit_client_exchange_free(struct tacit_exchange *exchange);
/* Puts it back until the server is attested anew; false when that was done before. */
bool tacit_client_exchange_again(struct tacit_exchange *exchange);

/* client_answer.c: what comes back, hashed and split as it comes */
TACIT_MUST_CHECK struct answer *tacit_client_answer_new(struct tacit_exchange *exchange);
void tacit_client_answer_free(struct answer *answer);
size_t tacit_client_answer_header(char *line, size_t size, size_t count, void *user);
size_t tacit_client_answer_body(char *bytes, size_t size, size_t count, void *user);
/* Judges what came once libcurl is through; makes the `end` call, or starts over. */
void tacit_client_answer_end(struct answer *answer, CURLcode code);

#endif
