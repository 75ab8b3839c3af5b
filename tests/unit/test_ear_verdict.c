/* SPDX-License-Identifier: Apache-2.0 */

/* What verdicts become in an EAR: never better than what the checks say. */

#include "appraise/ear.h"

#include "base/compiler.h"
#include "tests/tap.h"

#define MAX 16

struct made {
	struct tacit_verdict verdict;
	struct tacit_claims claims;
	struct tacit_check checks[MAX];
};

static void add(struct made *m, const char *name, enum tacit_result result,
		enum tacit_status status)
{
	struct tacit_check check = { .name = name, .result = result, .status = status };

	m->checks[m->verdict.check_count++] = check;
}

/* A TDX verdict with everything in order. */
static void good(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->claims.tee = m->verdict.tee = TACIT_TEE_TDX;
	m->claims.tcb_status = "UpToDate";
	m->claims.tdx = (const struct tacit_tdx_claims *)(const void *)m; /* that it is there */
	m->verdict.outcome = TACIT_VERIFIED;
	m->verdict.genuine = true;
	m->verdict.checks = m->checks;
	m->verdict.claims = &m->claims;
	add(m, "tdx.quote.signature", TACIT_CHECK_PASS, TACIT_OK);
	add(m, "policy.present", TACIT_CHECK_PASS, TACIT_OK);
	add(m, "policy.debug", TACIT_CHECK_PASS, TACIT_OK);
	add(m, "policy.measurements", TACIT_CHECK_PASS, TACIT_OK);
}

static struct tacit_ear_submod rate(const struct made *m)
{
	struct tacit_ear_submod submod;

	tacit_ear_of_verdict(&m->verdict, &submod);
	ok(tacit_ear_borne_out(submod.status, &submod.vector), "never better than its vector");
	return submod;
}

/* The value of a claim, or -128 when it is not made. */
static int value(const struct tacit_ear_submod *s, enum tacit_ear_claim claim)
{
	return s->vector.given >> claim & 1 ? s->vector.value[claim] : -128;
}

static void is_vector(const struct tacit_ear_submod *s, const int *want, const char *name)
{
	static const enum tacit_ear_claim ORDER[] = { TACIT_EAR_INSTANCE_IDENTITY,
						      TACIT_EAR_CONFIGURATION,
						      TACIT_EAR_EXECUTABLES, TACIT_EAR_HARDWARE,
						      TACIT_EAR_RUNTIME_OPAQUE };
	bool all = value(s, TACIT_EAR_FILE_SYSTEM) == -128 &&
		   value(s, TACIT_EAR_STORAGE_OPAQUE) == -128 &&
		   value(s, TACIT_EAR_SOURCED_DATA) == -128;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ORDER); i++)
		all &= value(s, ORDER[i]) == want[i];
	if (ok(all, "the vector: %s", name))
		return;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ORDER); i++)
		printf("# %s: got %d, want %d\n", tacit_ear_claim_name(ORDER[i]),
		       value(s, ORDER[i]), want[i]);
}

#define NONE -128

static void test_good(void)
{
	struct made m;
	struct tacit_ear_submod s;

	good(&m);
	s = rate(&m);
	ok(s.status == TACIT_EAR_AFFIRMING, "verified is affirming");
	is_slice(s.name, tacit_slice_str("tdx"), "named after the platform");
	is_vector(&s, (int[]){ NONE, 2, 3, 2, 2 }, "verified");
	add(&m, "policy.snp.chip", TACIT_CHECK_PASS, TACIT_OK);
	s = rate(&m);
	is_vector(&s, (int[]){ 2, 2, 3, 2, 2 }, "a chip that the policy names");
	m.checks[3].result = TACIT_CHECK_SKIP;
	s = rate(&m);
	is_vector(&s, (int[]){ 2, 2, NONE, 2, 2 }, "measurements that nobody compared");
	m.claims.tdx = NULL;
	m.claims.tcb_status = NULL;
	s = rate(&m);
	is_vector(&s, (int[]){ 2, 2, NONE, 2, NONE }, "a platform that encrypts nothing");
}

static void test_tcb(void)
{
	static const char *const WORSE[] = { "SWHardeningNeeded", "OutOfDate", "Revoked", "",
					     NULL };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(WORSE); i++) {
		struct made m;

		good(&m);
		m.claims.tcb_status = WORSE[i];
		struct tacit_ear_submod s = rate(&m);
		ok(s.status == TACIT_EAR_WARNING && value(&s, TACIT_EAR_HARDWARE) == 32,
		   "TCB status '%s' is a warning", WORSE[i] ? WORSE[i] : "(signature only)");
	}
}

