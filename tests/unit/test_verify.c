/* SPDX-License-Identifier: Apache-2.0 */
/* tacit_verify() as a whole: what is accepted, and by which named check the rest is refused. */
#include "tests/unit/appraise_util.h"

static const char PCR0_A0[] = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
			      "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0";

static struct bench b;

static void start(void)
{
	bench_init(&b);
	bench_bind(&b);
}

static void test_accepts(void)
{
	start();
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(b.binding.tls_spki);
	b.cx.expect.user_data = b.doc.user_data;
	b.cx.expect.require_binding = true;
	is_status(bench_verify(&b), TACIT_OK, "good evidence is accepted");
	ok(b.verdict.outcome == TACIT_VERIFIED, "the verdict says so");
	ok(b.err.status == TACIT_OK, "no error is raised");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	if (!ok(claims != NULL, "claims come out"))
		return;
	ok(claims->tee == TACIT_TEE_STUB && !claims->debug, "of the stub, not in debug mode");
	ok(claims->measurement_count == 3, "three measurements");
	is_slice(claims->measurements[1].value, TACIT_SLICE_ARRAY(b.doc.pcr[1]), "pcr1");
	ok(claims->timestamp == NOW && claims->valid_from == NOW, "times");
	ok(claims->has_binding, "the binding is read");
	is_slice(TACIT_SLICE_ARRAY(claims->binding.receipt_key),
		 TACIT_SLICE_ARRAY(b.binding.receipt_key), "and gives the receipt key");
	is_check(&b.verdict, "binding.nonce", TACIT_CHECK_PASS);
	is_check(&b.verdict, "binding.tls_key", TACIT_CHECK_PASS);
	is_check(&b.verdict, "evidence.nonce", TACIT_CHECK_PASS);
	is_check(&b.verdict, "expect.user_data", TACIT_CHECK_PASS);
	is_check(&b.verdict, "stub.cose.signature", TACIT_CHECK_PASS);
	is_check(&b.verdict, "policy.hardware", TACIT_CHECK_SKIP);
}

static void test_zeroed(void)
{
	struct tacit_verdict v = { 0 };

	ok(!tacit_verdict_claims(&v) && !tacit_verdict_genuine(&v),
	   "a zeroed verdict has no claims");
	ok(strcmp(tacit_outcome_name(v.outcome), "unverified") == 0, "and is unverified");
	ok(!tacit_verdict_check(&v, 0) && !tacit_verdict_find(&v, "x"), "and has no checks");
	ok(!tacit_verdict_insecure(&v, 0), "and no waivers");
	ok(strcmp(tacit_outcome_name((enum tacit_outcome)5), "unverified") == 0 &&
		   strcmp(tacit_result_name((enum tacit_result)3), "fail") == 0,
	   "values outside the enums have the safe names");
	v.outcome = TACIT_VERIFIED;
	ok(!tacit_verdict_claims(&v), "an outcome alone gives no claims");
}

static void test_stub_refused(void)
{
	start();
	b.cx.insecure_accept_stub = false;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.hardware",
		   "the stub is refused unless it was asked for");
	ok(tacit_verdict_genuine(&b.verdict) != NULL, "its claims can be shown to people");
	ok(strcmp(tacit_verdict_find(&b.verdict, "policy.hardware")->got, "stub (NOT a TEE)") == 0,
	   "and the check names it");
}

static void test_debug(void)
{
	start();
	b.doc.debug = true;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.debug", "debug evidence is refused");
	b.cx.insecure_allow_debug = true;
	is_status(bench_verify(&b), TACIT_OK, "unless waived");
	is_check(&b.verdict, "policy.debug", TACIT_CHECK_SKIP);
	ok(tacit_verdict_claims(&b.verdict)->debug, "and the claims still say debug");
}

static void test_no_policy(void)
{
	start();
	b.cx.insecure_no_policy = false;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.present", "no policy is a refusal");
	ok(strstr(b.err.detail, "tacit policy init") != NULL, "with a hint");
}

static void test_nonce(void)
{
	uint8_t other[32] = { 0x33 };

	start();
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(other);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce", "a replay is refused");
	is_check(&b.verdict, "evidence.nonce", TACIT_CHECK_FAIL);
	ok(strlen(tacit_verdict_find(&b.verdict, "binding.nonce")->expected) == 64,
	   "expected is shown");

	start();
	b.doc.nonce = TACIT_SLICE_ARRAY(other);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce",
		   "two nonces that differ are refused unasked");

	start();
	b.doc.nonce = TACIT_SLICE_ARRAY(other);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce",
		   "the binding's nonce alone does not do");

	start();
	b.cx.expect.nonce = tacit_slice_of(b.binding.nonce, 31);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce",
		   "nor does the beginning of a nonce");
	b.cx.expect.nonce = tacit_slice_of(b.binding.nonce, 0);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce",
		   "an empty expectation matches nothing");
}

