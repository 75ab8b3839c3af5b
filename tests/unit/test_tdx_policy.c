/* SPDX-License-Identifier: Apache-2.0 */

/* What a policy, collateral and event logs make of genuine TDX quotes. */

#include "tests/pki/dcap.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/unit/dcap_util.h"

#include <jansson.h>

#include "appraise/verdict_json.h"
#include "trust/collateral.h"

static bool is_genuine(enum tacit_status st, const char *name)
{
	return bench_is(st, TACIT_UNDECIDED, "policy.tdx.collateral", name);
}

static struct dcap_quote_spec usual(void)
{
	return dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
}

static enum tacit_status verify(const struct dcap_quote_spec *spec)
{
	return bench_fresh(TACIT_TEE_TDX, dcap_quote(spec));
}

/* ---- policy -------------------------------------------------------------------------------- */

static enum tacit_status under(const struct dcap_quote_spec *spec, const char *section)
{
	bench_init();
	return bench_policy(TACIT_TEE_TDX, dcap_quote(spec), "mrtd", section);
}

#define ALONE "\"collateral\":\"signature-only\""

static void test_policy(void)
{
	struct dcap_quote_spec spec = usual();

	bench_is(under(&spec, "{}"), TACIT_UNDECIDED, "policy.tdx.collateral",
		 "no collateral under a policy");
	bench_is(under(&spec, "{" ALONE "}"), TACIT_OK, NULL, "signature-only");
	bench_check("policy.tdx.tcb_status", TACIT_CHECK_SKIP);
	bench_check("policy.tdx.collateral", TACIT_CHECK_PASS);
	const struct tacit_check *row = tacit_verdict_find(&bench.verdict, "policy.tdx.collateral");
	ok(row && row->got && strstr(row->got, "signature-only"), "and the verdict says so");
	bench_is(under(&spec, "{" ALONE ",\"fmspc\":[\"" DCAP_FMSPC "\"]}"), TACIT_OK, NULL,
		 "the platform named");
	bench_is(under(&spec, "{" ALONE ",\"fmspc\":[\"000000000000\",\"50806f000001\"]}"),
		 TACIT_POLICY, "policy.tdx.fmspc", "others named");
	bench_is(under(&spec, "{" ALONE ",\"min_tcb_evaluation_data_number\":1}"), TACIT_UNDECIDED,
		 "policy.tdx.tcb_evaluation_data_number", "a number that nobody knows");
	bench_is(under(&spec, "{" ALONE ",\"xfam\":\"e700060000000000\"}"), TACIT_OK, NULL, "XFAM");
	bench_is(under(&spec, "{" ALONE ",\"xfam\":\"e700060000000001\"}"), TACIT_POLICY,
		 "policy.tdx.xfam", "another XFAM");
	bench_is(under(&spec,
		       "{" ALONE ",\"min_tee_tcb_svn\":\"05010300000000000000000000000000\"}"),
		 TACIT_OK, NULL, "TEE_TCB_SVN equal");
	bench_is(under(&spec,
		       "{" ALONE ",\"min_tee_tcb_svn\":\"04000200000000000000000000000000\"}"),
		 TACIT_OK, NULL, "TEE_TCB_SVN higher");
	bench_is(under(&spec,
		       "{" ALONE ",\"min_tee_tcb_svn\":\"04000400000000000000000000000000\"}"),
		 TACIT_POLICY, "policy.tdx.tee_tcb_svn", "one component lower");
	bench_is(under(&spec,
		       "{" ALONE ",\"min_tee_tcb_svn\":\"00000000000000000000000000000001\"}"),
		 TACIT_POLICY, "policy.tdx.tee_tcb_svn", "the last component lower");
}

static void test_policy_attributes(void)
{
	struct dcap_quote_spec spec = usual();

	spec.body[123] = 0; /* SEPT_VE_DISABLE */
	is_genuine(verify(&spec), "without a policy nobody asks for SEPT_VE_DISABLE");
	bench_check("policy.tdx.sept_ve", TACIT_CHECK_SKIP);
	bench_is(under(&spec, "{" ALONE "}"), TACIT_POLICY, "policy.tdx.sept_ve",
		 "SEPT_VE_DISABLE=0 by default");
	bench_is(under(&spec, "{" ALONE ",\"allow_sept_ve\":false}"), TACIT_POLICY,
		 "policy.tdx.sept_ve", "and said so");
	bench_is(under(&spec, "{" ALONE ",\"allow_sept_ve\":true}"), TACIT_OK, NULL, "allowed");
	spec.body[123] = 0x30; /* MIGRATABLE too */
	bench_is(under(&spec, "{" ALONE ",\"allow_sept_ve\":true}"), TACIT_POLICY,
		 "policy.tdx.migratable", "MIGRATABLE by default");
	bench_is(under(&spec, "{" ALONE ",\"allow_migratable\":true}"), TACIT_OK, NULL, "allowed");
	spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15);
	spec.body[610] = 7;
	bench_is(under(&spec, "{" ALONE "}"), TACIT_POLICY, "policy.tdx.service_td",
		 "a service TD under a policy");
	bench_init();
	bench_is(bench_policy(TACIT_TEE_TDX, dcap_quote(&spec), "rtmr0", "{" ALONE "}"),
		 TACIT_POLICY, "policy.tdx.service_td", "whatever else it names");
	bench_init();
	bench.also = "mrservicetd";
	bench_is(bench_policy(TACIT_TEE_TDX, dcap_quote(&spec), "mrtd", "{" ALONE "}"), TACIT_OK,
		 NULL, "the one that the policy names");
	bench.also = NULL;
}

