/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "appraise/policy_platform.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/time.h"

#define WHERE        "keyd.policy"
#define VALUES_MAX   TACIT_KEYD_CONTEXT_MAX
#define HEX_MAX      129
#define ATTESTATION  "kms:RecipientAttestation:"
#define CONTEXT      "kms:EncryptionContext:"
#define MEASUREMENT  "tacit:Measurement:"
#define MEASURED_MAX 24 /* of the name of a measurement */

bool tacit_keyd_like(struct tacit_slice pattern, struct tacit_slice text, bool fold)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.len) {
		uint8_t c = text.ptr[t], want = p < pattern.len ? pattern.ptr[p] : 0;
		bool same = c == want ||
			    (fold && (c | 32) == (want | 32) && (c | 32) >= 'a' && (c | 32) <= 'z');

		if (p < pattern.len && want == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.len && (same || want == '?')) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

/* ---- what a request has --------------------------------------------------------------------- */

/* The values of a condition key; `room` is for those that are made. */
struct have {
	size_t count; /* 0: the request does not have the key */
	struct tacit_slice values[VALUES_MAX];
	char room[HEX_MAX];
};

static void add(struct have *have, struct tacit_slice value)
{
	if (have->count < VALUES_MAX)
		have->values[have->count++] = value;
}

static void add_measurement(struct have *have, const struct tacit_claims *claims, const char *name)
{
	for (size_t i = 0; claims && i < claims->measurement_count; i++) {
		struct tacit_slice value = claims->measurements[i].value;

		if (strcasecmp(claims->measurements[i].name, name) != 0 ||
		    2 * value.len >= sizeof(have->room))
			continue;
		tacit_hex_encode(value, have->room);
		add(have, tacit_slice_str(have->room));
	}
}

/* The number behind "PCR", of one of the 32 registers. */
static bool read_register(const char *text, unsigned *ret)
{
	unsigned n = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 2 || text[digits] || (digits == 2 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	*ret = n;
	return n < 32;
}

/* Which register of which platform a key of KMS means. */
static bool read_attestation(const char *name, enum tacit_tee *ret_tee, unsigned *ret)
{
	static const char PCR[] = "PCR", TPM[] = "NitroTPMPCR";

	*ret_tee = TACIT_TEE_NITRO;
	*ret = 0;
	if (strcasecmp(name, "ImageSha384") == 0)
		return true;
	if (strncasecmp(name, PCR, sizeof(PCR) - 1) == 0)
		return read_register(name + sizeof(PCR) - 1, ret);
	*ret_tee = TACIT_TEE_NITROTPM;
	return strncasecmp(name, TPM, sizeof(TPM) - 1) == 0 &&
	       read_register(name + sizeof(TPM) - 1, ret);
}

static void add_register(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	enum tacit_tee tee;
	unsigned n;
	char pcr[8];

	/* A document of an instance never counts as one of an enclave, nor the other way round;
	 * the stand-in counts as an enclave where it is accepted at all. */
	if (!ask->claims || !read_attestation(name, &tee, &n))
		return;
	if (ask->claims->tee != tee &&
	    !(ask->claims->tee == TACIT_TEE_STUB && tee == TACIT_TEE_NITRO))
		return;
	snprintf(pcr, sizeof(pcr), "pcr%u", n);
	add_measurement(have, ask->claims, pcr);
}

static void add_context(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	for (size_t i = 0; i < ask->context_count; i++)
		if (tacit_slice_eq(ask->context[i].key, tacit_slice_str(name)))
			add(have, ask->context[i].value);
}

static void add_context_keys(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	for (size_t i = 0; i < ask->context_count; i++)
		add(have, ask->context[i].key);
}

static void add_time(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	tacit_time_format(ask->now, have->room);
	add(have, tacit_slice_str(have->room));
}

static void add_principal(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	add(have, ask->principal);
}

static void add_platform(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	if (ask->claims)
		add(have, tacit_slice_str(tacit_tee_name(ask->claims->tee)));
}

static void add_tcb(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	if (ask->claims && ask->claims->tcb_status)
		add(have, tacit_slice_str(ask->claims->tcb_status));
}

static void add_any_measurement(struct have *have, const char *name,
				const struct tacit_keyd_ask *ask)
{
	add_measurement(have, ask->claims, name);
}

static void add_nonce(struct have *have, const char *name, const struct tacit_keyd_ask *ask)
{
	(void)name;
	if (ask->claims)
		add(have, tacit_slice_str(ask->fresh_nonce ? "true" : "false"));
}

enum of { OF_REQUEST, OF_EVIDENCE, SEVERAL };

static const struct source {
	const char *name;
	bool prefix; /* something follows */
	enum of of;  /* SEVERAL: values, of the request */
	void (*add)(struct have *have, const char *rest, const struct tacit_keyd_ask *ask);
} SOURCES[] = {
	{ ATTESTATION, true, OF_EVIDENCE, add_register },
	{ CONTEXT, true, OF_REQUEST, add_context },
	{ "kms:EncryptionContextKeys", false, SEVERAL, add_context_keys },
	{ "aws:CurrentTime", false, OF_REQUEST, add_time },
	{ "aws:PrincipalArn", false, OF_REQUEST, add_principal },
	{ "tacit:Platform", false, OF_EVIDENCE, add_platform },
	{ "tacit:TcbStatus", false, OF_EVIDENCE, add_tcb },
	{ "tacit:FreshNonce", false, OF_EVIDENCE, add_nonce },
	{ MEASUREMENT, true, OF_EVIDENCE, add_any_measurement },
};

static const struct source *find_source(const char *key, const char **ret_rest)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SOURCES); i++) {
		size_t len = strlen(SOURCES[i].name);

		if (strncasecmp(key, SOURCES[i].name, len) != 0)
			continue;
		if (SOURCES[i].prefix ? key[len] == 0 : key[len] != 0)
			continue;
		*ret_rest = key + len;
		return &SOURCES[i];
	}
	return NULL;
}

