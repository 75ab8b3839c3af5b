/* SPDX-License-Identifier: Apache-2.0 */
#include "net/egress.h"

#include <arpa/inet.h>

#include "../tap.h"

struct good {
	const char *text, *host;
	uint16_t port;
};

static const struct good GOOD[] = {
	{ "kms.us-east-1.amazonaws.com:443", "kms.us-east-1.amazonaws.com", 443 },
	{ "KMS.Example:1", "kms.example", 1 },
	{ "absolute.example.:80", "absolute.example", 80 },
	{ "under_score.example:65535", "under_score.example", 65535 },
	{ "10.0.0.1:9", "10.0.0.1", 9 },
	{ "[::1]:443", "::1", 443 },
	{ "[2001:DB8:0:0:0:0:0:1]:443", "2001:db8::1", 443 },
	{ "[::ffff:127.0.0.1]:443", "::ffff:127.0.0.1", 443 },
};

static const char *const BAD[] = {
	"",
	":",
	":443",
	"host",
	"host:",
	"host:0",
	"host:00443",
	"host:0443",
	"host:65536",
	"host:99999999999",
	"host:-1",
	"host:+1",
	"host: 1",
	"host:1 ",
	" host:1",
	"ho st:1",
	"host/x:1",
	"user@host:1",
	"https://host:1",
	"h\xc3\xb6st:1",
	"host*:1",
	"*:443",
	".:443",
	".host:443",
	"host..:443",
	"a..b:443",
	"[1:2:3:4:5:6:7.]:443",
	"::1:443",
	"[]:443",
	"[::1:443",
	"::1]:443",
	"[host]:443",
	"[10.0.0.1]:443",
	"[fe80::1%eth0]:443",
	"[::1].:443",
};

static void test_targets(void)
{
	struct tacit_egress_target target;
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		bool fine = tacit_egress_target(tacit_slice_str(GOOD[i].text), &target, &err) ==
			    TACIT_OK;

		ok(fine && strcmp(target.host, GOOD[i].host) == 0 && target.port == GOOD[i].port,
		   "%s", GOOD[i].text);
	}
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		target.port = 7;
		err = (struct tacit_error){ 0 };
		ok(tacit_egress_target(tacit_slice_str(BAD[i]), &target, &err) == TACIT_USAGE &&
			   target.port == 7 && err.detail[0],
		   "no target: '%s'", BAD[i]);
	}
	is_status(tacit_egress_target(tacit_slice_of("a\0b:1", 5), &target, NULL), TACIT_USAGE,
		  "a NUL in the name");
}

/* A name of `len` bytes with port 1. */
static enum tacit_status try_length(size_t len)
{
	uint8_t text[512];
	struct tacit_egress_target target;

	memset(text, 'a', len);
	memcpy(text + len, ":1", 2);
	return tacit_egress_target(tacit_slice_of(text, len + 2), &target, NULL);
}

static bool is_allowed(const struct tacit_egress *egress, const char *text)
{
	struct tacit_egress_target target;

	return tacit_egress_target(tacit_slice_str(text), &target, NULL) == TACIT_OK &&
	       tacit_egress_find(egress, &target) != NULL;
}

static enum tacit_status allow(struct tacit_egress *egress, const char *text, bool private)
{
	struct tacit_egress_target target;
	enum tacit_status st = tacit_egress_target(tacit_slice_str(text), &target, NULL);

	return st == TACIT_OK ? tacit_egress_allow(egress, &target, private, NULL) : st;
}

static void test_list(void)
{
	static struct tacit_egress egress;
	char text[32];

	is_status(try_length(253), TACIT_OK, "a name of 253 bytes");
	is_status(try_length(254), TACIT_USAGE, "and not of 254");
	is_status(allow(&egress, "a.example:443", false), TACIT_OK, "a place is allowed");
	ok(is_allowed(&egress, "A.EXAMPLE.:443"), "and found in another spelling");
	ok(!is_allowed(&egress, "a.example:80"), "but not at another port");
	ok(!is_allowed(&egress, "b.a.example:443"), "nor is a name below it");
	ok(!is_allowed(&egress, "a.example.org:443"), "nor one behind it");
	ok(!is_allowed(&egress, "example:443"), "nor one above it");
	is_status(allow(&egress, "a.example:443", true), TACIT_OK, "it is allowed again, private");
	ok(egress.count == 1 && egress.entries[0].private, "which is one entry, now private");
	is_status(allow(&egress, "a.example:443", false), TACIT_OK, "and once more, public");
	ok(egress.entries[0].private, "which takes nothing back");
	for (unsigned i = 1; i < TACIT_EGRESS_ENTRIES_MAX; i++) {
		snprintf(text, sizeof(text), "h%u:1", i);
		if (allow(&egress, text, false) != TACIT_OK)
			break;
	}
	ok(egress.count == TACIT_EGRESS_ENTRIES_MAX, "%d entries", TACIT_EGRESS_ENTRIES_MAX);
	is_status(allow(&egress, "one.more:1", false), TACIT_LIMIT, "and no more");
	is_status(allow(&egress, "h1:1", false), TACIT_OK, "one that is there is no more");
}

