/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_read.h"

#include "base/hex.h"
#include "codec/utf8.h"

struct tacit_json_read tacit_json_read_of(struct tacit_slice in)
{
	struct tacit_json_read j = { .in = in };

	if (in.len > UINT32_MAX)
		j.why = "too long";
	return j;
}

void tacit_json_read_reject(struct tacit_json_read *j, const char *why)
{
	if (!j->why)
		j->why = why;
}

void tacit_json_read_full(struct tacit_json_read *j)
{
	j->full |= !j->why;
	tacit_json_read_reject(j, "the arena is full");
}

/* The byte at `at`, or 0, which no JSON text has outside of faults. */
static uint8_t here(const struct tacit_json_read *j)
{
	return !j->why && j->at < j->in.len ? j->in.ptr[j->at] : 0;
}

static void skip_space(struct tacit_json_read *j)
{
	for (;;) {
		uint8_t c = here(j);

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
		j->at++;
	}
}

static bool take(struct tacit_json_read *j, uint8_t c)
{
	skip_space(j);
	if (here(j) != c || j->why)
		return false;
	j->at++;
	return true;
}

enum tacit_json_kind tacit_json_read_peek(struct tacit_json_read *j)
{
	skip_space(j);
	uint8_t c = here(j);

	if (c == '{')
		return TACIT_JSON_OBJECT;
	if (c == '[')
		return TACIT_JSON_ARRAY;
	if (c == '"')
		return TACIT_JSON_STRING;
	if (c == '-' || (c >= '0' && c <= '9'))
		return TACIT_JSON_NUMBER;
	if (c == 't' || c == 'f')
		return TACIT_JSON_BOOL;
	return c == 'n' ? TACIT_JSON_NULL : TACIT_JSON_END;
}

static void enter(struct tacit_json_read *j, bool object)
{
	if (!take(j, object ? '{' : '[')) {
		tacit_json_read_reject(j, object ? "not an object" : "not an array");
		return;
	}
	if (j->depth == TACIT_JSON_READ_NESTING_MAX) {
		tacit_json_read_reject(j, "nested too deeply");
		return;
	}
	uint32_t bit = UINT32_C(1) << j->depth;
	j->objects = object ? j->objects | bit : j->objects & ~bit;
	j->base[j->depth++] = (uint8_t)j->name_count;
	j->first = true;
}

void tacit_json_read_object(struct tacit_json_read *j)
{
	enter(j, true);
}

void tacit_json_read_array(struct tacit_json_read *j)
{
	enter(j, false);
}

static bool in_object(const struct tacit_json_read *j)
{
	return j->depth > 0 && (j->objects >> (j->depth - 1) & 1);
}

/* Goes on to the next element of the innermost container, or leaves it. */
static bool advance(struct tacit_json_read *j, bool object)
{
	if (j->why || j->depth == 0 || in_object(j) != object) {
		tacit_json_read_reject(j, "read out of order");
		return false;
	}
	if (take(j, object ? '}' : ']')) {
		j->name_count = j->base[--j->depth];
		j->first = false;
		return false;
	}
	if (!j->first && !take(j, ','))
		tacit_json_read_reject(j, "no comma between two elements, or an end too early");
	j->first = false;
	return !j->why;
}

static unsigned hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* The code unit of \uXXXX at `at`, which passes it; above 0xffff when it is none. */
static uint32_t code_unit(struct tacit_slice text, size_t *at)
{
	uint32_t unit = 0;

	if (text.len - *at < 6 || text.ptr[*at] != '\\' || text.ptr[*at + 1] != 'u')
		return UINT32_MAX;
	for (size_t i = 2; i < 6; i++) {
		unsigned digit = hex_digit(text.ptr[*at + i]);

		if (digit > 15)
			return UINT32_MAX;
		unit = unit << 4 | digit;
	}
	*at += 6;
	return unit;
}

