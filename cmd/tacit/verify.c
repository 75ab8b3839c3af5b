/* SPDX-License-Identifier: Apache-2.0 */

/* tacit verify: is this evidence genuine, current, and what the policy accepts? */

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "judge.h"
#include "report.h"
#include "verbs.h"

#define ARENA_SIZE (1u << 20)

struct options {
	struct cli_common common;
	struct cli_judge judge;
	const char *platform;
	struct cli_hex nonce, report_data, user_data;
	struct cli_time now;
};

static const struct cli_option OPTIONS[] = {
	CLI_JUDGE_OPTIONS(struct options),
	CLI_OPT(struct options, platform, "--platform", 0, CLI_TEXT, "NAME",
		"it must be evidence of this platform"),
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX", "the nonce it must carry",
		      1, 64),
	CLI_OPT_RANGE(struct options, report_data, "--report-data", CLI_HEX, "HEX",
		      "the report data it must carry", 1, 64),
	CLI_OPT_RANGE(struct options, user_data, "--user-data", CLI_HEX, "HEX",
		      "the user data it must carry", 1, CLI_HEX_MAX),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (RFC 3339 or Unix seconds)"),
};

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

/* Evidence of another platform is never judged at all, so this is the one check there is. */
static int refuse_platform(const struct options *o, const struct tacit_context *cx,
			   enum tacit_tee tee)
{
	struct tacit_check check = {
		.name = "evidence.platform",
		.result = TACIT_CHECK_FAIL,
		.status = TACIT_POLICY,
		.expected = o->platform,
		.got = tacit_tee_label(tee),
		.why = "this is evidence of another platform than the one asked for",
	};
	const struct tacit_verdict verdict = {
		.outcome = TACIT_REFUSED,
		.tee = tee,
		.insecure_no_policy = cx->insecure_no_policy,
		.insecure_allow_debug = cx->insecure_allow_debug,
		.insecure_accept_stub = cx->insecure_accept_stub,
		.check_count = 1,
		.checks = &check,
	};

	return cli_report_verdict(&o->common, &verdict, TACIT_POLICY);
}

static int judge(const struct options *o, struct tacit_context *cx, const char *path,
		 struct tacit_slice in)
{
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_evidence ev;

	if (tacit_evidence_detect(in, &ev, &err) != TACIT_OK)
		return cli_report_malformed(&o->common, cx, &err, path);
	if (o->platform && strcmp(o->platform, tacit_tee_name(ev.tee)) != 0)
		return refuse_platform(o, cx, ev.tee);
	enum tacit_status status = tacit_verify(&ev, cx, &verdict, &err);
	if (verdict.outcome == TACIT_UNVERIFIED)
		return cli_fail(&o->common, &err, "cannot judge '%s'", path);
	return cli_report_verdict(&o->common, &verdict, status);
}

static int run_in(const struct options *o, const char *path, struct tacit_arena *arena)
{
	struct tacit_context cx = { .arena = arena, .now = cli_now(&o->now) };
	struct tacit_error err = { 0 };
	struct tacit_slice in;

	cx.expect.nonce = view(&o->nonce);
	cx.expect.report_data = view(&o->report_data);
	cx.expect.user_data = view(&o->user_data);
	int code = cli_judge_load(&o->common, &o->judge, arena, &cx);
	if (code)
		return code;
	if (cli_read_file(path, TACIT_EVIDENCE_MAX, &in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read evidence '%s'", path);
	code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = judge(o, &cx, path, in);
	free((void *)(uintptr_t)in.ptr);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_arena arena;
	void *room = malloc(ARENA_SIZE);

	if (!room)
		return cli_no_memory(&o->common);
	if (o->platform && tacit_tee_find(tacit_slice_str(o->platform)) == TACIT_TEE_NONE) {
		free(room);
		return cli_usage("no platform '%.32s'; see tacit-verify(1)", o->platform);
	}
	tacit_arena_init(&arena, room, ARENA_SIZE);
	int code = run_in(o, argc ? argv[0] : "-", &arena);
	free(room);
	return code;
}

const struct cli_verb cmd_verify = {
	.name = "verify",
	.args = "[FILE]",
	.summary = "judge evidence: genuine, current, and what the policy accepts?",
	.group = "verify",
	.example = "tacit verify --policy policy.json evidence.bin",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