static void test_nonce_without_binding(void)
{
	uint8_t other[32] = { 0 };

	bench_init(&b);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	is_status(bench_verify(&b), TACIT_OK, "a nonce without a binding does");
	is_check(&b.verdict, "evidence.nonce", TACIT_CHECK_PASS);
	is_check(&b.verdict, "binding.nonce", TACIT_CHECK_SKIP);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(other);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "evidence.nonce",
		   "another nonce without a binding is refused");
	b.doc.nonce = tacit_slice_of(NULL, 0);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "evidence.nonce", "so is none at all");
}

static void test_nonce_in_binding_alone(void)
{
	start();
	b.doc.nonce = tacit_slice_of(NULL, 0);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	is_status(bench_verify(&b), TACIT_OK, "the binding may carry the nonce alone");
	is_check(&b.verdict, "evidence.nonce", TACIT_CHECK_SKIP);
	b.binding.nonce[31] ^= 1;
	bench_bind(&b);
	uint8_t asked[32];
	memset(asked, 0x33, 32);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(asked);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce", "and is then compared");
}

static void test_tls_key(void)
{
	uint8_t other[32];

	start();
	memset(other, 0x55, 32);
	other[0] ^= 1;
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(other);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.tls_key",
		   "another connection's evidence is refused");
	is_check(&b.verdict, "binding.purpose", TACIT_CHECK_PASS);
	b.cx.expect.tls_spki.len = 16;
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.tls_key", "so is a short hash");
}

static void test_binding_required(void)
{
	static const uint8_t later[] = "\xa7\x01\x67tacit/2";

	bench_init(&b);
	b.cx.expect.require_binding = true;
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.purpose",
		   "evidence without a binding is refused where one is needed");
	b.cx.expect.require_binding = false;
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(b.binding.tls_spki);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.purpose",
		   "a connection needs one");
	is_check(&b.verdict, "binding.tls_key", TACIT_CHECK_FAIL);
	b.doc.user_data = tacit_slice_str("something else");
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.purpose",
		   "other user data are none");
	b.doc.user_data = tacit_slice_of(later, sizeof(later) - 1);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.purpose",
		   "a binding of a later version is none");
	b.cx.expect.tls_spki = tacit_slice_of(NULL, 0);
	is_status(bench_verify(&b), TACIT_OK, "unasked, other user data are only data");
	ok(!tacit_verdict_claims(&b.verdict)->has_binding, "and no binding comes out");
}

static void test_binding_broken(void)
{
	start();
	b.doc.user_data.len--;
	is_refused(&b, bench_verify(&b), TACIT_FORMAT, "binding.format",
		   "a broken binding is malformed even unasked");
	ok(b.verdict.outcome == TACIT_MALFORMED, "the outcome says so");
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(b.binding.tls_spki);
	is_refused(&b, bench_verify(&b), TACIT_FORMAT, "binding.format", "and when asked for");
	is_check(&b.verdict, "binding.tls_key", TACIT_CHECK_FAIL);
}

static void test_expectations(void)
{
	uint8_t report[64] = { 1 };

	start();
	b.cx.expect.report_data = TACIT_SLICE_ARRAY(report);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "expect.report_data",
		   "report data that are not there do not match");
	start();
	b.cx.expect.user_data = tacit_slice_of(b.doc.user_data.ptr, b.doc.user_data.len - 1);
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "expect.user_data",
		   "the beginning of the user data does not match");
}

