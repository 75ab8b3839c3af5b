/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DCAP_UTIL_H
#define TESTS_UNIT_DCAP_UTIL_H

/* Verdicts about quotes of our own PKI, as the tests of TDX and SGX need them. */

#include "tests/tap.h"

#include "base/compiler.h"
#include "base/hex.h"
#include "tacit/sgx.h"
#include "tacit/tdx.h"
#include "tacit/verify.h"
#include "tests/pki/dcap.h"

struct bench {
	uint8_t room[1 << 18];
	struct tacit_arena arena;
	struct tacit_slice root;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
	const char *also; /* a second measurement for bench_policy(), or NULL */
};

static struct bench bench;

/* No policy, no collateral, our root, DCAP_NOW. */
static inline void bench_init(void)
{
	struct tacit_context cx = { .now = DCAP_NOW, .insecure_no_policy = true };

	memset(&bench.verdict, 0, sizeof(bench.verdict));
	memset(&bench.err, 0, sizeof(bench.err));
	tacit_arena_init(&bench.arena, bench.room, sizeof(bench.room));
	bench.root = dcap_world()->root->der;
	bench.cx = cx;
	bench.cx.arena = &bench.arena;
	bench.cx.insecure_test_roots = &bench.root;
	bench.cx.insecure_test_root_count = 1;
}

static inline enum tacit_status bench_run(enum tacit_tee tee, struct tacit_slice raw)
{
	struct tacit_evidence ev = { .tee = tee, .raw = raw };

	return tacit_verify(&ev, &bench.cx, &bench.verdict, &bench.err);
}

/* The verdict with nothing but what bench_init() gives. */
static inline enum tacit_status bench_fresh(enum tacit_tee tee, struct tacit_slice raw)
{
	bench_init();
	return bench_run(tee, raw);
}

/* Whether claims are known to be genuine when that check fails. */
static inline bool bench_vouched(const char *check)
{
	return strncmp(check, "policy.", 7) == 0 || strcmp(check, "tdx.event_log.replay") == 0;
}

static inline bool bench_is(enum tacit_status got, enum tacit_status want, const char *check,
			    const char *name)
{
	const struct tacit_check *row = check ? tacit_verdict_find(&bench.verdict, check) : NULL;
	bool right = got == want;

	if (check)
		right &= row && row->result == TACIT_CHECK_FAIL && row->status == want &&
			 strcmp(bench.err.where, check) == 0 &&
			 bench_vouched(check) == (tacit_verdict_genuine(&bench.verdict) != NULL);
	if (!ok(right, "%s: %s%s%s", name, tacit_status_name(want), check ? " by " : "",
		check ? check : ""))
		printf("# got %s by %s: %s\n", tacit_status_name(got), bench.err.where,
		       bench.err.detail);
	return right;
}

/* Whether that check came out so. */
static inline bool bench_check(const char *name, enum tacit_result want)
{
	const struct tacit_check *row = tacit_verdict_find(&bench.verdict, name);
	bool right = row && row->result == want;

	if (!ok(right, "%s: %s", name, tacit_result_name(want)))
		printf("# %s\n", row ? tacit_result_name(row->result) : "no such check");
	return right;
}

/* The measurement of the genuine claims as hex; "" when there is none. */
static inline void bench_measured(const char *name, char ret[static 129])
{
	const struct tacit_claims *claims = tacit_verdict_genuine(&bench.verdict);

	ret[0] = '\0';
	for (size_t i = 0; claims && i < claims->measurement_count; i++)
		if (strcmp(claims->measurements[i].name, name) == 0)
			tacit_hex_encode(claims->measurements[i].value, ret);
}

/*
 * The verdict under a policy with one alternative: one measurement of the genuine claims, and
 * the given section.
 */
static inline enum tacit_status bench_policy(enum tacit_tee tee, struct tacit_slice raw,
					     const char *measurement, const char *section)
{
	static uint8_t policy_room[TACIT_ARENA_TYPICAL];
	static char text[2048];
	char hex[129], also[129] = "", second[200] = "";
	struct tacit_arena arena;

	tacit_arena_init(&arena, policy_room, sizeof(policy_room));
	bench.cx.insecure_no_policy = true;
	bench.cx.policy = NULL;
	(void)!bench_run(tee, raw);
	bench_measured(measurement, hex);
	if (bench.also) {
		bench_measured(bench.also, also);
		snprintf(second, sizeof(second), ",\"%s\":\"%s\"", bench.also, also);
	}
	snprintf(text, sizeof(text),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"%s\","
		 "\"measurements\":{\"%s\":\"%s\"%s},\"%s\":%s}]}",
		 tacit_tee_name(tee), measurement, hex, second, tacit_tee_name(tee), section);
	memset(&bench.err, 0, sizeof(bench.err));
	if (tacit_policy_parse(tacit_slice_str(text), &arena, &bench.cx.policy, &bench.err) !=
	    TACIT_OK) {
		printf("# policy: %s: %s\n# %s\n", bench.err.where, bench.err.detail, text);
		return TACIT_INTERNAL;
	}
	bench.cx.insecure_no_policy = false;
	memset(&bench.err, 0, sizeof(bench.err));
	return bench_run(tee, raw);
}

#endif
