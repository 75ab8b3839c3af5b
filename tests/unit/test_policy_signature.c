/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"

#include "appraise/policy_signature.h"

static const struct tacit_slice POLICY = { (const uint8_t *)"{\"schema\":\"tacit.policy/1\"}", 27 };

static struct tacit_key *key_of(uint8_t fill)
{
	uint8_t seed[32];
	struct tacit_key *key = NULL;

	memset(seed, fill, sizeof(seed));
	is_status(tacit_key_private(TACIT_ED25519, TACIT_SLICE_ARRAY(seed), &key, NULL), TACIT_OK,
		  "a key");
	return key;
}

static void test_sign(void)
{
	struct tacit_policy_signatures all = { .count = 2 };
	struct tacit_key *one = key_of(1), *two = key_of(2);
	struct tacit_error err = { 0 };

	is_status(tacit_policy_sign(POLICY, one, &all.items[0], NULL), TACIT_OK, "one signs");
	is_status(tacit_policy_sign(POLICY, two, &all.items[1], NULL), TACIT_OK, "two signs");
	struct tacit_slice keys[] = { TACIT_SLICE_ARRAY(all.items[1].key) };
	is_status(tacit_policy_signed(POLICY, &all, keys, 1, NULL), TACIT_OK, "two is enough");
	is_status(tacit_policy_signed(POLICY, &all, keys, 0, NULL), TACIT_SIGNATURE,
		  "no key is not enough");
	all.count = 1;
	is_status(tacit_policy_signed(POLICY, &all, keys, 1, &err), TACIT_SIGNATURE,
		  "a key that did not sign");
	ok(strstr(err.detail, "no key that was given") != NULL, "is told");
	size_t accepted = 0;
	for (size_t bit = 0; bit < POLICY.len * 8; bit++) {
		uint8_t other[64];

		memcpy(other, POLICY.ptr, POLICY.len);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		accepted += tacit_policy_signature_verify(tacit_slice_of(other, POLICY.len),
							  &all.items[0], NULL) == TACIT_OK;
	}
	for (size_t bit = 0; bit < sizeof(all.items[0]) * 8; bit++) {
		uint8_t *bytes = (uint8_t *)&all.items[0];

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		accepted += tacit_policy_signature_verify(POLICY, &all.items[0], NULL) == TACIT_OK;
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(accepted == 0, "no bit of policy, key or signature may change (%zu)", accepted);
	struct tacit_key *wrong = NULL;
	is_status(tacit_key_generate(TACIT_P256, &wrong, NULL), TACIT_OK, "another kind of key");
	is_status(tacit_policy_sign(POLICY, wrong, &all.items[0], NULL), TACIT_USAGE, "signs none");
	tacit_key_free(wrong);
	tacit_key_free(one);
	tacit_key_free(two);
}

/* The message is the schema with its NUL and the digest, and nothing shorter: not the policy. */
static void test_domain(void)
{
	struct tacit_policy_signature s;
	struct tacit_key *key = key_of(1);

	is_status(tacit_policy_sign(POLICY, key, &s, NULL), TACIT_OK, "signed");
	is_status(tacit_key_verify(key, POLICY, TACIT_SLICE_ARRAY(s.signature), NULL),
		  TACIT_SIGNATURE, "it is no signature of the bare text");
	is_status(tacit_key_sign(key, POLICY, s.signature, NULL), TACIT_OK, "a bare signature");
	is_status(tacit_policy_signature_verify(POLICY, &s, NULL), TACIT_SIGNATURE,
		  "is no policy's signature");
	tacit_key_free(key);
}

static void test_file(void)
{
	static uint8_t text[TACIT_POLICY_SIGNATURE_FILE + 1];
	struct tacit_policy_signatures all = { .count = TACIT_POLICY_SIGNATURES_MAX }, got;
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));

	for (size_t i = 0; i < all.count; i++)
		memset(&all.items[i], (int)i, sizeof(all.items[i]));
	tacit_policy_signatures_write(&all, &w);
	ok(!w.bad, "as many as there may be fit");
	is_status(tacit_policy_signatures_parse(tacit_slice_of(text, w.at), &got, NULL), TACIT_OK,
		  "they are read");
	ok(memcmp(&all, &got, sizeof(all)) == 0, "as they were written");
	size_t accepted = 0;
	for (size_t len = 0; len + 1 < w.at; len++)
		accepted += tacit_policy_signatures_parse(tacit_slice_of(text, len), &got, NULL) ==
			    TACIT_OK;
	ok(accepted == 0, "no cut is a file of signatures");
	memset(text + w.at, ' ', sizeof(text) - w.at);
	is_status(tacit_policy_signatures_parse(tacit_slice_of(text, TACIT_POLICY_SIGNATURE_FILE),
						&got, NULL),
		  TACIT_OK, "at its longest");
	is_status(tacit_policy_signatures_parse(
			  tacit_slice_of(text, TACIT_POLICY_SIGNATURE_FILE + 1), &got, NULL),
		  TACIT_LIMIT, "a byte more");
}

