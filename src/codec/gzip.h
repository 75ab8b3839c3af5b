/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_GZIP_H
#define TACIT_CODEC_GZIP_H

/*
 * gzip [RFC 1952] around deflate [RFC 1951], written and read as streams.
 *
 * Ours, because a measurement covers what an image has in it, compressed or not: the writer gives
 * the same bytes for the same input on every machine, in whatever pieces it comes, and whatever
 * library the distribution has. Its output is pinned by a test: to change it changes measurements.
 *
 * The reader takes what any program wrote. It gives at most 32 bytes for each byte that it took,
 * and 16 MiB: a small file that wants to be a large one is refused, not unpacked.
 */

#include "base/error.h"
#include "codec/crc32.h"

#define TACIT_GZIP_WINDOW    32768
#define TACIT_GZIP_HASH_BITS 15
#define TACIT_GZIP_TOKENS    16384
#define TACIT_GZIP_LITERALS  288 /* literals, the end of a block, lengths; two are never used */
#define TACIT_GZIP_DISTANCES 30
#define TACIT_GZIP_ROOM      (4 * TACIT_GZIP_WINDOW)
#define TACIT_GZIP_OUT       4096
#define TACIT_GZIP_FAST_BITS 9
#define TACIT_GZIP_RATIO     32          /* bytes out for a byte in, and ... */
#define TACIT_GZIP_HEADROOM  (16u << 20) /* ... this much more */
#define TACIT_GZIP_CODE_MAX  15

/* What comes out, in pieces. An error ends the writing. */
typedef enum tacit_status tacit_gzip_put(void *user, struct tacit_slice bytes,
					 struct tacit_error *err);

/* ---- writing (gzip_write.c, gzip_match.c, gzip_code.c) ----------------------------------------
 */

/* A literal has distance 0. */
struct tacit_gzip_token {
	uint16_t value; /* the byte, or the length of a match */
	uint16_t distance;
};

struct tacit_gzip_match {
	uint32_t len, distance;
};

/* About 400 KiB: keep it off the stack. */
struct tacit_gzip_write {
	tacit_gzip_put *put;
	void *user;
	struct tacit_crc32 crc;
	uint64_t size; /* of the input */
	/* What was read lately, and what is still to be looked at. */
	uint8_t room[TACIT_GZIP_ROOM];
	uint32_t base;   /* where in the input room[0] stands, modulo 2^32, as all places here */
	size_t at, have; /* in `room` */
	uint32_t newest[1u << TACIT_GZIP_HASH_BITS]; /* last place with a hash, plus 1 */
	uint32_t older[TACIT_GZIP_WINDOW];           /* the one before it */
	bool has_next;                               /* the match at `at` is known */
	struct tacit_gzip_match next;
	size_t count;
	struct tacit_gzip_token token[TACIT_GZIP_TOKENS];
	uint64_t bits;
	unsigned bit_count;
	uint8_t out[TACIT_GZIP_OUT];
	size_t out_len;
	enum tacit_status st;
	struct tacit_error *err;
};

void tacit_gzip_write_init(struct tacit_gzip_write *w, tacit_gzip_put *put, void *user);
TACIT_MUST_CHECK enum tacit_status tacit_gzip_write_update(struct tacit_gzip_write *w,
							   struct tacit_slice bytes,
							   struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_gzip_write_final(struct tacit_gzip_write *w,
							  struct tacit_error *err);

/* The longest match at `at`; no match has length 0. */
struct tacit_gzip_match tacit_gzip_match_find(const struct tacit_gzip_write *w, size_t at);
void tacit_gzip_match_insert(struct tacit_gzip_write *w, size_t at);

/*
 * Code lengths of at most `max` bits for how often each of `count` symbols occurs, 0 for those that
 * do not, and never less than two codes; then the codes, first bit lowest.
 */
void tacit_gzip_code_lengths(const uint32_t *often, size_t count, unsigned max, uint8_t *ret);
void tacit_gzip_code_words(const uint8_t *lengths, size_t count, uint16_t *ret);

/* For reading: codes of `count` lengths; false when they are none [RFC 1951 3.2.7]. */
struct tacit_gzip_table {
	uint16_t fast[1u << TACIT_GZIP_FAST_BITS]; /* symbol << 4 | length; 0: look further */
	uint16_t count[TACIT_GZIP_CODE_MAX + 1];   /* codes of each length */
	uint16_t symbol[TACIT_GZIP_LITERALS];      /* by length, then by value */
};
bool tacit_gzip_table_make(struct tacit_gzip_table *table, const uint8_t *lengths, size_t count);
/* The symbol whose code these bits begin with, and its length; 0 when there is none. */
unsigned tacit_gzip_table_find(const struct tacit_gzip_table *table, uint64_t bits,
			       unsigned *ret_symbol);

/* ---- lengths and distances (gzip_code.c) [RFC 1951 3.2.5] ------------------------------------ */

extern const uint16_t tacit_gzip_length_base[29];
extern const uint8_t tacit_gzip_length_extra[29];
extern const uint16_t tacit_gzip_distance_base[TACIT_GZIP_DISTANCES];
extern const uint8_t tacit_gzip_distance_extra[TACIT_GZIP_DISTANCES];
/* The order in which a block has the lengths of the code of its lengths. */
extern const uint8_t tacit_gzip_order[19];

/* ---- reading (gzip_read.c) ------------------------------------------------------ */

enum tacit_gzip_state {
	TACIT_GZIP_HEAD,
	TACIT_GZIP_EXTRA_LEN,
	TACIT_GZIP_EXTRA,
	TACIT_GZIP_NAME,
	TACIT_GZIP_COMMENT,
	TACIT_GZIP_HEAD_CRC,
	TACIT_GZIP_BLOCK,
	TACIT_GZIP_STORED_LEN,
	TACIT_GZIP_STORED,
	TACIT_GZIP_COUNTS,
	TACIT_GZIP_CODE_LENGTHS,
	TACIT_GZIP_LENGTHS,
	TACIT_GZIP_SYMBOLS,
	TACIT_GZIP_TRAILER,
	TACIT_GZIP_DONE,
};

/* About 60 KiB. */
struct tacit_gzip_read {
	tacit_gzip_put *put;
	void *user;
	enum tacit_gzip_state state;
	uint8_t flags; /* of the head */
	bool last;     /* block */
	uint64_t taken, given;
	uint64_t bits;
	unsigned bit_count;
	uint32_t left;                       /* of an extra field, or of a stored block */
	unsigned literals, distances, codes; /* how many lengths a block has */
	unsigned have;                       /* of them */
	uint8_t lengths[TACIT_GZIP_LITERALS + 32];
	bool has_fixed; /* the tables are those of blocks without codes */
	struct tacit_gzip_table literal, distance;
	struct tacit_crc32 crc;
	uint8_t window[TACIT_GZIP_WINDOW];
	size_t flushed; /* of the window, which is given on when it is full */
};

void tacit_gzip_read_init(struct tacit_gzip_read *r, tacit_gzip_put *put, void *user);
/*
 * Takes bytes up to the end of the member; *ret_used says how many. Errors: TACIT_FORMAT,
 * TACIT_LIMIT for what grows too much, what `put` says.
 */
TACIT_MUST_CHECK enum tacit_status tacit_gzip_read_update(struct tacit_gzip_read *r,
							  struct tacit_slice bytes,
							  size_t *ret_used,
							  struct tacit_error *err);
static inline bool tacit_gzip_read_ended(const struct tacit_gzip_read *r)
{
	return r->state == TACIT_GZIP_DONE;
}

#endif
