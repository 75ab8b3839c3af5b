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
	} else if (tacit_utf8_is_control(point)) {
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
