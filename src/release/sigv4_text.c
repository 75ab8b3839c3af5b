/* SPDX-License-Identifier: Apache-2.0 */
#include "release/sigv4_text.h"

#include "base/hex.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool tacit_sigv4_text_same(struct tacit_slice a, struct tacit_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

int tacit_sigv4_text_order(struct tacit_slice a, struct tacit_slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct tacit_slice tacit_sigv4_text_part(struct tacit_slice *rest, char mark)
{
	struct tacit_slice all = *rest;
	const uint8_t *end = all.len ? memchr(all.ptr, mark, all.len) : NULL;
	struct tacit_slice none = { NULL, 0 };

	if (!end) {
		*rest = none;
		return all;
	}
	size_t len = (size_t)(end - all.ptr);

	*rest = tacit_slice_of(end + 1, all.len - len - 1);
	return tacit_slice_of(all.ptr, len);
}

void tacit_sigv4_text_put(struct writer *w, uint8_t byte)
{
	static const char DIGITS[] = "0123456789ABCDEF";
	bool letter = lower(byte) >= 'a' && lower(byte) <= 'z';

	if (letter || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
	    byte == '~') {
		wr_u8(w, byte);
		return;
	}
	wr_u8(w, '%');
	wr_u8(w, (uint8_t)DIGITS[byte >> 4]);
	wr_u8(w, (uint8_t)DIGITS[byte & 0x0f]);
}

bool tacit_sigv4_text_byte(struct tacit_slice *rest, uint8_t *ret)
{
	size_t used = rest->ptr[0] == '%' ? 3 : 1;
	size_t len;

	if (used == 1)
		*ret = rest->ptr[0];
	else if (rest->len < used ||
		 !tacit_hex_decode(tacit_slice_of(rest->ptr + 1, 2), tacit_mut_of(ret, 1), &len))
		return false;
	*rest = tacit_slice_of(rest->ptr + used, rest->len - used);
	return true;
}