/* ---- operators ------------------------------------------------------------------------------ */

enum kind { TEXT, LIKE, BOOL, EXISTS, DATE };
enum date { DATE_NONE, BEFORE, BEFORE_OR_AT, AFTER, AFTER_OR_AT };
enum many { ONE, FOR_ALL, FOR_ANY };

static const struct rule {
	const char *name;
	enum kind kind;
	bool fold, negated;
	enum date date;
} OPERATORS[] = {
	{ "StringEquals", TEXT, false, false, DATE_NONE },
	{ "StringNotEquals", TEXT, false, true, DATE_NONE },
	{ "StringEqualsIgnoreCase", TEXT, true, false, DATE_NONE },
	{ "StringNotEqualsIgnoreCase", TEXT, true, true, DATE_NONE },
	{ "StringLike", LIKE, false, false, DATE_NONE },
	{ "StringNotLike", LIKE, false, true, DATE_NONE },
	{ "ArnEquals", LIKE, false, false, DATE_NONE },
	{ "ArnLike", LIKE, false, false, DATE_NONE },
	{ "Bool", BOOL, true, false, DATE_NONE },
	{ "Null", EXISTS, true, false, DATE_NONE },
	{ "DateLessThan", DATE, false, false, BEFORE },
	{ "DateLessThanEquals", DATE, false, false, BEFORE_OR_AT },
	{ "DateGreaterThan", DATE, false, false, AFTER },
	{ "DateGreaterThanEquals", DATE, false, false, AFTER_OR_AT },
};

struct use {
	const struct rule *rule;
	bool if_exists;
	enum many many;
};

static bool read_operator(const char *name, struct use *ret)
{
	static const char ALL[] = "ForAllValues:", ANY[] = "ForAnyValue:", IF[] = "IfExists";
	struct use use = { NULL, false, ONE };
	size_t len;

	if (strncmp(name, ALL, sizeof(ALL) - 1) == 0) {
		use.many = FOR_ALL;
		name += sizeof(ALL) - 1;
	} else if (strncmp(name, ANY, sizeof(ANY) - 1) == 0) {
		use.many = FOR_ANY;
		name += sizeof(ANY) - 1;
	}
	len = strlen(name);
	if (len > sizeof(IF) - 1 && strcmp(name + len - (sizeof(IF) - 1), IF) == 0) {
		use.if_exists = true;
		len -= sizeof(IF) - 1;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(OPERATORS); i++)
		if (strlen(OPERATORS[i].name) == len && strncmp(name, OPERATORS[i].name, len) == 0)
			use.rule = &OPERATORS[i];
	*ret = use;
	return use.rule && (use.many == ONE || use.rule->kind <= LIKE) &&
	       !(use.if_exists && use.rule->kind == EXISTS);
}

/* A condition's value is a text, or true or false. */
static struct tacit_slice value_text(const json_t *value)
{
	if (json_is_boolean(value))
		return tacit_slice_str(json_is_true(value) ? "true" : "false");
	return tacit_slice_of(json_string_value(value), json_string_length(value));
}

static const json_t *value_at(const json_t *values, size_t i)
{
	return json_is_array(values) ? json_array_get(values, i) : values;
}

static size_t value_count(const json_t *values)
{
	return json_is_array(values) ? json_array_size(values) : 1;
}

static bool check_value(const struct rule *rule, struct tacit_slice text)
{
	int64_t when;

	if (!text.ptr || memchr(text.ptr, 0, text.len))
		return false;
	if (rule->kind == DATE)
		return tacit_time_parse(text, &when);
	if (rule->kind == BOOL || rule->kind == EXISTS)
		return tacit_slice_eq(text, tacit_slice_str("true")) ||
		       tacit_slice_eq(text, tacit_slice_str("false"));
	return true;
}

