/* SPDX-License-Identifier: Apache-2.0 */
#include "net/relay.h"

#include "../tap.h"

static struct tacit_relay_plan *plan;

static enum tacit_status read_config(const char *text, struct tacit_error *err)
{
	tacit_relay_plan_free(plan);
	plan = NULL;
	enum tacit_status st = tacit_relay_plan_new(&plan, err);
	return st == TACIT_OK ? tacit_relay_plan_parse(plan, tacit_slice_str(text), err) : st;
}

struct bad {
	const char *name, *text;
	uint64_t line;
	enum tacit_status status;
};

static const struct bad BAD[] = {
	{ "a word that is none", "listn tcp:a:1 to tcp:b:2\n", 1, TACIT_FORMAT },
	{ "JSON", "{\"listen\": \"tcp:a:1\"}\n", 1, TACIT_FORMAT },
	{ "listen alone", "listen\n", 1, TACIT_FORMAT },
	{ "nowhere to", "listen tcp:a:1\n", 1, TACIT_FORMAT },
	{ "no second address", "listen tcp:a:1 to\n", 1, TACIT_FORMAT },
	{ "another word than to", "listen tcp:a:1 from tcp:b:2\n", 1, TACIT_FORMAT },
	{ "a fifth word", "listen tcp:a:1 to tcp:b:2 tcp:c:3\n", 1, TACIT_FORMAT },
	{ "words turned round", "to tcp:a:1 listen tcp:b:2\n", 1, TACIT_FORMAT },
	{ "no address to listen at", "listen nowhere to tcp:b:2\n", 1, TACIT_USAGE },
	{ "no address to lead to", "\n\nlisten tcp:a:1 to nowhere\n", 3, TACIT_USAGE },
	{ "port 0 to lead to", "listen tcp:a:1 to tcp:b:0\n", 1, TACIT_USAGE },
	{ "any CID to lead to", "listen tcp:a:1 to vsock:any:5\n", 1, TACIT_USAGE },
	{ "fd: without a name", "listen fd: to tcp:b:2\n", 1, TACIT_USAGE },
	{ "fd: with two names", "listen fd:a:b to tcp:b:2\n", 1, TACIT_USAGE },
	{ "fd: to lead to", "listen tcp:a:1 to fd:web\n", 1, TACIT_USAGE },
	{ "egress without an address", "egress\n", 1, TACIT_FORMAT },
	{ "egress with two", "egress tcp:a:1 tcp:b:2\n", 1, TACIT_FORMAT },
	{ "a place without a port", "allow example.com\n", 1, TACIT_USAGE },
	{ "a wildcard", "allow *.example.com:443\n", 1, TACIT_USAGE },
	{ "allow and another end", "allow-all example.com:1\n", 1, TACIT_FORMAT },
	{ "capitals", "LISTEN tcp:a:1 to tcp:b:2\n", 1, TACIT_FORMAT },
	{ "a limit of 0", "max-connections 0\n", 1, TACIT_FORMAT },
	{ "a limit below 0", "max-connections -1\n", 1, TACIT_FORMAT },
	{ "a limit too high", "max-connections 1048577\n", 1, TACIT_FORMAT },
	{ "a limit far too high", "idle-timeout 99999999999999999999999999\n", 1, TACIT_FORMAT },
	{ "a limit that wraps around", "idle-timeout 18446744073709551617\n", 1, TACIT_FORMAT },
	{ "a limit in hexadecimal", "idle-timeout 0x10\n", 1, TACIT_FORMAT },
	{ "a limit with a unit", "idle-timeout 10s\n", 1, TACIT_FORMAT },
	{ "a metadata service over https", "aws-credentials https://x\n", 1, TACIT_FORMAT },
	{ "a metadata service with a path", "aws-credentials http://x/y\n", 1, TACIT_FORMAT },
	{ "a metadata service without a host", "aws-credentials http://\n", 1, TACIT_FORMAT },
	{ "a metadata service of a user", "aws-credentials http://a@b\n", 1, TACIT_FORMAT },
	{ "a control character", "egress tcp:a\x01:1\n", 1, TACIT_FORMAT },
	{ "a carriage return", "egress tcp:a:1\r\n", 1, TACIT_FORMAT },
	{ "not ASCII", "egress tcp:\xc3\xb6:1\n", 1, TACIT_FORMAT },
	{ "a quote", "egress \"tcp:a:1\"\n", 1, TACIT_USAGE },
	{ "good lines before a bad one", "egress tcp:a:1\n# x\nmetrics tcp:b:2\nbad\n", 4,
	  TACIT_FORMAT },
};

