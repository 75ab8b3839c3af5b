/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

static size_t length_of(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0; /* a continuation byte, an overlong lead or one above U+10FFFF */
}

size_t tacit_utf8_step(struct tacit_slice text, size_t at, uint32_t *ret_point)
{
	static const uint32_t LOWEST[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = text.ptr[at];
	size_t len = length_of(lead);

	if (len == 0 || len > text.len - at)
		return 0;
	uint32_t point = len == 1 ? lead : (uint32_t)(lead & (0x7f >> len));
	for (size_t i = 1; i < len; i++) {
		if ((text.ptr[at + i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text.ptr[at + i] & 0x3f);
	}
	if (point < LOWEST[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return len;
}

bool tacit_utf8_valid(struct tacit_slice text)
{
	uint32_t point;
	size_t step;

	for (size_t at = 0; at < text.len; at += step) {
		step = text.ptr[at] < 0x80 ? 1 : tacit_utf8_step(text, at, &point);
		if (step == 0)
			return false;
	}
	return true;
}

bool tacit_utf8_is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c ||
	       (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}
