/* SPDX-License-Identifier: Apache-2.0 */
/* Nitro documents that are right: what is accepted, the claims that come out, and policies. */
#include "tests/pki/nitro.h"
#include "tests/unit/nitro_util.h"

#include "appraise/verdict_json.h"
#include "base/writer.h"
#include "tee/nitro/nitro.h"

static struct nitro_bench b;

#define BYTES(text) tacit_slice_of(text, sizeof(text) - 1)

static void test_forms(void)
{
	struct nitro_spec spec = { 0 };

	nitro_accepts(&b, &spec, "an indefinite map, as AWS writes since 2025");
	spec.definite = true;
	nitro_accepts(&b, &spec, "a definite map, as before");
	spec.tagged = true;
	nitro_accepts(&b, &spec, "a tagged one");
	spec.definite = false;
	nitro_accepts(&b, &spec, "tagged and indefinite");
	for (size_t i = 0; i < TACIT_NITRO_CHECKS; i++)
		if (!nitro_row(&b, tacit_nitro_checks[i].name, TACIT_CHECK_PASS))
			ok(false, "%s passes", tacit_nitro_checks[i].name);
	ok(b.verdict.insecure_test_root, "the verdict says that a test root was allowed");
}

static void test_claims(void)
{
	struct nitro_spec spec = { .nonce = BYTES("nonce"),
				   .user_data = BYTES(""),
				   .public_key = BYTES("key") };

	if (!nitro_accepts(&b, &spec, "a document with data"))
		return;
	const struct tacit_claims *c = tacit_verdict_claims(&b.verdict);
	is_slice(c->nonce, BYTES("nonce"), "nonce");
	is_slice(c->public_key, BYTES("key"), "public_key");
	ok(c->user_data.ptr && c->user_data.len == 0, "empty user_data is there, and empty");
	b.cx.expect.user_data = BYTES("");
	is_status(nitro_try(&b, &spec), TACIT_BINDING, "to expect nothing is a mistake");
	ok(nitro_row(&b, "expect.user_data", TACIT_CHECK_FAIL), "  that matches nothing");
	b.cx.expect.user_data.ptr = NULL;
	if (!nitro_accepts(&b, &spec, "and not to expect anything is none"))
		return;
	c = tacit_verdict_claims(&b.verdict);
	ok(c->tee == TACIT_TEE_NITRO && !c->debug && !c->tcb_status, "an enclave in production");
	ok(c->timestamp == NITRO_NOW && c->nitro->timestamp_ms == NITRO_NOW * 1000ull + 402,
	   "time, to the millisecond");
	ok(c->valid_from == NITRO_NOW - 63 && c->valid_until == NITRO_NOW - 63 + 10803,
	   "dates of the leaf, the narrowest");
	ok(c->measurement_count == 16 && strcmp(c->measurements[15].name, "pcr15") == 0,
	   "registers 0 to 15, zeros too");
	is_slice(c->nitro->region, BYTES("eu-central-1"), "region");
	is_slice(c->nitro->instance_id, BYTES("i-0f00d5eed5eed5eed"), "instance");
	ok(c->nitro->enclave_id.len == 16, "enclave id");
	ok(c->nitro->launched_at_ms == (NITRO_NOW - 3600) * 1000ull + 123, "launch time");
	ok(c->nitro->enclave_age_seconds == 3600, "age, in whole seconds");
	ok(strcmp(c->nitro->root, "test") == 0 && c->nitro->chain_count == 5, "root and chain");
	is_slice(c->nitro->chain[0].subject_cn, BYTES("aws.nitro-enclaves"), "root's name");
	ok(c->nitro->chain[3].not_after - c->nitro->chain[3].not_before == 86400,
	   "dates of each certificate");
	spec = (struct nitro_spec){ 0 };
	nitro_accepts(&b, &spec, "a document of nulls");
	c = tacit_verdict_claims(&b.verdict);
	ok(c && !c->nonce.ptr && !c->user_data.ptr && !c->public_key.ptr, "null is absent");
}

static void leave_out(struct nitro_payload *p, void *user)
{
	(void)user;
	p->count = 6; /* public_key, user_data and nonce come last */
}

static void turn_round(struct nitro_payload *p, void *user)
{
	(void)user;
	for (size_t i = 0; i < p->count / 2; i++) {
		struct nitro_member m = p->members[i];

		p->members[i] = p->members[p->count - 1 - i];
		p->members[p->count - 1 - i] = m;
	}
}

