/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_policy.h"

#include "base/compiler.h"
#include "release/keyd_condition.h"
#include "tests/tap.h"

#define ALLOW(action, more)                                                                     \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\"," \
	"\"Action\":\"" action "\",\"Resource\":\"*\"" more "}]}"
#define WHEN(op, key, value) \
	ALLOW("kms:Decrypt", ",\"Condition\":{\"" op "\":{\"" key "\":" value "}}")
#define IMAGE  "kms:RecipientAttestation:ImageSha384"
#define PCR(n) "kms:RecipientAttestation:PCR" n
#define X48                                                \
	"abababababababababababababababababababababababab" \
	"abababababababababababababababababababababababab"
#define U48                                                \
	"ABABABABABABABABABABABABABABABABABABABABABABABAB" \
	"ABABABABABABABABABABABABABABABABABABABABABABABAB"
#define Y48                                                \
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd" \
	"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static uint8_t pcr0[48], pcr4[48];
static const struct tacit_measurement MEASUREMENTS[] = { { "pcr0", { pcr0, 48 } },
							 { "pcr4", { pcr4, 48 } } };
static struct tacit_claims claims = { .tee = TACIT_TEE_NITRO,
				      .measurement_count = 2,
				      .measurements = MEASUREMENTS,
				      .tcb_status = "UpToDate" };

static struct tacit_keyd_ask ask_of(void)
{
	static const struct tacit_keyd_pair CONTEXT[] = {
		{ { (const uint8_t *)"file", 4 }, { (const uint8_t *)"w.gguf", 6 } },
		{ { (const uint8_t *)"model", 5 }, { (const uint8_t *)"demo", 4 } },
	};
	struct tacit_keyd_ask ask = {
		.action = "kms:Decrypt",
		.principal = tacit_slice_str("arn:aws:iam::000000000000:user/app"),
		.resource = tacit_slice_str("arn:aws:kms:us-east-1:000000000000:key/k"),
		.account = tacit_slice_str("000000000000"),
		.claims = &claims,
		.context = CONTEXT,
		.context_count = 2,
		.now = 1790000000, /* 2026-09-21T14:13:20Z */
	};

	return ask;
}

static enum tacit_status allows(const char *policy, const struct tacit_keyd_ask *ask)
{
	return tacit_keyd_policy_allows(tacit_slice_str(policy), ask, NULL);
}

struct row {
	const char *name, *policy;
	enum tacit_status want;
};

/* ---- conditions ----------------------------------------------------------------------------- */

