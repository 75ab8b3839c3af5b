/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms_lint.h"

#include <string.h>
#include <strings.h>

#include "base/compiler.h"

#define WHERE     "key-policy"
#define DOCUMENT  "kms:RecipientAttestation:"
#define CONTEXT   "kms:EncryptionContext:"
#define DIGITS    96 /* of a register: SHA-384 */
#define NAMES_MAX 12

/* ---- members that are one or many ----------------------------------------------------------- */

static size_t count_of(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : value ? 1 : 0;
}

static const char *text_of(const json_t *value, size_t i)
{
	const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
	const char *text = json_string_value(item);

	return text ? text : "";
}

/* "*" for any run of characters and "?" for one [IAM, policy elements]; without case, as actions.
 */
static bool is_like(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == '?' || strncasecmp(pattern, text, 1) == 0) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

/* ---- statements ----------------------------------------------------------------------------- */

struct lint {
	const json_t *statements; /* an array, or the one statement */
	tacit_kms_lint_found *found;
	void *user;
	/* Of the statement in hand: */
	const json_t *statement;
	size_t index;
	const char *said[NAMES_MAX]; /* of this statement */
	size_t said_count;
};

static void report(struct lint *l, const char *name, const char *why)
{
	for (size_t i = 0; i < l->said_count; i++)
		if (strcmp(l->said[i], name) == 0)
			return;
	if (l->said_count < NAMES_MAX)
		l->said[l->said_count++] = name;
	const struct tacit_kms_finding finding = {
		.name = name,
		.statement = l->index,
		.sid = json_string_value(json_object_get(l->statement, "Sid")),
		.why = why,
	};

	l->found(l->user, &finding);
}

static const json_t *statement_at(struct lint *l, size_t i)
{
	return json_is_array(l->statements) ? json_array_get(l->statements, i) : l->statements;
}

static bool is_effect(const json_t *statement, const char *effect)
{
	const char *text = json_string_value(json_object_get(statement, "Effect"));

	return text && strcmp(text, effect) == 0;
}

static bool lists(const json_t *actions, const char *action)
{
	for (size_t i = 0; i < count_of(actions); i++)
		if (is_like(text_of(actions, i), action))
			return true;
	return false;
}

static bool covers(const json_t *statement, const char *action)
{
	const json_t *not = json_object_get(statement, "NotAction");

	return not ? !lists(not, action) : lists(json_object_get(statement, "Action"), action);
}

/* The principals of AWS accounts: "Principal": "*" or {"AWS": ...}. */
static const json_t *principals(const json_t *statement)
{
	const json_t *value = json_object_get(statement, "Principal");

	return json_is_object(value) ? json_object_get(value, "AWS") : value;
}

static bool is_anybody(const json_t *statement)
{
	const json_t *who = principals(statement);

	for (size_t i = 0; i < count_of(who); i++)
		if (strcmp(text_of(who, i), "*") == 0)
			return true;
	return json_object_get(statement, "NotPrincipal") != NULL;
}

/* An account as a whole: its number, or its root. */
static bool is_account(const char *principal)
{
	size_t len = strlen(principal), end = strlen(":root");

	return (len == 12 && strspn(principal, "0123456789") == 12) ||
	       (len > end && strcmp(principal + len - end, ":root") == 0);
}

static bool has_account(const json_t *statement)
{
	const json_t *who = principals(statement);

	for (size_t i = 0; i < count_of(who); i++)
		if (is_account(text_of(who, i)))
			return true;
	return is_anybody(statement);
}

static bool share_principal(const json_t *one, const json_t *other)
{
	const json_t *a = principals(one), *b = principals(other);

	for (size_t i = 0; i < count_of(a); i++)
		for (size_t k = 0; k < count_of(b); k++)
			if (strcmp(text_of(a, i), text_of(b, k)) == 0)
				return true;
	return false;
}

/* ---- conditions ----------------------------------------------------------------------------- */

