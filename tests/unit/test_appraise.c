/* SPDX-License-Identifier: Apache-2.0 */
/* Policies against claims: sets that belong together, models, configurations, time. */
#include "tests/unit/appraise_util.h"

#include "appraise/appraise.h"
#include "appraise/platform.h"

#define HEX16(d)     d d d d d d d d d d d d d d d d
#define HEX32(d)     HEX16(d) HEX16(d)
#define HEX48(d)     HEX32(d) HEX16(d)
#define HEAD         "{\"schema\":\"tacit.policy/1\","
#define STUB(rest)   "{\"platform\":\"stub\",\"measurements\":{" rest
#define P0           "\"pcr0\":\"" HEX48("a0") "\""
#define P1           "\"pcr1\":\"" HEX48("a1") "\""
#define P2           "\"pcr2\":\"" HEX48("a2") "\""
#define X0           "\"pcr0\":\"" HEX48("b0") "\""
#define X1           "\"pcr1\":\"" HEX48("b1") "\""
#define X2           "\"pcr2\":\"" HEX48("b2") "\""
#define MODEL        "{\"id\":\"demo\",\"sha256\":\"" HEX32("66") "\"}"
#define MODEL_ANY    "{\"sha256\":\"" HEX32("66") "\"}"
#define MODEL_NAME   "{\"id\":\"other\",\"sha256\":\"" HEX32("66") "\"}"
#define MODEL_HASH   "{\"id\":\"demo\",\"sha256\":\"" HEX32("67") "\"}"
#define CONFIG       "\"" HEX32("77") "\""
#define CONFIG_OTHER "\"" HEX32("78") "\""

static struct bench b;

static void start(const char *json)
{
	bench_init(&b);
	bench_bind(&b);
	b.cx.insecure_no_policy = false;
	b.cx.policy = bench_policy(&b, json);
}

static void accepts(const char *json, const char *name)
{
	start(json);
	if (!is_status(bench_verify(&b), TACIT_OK, name))
		printf("# %s: %s\n", b.err.where, b.err.detail);
}

static void refuses(const char *json, const char *check, const char *name)
{
	start(json);
	is_refused(&b, bench_verify(&b), TACIT_POLICY, check, name);
}

static void test_measurements(void)
{
	accepts(HEAD "\"alternatives\":[" STUB(P0 "}}]}"), "one measurement of three");
	is_check(&b.verdict, "policy.measurements", TACIT_CHECK_PASS);
	accepts(HEAD "\"alternatives\":[" STUB(P0 "," P1 "," P2 "}}]}"), "all three");
	accepts(HEAD "\"alternatives\":[" STUB(P2 "," P1 "," P0 "}}]}"), "in another order");
	accepts(HEAD "\"alternatives\":[" STUB(X0 "}},") STUB(P0 "}}]}"), "the second alternative");
	refuses(HEAD "\"alternatives\":[" STUB(X0 "}}]}"), "policy.measurements", "another build");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "," P1 "," X2 "}}]}"), "policy.measurements",
		"two of three do not do");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "," X1 "}},") STUB(X0 "," P1 "}}]}"),
		"policy.measurements", "halves of two alternatives do not make a whole");
}

static void test_nearest(void)
{
	refuses(HEAD "\"alternatives\":["
		     "{\"name\":\"far\",\"platform\":\"stub\",\"measurements\":{" X0 "," X1 "}},"
		     "{\"name\":\"near\",\"platform\":\"stub\",\"measurements\":{" P0 "," X1 "}}]}",
		"policy.measurements", "the nearest alternative is named");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "policy.measurements");
	ok(strstr(check->why, "the nearest, 'near', differs in pcr1"), "with what differs");
	ok(strncmp(check->expected, "pcr1=b1b1", 9) == 0, "expected");
	ok(strncmp(check->got, "pcr1=a1a1", 9) == 0, "got");
	refuses(HEAD "\"alternatives\":["
		     "{\"name\":\"first\",\"platform\":\"stub\",\"measurements\":{" P0 "," X1 "}},"
		     "{\"name\":\"second\",\"platform\":\"stub\",\"measurements\":{" P0 "," X2
		     "}}]}",
		"policy.measurements", "of two as near");
	ok(strstr(b.err.detail, "'first'") != NULL, "the first is named");
	refuses(HEAD "\"alternatives\":[" STUB(X0 "}}]}"), "policy.measurements", "without a name");
	ok(strstr(b.err.detail, "the nearest differs in pcr0") != NULL, "none is made up");
}

