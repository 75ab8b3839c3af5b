/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The part of YAML that vsock-proxy's file is written in: one key, and a list of mappings in block
 * style ("- address: x" with "port: y" below it) or in flow style ("- {address: x, port: 443}").
 * Anchors, tags, multi-line strings, documents and all the rest are refused by line number.
 */

#include "net/egress.h"

struct yaml {
	struct tacit_egress *egress;
	struct tacit_error *err;
	uint64_t line;
	bool listed;   /* the key was there */
	bool open;     /* an entry is being read */
	size_t indent; /* of the entry's keys */
	size_t dash;   /* of the list */
	bool has_dash;
	struct tacit_slice address, port;
};

static enum tacit_status fail(const struct yaml *y, const char *why)
{
	return tacit_fail(y->err, TACIT_FORMAT, "egress.yaml", y->line, "line %llu: %s",
			  (unsigned long long)y->line, why);
}

static struct tacit_slice trim(struct tacit_slice text)
{
	while (text.len > 0 && text.ptr[0] == ' ')
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len > 0 && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* Without a comment: "#" at the start or after a blank. */
static struct tacit_slice cut_comment(struct tacit_slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '#' && (i == 0 || line.ptr[i - 1] == ' '))
			return tacit_slice_of(line.ptr, i);
	}
	return line;
}

/* A plain or quoted scalar without escapes. */
static bool take_scalar(struct tacit_slice text, struct tacit_slice *ret)
{
	text = trim(text);
	if (text.len >= 2 && (text.ptr[0] == '"' || text.ptr[0] == '\'') &&
	    text.ptr[text.len - 1] == text.ptr[0])
		text = tacit_slice_of(text.ptr + 1, text.len - 2);
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool word =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!word && (c == '\0' || !strchr(".-_:", c)))
			return false;
	}
	*ret = text;
	return true;
}

static enum tacit_status end_entry(struct yaml *y)
{
	struct tacit_egress_target target;
	uint8_t text[TACIT_EGRESS_HOST + 16];

	if (!y->open)
		return TACIT_OK;
	y->open = false;
	if (!y->address.ptr || !y->port.ptr)
		return fail(y, "an entry needs address and port");
	bool v6 = memchr(y->address.ptr, ':', y->address.len) != NULL;
	size_t len = y->address.len + y->port.len + 1 + (v6 ? 2 : 0), at = 0;
	if (len > sizeof(text))
		return fail(y, "too long for a host and port");
	if (v6)
		text[at++] = '[';
	memcpy(text + at, y->address.ptr, y->address.len);
	at += y->address.len;
	if (v6)
		text[at++] = ']';
	text[at++] = ':';
	memcpy(text + at, y->port.ptr, y->port.len);
	y->address = y->port = tacit_slice_of(NULL, 0);
	if (tacit_egress_target(tacit_slice_of(text, len), &target, NULL) != TACIT_OK)
		return fail(y, "not a host name or address and a port");
	return tacit_egress_allow(y->egress, &target, false, y->err);
}

static enum tacit_status take_pair(struct yaml *y, struct tacit_slice text)
{
	size_t colon = 0;

	while (colon < text.len && text.ptr[colon] != ':')
		colon++;
	if (colon + 1 >= text.len || text.ptr[colon + 1] != ' ')
		return fail(y, "want 'address: HOST' or 'port: NUMBER'");
	struct tacit_slice key = trim(tacit_slice_of(text.ptr, colon)), value;
	if (!take_scalar(tacit_slice_of(text.ptr + colon + 1, text.len - colon - 1), &value))
		return fail(y, "not a plain value");
	bool address = tacit_slice_eq(key, tacit_slice_str("address"));
	if (!address && !tacit_slice_eq(key, tacit_slice_str("port")))
		return fail(y, "only address and port are known");
	struct tacit_slice *slot = address ? &y->address : &y->port;
	if (slot->ptr)
		return fail(y, "given twice");
	*slot = value;
	return TACIT_OK;
}

/* "{address: x, port: 443}" */
static enum tacit_status take_flow(struct yaml *y, struct tacit_slice text)
{
	if (text.ptr[text.len - 1] != '}')
		return fail(y, "want a closing brace on this line");
	text = tacit_slice_of(text.ptr + 1, text.len - 2);
	while (text.len > 0) {
		size_t comma = 0;

		while (comma < text.len && text.ptr[comma] != ',')
			comma++;
		enum tacit_status st = take_pair(y, trim(tacit_slice_of(text.ptr, comma)));
		if (st != TACIT_OK)
			return st;
		if (comma == text.len)
			break;
		text = tacit_slice_of(text.ptr + comma + 1, text.len - comma - 1);
	}
	return end_entry(y);
}

static enum tacit_status take_item(struct yaml *y, struct tacit_slice text, size_t indent)
{
	enum tacit_status st = end_entry(y);
	size_t skip = 1;

	if (st != TACIT_OK)
		return st;
	if (y->has_dash && y->dash != indent)
		return fail(y, "items are not in one column");
	y->has_dash = true;
	y->dash = indent;
	while (skip < text.len && text.ptr[skip] == ' ')
		skip++;
	if (skip < 2 || skip == text.len)
		return fail(y, "want an entry after the dash");
	y->open = true;
	y->indent = indent + skip;
	text = tacit_slice_of(text.ptr + skip, text.len - skip);
	return text.ptr[0] == '{' ? take_flow(y, text) : take_pair(y, text);
}

static enum tacit_status take_line(struct yaml *y, struct tacit_slice line)
{
	size_t indent = 0;

	line = cut_comment(line);
	while (indent < line.len && line.ptr[indent] == ' ')
		indent++;
	struct tacit_slice text = trim(line);
	if (text.len == 0)
		return TACIT_OK;
	if (memchr(text.ptr, '\t', text.len))
		return fail(y, "a tab");
	if (!y->listed) {
		if (indent != 0 || (!tacit_slice_eq(text, tacit_slice_str("allowlist:")) &&
				    !tacit_slice_eq(text, tacit_slice_str("allow-list:"))))
			return fail(y, "want 'allowlist:'");
		y->listed = true;
		return TACIT_OK;
	}
	if (text.ptr[0] == '-')
		return take_item(y, text, indent);
	if (!y->open || indent != y->indent)
		return fail(y, "want an entry of the list, its keys in one column");
	return take_pair(y, text);
}

enum tacit_status tacit_egress_yaml(struct tacit_egress *egress, struct tacit_slice text,
				    struct tacit_error *err)
{
	struct yaml y = { .egress = egress, .err = err };

	if (text.len > TACIT_EGRESS_YAML_MAX)
		return tacit_fail(err, TACIT_LIMIT, "egress.yaml", 0, "longer than %d bytes",
				  TACIT_EGRESS_YAML_MAX);
	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len && text.ptr[len] != '\n')
			len++;
		struct tacit_slice line = tacit_slice_of(text.ptr, len);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		y.line++;
		enum tacit_status st = take_line(&y, line);
		if (st != TACIT_OK)
			return st;
		len += len < text.len;
		text = tacit_slice_of(text.ptr + len, text.len - len);
	}
	if (!y.listed)
		return fail(&y, "no 'allowlist:'");
	return end_entry(&y);
}
