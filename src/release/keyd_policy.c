/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_policy.h"

#include <stdio.h>
#include <strings.h>

#include "base/bounds.h"
#include "base/compiler.h"
#include "release/keyd_condition.h"

#define WHERE          "keyd.policy"
#define STATEMENTS_MAX 64
#define NO_STATEMENT   "no statement allows this action"

static void drop(json_t **value)
{
	json_decref(*value);
}

static const char *text_of(const json_t *value)
{
	const char *text = value ? json_string_value(value) : NULL;

	/* A text that has U+0000 in it would count as what is before that. */
	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* Runs `match` over a text or a list of texts; false for anything else. */
typedef bool (*matcher)(const struct tacit_keyd_ask *ask, const char *pattern);

static bool match_any(const json_t *value, matcher match, const struct tacit_keyd_ask *ask)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	for (size_t i = 0; i < count; i++) {
		const char *pattern =
			text_of(json_is_array(value) ? json_array_get(value, i) : value);
		if (pattern && match(ask, pattern))
			return true;
	}
	return false;
}

static bool match_action(const struct tacit_keyd_ask *ask, const char *pattern)
{
	return tacit_keyd_like(tacit_slice_str(pattern), tacit_slice_str(ask->action), true);
}

static bool match_resource(const struct tacit_keyd_ask *ask, const char *pattern)
{
	return tacit_keyd_like(tacit_slice_str(pattern), ask->resource, false);
}

/* "*", the ARN, the account's number, or the account's root, which stands for all of it. */
static bool match_principal(const struct tacit_keyd_ask *ask, const char *pattern)
{
	struct tacit_slice text = tacit_slice_str(pattern);
	char root[64];

	snprintf(root, sizeof(root), "arn:aws:iam::%.*s:root", (int)ask->account.len,
		 (const char *)ask->account.ptr);
	return strcmp(pattern, "*") == 0 || tacit_slice_eq(text, ask->principal) ||
	       tacit_slice_eq(text, ask->account) || strcmp(pattern, root) == 0;
}

static bool is_principal(const json_t *value, const struct tacit_keyd_ask *ask)
{
	if (json_is_object(value))
		value = json_object_get(value, "AWS");
	return value && match_any(value, match_principal, ask);
}

/* ---- form ----------------------------------------------------------------------------------- */

static bool is_texts(const json_t *value)
{
	if (text_of(value))
		return true;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!text_of(json_array_get(value, i)))
			return false;
	return json_is_array(value) && json_array_size(value) > 0;
}

static bool is_principals(const json_t *value)
{
	if (json_is_object(value))
		return json_object_size(value) == 1 && is_texts(json_object_get(value, "AWS"));
	const char *text = text_of(value);
	return text && strcmp(text, "*") == 0;
}

static enum tacit_status check_conditions(json_t *conditions, bool allow, struct tacit_error *err)
{
	const char *op, *key;
	json_t *keys, *values;

	if (!conditions)
		return TACIT_OK;
	if (!json_is_object(conditions))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"Condition\" is no object");
	json_object_foreach(conditions, op, keys)
	{
		if (!json_is_object(keys) || json_object_size(keys) == 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a condition without keys");
		json_object_foreach(keys, key, values)
		{
			enum tacit_status st =
				tacit_keyd_condition_check(op, key, values, allow, err);
			if (st != TACIT_OK)
				return st;
		}
	}
	return TACIT_OK;
}

static enum tacit_status check_statement(json_t *statement, struct tacit_error *err)
{
	static const char *const MEMBERS[] = { "Sid",    "Effect",   "Principal",
					       "Action", "Resource", "Condition" };
	enum tacit_status st = tacit_json_only(statement, MEMBERS, TACIT_ARRAY_LEN(MEMBERS), err);

	if (st != TACIT_OK)
		return st;
	const char *effect = text_of(json_object_get(statement, "Effect"));
	if (!effect || (strcmp(effect, "Allow") != 0 && strcmp(effect, "Deny") != 0))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "\"Effect\" is neither Allow nor Deny");
	if (!is_principals(json_object_get(statement, "Principal")))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "\"Principal\" is neither \"*\" nor {\"AWS\": ...}");
	if (!is_texts(json_object_get(statement, "Action")) ||
	    !is_texts(json_object_get(statement, "Resource")))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "\"Action\" or \"Resource\" is missing");
	return check_conditions(json_object_get(statement, "Condition"),
				strcmp(effect, "Allow") == 0, err);
}