/* ---- collateral ---------------------------------------------------------------------------- */

static void give_collateral(void)
{
	static struct tacit_slice pieces[DCAP_PIECES];
	static uint8_t room[1 << 17];
	struct dcap_collateral all = dcap_collateral(true);
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	bench_init();
	if (tacit_collateral_parse(pieces, dcap_pieces(&all, pieces), &arena, &bench.cx.collateral,
				   &bench.err) != TACIT_OK)
		ok(false, "collateral: %s", bench.err.detail);
}

static enum tacit_status judged(const struct dcap_quote_spec *spec, const char *section)
{
	give_collateral();
	return bench_policy(TACIT_TEE_TDX, dcap_quote(spec), "mrtd", section);
}

static void test_collateral(void)
{
	struct dcap_quote_spec spec = usual();

	give_collateral();
	bench_is(bench_run(TACIT_TEE_TDX, dcap_quote(&spec)), TACIT_OK, NULL, "all of it");
	const struct tacit_claims *claims = tacit_verdict_claims(&bench.verdict);
	ok(claims && claims->tcb_status && strcmp(claims->tcb_status, "UpToDate") == 0 &&
		   claims->tdx->dcap.tcb.judged,
	   "and up to date");
	ok(claims && claims->valid_from == DCAP_ISSUED && claims->valid_until == DCAP_EXPIRES,
	   "as long as the shortest piece");
	spec.body[2] = 1; /* the microcode's component */
	give_collateral();
	bench_is(bench_run(TACIT_TEE_TDX, dcap_quote(&spec)), TACIT_OK, NULL,
		 "without a policy any status but Revoked");
	claims = tacit_verdict_claims(&bench.verdict);
	ok(claims && strcmp(claims->tcb_status, "OutOfDate") == 0 && claims->advisory_count > 0,
	   "which is a claim, with its advisories");
}

static void test_status(void)
{
	struct dcap_quote_spec spec = usual(), old = usual();

	old.body[2] = 1;
	bench_is(judged(&spec, "{}"), TACIT_OK, NULL, "UpToDate by default");
	bench_is(judged(&old, "{}"), TACIT_POLICY, "policy.tdx.tcb_status", "OutOfDate by default");
	bench_is(judged(&old, "{\"tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"]}"),
		 TACIT_POLICY, "policy.tdx.tcb_status", "OutOfDate is not among them");
	bench_is(judged(&old, "{\"tcb_status\":[\"OutOfDate\"]}"), TACIT_OK, NULL,
		 "OutOfDate accepted");
	bench_is(judged(&spec, "{\"tcb_status\":[\"OutOfDate\"]}"), TACIT_POLICY,
		 "policy.tdx.tcb_status", "and then UpToDate is not");
	bench_is(judged(&old, "{\"tcb_status\":[\"OutOfDate\"],"
			      "\"allow_advisories\":[\"INTEL-SA-99999\"]}"),
		 TACIT_POLICY, "policy.tdx.advisories", "an advisory that is not allowed");
	bench_is(judged(&spec, "{\"allow_advisories\":[\"INTEL-SA-99999\"]}"), TACIT_OK, NULL,
		 "none is open");
	bench_is(judged(&spec, "{\"collateral\":\"signature-only\",\"tcb_status\":"
			       "[\"OutOfDate\"]}"),
		 TACIT_POLICY, "policy.tdx.tcb_status", "what was given is judged all the same");
	bench_is(judged(&spec, "{\"min_tcb_evaluation_data_number\":1}"), TACIT_OK, NULL,
		 "an old enough number");
	bench_is(judged(&spec, "{\"min_tcb_evaluation_data_number\":100000}"), TACIT_POLICY,
		 "policy.tdx.tcb_evaluation_data_number", "a number to come");
}

static void test_open_advisories(void)
{
	struct dcap_quote_spec old = usual();
	char section[1024] = "{\"tcb_status\":[\"OutOfDate\"],\"allow_advisories\":[";

	old.body[2] = 1;
	give_collateral();
	bench_is(bench_run(TACIT_TEE_TDX, dcap_quote(&old)), TACIT_OK, NULL, "out of date");
	const struct tacit_claims *claims = tacit_verdict_claims(&bench.verdict);
	for (size_t i = 0; claims && i < claims->advisory_count; i++) {
		size_t at = strlen(section);
		snprintf(section + at, sizeof(section) - at, "%s\"%s\"", i ? "," : "",
			 claims->advisory_ids[i]);
	}
	strcat(section, "]}");
	bench_is(judged(&old, section), TACIT_OK, NULL, "every open advisory allowed");
}

