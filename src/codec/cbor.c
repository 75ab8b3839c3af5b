/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include "codec/cbor_walk.h"
#include "codec/utf8.h"

#define BREAK_BYTE      0xff
#define INFO_INDEFINITE 31

/* Compared by address in tacit_cbor_finish: the one complaint that is about a limit. */
static const char TOO_DEEP[] = "nested too deep";
static const char TOO_SHORT[] = "input ends too early";

struct tacit_cbor tacit_cbor_of(struct tacit_slice in, enum tacit_cbor_rules rules)
{
	struct tacit_cbor c = { rd_of(in), rules, NULL };

	return c;
}

void tacit_cbor_complain(struct tacit_cbor *c, size_t at, const char *why)
{
	if (c->r.bad)
		return;
	c->r.bad = true;
	c->r.at = at;
	c->why = why;
}

void tacit_cbor_reject(struct tacit_cbor *c, const char *why)
{
	tacit_cbor_complain(c, c->r.at, why);
}

enum tacit_cbor_type tacit_cbor_peek(const struct tacit_cbor *c)
{
	static const enum tacit_cbor_type TYPES[] = {
		TACIT_CBOR_UINT,  TACIT_CBOR_NINT, TACIT_CBOR_BYTES, TACIT_CBOR_TEXT,
		TACIT_CBOR_ARRAY, TACIT_CBOR_MAP,  TACIT_CBOR_TAG,   TACIT_CBOR_SIMPLE,
	};

	if (rd_left(&c->r) == 0)
		return TACIT_CBOR_NONE;
	uint8_t first = c->r.in.ptr[c->r.at];
	if (first == BREAK_BYTE)
		return TACIT_CBOR_BREAK;
	if (first >= 0xf9 && first <= 0xfb)
		return TACIT_CBOR_FLOAT;
	return TYPES[first >> 5];
}

/* What is wrong with a head that was read whole; NULL when nothing is. */
static const char *head_fault(const struct tacit_cbor_head *head, enum tacit_cbor_rules rules)
{
	/* [RFC 8949 4.2.1]: an argument uses the shortest form; indexed by info - 24. */
	static const uint64_t LEAST[] = { 24, 0x100, 0x10000, 0x100000000 };
	bool simple = head->major == TACIT_MAJOR_SIMPLE;

	if (head->info >= 28 && !head->indefinite)
		return "reserved additional information"; /* [RFC 8949 3] 28..30 */
	if (simple && head->info == 24 && head->value < 32)
		return "simple value below 32 in two bytes"; /* [RFC 8949 3.3] */
	if (head->indefinite && (head->major < TACIT_MAJOR_BYTES || head->major == TACIT_MAJOR_TAG))
		return "indefinite length on a type without a length";
	if (rules == TACIT_CBOR_LAX)
		return NULL;
	if (head->indefinite)
		return simple ? "break without an indefinite item" : "indefinite length";
	/* Our formats hold no floats, so no rule for their shortest form is needed. */
	if (simple && head->info >= 25)
		return "floating-point number";
	if (!simple && head->info >= 24 && head->value < LEAST[head->info - 24])
		return "number not in its shortest form";
	return NULL;
}

/*
 * All zero when the cursor is or goes bad. Inline and without a struct to return: half the time of
 * reading a document went into copying heads.
 */
static inline void take_head(struct tacit_cbor *c, struct tacit_cbor_head *ret)
{
	static const struct tacit_cbor_head NOTHING;
	size_t at = c->r.at;
	uint8_t first = rd_u8(&c->r);

	ret->at = at;
	ret->major = (enum tacit_cbor_major)(first >> 5);
	ret->info = first & 31;
	ret->indefinite = ret->info == INFO_INDEFINITE;
	ret->value = ret->info;
	if (ret->info >= 24)
		ret->value = 0;
	if (ret->info >= 24 && ret->info <= 27)
		ret->value = rd_be(&c->r, (size_t)1 << (ret->info - 24));
	if (c->r.bad) {
		if (!c->why)
			c->why = TOO_SHORT;
		*ret = NOTHING;
		return;
	}
	const char *fault = head_fault(ret, c->rules);
	if (fault) {
		tacit_cbor_complain(c, at, fault);
		*ret = NOTHING;
	}
}

