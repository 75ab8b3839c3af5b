/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pem.h"

#define WHERE     "pem"
#define LABEL_MAX 64
#define LAST_MAX  (LABEL_MAX + 32) /* bytes of a closing line, and more */
#define NO_DIGIT  64

/* Values of the Base64 alphabet [RFC 4648 4]; NO_DIGIT for every other byte. */
static const uint8_t DIGITS[256] = {
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62,
	64, 64, 64, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64, 0,
	1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
	23, 24, 25, 64, 64, 64, 64, 64, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
	39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};

static const char BEGIN[] = "-----BEGIN ";
static const char END[] = "-----END ";
static const char DASHES[] = "-----";

/*
 * The text up to a NUL, as far as one stands in the `most` bytes from `at` on. Never the whole
 * rest: a text of many blocks would be searched to its end for each of them.
 */
static struct tacit_slice until_nul(struct tacit_slice text, size_t at, size_t most)
{
	size_t len = text.len - at < most ? text.len - at : most;
	const uint8_t *nul = len ? memchr(text.ptr + at, 0, len) : NULL;

	return nul ? tacit_slice_of(text.ptr, (size_t)(nul - text.ptr)) : text;
}

static bool starts_with(struct tacit_slice text, size_t at, const char *word)
{
	size_t len = strlen(word);

	return text.len - at >= len && memcmp(text.ptr + at, word, len) == 0;
}

/* Where the next line that opens a block begins; text.len when there is none. */
static size_t find_begin(struct tacit_slice text, size_t at)
{
	while (at < text.len) {
		if ((at == 0 || text.ptr[at - 1] == '\n') && starts_with(text, at, BEGIN))
			return at;
		const uint8_t *end = memchr(text.ptr + at, '\n', text.len - at);
		if (!end || memchr(text.ptr + at, 0, (size_t)(end - text.ptr) - at))
			break;
		at = (size_t)(end - text.ptr) + 1;
	}
	return text.len;
}

bool tacit_pem_looks(struct tacit_slice text)
{
	return find_begin(text, 0) < text.len;
}

/* Moves over a line's end; false when something else is there. The text's end will do. */
static bool skip_newline(struct tacit_slice text, size_t *at)
{
	if (text.len - *at >= 2 && text.ptr[*at] == '\r' && text.ptr[*at + 1] == '\n')
		*at += 2;
	else if (*at < text.len && text.ptr[*at] == '\n')
		*at += 1;
	else
		return *at == text.len;
	return true;
}

/* The words between "BEGIN" or "END" and the dashes that end its line; absent when broken. */
static struct tacit_slice take_label(struct tacit_slice text, size_t *at)
{
	struct tacit_slice none = { NULL, 0 };
	size_t start = *at, end = start;

	while (end < text.len && end - start < LABEL_MAX && text.ptr[end] >= ' ' &&
	       text.ptr[end] <= '~' && !starts_with(text, end, DASHES))
		end++;
	if (!starts_with(text, end, DASHES))
		return none;
	*at = end + strlen(DASHES);
	return skip_newline(text, at) ? tacit_slice_of(text.ptr + start, end - start) : none;
}

struct digits {
	uint8_t *out;
	size_t len;
	uint32_t held;  /* bits not written yet, in the low end */
	unsigned count; /* digits since the last whole group */
	unsigned pads;
};

static void put_digit(struct digits *d, unsigned digit)
{
	d->held = d->held << 6 | digit;
	if (++d->count < 4)
		return;
	d->out[d->len] = (uint8_t)(d->held >> 16);
	d->out[d->len + 1] = (uint8_t)(d->held >> 8);
	d->out[d->len + 2] = (uint8_t)d->held;
	d->len += 3;
	d->count = 0;
}

/* Whole groups, as far as they go without anything between: nearly all of a block. */
static void take_groups(struct tacit_slice text, size_t *at, struct digits *d)
{
	while (d->count == 0 && d->pads == 0 && text.len - *at >= 4) {
		const uint8_t *c = text.ptr + *at;
		uint32_t a = DIGITS[c[0]], b = DIGITS[c[1]], e = DIGITS[c[2]], f = DIGITS[c[3]];

		if ((a | b | e | f) & NO_DIGIT)
			break;
		uint32_t group = a << 18 | b << 12 | e << 6 | f;
		uint8_t *out = d->out + d->len;

		out[0] = (uint8_t)(group >> 16);
		out[1] = (uint8_t)(group >> 8);
		out[2] = (uint8_t)group;
		d->len += 3;
		*at += 4;
	}
}

/* Writes what a last, padded group holds: no bit may be left over [RFC 4648 3.5]. */
static bool end_digits(struct digits *d)
{
	if (d->count == 0)
		return d->pads == 0;
	if (d->count + d->pads != 4)
		return false;
	if (d->count == 3 && (d->held & 3) == 0) {
		d->out[d->len++] = (uint8_t)(d->held >> 10);
		d->out[d->len++] = (uint8_t)(d->held >> 2);
		return true;
	}
	if (d->count == 2 && (d->held & 15) == 0) {
		d->out[d->len++] = (uint8_t)(d->held >> 4);
		return true;
	}
	return false;
}

/* Decodes lines up to the dash that begins the closing line. */
static bool take_digits(struct tacit_slice text, size_t *at, struct digits *d)
{
	for (;;) {
		take_groups(text, at, d);
		if (*at >= text.len || text.ptr[*at] == '-')
			break;

		unsigned digit = DIGITS[text.ptr[*at]];

		if (digit != NO_DIGIT && d->pads == 0) {
			put_digit(d, digit);
			*at += 1;
		} else if (text.ptr[*at] == '=' && d->pads < 2) {
			d->pads++;
			*at += 1;
		} else if (!skip_newline(text, at)) {
			return false;
		}
	}
	return *at > 0 && text.ptr[*at - 1] == '\n' && end_digits(d);
}

static bool broken(struct tacit_error *err, size_t at, const char *why)
{
	tacit_fail(err, TACIT_FORMAT, WHERE, at, "%s", why);
	return false;
}

bool tacit_pem_next(struct tacit_slice text, size_t *at, struct tacit_arena *arena,
		    struct tacit_pem_block *ret, struct tacit_error *err)
{
	size_t begin = find_begin(text, *at), pos = begin + strlen(BEGIN);

	if (begin >= text.len)
		return false;

	struct tacit_slice label = take_label(text, &pos);
	if (!label.ptr)
		return broken(err, begin, "broken first line");

	/* As many lines as there are up to the next dash, which is in no digit. */
	const uint8_t *dash = pos < text.len ? memchr(text.ptr + pos, '-', text.len - pos) : NULL;
	size_t digits = dash ? (size_t)(dash - (text.ptr + pos)) : 0;
	struct tacit_slice words = until_nul(text, pos, digits + LAST_MAX);
	if (!dash || words.len < pos + digits)
		return broken(err, begin, "block without an end");

	size_t room = digits / 4 * 3 + 3;
	struct digits d = { .out = tacit_arena_alloc(arena, room) };

	if (!d.out) {
		tacit_fail(err, TACIT_LIMIT, WHERE, begin, "arena is full");
		return false;
	}
	if (!take_digits(words, &pos, &d))
		return broken(err, pos, "not base64");
	if (!starts_with(words, pos, END))
		return broken(err, pos, "broken last line");
	pos += strlen(END);
	if (!tacit_slice_eq(take_label(words, &pos), label))
		return broken(err, pos, "last line of another block");
	ret->label = label;
	ret->der = tacit_slice_of(d.out, d.len);
	*at = pos;
	return true;
}
