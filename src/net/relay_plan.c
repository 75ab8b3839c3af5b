/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "net/relay.h"

#define WORDS_MAX 4
#define TEXT_MAX  TACIT_ADDRESS_TEXT

enum tacit_status tacit_relay_plan_new(struct tacit_relay_plan **ret, struct tacit_error *err)
{
	struct tacit_relay_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return tacit_fail(err, TACIT_NOMEM, "relay.plan", 0, "out of memory");
	*ret = plan;
	return TACIT_OK;
}

void tacit_relay_plan_free(struct tacit_relay_plan *plan)
{
	free(plan);
}

static enum tacit_status take_listen(struct tacit_relay_rule *rule, const char *text,
				     struct tacit_error *err)
{
	size_t len = strlen(text);

	if (len < 3 || memcmp(text, "fd:", 3) != 0)
		return tacit_address_parse(text, &rule->listen, err);
	if (len == 3 || len - 3 >= sizeof(rule->inherited) || strchr(text + 3, ':'))
		return tacit_fail(err, TACIT_USAGE, "relay.plan", 0,
				  "fd: wants the name of a socket, at most %d bytes",
				  TACIT_RELAY_NAME - 1);
	memcpy(rule->inherited, text + 3, len - 3);
	return TACIT_OK;
}

enum tacit_status tacit_relay_plan_rule(struct tacit_relay_plan *plan, enum tacit_relay_kind kind,
					const char *listen, const char *to, struct tacit_error *err)
{
	struct tacit_relay_rule rule = { .kind = kind };

	if (plan->rule_count == TACIT_RELAY_RULES_MAX)
		return tacit_fail(err, TACIT_LIMIT, "relay.plan", 0, "more than %d listeners",
				  TACIT_RELAY_RULES_MAX);
	enum tacit_status st = take_listen(&rule, listen, err);
	if (st == TACIT_OK && kind == TACIT_RELAY_FORWARD) {
		st = tacit_address_parse(to, &rule.to, err);
		if (st == TACIT_OK && rule.to.port == 0 &&
		    rule.to.transport != TACIT_TRANSPORT_UNIX)
			st = tacit_fail(err, TACIT_USAGE, "relay.plan", 0, "no port to connect to");
		if (st == TACIT_OK && rule.to.transport == TACIT_TRANSPORT_VSOCK &&
		    rule.to.cid == TACIT_VSOCK_ANY)
			st = tacit_fail(err, TACIT_USAGE, "relay.plan", 0, "no CID to connect to");
	}
	if (st == TACIT_OK)
		plan->rules[plan->rule_count++] = rule;
	return st;
}

/* ---- configuration files -------------------------------------------------------------------- */

struct line {
	uint64_t number;
	size_t count;
	char words[WORDS_MAX][TEXT_MAX];
};

static enum tacit_status fail(const struct line *line, struct tacit_error *err,
			      enum tacit_status st, const char *why)
{
	return tacit_fail(err, st, "relay.config", line->number, "line %llu: %s",
			  (unsigned long long)line->number, why);
}

/* Splits at blanks; "#" starts a comment where a word would start. */
static enum tacit_status split(struct tacit_slice text, struct line *line, struct tacit_error *err)
{
	size_t at = 0;

	line->count = 0;
	for (;;) {
		while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t'))
			at++;
		if (at == text.len || text.ptr[at] == '#')
			return TACIT_OK;
		if (line->count == WORDS_MAX)
			return fail(line, err, TACIT_FORMAT, "too many words");
		size_t len = 0;
		char *word = line->words[line->count++];
		for (; at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\t'; at++) {
			if (text.ptr[at] <= 0x20 || text.ptr[at] >= 0x7f)
				return fail(line, err, TACIT_FORMAT, "not a printable character");
			if (len == TEXT_MAX - 1)
				return fail(line, err, TACIT_FORMAT, "a word is too long");
			word[len++] = (char)text.ptr[at];
		}
		word[len] = '\0';
	}
}

static bool take_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || p - text > 10)
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*ret = value;
	return *text && value > 0 && value <= max;
}

/* X(word, field, largest value, factor) */
#define LIMITS(X)                                      \
	X("max-connections", connections, 1u << 20, 1) \
	X("max-per-peer", per_peer, 1u << 20, 1)       \
	X("connect-timeout", connect_ms, 3600, 1000)   \
	X("idle-timeout", idle_ms, 86400 * 7, 1000)    \
	X("drain-timeout", drain_ms, 86400, 1000)