/* The character of the escape at `at`, which passes it; 0 when it is none we take. */
static uint32_t escape(struct tacit_slice text, size_t *at)
{
	static const char NAMES[] = "\"\\/bfnrt", CHARS[] = "\"\\/\b\f\n\r\t";

	if (text.len - *at < 2)
		return 0;
	uint8_t c = text.ptr[*at + 1];
	if (c != 'u') {
		const char *found = c ? strchr(NAMES, c) : NULL;

		*at += 2;
		return found ? (uint8_t)CHARS[found - NAMES] : 0;
	}
	uint32_t high = code_unit(text, at);
	if (high > 0xffff || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	if (high < 0xd800 || high > 0xdbff)
		return high;
	uint32_t low = code_unit(text, at);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Passes over the string that comes next: what stands between its quotes, checked. */
static struct tacit_slice scan_string(struct tacit_json_read *j, bool *ret_escaped)
{
	struct tacit_slice none = { NULL, 0 };

	*ret_escaped = false;
	if (!take(j, '"')) {
		tacit_json_read_reject(j, "not a string");
		return none;
	}
	size_t start = j->at;
	while (here(j) != '"') {
		uint8_t c = here(j);
		uint32_t point;

		if (c == '\\') {
			*ret_escaped = true;
			if (escape(j->in, &j->at) == 0)
				tacit_json_read_reject(j, "an escape that stands for nothing");
		} else if (c < 0x20) {
			tacit_json_read_reject(j,
					       "a string without end or with a control character");
		} else if (c < 0x80) {
			j->at++;
		} else {
			size_t step = tacit_utf8_step(j->in, j->at, &point);

			j->at += step;
			if (step == 0)
				tacit_json_read_reject(j, "not UTF-8");
		}
		if (j->why)
			return none;
	}
	return tacit_slice_of(j->in.ptr + start, j->at++ - start);
}

static bool seen_before(const struct tacit_json_read *j, struct tacit_slice name)
{
	for (unsigned i = j->base[j->depth - 1]; i < j->name_count; i++)
		if (tacit_slice_eq(tacit_slice_of(j->in.ptr + j->names[i].at, j->names[i].len),
				   name))
			return true;
	return false;
}

bool tacit_json_read_member(struct tacit_json_read *j, struct tacit_slice *ret_name)
{
	bool escaped;

	if (!advance(j, true))
		return false;
	struct tacit_slice name = scan_string(j, &escaped);
	if (escaped)
		tacit_json_read_reject(j, "an escape in a member's name");
	if (!j->why && seen_before(j, name))
		tacit_json_read_reject(j, "a member twice");
	if (j->name_count == TACIT_JSON_READ_NAMES_MAX)
		tacit_json_read_reject(j, "too many members");
	if (!take(j, ':'))
		tacit_json_read_reject(j, "no colon behind a member's name");
	if (j->why)
		return false;
	j->names[j->name_count].at = (uint32_t)(name.ptr - j->in.ptr);
	j->names[j->name_count++].len = (uint32_t)name.len;
	*ret_name = name;
	return true;
}

bool tacit_json_read_item(struct tacit_json_read *j)
{
	return advance(j, false);
}

size_t tacit_json_read_count(const struct tacit_json_read *j)
{
	struct tacit_json_read ahead = *j;
	size_t count = 0;

	tacit_json_read_array(&ahead);
	while (tacit_json_read_item(&ahead)) {
		tacit_json_read_skip(&ahead);
		count++;
	}
	return ahead.why ? 0 : count;
}

struct tacit_slice tacit_json_read_string(struct tacit_json_read *j)
{
	struct tacit_slice none = { NULL, 0 };
	bool escaped;

	struct tacit_slice text = scan_string(j, &escaped);
	if (escaped)
		tacit_json_read_reject(j, "an escape where none belongs");
	return j->why ? none : text;
}

static size_t put_utf8(uint8_t *out, uint32_t point)
{
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (uint8_t)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	out[0] = (uint8_t)((0xf0u << (4 - len)) | point);
	return len;
}

struct tacit_slice tacit_json_read_text(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };
	bool escaped;
	size_t len = 0;

	struct tacit_slice text = scan_string(j, &escaped);
	if (j->why || !escaped)
		return j->why ? none : text;
	/* No escape is shorter than what it stands for. */
	uint8_t *out = tacit_arena_alloc(arena, text.len);
	if (!out) {
		tacit_json_read_full(j);
		return none;
	}
	for (size_t at = 0; at < text.len;) {
		if (text.ptr[at] == '\\')
			len += put_utf8(out + len, escape(text, &at));
		else
			out[len++] = text.ptr[at++];
	}
	return tacit_slice_of(out, len);
}

void tacit_json_read_hex(struct tacit_json_read *j, uint8_t *ret, size_t len)
{
	struct tacit_slice text = tacit_json_read_string(j);
	size_t got;

	if (!j->why &&
	    (text.len != 2 * len || !tacit_hex_decode(text, tacit_mut_of(ret, len), &got)))
		tacit_json_read_reject(j, "not the right number of hex digits");
}

uint64_t tacit_json_read_uint(struct tacit_json_read *j, uint64_t max)
{
	skip_space(j);
	size_t start = j->at;
	uint64_t value = 0;

	for (; here(j) >= '0' && here(j) <= '9'; j->at++) {
		uint64_t digit = (uint64_t)(here(j) - '0');

		if (value > (max - digit) / 10 || digit > max)
			tacit_json_read_reject(j, "a number out of range");
		else
			value = value * 10 + digit;
	}
	size_t digits = j->at - start;
	uint8_t next = here(j);
	if (digits == 0 || next == '.' || next == 'e' || next == 'E')
		tacit_json_read_reject(j, "not an unsigned integer");
	else if (digits > 1 && j->in.ptr[start] == '0')
		tacit_json_read_reject(j, "a number with leading zeros");
	return j->why ? 0 : value;
}

static bool take_word(struct tacit_json_read *j, const char *word)
{
	size_t len = strlen(word);

	skip_space(j);
	if (j->why || j->in.len - j->at < len || memcmp(j->in.ptr + j->at, word, len) != 0)
		return false;
	j->at += len;
	return true;
}

bool tacit_json_read_bool(struct tacit_json_read *j)
{
	if (take_word(j, "true"))
		return true;
	if (!take_word(j, "false"))
		tacit_json_read_reject(j, "neither true nor false");
	return false;
}

static size_t skip_digits(struct tacit_json_read *j)
{
	size_t start = j->at;

	while (here(j) >= '0' && here(j) <= '9')
		j->at++;
	return j->at - start;
}

/* Any number of the grammar [RFC 8259 6]: what it says is nobody's concern. */
static void skip_number(struct tacit_json_read *j)
{
	if (here(j) == '-')
		j->at++;
	bool zero = here(j) == '0';
	size_t digits = skip_digits(j);
	bool good = digits > 0 && !(zero && digits > 1);
	if (here(j) == '.') {
		j->at++;
		good &= skip_digits(j) > 0;
	}
	if (here(j) == 'e' || here(j) == 'E') {
		j->at++;
		if (here(j) == '+' || here(j) == '-')
			j->at++;
		good &= skip_digits(j) > 0;
	}
	if (!good)
		tacit_json_read_reject(j, "not a number");
}

/* Passes over a scalar or enters a container. */
static void step_into(struct tacit_json_read *j)
{
	bool escaped;

	switch (tacit_json_read_peek(j)) {
	case TACIT_JSON_OBJECT:
		enter(j, true);
		break;
	case TACIT_JSON_ARRAY:
		enter(j, false);
		break;
	case TACIT_JSON_STRING:
		(void)scan_string(j, &escaped);
		break;
	case TACIT_JSON_NUMBER:
		skip_number(j);
		break;
	case TACIT_JSON_BOOL:
		(void)tacit_json_read_bool(j);
		break;
	case TACIT_JSON_NULL:
		if (!take_word(j, "null"))
			tacit_json_read_reject(j, "not a value");
		break;
	case TACIT_JSON_END:
		tacit_json_read_reject(j, "no value where one is due");
		break;
	}
}

struct tacit_slice tacit_json_read_skip(struct tacit_json_read *j)
{
	unsigned outside = j->depth;
	struct tacit_slice name;

	skip_space(j);
	size_t start = j->at;
	step_into(j);
	while (!j->why && j->depth > outside) {
		bool more =
			in_object(j) ? tacit_json_read_member(j, &name) : tacit_json_read_item(j);
		if (more)
			step_into(j);
	}
	return tacit_json_read_since(j, start);
}

struct tacit_slice tacit_json_read_since(const struct tacit_json_read *j, size_t start)
{
	struct tacit_slice none = { NULL, 0 };

	if (j->why || start >= j->at)
		return none;
	return tacit_slice_of(j->in.ptr + start, j->at - start);
}

enum tacit_status tacit_json_read_finish(struct tacit_json_read *j, const char *where,
					 struct tacit_error *err)
{
	skip_space(j);
	if (!j->why && j->depth > 0)
		j->why = "read only in part";
	if (!j->why && j->at != j->in.len)
		j->why = "bytes behind the value";
	if (j->why)
		return tacit_fail(err, j->full ? TACIT_LIMIT : TACIT_FORMAT, where, j->at, "%s",
				  j->why);
	return TACIT_OK;
}
