/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

static const char DIGITS[] = "0123456789abcdef";

void tacit_hex_encode(struct tacit_slice bytes, char *text)
{
	for (size_t i = 0; i < bytes.len; i++) {
		text[2 * i] = DIGITS[bytes.ptr[i] >> 4];
		text[2 * i + 1] = DIGITS[bytes.ptr[i] & 15];
	}
	text[2 * bytes.len] = '\0';
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool all_digits(struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (digit_value(text.ptr[i]) < 0)
			return false;
	}
	return true;
}

bool tacit_hex_decode(struct tacit_slice text, struct tacit_mut out, size_t *ret_len)
{
	if (text.len % 2 || text.len / 2 > out.len || !all_digits(text))
		return false;
	for (size_t i = 0; i < text.len / 2; i++) {
		int high = digit_value(text.ptr[2 * i]);
		int low = digit_value(text.ptr[2 * i + 1]);

		out.ptr[i] = (uint8_t)(high << 4 | low);
	}
	*ret_len = text.len / 2;
	return true;
}
