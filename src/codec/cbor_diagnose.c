/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cbor.h"

#include <stdio.h>

#include "codec/cbor_walk.h"
#include "codec/json.h"
#include "codec/utf8.h"

#define STRING_SHOWN 256 /* bytes of one string; the rest is counted */

static void put_number(struct writer *w, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	wr_text(w, text);
}

/* -1 - value, which 64 bits do not hold at the low end. */
static void put_negative(struct writer *w, uint64_t value)
{
	wr_u8(w, '-');
	if (value == UINT64_MAX)
		wr_text(w, "18446744073709551616");
	else
		put_number(w, value + 1);
}

static void put_cut(struct writer *w, size_t shown, size_t len)
{
	if (shown == len)
		return;
	wr_text(w, " / first ");
	put_number(w, shown);
	wr_text(w, " of ");
	put_number(w, len);
	wr_text(w, " bytes /");
}

static void put_hex(struct writer *w, struct tacit_slice bytes)
{
	static const char DIGITS[] = "0123456789abcdef";
	size_t shown = bytes.len < STRING_SHOWN ? bytes.len : STRING_SHOWN;

	wr_text(w, "h'");
	for (size_t i = 0; i < shown; i++) {
		wr_u8(w, (uint8_t)DIGITS[bytes.ptr[i] >> 4]);
		wr_u8(w, (uint8_t)DIGITS[bytes.ptr[i] & 15]);
	}
	wr_u8(w, '\'');
	put_cut(w, shown, bytes.len);
}

static void put_quoted(struct writer *w, struct tacit_slice text)
{
	size_t shown = 0;
	uint32_t point;

	while (shown < text.len && shown < STRING_SHOWN)
		shown += tacit_utf8_step(text, shown, &point); /* the walk has found it valid */
	tacit_json_put_string(w, tacit_slice_of(text.ptr, shown));
	put_cut(w, shown, text.len);
}

/* A half-precision number [RFC 8949 Appendix D] as the bits of a double. */
static uint64_t widen_half(uint64_t half)
{
	uint64_t sign = (half >> 15) << 63;
	uint64_t exponent = half >> 10 & 31;
	uint64_t fraction = half & 0x3ff;

	if (exponent == 31)
		return sign | (uint64_t)0x7ff << 52 | fraction << 42;
	if (exponent == 0) {
		if (fraction == 0)
			return sign;
		for (exponent = 1; !(fraction & 0x400); exponent--)
			fraction <<= 1; /* below zero it wraps, and the bias brings it back */
	}
	return sign | (exponent + 1023 - 15) << 52 | (fraction & 0x3ff) << 42;
}

static double float_value(const struct tacit_cbor_head *head)
{
	uint64_t bits = head->info == 25 ? widen_half(head->value) : head->value;
	double value;

	if (head->info == 26) {
		uint32_t single = (uint32_t)head->value;
		float f;

		memcpy(&f, &single, sizeof(f));
		return (double)f;
	}
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Enough digits to tell the value from its neighbours; always with a point or an exponent. */
static void put_float(struct writer *w, const struct tacit_cbor_head *head)
{
	static const int DIGITS[] = { 5, 9, 17 };
	double value = float_value(head);
	bool whole = true;
	char text[40];

	if (value != value) {
		wr_text(w, "NaN");
		return;
	}
	if (value - value != 0) {
		wr_text(w, value > 0 ? "Infinity" : "-Infinity");
		return;
	}
	snprintf(text, sizeof(text), "%.*g", DIGITS[head->info - 25], value);
	for (char *p = text; *p; p++) {
		bool digit = *p >= '0' && *p <= '9';

		if (!digit && *p != '-' && *p != '+' && *p != 'e')
			*p = '.'; /* the host's locale may write another mark */
		whole = whole && (digit || *p == '-');
	}
	wr_text(w, text);
	if (whole)
		wr_text(w, ".0");
}

static void put_simple(struct writer *w, const struct tacit_cbor_head *head)
{
	static const char *const NAMES[] = { "false", "true", "null", "undefined" };

	if (head->info >= 25) {
		put_float(w, head);
	} else if (head->value >= 20 && head->value <= 23) {
		wr_text(w, NAMES[head->value - 20]);
	} else {
		wr_text(w, "simple(");
		put_number(w, head->value);
		wr_u8(w, ')');
	}
}

static void put_leaf(struct writer *w, const struct tacit_cbor_walk *walk)
{
	switch (walk->head.major) {
	case TACIT_MAJOR_UINT:
		put_number(w, walk->head.value);
		break;
	case TACIT_MAJOR_NINT:
		put_negative(w, walk->head.value);
		break;
	case TACIT_MAJOR_BYTES:
		put_hex(w, walk->string);
		break;
	case TACIT_MAJOR_TEXT:
		put_quoted(w, walk->string);
		break;
	case TACIT_MAJOR_SIMPLE:
		put_simple(w, &walk->head);
		break;
	case TACIT_MAJOR_ARRAY:
	case TACIT_MAJOR_MAP:
	case TACIT_MAJOR_TAG:
		break; /* never leaves */
	}
}

/* The brackets of a level; tags and strings in chunks have round ones. */
static const char *bracket(enum tacit_cbor_major major, bool open)
{
	if (major == TACIT_MAJOR_ARRAY)
		return open ? "[" : "]";
	if (major == TACIT_MAJOR_MAP)
		return open ? "{" : "}";
	return open ? "(" : ")";
}

static void put_open(struct writer *w, const struct tacit_cbor_head *head)
{
	if (head->major == TACIT_MAJOR_TAG)
		put_number(w, head->value);
	wr_text(w, bracket(head->major, true));
	if (head->indefinite)
		wr_text(w, "_ ");
}

/* What stands between the items of a level, before the item that is about to be shown. */
static void put_separator(struct writer *w, const struct tacit_cbor_level *level, uint64_t before)
{
	if (before == 0)
		return;
	wr_text(w, level->major == TACIT_MAJOR_MAP && before % 2 ? ": " : ", ");
}

enum tacit_status tacit_cbor_diagnose(struct tacit_slice in, struct writer *w,
				      struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);
	struct tacit_cbor_walk walk;
	enum tacit_cbor_event event;
	enum tacit_status status = tacit_cbor_check(in, TACIT_CBOR_LAX, err);

	if (status != TACIT_OK)
		return status;
	tacit_cbor_walk_init(&walk, &c);
	while ((event = tacit_cbor_walk_next(&walk)) != TACIT_CBOR_END) {
		if (event == TACIT_CBOR_LEAF) {
			/* The walk has counted the leaf already. */
			put_separator(w, &walk.level[walk.depth], walk.level[walk.depth].done - 1);
			put_leaf(w, &walk);
		} else if (event == TACIT_CBOR_OPEN) {
			put_separator(w, &walk.level[walk.depth - 1],
				      walk.level[walk.depth - 1].done);
			put_open(w, &walk.head);
		} else {
			wr_text(w, bracket(walk.level[walk.depth + 1].major, false));
		}
	}
	if (w->bad)
		return tacit_fail(err, TACIT_LIMIT, "cbor.diagnose", 0,
				  "needs %zu bytes, room for %zu", w->at, w->out.len);
	return TACIT_OK;
}