struct tacit_cbor_head tacit_cbor_take_head(struct tacit_cbor *c)
{
	struct tacit_cbor_head head;

	take_head(c, &head);
	return head;
}

struct tacit_slice tacit_cbor_take_string(struct tacit_cbor *c, const struct tacit_cbor_head *head)
{
	struct tacit_slice none = { NULL, 0 };

	if (c->r.bad)
		return none;
	if (head->value > rd_left(&c->r)) {
		tacit_cbor_complain(c, head->at, TOO_SHORT);
		return none;
	}
	/* Not rd_take: an empty string is there, and so has a non-NULL pointer. */
	struct tacit_slice s = tacit_slice_of(c->r.in.ptr + c->r.at, (size_t)head->value);
	if (head->major == TACIT_MAJOR_TEXT && !tacit_utf8_valid(s)) {
		tacit_cbor_complain(c, head->at, "text is not UTF-8");
		return none;
	}
	rd_skip(&c->r, s.len);
	return s;
}

/* A head of the wanted type, or all zero and a bad cursor. */
static void take_typed(struct tacit_cbor *c, enum tacit_cbor_type type, struct tacit_cbor_head *ret)
{
	static const char *const EXPECTED[] = {
		[TACIT_CBOR_UINT] = "not an unsigned number",
		[TACIT_CBOR_NINT] = "not a number",
		[TACIT_CBOR_BYTES] = "not a byte string",
		[TACIT_CBOR_TEXT] = "not a text string",
		[TACIT_CBOR_ARRAY] = "not an array",
		[TACIT_CBOR_MAP] = "not a map",
		[TACIT_CBOR_TAG] = "not a tag",
		[TACIT_CBOR_SIMPLE] = "not true or false",
	};
	enum tacit_cbor_type next = tacit_cbor_peek(c);

	if (next != type)
		tacit_cbor_reject(c, next == TACIT_CBOR_NONE ? TOO_SHORT : EXPECTED[type]);
	take_head(c, ret);
}

uint64_t tacit_cbor_uint(struct tacit_cbor *c)
{
	struct tacit_cbor_head head;

	take_typed(c, TACIT_CBOR_UINT, &head);
	return head.value;
}

int64_t tacit_cbor_int(struct tacit_cbor *c)
{
	bool negative = tacit_cbor_peek(c) != TACIT_CBOR_UINT;
	struct tacit_cbor_head head;

	take_typed(c, negative ? TACIT_CBOR_NINT : TACIT_CBOR_UINT, &head);
	if (c->r.bad)
		return 0;
	if (head.value > INT64_MAX) {
		tacit_cbor_complain(c, head.at, "number beyond 64 bits with sign");
		return 0;
	}
	return negative ? -1 - (int64_t)head.value : (int64_t)head.value;
}

static struct tacit_slice take_string(struct tacit_cbor *c, enum tacit_cbor_type type)
{
	struct tacit_cbor_head head;

	take_typed(c, type, &head);
	if (head.indefinite)
		tacit_cbor_complain(c, head.at, "string in chunks");
	return tacit_cbor_take_string(c, &head);
}

struct tacit_slice tacit_cbor_bytes(struct tacit_cbor *c)
{
	return take_string(c, TACIT_CBOR_BYTES);
}

struct tacit_slice tacit_cbor_text(struct tacit_cbor *c)
{
	return take_string(c, TACIT_CBOR_TEXT);
}

bool tacit_cbor_bool(struct tacit_cbor *c)
{
	struct tacit_cbor_head head;

	take_typed(c, TACIT_CBOR_SIMPLE, &head);
	if (head.value != 20 && head.value != 21)
		tacit_cbor_complain(c, head.at, "not true or false");
	return !c->r.bad && head.value == 21;
}