static void test_variety(void)
{
	uint8_t one[48] = { 1 }, big[1024] = { 1 };
	struct nitro_spec spec = { .payload = leave_out };

	nitro_accepts(&b, &spec, "optional keys that are left out");
	spec.payload = turn_round;
	nitro_accepts(&b, &spec, "keys in another order");
	spec = (struct nitro_spec){ 0 };
	spec.pcr[16] = TACIT_SLICE_ARRAY(one);
	spec.pcr[31] = TACIT_SLICE_ARRAY(one);
	nitro_accepts(&b, &spec, "locked registers beyond 15");
	const struct tacit_claims *c = tacit_verdict_claims(&b.verdict);
	ok(c && c->measurement_count == 18 && strcmp(c->measurements[17].name, "pcr31") == 0,
	   "sparse ones keep their names");
	spec = (struct nitro_spec){ .without = 0xff38 };
	nitro_accepts(&b, &spec, "a document with registers 0, 1, 2, 6 and 7");
	ok(nitro_row(&b, "nitro.pcr.instance", TACIT_CHECK_SKIP), "without PCR4 it is not judged");
	spec = (struct nitro_spec){ .nonce = TACIT_SLICE_ARRAY(big),
				    .user_data = TACIT_SLICE_ARRAY(big),
				    .public_key = TACIT_SLICE_ARRAY(big) };
	nitro_accepts(&b, &spec, "1,024 bytes in each field");
}

/* Zero in PCR0, 1 or 2 is debug mode, whatever PCR3, 4 and 8 hold; a missing one no better. */
static void test_debug(void)
{
	uint8_t zeros[48] = { 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct nitro_spec zero = { 0 }, missing = { .without = 1u << i };

		zero.pcr[i] = TACIT_SLICE_ARRAY(zeros);
		ok(nitro_try(&b, &zero) == TACIT_POLICY && strcmp(b.err.where, "policy.debug") == 0,
		   "PCR%u zero is debug mode", i);
		const struct tacit_claims *c = tacit_verdict_genuine(&b.verdict);
		ok(c && c->debug && !tacit_verdict_claims(&b.verdict), "genuine all the same");
		ok(nitro_try(&b, &missing) == TACIT_POLICY &&
			   strcmp(b.err.where, "policy.debug") == 0,
		   "PCR%u missing is not better", i);
	}
	struct nitro_spec debug = { .debug = true };
	ok(nitro_try(&b, &debug) == TACIT_POLICY, "all three zero");
	b.cx.insecure_allow_debug = true;
	nitro_accepts(&b, &debug, "accepted when asked for by name");
	b.cx.insecure_allow_debug = false;
	struct nitro_spec unsigned_image = { 0 };
	unsigned_image.pcr[8] = TACIT_SLICE_ARRAY(zeros);
	nitro_accepts(&b, &unsigned_image, "PCR8 may be zero");
}

static void test_instance(void)
{
	struct nitro_spec spec = { .tpm = true };
	uint8_t zeros[48] = { 0 };

	nitro_accepts(&b, &spec, "an instance's document");
	const struct tacit_claims *c = tacit_verdict_claims(&b.verdict);
	if (!ok(c && c->tee == TACIT_TEE_NITROTPM, "says what it is"))
		return;
	is_slice(c->nitro->region, BYTES("eu-central-1"), "its region");
	is_slice(c->nitro->instance_id, BYTES("i-0f00d5eed5eed5eed"), "its instance");
	ok(!c->nitro->enclave_id.ptr && !c->nitro->launched_at_ms, "but no enclave");
	ok(nitro_row(&b, "nitro.names", TACIT_CHECK_PASS) &&
		   nitro_row(&b, "nitro.serial", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "nitro.pcr.instance", TACIT_CHECK_SKIP),
	   "what only enclaves have is left open");
	spec.pcr[2] = TACIT_SLICE_ARRAY(zeros);
	spec.pcr[5] = pki_hex("010101010101010101010101010101010101010101010101"
			      "010101010101010101010101010101010101010101010101");
	nitro_accepts(&b, &spec, "its registers have other meanings");
	spec = (struct nitro_spec){ .tpm = true, .module_id = "something else" };
	nitro_accepts(&b, &spec, "another form of name");
	c = tacit_verdict_claims(&b.verdict);
	ok(c && !c->nitro->region.ptr && !c->nitro->instance_id.ptr, "tells nothing");
	struct nitro_spec enclave = { 0 };
	struct tacit_slice doc = nitro_document(&b.pki, &spec);
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, doc), TACIT_POLICY, "nitro.kind",
			 "an instance's document is no enclave's");
	doc = nitro_document(&b.pki, &enclave);
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITROTPM, doc), TACIT_POLICY, "nitro.kind",
			 "nor the other way round");
}

static void is_detected(const struct nitro_spec *spec, enum tacit_tee want, const char *name)
{
	struct tacit_evidence ev = { 0 };
	struct tacit_slice doc = nitro_document(&b.pki, spec);

	ok(tacit_evidence_detect(doc, &ev, NULL) == TACIT_OK && ev.tee == want, "%s", name);
}

