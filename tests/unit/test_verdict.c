/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict's JSON and text: the contract's members, nothing that is not genuine, no trust. */
#include "tacit/tdx.h"
#include "tests/unit/appraise_util.h"

#include <jansson.h>

#include "appraise/appraise.h"
#include "appraise/platform.h"
#include "appraise/verdict_json.h"
#include "tee/tee.h"
#include "tee/unwrap.h"

static struct bench b;
static char text[65536];

static struct tacit_slice write_json(void)
{
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	struct tacit_slice out = { NULL, 0 };

	tacit_verdict_json(&b.verdict, &w);
	if (wr_finish(&w, "verdict", &out, NULL))
		ok(false, "the verdict fits");
	return out;
}

static json_t *load(void)
{
	struct tacit_slice json = write_json();
	json_error_t error;
	json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, &error);

	if (!ok(root != NULL, "the verdict is JSON"))
		printf("# %s at %d\n# %.*s\n", error.text, error.position, (int)json.len, json.ptr);
	return root;
}

static void is_text(json_t *object, const char *name, const char *want)
{
	const char *got = json_string_value(json_object_get(object, name));

	if (!ok(got && strcmp(got, want) == 0, "%s is %s", name, want))
		printf("# got %s\n", got ? got : "(none)");
}

static void is_null(json_t *object, const char *name)
{
	ok(json_is_null(json_object_get(object, name)), "%s is null", name);
}

static void test_verified(void)
{
	bench_init(&b);
	bench_bind(&b);
	b.binding.model_id = tacit_slice_str("demo \"q\" \\ \xc3\xa9");
	bench_bind(&b);
	is_status(bench_verify(&b), TACIT_OK, "verified");
	json_t *root = load();
	is_text(root, "schema", "tacit.verdict/1");
	is_text(root, "verdict", "verified");
	is_text(root, "platform", "stub");
	is_text(root, "notice", "stub (NOT a TEE)");
	ok(json_array_size(json_object_get(root, "checks")) == 23, "all checks");
	json_t *insecure = json_object_get(root, "insecure");
	ok(json_array_size(insecure) == 2, "two waivers");
	json_t *claims = json_object_get(root, "claims");
	ok(json_is_false(json_object_get(claims, "debug")), "debug is false");
	is_text(claims, "timestamp", "2026-11-21T08:00:00Z");
	is_text(claims, "valid_from", "2026-11-21T08:00:00Z");
	is_null(claims, "valid_until");
	is_null(claims, "public_key");
	is_null(claims, "tcb_status");
	ok(json_is_array(json_object_get(claims, "advisory_ids")), "advisories are a list");
	ok(json_object_size(json_object_get(claims, "measurements")) == 3, "three measurements");
	ok(json_string_length(json_object_get(json_object_get(claims, "measurements"), "pcr0")) ==
		   96,
	   "in hex");
	is_text(claims, "nonce",
		"3333333333333333333333333333333333333333333333333333333333333333");
	ok(json_string_length(json_object_get(claims, "user_data")) == 2 * b.doc.user_data.len,
	   "user data, whole");
	ok(!json_object_get(claims, "report_data"), "no report data of a platform that has none");
	json_t *binding = json_object_get(claims, "binding");
	is_text(binding, "purpose", "tacit/1");
	is_text(binding, "model_id", "demo \"q\" \\ \xc3\xa9");
	ok(json_object_size(binding) == 8, "all of the binding");
	json_decref(root);
}

