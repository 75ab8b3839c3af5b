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
	int64_t now;
};

static const struct cli_option OPTIONS[] = {
	CLI_JUDGE_OPTIONS(struct options),
	CLI_OPT(struct options, platform, "--platform", 0, CLI_TEXT, "NAME",
		"it must be evidence of this platform"),
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX",
		      "the nonce it must carry", 1, 64),
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

static enum tacit_status detect(const struct options *o, struct tacit_slice in,
				struct tacit_evidence *ret_ev, struct tacit_error *err)
{
	enum tacit_status status = tacit_evidence_detect(in, ret_ev, err);

	if (status == TACIT_OK && o->platform &&
	    strcmp(o->platform, tacit_tee_name(ret_ev->tee)) != 0)
		return tacit_fail(err, TACIT_FORMAT, "evidence.platform", 0,
				  "this is evidence of %s", tacit_tee_label(ret_ev->tee));
	return status;
}

static int judge(const struct options *o, struct tacit_context *cx, const char *path,
		 struct tacit_slice in)
{
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_evidence ev;

	if (detect(o, in, &ev, &err) != TACIT_OK)
		return cli_report_malformed(&o->common, &err, path);
	enum tacit_status status = tacit_verify(&ev, cx, &verdict, &err);
	if (verdict.outcome == TACIT_UNVERIFIED)
		return cli_fail(&o->common, &err, "cannot judge '%s'", path);
	return cli_report_verdict(&o->common, &verdict, status);
}

static int run_in(const struct options *o, const char *path, struct tacit_arena *arena)
{
	struct tacit_context cx = { .arena = arena, .now = cli_now(o->now != 0, o->now) };
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
		return tacit_status_exit(TACIT_NOMEM);
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
