/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gzip.h"

#define WHERE    "gzip"
#define HEAD_CRC 0x02u
#define EXTRA    0x04u
#define NAME     0x08u
#define COMMENT  0x10u
#define RESERVED 0xe0u

/* What a step of the reader came to. */
enum step { GO_ON, WANTS_MORE, REFUSED };

struct input {
	const uint8_t *at, *end;
	struct tacit_error *err;
	enum tacit_status st; /* of what was refused */
};

static enum step refuse(struct tacit_gzip_read *r, struct input *in, enum tacit_status st,
			const char *why)
{
	in->st = tacit_fail(in->err, st, WHERE, r->taken, "%s", why);
	return REFUSED;
}

/* ---- bits -------------------------------------------------------------------------------------
 */

static void refill(struct tacit_gzip_read *r, struct input *in)
{
	while (r->bit_count <= 56 && in->at < in->end) {
		r->bits |= (uint64_t)*in->at++ << r->bit_count;
		r->bit_count += 8;
		r->taken++;
	}
}

static uint32_t peek(const struct tacit_gzip_read *r, unsigned skip, unsigned count)
{
	return (uint32_t)(r->bits >> skip & ((UINT64_C(1) << count) - 1));
}

static void drop(struct tacit_gzip_read *r, unsigned count)
{
	r->bits = count < 64 ? r->bits >> count : 0;
	r->bit_count -= count;
}

/* The next `count` bits, at most 32, when they are there. */
static bool take(struct tacit_gzip_read *r, struct input *in, unsigned count, uint32_t *ret)
{
	if (r->bit_count < count)
		refill(r, in);
	if (r->bit_count < count)
		return false;
	*ret = peek(r, 0, count);
	drop(r, count);
	return true;
}

/* ---- codes ------------------------------------------------------------------------------------
 */

/*
 * The symbol behind `skip` bits; its bits are added to *skip. What is not there yet counts as
 * zeros: the caller sees by *skip that it has gone too far.
 */
static bool decode(const struct tacit_gzip_read *r, const struct tacit_gzip_table *table,
		   unsigned *skip, unsigned *ret)
{
	uint64_t bits = r->bits >> *skip;
	uint16_t fast = table->fast[bits & ((1u << TACIT_GZIP_FAST_BITS) - 1)];

	if (fast) {
		*ret = fast >> 4;
		*skip += fast & 15u;
		return true;
	}
	unsigned len = tacit_gzip_table_find(table, bits, ret);
	*skip += len;
	return len != 0;
}

/* A code that is none may be one when more bits are there. */
static enum step no_code(struct tacit_gzip_read *r, struct input *in, unsigned skip)
{
	if (r->bit_count < skip + TACIT_GZIP_CODE_MAX && in->at == in->end)
		return WANTS_MORE;
	return refuse(r, in, TACIT_FORMAT, "a code that stands for nothing");
}

/* ---- what comes out ---------------------------------------------------------------------------
 */

/* What the window holds from the last time on, up to `end`. */
static enum step give(struct tacit_gzip_read *r, struct input *in, size_t end)
{
	struct tacit_slice bytes = tacit_slice_of(r->window + r->flushed, end - r->flushed);

	r->flushed = end % TACIT_GZIP_WINDOW;
	tacit_crc32_update(&r->crc, bytes);
	in->st = r->put(r->user, bytes, in->err);
	return in->st == TACIT_OK ? GO_ON : REFUSED;
}

static enum step add_byte(struct tacit_gzip_read *r, struct input *in, uint8_t byte)
{
	r->window[r->given++ % TACIT_GZIP_WINDOW] = byte;
	if (r->given % TACIT_GZIP_WINDOW)
		return GO_ON;
	if (r->given > TACIT_GZIP_HEADROOM + TACIT_GZIP_RATIO * r->taken)
		return refuse(r, in, TACIT_LIMIT, "it grows more than what is unpacked here");
	return give(r, in, TACIT_GZIP_WINDOW);
}

/* ---- head -------------------------------------------------------------------------------------
 */

