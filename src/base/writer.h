/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_WRITER_H
#define TACIT_BASE_WRITER_H

/*
 * The bounds-safe writer: the reader's mirror. Running out of room sets `bad`; `at` goes on
 * counting, so that a second try can be given the room that was missing.
 */

#include "base/error.h"

struct writer {
	struct tacit_mut out;
	size_t at;
	bool bad;
};

static inline struct writer wr_of(struct tacit_mut out)
{
	struct writer w = { out, 0, false };

	return w;
}

static inline void wr_bytes(struct writer *w, struct tacit_slice bytes)
{
	if (w->bad || bytes.len > w->out.len - w->at)
		w->bad = true;
	else if (bytes.len)
		memcpy(w->out.ptr + w->at, bytes.ptr, bytes.len);
	w->at += bytes.len;
}

static inline void wr_be(struct writer *w, uint64_t value, size_t n)
{
	uint8_t b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(value >> 8 * (n - 1 - i));
	wr_bytes(w, tacit_slice_of(b, n));
}

static inline void wr_u8(struct writer *w, uint8_t value)
{
	wr_be(w, value, 1);
}

static inline void wr_be16(struct writer *w, uint16_t value)
{
	wr_be(w, value, 2);
}

static inline void wr_be32(struct writer *w, uint32_t value)
{
	wr_be(w, value, 4);
}

static inline void wr_be64(struct writer *w, uint64_t value)
{
	wr_be(w, value, 8);
}

static inline void wr_text(struct writer *w, const char *text)
{
	wr_bytes(w, tacit_slice_str(text));
}

/* What was written; TACIT_LIMIT when the room was too small. */
static inline enum tacit_status wr_finish(const struct writer *w, const char *where,
					  struct tacit_slice *ret, struct tacit_error *err)
{
	if (w->bad)
		return tacit_fail(err, TACIT_LIMIT, where, w->out.len,
				  "needs %zu bytes, room for %zu", w->at, w->out.len);
	*ret = tacit_slice_of(w->out.ptr, w->at);
	return TACIT_OK;
}

#endif