static const struct row CONDITIONS[] = {
	{ "PCR0", WHEN("StringEquals", IMAGE, "\"" X48 "\""), TACIT_OK },
	{ "PCR0 by its number", WHEN("StringEquals", PCR("0"), "\"" X48 "\""), TACIT_OK },
	{ "PCR4", WHEN("StringEquals", PCR("4"), "\"" Y48 "\""), TACIT_OK },
	{ "another PCR0", WHEN("StringEquals", IMAGE, "\"" Y48 "\""), TACIT_POLICY },
	{ "upper case", WHEN("StringEquals", IMAGE, "\"" U48 "\""), TACIT_POLICY },
	{ "upper case, case ignored", WHEN("StringEqualsIgnoreCase", IMAGE, "\"" U48 "\""),
	  TACIT_OK },
	{ "one of two", WHEN("StringEquals", IMAGE, "[\"" Y48 "\",\"" X48 "\"]"), TACIT_OK },
	{ "the beginning alone", WHEN("StringEquals", IMAGE, "\"abab\""), TACIT_POLICY },
	{ "the empty text", WHEN("StringEquals", IMAGE, "\"\""), TACIT_POLICY },
	{ "a register that is not there", WHEN("StringEquals", PCR("8"), "\"\""), TACIT_POLICY },
	{ "not another", WHEN("StringNotEquals", "kms:EncryptionContext:model", "\"x\""),
	  TACIT_OK },
	{ "not this one", WHEN("StringNotEquals", "kms:EncryptionContext:model", "\"demo\""),
	  TACIT_POLICY },
	{ "what is absent is not another",
	  WHEN("StringNotEquals", "kms:EncryptionContext:owner", "\"x\""), TACIT_OK },
	{ "if it exists", WHEN("StringEqualsIfExists", "kms:EncryptionContext:owner", "\"x\""),
	  TACIT_OK },
	{ "if it exists, and does",
	  WHEN("StringEqualsIfExists", "kms:EncryptionContext:model", "\"x\""), TACIT_POLICY },
	{ "any of the context's keys is not there",
	  WHEN("Null", "kms:EncryptionContextKeys", "true"), TACIT_POLICY },
	{ "an instance's register",
	  WHEN("StringEquals", "kms:RecipientAttestation:NitroTPMPCR0", "\"" X48 "\""),
	  TACIT_POLICY },
	{ "a pattern", WHEN("StringLike", "kms:EncryptionContext:file", "\"*.gguf\""), TACIT_OK },
	{ "another pattern", WHEN("StringLike", "kms:EncryptionContext:file", "\"?.gguf\""),
	  TACIT_OK },
	{ "a pattern that is too long",
	  WHEN("StringLike", "kms:EncryptionContext:file", "\"??.gguf\""), TACIT_POLICY },
	{ "a star is no pattern of StringEquals",
	  WHEN("StringEquals", "kms:EncryptionContext:file", "\"*\""), TACIT_POLICY },
	{ "the context", WHEN("StringEquals", "kms:EncryptionContext:model", "\"demo\""),
	  TACIT_OK },
	{ "another context", WHEN("StringEquals", "kms:EncryptionContext:model", "\"demO\""),
	  TACIT_POLICY },
	{ "a context key that is not there",
	  WHEN("StringEquals", "kms:EncryptionContext:owner", "\"x\""), TACIT_POLICY },
	{ "all context keys are of these",
	  WHEN("ForAllValues:StringEquals", "kms:EncryptionContextKeys",
	       "[\"model\",\"file\",\"x\"]"),
	  TACIT_OK },
	{ "one is not",
	  WHEN("ForAllValues:StringEquals", "kms:EncryptionContextKeys", "[\"model\"]"),
	  TACIT_POLICY },
	{ "any is", WHEN("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "[\"model\"]"),
	  TACIT_OK },
	{ "none is", WHEN("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "[\"x\"]"),
	  TACIT_POLICY },
	{ "it is there", WHEN("Null", IMAGE, "\"false\""), TACIT_OK },
	{ "it is not there", WHEN("Null", IMAGE, "\"true\""), TACIT_POLICY },
	{ "before the end", WHEN("DateLessThan", "aws:CurrentTime", "\"2026-09-21T14:13:21Z\""),
	  TACIT_OK },
	{ "at the end", WHEN("DateLessThan", "aws:CurrentTime", "\"2026-09-21T14:13:20Z\""),
	  TACIT_POLICY },
	{ "at the end, which counts",
	  WHEN("DateLessThanEquals", "aws:CurrentTime", "\"2026-09-21T14:13:20Z\""), TACIT_OK },
	{ "before it begins",
	  WHEN("DateGreaterThan", "aws:CurrentTime", "\"2026-09-21T14:13:20Z\""), TACIT_POLICY },
	{ "when it begins",
	  WHEN("DateGreaterThanEquals", "aws:CurrentTime", "\"2026-09-21T14:13:20Z\""), TACIT_OK },
	{ "the platform", WHEN("StringEquals", "tacit:Platform", "\"nitro\""), TACIT_OK },
	{ "another platform", WHEN("StringEquals", "tacit:Platform", "\"tdx\""), TACIT_POLICY },
	{ "a measurement", WHEN("StringEquals", "tacit:Measurement:pcr4", "\"" Y48 "\""),
	  TACIT_OK },
	{ "a measurement by capitals",
	  WHEN("StringEquals", "tacit:measurement:PCR4", "\"" Y48 "\""), TACIT_OK },
	{ "a measurement of another platform",
	  WHEN("StringEquals", "tacit:Measurement:mrtd", "\"" Y48 "\""), TACIT_POLICY },
	{ "the TCB", WHEN("StringEquals", "tacit:TcbStatus", "\"UpToDate\""), TACIT_OK },
	{ "a fresh nonce", WHEN("Bool", "tacit:FreshNonce", "true"), TACIT_POLICY },
	{ "who asks", WHEN("StringLike", "aws:PrincipalArn", "\"*:user/app\""), TACIT_OK },
	{ "keys know no case", WHEN("StringEquals", "KMS:recipientattestation:pcr0", "\"" X48 "\""),
	  TACIT_OK },
};

/* ---- statements ----------------------------------------------------------------------------- */

#define BOTH(a, b) "{\"Version\":\"2012-10-17\",\"Statement\":[" a "," b "]}"
#define ONE(effect, who, action, resource)                                            \
	"{\"Effect\":\"" effect "\",\"Principal\":" who ",\"Action\":\"" action "\"," \
	"\"Resource\":\"" resource "\"}"
#define ANYBODY "\"*\""

#define DENY(op, key, value)                                                                \
	"{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"," \
	"\"Condition\":{\"" op "\":{\"" key "\":" value "}}}"
#define BUT(op, key, value) BOTH(ONE("Allow", ANYBODY, "kms:*", "*"), DENY(op, key, value))

/* Denied, whatever is said in a way that would be met without evidence. */
static const struct row DENIALS[] = {
	{ "any image but this", BUT("StringNotEquals", IMAGE, "\"" X48 "\""), TACIT_OK },
	{ "any image but another", BUT("StringNotEquals", IMAGE, "\"" Y48 "\""), TACIT_POLICY },
	{ "this image if there is one", BUT("StringEqualsIfExists", IMAGE, "\"" X48 "\""),
	  TACIT_POLICY },
	{ "all values that are this", BUT("ForAllValues:StringEquals", IMAGE, "\"" X48 "\""),
	  TACIT_POLICY },
	{ "all that are another", BUT("ForAllValues:StringEquals", IMAGE, "\"" Y48 "\""),
	  TACIT_OK },
	{ "any of the context's keys",
	  BUT("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "\"file\""), TACIT_POLICY },
	{ "none of them", BUT("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "\"x\""),
	  TACIT_OK },
};

static const struct row STATEMENTS[] = {
	{ "another action", ALLOW("kms:Encrypt", ""), TACIT_POLICY },
	{ "any action", ALLOW("kms:*", ""), TACIT_OK },
	{ "actions know no case", ALLOW("KMS:decrypt", ""), TACIT_OK },
	{ "the beginning of an action", ALLOW("kms:Dec", ""), TACIT_POLICY },
	{ "a pattern of actions", ALLOW("kms:De*", ""), TACIT_OK },
	{ "a deny wins behind",
	  BOTH(ONE("Allow", ANYBODY, "kms:*", "*"), ONE("Deny", ANYBODY, "kms:Decrypt", "*")),
	  TACIT_POLICY },
	{ "a deny wins before",
	  BOTH(ONE("Deny", ANYBODY, "kms:Decrypt", "*"), ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_POLICY },
	{ "a deny of something else",
	  BOTH(ONE("Deny", ANYBODY, "kms:Encrypt", "*"), ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_OK },
	{ "this user",
	  BOTH(ONE("Allow", "{\"AWS\":\"arn:aws:iam::000000000000:user/app\"}", "kms:*", "*"),
	       ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_OK },
	{ "another user",
	  BOTH(ONE("Allow", "{\"AWS\":\"arn:aws:iam::000000000000:user/a\"}", "kms:*", "*"),
	       ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_POLICY },
	{ "the account",
	  BOTH(ONE("Allow", "{\"AWS\":\"arn:aws:iam::000000000000:root\"}", "kms:*", "*"),
	       ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_OK },
	{ "another account",
	  BOTH(ONE("Allow", "{\"AWS\":\"arn:aws:iam::111111111111:root\"}", "kms:*", "*"),
	       ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_POLICY },
	{ "this key",
	  BOTH(ONE("Allow", ANYBODY, "kms:*", "*:key/k"), ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_OK },
	{ "another key",
	  BOTH(ONE("Allow", ANYBODY, "kms:*", "*:key/other"),
	       ONE("Deny", ANYBODY, "kms:Encrypt", "*")),
	  TACIT_POLICY },
};

/* What makes the whole policy one that allows nothing. */
static const struct row BROKEN[] = {
	{ "no JSON", "{", TACIT_FORMAT },
	{ "no version", "{\"Statement\":[]}", TACIT_FORMAT },
	{ "an older version", "{\"Version\":\"2008-10-17\",\"Statement\":[]}", TACIT_FORMAT },
	{ "no statement", "{\"Version\":\"2012-10-17\",\"Statement\":[]}", TACIT_FORMAT },
	{ "NotAction", ALLOW("kms:*", ",\"NotAction\":\"kms:Encrypt\""), TACIT_FORMAT },
	{ "an operator that is not known", WHEN("NumericEquals", IMAGE, "\"1\""), TACIT_FORMAT },
	{ "NullIfExists", WHEN("NullIfExists", IMAGE, "\"true\""), TACIT_FORMAT },
	{ "ForAllValues:Bool", WHEN("ForAllValues:Bool", "tacit:FreshNonce", "true"),
	  TACIT_FORMAT },
	{ "a key that is not known", WHEN("StringEquals", "kms:ViaService", "\"x\""),
	  TACIT_FORMAT },
	{ "a measurement of no platform",
	  WHEN("StringNotEquals", "tacit:Measurement:mrdt", "\"x\""), TACIT_FORMAT },
	{ "a measurement's name with more behind it",
	  WHEN("StringNotEquals", "tacit:Measurement:mrtdx", "\"x\""), TACIT_FORMAT },
	{ "a measurement of a long name",
	  WHEN("StringNotEquals", "tacit:Measurement:" X48, "\"x\""), TACIT_FORMAT },
	{ "to allow what is not this image", WHEN("StringNotEquals", IMAGE, "\"" Y48 "\""),
	  TACIT_FORMAT },
	{ "nor is like it", WHEN("StringNotLike", IMAGE, "\"a*\""), TACIT_FORMAT },
	{ "nor is it in any case", WHEN("StringNotEqualsIgnoreCase", PCR("8"), "\"" Y48 "\""),
	  TACIT_FORMAT },
	{ "to allow an image if there is one", WHEN("StringEqualsIfExists", IMAGE, "\"" X48 "\""),
	  TACIT_FORMAT },
	{ "to allow a fresh nonce if there is one",
	  WHEN("BoolIfExists", "tacit:FreshNonce", "true"), TACIT_FORMAT },
	{ "to allow all values of a measurement",
	  WHEN("ForAllValues:StringEquals", "tacit:Measurement:mrtd", "\"x\""), TACIT_FORMAT },
	{ "to allow all of no platforms",
	  WHEN("ForAllValues:StringLike", "tacit:Platform", "\"nitro\""), TACIT_FORMAT },
	{ "to allow what is not revoked", WHEN("StringNotEquals", "tacit:TcbStatus", "\"Revoked\""),
	  TACIT_FORMAT },
	{ "several values without a word for which",
	  WHEN("StringEquals", "kms:EncryptionContextKeys", "\"file\""), TACIT_FORMAT },
	{ "also where they are denied",
	  BOTH(ONE("Allow", ANYBODY, "kms:*", "*"),
	       DENY("StringEquals", "kms:EncryptionContextKeys", "\"file\"")),
	  TACIT_FORMAT },
	{ "U+0000 in a value", WHEN("StringLike", "kms:EncryptionContext:file", "\"*\\u0000\""),
	  TACIT_FORMAT },
	{ "in an action", ALLOW("kms:*\\u0000", ""), TACIT_FORMAT },
	{ "in one of several",
	  BOTH(ONE("Allow", "{\"AWS\":[\"*\",\"*\\u0000\"]}", "kms:*", "*"),
	       ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_FORMAT },
	{ "in a resource",
	  BOTH(ONE("Deny", ANYBODY, "kms:*", "a\\u0000"), ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_FORMAT },
	{ "in an effect",
	  BOTH(ONE("Deny\\u0000", ANYBODY, "kms:*", "*"), ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_FORMAT },
	{ "a register that cannot be", WHEN("StringEquals", PCR("32"), "\"x\""), TACIT_FORMAT },
	{ "a register in two digits", WHEN("StringEquals", PCR("00"), "\"x\""), TACIT_FORMAT },
	{ "a register without a number", WHEN("StringEquals", PCR(""), "\"x\""), TACIT_FORMAT },
	{ "a number for a text", WHEN("StringEquals", IMAGE, "1"), TACIT_FORMAT },
	{ "no value", WHEN("StringEquals", IMAGE, "[]"), TACIT_FORMAT },
	{ "a date that is none", WHEN("DateLessThan", "aws:CurrentTime", "\"soon\""),
	  TACIT_FORMAT },
	{ "a truth that is none", WHEN("Bool", "tacit:FreshNonce", "\"yes\""), TACIT_FORMAT },
	{ "conditions that are no object", ALLOW("kms:*", ",\"Condition\":[]"), TACIT_FORMAT },
	{ "no principal",
	  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\","
	  "\"Resource\":\"*\"}]}",
	  TACIT_FORMAT },
	{ "a principal of a service",
	  BOTH(ONE("Allow", "{\"Service\":\"ec2\"}", "kms:*", "*"),
	       ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_FORMAT },
	{ "an effect that is none",
	  BOTH(ONE("allow", ANYBODY, "kms:*", "*"), ONE("Allow", ANYBODY, "kms:*", "*")),
	  TACIT_FORMAT },
};

static void run_rows(const struct row *rows, size_t count, const struct tacit_keyd_ask *ask)
{
	for (size_t i = 0; i < count; i++)
		is_status(allows(rows[i].policy, ask), rows[i].want, rows[i].name);
}

/* ---- what does not count -------------------------------------------------------------------- */

static void try_platforms(void)
{
	static const char ENCLAVE[] = WHEN("StringEquals", IMAGE, "\"" X48 "\"");
	static const char INSTANCE[] =
		WHEN("StringEquals", "kms:RecipientAttestation:NitroTPMPCR0", "\"" X48 "\"");
	static const struct {
		enum tacit_tee tee;
		enum tacit_status enclave, instance;
	} ROWS[] = {
		{ TACIT_TEE_NITRO, TACIT_OK, TACIT_POLICY },
		{ TACIT_TEE_NITROTPM, TACIT_POLICY, TACIT_OK },
		{ TACIT_TEE_STUB, TACIT_OK, TACIT_POLICY },
		{ TACIT_TEE_TDX, TACIT_POLICY, TACIT_POLICY },
		{ TACIT_TEE_AZURE_SNP, TACIT_POLICY, TACIT_POLICY },
	};
	struct tacit_keyd_ask ask = ask_of();

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		claims.tee = ROWS[i].tee;
		is_status(allows(ENCLAVE, &ask), ROWS[i].enclave, tacit_tee_name(ROWS[i].tee));
		is_status(allows(INSTANCE, &ask), ROWS[i].instance, tacit_tee_name(ROWS[i].tee));
	}
	claims.tee = TACIT_TEE_NITRO;
	ask.claims = NULL;
	is_status(allows(ENCLAVE, &ask), TACIT_POLICY, "no document");
	is_status(allows(WHEN("Null", IMAGE, "\"true\""), &ask), TACIT_OK,
		  "and a policy that wants none");
	is_status(allows(BUT("StringNotEquals", IMAGE, "\"" X48 "\""), &ask), TACIT_POLICY,
		  "nor one that denies whatever is not the image");
	is_status(allows(BUT("StringEqualsIfExists", IMAGE, "\"" Y48 "\""), &ask), TACIT_POLICY,
		  "and that does so if there is any");
	ask = ask_of();
	ask.fresh_nonce = true;
	is_status(allows(WHEN("Bool", "tacit:FreshNonce", "\"true\""), &ask), TACIT_OK,
		  "a fresh nonce");
}

static void try_reasons(void)
{
	struct tacit_keyd_ask ask = ask_of();
	struct tacit_error err = { 0 };
	const char *policy = WHEN("StringEquals", IMAGE, "\"" Y48 "\"");

	is_status(tacit_keyd_policy_allows(tacit_slice_str(policy), &ask, &err), TACIT_POLICY,
		  "another image");
	ok(strstr(err.detail, IMAGE " is abab") != NULL, "the reason names the condition: %s",
	   err.detail);
	tacit_error_clear(&err);
	policy = ALLOW("kms:Encrypt", "");
	is_status(tacit_keyd_policy_allows(tacit_slice_str(policy), &ask, &err), TACIT_POLICY,
		  "another action");
	ok(strstr(err.detail, "no statement") != NULL, "or says that none is about it: %s",
	   err.detail);
	tacit_error_clear(&err);
	is_status(tacit_keyd_policy_check(tacit_slice_str(WHEN("StringNotEquals", IMAGE, "\"x\"")),
					  &err),
		  TACIT_FORMAT, "a condition that is met without evidence");
	ok(strstr(err.detail, IMAGE) && strstr(err.detail, "for Deny alone"),
	   "says what to write: %s", err.detail);
	/* As `tacit policy kms` writes them: what is allowed to one image is denied to the rest. */
	static const char *const DENIED[][2] = {
		{ "{\"Version\":\"2012-10-17\",\"Statement\":["
		  "{\"Effect\":\"Deny\",\"Sid\":\"NobodyElse\",\"Principal\":\"*\",\"Action\":\"*"
		  "\","
		  "\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\","
		  "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"" IMAGE "\":\"" Y48
		  "\"}}}]}",
		  "NobodyElse denies this action: " IMAGE " is abab" },
		{ BOTH(ONE("Allow", ANYBODY, "kms:*", "*"), ONE("Deny", ANYBODY, "kms:*", "*")),
		  "a statement denies this action" },
	};
	for (size_t i = 0; i < TACIT_ARRAY_LEN(DENIED); i++) {
		tacit_error_clear(&err);
		is_status(tacit_keyd_policy_allows(tacit_slice_str(DENIED[i][0]), &ask, &err),
			  TACIT_POLICY, "a denial");
		ok(strncmp(err.detail, DENIED[i][1], strlen(DENIED[i][1])) == 0,
		   "says which, and what would have been allowed: %s", err.detail);
	}
}

static void try_like(void)
{
	static const struct {
		const char *pattern, *text;
		bool fold, want;
	} ROWS[] = {
		{ "", "", false, true },        { "*", "", false, true },
		{ "?", "", false, false },      { "a*b*c", "aXbYbZc", false, true },
		{ "a*b", "aXc", false, false }, { "**", "x", false, true },
		{ "A", "a", true, true },       { "A", "a", false, false },
		{ "[", "{", true, false },      { "@", "`", true, false },
		{ "a", "ab", false, false },    { "*a", "ba", false, true },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		ok(tacit_keyd_like(tacit_slice_str(ROWS[i].pattern), tacit_slice_str(ROWS[i].text),
				   ROWS[i].fold) == ROWS[i].want,
		   "'%s' and '%s'", ROWS[i].pattern, ROWS[i].text);
}

int main(void)
{
	memset(pcr0, 0xab, sizeof(pcr0));
	memset(pcr4, 0xcd, sizeof(pcr4));
	struct tacit_keyd_ask ask = ask_of();

	is_status(allows(ALLOW("kms:Decrypt", ""), &ask), TACIT_OK, "to begin with: allowed");
	run_rows(CONDITIONS, TACIT_ARRAY_LEN(CONDITIONS), &ask);
	run_rows(STATEMENTS, TACIT_ARRAY_LEN(STATEMENTS), &ask);
	run_rows(DENIALS, TACIT_ARRAY_LEN(DENIALS), &ask);
	run_rows(BROKEN, TACIT_ARRAY_LEN(BROKEN), &ask);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(BROKEN); i++)
		is_status(tacit_keyd_policy_check(tacit_slice_str(BROKEN[i].policy), NULL),
			  TACIT_FORMAT, BROKEN[i].name);
	try_platforms();
	try_reasons();
	try_like();
	return done();
}
