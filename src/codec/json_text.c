/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include "base/writer.h"
#include "codec/utf8.h"

static void put_escape(struct writer *w, uint32_t point)
{
	static const char DIGITS[] = "0123456789abcdef";

	wr_text(w, "\\u");
	for (unsigned shift = 16; shift > 0; shift -= 4)
		wr_u8(w, (uint8_t)DIGITS[point >> (shift - 4) & 15]);
}

/*
 * Characters that JSON allows as they are but that act on the reader's terminal or reorder the
 * line: DEL, C1 controls, line separators, bidirectional controls [UAX #9], the byte order mark.
 */
static bool acts_on_terminal(uint32_t point)
{
	return (point >= 0x7f && point <= 0x9f) || point == 0x61c ||
	       (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static void put_character(struct writer *w, struct tacit_slice bytes, uint32_t point)
{
	if (point == '"' || point == '\\') {
		wr_u8(w, '\\');
		wr_u8(w, (uint8_t)point);
	} else if (point == '\n') {
		wr_text(w, "\\n");
	} else if (point == '\r') {
		wr_text(w, "\\r");
	} else if (point == '\t') {
		wr_text(w, "\\t");
	} else if (point < 0x20 || acts_on_terminal(point)) {
		put_escape(w, point);
	} else {
		wr_bytes(w, bytes);
	}
}

void tacit_json_put_string(struct writer *w, struct tacit_slice text)
{
	size_t at = 0;

	wr_u8(w, '"');
	while (at < text.len) {
		uint32_t point = 0;
		size_t len = tacit_utf8_step(text, at, &point);

		if (len == 0) {
			wr_text(w, "\xef\xbf\xbd"); /* U+FFFD */
			at++;
			continue;
		}
		put_character(w, tacit_slice_of(text.ptr + at, len), point);
		at += len;
	}
	wr_u8(w, '"');
}