static void test_check_members(void)
{
	uint8_t other[32] = { 1 };

	bench_init(&b);
	bench_bind(&b);
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(other);
	is_status(bench_verify(&b), TACIT_BINDING, "refused");
	json_t *root = load();
	is_text(root, "verdict", "refused");
	json_t *checks = json_object_get(root, "checks");
	size_t seen = 0;
	for (size_t i = 0; i < json_array_size(checks); i++) {
		json_t *check = json_array_get(checks, i);

		if (json_object_size(check) != 5)
			ok(false, "check %zu has five members", i);
		if (strcmp(json_string_value(json_object_get(check, "name")), "binding.tls_key"))
			continue;
		seen++;
		is_text(check, "result", "fail");
		is_text(check, "got",
			"5555555555555555555555555555555555555555555555555555555555555555");
		ok(json_string_length(json_object_get(check, "expected")) == 64,
		   "expected is there");
		ok(json_string_length(json_object_get(check, "why")) > 10, "and why");
	}
	ok(seen == 1, "the check is there once");
	ok(json_is_object(json_object_get(root, "claims")),
	   "genuine evidence that is refused still shows its claims");
	json_decref(root);
}

static void test_not_genuine(void)
{
	uint8_t bytes[TACIT_STUB_MAX];

	bench_init(&b);
	bench_bind(&b);
	struct tacit_slice raw = bench_evidence(&b);
	memcpy(bytes, raw.ptr, raw.len);
	bytes[raw.len - 1] ^= 1;
	is_status(bench_judge(&b, tacit_slice_of(bytes, raw.len)), TACIT_SIGNATURE,
		  "a bad signature");
	json_t *root = load();
	is_text(root, "verdict", "refused");
	ok(!json_object_get(root, "claims"), "shows no claims");
	json_decref(root);
	is_status(bench_judge(&b, tacit_slice_of(bytes, 9)), TACIT_FORMAT, "a cut document");
	root = load();
	is_text(root, "verdict", "malformed");
	ok(!json_object_get(root, "claims"), "shows no claims");
	json_decref(root);
}

static void test_zeroed(void)
{
	memset(&b.verdict, 0, sizeof(b.verdict));
	json_t *root = load();
	is_text(root, "verdict", "unverified");
	is_text(root, "platform", "none");
	ok(!json_object_get(root, "claims") && !json_object_get(root, "notice"),
	   "and nothing more");
	json_decref(root);
}

/* What only other platforms have. */
static void test_other_claims(void)
{
	static const char *const ids[] = { "INTEL-SA-00001", "INTEL-SA-00002" };
	uint8_t report[64] = { 0xab };
	static const struct tacit_tdx_claims tdx;
	struct tacit_claims claims = { .tee = TACIT_TEE_TDX,
				       .tdx = &tdx,
				       .report_data = TACIT_SLICE_ARRAY(report),
				       .tcb_status = "OutOfDate",
				       .advisory_count = 2,
				       .advisory_ids = ids,
				       .valid_until = NOW };

	bench_init(&b);
	b.verdict.tee = TACIT_TEE_TDX;
	b.verdict.outcome = TACIT_UNDECIDED_VERDICT;
	b.verdict.genuine = true;
	b.verdict.claims = &claims;
	json_t *root = load();
	is_text(root, "verdict", "undecided");
	ok(!json_object_get(root, "notice"), "hardware needs no notice");
	json_t *out = json_object_get(root, "claims");
	is_text(out, "tcb_status", "OutOfDate");
	is_text(out, "valid_until", "2026-11-21T08:00:00Z");
	is_null(out, "timestamp");
	is_null(out, "binding");
	ok(json_array_size(json_object_get(out, "advisory_ids")) == 2, "two advisories");
	ok(json_string_length(json_object_get(out, "report_data")) == 128, "report data");
	ok(!json_object_get(out, "user_data"), "no user data beside them");
	json_decref(root);
	b.verdict.genuine = false;
	root = load();
	ok(!json_object_get(root, "claims"), "claims without genuineness are not shown");
	json_decref(root);
}

static void test_room(void)
{
	bool bad = true;

	bench_init(&b);
	bench_bind(&b);
	is_status(bench_verify(&b), TACIT_OK, "verified");
	size_t len = write_json().len;
	for (size_t n = 0; n < len; n += 13) {
		struct writer w = wr_of(tacit_mut_of(text, n));

		tacit_verdict_json(&b.verdict, &w);
		bad &= w.bad && w.at == len;
	}
	ok(bad, "too little room is noticed, and what was needed is counted");
	ok(memchr(text, '\n', len) == NULL, "the verdict is one line");
}

