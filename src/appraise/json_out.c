/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/json_out.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/time.h"
#include "codec/json.h"

static void put_line(struct tacit_json_out *j)
{
	if (j->indent < 0)
		return;
	wr_text(j->w, "\n");
	for (int i = 0; i < j->indent; i++)
		wr_text(j->w, "  ");
}

/* What stands before every member or element. */
static void put_start(struct tacit_json_out *j, const char *name)
{
	if (!j->first)
		wr_text(j->w, ",");
	if (!j->first || j->indent > 0)
		put_line(j);
	j->first = false;
	if (!name)
		return;
	tacit_json_put_string(j->w, tacit_slice_str(name));
	wr_text(j->w, j->indent < 0 ? ":" : ": ");
}

void tacit_json_out_open(struct tacit_json_out *j, const char *name, char bracket)
{
	put_start(j, name);
	wr_u8(j->w, (uint8_t)bracket);
	j->first = true;
	if (j->indent >= 0)
		j->indent++;
}

void tacit_json_out_close(struct tacit_json_out *j, char bracket)
{
	if (j->indent > 0)
		j->indent--;
	if (!j->first)
		put_line(j);
	wr_u8(j->w, (uint8_t)bracket);
	j->first = false;
}

void tacit_json_out_slice(struct tacit_json_out *j, const char *name, struct tacit_slice text)
{
	if (!text.ptr) {
		tacit_json_out_null(j, name);
		return;
	}
	put_start(j, name);
	tacit_json_put_string(j->w, text);
}

void tacit_json_out_text(struct tacit_json_out *j, const char *name, const char *text)
{
	tacit_json_out_slice(j, name, tacit_slice_str(text));
}

void tacit_json_out_digits(struct writer *w, struct tacit_slice bytes)
{
	char text[129];

	while (bytes.len) {
		size_t n = bytes.len < 64 ? bytes.len : 64;

		tacit_hex_encode(tacit_slice_of(bytes.ptr, n), text);
		wr_text(w, text);
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - n);
	}
}

void tacit_json_out_hex(struct tacit_json_out *j, const char *name, struct tacit_slice bytes)
{
	if (!bytes.ptr) {
		tacit_json_out_null(j, name);
		return;
	}
	put_start(j, name);
	wr_text(j->w, "\"");
	tacit_json_out_digits(j->w, bytes);
	wr_text(j->w, "\"");
}

void tacit_json_out_bool(struct tacit_json_out *j, const char *name, bool value)
{
	put_start(j, name);
	wr_text(j->w, value ? "true" : "false");
}

void tacit_json_out_uint(struct tacit_json_out *j, const char *name, uint64_t value)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (uint8_t)('0' + value % 10);
	while ((value /= 10) != 0);
	put_start(j, name);
	wr_bytes(j->w, tacit_slice_of(digits + at, sizeof(digits) - at));
}

void tacit_json_out_int(struct tacit_json_out *j, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	put_start(j, name);
	wr_text(j->w, text);
}

void tacit_json_out_null(struct tacit_json_out *j, const char *name)
{
	put_start(j, name);
	wr_text(j->w, "null");
}

void tacit_json_out_time(struct tacit_json_out *j, const char *name, int64_t seconds)
{
	char text[TACIT_TIME_TEXT];

	tacit_time_format(seconds, text);
	tacit_json_out_text(j, name, text);
}
