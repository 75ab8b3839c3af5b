/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_OUT_H
#define TACIT_INFER_OUT_H

/*
 * A growing buffer for answers, with JSON spelled by hand: one per token must cost nothing.
 * Running out of memory sets `bad`, keeps what is there and ignores the rest.
 */
#include "base/error.h"

struct tacit_out {
	uint8_t *ptr;
	size_t len;
	size_t room;
	bool bad;
};

/* The zero value is an empty buffer. */
void tacit_out_done(struct tacit_out *out);

/* Keeps the memory for the next use. */
static inline void tacit_out_reset(struct tacit_out *out)
{
	out->len = 0;
	out->bad = false;
}

static inline struct tacit_slice tacit_out_view(const struct tacit_out *out)
{
	return tacit_slice_of(out->ptr, out->len);
}

void tacit_out_bytes(struct tacit_out *out, struct tacit_slice bytes);
void tacit_out_text(struct tacit_out *out, const char *text);
void tacit_out_uint(struct tacit_out *out, uint64_t value);
/* A decimal that reads back as the same float; NaN and infinity become 0. */
void tacit_out_float(struct tacit_out *out, float value);

/* The inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
void tacit_out_escaped(struct tacit_out *out, struct tacit_slice text);
/* The same with its quotes. */
void tacit_out_string(struct tacit_out *out, struct tacit_slice text);

#endif
