/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SIGV4_H
#define TACIT_RELEASE_SIGV4_H

/*
 * AWS Signature Version 4 [SIGV4]: pure functions that make a signature over an HTTP request, and
 * that read and check one. Requests that we send ourselves are signed by libcurl; this is for the
 * broker, which checks those of others, and for who signs without libcurl.
 *
 *     canonical request -> its hash, in the string to sign -> HMAC under the signing key
 *
 * A signature comes in the Authorization field or in the query (presigned). The body is always
 * part of it; S3's unsigned and streamed bodies are not taken, nor is S3's way with the path.
 *
 * Not checked here: that the caller knows no replay. A signature may be used until it is stale.
 */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_SIGV4_FIELDS_MAX    64   /* names that are signed; parameters of a query */
#define TACIT_SIGV4_QUERY_MAX     8192 /* bytes of a query in canonical form */
#define TACIT_SIGV4_CANONICAL_MAX 32768
#define TACIT_SIGV4_SKEW_S        300 /* how far clocks may be apart, as at AWS */
#define TACIT_SIGV4_EXPIRES_MAX_S 604800
#define TACIT_SIGV4_SIGNATURE_LEN 64 /* hex digits */

struct tacit_sigv4_field {
	struct tacit_slice name, value;
};

/* A request as it was, or will be, on the wire. */
struct tacit_sigv4_request {
	struct tacit_slice method;
	struct tacit_slice path;  /* before "?" */
	struct tacit_slice query; /* after "?"; absent without one */
	const struct tacit_sigv4_field *fields;
	size_t field_count;
	struct tacit_slice body;
	bool keep_path; /* do not take "." and ".." and doubled slashes out of the path */
};

/* What a signing key is for. */
struct tacit_sigv4_scope {
	struct tacit_slice time; /* "20150830T123600Z" */
	struct tacit_slice region, service;
};

/* ---- the steps ------------------------------------------------------------------------------ */

/*
 * The list of all the request's fields, as it goes into the signature: lower case, sorted, each
 * once, with ";" between. Errors: TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_names(const struct tacit_sigv4_request *request,
						     struct tacit_mut room, struct tacit_slice *ret,
						     struct tacit_error *err);

/*
 * The canonical request over the fields that `names` lists. Errors: TACIT_FORMAT for names that
 * are not sorted, in lower case and each there, and for a query that cannot be read; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_sigv4_canonical(const struct tacit_sigv4_request *request, struct tacit_slice names,
		      struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status
tacit_sigv4_string(struct tacit_slice canonical, const struct tacit_sigv4_scope *scope,
		   struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* The signing key of a day, region and service; good for as long. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_key(struct tacit_slice secret,
						   const struct tacit_sigv4_scope *scope,
						   uint8_t ret[TACIT_AT_LEAST(32)],
						   struct tacit_error *err);

/* All steps: TACIT_SIGV4_SIGNATURE_LEN hex digits and a NUL. */
TACIT_MUST_CHECK enum tacit_status
tacit_sigv4_sign(const struct tacit_sigv4_request *request, struct tacit_slice names,
		 const struct tacit_sigv4_scope *scope, const uint8_t key[TACIT_AT_LEAST(32)],
		 char ret[TACIT_AT_LEAST(TACIT_SIGV4_SIGNATURE_LEN + 1)], struct tacit_error *err);

/* ---- checking ------------------------------------------------------------------------------- */

/* What a request says of its signature. Points into the request and into itself: do not copy. */
struct tacit_sigv4_auth {
	struct tacit_slice access_key;
	struct tacit_sigv4_scope scope;
	struct tacit_slice names; /* of the fields that are signed */
	struct tacit_slice signature;
	int64_t time;     /* when it was made, seconds since 1970 */
	uint32_t expires; /* seconds after that, of a presigned request; else 0 */
	char room[2048];  /* what a query had in escapes */
};

/*
 * Reads what the Authorization field, or the query, says: nothing of it is true yet. Errors:
 * TACIT_FORMAT, with what is missing or wrong; TACIT_UNSUPPORTED for another algorithm.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_read(const struct tacit_sigv4_request *request,
						    struct tacit_sigv4_auth *ret,
						    struct tacit_error *err);

/*
 * Checks the signature under the secret of auth->access_key. Host, and every x-amz- field that the
 * request has (but a security token), must be signed. Errors: TACIT_SIGNATURE, TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_check(const struct tacit_sigv4_request *request,
						     const struct tacit_sigv4_auth *auth,
						     struct tacit_slice secret,
						     struct tacit_error *err);

/* The same with the signing key of auth->scope, which a server may keep for the day. */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_check_key(const struct tacit_sigv4_request *request,
							 const struct tacit_sigv4_auth *auth,
							 const uint8_t key[TACIT_AT_LEAST(32)],
							 struct tacit_error *err);

/* Whether it was made within TACIT_SIGV4_SKEW_S of `now`, or is not past its time. Errors:
 * TACIT_EXPIRED. */
TACIT_MUST_CHECK enum tacit_status tacit_sigv4_fresh(const struct tacit_sigv4_auth *auth,
						     int64_t now, struct tacit_error *err);

#endif