static void test_whole(void)
{
	struct tacit_error err = { 0 };
	enum tacit_status st = read_config(
		"# all there is\n"
		"listen tcp:0.0.0.0:8443 to vsock:16:8443   # the enclave\n"
		"\tlisten\tfd:web\tto\tunix:/run/x#y\n\n"
		"egress vsock:3:8001\nheartbeat vsock:any:9000\nmetrics tcp:127.0.0.1:0\n"
		"echo unix:echo\nallow kms.example:443\nallow-private db.internal:5432\n"
		"max-connections 1048576\nmax-per-peer 1\nconnect-timeout 3600\n"
		"idle-timeout 604800\ndrain-timeout 5\naws-credentials http://169.254.169.254",
		&err);
	static const enum tacit_relay_kind KINDS[] = {
		TACIT_RELAY_FORWARD,   TACIT_RELAY_FORWARD, TACIT_RELAY_EGRESS,
		TACIT_RELAY_HEARTBEAT, TACIT_RELAY_METRICS, TACIT_RELAY_ECHO,
	};
	bool kinds = plan->rule_count == 6;

	is_status(st, TACIT_OK, "everything a file can say");
	for (size_t i = 0; i < plan->rule_count && kinds; i++)
		kinds = plan->rules[i].kind == KINDS[i];
	ok(kinds, "six rules in their order");
	ok(plan->rules[0].listen.port == 8443 && plan->rules[0].to.cid == 16, "addresses");
	ok(strcmp(plan->rules[1].inherited, "web") == 0, "a socket by name");
	ok(strcmp(plan->rules[1].to.path, "/run/x#y") == 0, "a # within a word is no comment");
	ok(plan->egress.count == 2 && !plan->egress.entries[0].private &&
		   plan->egress.entries[1].private,
	   "two places, one private");
	ok(plan->limits.connections == 1048576 && plan->limits.per_peer == 1 &&
		   plan->limits.connect_ms == 3600000 && plan->limits.idle_ms == 604800000 &&
		   plan->limits.drain_ms == 5000,
	   "limits, times in milliseconds");
	ok(strcmp(plan->aws_metadata, TACIT_AWS_METADATA) == 0, "the metadata service");
	is_status(read_config("", &err), TACIT_OK, "an empty file says nothing");
	ok(plan->rule_count == 0 && !plan->aws_metadata[0], "and nothing is what it says");
}

static void test_limits(void)
{
	static char text[TACIT_RELAY_CONFIG_MAX + 2];
	struct tacit_error err = { 0 };
	size_t at = 0;

	for (unsigned i = 0; i < TACIT_RELAY_RULES_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "egress tcp:a:%u\n", i + 1);
	is_status(read_config(text, &err), TACIT_OK, "as many rules as may be");
	snprintf(text + at, sizeof(text) - at, "egress tcp:a:9999\n");
	err = (struct tacit_error){ 0 };
	ok(read_config(text, &err) == TACIT_LIMIT && err.offset == TACIT_RELAY_RULES_MAX + 1,
	   "one more: %s", err.detail);
	memset(text, '#', sizeof(text) - 1);
	is_status(read_config(text, &err), TACIT_LIMIT, "one byte too long");
	text[TACIT_RELAY_CONFIG_MAX] = '\0';
	is_status(read_config(text, &err), TACIT_OK, "as long as may be");
	snprintf(text, sizeof(text), "egress unix:");
	memset(text + 12, 'a', TACIT_ADDRESS_TEXT);
	text[12 + TACIT_ADDRESS_TEXT] = '\0';
	is_status(read_config(text, &err), TACIT_FORMAT, "a word that is too long");
	snprintf(text, sizeof(text), "listen fd:%0*d to tcp:a:1", TACIT_RELAY_NAME - 1, 0);
	is_status(read_config(text, &err), TACIT_OK, "a socket's name of 63 bytes");
	snprintf(text, sizeof(text), "listen fd:%0*d to tcp:a:1", TACIT_RELAY_NAME, 0);
	is_status(read_config(text, &err), TACIT_USAGE, "and not of 64");
	is_status(tacit_relay_plan_parse(plan, tacit_slice_of("egress tcp:a\0b:1", 16), &err),
		  TACIT_FORMAT, "a NUL");
}

int main(void)
{
	test_whole();
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct tacit_error err = { 0 };
		enum tacit_status st = read_config(BAD[i].text, &err);

		ok(st == BAD[i].status && err.offset == BAD[i].line, "refused: %s (%s)",
		   BAD[i].name, err.detail);
	}
	test_limits();
	tacit_relay_plan_free(plan);
	return done();
}
