/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/address.h"

#include <stdio.h>

static bool take_number(struct tacit_slice text, uint32_t max, uint32_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 10)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	if (value > max || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* Cuts `text` at its last colon. */
static bool cut_last(struct tacit_slice text, struct tacit_slice *head, struct tacit_slice *tail)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] != ':')
			continue;
		*head = tacit_slice_of(text.ptr, i - 1);
		*tail = tacit_slice_of(text.ptr + i, text.len - i);
		return true;
	}
	return false;
}

static bool plain_host(struct tacit_slice host, bool literal)
{
	if (host.len == 0 || host.len >= TACIT_ADDRESS_HOST)
		return false;
	/* Brackets are for what has colons, and for nothing else. */
	if (literal != (memchr(host.ptr, ':', host.len) != NULL))
		return false;
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.ptr[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';

		if (!word && !(literal && (c == ':' || c == '%')))
			return false;
	}
	return true;
}

static enum tacit_status parse_tcp(struct tacit_slice text, struct tacit_address *out,
				   struct tacit_error *err)
{
	struct tacit_slice host, port;

	if (!cut_last(text, &host, &port))
		return tacit_fail(err, TACIT_USAGE, "address", 0, "no port: want HOST:PORT");
	if (!take_number(port, 65535, &out->port))
		return tacit_fail(err, TACIT_USAGE, "address", 0, "the port is not 0 to 65535");

	bool literal = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
	if (literal)
		host = tacit_slice_of(host.ptr + 1, host.len - 2);
	if (!plain_host(host, literal))
		return tacit_fail(err, TACIT_USAGE, "address", 0,
				  "not a host name or address (IPv6 goes in brackets)");
	out->transport = TACIT_TRANSPORT_TCP;
	memcpy(out->host, host.ptr, host.len);
	return TACIT_OK;
}

static enum tacit_status parse_unix(struct tacit_slice text, struct tacit_address *out,
				    struct tacit_error *err)
{
	if (text.len == 0 || text.len >= TACIT_ADDRESS_PATH)
		return tacit_fail(err, TACIT_USAGE, "address", 0,
				  "a socket path has 1 to %d bytes, this one %zu",
				  TACIT_ADDRESS_PATH - 1, text.len);
	out->transport = TACIT_TRANSPORT_UNIX;
	memcpy(out->path, text.ptr, text.len);
	return TACIT_OK;
}

static enum tacit_status parse_vsock(struct tacit_slice text, struct tacit_address *out,
				     struct tacit_error *err)
{
	struct tacit_slice cid, port;

	if (!cut_last(text, &cid, &port) || !take_number(port, UINT32_MAX, &out->port))
		return tacit_fail(err, TACIT_USAGE, "address", 0, "want vsock:CID:PORT");
	if (tacit_slice_eq(cid, tacit_slice_str("any")))
		out->cid = TACIT_VSOCK_ANY;
	else if (!take_number(cid, UINT32_MAX, &out->cid))
		return tacit_fail(err, TACIT_USAGE, "address", 0, "want vsock:CID:PORT");
	out->transport = TACIT_TRANSPORT_VSOCK;
	return TACIT_OK;
}

static bool has_prefix(struct tacit_slice *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
		return false;
	*text = tacit_slice_of(text->ptr + len, text->len - len);
	return true;
}

enum tacit_status tacit_address_parse(const char *text, struct tacit_address *ret,
				      struct tacit_error *err)
{
	struct tacit_slice rest = tacit_slice_str(text);
	struct tacit_address out = { .transport = TACIT_TRANSPORT_TCP };
	enum tacit_status st;

	if (has_prefix(&rest, "unix:"))
		st = parse_unix(rest, &out, err);
	else if (has_prefix(&rest, "vsock:"))
		st = parse_vsock(rest, &out, err);
	else {
		(void)has_prefix(&rest, "tcp:");
		st = parse_tcp(rest, &out, err);
	}
	if (st == TACIT_OK)
		*ret = out;
	return st;
}

char *tacit_address_format(const struct tacit_address *address, char text[TACIT_ADDRESS_TEXT])
{
	switch (address->transport) {
	case TACIT_TRANSPORT_TCP: {
		bool literal = strchr(address->host, ':') != NULL;

		snprintf(text, TACIT_ADDRESS_TEXT, "tcp:%s%s%s:%u", literal ? "[" : "",
			 address->host, literal ? "]" : "", (unsigned)address->port);
		break;
	}
	case TACIT_TRANSPORT_UNIX:
		snprintf(text, TACIT_ADDRESS_TEXT, "unix:%s", address->path);
		break;
	case TACIT_TRANSPORT_VSOCK:
		if (address->cid == TACIT_VSOCK_ANY)
			snprintf(text, TACIT_ADDRESS_TEXT, "vsock:any:%u", (unsigned)address->port);
		else
			snprintf(text, TACIT_ADDRESS_TEXT, "vsock:%u:%u", (unsigned)address->cid,
				 (unsigned)address->port);
		break;
	}
	return text;
}