/* Each waiver alone, on evidence that is otherwise perfect. */
static void test_waivers(void)
{
	struct tacit_ear_submod s;
	struct made m;

	good(&m);
	m.verdict.insecure_no_policy = true;
	m.checks[1].result = TACIT_CHECK_SKIP;
	m.checks[3].result = TACIT_CHECK_SKIP;
	s = rate(&m);
	ok(s.status == TACIT_EAR_WARNING, "no policy");
	is_vector(&s, (int[]){ NONE, NONE, NONE, 32, 2 }, "no policy");
	good(&m);
	m.verdict.insecure_allow_debug = true;
	s = rate(&m);
	ok(s.status == TACIT_EAR_WARNING, "debug allowed");
	is_vector(&s, (int[]){ NONE, 32, 3, 32, 2 }, "debug allowed and not there");
	m.claims.debug = true;
	s = rate(&m);
	ok(s.status == TACIT_EAR_CONTRAINDICATED, "debug");
	is_vector(&s, (int[]){ NONE, 32, 3, 32, 96 }, "memory that others can see");
	good(&m);
	m.verdict.insecure_accept_stub = true;
	s = rate(&m);
	ok(s.status == TACIT_EAR_WARNING && value(&s, TACIT_EAR_HARDWARE) == 32,
	   "the stand-in allowed");
	good(&m);
	m.verdict.insecure_test_root = true;
	s = rate(&m);
	ok(s.status == TACIT_EAR_CONTRAINDICATED, "a test root");
	is_vector(&s, (int[]){ NONE, NONE, NONE, 97, NONE }, "says nothing");
	good(&m);
	m.claims.tee = m.verdict.tee = TACIT_TEE_STUB;
	s = rate(&m);
	ok(s.status == TACIT_EAR_CONTRAINDICATED, "the stand-in, even without a waiver");
	is_vector(&s, (int[]){ NONE, NONE, NONE, 97, NONE }, "says nothing");
}

static const struct {
	const char *check;
	enum tacit_status status;
	enum tacit_ear_claim claim;
	int want;
} FAILURES[] = {
	{ "tdx.quote.signature", TACIT_SIGNATURE, TACIT_EAR_HARDWARE, 99 },
	{ "tdx.pck.signatures", TACIT_CHAIN, TACIT_EAR_HARDWARE, 99 },
	{ "tdx.pck.validity", TACIT_EXPIRED, TACIT_EAR_HARDWARE, 99 },
	{ "tdx.qe.binding", TACIT_BINDING, TACIT_EAR_HARDWARE, 99 },
	{ "tdx.crl.pck", TACIT_REVOKED, TACIT_EAR_HARDWARE, 96 },
	{ "tdx.quote.format", TACIT_FORMAT, TACIT_EAR_HARDWARE, 1 },
	{ "tdx.quote.format", TACIT_LIMIT, TACIT_EAR_HARDWARE, 1 },
	{ "snp.report.version", TACIT_UNSUPPORTED, TACIT_EAR_HARDWARE, 97 },
	{ "policy.tdx.tcb_status", TACIT_POLICY, TACIT_EAR_HARDWARE, 96 },
	{ "policy.snp.tcb", TACIT_POLICY, TACIT_EAR_HARDWARE, 96 },
	{ "policy.platform", TACIT_POLICY, TACIT_EAR_HARDWARE, 97 },
	{ "policy.hardware", TACIT_POLICY, TACIT_EAR_HARDWARE, 97 },
	{ "policy.snp.signing_key", TACIT_POLICY, TACIT_EAR_HARDWARE, 96 },
	{ "evidence.platform", TACIT_POLICY, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "evidence.nonce", TACIT_BINDING, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "binding.tls_key", TACIT_BINDING, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "expect.report_data", TACIT_BINDING, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "policy.freshness", TACIT_EXPIRED, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "policy.nitro.region", TACIT_POLICY, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "policy.snp.chip", TACIT_POLICY, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "wrapper.obol.binding", TACIT_BINDING, TACIT_EAR_INSTANCE_IDENTITY, 97 },
	{ "policy.measurements", TACIT_POLICY, TACIT_EAR_EXECUTABLES, 33 },
	{ "policy.model", TACIT_POLICY, TACIT_EAR_EXECUTABLES, 33 },
	{ "policy.snp.id_key", TACIT_POLICY, TACIT_EAR_EXECUTABLES, 33 },
	{ "tdx.event_log.replay", TACIT_BINDING, TACIT_EAR_EXECUTABLES, 33 },
	{ "policy.present", TACIT_POLICY, TACIT_EAR_CONFIGURATION, 36 },
	{ "policy.validity", TACIT_EXPIRED, TACIT_EAR_CONFIGURATION, 36 },
	{ "bundle.insecure", TACIT_POLICY, TACIT_EAR_CONFIGURATION, 36 },
	{ "policy.config", TACIT_POLICY, TACIT_EAR_CONFIGURATION, 96 },
	{ "policy.snp.vmpl", TACIT_POLICY, TACIT_EAR_CONFIGURATION, 96 },
	{ "policy.tdx.service_td", TACIT_POLICY, TACIT_EAR_CONFIGURATION, 96 },
	{ "policy.debug", TACIT_POLICY, TACIT_EAR_RUNTIME_OPAQUE, 96 },
	{ "a.check.of.tomorrow", TACIT_POLICY, TACIT_EAR_HARDWARE, 99 },
	{ "policy.tomorrow", TACIT_POLICY, TACIT_EAR_HARDWARE, 96 },
};

