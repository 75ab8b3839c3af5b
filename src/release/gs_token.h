/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_GS_TOKEN_H
#define TACIT_RELEASE_GS_TOKEN_H

/*
 * Who we are to Google's storage: a bearer token [RFC 6750], from a file that somebody renews, or
 * from the metadata service of the instance, which is asked again before the token ends. From an
 * enclave that service is reached through the relay, when it allows 169.254.169.254:80.
 */

#include "release/reach.h"

#define TACIT_GS_TOKEN_MAX  8192
#define TACIT_GS_METADATA   "http://169.254.169.254"
#define TACIT_GS_ANSWER_MAX 16384

struct tacit_gs_token_options {
	const char *file;                /* NULL: from the metadata service */
	const char *metadata;            /* http://HOST[:PORT]; NULL: TACIT_GS_METADATA */
	const struct tacit_reach *reach; /* to the metadata service */
};

struct tacit_gs_token;

/* Looks nowhere yet. What `options` points to must outlive it. Errors: TACIT_NOMEM, TACIT_USAGE. */
TACIT_MUST_CHECK enum tacit_status tacit_gs_token_new(const struct tacit_gs_token_options *options,
						      struct tacit_gs_token **ret,
						      struct tacit_error *err);

/*
 * A token that holds; `anew` fetches one whatever is known. The caller wipes it. Safe on several
 * threads. Errors: TACIT_IO, TACIT_FORMAT, TACIT_PEER, TACIT_UNSUPPORTED.
 */
TACIT_MUST_CHECK enum tacit_status tacit_gs_token_get(struct tacit_gs_token *who, bool anew,
						      char ret[static TACIT_GS_TOKEN_MAX + 1],
						      struct tacit_error *err);

/* NULL is fine. */
void tacit_gs_token_free(struct tacit_gs_token *who);

/*
 * What the metadata service says: {"access_token", "expires_in", "token_type"}; others are passed
 * over. (gs_token_parse.c) Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_gs_token_parse(struct tacit_slice json,
							char ret[static TACIT_GS_TOKEN_MAX + 1],
							uint64_t *ret_seconds,
							struct tacit_error *err);

/* Copies what is a token: one word of visible ASCII. */
TACIT_MUST_CHECK bool tacit_gs_token_copy(struct tacit_slice text,
					  char ret[static TACIT_GS_TOKEN_MAX + 1]);

#endif