static void test_first_match(void)
{
	accepts(HEAD "\"alternatives\":["
		     "{\"name\":\"one\",\"platform\":\"stub\",\"measurements\":{" P0 "}},"
		     "{\"name\":\"two\",\"platform\":\"stub\",\"measurements\":{" P0 "," P1 "}}]}",
		"two alternatives that match");
	const struct tacit_check *check = tacit_verdict_find(&b.verdict, "policy.measurements");
	ok(check->got && strcmp(check->got, "one") == 0, "the first is named");
}

static void test_platform(void)
{
	refuses(HEAD "\"alternatives\":[{\"platform\":\"nitro\",\"measurements\":{" P0 "}}]}",
		"policy.platform", "an alternative for nitro does not accept the stub");
	is_check(&b.verdict, "policy.measurements", TACIT_CHECK_SKIP);
	start(HEAD "\"alternatives\":[" STUB(P0 "}}]}"));
	b.cx.insecure_accept_stub = false;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.hardware",
		   "a policy that names the stub does not waive the refusal");
	is_check(&b.verdict, "policy.measurements", TACIT_CHECK_PASS);
}

static void test_debug_needs_the_flag(void)
{
	start(HEAD "\"alternatives\":[" STUB(P0 "},\"debug\":false}]}"));
	b.doc.debug = true;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.debug", "debug under a policy");
}

static void test_models(void)
{
	accepts(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL "]}"),
		"the named model");
	is_check(&b.verdict, "policy.model", TACIT_CHECK_PASS);
	accepts(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL_HASH "," MODEL_ANY "]}"),
		"any name with the hash");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL_NAME "]}"),
		"policy.model", "the hash under another name");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL_HASH "]}"),
		"policy.model", "the name over another hash");
	accepts(HEAD "\"alternatives\":[" STUB(P0 "},\"models\":[" MODEL "]}]}"),
		"a model of the alternative");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "},\"models\":[" MODEL_HASH "]}]}"),
		"policy.model", "another model of the alternative");
	refuses(HEAD "\"alternatives\":[" STUB(X0 "},\"models\":[" MODEL "]},")
			STUB(P0 "},\"models\":[" MODEL_HASH "]}]}"),
		"policy.model", "a model belongs to its own build");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "},\"models\":[" MODEL
						  "]}],\"models\":[" MODEL_HASH "]}"),
		"policy.model", "both lists must hold");
	accepts(HEAD "\"alternatives\":[" STUB(P0 "}}]}"), "no list of models");
	is_check(&b.verdict, "policy.model", TACIT_CHECK_SKIP);
	is_check(&b.verdict, "policy.config", TACIT_CHECK_SKIP);
}

static void test_configs(void)
{
	accepts(HEAD "\"alternatives\":[" STUB(P0 "}}],\"configs\":[" CONFIG_OTHER "," CONFIG "]}"),
		"the named configuration");
	is_check(&b.verdict, "policy.config", TACIT_CHECK_PASS);
	refuses(HEAD "\"alternatives\":[" STUB(P0 "}}],\"configs\":[" CONFIG_OTHER "]}"),
		"policy.config", "another configuration");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "},\"configs\":[" CONFIG_OTHER "]}]}"),
		"policy.config", "another of the alternative");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "},\"models\":[" MODEL
						  "],\"configs\":[" CONFIG_OTHER "]},")
			STUB(P0 "},\"models\":[" MODEL_HASH "],\"configs\":[" CONFIG "]}]}"),
		"policy.config", "model and configuration of two alternatives do not mix");
	refuses(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL_HASH
						  "],\"configs\":[" CONFIG "]}"),
		"policy.model", "a wrong model comes first");
	is_check(&b.verdict, "policy.config", TACIT_CHECK_SKIP);
}