static void test_failures(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(FAILURES); i++) {
		struct made m;

		good(&m);
		m.verdict.outcome = TACIT_REFUSED;
		add(&m, FAILURES[i].check, TACIT_CHECK_FAIL, FAILURES[i].status);
		struct tacit_ear_submod s = rate(&m);
		if (!ok(s.status == TACIT_EAR_CONTRAINDICATED &&
				value(&s, FAILURES[i].claim) == FAILURES[i].want,
			"%s (%s)", FAILURES[i].check, tacit_status_name(FAILURES[i].status)))
			printf("# got %d\n", value(&s, FAILURES[i].claim));
		m.verdict.genuine = false;
		s = rate(&m);
		ok(s.vector.given == 1u << FAILURES[i].claim, "and nothing else, if not genuine");
	}
}

static void test_undecided(void)
{
	struct tacit_ear_submod s;
	struct made m;

	good(&m);
	m.verdict.outcome = TACIT_UNDECIDED_VERDICT;
	add(&m, "policy.tdx.collateral", TACIT_CHECK_FAIL, TACIT_UNDECIDED);
	s = rate(&m);
	ok(s.status == TACIT_EAR_NONE, "undecided is none");
	is_vector(&s, (int[]){ NONE, 2, 3, NONE, 2 }, "nothing about the hardware");
	add(&m, "tdx.quote.signature", TACIT_CHECK_FAIL, TACIT_SIGNATURE);
	s = rate(&m);
	ok(s.status == TACIT_EAR_CONTRAINDICATED && value(&s, TACIT_EAR_HARDWARE) == 99,
	   "what is bad is bad all the same");
	good(&m);
	m.verdict.outcome = TACIT_MALFORMED;
	m.verdict.genuine = false;
	add(&m, "tdx.quote.format", TACIT_CHECK_FAIL, TACIT_FORMAT);
	s = rate(&m);
	ok(s.status == TACIT_EAR_CONTRAINDICATED, "malformed is contraindicated");
	is_vector(&s, (int[]){ NONE, NONE, NONE, 1, NONE }, "evidence that was not expected");
	memset(&m, 0, sizeof(m));
	s = rate(&m);
	ok(s.status == TACIT_EAR_NONE && !s.vector.given, "an empty verdict says nothing");
}

/* Whatever the outcome says, failures and waivers leave no affirming status. */
static void test_never_affirming(void)
{
	bool all = true;

	for (int outcome = TACIT_UNVERIFIED; outcome <= TACIT_UNDECIDED_VERDICT; outcome++) {
		for (unsigned flags = 0; flags < 64; flags++) {
			struct made m;
			struct tacit_ear_submod s;

			good(&m);
			m.verdict.outcome = (enum tacit_outcome)outcome;
			m.verdict.insecure_no_policy = flags & 1;
			m.verdict.insecure_allow_debug = flags & 2;
			m.verdict.insecure_accept_stub = flags & 4;
			m.verdict.insecure_test_root = flags & 8;
			m.verdict.genuine = !(flags & 16);
			m.claims.debug = flags & 32;
			tacit_ear_of_verdict(&m.verdict, &s);
			bool waived = flags & 15;
			bool affirming = s.status == TACIT_EAR_AFFIRMING;
			all &= !waived || tacit_ear_tier((int8_t)value(&s, TACIT_EAR_HARDWARE)) !=
						  TACIT_EAR_AFFIRMING;
			all &= !affirming || (outcome == TACIT_VERIFIED && !(flags & 63));
			all &= tacit_ear_borne_out(s.status, &s.vector);
		}
	}
	ok(all, "in no combination");
}

int main(void)
{
	test_good();
	test_tcb();
	test_waivers();
	test_failures();
	test_undecided();
	test_never_affirming();
	return done();
}
