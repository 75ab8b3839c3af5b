/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "tacit/verify.h"

const char *tacit_outcome_name(enum tacit_outcome outcome)
{
	static const char *const NAMES[] = {
		[TACIT_UNVERIFIED] = "unverified",
		[TACIT_VERIFIED] = "verified",
		[TACIT_REFUSED] = "refused",
		[TACIT_MALFORMED] = "malformed",
		[TACIT_UNDECIDED_VERDICT] = "undecided",
	};

	return (size_t)outcome < TACIT_ARRAY_LEN(NAMES) ? NAMES[outcome] : "unverified";
}

const char *tacit_result_name(enum tacit_result result)
{
	static const char *const NAMES[] = {
		[TACIT_CHECK_SKIP] = "skip",
		[TACIT_CHECK_PASS] = "pass",
		[TACIT_CHECK_FAIL] = "fail",
	};

	return (size_t)result < TACIT_ARRAY_LEN(NAMES) ? NAMES[result] : "fail";
}

const struct tacit_claims *tacit_verdict_claims(const struct tacit_verdict *verdict)
{
	return verdict->outcome == TACIT_VERIFIED && verdict->genuine ? verdict->claims : NULL;
}

const struct tacit_claims *tacit_verdict_genuine(const struct tacit_verdict *verdict)
{
	return verdict->genuine ? verdict->claims : NULL;
}

const struct tacit_check *tacit_verdict_check(const struct tacit_verdict *verdict, size_t i)
{
	return i < verdict->check_count ? &verdict->checks[i] : NULL;
}

const char *tacit_verdict_insecure(const struct tacit_verdict *verdict, size_t i)
{
	const struct {
		bool used;
		const char *name;
	} rows[] = {
		{ verdict->insecure_no_policy, "insecure-no-policy" },
		{ verdict->insecure_allow_debug, "insecure-allow-debug" },
		{ verdict->insecure_accept_stub, "insecure-accept-stub" },
		{ verdict->insecure_test_root, "insecure-test-root" },
	};

	for (size_t at = 0; at < TACIT_ARRAY_LEN(rows); at++)
		if (rows[at].used && i-- == 0)
			return rows[at].name;
	return NULL;
}

const struct tacit_check *tacit_verdict_find(const struct tacit_verdict *verdict, const char *name)
{
	struct tacit_slice want = tacit_slice_str(name);

	for (size_t i = 0; i < verdict->check_count; i++)
		if (tacit_slice_eq(tacit_slice_str(verdict->checks[i].name), want))
			return &verdict->checks[i];
	return NULL;
}
