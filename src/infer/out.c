/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void tacit_out_done(struct tacit_out *out)
{
	free(out->ptr);
	memset(out, 0, sizeof(*out));
}

static bool reserve(struct tacit_out *out, size_t more)
{
	size_t want;
	uint8_t *ptr;

	if (out->bad)
		return false;
	if (more <= out->room - out->len)
		return true;
	want = out->len + more;
	want = want < 512 ? 512 : want + want / 2;
	ptr = want < more ? NULL : realloc(out->ptr, want);
	if (!ptr) {
		out->bad = true;
		return false;
	}
	out->ptr = ptr;
	out->room = want;
	return true;
}

void tacit_out_bytes(struct tacit_out *out, struct tacit_slice bytes)
{
	if (!bytes.len || !reserve(out, bytes.len))
		return;
	memcpy(out->ptr + out->len, bytes.ptr, bytes.len);
	out->len += bytes.len;
}

void tacit_out_text(struct tacit_out *out, const char *text)
{
	tacit_out_bytes(out, tacit_slice_str(text));
}

void tacit_out_uint(struct tacit_out *out, uint64_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);

	tacit_out_bytes(out, tacit_slice_of(digits, (size_t)n));
}

void tacit_out_float(struct tacit_out *out, float value)
{
	char digits[32];
	int n;

	if (!isfinite(value))
		value = 0;
	n = snprintf(digits, sizeof(digits), "%.9g", (double)value);
	tacit_out_bytes(out, tacit_slice_of(digits, (size_t)n));
}

/* Bytes that go through as they are: ASCII from space on, but quote and backslash. */
static bool plain(uint8_t b)
{
	return b >= 0x20 && b < 0x7f && b != '"' && b != '\\';
}

static bool continues(struct tacit_slice s, size_t at, uint8_t low, uint8_t high)
{
	return at < s.len && s.ptr[at] >= low && s.ptr[at] <= high;
}

/* Length of the well-formed UTF-8 sequence at `at`, or 0 [Unicode 15, table 3-7]. */
static size_t utf8_len(struct tacit_slice s, size_t at)
{
	uint8_t lead = s.ptr[at];
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

	if (lead < 0xc2 || lead > 0xf4 || !continues(s, at + 1, low, high))
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!continues(s, at + i, 0x80, 0xbf))
			return 0;
	return len;
}

static void escape_ascii(struct tacit_out *out, uint8_t b)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *hit = b ? strchr(from, b) : NULL;
	char text[8];

	if (hit)
		snprintf(text, sizeof(text), "\\%c", to[hit - from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", b);
	tacit_out_text(out, text);
}

/* Writes what stands at `at` in another form, or well-formed UTF-8; returns its length. */
static size_t escape_one(struct tacit_out *out, struct tacit_slice text, size_t at)
{
	size_t len;

	if (text.ptr[at] < 0x80) {
		escape_ascii(out, text.ptr[at]);
		return 1;
	}
	len = utf8_len(text, at);
	if (!len) {
		tacit_out_text(out, "\xef\xbf\xbd");
		return 1;
	}
	tacit_out_bytes(out, tacit_slice_of(text.ptr + at, len));
	return len;
}

void tacit_out_escaped(struct tacit_out *out, struct tacit_slice text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t run = at;

		while (run < text.len && plain(text.ptr[run]))
			run++;
		tacit_out_bytes(out, tacit_slice_of(text.ptr + at, run - at));
		at = run;
		if (at < text.len)
			at += escape_one(out, text, at);
	}
}

void tacit_out_string(struct tacit_out *out, struct tacit_slice text)
{
	tacit_out_text(out, "\"");
	tacit_out_escaped(out, text);
	tacit_out_text(out, "\"");
}