static const char *write_text(bool verbose)
{
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text) - 1));

	tacit_verdict_text(&b.verdict, verbose, &w);
	text[w.at] = '\0';
	return text;
}

static void test_text(void)
{
	bench_init(&b);
	bench_bind(&b);
	is_status(bench_verify(&b), TACIT_OK, "verified");
	const char *got = write_text(false);
	ok(strncmp(got, "verified: stub (NOT a TEE)\n", 27) == 0, "the verdict comes first");
	ok(strstr(got, "warning: judged with --insecure-accept-stub\n") != NULL,
	   "waivers are told");
	ok(!strstr(got, "pass"), "passes are not, unless asked for");
	const char *open = strstr(got, "not evaluated:\n");
	ok(open && strstr(open, "  not asked for: ") != NULL,
	   "what was not evaluated is, by reason");
	ok(open && strstr(open, "evidence.nonce, ") != NULL &&
		   strstr(open, ", expect.report_data, ") != NULL &&
		   strstr(open, "policy.hardware\n") != NULL,
	   "each check by its name");
	got = write_text(true);
	ok(strstr(got, "  pass  stub.cose.signature") != NULL, "verbose tells every check");
	ok(strstr(got, "  pcr0 ") != NULL && strstr(got, "demo\n") != NULL, "and the claims");
	ok(!strstr(got, "not evaluated"), "and what was not evaluated in its place");
	b.cx.insecure_accept_stub = false;
	is_status(bench_verify(&b), TACIT_POLICY, "refused");
	got = write_text(false);
	ok(strncmp(got, "refused: stub (NOT a TEE): ", 27) == 0, "a refusal comes first");
	ok(strstr(got, "  fail  policy.hardware") != NULL, "then the check that failed");
	ok(strstr(got, "expected a hardware TEE\n") != NULL, "expected");
	ok(strstr(got, "got      stub (NOT a TEE)\n") != NULL, "got");
	ok(strstr(got, "not evaluated:") > strstr(got, "got      stub"),
	   "then what was not evaluated");
	is_status(bench_judge(&b, tacit_slice_str("rubbish")), TACIT_FORMAT, "rubbish");
	got = write_text(false);
	ok(strstr(got, "  not reached: 22 checks\n") != NULL, "many of one reason are counted");
}

/* The manual page lists every check, in the order of the tables. */
static void in_manual(const char **manual, const struct tacit_check_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char want[160];

		snprintf(want, sizeof(want), ".It Cm %s\n%s\n", rows[i].name, rows[i].about);
		const char *at = strstr(*manual, want);
		if (!ok(at != NULL, "tacit-verdict(5) has %s in its place", rows[i].name))
			continue;
		*manual = at;
	}
}

static void test_manual(void)
{
	FILE *f = fopen("man/tacit-verdict.5", "r");

	if (!f) {
		skip("tacit-verdict(5) lists every check", "man/ is not here");
		return;
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	const struct tacit_tee_row *row;
	for (size_t i = 0; (row = tacit_tee_row_at(i)) != NULL; i++) {
		const char *manual = text;
		in_manual(&manual, row->checks, row->check_count);
	}
	const char *manual = text;
	in_manual(&manual, tacit_wrapper_checks, TACIT_WRAPPER_CHECKS);
	in_manual(&manual, tacit_appraise_checks, TACIT_APPRAISE_CHECKS);
	for (int tee = TACIT_TEE_NONE + 1; tee <= TACIT_TEE_STUB; tee++) {
		const struct tacit_platform_row *platform = tacit_platform_row((enum tacit_tee)tee);
		manual = text;
		if (platform)
			in_manual(&manual, platform->checks, platform->check_count);
	}
}

int main(void)
{
	test_verified();
	test_check_members();
	test_not_genuine();
	test_zeroed();
	test_other_claims();
	test_room();
	test_text();
	test_manual();
	return done();
}