static enum step read_head(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t byte;

	for (; r->have < 10; r->have++) {
		if (!take(r, in, 8, &byte))
			return WANTS_MORE;
		if ((r->have == 0 && byte != 0x1f) || (r->have == 1 && byte != 0x8b) ||
		    (r->have == 2 && byte != 8) || (r->have == 3 && byte & RESERVED))
			return refuse(r, in, TACIT_FORMAT, "no head of gzip");
		if (r->have == 3)
			r->flags = (uint8_t)byte;
	}
	r->state = TACIT_GZIP_EXTRA_LEN;
	return GO_ON;
}

static enum step read_extra(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t byte;

	if (r->state == TACIT_GZIP_EXTRA_LEN) {
		if (r->flags & EXTRA && !take(r, in, 16, &r->left))
			return WANTS_MORE;
		r->state = TACIT_GZIP_EXTRA;
	}
	for (; r->left; r->left--) {
		if (!take(r, in, 8, &byte))
			return WANTS_MORE;
	}
	r->state = TACIT_GZIP_NAME;
	return GO_ON;
}

/* A text up to its NUL. */
static enum step read_text(struct tacit_gzip_read *r, struct input *in, unsigned flag,
			   enum tacit_gzip_state next)
{
	uint32_t byte = r->flags & flag;

	while (byte) {
		if (!take(r, in, 8, &byte))
			return WANTS_MORE;
	}
	r->state = next;
	return GO_ON;
}