bool tacit_cbor_null(struct tacit_cbor *c)
{
	if (rd_left(&c->r) == 0 || c->r.in.ptr[c->r.at] != 0xf6)
		return false;
	rd_skip(&c->r, 1);
	return true;
}

uint64_t tacit_cbor_tag(struct tacit_cbor *c)
{
	struct tacit_cbor_head head;

	take_typed(c, TACIT_CBOR_TAG, &head);
	return head.value;
}

/* Refuses a count that the rest of the input cannot hold, each item being one byte or more. */
static void check_count(struct tacit_cbor *c, const struct tacit_cbor_head *head)
{
	size_t least = head->major == TACIT_MAJOR_MAP ? 2 : 1;

	if (!head->indefinite && head->value > rd_left(&c->r) / least)
		tacit_cbor_complain(c, head->at, "more elements than the input holds");
}

static uint64_t take_count(struct tacit_cbor *c, enum tacit_cbor_type type)
{
	struct tacit_cbor_head head;

	take_typed(c, type, &head);
	check_count(c, &head);
	if (c->r.bad)
		return 0;
	return head.indefinite ? TACIT_CBOR_INDEFINITE : head.value;
}

uint64_t tacit_cbor_array(struct tacit_cbor *c)
{
	return take_count(c, TACIT_CBOR_ARRAY);
}

uint64_t tacit_cbor_map(struct tacit_cbor *c)
{
	return take_count(c, TACIT_CBOR_MAP);
}

bool tacit_cbor_at_break(struct tacit_cbor *c)
{
	enum tacit_cbor_type next = tacit_cbor_peek(c);

	if (next == TACIT_CBOR_NONE)
		tacit_cbor_reject(c, TOO_SHORT);
	if (next == TACIT_CBOR_BREAK)
		(void)tacit_cbor_take_head(c);
	return c->r.bad || next == TACIT_CBOR_BREAK;
}

void tacit_cbor_key_check(struct tacit_cbor *c, struct tacit_cbor_keys *keys,
			  struct tacit_slice key_bytes)
{
	struct tacit_slice last = keys->last;
	size_t common = last.len < key_bytes.len ? last.len : key_bytes.len;
	int order = common ? memcmp(last.ptr, key_bytes.ptr, common) : 0;

	if (c->r.bad)
		return;
	if (order == 0)
		order = last.len < key_bytes.len ? -1 : last.len > key_bytes.len;
	if (order == 0 && last.len)
		tacit_cbor_reject(c, "duplicate map key");
	else if (order > 0 && c->rules == TACIT_CBOR_STRICT)
		tacit_cbor_reject(c, "map keys out of order");
	keys->last = key_bytes;
}

void tacit_cbor_walk_init(struct tacit_cbor_walk *walk, struct tacit_cbor *c)
{
	static const struct tacit_cbor_level WHOLE = { .major = TACIT_MAJOR_TAG, .total = 1 };

	walk->c = c;
	walk->depth = 0;
	walk->level[0] = WHOLE;
}

/* An item of the top level is complete: count it, and judge it when it was a key. */
static void count_item(struct tacit_cbor_walk *walk)
{
	struct tacit_cbor_level *top = &walk->level[walk->depth];
	struct tacit_cbor *c = walk->c;

	if (top->major == TACIT_MAJOR_MAP && top->done % 2 == 0 && c->rules == TACIT_CBOR_STRICT &&
	    !c->r.bad) {
		struct tacit_slice key =
			tacit_slice_of(c->r.in.ptr + top->key_at, c->r.at - top->key_at);

		tacit_cbor_key_check(c, &top->keys, key);
	}
	top->done++;
}

/* True when the top level holds all its items; takes its break. */
static bool at_level_end(struct tacit_cbor_walk *walk)
{
	struct tacit_cbor_level *top = &walk->level[walk->depth];

	if (!top->indefinite)
		return top->done == top->total;
	if (tacit_cbor_peek(walk->c) == TACIT_CBOR_BREAK && top->major == TACIT_MAJOR_MAP &&
	    top->done % 2)
		tacit_cbor_reject(walk->c, "map key without a value");
	return tacit_cbor_at_break(walk->c);
}

