/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#include "net/connect_inside.h"
#include "net/server_inside.h"

struct event_base *tacit_connect_guard_base(struct tacit_server *server)
{
	return server->base;
}

void tacit_connect_guard_cut(struct tacit_call *call)
{
	call->gone = NULL;
	if (call->conn->state == CONN_BUSY)
		tacit_server_conn_flush(call->conn);
}

/* Hands what the socket did not take to the buffer, which also finds out about errors. */
static void buffer_rest(struct conn *conn, struct iovec *parts, size_t count, size_t sent)
{
	struct tacit_slice rest[3];

	for (size_t i = 0; i < count; i++) {
		size_t gone = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		rest[i] = tacit_slice_of((uint8_t *)parts[i].iov_base + gone,
					 parts[i].iov_len - gone);
		sent -= gone;
	}
	tacit_server_send(conn, rest, count);
}

void tacit_connect_guard_write(struct tacit_call *call, struct tacit_slice bytes)
{
	struct conn *conn = call->conn;
	char size[24], end[] = "\r\n";

	if (conn->state != CONN_BUSY || !call->chunked || bytes.len == 0 ||
	    evbuffer_get_length(bufferevent_get_output(conn->bev)) > 0) {
		tacit_call_write(call, bytes);
		return;
	}
	snprintf(size, sizeof(size), "%zx\r\n", bytes.len);
	struct iovec parts[] = {
		{ size, strlen(size) },
		{ (void *)(uintptr_t)bytes.ptr, bytes.len },
		{ end, 2 },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	ssize_t sent = sendmsg(bufferevent_getfd(conn->bev), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	size_t total = parts[0].iov_len + bytes.len + 2;
	if (sent < 0 || (size_t)sent < total)
		buffer_rest(conn, parts, 3, sent < 0 ? 0 : (size_t)sent);
}

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