static enum tacit_status parse(struct tacit_slice text, json_t **ret, struct tacit_error *err)
{
	static const char *const MEMBERS[] = { "Version", "Id", "Statement" };
	json_t *policy TACIT_CLEANUP(drop) = NULL;
	enum tacit_status st = tacit_json_parse(text, &policy, err);

	if (st == TACIT_OK)
		st = tacit_json_only(policy, MEMBERS, TACIT_ARRAY_LEN(MEMBERS), err);
	if (st != TACIT_OK)
		return st;
	const char *version = text_of(json_object_get(policy, "Version"));
	if (!version || strcmp(version, "2012-10-17") != 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"Version\" is not 2012-10-17");
	json_t *statements = json_object_get(policy, "Statement");
	if (!json_is_array(statements) || json_array_size(statements) == 0 ||
	    json_array_size(statements) > STATEMENTS_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "\"Statement\" is not a list of 1 to %d", STATEMENTS_MAX);
	for (size_t i = 0; i < json_array_size(statements) && st == TACIT_OK; i++)
		st = check_statement(json_array_get(statements, i), err);
	if (st == TACIT_OK) {
		*ret = policy;
		policy = NULL;
	}
	return st;
}

enum tacit_status tacit_keyd_policy_check(struct tacit_slice text, struct tacit_error *err)
{
	json_t *policy TACIT_CLEANUP(drop) = NULL;

	return parse(text, &policy, err);
}

/* ---- judging -------------------------------------------------------------------------------- */

/* All conditions hold; otherwise `why` has the first that does not. */
static bool conditions_hold(json_t *conditions, const struct tacit_keyd_ask *ask,
			    struct tacit_keyd_why *why)
{
	const char *op, *key;
	json_t *keys, *values;

	json_object_foreach(conditions, op, keys)
	{
		json_object_foreach(keys, key,
				    values) if (!tacit_keyd_condition_holds(op, key, values, ask,
									    why)) return false;
	}
	return true;
}

static bool covers(const json_t *statement, const struct tacit_keyd_ask *ask)
{
	return is_principal(json_object_get(statement, "Principal"), ask) &&
	       match_any(json_object_get(statement, "Action"), match_action, ask) &&
	       match_any(json_object_get(statement, "Resource"), match_resource, ask);
}

/* A denial counts whatever allows; the condition that no permission met says what to look at. */
static enum tacit_status refuse(const json_t *denial, const struct tacit_keyd_why *why,
				struct tacit_error *err)
{
	const char *sid = text_of(json_object_get(denial, "Sid"));

	if (!denial)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0, "%s", why->text);
	return tacit_fail(err, TACIT_POLICY, WHERE, 0, "%.40s denies this action%s%s",
			  sid ? sid : "a statement", *why->text ? ": " : "", why->text);
}

enum tacit_status tacit_keyd_policy_allows(struct tacit_slice text,
					   const struct tacit_keyd_ask *ask,
					   struct tacit_error *err)
{
	json_t *policy TACIT_CLEANUP(drop) = NULL;
	struct tacit_keyd_why why = { "" }, ignored;
	const json_t *denial = NULL;
	enum tacit_status st = parse(text, &policy, err);
	bool allowed = false;

	if (st != TACIT_OK)
		return st;
	const json_t *statements = json_object_get(policy, "Statement");
	for (size_t i = 0; i < json_array_size(statements); i++) {
		const json_t *statement = json_array_get(statements, i);
		bool deny = strcmp(text_of(json_object_get(statement, "Effect")), "Deny") == 0;

		if (!covers(statement, ask) ||
		    !conditions_hold(json_object_get(statement, "Condition"), ask,
				     *why.text || deny ? &ignored : &why))
			continue;
		if (deny)
			denial = statement;
		else
			allowed = true;
	}
	if (allowed && !denial)
		return TACIT_OK;
	if (!denial && !*why.text)
		snprintf(why.text, sizeof(why.text), NO_STATEMENT);
	return refuse(denial, &why, err);
}
