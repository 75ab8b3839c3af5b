/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_H
#define TACIT_NET_FETCH_H

/*
 * Small documents over HTTPS, one after the other: TLS 1.2 or later, a server whose certificate
 * holds, no redirects, nothing but https. Everything is bounded: bytes of body and headers, each
 * request, and all of them together. A server that is busy (429, 503) is asked again when it says,
 * or after pauses that double.
 *
 *     struct tacit_fetch *fetch;
 *     if (tacit_fetch_new(&options, &fetch, &err) == TACIT_OK &&
 *         tacit_fetch_get(fetch, &request, &answer, &err) == TACIT_OK)
 *             ... answer.body
 *
 * What comes back is anybody's word until its signature was checked: TLS is no part of that.
 */

#include "base/error.h"

#define TACIT_FETCH_HEADERS_MAX 65536 /* bytes of all headers of one answer */
#define TACIT_FETCH_CHAIN_MAX   32768 /* bytes of a header that carries certificates */
#define TACIT_FETCH_TRIES       6     /* of one request, while the server is busy */

struct tacit_fetch;

/* What pointers show must outlive the handle. */
struct tacit_fetch_options {
	const char *ca_file;  /* PEM; NULL: the authorities that the system trusts */
	uint64_t connect_ms;  /* all of them must be given */
	uint64_t request_ms;  /* one answer, whole */
	uint64_t deadline_ms; /* tacit_clock_ms() at which everything is over */
	/* Called before a pause; may be NULL. */
	void (*waits)(void *user, const char *url, unsigned http_status, uint64_t seconds);
	void *user;
};

struct tacit_fetch_request {
	const char *url;
	size_t max;               /* bytes of body */
	uint64_t pause_s;         /* the first one, when the server does not say how long */
	const char *const *chain; /* names of the header to keep, NULL at the end; or NULL */
	const char *key_name;     /* a header that authorises; NULL for none */
	const char *key;
};

/* Owns: tacit_fetch_answer_free(). Zero-initialise. */
struct tacit_fetch_answer {
	uint8_t *body;
	size_t len;
	char *chain; /* the header's value as it came; NULL when there was none */
};

/* Errors: TACIT_UNSUPPORTED without libcurl, TACIT_NOMEM. Owns: free with _free. */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_new(const struct tacit_fetch_options *options,
						   struct tacit_fetch **ret,
						   struct tacit_error *err);

void tacit_fetch_free(struct tacit_fetch *fetch);

/*
 * OK only for a whole answer of status 200. Errors: TACIT_USAGE for a URL that is not https;
 * TACIT_PEER for any other answer, none in time, and none at all; TACIT_LIMIT for one that is too
 * long; TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_get(struct tacit_fetch *fetch,
						   const struct tacit_fetch_request *request,
						   struct tacit_fetch_answer *ret,
						   struct tacit_error *err);

void tacit_fetch_answer_free(struct tacit_fetch_answer *answer);

#endif
