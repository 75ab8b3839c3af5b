/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <strings.h>

#include "net/connect_inside.h"

bool tacit_connect_is_local(const struct tacit_address *address)
{
	struct in_addr four;
	struct in6_addr six;

	if (address->transport == TACIT_TRANSPORT_UNIX)
		return true;
	if (address->transport != TACIT_TRANSPORT_TCP)
		return false;
	if (inet_pton(AF_INET, address->host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, address->host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcasecmp(address->host, "localhost") == 0;
}

static bool same(struct tacit_slice text, const char *name)
{
	return name && text.len == strlen(name) &&
	       strncasecmp((const char *)text.ptr, name, text.len) == 0;
}

/* The host of "host:port"; an IPv6 literal keeps its brackets. False when there is more. */
static bool cut_port(struct tacit_slice text, struct tacit_slice *ret)
{
	size_t at = 0;

	if (text.len && text.ptr[0] == '[')
		while (at < text.len && text.ptr[at] != ']')
			at++;
	while (at < text.len && text.ptr[at] != ':')
		at++;
	*ret = tacit_slice_of(text.ptr, at);
	if (at == text.len)
		return true;
	for (size_t i = at + 1; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	return text.len - at <= 6;
}

bool tacit_connect_host_ok(struct tacit_slice host, const char *extra)
{
	struct tacit_slice name;

	if (!host.ptr || !cut_port(host, &name))
		return false;
	return same(name, "localhost") || same(name, "127.0.0.1") || same(name, "[::1]") ||
	       same(name, extra);
}

bool tacit_connect_origin_ok(struct tacit_slice origin, const char *extra)
{
	static const char *const SCHEMES[] = { "http://", "https://" };

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(SCHEMES[i]);

		if (origin.len > len && strncasecmp((const char *)origin.ptr, SCHEMES[i], len) == 0)
			return tacit_connect_host_ok(
				tacit_slice_of(origin.ptr + len, origin.len - len), extra);
	}
	return false;
}

const char *tacit_connect_page(const struct tacit_http_head *head, const char *extra, bool any_host)
{
	struct tacit_slice origin = tacit_http_head_find(head, "Origin");

	if (!any_host && !tacit_connect_host_ok(tacit_http_head_find(head, "Host"), extra))
		return "this endpoint answers to local host names alone";
	if (origin.ptr && !tacit_connect_origin_ok(origin, extra))
		return "this endpoint answers no web pages of other origins";
	return NULL;
}

bool tacit_connect_type_ok(const struct tacit_http_head *head, const char *want)
{
	struct tacit_slice type = tacit_http_head_find(head, "Content-Type");
	size_t len = strlen(want);

	return type.len >= len && strncasecmp((const char *)type.ptr, want, len) == 0 &&
	       (type.len == len || type.ptr[len] == ';' || type.ptr[len] == ' ');
}
