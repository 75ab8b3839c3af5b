/* SPDX-License-Identifier: Apache-2.0 */

/* tacit verify: is this evidence genuine, current, and what the policy accepts? */

#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/time.h"
#include "report.h"
#include "verbs.h"

#define ARENA_SIZE (1u << 20)

/* One judgement on its way. */
struct run {
	const struct cli_verify *o;
	const char *path;
	struct cli_judged judged;
	struct cli_replay replay;
	struct cli_bind bind;
	struct tacit_slice in, binding;
	struct tacit_slice evidence; /* `in`, or what the bundle in it holds */
	enum tacit_tee platform;     /* that it must be of; NONE for any */
	bool pins;
	void *room;
	struct tacit_arena arena;
	struct tacit_context cx;
	cli_verify_show show;
	struct cli_ear_out ear;
};

/* What is shown is what is signed. */
static int tell(struct run *r, const struct tacit_verdict *verdict, enum tacit_status status)
{
	int code = r->show(&r->o->common, verdict, &r->cx, status);
	int sent = cli_ear_send(&r->o->common, &r->o->ear, &r->ear, verdict, &r->cx, r->evidence);

	return sent ? sent : code;
}

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

void cli_verify_expect(const struct cli_verify *o, struct tacit_slice binding,
		       struct tacit_context *cx)
{
	cx->expect.nonce = view(&o->nonce);
	cx->expect.report_data = view(&o->report_data);
	cx->expect.user_data = view(&o->user_data);
	cx->expect.binding = binding;
	cx->any_age = o->any_age;
}

struct tacit_verdict cli_verify_unread(const struct tacit_context *cx, struct tacit_check *check,
				       enum tacit_outcome outcome)
{
	const struct tacit_verdict verdict = {
		.outcome = outcome,
		.insecure_no_policy = cx->insecure_no_policy,
		.insecure_allow_debug = cx->insecure_allow_debug,
		.insecure_accept_stub = cx->insecure_accept_stub,
		.insecure_test_root = cx->insecure_test_root_count != 0,
		.check_count = 1,
		.checks = check,
	};

	return verdict;
}

/* Evidence of another platform is never judged at all, so this is the one check there is. */
static int refuse_platform(struct run *r, enum tacit_tee tee)
{
	struct tacit_check check = {
		.name = "evidence.platform",
		.result = TACIT_CHECK_FAIL,
		.status = TACIT_POLICY,
		.expected = tacit_tee_name(r->platform),
		.got = tacit_tee_label(tee),
		.why = "this is evidence of another platform than the one asked for",
	};
	struct tacit_verdict verdict = cli_verify_unread(&r->cx, &check, TACIT_REFUSED);

	verdict.tee = tee;
	return tell(r, &verdict, TACIT_POLICY);
}

/* A bundle grants nothing: what it waived is waived again by who replays it, or not at all. */
static int refuse_waivers(struct run *r)
{
	struct tacit_check check = {
		.name = "bundle.insecure",
		.result = TACIT_CHECK_FAIL,
		.status = TACIT_POLICY,
		.expected = r->replay.missing,
		.why = "the bundle was judged with waivers that count only when they are given "
		       "again on the command line",
	};
	const struct tacit_verdict verdict = cli_verify_unread(&r->cx, &check, TACIT_REFUSED);

	return tell(r, &verdict, TACIT_POLICY);
}

static int judge(struct run *r)
{
	const struct cli_common *common = &r->o->common;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_evidence ev = { 0 };

	if (tacit_evidence_unwrap(r->evidence, &r->arena, &ev, &err) != TACIT_OK)
		return cli_report_malformed(common, &r->cx, &err, r->path);
	if (r->platform != TACIT_TEE_NONE && r->platform != ev.tee)
		return refuse_platform(r, ev.tee);
	r->cx.any_age |= cli_judge_any_age(r->pins, ev.tee);
	enum tacit_status status = tacit_verify(&ev, &r->cx, &verdict, &err);
	if (verdict.outcome == TACIT_UNVERIFIED)
		return cli_fail(common, &err, "cannot judge '%s'", r->path);
	return tell(r, &verdict, status);
}

/* What this verdict depends on, but for what the sandbox and the parsers keep to themselves. */
static bool save(const struct run *r, int fd)
{
	struct tacit_slice *pieces = cli_pieces_list(&r->judged.collateral, r->cx.arena);
	const struct tacit_bundle bundle = {
		.evidence = r->in,
		.now = r->cx.now,
		.policy = r->judged.policy,
		.pins = r->judged.pins,
		.any_age = r->o->any_age,
		.platform = r->platform,
		.expect = r->cx.expect,
		.insecure_no_policy = r->cx.insecure_no_policy,
		.insecure_allow_debug = r->cx.insecure_allow_debug,
		.insecure_accept_stub = r->cx.insecure_accept_stub,
		.root_count = r->cx.insecure_test_root_count,
		.roots = r->cx.insecure_test_roots,
		.collateral_count = r->judged.collateral.count,
		.collateral = pieces,
	};

	return pieces && r->in.len <= TACIT_EVIDENCE_MAX && cli_save_send(&bundle, fd);
}

