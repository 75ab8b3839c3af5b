/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_TEXT_H
#define TACIT_INFER_TEXT_H

/*
 * Between the model's pieces and the events a client sees.
 *
 * A token's text may end inside a character, or be the start of a stop string: such bytes are
 * held back until it is clear what they are. What comes out never splits a UTF-8 sequence and
 * never holds any part of a stop string that later matched.
 */
#include "base/error.h"

#define TACIT_STOPS_MAX    16
#define TACIT_STOP_LEN_MAX 256

struct tacit_text {
	const struct tacit_slice *stops; /* the caller's; none is empty */
	size_t stop_count;
	uint8_t *bytes; /* what was added and has not gone out for good */
	size_t sent;    /* bytes at the front that the last call gave out */
	size_t len;
	size_t room;
	bool stopped;
};

/* `stops` must outlive the filter. */
void tacit_text_init(struct tacit_text *text, const struct tacit_slice *stops, size_t count);
void tacit_text_done(struct tacit_text *text);

/*
 * Adds a piece. The result is what may go out now (often empty) and lives until the next call;
 * `text->stopped` is set once a stop string matched, and from then on nothing comes out.
 * Errors: NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_text_add(struct tacit_text *text, struct tacit_slice piece,
						  struct tacit_slice *ret_out,
						  struct tacit_error *err);

/* What was still held when the model ended; an incomplete character stays incomplete. */
struct tacit_slice tacit_text_rest(struct tacit_text *text);

/* Bytes at the end of `s` that begin a UTF-8 sequence which is not complete: 0 to 3. */
size_t tacit_text_cut(struct tacit_slice s);

#endif