static const struct {
	const char *word;
	size_t offset;
	uint64_t max, factor;
} LIMIT_WORDS[] = {
#define ROW(word, field, max, factor) \
	{ word, offsetof(struct tacit_relay_limits, field), max, factor },
	LIMITS(ROW)
#undef ROW
};

static const struct {
	const char *word;
	enum tacit_relay_kind kind;
} LISTEN_WORDS[] = {
	{ "egress", TACIT_RELAY_EGRESS },
	{ "heartbeat", TACIT_RELAY_HEARTBEAT },
	{ "metrics", TACIT_RELAY_METRICS },
	{ "echo", TACIT_RELAY_ECHO },
};

static enum tacit_status take_rule(struct tacit_relay_plan *plan, const struct line *line,
				   enum tacit_relay_kind kind, struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	enum tacit_status st =
		tacit_relay_plan_rule(plan, kind, line->words[1], line->words[3], &why);

	return st == TACIT_OK ? st : fail(line, err, st, why.detail);
}

static enum tacit_status take_allow(struct tacit_relay_plan *plan, const struct line *line,
				    bool private, struct tacit_error *err)
{
	struct tacit_egress_target target;
	struct tacit_error why = { 0 };
	enum tacit_status st = tacit_egress_target(tacit_slice_str(line->words[1]), &target, &why);

	if (st == TACIT_OK)
		st = tacit_egress_allow(&plan->egress, &target, private, &why);
	return st == TACIT_OK ? st : fail(line, err, st, why.detail);
}

static enum tacit_status take_limit(struct tacit_relay_plan *plan, const struct line *line,
				    size_t i, struct tacit_error *err)
{
	uint64_t value, *field;

	if (!take_number(line->words[1], LIMIT_WORDS[i].max, &value))
		return fail(line, err, TACIT_FORMAT, "not a number in range");
	field = (uint64_t *)(void *)((char *)&plan->limits + LIMIT_WORDS[i].offset);
	*field = value * LIMIT_WORDS[i].factor;
	return TACIT_OK;
}

static enum tacit_status take_metadata(struct tacit_relay_plan *plan, const struct line *line,
				       struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	enum tacit_status st = tacit_aws_place_check(line->words[1], &why);

	if (st != TACIT_OK)
		return fail(line, err, TACIT_FORMAT, why.detail);
	memcpy(plan->aws_metadata, line->words[1], strlen(line->words[1]) + 1);
	return TACIT_OK;
}

static enum tacit_status take_line(struct tacit_relay_plan *plan, const struct line *line,
				   struct tacit_error *err)
{
	const char *word = line->words[0];

	if (strcmp(word, "listen") == 0) {
		if (line->count != 4 || strcmp(line->words[2], "to") != 0)
			return fail(line, err, TACIT_FORMAT, "want 'listen ADDR to ADDR'");
		return take_rule(plan, line, TACIT_RELAY_FORWARD, err);
	}
	if (line->count != 2)
		return fail(line, err, TACIT_FORMAT, "want a word and its value");
	if (strcmp(word, "allow") == 0 || strcmp(word, "allow-private") == 0)
		return take_allow(plan, line, word[5] != '\0', err);
	if (strcmp(word, "aws-credentials") == 0)
		return take_metadata(plan, line, err);
	for (size_t i = 0; i < sizeof(LISTEN_WORDS) / sizeof(LISTEN_WORDS[0]); i++) {
		if (strcmp(word, LISTEN_WORDS[i].word) == 0)
			return take_rule(plan, line, LISTEN_WORDS[i].kind, err);
	}
	for (size_t i = 0; i < sizeof(LIMIT_WORDS) / sizeof(LIMIT_WORDS[0]); i++) {
		if (strcmp(word, LIMIT_WORDS[i].word) == 0)
			return take_limit(plan, line, i, err);
	}
	return fail(line, err, TACIT_FORMAT, "not a word that is known here");
}

enum tacit_status tacit_relay_plan_parse(struct tacit_relay_plan *plan, struct tacit_slice text,
					 struct tacit_error *err)
{
	struct line line = { .number = 0 };

	if (text.len > TACIT_RELAY_CONFIG_MAX)
		return tacit_fail(err, TACIT_LIMIT, "relay.config", 0, "longer than %d bytes",
				  TACIT_RELAY_CONFIG_MAX);
	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len && text.ptr[len] != '\n')
			len++;
		line.number++;
		enum tacit_status st = split(tacit_slice_of(text.ptr, len), &line, err);
		if (st == TACIT_OK && line.count > 0)
			st = take_line(plan, &line, err);
		if (st != TACIT_OK)
			return st;
		len += len < text.len;
		text = tacit_slice_of(text.ptr + len, text.len - len);
	}
	return TACIT_OK;
}
