/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_STREAM_H
#define TACIT_RECEIPT_STREAM_H

/*
 * How a receipt travels with an answer.
 *
 * A whole body has it in the header "Tacit-Receipt", base64url. A streamed answer (server-sent
 * events) ends with
 *
 *     : tacit-receipt <base64url>\n\n
 *     data: [DONE]\n\n
 *
 * and response_hash covers every byte before the line that starts with ": tacit-receipt ". The
 * text counts at the start of a line only. A model cannot put it there: what a model says is
 * JSON inside a line that begins with "data: ", and JSON has no raw line breaks.
 *
 * struct tacit_stream is the client's side: fed with the stream in pieces of any size, it hashes
 * what the receipt covers, takes the receipt, and insists that nothing but blank lines and the
 * one [DONE] follow. A caller may show bytes before the end, but must not call them proven
 * before tacit_stream_finish() gave the receipt and tacit_receipt_verify() accepted it with this
 * hash as response_hash.
 *
 * Not checked here: the events. Bytes that the receipt covers may hold anything.
 */

#include "base/writer.h"

#define TACIT_STREAM_PREFIX      ": tacit-receipt "
#define TACIT_STREAM_PREFIX_LEN  16
#define TACIT_STREAM_RECEIPT_MAX 3072 /* a valid receipt has at most 1,744 bytes */
#define TACIT_STREAM_TEXT_MAX    4096 /* the same in base64url */
#define TACIT_STREAM_AFTER_MAX   64   /* bytes after the receipt line: [DONE] and blank lines */

enum tacit_stream_state {
	TACIT_STREAM_BODY,    /* hashing */
	TACIT_STREAM_RECEIPT, /* inside the receipt line */
	TACIT_STREAM_AFTER,   /* receipt taken, [DONE] awaited */
	TACIT_STREAM_DONE,    /* [DONE] seen */
};

struct tacit_hasher;

struct tacit_stream {
	enum tacit_stream_state state;
	enum tacit_status failed; /* sticky */
	struct tacit_hasher *hasher;
	bool line_start; /* the next byte begins a line */
	size_t held;     /* bytes of the prefix seen at this line's start, not hashed yet */
	uint64_t hashed; /* bytes that the digest covers */
	uint64_t total;  /* bytes fed */
	size_t after;    /* bytes after the receipt line */
	size_t line_len;
	char line[TACIT_STREAM_TEXT_MAX];
	size_t receipt_len;
	uint8_t receipt[TACIT_STREAM_RECEIPT_MAX];
	uint8_t digest[32];
};

/* Errors: TACIT_NOMEM. Owns a hash: end with tacit_stream_done(). */
TACIT_MUST_CHECK enum tacit_status tacit_stream_init(struct tacit_stream *s,
						     struct tacit_error *err);

/*
 * Takes the next bytes. Errors stay: TACIT_LIMIT for a receipt line or an end that is too long,
 * TACIT_FORMAT for a receipt that is not base64url, TACIT_BINDING for anything after the receipt
 * that it does not cover.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_stream_feed(struct tacit_stream *s, struct tacit_slice bytes, struct tacit_error *err);

/*
 * The stream ended here. Gives the receipt, which lives as long as `s`, and the SHA-256 of what
 * it must cover. Errors: what a feed failed with; TACIT_BINDING when the stream was cut.
 */
TACIT_MUST_CHECK enum tacit_status tacit_stream_finish(struct tacit_stream *s,
						       struct tacit_slice *ret_receipt,
						       uint8_t ret_hash[TACIT_AT_LEAST(32)],
						       struct tacit_error *err);

void tacit_stream_done(struct tacit_stream *s);

/* Writes the receipt line and the blank line after it. */
void tacit_stream_put_receipt(struct writer *w, struct tacit_slice receipt);

/* Writes the value of the header Tacit-Receipt. */
void tacit_stream_put_header(struct writer *w, struct tacit_slice receipt);

/*
 * Reads such a value into `room`. Errors: TACIT_LIMIT over TACIT_STREAM_TEXT_MAX characters or
 * too little room, TACIT_FORMAT when it is empty or not base64url.
 */
TACIT_MUST_CHECK enum tacit_status tacit_stream_read_header(struct tacit_slice text,
							    struct tacit_mut room,
							    struct tacit_slice *ret,
							    struct tacit_error *err);

#endif