#define Z32           "00000000000000000000000000000000"
#define ONE           "{\"key\":\"" Z32 Z32 "\",\"signature\":\"" Z32 Z32 Z32 Z32 "\"}"
#define FILE_OF(list) "{\"schema\":\"tacit.policy-signature/1\",\"signatures\":[" list "]}"

static void test_forms(void)
{
	static const char *const BAD[] = {
		"[]",
		"{\"signatures\":[]}",
		"{\"schema\":\"tacit.policy-signature/1\"}",
		"{\"schema\":\"tacit.policy-signature/1\",\"signatures\":{}}",
		"{\"schema\":\"tacit.policy-signature/2\",\"signatures\":[" ONE "]}",
		"{\"schema\":\"tacit.policy-signature/1\",\"signatures\":[],\"more\":1}",
		FILE_OF("7"),
		FILE_OF("{}"),
		FILE_OF("{\"key\":\"" Z32 Z32 "\"}"),
		FILE_OF("{\"key\":7,\"signature\":\"" Z32 Z32 Z32 Z32 "\"}"),
		FILE_OF("{\"key\":\"" Z32 "\",\"signature\":\"" Z32 Z32 Z32 Z32 "\"}"),
		FILE_OF("{\"key\":\"" Z32 Z32 Z32 "\",\"signature\":\"" Z32 Z32 Z32 Z32 "\"}"),
		FILE_OF("{\"key\":\"" Z32 Z32 "\",\"signature\":\"" Z32 Z32 Z32
			"0000000000000000000000000000000x\"}"),
		FILE_OF(ONE ",{\"key\":1,\"more\":2}"),
	};
	static char many[TACIT_POLICY_SIGNATURE_FILE];
	struct tacit_policy_signatures got;
	size_t len = 0;

	is_status(tacit_policy_signatures_parse(tacit_slice_str(FILE_OF(ONE)), &got, NULL),
		  TACIT_OK, "one signature");
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_status(tacit_policy_signatures_parse(tacit_slice_str(BAD[i]), &got, NULL),
			  TACIT_FORMAT, BAD[i]);
	/* Each stops at its own fault, so that nothing is made of what was not read. */
	static const struct {
		const char *json, *says;
	} SAID[] = {
		{ "{", "" },
		{ "[]", "not an object" },
		{ "{\"signatures\":[]}", "'schema' is missing" },
		{ "{\"schema\":7,\"signatures\":[]}", "'schema' must be a string" },
		{ FILE_OF("7"), "a signature is not an object" },
		{ FILE_OF("{\"key\":\"" Z32 Z32 "\"}"), "'signature' is missing" },
	};
	for (size_t i = 0; i < sizeof(SAID) / sizeof(SAID[0]); i++) {
		struct tacit_error err = { 0 };

		ok(tacit_policy_signatures_parse(tacit_slice_str(SAID[i].json), &got, &err) ==
				   TACIT_FORMAT &&
			   strstr(err.detail, SAID[i].says),
		   "%s: %s", SAID[i].json, err.detail);
	}
	for (size_t i = 0; i <= TACIT_POLICY_SIGNATURES_MAX; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "%s7",
					i ? ","
					  : "{\"schema\":\"tacit.policy-signature/1\","
					    "\"signatures\":[");
	snprintf(many + len, sizeof(many) - len, "]}");
	is_status(tacit_policy_signatures_parse(tacit_slice_str(many), &got, NULL), TACIT_LIMIT,
		  "one more than there may be");
}

int main(void)
{
	test_sign();
	test_domain();
	test_file();
	test_forms();
	return done();
}