/* Lists that only a binding can satisfy. */
static void test_without_binding(void)
{
	start(HEAD "\"alternatives\":[" STUB(P0 "}}],\"models\":[" MODEL_ANY "]}"));
	b.doc.user_data = tacit_slice_of(NULL, 0);
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.model", "no binding, no model");
	ok(strstr(b.err.detail, "binds none") != NULL, "saying that nothing is bound");
	start(HEAD "\"alternatives\":[" STUB(P0 "}}],\"configs\":[" CONFIG "]}"));
	b.doc.user_data = tacit_slice_of(NULL, 0);
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.config",
		   "no binding, no configuration");
	ok(strstr(b.err.detail, "binds none") != NULL, "saying that nothing is bound");
	ok(!tacit_verdict_find(&b.verdict, "policy.config")->got, "and got nothing");
}

static enum tacit_status at(int64_t now, int64_t made)
{
	b.cx.now = now;
	b.doc.timestamp_ms = (uint64_t)made * 1000;
	return bench_verify(&b);
}

static void test_validity(void)
{
	start(HEAD
	      "\"valid_from\":\"2026-11-21T08:00:00Z\",\"valid_until\":\"2026-11-21T09:00:00Z\","
	      "\"alternatives\":[" STUB(P0 "}}]}"));
	is_status(at(NOW, NOW), TACIT_OK, "in force from its first second");
	is_status(at(NOW + 3600, NOW + 3600), TACIT_OK, "to its last");
	is_refused(&b, at(NOW - 1, NOW - 1), TACIT_EXPIRED, "policy.validity", "not before");
	is_refused(&b, at(NOW + 3601, NOW + 3601), TACIT_EXPIRED, "policy.validity", "not after");
}

static void test_age(void)
{
	start(HEAD
	      "\"max_age_seconds\":10,\"clock_skew_seconds\":0,\"alternatives\":[" STUB(P0 "}}]}"));
	is_status(at(NOW + 10, NOW), TACIT_OK, "as old as allowed");
	is_refused(&b, at(NOW + 11, NOW), TACIT_EXPIRED, "policy.freshness", "a second more");
	is_refused(&b, at(NOW - 1, NOW), TACIT_EXPIRED, "policy.freshness",
		   "a second from the future without skew");
	start(HEAD "\"max_age_seconds\":86400,\"alternatives\":[" STUB(P0 "}}]}"));
	is_status(at(NOW + 86400, NOW), TACIT_OK, "a policy may allow a day");
}

/* What no stub evidence can show, judged on claims as another platform would give them. */
static void judge(struct tacit_claims *claims, struct tacit_check_list *list)
{
	const struct tacit_platform_row *platform = tacit_platform_row(claims->tee);
	size_t count = platform ? platform->check_count : 0;

	tacit_check_init(list, &b.arena, TACIT_APPRAISE_CHECKS + count);
	tacit_check_add(list, tacit_appraise_checks, TACIT_APPRAISE_CHECKS);
	if (platform)
		tacit_check_add(list, platform->checks, count);
	tacit_appraise(claims, &b.cx, list);
}

static void test_no_timestamp(void)
{
	struct tacit_claims claims = { .tee = TACIT_TEE_GCP_TOKEN, .valid_until = INT64_MAX };
	struct tacit_check_list list;
	const struct tacit_check *first;
	uint8_t report[64] = { 7 };

	bench_init(&b);
	b.cx.insecure_accept_stub = false;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED, "no time and no nonce is refused");
	ok(first && strcmp(first->name, "policy.freshness") == 0, "by policy.freshness");
	ok(first && strstr(first->why, "no time and no nonce"), "saying that it has none");
	b.cx.any_age = true;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_OK, "unless any age was asked for");
	b.cx.any_age = false;
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_BINDING,
	   "a nonce that is not there is refused");
	claims.nonce = b.cx.expect.nonce;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_OK, "with the nonce, freshness is its matter");
	claims.report_data = TACIT_SLICE_ARRAY(report);
	b.cx.expect.report_data = TACIT_SLICE_ARRAY(report);
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_OK, "report data that match");
	uint8_t other[64] = { 8 };
	b.cx.expect.report_data = TACIT_SLICE_ARRAY(other);
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_BINDING, "report data that do not");
}

