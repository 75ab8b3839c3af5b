/* SPDX-License-Identifier: Apache-2.0 */
#include "net/egress.h"

#include <arpa/inet.h>

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
}

static bool is_address(const char *host)
{
	uint8_t room[16];

	return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

/* Lower case, without the dot that makes a name absolute; one way to write each address. */
static bool take_host(struct tacit_slice text, char host[static TACIT_EGRESS_HOST])
{
	bool bracket = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
	uint8_t address[16];

	if (bracket)
		text = tacit_slice_of(text.ptr + 1, text.len - 2);
	else if (text.len > 1 && text.ptr[text.len - 1] == '.')
		text.len--;
	if (text.len == 0 || text.len >= TACIT_EGRESS_HOST || text.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '.' && (i + 1 == text.len || text.ptr[i + 1] == '.'))
			return false;
		c = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		if (!is_word(c) && !(bracket && c == ':'))
			return false;
		host[i] = (char)c;
	}
	host[text.len] = '\0';
	if (!bracket)
		return true;
	return inet_pton(AF_INET6, host, address) == 1 &&
	       inet_ntop(AF_INET6, address, host, TACIT_EGRESS_HOST) != NULL;
}

static bool take_port(struct tacit_slice text, uint16_t *ret)
{
	uint32_t value = 0;

	if (text.len == 0 || text.len > 5 || text.ptr[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	*ret = (uint16_t)value;
	return value <= 65535;
}

enum tacit_status tacit_egress_target(struct tacit_slice text, struct tacit_egress_target *ret,
				      struct tacit_error *err)
{
	struct tacit_egress_target out = { .port = 0 };
	size_t colon = text.len;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return tacit_fail(err, TACIT_USAGE, "egress", 0, "no port: want HOST:PORT");
	if (!take_port(tacit_slice_of(text.ptr + colon, text.len - colon), &out.port))
		return tacit_fail(err, TACIT_USAGE, "egress", 0, "the port is not 1 to 65535");
	if (!take_host(tacit_slice_of(text.ptr, colon - 1), out.host))
		return tacit_fail(err, TACIT_USAGE, "egress", 0,
				  "not a host name or address (IPv6 goes in brackets)");
	*ret = out;
	return TACIT_OK;
}

const struct tacit_egress_entry *tacit_egress_find(const struct tacit_egress *egress,
						   const struct tacit_egress_target *target)
{
	for (size_t i = 0; i < egress->count; i++) {
		if (egress->entries[i].port == target->port &&
		    strcmp(egress->entries[i].host, target->host) == 0)
			return &egress->entries[i];
	}
	return NULL;
}

enum tacit_status tacit_egress_allow(struct tacit_egress *egress,
				     const struct tacit_egress_target *target, bool private,
				     struct tacit_error *err)
{
	for (size_t i = 0; i < egress->count; i++) {
		struct tacit_egress_entry *e = &egress->entries[i];

		if (e->port != target->port || strcmp(e->host, target->host) != 0)
			continue;
		e->private = e->private || private;
		return TACIT_OK;
	}
	if (egress->count == TACIT_EGRESS_ENTRIES_MAX)
		return tacit_fail(err, TACIT_LIMIT, "egress", 0, "more than %d entries",
				  TACIT_EGRESS_ENTRIES_MAX);
	struct tacit_egress_entry *e = &egress->entries[egress->count++];
	memcpy(e->host, target->host, sizeof(e->host));
	e->port = target->port;
	e->private = private;
	e->literal = is_address(target->host);
	return TACIT_OK;
}

/* ---- addresses ------------------------------------------------------------------------------ */

struct block {
	uint8_t bytes[16];
	unsigned bits;
};

/* Not for a stranger to send us to [RFC 6890, and what IANA's registries added to it]. */
static const struct block BLOCKS_4[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 }, /* link-local, and the metadata service of clouds */
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },
	{ { 192, 0, 2 }, 24 },
	{ { 192, 88, 99 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 },
	{ { 203, 0, 113 }, 24 },
	{ { 224 }, 3 }, /* multicast, reserved, broadcast */
};

/* Within 2000::/3, which is all that is given out; the rest is refused as a whole. */
static const struct block BLOCKS_6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* protocol assignments, Teredo, benchmarking */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4: an IPv4 address inside */
	{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation */
};

static bool is_in(const uint8_t *address, const struct block *block)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (memcmp(address, block->bytes, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ block->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_public_4(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof(BLOCKS_4) / sizeof(BLOCKS_4[0]); i++) {
		if (is_in(address, &BLOCKS_4[i]))
			return false;
	}
	return true;
}

static bool is_public_6(const uint8_t *address)
{
	static const uint8_t MAPPED[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const uint8_t NAT64[12] = { 0, 0x64, 0xff, 0x9b }; /* [RFC 6052 2.1] */

	if (memcmp(address, MAPPED, sizeof(MAPPED)) == 0 ||
	    memcmp(address, NAT64, sizeof(NAT64)) == 0)
		return is_public_4(address + 12);
	if ((address[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < sizeof(BLOCKS_6) / sizeof(BLOCKS_6[0]); i++) {
		if (is_in(address, &BLOCKS_6[i]))
			return false;
	}
	return true;
}

bool tacit_egress_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return is_public_4((const uint8_t *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return is_public_6(in6.sin6_addr.s6_addr);
	}
	return false;
}

bool tacit_egress_permits(const struct tacit_egress_entry *entry, const struct sockaddr *address)
{
	return entry->private || entry->literal || tacit_egress_is_public(address);
}
