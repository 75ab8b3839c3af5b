/* SPDX-License-Identifier: Apache-2.0 */

/* What the headers of a store's answer say, read strictly, and what its words are. */

#include "base/error.h"
#include "release/source_inside.h"

/* Digits alone, at most 18 of them. */
static bool take_number(struct tacit_slice *text, uint64_t *ret)
{
	uint64_t value = 0;
	size_t n = 0;

	while (n < text->len && n < 18 && text->ptr[n] >= '0' && text->ptr[n] <= '9')
		value = value * 10 + (uint64_t)(text->ptr[n++] - '0');
	*text = tacit_slice_of(text->ptr + n, text->len - n);
	*ret = value;
	return n > 0;
}

static bool take_byte(struct tacit_slice *text, char byte)
{
	if (text->len == 0 || text->ptr[0] != (uint8_t)byte)
		return false;
	*text = tacit_slice_of(text->ptr + 1, text->len - 1);
	return true;
}

/* "bytes 0-99/1000", or after 416 the form with a star for the range [RFC 9110 14.4]. */
static bool take_range(struct source_head *head, struct tacit_slice value)
{
	struct tacit_slice unit = tacit_slice_of(value.ptr, value.len < 6 ? value.len : 6);

	if (head->ranged || !tacit_slice_eq(unit, tacit_slice_str("bytes ")))
		return false;
	head->ranged = true;
	value = tacit_slice_of(value.ptr + 6, value.len - 6);
	if (take_byte(&value, '*')) {
		head->first = 1;
		head->last = 0;
	} else if (!take_number(&value, &head->first) || !take_byte(&value, '-') ||
		   !take_number(&value, &head->last) || head->first > head->last) {
		return false;
	}
	if (!take_byte(&value, '/') || !take_number(&value, &head->total) || value.len)
		return false;
	return head->first > head->last || head->last < head->total;
}

static bool take_length(struct source_head *head, struct tacit_slice value)
{
	if (head->sized || !take_number(&value, &head->length) || value.len)
		return false;
	head->sized = true;
	return true;
}

static bool take_text(char *ret, struct tacit_slice value)
{
	if (ret[0] || value.len == 0 || value.len >= SOURCE_VERSION)
		return false;
	/* It goes back into requests: nothing but what a header may have. */
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] >= 0x7f)
			return false;
	memcpy(ret, value.ptr, value.len);
	ret[value.len] = '\0';
	return true;
}

static bool take_coding(struct source_head *head, struct tacit_slice value)
{
	head->coded |= !tacit_slice_eq(value, tacit_slice_str("identity"));
	return true;
}

static bool is_name(struct tacit_slice name, const char *want)
{
	if (name.len != strlen(want))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)want[i])
			return false;
	}
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct tacit_slice trim(struct tacit_slice text)
{
	while (text.len && is_blank(text.ptr[0]))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

void tacit_source_head_line(struct source_head *head, struct tacit_slice line)
{
	const uint8_t *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	bool good = true;

	if (!colon)
		return;
	size_t len = (size_t)(colon - line.ptr);
	struct tacit_slice name = tacit_slice_of(line.ptr, len);
	struct tacit_slice value = trim(tacit_slice_of(colon + 1, line.len - len - 1));
	if (is_name(name, "content-range"))
		good = take_range(head, value);
	else if (is_name(name, "content-length"))
		good = take_length(head, value);
	else if (is_name(name, "content-encoding"))
		good = take_coding(head, value);
	else if (is_name(name, "etag"))
		good = take_text(head->etag, value);
	else if (is_name(name, "last-modified"))
		good = take_text(head->modified, value);
	head->bad |= !good;
}

/* ---- words ---------------------------------------------------------------------------------- */

static struct tacit_slice between(struct tacit_slice body, const char *open, const char *close)
{
	struct tacit_slice none = { NULL, 0 };
	const uint8_t *from = body.len ? memmem(body.ptr, body.len, open, strlen(open)) : NULL;

	if (!from)
		return none;
	from += strlen(open);
	size_t left = body.len - (size_t)(from - body.ptr);
	const uint8_t *to = memmem(from, left, close, strlen(close));
	return to ? tacit_slice_of(from, (size_t)(to - from)) : none;
}

char *tacit_source_head_words(struct tacit_slice body, char *room, size_t size)
{
	struct tacit_slice code = between(body, "<Code>", "</Code>");
	struct tacit_slice message = between(body, "<Message>", "</Message>");
	char text[SOURCE_WORDS + 8];
	size_t len = 0;

	if (code.len && code.len + message.len < SOURCE_WORDS) {
		memcpy(text, code.ptr, code.len);
		len = code.len;
		if (message.len) {
			memcpy(text + len, ": ", 2);
			memcpy(text + len + 2, message.ptr, message.len);
			len += 2 + message.len;
		}
		return tacit_escape(room, size, tacit_slice_of(text, len));
	}
	/* One line: what an HTML page or JSON object is laid out with says nothing. */
	for (size_t i = 0; i < body.len && len < SOURCE_WORDS; i++) {
		if (!is_blank(body.ptr[i]))
			text[len++] = (char)body.ptr[i];
		else if (len && text[len - 1] != ' ')
			text[len++] = ' ';
	}
	return tacit_escape(room, size, trim(tacit_slice_of(text, len)));
}