/* Evidence with certificates of its own, judged without a policy: they say what is current. */
static void test_own_validity(void)
{
	struct tacit_claims claims = { .tee = TACIT_TEE_NITRO,
				       .timestamp = NOW - 5000,
				       .valid_until = NOW + 1 };
	struct tacit_check_list list;
	const struct tacit_check *first;

	bench_init(&b);
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_OK, "old evidence that is still valid");
	claims.timestamp = NOW + 61;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED, "but not from the future");
	claims.timestamp = NOW - 5000;
	claims.valid_until = INT64_MAX;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED, "nor without a validity of its own");
	start(HEAD "\"alternatives\":[{\"platform\":\"nitro\",\"measurements\":{" P0 "}}]}");
	claims.valid_until = NOW + 1;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED &&
		   strcmp(first->name, "policy.freshness") == 0,
	   "nor under a policy, which has an age");
}

/* Quotes and reports say nothing of when they were made; a policy may or may not ask. */
static void test_timeless(void)
{
	struct tacit_claims claims = { .tee = TACIT_TEE_TDX, .valid_until = NOW + 1 };
	struct tacit_check_list list;
	const struct tacit_check *first;

	start(HEAD "\"alternatives\":[{\"platform\":\"tdx\",\"measurements\":{\"mrtd\":\"" HEX48(
		"a0") "\"}}]}");
	judge(&claims, &list);
	(void)!tacit_check_judge(&list, &first);
	ok(list.count && first && strcmp(first->name, "policy.freshness") != 0,
	   "a policy that says nothing of age");
	struct tacit_verdict verdict = { .check_count = list.count, .checks = list.checks };
	is_check(&verdict, "policy.freshness", TACIT_CHECK_SKIP);
	start(HEAD "\"max_age_seconds\":300,\"alternatives\":[{\"platform\":\"tdx\","
		   "\"measurements\":{\"mrtd\":\"" HEX48("a0") "\"}}]}");
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED &&
		   strcmp(first->name, "policy.freshness") == 0,
	   "a policy that says an age refuses what has no time");
	b.cx.any_age = true;
	judge(&claims, &list);
	verdict = (struct tacit_verdict){ .check_count = list.count, .checks = list.checks };
	is_check(&verdict, "policy.freshness", TACIT_CHECK_SKIP);
	b.cx.any_age = false;
	claims.valid_until = INT64_MAX;
	start(HEAD "\"alternatives\":[{\"platform\":\"tdx\",\"measurements\":{\"mrtd\":\"" HEX48(
		"a0") "\"}}]}");
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_EXPIRED,
	   "so does any policy when it has no validity of its own either");
}

/* A measurement that the policy names and the evidence lacks is no match. */
static void test_missing_measurement(void)
{
	struct tacit_measurement one = { "pcr0", { NULL, 0 } };
	struct tacit_claims claims = { .tee = TACIT_TEE_STUB, .timestamp = NOW };
	struct tacit_check_list list;
	const struct tacit_check *first;
	uint8_t pcr0[48];

	start(HEAD "\"alternatives\":[" STUB(P0 "," P1 "}}]}"));
	one.value = tacit_slice_of(memset(pcr0, 0xa0, 48), 48);
	claims.measurements = &one;
	claims.measurement_count = 1;
	judge(&claims, &list);
	ok(tacit_check_judge(&list, &first) == TACIT_POLICY, "refused");
	ok(first && strcmp(first->name, "policy.measurements") == 0 && !first->got,
	   "nothing was got for it");
}

int main(void)
{
	test_measurements();
	test_nearest();
	test_first_match();
	test_platform();
	test_debug_needs_the_flag();
	test_models();
	test_configs();
	test_without_binding();
	test_validity();
	test_age();
	test_no_timestamp();
	test_own_validity();
	test_timeless();
	test_missing_measurement();
	return done();
}