/* What a statement's conditions ask of the document and the context. */
struct asked {
	bool document, context;
	bool image, pcr1, pcr2, signer, tpm;
};

static void note_register(struct asked *a, const char *name)
{
	a->document = true;
	if (strcasecmp(name, "ImageSha384") == 0 || strcasecmp(name, "PCR0") == 0)
		a->image = true;
	a->pcr1 |= strcasecmp(name, "PCR1") == 0;
	a->pcr2 |= strcasecmp(name, "PCR2") == 0;
	a->signer |= strcasecmp(name, "PCR8") == 0;
	a->tpm |= strncasecmp(name, "NitroTPMPCR", 11) == 0;
}

/* Operators that hold only for a value that is there and is one of those listed. */
static bool is_strict(const char *op)
{
	return strcmp(op, "StringEquals") == 0 || strcmp(op, "StringEqualsIgnoreCase") == 0 ||
	       strcmp(op, "StringLike") == 0;
}

static void check_value(struct lint *l, const char *op, const char *value)
{
	bool plain = strlen(value) == DIGITS && strspn(value, "0123456789abcdef") == DIGITS;
	bool any_case =
		strlen(value) == DIGITS && strspn(value, "0123456789abcdefABCDEF") == DIGITS;

	if (value[0] && strspn(value, "0") == strlen(value))
		report(l, "debug-zeros",
		       "a register of zeros is what every enclave in debug mode has");
	else if (strcmp(op, "StringEqualsIgnoreCase") == 0 ? !any_case : !plain)
		report(l, "bad-register",
		       any_case ? "registers are in lower case: only StringEqualsIgnoreCase finds "
				  "one in upper case"
				: "a register has 96 hex digits, and wildcards let in what is not "
				  "known");
}

static void check_registers(struct lint *l, const char *op, const json_t *values)
{
	for (size_t i = 0; i < count_of(values); i++)
		check_value(l, op, text_of(values, i));
}

static bool starts(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Reads an Allow's conditions; reports what is wrong with them by themselves. */
static struct asked read_conditions(struct lint *l)
{
	json_t *conditions = json_object_get(l->statement, "Condition"), *pairs, *values;
	struct asked a = { 0 };
	const char *op, *key;

	json_object_foreach(conditions, op, pairs)
	{
		json_object_foreach(pairs, key, values)
		{
			if (starts(key, DOCUMENT) && is_strict(op)) {
				note_register(&a, key + strlen(DOCUMENT));
				check_registers(l, op, values);
			} else if (starts(key, DOCUMENT)) {
				report(l, "optional",
				       "a condition on the document that is not StringEquals or "
				       "StringEqualsIgnoreCase may hold without one");
			}
			a.context |= starts(key, CONTEXT) && is_strict(op);
		}
	}
	return a;
}

/*
 * Whether somewhere everybody is denied the action without the right document: one negated operator
 * with one register of the image, which holds as well when there is no document. With two, both
 * would have to differ.
 */
static bool is_guard(const json_t *statement, const char *action)
{
	json_t *conditions = json_object_get(statement, "Condition"), *pairs;
	const char *op;

	if (!is_effect(statement, "Deny") || !is_anybody(statement) ||
	    json_object_get(statement, "NotPrincipal") || !covers(statement, action) ||
	    json_object_size(conditions) != 1)
		return false;
	json_object_foreach(conditions, op, pairs)
	{
		if (strcmp(op, "StringNotEquals") != 0 &&
		    strcmp(op, "StringNotEqualsIgnoreCase") != 0)
			return false;
		return json_object_size(pairs) == 1 &&
		       (json_object_get(pairs, DOCUMENT "PCR0") ||
			json_object_get(pairs, DOCUMENT "ImageSha384"));
	}
	return false;
}

static bool is_guarded(struct lint *l, const char *action)
{
	for (size_t i = 0; i < count_of(l->statements); i++)
		if (is_guard(statement_at(l, i), action))
			return true;
	return false;
}

/* ---- what an Allow lets through ------------------------------------------------------------- */

/* All by which what is encrypted gets out. */
static const char *const OPENING[] = { "kms:Decrypt", "kms:ReEncryptFrom",
				       "kms:DeriveSharedSecret" };

static bool opens(const json_t *statement)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(OPENING); i++)
		if (covers(statement, OPENING[i]))
			return true;
	return false;
}

