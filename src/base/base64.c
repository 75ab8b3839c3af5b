/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t tacit_base64_size(enum tacit_base64 form, size_t len)
{
	size_t rest = len % 3;

	if (form == TACIT_BASE64)
		return len / 3 * 4 + (rest ? 4 : 0);
	return len / 3 * 4 + (rest ? rest + 1 : 0);
}

void tacit_base64_encode(enum tacit_base64 form, struct tacit_slice bytes, char *text)
{
	const char *alphabet = form == TACIT_BASE64 ? STANDARD : URL;
	size_t at = 0, i = 0;

	for (; bytes.len - i >= 3; i += 3) {
		uint32_t v = (uint32_t)bytes.ptr[i] << 16 | (uint32_t)bytes.ptr[i + 1] << 8 |
			     bytes.ptr[i + 2];

		text[at++] = alphabet[v >> 18];
		text[at++] = alphabet[v >> 12 & 63];
		text[at++] = alphabet[v >> 6 & 63];
		text[at++] = alphabet[v & 63];
	}
	size_t rest = bytes.len - i;
	if (rest) {
		uint32_t v = (uint32_t)bytes.ptr[i] << 16;

		if (rest == 2)
			v |= (uint32_t)bytes.ptr[i + 1] << 8;
		text[at++] = alphabet[v >> 18];
		text[at++] = alphabet[v >> 12 & 63];
		if (rest == 2)
			text[at++] = alphabet[v >> 6 & 63];
		for (size_t pad = rest; form == TACIT_BASE64 && pad < 3; pad++)
			text[at++] = '=';
	}
	text[at] = '\0';
}

static int char_value(enum tacit_base64 form, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (form == TACIT_BASE64 ? '+' : '-'))
		return 62;
	if (c == (form == TACIT_BASE64 ? '/' : '_'))
		return 63;
	return -1;
}

/* Length of the text without its padding; SIZE_MAX when the padding is wrong. */
static size_t strip_padding(enum tacit_base64 form, struct tacit_slice text)
{
	if (form == TACIT_BASE64URL)
		return text.len % 4 == 1 ? SIZE_MAX : text.len;
	if (text.len % 4)
		return SIZE_MAX;
	size_t len = text.len;
	while (len > 0 && text.len - len < 2 && text.ptr[len - 1] == '=')
		len--;
	return len;
}

static bool well_formed(enum tacit_base64 form, struct tacit_slice text)
{
	int last = 0;

	for (size_t i = 0; i < text.len; i++) {
		last = char_value(form, text.ptr[i]);
		if (last < 0)
			return false;
	}
	/* The bits that do not reach a whole byte must be zero: one encoding only. */
	if (text.len % 4 == 2)
		return (last & 15) == 0;
	return text.len % 4 != 3 || (last & 3) == 0;
}

bool tacit_base64_decode(enum tacit_base64 form, struct tacit_slice text, struct tacit_mut out,
			 size_t *ret_len)
{
	size_t chars = strip_padding(form, text);

	if (chars == SIZE_MAX)
		return false;
	size_t len = chars / 4 * 3 + (chars % 4 ? chars % 4 - 1 : 0);
	text.len = chars;
	if (len > out.len || !well_formed(form, text))
		return false;

	uint32_t bits = 0;
	unsigned held = 0;
	size_t at = 0;
	for (size_t i = 0; i < chars; i++) {
		bits = bits << 6 | (uint32_t)char_value(form, text.ptr[i]);
		held += 6;
		if (held >= 8) {
			held -= 8;
			out.ptr[at++] = (uint8_t)(bits >> held);
			bits &= (1u << held) - 1;
		}
	}
	*ret_len = len;
	return true;
}