/* Whether any platform has a measurement of this name, in any case. */
static bool is_measurement(const char *name)
{
	char lower[MEASURED_MAX] = "";

	if (strlen(name) >= sizeof(lower))
		return false;
	for (size_t i = 0; name[i]; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 32) : name[i];
	for (enum tacit_tee tee = TACIT_TEE_NITRO; tee <= TACIT_TEE_STUB; tee++)
		if (tacit_policy_name_find(tee, lower))
			return true;
	return false;
}

static bool is_known(const struct source *source, const char *rest)
{
	enum tacit_tee tee;
	unsigned n;

	if (source && source->add == add_register)
		return read_attestation(rest, &tee, &n);
	if (source && source->add == add_any_measurement)
		return is_measurement(rest);
	return source != NULL;
}

/* What is easily written and means something else, also to AWS. */
static enum tacit_status check_meaning(const struct use *use, const struct source *source,
				       const char *key, bool allow, struct tacit_error *err)
{
	bool without = use->rule->negated || use->if_exists || use->many == FOR_ALL;

	if (source->of == SEVERAL && use->many == ONE && use->rule->kind != EXISTS)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "%s has several values: write ForAnyValue: or ForAllValues: "
				  "before the operator",
				  source->name);
	if (source->of == OF_EVIDENCE && allow && without)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "to allow by '%.50s' say what it is: Not, IfExists and "
				  "ForAllValues: are met without evidence, and for Deny alone",
				  key);
	return TACIT_OK;
}

enum tacit_status tacit_keyd_condition_check(const char *op, const char *key, const json_t *values,
					     bool allow, struct tacit_error *err)
{
	const char *rest = NULL;
	const struct source *source = find_source(key, &rest);
	struct use use;

	if (!read_operator(op, &use))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "operator '%.60s' is not known", op);
	if (!is_known(source, rest))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "condition key '%.80s' is not known",
				  key);
	if (value_count(values) == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "'%.80s' has no value", key);
	for (size_t i = 0; i < value_count(values); i++)
		if (!check_value(use.rule, value_text(value_at(values, i))))
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "a value of '%.80s' is not one for %.40s", key, op);
	return check_meaning(&use, source, key, allow, err);
}

static bool same_text(struct tacit_slice a, struct tacit_slice b, bool fold)
{
	if (!fold)
		return tacit_slice_eq(a, b);
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp((const char *)a.ptr, (const char *)b.ptr, a.len) == 0);
}

static bool in_order(enum date date, struct tacit_slice have, struct tacit_slice want)
{
	int64_t is, than;

	if (!tacit_time_parse(have, &is) || !tacit_time_parse(want, &than))
		return false;
	switch (date) {
	case BEFORE:
		return is < than;
	case BEFORE_OR_AT:
		return is <= than;
	case AFTER:
		return is > than;
	case AFTER_OR_AT:
		return is >= than;
	case DATE_NONE:
		break;
	}
	return false;
}

/* Whether one value of the request is among those of the condition. */
static bool among(const struct rule *rule, struct tacit_slice have, const json_t *values)
{
	for (size_t i = 0; i < value_count(values); i++) {
		struct tacit_slice want = value_text(value_at(values, i));
		bool match = rule->kind == LIKE   ? tacit_keyd_like(want, have, false)
			     : rule->kind == DATE ? in_order(rule->date, have, want)
						  : same_text(have, want, rule->fold);

		if (match)
			return true;
	}
	return false;
}

static bool holds(const struct use *use, const struct have *have, const json_t *values)
{
	size_t matching = 0;

	if (use->rule->kind == EXISTS)
		return among(use->rule, tacit_slice_str(have->count ? "false" : "true"), values);
	if (have->count == 0 && use->many == FOR_ALL)
		return true;
	if (have->count == 0)
		return use->if_exists || (use->rule->negated && use->many == ONE);
	for (size_t i = 0; i < have->count; i++)
		matching += among(use->rule, have->values[i], values) != use->rule->negated;
	return use->many == FOR_ANY ? matching > 0 : matching == have->count;
}

bool tacit_keyd_condition_holds(const char *op, const char *key, const json_t *values,
				const struct tacit_keyd_ask *ask, struct tacit_keyd_why *why)
{
	const char *rest = NULL;
	const struct source *source = find_source(key, &rest);
	struct have have = { 0 };
	struct use use;
	char got[40] = "nothing";

	if (source && read_operator(op, &use)) {
		source->add(&have, rest, ask);
		if (holds(&use, &have, values))
			return true;
	}
	if (have.count)
		(void)tacit_escape(got, sizeof(got), have.values[0]);
	snprintf(why->text, sizeof(why->text), "%.70s is %s", key, got);
	return false;
}
