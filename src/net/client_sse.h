/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_CLIENT_SSE_H
#define TACIT_NET_CLIENT_SSE_H

/*
 * Reads a stream of events [HTML 9.2] the way OpenAI's servers use it: each "data:" line is one
 * event. Lines end in LF or CRLF; other fields and comments are skipped.
 */

#include "base/error.h"

#define TACIT_SSE_LINE_MAX (1u << 20)

struct tacit_sse {
	uint8_t *line;
	size_t len;
	size_t room;
};

void tacit_sse_init(struct tacit_sse *sse);
void tacit_sse_done(struct tacit_sse *sse);

/*
 * Takes bytes; `event` is called with the value of each data line that is now whole. Errors:
 * TACIT_LIMIT for a line over TACIT_SSE_LINE_MAX, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sse_feed(struct tacit_sse *sse, struct tacit_slice bytes,
						  void (*event)(void *user,
								struct tacit_slice data),
						  void *user, struct tacit_error *err);

/* What one event of a streamed answer says; texts live as long as `tacit_sse_chunk_done`. */
struct tacit_sse_chunk {
	void *json;
	struct tacit_slice
		text; /* of the first choice: a delta's content, or a completion's text */
	struct tacit_slice finish; /* its finish_reason */
	struct tacit_slice error;  /* the message of an error event */
};

/* False for what is no such event: [DONE], or not JSON. */
bool tacit_sse_chunk_parse(struct tacit_slice data, struct tacit_sse_chunk *ret);
void tacit_sse_chunk_done(struct tacit_sse_chunk *chunk);

#endif