/* Each of the two asked alone: the order in which all platforms are asked says nothing. */
static void test_shapes(void)
{
	struct nitro_spec enclave = { 0 }, instance = { .tpm = true };
	struct tacit_slice doc = nitro_document(&b.pki, &enclave);
	struct tacit_slice tpm = nitro_document(&b.pki, &instance);
	uint8_t *first = (uint8_t *)(uintptr_t)doc.ptr, *other = (uint8_t *)(uintptr_t)tpm.ptr;

	ok(tacit_nitro_detect(doc) && !tacit_nitrotpm_detect(doc), "an enclave's is no instance's");
	ok(!tacit_nitro_detect(tpm) && tacit_nitrotpm_detect(tpm), "nor the other way round");
	ok(*first == 0x84 && *other == 0x84, "both are arrays of four");
	*first = *other = 0x85;
	ok(!tacit_nitro_detect(doc) && !tacit_nitrotpm_detect(tpm), "an array of five is neither");
	*first = *other = 0x84;
}

static void test_detection(void)
{
	struct nitro_spec spec = { 0 };

	is_detected(&spec, TACIT_TEE_NITRO, "an enclave's document is detected");
	spec.tagged = spec.definite = true;
	is_detected(&spec, TACIT_TEE_NITRO, "tagged and definite too");
	spec.user_data = BYTES("\x6dnitrotpm_pcrs");
	is_detected(&spec, TACIT_TEE_NITRO, "data that name the other kind do not make it that");
	spec = (struct nitro_spec){ .tpm = true };
	is_detected(&spec, TACIT_TEE_NITROTPM, "an instance's is told apart");
	spec.payload = leave_out;
	is_detected(&spec, TACIT_TEE_NITROTPM, "without optional keys too");
}

/* ---- policies ------------------------------------------------------------------------------ */

#define PCR0                                                                            \
	"\"measurements\":{\"pcr0\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" \
	"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\"}"
#define PCR4                                                                            \
	"\"measurements\":{\"pcr4\":\"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0" \
	"b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0\"}"
#define POLICY(platform, rest)                                                                  \
	"{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"" platform "\"," rest \
	"}]}"

static enum tacit_status under(const char *policy, const struct nitro_spec *spec)
{
	static uint8_t room[TACIT_ARENA_TYPICAL];
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	b.cx.policy = NULL;
	b.cx.insecure_no_policy = false;
	if (tacit_policy_parse(tacit_slice_str(policy), &arena, &b.cx.policy, &err) != TACIT_OK)
		ok(false, "a policy of the test parses: %s", err.detail);
	enum tacit_status st = nitro_try(&b, spec);
	b.cx.policy = NULL;
	b.cx.insecure_no_policy = true;
	return st;
}

static void passes(const char *policy, const struct nitro_spec *spec, const char *name)
{
	enum tacit_status st = under(policy, spec);

	if (!ok(st == TACIT_OK, "%s", name))
		printf("# %s: %s\n", b.err.where, b.err.detail);
}

static void fails(const char *policy, const struct nitro_spec *spec, const char *check,
		  const char *name)
{
	enum tacit_status st = under(policy, spec);

	if (!ok(st == TACIT_POLICY && strcmp(b.err.where, check) == 0 &&
			tacit_verdict_genuine(&b.verdict) && !tacit_verdict_claims(&b.verdict),
		"%s (%s)", name, check))
		printf("# %s: %s\n", b.err.where, b.err.detail);
}

