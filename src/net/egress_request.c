/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CONNECT requests. Fields are checked for their form and otherwise ignored, but for those that
 * would make the bytes after the head a body: two readers must not disagree where it starts.
 */

#include "net/egress.h"

static bool take_line(struct tacit_slice *rest, struct tacit_slice *ret)
{
	for (size_t i = 0; i + 1 < rest->len; i++) {
		if (rest->ptr[i] == '\n')
			return false;
		if (rest->ptr[i] != '\r')
			continue;
		if (rest->ptr[i + 1] != '\n')
			return false;
		*ret = tacit_slice_of(rest->ptr, i);
		*rest = tacit_slice_of(rest->ptr + i + 2, rest->len - i - 2);
		return true;
	}
	return false;
}

static bool take_word(struct tacit_slice *rest, struct tacit_slice *ret)
{
	size_t len = 0;

	while (len < rest->len && rest->ptr[len] != ' ')
		len++;
	*ret = tacit_slice_of(rest->ptr, len);
	*rest = tacit_slice_of(rest->ptr + len, rest->len - len);
	return len > 0;
}

static bool skip_space(struct tacit_slice *rest)
{
	if (rest->len == 0 || rest->ptr[0] != ' ')
		return false;
	*rest = tacit_slice_of(rest->ptr + 1, rest->len - 1);
	return true;
}

/* A token [RFC 9110 5.6.2]. */
static bool is_token(struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool word =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!word && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return text.len > 0;
}

static bool is_name(struct tacit_slice text, const char *name)
{
	if (text.len != strlen(name))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((text.ptr[i] | 0x20) != (uint8_t)name[i])
			return false;
	}
	return true;
}

/* Gives 0, or the status to refuse the field with. */
static unsigned check_field(struct tacit_slice line)
{
	size_t colon = 0;

	while (colon < line.len && line.ptr[colon] != ':')
		colon++;
	struct tacit_slice name = tacit_slice_of(line.ptr, colon);
	if (colon == line.len || !is_token(name))
		return 400;
	for (size_t i = colon + 1; i < line.len; i++) {
		if ((line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
			return 400;
	}
	return is_name(name, "content-length") || is_name(name, "transfer-encoding") ? 400 : 0;
}

static unsigned check_line(struct tacit_slice line, struct tacit_egress_target *ret)
{
	struct tacit_slice method, target;

	if (!take_word(&line, &method) || !skip_space(&line) || !take_word(&line, &target) ||
	    !skip_space(&line) || !is_token(method))
		return 400;
	if (!tacit_slice_eq(line, tacit_slice_str("HTTP/1.1")) &&
	    !tacit_slice_eq(line, tacit_slice_str("HTTP/1.0")))
		return 400;
	if (!tacit_slice_eq(method, tacit_slice_str("CONNECT")))
		return 405;
	return tacit_egress_target(target, ret, NULL) == TACIT_OK ? 0 : 400;
}

unsigned tacit_egress_request(struct tacit_slice head, struct tacit_egress_target *ret)
{
	struct tacit_egress_target target = { .port = 0 };
	struct tacit_slice line;

	if (head.len > TACIT_EGRESS_REQUEST_MAX)
		return 431;
	if (!take_line(&head, &line))
		return 400;
	unsigned status = check_line(line, &target);
	while (status == 0) {
		if (!take_line(&head, &line))
			return 400;
		if (line.len == 0)
			break;
		status = check_field(line);
	}
	if (status != 0)
		return status;
	if (head.len > 0)
		return 400;
	*ret = target;
	return 0;
}