static int replay(struct run *r)
{
	const struct cli_common *common = &r->o->common;
	char when[TACIT_TIME_TEXT];

	if (r->o->save)
		return cli_usage("'%s' is a bundle already: nothing to save", r->path);
	int code = cli_replay_load(r->o, &r->judged, r->in, &r->replay, &r->cx);
	if (code)
		return code;
	tacit_time_format(r->cx.now, when);
	cli_say(common,
		"note: judged by the policy and the options that the bundle holds, as of %s", when);
	r->evidence = r->replay.bundle.evidence;
	r->platform = r->replay.bundle.platform;
	r->pins = r->replay.bundle.pins;
	return r->replay.missing[0] ? refuse_waivers(r) : judge(r);
}

/* The data that evidence must carry are in another place on each platform. */
static int add_bind(struct run *r)
{
	struct tacit_arena scratch = r->arena;
	struct tacit_evidence ev = { 0 };

	if (!r->o->bind)
		return 0;
	if (tacit_evidence_unwrap(r->in, &scratch, &ev, NULL) != TACIT_OK)
		ev.tee = TACIT_TEE_NONE; /* which is told when it is judged */
	return cli_bind_expect(&r->o->common, &r->bind, ev.tee, &r->arena, &r->cx.expect);
}

static int run_fresh(struct run *r, int save_fd)
{
	int code = cli_judge_parse(&r->o->common, &r->o->judge, &r->judged, &r->cx);

	if (code)
		return code;
	cli_verify_expect(r->o, r->binding, &r->cx);
	code = add_bind(r);
	if (code)
		return code;
	r->evidence = r->in;
	r->pins = r->judged.pins;
	if (r->o->save && !save(r, save_fd)) {
		struct tacit_error err = { .status = TACIT_INTERNAL };

		return cli_fail(&r->o->common, &err, "cannot save '%s'", r->o->save);
	}
	return judge(r);
}

static int read_inputs(struct run *r)
{
	struct tacit_error err = { 0 };
	const struct cli_verify *o = r->o;
	int code = cli_judge_read(&o->common, &o->judge, &r->judged);

	if (code)
		return code;
	code = cli_bind_read(&o->common, o->bind, &r->bind);
	if (code)
		return code;
	if (o->binding && cli_read_file(o->binding, TACIT_BINDING_MAX, &r->binding, &err))
		return cli_fail(&o->common, &err, "cannot read binding '%s'", o->binding);
	if (cli_read_file(r->path, TACIT_BUNDLE_MAX, &r->in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read evidence '%s'", r->path);
	/* Unwrapping takes twice what is unwrapped. */
	size_t unwrapped = r->in.len < TACIT_EVIDENCE_MAX ? r->in.len : TACIT_EVIDENCE_MAX;
	size_t size = ARENA_SIZE + 2 * unwrapped;
	r->room = malloc(size);
	if (!r->room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&r->arena, r->room, size);
	return 0;
}

static int run_all(struct run *r)
{
	int save_fd = -1, code = read_inputs(r);

	if (code == 0 && r->o->save) {
		code = cli_save_split(&r->o->common, r->o->save, &save_fd);
		if (code != CLI_SAVE_GO_ON)
			return code;
		code = 0;
	}
	if (code == 0) {
		code = cli_ear_open(&r->o->common, &r->o->ear, &r->ear);
		if (code != CLI_SAVE_GO_ON)
			return code;
		code = 0;
	}
	if (code == 0)
		code = cli_enter_sandbox(&r->o->common);
	if (code)
		return code;
	r->cx.arena = &r->arena;
	r->cx.now = cli_now(&r->o->now);
	return tacit_bundle_looks(r->in) ? replay(r) : run_fresh(r, save_fd);
}

int cli_verify_file(const struct cli_verify *o, const char *path, cli_verify_show show)
{
	struct run r = { .o = o, .path = path, .show = show };

	if (o->platform) {
		r.platform = tacit_tee_find(tacit_slice_str(o->platform));
		if (r.platform == TACIT_TEE_NONE)
			return cli_usage("no platform '%.32s'; see tacit-verify(1)", o->platform);
	}
	int code = run_all(&r);
	cli_judge_free(&r.judged);
	cli_bind_free(&r.bind);
	cli_replay_free(&r.replay);
	free_slice(r.in);
	free_slice(r.binding);
	free(r.room);
	return code;
}

static const struct cli_option OPTIONS[] = {
	CLI_VERIFY_OPTIONS,
	CLI_OPT(struct cli_verify, save, "--save", 0, CLI_TEXT, "FILE",
		"keep all that this verdict depends on in one file"),
	CLI_EAR_OPTIONS(struct cli_verify),
	CLI_OPT(struct cli_verify, batch, "--batch", 0, CLI_FLAG, NULL,
		"FILE holds one JSON object a line; one verdict a line comes out"),
	{ "--jobs", 'j', CLI_COUNT, "N", "threads for --batch (one a core)",
	  offsetof(struct cli_verify, jobs), 1, 256 },
};

static int show(const struct cli_common *common, const struct tacit_verdict *verdict,
		const struct tacit_context *cx, enum tacit_status status)
{
	(void)cx;
	return cli_report_verdict(common, verdict, status);
}

static int run(void *options, int argc, char **argv)
{
	const struct cli_verify *o = options;
	const char *path = argc ? argv[0] : "-";

	if (o->jobs && !o->batch)
		return cli_usage("'--jobs' means nothing without '--batch'");
	if (o->batch && o->save)
		return cli_usage("'--save' keeps one verdict, not a batch");
	if (o->batch && o->ear.file)
		return cli_usage("'--ear' is of one verdict, not of a batch");
	return o->batch ? cli_verify_batch(o, path) : cli_verify_file(o, path, show);
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
	.struct_size = sizeof(struct cli_verify),
	.run = run,
};
