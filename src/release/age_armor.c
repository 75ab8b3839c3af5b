/* SPDX-License-Identifier: Apache-2.0 */
#include "release/age_armor.h"

#include "base/base64.h"

#define WHERE "age.armor"
#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define END   "-----END AGE ENCRYPTED FILE-----"
#define LINE  64

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(struct tacit_slice text, size_t at)
{
	while (at < text.len && is_space(text.ptr[at]))
		at++;
	return at;
}

bool tacit_age_armor_looks(struct tacit_slice text)
{
	size_t at = skip_space(text, 0);

	return text.len - at >= sizeof(BEGIN) - 1 &&
	       memcmp(text.ptr + at, BEGIN, sizeof(BEGIN) - 1) == 0;
}

/* The line at `*at` without LF or CRLF; the last one of the text may lack either. */
static struct tacit_slice take_line(struct tacit_slice text, size_t *at)
{
	const uint8_t *from = text.ptr + *at;
	const uint8_t *end = memchr(from, '\n', text.len - *at);
	size_t len = end ? (size_t)(end - from) : text.len - *at;

	*at += len + (end ? 1 : 0);
	if (end && len && from[len - 1] == '\r')
		len--;
	return tacit_slice_of(from, len);
}

static enum tacit_status refuse(struct tacit_error *err, size_t at, const char *why)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, at, "%s", why);
}

static enum tacit_status read_lines(struct tacit_slice text, size_t *at, struct tacit_mut room,
				    size_t *ret_len, struct tacit_error *err)
{
	bool short_line = false;
	size_t len = 0, more;

	for (;;) {
		size_t start = *at;

		if (start == text.len)
			return refuse(err, start, "the armor does not end");
		struct tacit_slice line = take_line(text, at);
		if (tacit_slice_eq(line, tacit_slice_str(END)))
			break;
		if (line.len == 0 || line.len > LINE || short_line)
			return refuse(err, start, "a line of the armor has a wrong length");
		short_line = line.len < LINE || line.ptr[line.len - 1] == '=';
		if (!tacit_base64_decode(TACIT_BASE64, line,
					 tacit_mut_of(room.ptr + len, room.len - len), &more))
			return refuse(err, start, "a line of the armor is not base64");
		len += more;
	}
	*ret_len = len;
	return TACIT_OK;
}

enum tacit_status tacit_age_armor_decode(struct tacit_slice text, struct tacit_mut room,
					 struct tacit_slice *ret, struct tacit_error *err)
{
	size_t at = skip_space(text, 0), start = at, len = 0;

	if (at == text.len || !tacit_slice_eq(take_line(text, &at), tacit_slice_str(BEGIN)))
		return refuse(err, start, "not the beginning of armor");
	enum tacit_status st = read_lines(text, &at, room, &len, err);
	if (st != TACIT_OK)
		return st;
	if (skip_space(text, at) != text.len)
		return refuse(err, at, "something behind the armor");
	*ret = tacit_slice_of(room.ptr, len);
	return TACIT_OK;
}