static bool opens_unguarded(struct lint *l)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(OPENING); i++)
		if (covers(l->statement, OPENING[i]) && !is_guarded(l, OPENING[i]))
			return true;
	return false;
}

static void check_document(struct lint *l, const struct asked *a)
{
	if (!a->document) {
		if (opens_unguarded(l))
			report(l, "no-document",
			       "it lets decrypt without a document: a condition on "
			       "kms:RecipientAttestation:PCR0 is missing, here or in a Deny for "
			       "everybody");
		return;
	}
	if (!a->context)
		report(l, "no-context",
		       "no condition on kms:EncryptionContext: any ciphertext of the key can be "
		       "handed over in the place of the right one");
	if (a->image || (a->pcr1 && a->pcr2) || a->tpm)
		return;
	if (a->signer)
		report(l, "only-signer",
		       "PCR8 says who signed, not what: every image that was ever signed so gets "
		       "the key, old ones too");
	else
		report(l, "no-image", "no register that is named says which image runs");
}

static bool decrypts_elsewhere(struct lint *l)
{
	for (size_t i = 0; i < count_of(l->statements); i++) {
		const json_t *other = statement_at(l, i);

		if (is_effect(other, "Allow") && opens(other) &&
		    share_principal(other, l->statement))
			return true;
	}
	return false;
}

static void check_control(struct lint *l)
{
	if (covers(l->statement, "kms:PutKeyPolicy")) {
		if (has_account(l->statement))
			report(l, "open-policy",
			       "a whole account may change this policy, and with it every "
			       "condition: name the roles that may");
		else if (decrypts_elsewhere(l))
			report(l, "own-policy",
			       "whoever may decrypt may change this policy, and with it the "
			       "conditions");
	}
	if (covers(l->statement, "kms:CreateGrant") && !is_guarded(l, "kms:CreateGrant"))
		report(l, "grants",
		       "it lets make grants, by which others decrypt without these conditions");
}

static void check_allow(struct lint *l)
{
	struct asked a = read_conditions(l);

	if (json_object_get(l->statement, "NotAction") ||
	    json_object_get(l->statement, "NotPrincipal"))
		report(l, "negated",
		       "NotAction and NotPrincipal let through all that nobody thought of");
	if (opens(l->statement)) {
		check_document(l, &a);
		if (is_anybody(l->statement))
			report(l, "anybody",
			       "every account of AWS may ask, and run this image beside a host of "
			       "its own");
	}
	check_control(l);
}

static bool is_statement(const json_t *statement)
{
	return json_is_object(statement) &&
	       (is_effect(statement, "Allow") || is_effect(statement, "Deny"));
}

enum tacit_status tacit_kms_lint(const json_t *policy, tacit_kms_lint_found *found, void *user,
				 struct tacit_error *err)
{
	struct lint l = { .statements = json_object_get(policy, "Statement"),
			  .found = found,
			  .user = user };

	if (count_of(l.statements) == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not a policy: no Statement");
	for (size_t i = 0; i < count_of(l.statements); i++)
		if (!is_statement(statement_at(&l, i)))
			return tacit_fail(err, TACIT_FORMAT, WHERE, i,
					  "statement %zu has no Effect of Allow or Deny", i);
	for (l.index = 0; l.index < count_of(l.statements); l.index++) {
		l.statement = statement_at(&l, l.index);
		l.said_count = 0;
		if (is_effect(l.statement, "Allow"))
			check_allow(&l);
	}
	return TACIT_OK;
}