/* The head's CRC is not compared: nothing that it covers is used. */
static enum step read_head_crc(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t crc;

	if (r->flags & HEAD_CRC && !take(r, in, 16, &crc))
		return WANTS_MORE;
	r->state = TACIT_GZIP_BLOCK;
	return GO_ON;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

/* The code that a block without one of its own has [RFC 1951 3.2.6]. */
static void use_fixed_codes(struct tacit_gzip_read *r)
{
	if (r->has_fixed)
		return;
	r->has_fixed = true;
	memset(r->lengths, 8, 144);
	memset(r->lengths + 144, 9, 112);
	memset(r->lengths + 256, 7, 24);
	memset(r->lengths + 280, 8, 8);
	(void)tacit_gzip_table_make(&r->literal, r->lengths, 288);
	memset(r->lengths, 5, 32);
	(void)tacit_gzip_table_make(&r->distance, r->lengths, 32);
}

static enum step begin_block(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t head;

	if (r->last) {
		drop(r, r->bit_count & 7);
		r->state = TACIT_GZIP_TRAILER;
		return GO_ON;
	}
	if (!take(r, in, 3, &head))
		return WANTS_MORE;
	r->last = head & 1;
	switch (head >> 1) {
	case 0:
		drop(r, r->bit_count & 7);
		r->state = TACIT_GZIP_STORED_LEN;
		return GO_ON;
	case 1:
		use_fixed_codes(r);
		r->state = TACIT_GZIP_SYMBOLS;
		return GO_ON;
	case 2:
		r->state = TACIT_GZIP_COUNTS;
		return GO_ON;
	default:
		return refuse(r, in, TACIT_FORMAT, "a block of no known kind");
	}
}

static enum step read_stored(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t value;

	if (r->state == TACIT_GZIP_STORED_LEN) {
		if (!take(r, in, 32, &value))
			return WANTS_MORE;
		if ((value & 0xffff) != (~value >> 16))
			return refuse(r, in, TACIT_FORMAT, "a stored block of no certain length");
		r->left = value & 0xffff;
		r->state = TACIT_GZIP_STORED;
	}
	for (; r->left; r->left--) {
		if (!take(r, in, 8, &value))
			return WANTS_MORE;
		enum step step = add_byte(r, in, (uint8_t)value);
		if (step != GO_ON)
			return step;
	}
	r->state = TACIT_GZIP_BLOCK;
	return GO_ON;
}

static enum step read_counts(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t value;

	if (!take(r, in, 14, &value))
		return WANTS_MORE;
	r->literals = (value & 31) + 257;
	r->distances = (value >> 5 & 31) + 1;
	r->codes = (value >> 10) + 4;
	if (r->literals > 286 || r->distances > TACIT_GZIP_DISTANCES)
		return refuse(r, in, TACIT_FORMAT, "a block with too many codes");
	memset(r->lengths, 0, sizeof(r->lengths));
	r->have = 0;
	r->has_fixed = false;
	r->state = TACIT_GZIP_CODE_LENGTHS;
	return GO_ON;
}

static enum step read_code_lengths(struct tacit_gzip_read *r, struct input *in)
{
	uint32_t value;

	for (; r->have < r->codes; r->have++) {
		if (!take(r, in, 3, &value))
			return WANTS_MORE;
		r->lengths[tacit_gzip_order[r->have]] = (uint8_t)value;
	}
	if (!tacit_gzip_table_make(&r->literal, r->lengths, 19))
		return refuse(r, in, TACIT_FORMAT, "lengths that make no code");
	memset(r->lengths, 0, sizeof(r->lengths));
	r->have = 0;
	r->state = TACIT_GZIP_LENGTHS;
	return GO_ON;
}

/* One length, or a repetition. */
static enum step read_length(struct tacit_gzip_read *r, struct input *in)
{
	static const uint8_t EXTRA_BITS[3] = { 2, 3, 7 }, LEAST[3] = { 3, 3, 11 };
	unsigned skip = 0, symbol = 0, count = 1;
	uint8_t value;

	refill(r, in);
	if (!decode(r, &r->literal, &skip, &symbol))
		return no_code(r, in, 0);
	unsigned extra = symbol >= 16 ? EXTRA_BITS[symbol - 16] : 0;
	if (skip + extra > r->bit_count)
		return WANTS_MORE;
	value = (uint8_t)symbol;
	if (symbol >= 16) {
		if (symbol == 16 && r->have == 0)
			return refuse(r, in, TACIT_FORMAT, "a length that repeats none");
		value = symbol == 16 ? r->lengths[r->have - 1] : 0;
		count = LEAST[symbol - 16] + peek(r, skip, extra);
	}
	if (count > r->literals + r->distances - r->have)
		return refuse(r, in, TACIT_FORMAT, "more lengths than the block has");
	memset(r->lengths + r->have, value, count);
	r->have += count;
	drop(r, skip + extra);
	return GO_ON;
}

static enum step read_lengths(struct tacit_gzip_read *r, struct input *in)
{
	while (r->have < r->literals + r->distances) {
		enum step step = read_length(r, in);

		if (step != GO_ON)
			return step;
	}
	if (r->lengths[256] == 0)
		return refuse(r, in, TACIT_FORMAT, "a block that cannot end");
	if (!tacit_gzip_table_make(&r->literal, r->lengths, r->literals) ||
	    !tacit_gzip_table_make(&r->distance, r->lengths + r->literals, r->distances))
		return refuse(r, in, TACIT_FORMAT, "lengths that make no code");
	r->state = TACIT_GZIP_SYMBOLS;
	return GO_ON;
}

static enum step copy_match(struct tacit_gzip_read *r, struct input *in, uint32_t len,
			    uint32_t distance)
{
	if (distance > r->given || distance > TACIT_GZIP_WINDOW)
		return refuse(r, in, TACIT_FORMAT, "a match before the start");
	for (uint32_t i = 0; i < len; i++) {
		uint8_t byte = r->window[(r->given - distance) % TACIT_GZIP_WINDOW];
		enum step step = add_byte(r, in, byte);

		if (step != GO_ON)
			return step;
	}
	return GO_ON;
}

/* A whole match is at most 48 bits: it is taken at once, or not yet. */
static enum step read_match(struct tacit_gzip_read *r, struct input *in, unsigned skip,
			    unsigned symbol)
{
	unsigned code;

	if (symbol > 285)
		return refuse(r, in, TACIT_FORMAT, "a length that there is not");
	uint32_t extra = tacit_gzip_length_extra[symbol - 257];
	uint32_t len = tacit_gzip_length_base[symbol - 257] + peek(r, skip, extra);
	skip += extra;
	if (!decode(r, &r->distance, &skip, &code))
		return no_code(r, in, skip);
	if (code >= TACIT_GZIP_DISTANCES)
		return skip > r->bit_count
			       ? WANTS_MORE
			       : refuse(r, in, TACIT_FORMAT, "a distance that there is not");
	extra = tacit_gzip_distance_extra[code];
	uint32_t distance = tacit_gzip_distance_base[code] + peek(r, skip, extra);
	skip += extra;
	if (skip > r->bit_count)
		return WANTS_MORE;
	drop(r, skip);
	return copy_match(r, in, len, distance);
}

static enum step read_symbols(struct tacit_gzip_read *r, struct input *in)
{
	enum step step = GO_ON;

	while (step == GO_ON) {
		unsigned skip = 0, symbol = 0;

		refill(r, in);
		if (!decode(r, &r->literal, &skip, &symbol))
			return no_code(r, in, 0);
		if (skip > r->bit_count)
			return WANTS_MORE;
		if (symbol < 256) {
			drop(r, skip);
			step = add_byte(r, in, (uint8_t)symbol);
		} else if (symbol == 256) {
			drop(r, skip);
			r->state = TACIT_GZIP_BLOCK;
			return GO_ON;
		} else {
			step = read_match(r, in, skip, symbol);
		}
	}
	return step;
}

static enum step read_trailer(struct tacit_gzip_read *r, struct input *in)
{
	size_t end = (size_t)(r->given % TACIT_GZIP_WINDOW);

	if (end > r->flushed && give(r, in, end) != GO_ON)
		return REFUSED;
	/* No more than the trailer is taken: what follows is the caller's. */
	while (r->bit_count < 64 && in->at < in->end) {
		r->bits |= (uint64_t)*in->at++ << r->bit_count;
		r->bit_count += 8;
		r->taken++;
	}
	if (r->bit_count < 64)
		return WANTS_MORE;
	if (peek(r, 0, 32) != tacit_crc32_value(&r->crc) || peek(r, 32, 32) != (uint32_t)r->given)
		return refuse(r, in, TACIT_FORMAT, "its content is damaged");
	drop(r, 64);
	r->state = TACIT_GZIP_DONE;
	return GO_ON;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static enum step next_step(struct tacit_gzip_read *r, struct input *in)
{
	switch (r->state) {
	case TACIT_GZIP_HEAD:
		return read_head(r, in);
	case TACIT_GZIP_EXTRA_LEN:
	case TACIT_GZIP_EXTRA:
		return read_extra(r, in);
	case TACIT_GZIP_NAME:
		return read_text(r, in, NAME, TACIT_GZIP_COMMENT);
	case TACIT_GZIP_COMMENT:
		return read_text(r, in, COMMENT, TACIT_GZIP_HEAD_CRC);
	case TACIT_GZIP_HEAD_CRC:
		return read_head_crc(r, in);
	case TACIT_GZIP_BLOCK:
		return begin_block(r, in);
	case TACIT_GZIP_STORED_LEN:
	case TACIT_GZIP_STORED:
		return read_stored(r, in);
	case TACIT_GZIP_COUNTS:
		return read_counts(r, in);
	case TACIT_GZIP_CODE_LENGTHS:
		return read_code_lengths(r, in);
	case TACIT_GZIP_LENGTHS:
		return read_lengths(r, in);
	case TACIT_GZIP_SYMBOLS:
		return read_symbols(r, in);
	case TACIT_GZIP_TRAILER:
		return read_trailer(r, in);
	case TACIT_GZIP_DONE:
		break;
	}
	return WANTS_MORE;
}

void tacit_gzip_read_init(struct tacit_gzip_read *r, tacit_gzip_put *put, void *user)
{
	memset(r, 0, sizeof(*r));
	r->put = put;
	r->user = user;
	tacit_crc32_init(&r->crc);
}

enum tacit_status tacit_gzip_read_update(struct tacit_gzip_read *r, struct tacit_slice bytes,
					 size_t *ret_used, struct tacit_error *err)
{
	struct input in = { bytes.ptr, bytes.ptr, err, TACIT_OK };
	enum step step = GO_ON;

	if (bytes.len)
		in.end = bytes.ptr + bytes.len;
	while (step == GO_ON)
		step = next_step(r, &in);
	if (step == REFUSED)
		return in.st;
	*ret_used = bytes.len ? (size_t)(in.at - bytes.ptr) : 0;
	return TACIT_OK;
}