/* ---- event logs ---------------------------------------------------------------------------- */

static enum tacit_status with_logs(const struct dcap_quote_spec *spec,
				   const struct tacit_slice *logs, size_t count)
{
	static struct tacit_collateral collateral;
	struct tacit_slice raw = dcap_quote(spec);

	memset(&collateral, 0, sizeof(collateral));
	collateral.event_logs = logs;
	collateral.event_log_count = count;
	bench_init();
	bench.cx.collateral = &collateral;
	return bench_run(TACIT_TEE_TDX, raw);
}

static void test_event_logs(void)
{
	static const char ROW[] = "tdx.event_log.replay";
	struct dcap_quote_spec spec = usual(), other = usual();
	uint8_t rtmr[3][48], other_rtmr[3][48];
	struct tacit_slice logs[] = { dcap_event_log(5, other_rtmr), dcap_event_log(4, rtmr) };
	struct tacit_slice broken = tacit_slice_of(logs[1].ptr, logs[1].len - 100);

	memcpy(spec.body + 328, rtmr, sizeof(rtmr));
	is_genuine(with_logs(&spec, &logs[1], 1), "its own log");
	bench_check(ROW, TACIT_CHECK_PASS);
	ok(tacit_verdict_genuine(&bench.verdict)->tdx->events.log.events == 12 &&
		   !tacit_verdict_genuine(&bench.verdict)->tdx->events.rtmr3_matches,
	   "12 events; RTMR3 is reported and not judged");
	is_genuine(with_logs(&spec, logs, 2), "its own among others");
	is_genuine(with_logs(&spec, NULL, 0), "no log");
	bench_check(ROW, TACIT_CHECK_SKIP);
	bench_is(with_logs(&spec, &logs[0], 1), TACIT_BINDING, ROW, "another's log");
	bench_is(with_logs(&spec, &broken, 1), TACIT_FORMAT, ROW, "a log cut short");
	for (size_t i = 0; i < 3; i++) {
		other = spec;
		other.body[328 + 48 * i] ^= 1;
		bench_is(with_logs(&other, &logs[1], 1), TACIT_BINDING, ROW, "one register off");
	}
	other = spec;
	other.quote_signer = pki_key(PKI_P256);
	bench_is(with_logs(&other, &logs[1], 1), TACIT_SIGNATURE, "tdx.quote.signature",
		 "a forged quote");
	ok(tacit_verdict_find(&bench.verdict, ROW)->result == TACIT_CHECK_SKIP &&
		   tacit_verdict_find(&bench.verdict, ROW)->why != NULL,
	   "whose log nobody replays");
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool says(const json_t *object, const char *member, const char *want)
{
	const char *got = json_string_value(json_object_get(object, member));

	return ok(got && strcmp(got, want) == 0, "%s is %s", member, got ? got : "absent");
}

static void test_json(void)
{
	static uint8_t room[1 << 16];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct dcap_quote_spec spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15EXT);
	struct tacit_slice text = { NULL, 0 };

	spec.body[2] = 1; /* out of date, so that there is a gap to show */
	spec.padding = 5;
	give_collateral();
	(void)!bench_run(TACIT_TEE_TDX, dcap_quote(&spec));
	tacit_verdict_json(&bench.verdict, &w);
	is_status(wr_finish(&w, "json", &text, NULL), TACIT_OK, "a verdict as JSON");
	json_t *verdict =
		json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *tdx = json_object_get(json_object_get(verdict, "claims"), "tdx");
	ok(tdx != NULL, "with the platform's own claims");
	says(tdx, "body", "TD 1.5 extended");
	says(tdx, "fmspc", DCAP_FMSPC);
	says(tdx, "td_attributes", "0000001000000000");
	says(tdx, "xfam", "e700060000000000");
	says(tdx, "collateral", "judged");
	says(tdx, "platform_tcb_status", "OutOfDate");
	says(tdx, "pck_serial", "0bad");
	says(tdx, "collateral_valid_until", "2026-12-20T08:00:00Z");
	ok(json_integer_value(json_object_get(tdx, "trailing_bytes")) == 5, "trailing bytes");
	ok(strcmp(json_string_value(json_array_get(json_object_get(tdx, "td_attribute_names"), 0)),
		  "SEPT_VE_DISABLE") == 0,
	   "attributes by name");
	const json_t *gap = json_array_get(json_object_get(tdx, "component_gaps"), 0);
	says(gap, "part", "tdx");
	ok(json_integer_value(json_object_get(gap, "index")) == 2 &&
		   json_integer_value(json_object_get(gap, "have")) == 1 &&
		   json_integer_value(json_object_get(gap, "need")) > 1,
	   "which component, what it has and what it needs");
	ok(json_is_null(json_object_get(tdx, "event_log")), "no event log");
	json_decref(verdict);
}

int main(void)
{
	test_json();
	test_policy();
	test_policy_attributes();
	test_collateral();
	test_status();
	test_open_advisories();
	test_event_logs();
	pki_done();
	return done();
}