static void open_level(struct tacit_cbor_walk *walk)
{
	const struct tacit_cbor_head *head = &walk->head;
	struct tacit_cbor_level level = { .major = head->major, .indefinite = head->indefinite };

	if (walk->depth == TACIT_NESTING_MAX) {
		tacit_cbor_complain(walk->c, head->at, TOO_DEEP);
		return;
	}
	level.total = head->value;
	if (head->major == TACIT_MAJOR_TAG)
		level.total = 1;
	else
		check_count(walk->c, head);
	if (head->major == TACIT_MAJOR_MAP && !walk->c->r.bad)
		level.total *= 2; /* no overflow: the count is at most half the input's length */
	walk->level[++walk->depth] = level;
}

/* Only whole strings of the same type may be chunks [RFC 8949 3.2.3]; no break may stray. */
static void check_place(struct tacit_cbor_walk *walk)
{
	const struct tacit_cbor_level *top = &walk->level[walk->depth];
	const struct tacit_cbor_head *head = &walk->head;
	bool in_string = top->major == TACIT_MAJOR_BYTES || top->major == TACIT_MAJOR_TEXT;

	if (head->major == TACIT_MAJOR_SIMPLE && head->indefinite)
		tacit_cbor_complain(walk->c, head->at, "break without an indefinite item");
	if (in_string && (head->major != top->major || head->indefinite))
		tacit_cbor_complain(walk->c, head->at, "chunk of another kind");
}

enum tacit_cbor_event tacit_cbor_walk_next(struct tacit_cbor_walk *walk)
{
	struct tacit_cbor *c = walk->c;
	enum tacit_cbor_event event = TACIT_CBOR_LEAF;

	if (at_level_end(walk)) {
		if (c->r.bad || walk->depth == 0)
			return TACIT_CBOR_END;
		walk->depth--;
		count_item(walk);
		return c->r.bad ? TACIT_CBOR_END : TACIT_CBOR_CLOSE;
	}
	walk->level[walk->depth].key_at = c->r.at;
	walk->head = tacit_cbor_take_head(c);
	check_place(walk);
	if (c->r.bad)
		return TACIT_CBOR_END;
	bool string = walk->head.major == TACIT_MAJOR_BYTES || walk->head.major == TACIT_MAJOR_TEXT;
	if (string && !walk->head.indefinite) {
		walk->string = tacit_cbor_take_string(c, &walk->head);
		count_item(walk);
	} else if (string ||
		   (walk->head.major >= TACIT_MAJOR_ARRAY && walk->head.major <= TACIT_MAJOR_TAG)) {
		open_level(walk);
		event = TACIT_CBOR_OPEN;
	} else {
		count_item(walk);
	}
	return c->r.bad ? TACIT_CBOR_END : event;
}

struct tacit_slice tacit_cbor_item(struct tacit_cbor *c)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_cbor_walk walk;
	size_t start = c->r.at;

	tacit_cbor_walk_init(&walk, c);
	while (tacit_cbor_walk_next(&walk) != TACIT_CBOR_END)
		continue;
	return c->r.bad ? none : tacit_slice_of(c->r.in.ptr + start, c->r.at - start);
}

enum tacit_status tacit_cbor_finish(const struct tacit_cbor *c, const char *where,
				    struct tacit_error *err)
{
	if (c->r.bad)
		return tacit_fail(err, c->why == TOO_DEEP ? TACIT_LIMIT : TACIT_FORMAT, where,
				  c->r.at, "%s", c->why ? c->why : TOO_SHORT);
	return rd_finish(&c->r, where, err);
}

enum tacit_status tacit_cbor_check(struct tacit_slice in, enum tacit_cbor_rules rules,
				   struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, rules);

	(void)tacit_cbor_item(&c);
	return tacit_cbor_finish(&c, "cbor", err);
}
