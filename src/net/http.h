/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_HTTP_H
#define TACIT_NET_HTTP_H

/*
 * Reading HTTP/1.1 requests [RFC 9112]: pure functions over bytes, strict where leniency lets
 * two readers disagree about where a message ends. Refused: bare LF, folded lines, space before
 * a colon, control characters, both Content-Length and Transfer-Encoding, any coding but
 * chunked, a repeated Content-Length or Host.
 *
 * Why not libevent's evhttp: it drops connections whose peer has no host name (vsock), bounds
 * each read but not a whole request, and accepts much of the list above.
 */

#include "tacit/bytes.h"

#define TACIT_HTTP_HEAD_MAX   16384 /* bytes of request line and fields */
#define TACIT_HTTP_FIELDS_MAX 64

struct tacit_http_field {
	struct tacit_slice name, value; /* value without surrounding blanks */
};

struct tacit_http_head {
	struct tacit_slice method;
	struct tacit_slice path;  /* origin form, before "?" */
	struct tacit_slice query; /* after "?"; absent without one */
	bool http10;
	bool keep_alive;
	bool expect_continue;
	bool chunked;
	uint64_t length; /* of the body, unless chunked */
	size_t count;
	struct tacit_http_field fields[TACIT_HTTP_FIELDS_MAX];
};

/*
 * Looks for the end of a head in `in`, from `from` on (what earlier calls have seen). Gives the
 * head's length with its empty line; 0 when more is needed; SIZE_MAX on a line that does not
 * end in CRLF.
 */
size_t tacit_http_head_end(struct tacit_slice in, size_t from);

/* Reads a whole head. Gives 0, or the HTTP status to refuse it with. Slices point into `in`. */
unsigned tacit_http_head_parse(struct tacit_slice in, struct tacit_http_head *ret);

/* The field's value, or an absent slice; names compare without case. */
struct tacit_slice tacit_http_head_find(const struct tacit_http_head *head, const char *name);

/*
 * The value of `name` in a query ("a=1&b=2"), or an absent slice. No percent decoding: the
 * values that we take need none. A name given twice counts as bad and gives an absent slice.
 */
struct tacit_slice tacit_http_query_find(struct tacit_slice query, const char *name);

/* A chunked body [RFC 9112 7.1], fed piece by piece; zero-initialise. */
struct tacit_http_chunks {
	unsigned state;
	unsigned digits;
	unsigned line; /* bytes of the line so far: extensions and trailers are bounded */
	uint64_t left;
};

enum tacit_http_step {
	TACIT_HTTP_MORE, /* all of `in` is used; give more */
	TACIT_HTTP_DATA, /* *ret_data is body; call again with the rest */
	TACIT_HTTP_DONE, /* the body is complete; the rest of `in` is the next request */
	TACIT_HTTP_BAD,
};

enum tacit_http_step tacit_http_chunks_feed(struct tacit_http_chunks *chunks, struct tacit_slice in,
					    size_t *ret_used, struct tacit_slice *ret_data);

/* "Bad Request" for 400, and so on; "Error" for what it does not know. */
const char *tacit_http_reason(unsigned status);

#endif
