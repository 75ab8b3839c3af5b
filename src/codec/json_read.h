/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_JSON_READ_H
#define TACIT_CODEC_JSON_READ_H

/*
 * A pull reader of JSON [RFC 8259] for evidence and what vouches for it: in place, without
 * allocation, recursion or a tree, so that signed bytes stay the received bytes [ADR 8].
 *
 *     struct tacit_json_read j = tacit_json_read_of(text);
 *     struct tacit_slice name;
 *
 *     tacit_json_read_object(&j);
 *     while (tacit_json_read_member(&j, &name)) {
 *             if (tacit_slice_eq(name, tacit_slice_str("version")))
 *                     version = tacit_json_read_uint(&j, 255);
 *             else
 *                     tacit_json_read_skip(&j);
 *     }
 *     status = tacit_json_read_finish(&j, "thing", err);
 *
 * Strict: a member's name twice in one object, an escape in a name, text that is not UTF-8, raw
 * control characters, lone surrogates, U+0000, nesting over TACIT_JSON_READ_NESTING_MAX and bytes
 * behind the value are refused, also in values that are skipped. A failed read marks the reader
 * bad; later reads give zeros and loops end, so that it is judged once, at the end.
 */

#include "base/error.h"
#include "tacit/arena.h"
#include "tacit/bytes.h"

#define TACIT_JSON_READ_NESTING_MAX 32
#define TACIT_JSON_READ_NAMES_MAX   128 /* members of all objects that are open at one time */

enum tacit_json_kind {
	TACIT_JSON_END, /* no value here, or the reader is bad */
	TACIT_JSON_OBJECT,
	TACIT_JSON_ARRAY,
	TACIT_JSON_STRING,
	TACIT_JSON_NUMBER,
	TACIT_JSON_BOOL,
	TACIT_JSON_NULL,
};

struct tacit_json_read {
	struct tacit_slice in;
	size_t at;
	const char *why; /* first complaint; NULL while good */
	bool full;       /* the complaint is about an arena */
	unsigned depth;
	uint32_t objects; /* bit n: the container at depth n + 1 is an object */
	bool first;       /* the innermost container has given nothing yet */
	uint8_t base[TACIT_JSON_READ_NESTING_MAX]; /* where its names begin, by depth */
	unsigned name_count;
	struct {
		uint32_t at, len;
	} names[TACIT_JSON_READ_NAMES_MAX];
};

/* A text over 4 GiB is refused. */
struct tacit_json_read tacit_json_read_of(struct tacit_slice in);

/* What the next value is; where a value is due, its first byte is at `at` afterwards. */
enum tacit_json_kind tacit_json_read_peek(struct tacit_json_read *j);

/* Enters an object or array, which must come next. */
void tacit_json_read_object(struct tacit_json_read *j);
void tacit_json_read_array(struct tacit_json_read *j);

/* The name of the next member, whose value comes next; false at the end, which is left then. */
bool tacit_json_read_member(struct tacit_json_read *j, struct tacit_slice *ret_name);
/* Whether another item comes next; false at the end of the array, which is left then. */
bool tacit_json_read_item(struct tacit_json_read *j);
/* Items of the array that comes next, which is not read. */
size_t tacit_json_read_count(const struct tacit_json_read *j);

/* A string in place; one with an escape is refused. */
struct tacit_slice tacit_json_read_string(struct tacit_json_read *j);
/* Any string: in place, or in the arena when it has escapes. */
struct tacit_slice tacit_json_read_text(struct tacit_json_read *j, struct tacit_arena *arena);
/* A string of exactly 2 * len hex digits of either case. */
void tacit_json_read_hex(struct tacit_json_read *j, uint8_t *ret, size_t len);
/* An integer of 0..max, without sign, fraction or exponent. */
uint64_t tacit_json_read_uint(struct tacit_json_read *j, uint64_t max);
bool tacit_json_read_bool(struct tacit_json_read *j);

/* Checks and passes over the next value, of any kind; its bytes, as received. */
struct tacit_slice tacit_json_read_skip(struct tacit_json_read *j);
/* The bytes from `start` (an `at` after _peek) to here, as received. */
struct tacit_slice tacit_json_read_since(const struct tacit_json_read *j, size_t start);

void tacit_json_read_reject(struct tacit_json_read *j, const char *why);
/* The caller's arena is full. */
void tacit_json_read_full(struct tacit_json_read *j);

/* Errors: TACIT_FORMAT with the first complaint, also when not all was read; TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status
tacit_json_read_finish(struct tacit_json_read *j, const char *where, struct tacit_error *err);

#endif