static void test_policies(void)
{
	struct nitro_spec spec = { 0 }, nameless = { .tpm = true, .module_id = "i" };
	uint8_t pcr4[48];

	passes(POLICY("nitro", PCR0), &spec, "a policy without a section");
	ok(nitro_row(&b, "policy.nitro.region", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "policy.nitro.instance", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "policy.nitro.enclave_age", TACIT_CHECK_SKIP),
	   "asks for nothing there");
	passes(POLICY("nitro", PCR0 ",\"nitro\":{\"regions\":[\"us-east-1\",\"eu-central-1\"]}"),
	       &spec, "a region of the list");
	fails(POLICY("nitro", PCR0 ",\"nitro\":{\"regions\":[\"us-east-1\",\"eu-west-1\"]}"), &spec,
	      "policy.nitro.region", "a region that is not on it");
	passes(POLICY("nitro", PCR0 ",\"nitro\":{\"instances\":[\"i-0f00d5eed5eed5eed\"]}"), &spec,
	       "an instance of the list");
	fails(POLICY("nitro", PCR0 ",\"nitro\":{\"instances\":[\"i-0f00d5eed5eed5eee\"]}"), &spec,
	      "policy.nitro.instance", "an instance that is not on it");
	passes(POLICY("nitro", PCR0 ",\"nitro\":{\"max_enclave_age_seconds\":3600}"), &spec,
	       "an enclave of exactly that age");
	fails(POLICY("nitro", PCR0 ",\"nitro\":{\"max_enclave_age_seconds\":3599}"), &spec,
	      "policy.nitro.enclave_age", "one that is a second older");
	fails(POLICY("nitrotpm", PCR4), &spec, "policy.platform", "an enclave under one for TPMs");
	memset(pcr4, 0xb0, sizeof(pcr4));
	nameless.pcr[4] = TACIT_SLICE_ARRAY(pcr4);
	passes(POLICY("nitrotpm", PCR4), &nameless, "an instance under a policy for TPMs");
	fails(POLICY("nitrotpm", PCR4 ",\"nitro\":{\"regions\":[\"eu-central-1\"]}"), &nameless,
	      "policy.nitro.region", "one whose region nobody knows");
	fails(POLICY("nitrotpm", PCR4 ",\"nitro\":{\"instances\":[\"i-0\"]}"), &nameless,
	      "policy.nitro.instance", "one whose id nobody knows");
	fails(POLICY("nitrotpm", PCR4 ",\"nitro\":{\"max_enclave_age_seconds\":3600}"), &nameless,
	      "policy.nitro.enclave_age", "one whose age nobody knows");
	fails(POLICY("nitro", PCR0), &nameless, "policy.platform",
	      "one under a policy for enclaves");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool json_has(const char *text, const char *part)
{
	if (ok(strstr(text, part) != NULL, "has %s", part))
		return true;
	printf("# %s\n", text);
	return false;
}

static void test_json(void)
{
	static char text[32768];
	struct nitro_spec spec = { .user_data = BYTES("") };
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text) - 1));

	nitro_accepts(&b, &spec, "a document to print");
	tacit_verdict_json(&b.verdict, &w);
	text[w.at] = '\0';
	json_has(text, "\"nitro\":{\"module_id\":\"i-0f00d5eed5eed5eed-enc");
	json_has(text, "\"digest\":\"SHA384\",\"timestamp\":\"2026-11-21T08:00:00.402Z\"");
	json_has(text, "\"region\":\"eu-central-1\",\"instance_id\":\"i-0f00d5eed5eed5eed\"");
	json_has(text, "\"launched_at\":\"2026-11-21T07:00:00.123Z\",\"enclave_age_seconds\":3600");
	json_has(text, "\"root\":\"test\",\"chain\":[{\"subject\":\"aws.nitro-enclaves\","
		       "\"not_before\":\"2019-10-28T13:28:05Z\","
		       "\"not_after\":\"2049-10-28T14:28:05Z\"}");
	json_has(text, "\"user_data\":\"\",\"nonce\":null,\"public_key\":null,\"tcb_status\":null");
	json_has(text, "\"pcr15\":\"0000");
	spec = (struct nitro_spec){ .tpm = true };
	nitro_accepts(&b, &spec, "an instance's to print");
	w = wr_of(tacit_mut_of(text, sizeof(text) - 1));
	tacit_verdict_json(&b.verdict, &w);
	text[w.at] = '\0';
	json_has(text, "\"platform\":\"nitrotpm\"");
	json_has(text, "\"nitrotpm\":{\"module_id\":\"i-0f00d5eed5eed5eed-tpm0000000000000000\"");
	json_has(text, "\"enclave_id\":null,\"launched_at\":null,\"enclave_age_seconds\":null");
}

/* However small the arena, the answer is a status and never an acceptance without claims. */
static void test_arenas(void)
{
	struct nitro_spec spec = { 0 };
	struct tacit_slice doc = nitro_document(&b.pki, &spec);
	struct tacit_evidence ev = { .tee = TACIT_TEE_NITRO, .raw = doc };
	size_t wrong = 0, least = 0;

	for (size_t size = 0; size <= 16384 && !least; size += 16) {
		tacit_arena_init(&b.arena, b.room, size);
		enum tacit_status st = tacit_verify(&ev, &b.cx, &b.verdict, NULL);
		bool claims = tacit_verdict_claims(&b.verdict) != NULL;

		wrong += (st == TACIT_OK) != claims || (st != TACIT_OK && st != TACIT_LIMIT);
		if (st == TACIT_OK && !least)
			least = size;
	}
	ok(wrong == 0, "too small an arena is said to be that");
	ok(least > 0 && least <= 16384, "%zu bytes are enough", least);
}

int main(void)
{
	nitro_start(&b);
	test_forms();
	test_claims();
	test_variety();
	test_debug();
	test_instance();
	test_detection();
	test_shapes();
	test_policies();
	test_json();
	test_arenas();
	pki_done();
	return done();
}