static void test_freshness(void)
{
	static const struct {
		int64_t age;
		enum tacit_status want;
	} cases[] = {
		{ 0, TACIT_OK },           { 360, TACIT_OK },      { 361, TACIT_EXPIRED },
		{ -60, TACIT_OK },         { -61, TACIT_EXPIRED }, { 86400, TACIT_EXPIRED },
		{ -86400, TACIT_EXPIRED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		b.cx.now = NOW + cases[i].age;
		enum tacit_status got = bench_verify(&b);
		ok(got == cases[i].want, "evidence aged %lld s: %s", (long long)cases[i].age,
		   tacit_status_name(got));
		if (cases[i].want != TACIT_OK)
			ok(strcmp(b.err.where, "policy.freshness") == 0, "by policy.freshness");
	}
	start();
	b.cx.any_age = true;
	b.cx.now = NOW + 86400;
	is_status(bench_verify(&b), TACIT_OK,
		  "old evidence is judged where the caller asks for it");
	is_check(&b.verdict, "policy.freshness", TACIT_CHECK_SKIP);
	b.cx.now = NOW - 61;
	is_refused(&b, bench_verify(&b), TACIT_EXPIRED, "policy.freshness",
		   "but not evidence from the future");
	start();
	b.cx.now = INT64_MIN;
	is_status(bench_verify(&b), TACIT_EXPIRED, "the smallest time is safe");
	b.cx.now = INT64_MAX;
	is_status(bench_verify(&b), TACIT_EXPIRED, "the largest time is safe");
}

static void test_all_listed(void)
{
	start();
	is_status(bench_judge(&b, tacit_slice_str("rubbish")), TACIT_FORMAT,
		  "rubbish is malformed");
	ok(b.verdict.check_count == 23, "every check is listed all the same (%zu)",
	   b.verdict.check_count);
	size_t open = 0;
	for (size_t i = 0; i < b.verdict.check_count; i++)
		open += tacit_verdict_check(&b.verdict, i)->result == TACIT_CHECK_SKIP;
	ok(open == 22, "the others were not evaluated");
	ok(!tacit_verdict_check(&b.verdict, 23), "and none past the end");
	ok(!tacit_verdict_genuine(&b.verdict), "nothing is genuine");
}

static void test_several_failures(void)
{
	uint8_t other[32] = { 0 };

	start();
	b.doc.debug = true;
	b.cx.insecure_accept_stub = false;
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(other);
	b.cx.now = NOW + 5000;
	is_refused(&b, bench_verify(&b), TACIT_BINDING, "binding.nonce",
		   "the first failure in order decides");
	is_check(&b.verdict, "policy.hardware", TACIT_CHECK_FAIL);
	is_check(&b.verdict, "policy.debug", TACIT_CHECK_FAIL);
	is_check(&b.verdict, "policy.freshness", TACIT_CHECK_FAIL);
}

static void test_unsupported(void)
{
	struct tacit_evidence ev = { .tee = TACIT_TEE_NVIDIA, .raw = tacit_slice_str("x") };

	start();
	is_status(tacit_verify(&ev, &b.cx, &b.verdict, &b.err), TACIT_UNSUPPORTED,
		  "a platform without a row is unsupported");
	ok(b.verdict.outcome == TACIT_UNVERIFIED, "nothing was judged");
	ok(strstr(b.err.detail, "nvidia") != NULL, "the error names it");
	ev.tee = TACIT_TEE_NONE;
	is_status(tacit_verify(&ev, &b.cx, &b.verdict, NULL), TACIT_UNSUPPORTED, "so is none");
	ev.tee = TACIT_TEE_STUB;
	b.cx.arena = NULL;
	is_status(tacit_verify(&ev, &b.cx, &b.verdict, NULL), TACIT_USAGE, "an arena is needed");
}

/* Every size of arena: a limit or the same verdict, never claims by accident. */
static void test_arena(void)
{
	char json[512];
	size_t needed = 0;
	bool only_limit = true;

	start();
	snprintf(json, sizeof(json),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"stub\","
		 "\"measurements\":{\"pcr0\":\"%s\"}}]}",
		 PCR0_A0);
	b.cx.policy = bench_policy(&b, json);
	struct tacit_slice raw = bench_evidence(&b);
	static uint8_t room[TACIT_ARENA_TYPICAL];
	struct tacit_arena small;
	b.cx.arena = &small;
	for (size_t size = 0; size < sizeof(room); size += 8) {
		tacit_arena_init(&small, room, size);
		enum tacit_status st = bench_judge(&b, raw);
		if (st == TACIT_OK) {
			needed = size;
			break;
		}
		only_limit &= st == TACIT_LIMIT && !tacit_verdict_claims(&b.verdict) &&
			      !tacit_verdict_genuine(&b.verdict);
	}
	ok(only_limit, "too small an arena is a limit at every size");
	ok(needed > 0 && needed < 8192, "a verdict fits in 8 KiB (%zu)", needed);
}

static void test_insecure_listed(void)
{
	start();
	b.cx.insecure_allow_debug = true;
	is_status(bench_verify(&b), TACIT_OK, "all waivers at once");
	ok(strcmp(tacit_verdict_insecure(&b.verdict, 0), "insecure-no-policy") == 0, "no-policy");
	ok(strcmp(tacit_verdict_insecure(&b.verdict, 1), "insecure-allow-debug") == 0,
	   "allow-debug");
	ok(strcmp(tacit_verdict_insecure(&b.verdict, 2), "insecure-accept-stub") == 0,
	   "accept-stub");
	ok(!tacit_verdict_insecure(&b.verdict, 3), "and no more");
	b.cx.insecure_no_policy = false;
	b.cx.insecure_allow_debug = false;
	(void)!bench_verify(&b);
	ok(strcmp(tacit_verdict_insecure(&b.verdict, 0), "insecure-accept-stub") == 0 &&
		   !tacit_verdict_insecure(&b.verdict, 1),
	   "only those that were given");
}

int main(void)
{
	test_accepts();
	test_zeroed();
	test_stub_refused();
	test_debug();
	test_no_policy();
	test_nonce();
	test_nonce_without_binding();
	test_nonce_in_binding_alone();
	test_tls_key();
	test_binding_required();
	test_binding_broken();
	test_expectations();
	test_freshness();
	test_all_listed();
	test_several_failures();
	test_unsupported();
	test_arena();
	test_insecure_listed();
	return done();
}
