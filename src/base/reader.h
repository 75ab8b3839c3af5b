/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_READER_H
#define TACIT_BASE_READER_H

/*
 * The bounds-safe reader. A short read sets `bad` and yields zeros; every later read is safe
 * and yields zeros too, so that a parser is a list of fields, judged once by rd_finish(). `at`
 * freezes at the first short read and so points at the fault. An index rather than a pointer
 * pair: adding zero to NULL is undefined, and an empty input is NULL.
 */

#include "base/error.h"

struct reader {
	struct tacit_slice in;
	size_t at;
	bool bad;
};

static inline struct reader rd_of(struct tacit_slice in)
{
	struct reader r = { in, 0, false };

	return r;
}

static inline size_t rd_left(const struct reader *r)
{
	return r->bad ? 0 : r->in.len - r->at;
}

/* The next n bytes, or an absent slice when there are fewer. */
static inline struct tacit_slice rd_take(struct reader *r, size_t n)
{
	struct tacit_slice none = { NULL, 0 };

	if (r->bad || n > r->in.len - r->at) {
		r->bad = true;
		return none;
	}
	if (n == 0)
		return none;
	struct tacit_slice piece = { r->in.ptr + r->at, n };
	r->at += n;
	return piece;
}

static inline void rd_skip(struct reader *r, size_t n)
{
	(void)rd_take(r, n);
}

/* A child that cannot see past the next n bytes. */
static inline struct reader rd_sub(struct reader *r, size_t n)
{
	struct reader child = rd_of(rd_take(r, n));

	child.bad = r->bad;
	return child;
}

static inline uint64_t rd_be(struct reader *r, size_t n)
{
	struct tacit_slice b = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.ptr[i];
	return v;
}

static inline uint64_t rd_le(struct reader *r, size_t n)
{
	struct tacit_slice b = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = b.len; i > 0; i--)
		v = v << 8 | b.ptr[i - 1];
	return v;
}

static inline uint8_t rd_u8(struct reader *r)
{
	return (uint8_t)rd_be(r, 1);
}

static inline uint16_t rd_be16(struct reader *r)
{
	return (uint16_t)rd_be(r, 2);
}

static inline uint32_t rd_be32(struct reader *r)
{
	return (uint32_t)rd_be(r, 4);
}

static inline uint64_t rd_be64(struct reader *r)
{
	return rd_be(r, 8);
}

static inline uint16_t rd_le16(struct reader *r)
{
	return (uint16_t)rd_le(r, 2);
}

static inline uint32_t rd_le32(struct reader *r)
{
	return (uint32_t)rd_le(r, 4);
}

static inline uint64_t rd_le64(struct reader *r)
{
	return rd_le(r, 8);
}

/* OK only if no read was short and nothing is left over. */
static inline enum tacit_status rd_finish(const struct reader *r, const char *where,
					  struct tacit_error *err)
{
	if (r->bad)
		return tacit_fail(err, TACIT_FORMAT, where, r->at, "input ends too early");
	if (r->at != r->in.len)
		return tacit_fail(err, TACIT_FORMAT, where, r->at, "%zu bytes too many",
				  r->in.len - r->at);
	return TACIT_OK;
}

#endif