/* ---- addresses ------------------------------------------------------------------------------ */

static const char *const PUBLIC[] = {
	"1.1.1.1",          "9.255.255.255",   "11.0.0.0",     "100.63.255.255",
	"100.128.0.0",      "126.255.255.255", "128.0.0.0",    "169.253.255.255",
	"169.255.0.0",      "172.15.255.255",  "172.32.0.0",   "192.0.1.0",
	"192.0.3.0",        "192.88.98.255",   "192.88.100.0", "192.167.255.255",
	"192.169.0.0",      "198.17.255.255",  "198.20.0.0",   "198.51.99.255",
	"198.51.101.0",     "203.0.112.255",   "203.0.114.0",  "223.255.255.255",
	"2001:200::1",      "2001:db7:ffff::", "2001:db9::",   "2003::1",
	"2606:4700::1",     "3ffe:ffff::1",    "3fff:1000::1", "::ffff:1.1.1.1",
	"64:ff9b::101:101",
};

static const char *const PRIVATE[] = {
	"0.0.0.0",
	"0.255.255.255",
	"10.0.0.0",
	"10.255.255.255",
	"100.64.0.0",
	"100.127.255.255",
	"127.0.0.1",
	"127.255.255.255",
	"169.254.0.0",
	"169.254.169.254",
	"169.254.255.255",
	"172.16.0.0",
	"172.31.255.255",
	"192.0.0.8",
	"192.0.2.1",
	"192.88.99.1",
	"192.168.0.0",
	"192.168.255.255",
	"198.18.0.0",
	"198.19.255.255",
	"198.51.100.1",
	"203.0.113.255",
	"224.0.0.1",
	"239.255.255.255",
	"240.0.0.1",
	"255.255.255.255",
	"::",
	"::1",
	"::127.0.0.1",
	"::ffff:127.0.0.1",
	"::ffff:10.1.2.3",
	"::ffff:169.254.169.254",
	"64:ff9b::7f00:1",
	"64:ff9b::a9fe:a9fe",
	"64:ff9b:1::1",
	"100::1",
	"fc00::1",
	"fd00:ec2::254",
	"fe80::1",
	"fec0::1",
	"ff02::1",
	"2001::1",
	"2001:1ff:ffff::",
	"2001:db8::1",
	"2002:7f00:1::",
	"3fff::1",
	"3fff:fff::1",
	"4000::1",
	"1fff:ffff::1",
};

static bool is_public(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return tacit_egress_is_public((const struct sockaddr *)&in);
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
		ok(false, "'%s' is an address", text);
	return tacit_egress_is_public((const struct sockaddr *)&in6);
}

static void test_addresses(void)
{
	const struct sockaddr other = { .sa_family = AF_UNIX };
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000001) } };
	struct tacit_egress_entry entry = { .port = 1 };

	for (size_t i = 0; i < sizeof(PUBLIC) / sizeof(PUBLIC[0]); i++)
		ok(is_public(PUBLIC[i]), "%s is public", PUBLIC[i]);
	for (size_t i = 0; i < sizeof(PRIVATE) / sizeof(PRIVATE[0]); i++)
		ok(!is_public(PRIVATE[i]), "%s is not", PRIVATE[i]);
	ok(!tacit_egress_is_public(&other), "nor is what is no address of the Internet");
	ok(!tacit_egress_permits(&entry, (const struct sockaddr *)&here),
	   "a name does not lead to this machine");
	entry.private = true;
	ok(tacit_egress_permits(&entry, (const struct sockaddr *)&here), "a private one may");
	entry = (struct tacit_egress_entry){ .literal = true };
	ok(tacit_egress_permits(&entry, (const struct sockaddr *)&here), "an address does");
}

int main(void)
{
	test_targets();
	test_list();
	test_addresses();
	return done();
}
