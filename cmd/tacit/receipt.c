/* SPDX-License-Identifier: Apache-2.0 */

/* tacit receipt verify and tacit receipt show. */

#include "receipt.h"

#include <stdlib.h>

#include "appraise/verdict_json.h"
#include "base/bounds.h"
#include "crypto/hash.h"
#include "fields.h"
#include "judge.h"
#include "receipt/peek.h"
#include "receipt/profile.h"
#include "receipt/report.h"
#include "verbs.h"

#define ARENA_SIZE (1u << 20)
#define BODY_MAX   ((size_t)1 << 30)

struct options {
	struct cli_common common;
	struct cli_judge judge;
	struct cli_hex key, nonce, model_hash;
	const char *evidence, *binding;
	const char *model;
	const char *request;
	const char *response;
	const char *platform;
	uint64_t max_age;
	struct cli_time now;
	bool require_production;
	bool batch;
	uint64_t jobs;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT_RANGE(struct options, key, "--key", CLI_HEX, "HEX",
		      "the receipt key, where it is known already", 32, 32),
	CLI_OPT(struct options, evidence, "--evidence", 0, CLI_TEXT, "FILE",
		"evidence that binds the receipt key: judged too"),
	CLI_OPT(struct options, binding, "--binding", 0, CLI_TEXT, "FILE",
		"the tacit/1 binding that came beside the evidence (TDX, SNP)"),
	CLI_JUDGE_OPTIONS(struct options),
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX",
		      "the nonce that the receipt must carry", 8, 64),
	CLI_OPT_RANGE(struct options, model_hash, "--model-hash", CLI_HEX, "HEX",
		      "the model that must have answered", 32, 32),
	CLI_OPT(struct options, model, "--model", 0, CLI_TEXT, "ID", "its name in the receipt"),
	CLI_OPT(struct options, request, "--request", 0, CLI_TEXT, "FILE",
		"the exact request body it must be about"),
	CLI_OPT(struct options, response, "--response", 0, CLI_TEXT, "FILE",
		"the exact response body it must be about"),
	CLI_OPT(struct options, platform, "--platform", 0, CLI_TEXT, "TYPE",
		"measurement type: nitro-pcr, tdx-mrtd-rtmr or snp-launch-digest"),
	CLI_OPT_RANGE(struct options, max_age, "--max-age", CLI_COUNT, "SECONDS",
		      "how old it may be", 1, UINT32_MAX),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (RFC 3339 or Unix seconds)"),
	CLI_OPT(struct options, require_production, "--require-production", 0, CLI_FLAG, NULL,
		"refuse receipts that say \"evaluation\""),
	CLI_OPT(struct options, batch, "--batch", 0, CLI_FLAG, NULL,
		"FILE holds one receipt a line; one JSON verdict a line comes out"),
	{ "--jobs", 'j', CLI_COUNT, "N", "threads for --batch (one a core)",
	  offsetof(struct options, jobs), 1, 256 },
};

/* Everything that one run reads; freed at its end. */
struct inputs {
	struct tacit_slice receipt, evidence, binding;
	struct cli_judged judged;
	void *room;
	struct tacit_arena arena;
	uint8_t request_hash[32], response_hash[32];
	struct tacit_verdict verdict; /* on the evidence */
	struct tacit_error evidence_error;
	int fd; /* of the batch */
};

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

static int load(const struct options *o, const char *path, size_t max, struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };

	if (cli_read_file(path, max, ret, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read '%s'", path);
	return 0;
}

static int hash_file(const struct options *o, const char *path, uint8_t *room,
		     struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice body;

	if (!path)
		return 0;
	int code = load(o, path, BODY_MAX, &body);
	if (code)
		return code;
	enum tacit_status status = tacit_hash(TACIT_SHA256, body, room, &err);
	free_slice(body);
	if (status != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot hash '%s'", path);
	*ret = tacit_slice_of(room, 32);
	return 0;
}

static int take_platform(const struct options *o, struct tacit_receipt_expect *expect)
{
	if (!o->platform)
		return 0;
	expect->has_mtype =
		tacit_profile_type_find(NULL, tacit_slice_str(o->platform), &expect->mtype);
	if (!expect->has_mtype)
		return cli_usage("--platform is nitro-pcr, tdx-mrtd-rtmr or snp-launch-digest, "
				 "not '%.32s'",
				 o->platform);
	return 0;
}

static int take_expectations(const struct options *o, struct inputs *in,
			     struct tacit_receipt_expect *expect)
{
	/* Zero would leave the time unjudged: 1970 is as early as any receipt may say. */
	expect->now = cli_now(&o->now);
	if (expect->now < 1)
		expect->now = 1;
	expect->max_age = o->max_age;
	expect->key = view(&o->key);
	expect->nonce = view(&o->nonce);
	expect->model_hash = view(&o->model_hash);
	expect->model_id = tacit_slice_str(o->model);
	expect->require_production = o->require_production;
	int code = take_platform(o, expect);
	if (code == 0)
		code = hash_file(o, o->request, in->request_hash, &expect->request_hash);
	if (code == 0)
		code = hash_file(o, o->response, in->response_hash, &expect->response_hash);
	return code;
}

/*
 * The platform's own document, whatever it came wrapped in [AIR-02 end to end]. Azure's is the
 * object around the paravisor's report, whose quote is what stands for the session.
 */
static struct tacit_slice find_document(const struct tacit_evidence *ev)
{
	bool azure = ev->tee == TACIT_TEE_AZURE_SNP || ev->tee == TACIT_TEE_AZURE_TDX;

	return azure && ev->received.ptr ? ev->received : ev->raw;
}

/*
 * Evidence outlives its session: it is judged as of the time that the receipt states, since a
 * platform's certificates may have expired by the time somebody audits. The receipt cannot lie
 * its way past this: its signature and its age are judged as well.
 */
static enum tacit_status judge_evidence(const struct options *o, struct inputs *in,
					struct tacit_context *cx,
					struct tacit_receipt_expect *expect)
{
	struct tacit_receipt_claims claims;
	struct tacit_evidence ev = { 0 };

	cx->any_age = true;
	cx->expect.require_binding = true;
	cx->expect.binding = in->binding;
	cx->now = expect->now;
	if (!o->now.given && tacit_peek_claims(in->receipt, &claims, NULL) == TACIT_OK &&
	    claims.iat <= INT64_MAX)
		cx->now = (int64_t)claims.iat;
	enum tacit_status status =
		tacit_evidence_unwrap(in->evidence, &in->arena, &ev, &in->evidence_error);
	if (status == TACIT_OK)
		status = tacit_verify(&ev, cx, &in->verdict, &in->evidence_error);
	if (status == TACIT_OK) {
		expect->evidence = tacit_verdict_claims(&in->verdict);
		expect->evidence_raw = find_document(&ev);
	}
	return status;
}

static void put_verdict(struct tacit_json_out *j, const struct inputs *in,
			const struct tacit_receipt_verdict *verdict, const struct tacit_error *err)
{
	tacit_json_out_open(j, NULL, '{');
	tacit_json_out_text(j, "schema", TACIT_REPORT_SCHEMA);
	tacit_report_verdict(j, verdict, err, TACIT_REPORT_ALL);
	if (in->evidence.ptr && in->verdict.outcome != TACIT_UNVERIFIED) {
		tacit_json_out_open(j, "evidence", '{');
		tacit_verdict_json_members(&in->verdict, j->w);
		tacit_json_out_close(j, '}');
	}
	tacit_json_out_close(j, '}');
}

static void print_json(const struct inputs *in, const struct tacit_receipt_verdict *verdict,
		       const struct tacit_error *err)
{
	static uint8_t room[1 << 17];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &w, -1, true };

	put_verdict(&j, in, verdict, err);
	if (!w.bad) {
		fwrite(room, 1, w.at, stdout);
		putchar('\n');
	}
}

static void print_refusal(const struct tacit_receipt_verdict *v, const struct tacit_error *err)
{
	for (size_t i = 0; i < v->check_count; i++) {
		if (v->checks[i].result == TACIT_CHECK_FAIL)
			printf("  fail  %-22s layer %u  %s\n", v->checks[i].name,
			       v->checks[i].layer, v->checks[i].code ? v->checks[i].code : "");
	}
	if (err->detail[0])
		printf("        %s\n", err->detail);
}

static void print_text(const struct options *o, const struct inputs *in,
		       const struct tacit_receipt_verdict *v, const struct tacit_error *err)
{
	const struct cli_common *c = &o->common;
	bool good = v->outcome == TACIT_VERIFIED;
	const char *stub = in->verdict.tee == TACIT_TEE_STUB ? ", under stub (NOT a TEE)" : "";

	printf("%s%s%s: receipt %s%s\n", cli_color(c, stdout, good ? CLI_GREEN : CLI_RED),
	       tacit_outcome_name(v->outcome), cli_color(c, stdout, CLI_PLAIN),
	       good ? v->end_to_end ? "checks end to end, evidence included"
				    : "checks against the given key (AIR-local)"
		    : v->code,
	       stub);
	if (!good)
		print_refusal(v, err);
	for (size_t i = 0; c->verbose && good && i < v->check_count; i++)
		printf("  %-4s  %-22s layer %u\n", tacit_result_name(v->checks[i].result),
		       v->checks[i].name, v->checks[i].layer);
	if (good && v->warn_no_replay)
		cli_say(c, "note: no --nonce was given, so a receipt shown twice looks the same");
}

/* What the receipt's verdict is when the evidence did not pass; UNVERIFIED when there is none. */
static enum tacit_outcome outcome_without_evidence(int code)
{
	switch (code) {
	case 1:
		return TACIT_REFUSED;
	case 3:
		return TACIT_MALFORMED;
	case 4:
		return TACIT_UNDECIDED_VERDICT;
	default:
		return TACIT_UNVERIFIED;
	}
}

static int refuse_evidence(const struct options *o, struct inputs *in, enum tacit_status status)
{
	int code = tacit_status_exit(status);
	struct tacit_receipt_verdict verdict = { .outcome = outcome_without_evidence(code) };

	if (verdict.outcome == TACIT_UNVERIFIED)
		return cli_fail(&o->common, &in->evidence_error, "cannot judge evidence '%s'",
				o->evidence);
	snprintf(verdict.code, sizeof(verdict.code), "EVIDENCE_REFUSED");
	verdict.check_count = 1;
	verdict.checks[0] = (struct tacit_receipt_check){ 5, "E2E_EVIDENCE", TACIT_CHECK_FAIL,
							  "EVIDENCE_REFUSED" };
	if (o->common.json)
		print_json(in, &verdict, &in->evidence_error);
	else if (!o->common.quiet)
		print_text(o, in, &verdict, &in->evidence_error);
	return code;
}

static int judge_one(const struct options *o, struct inputs *in,
		     const struct tacit_receipt_expect *expect)
{
	struct tacit_receipt_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	enum tacit_status status = tacit_receipt_verify(in->receipt, expect, &verdict, &err);

	if (o->common.json)
		print_json(in, &verdict, &err);
	else if (!o->common.quiet)
		print_text(o, in, &verdict, &err);
	return tacit_status_exit(status);
}

static int run_inputs(const struct options *o, const char *path, struct inputs *in)
{
	struct tacit_receipt_expect expect = { 0 };
	struct tacit_context cx = { .arena = &in->arena };
	int code = take_expectations(o, in, &expect);

	if (code == 0 && o->evidence)
		code = cli_judge_read(&o->common, &o->judge, &in->judged);
	if (code == 0 && o->evidence)
		code = load(o, o->evidence, TACIT_EVIDENCE_MAX, &in->evidence);
	if (code == 0 && o->binding)
		code = load(o, o->binding, TACIT_BINDING_MAX, &in->binding);
	if (code == 0 && !o->batch)
		code = load(o, path, TACIT_RECEIPT_MAX_LEN + 1, &in->receipt);
	if (code == 0 && o->batch)
		code = cli_receipt_batch_open(&o->common, path, &in->fd);
	if (code == 0)
		code = cli_enter_sandbox(&o->common);
	if (code == 0 && o->evidence)
		code = cli_judge_parse(&o->common, &o->judge, &in->judged, &cx);
	if (code)
		return code;
	if (o->evidence) {
		enum tacit_status status = judge_evidence(o, in, &cx, &expect);

		if (status != TACIT_OK)
			return refuse_evidence(o, in, status);
	}
	if (o->batch)
		return cli_receipt_batch(&o->common, &expect, !o->now.given, in->fd,
					 (unsigned)o->jobs);
	return judge_one(o, in, &expect);
}

static int run_verify(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct inputs in = { 0 };

	if (!o->key.given && !o->evidence && !o->batch)
		return cli_usage("say whose signature counts: --evidence FILE, or --key HEX");
	if (!o->evidence && (o->binding || cli_judge_given(&o->judge)))
		return cli_usage("policies, pins, --binding and --insecure options judge evidence: "
				 "give --evidence FILE too");
	if (o->jobs && !o->batch)
		return cli_usage("'--jobs' means nothing without '--batch'");
	size_t size = ARENA_SIZE + (o->evidence ? 2 * TACIT_EVIDENCE_MAX : 0);
	in.room = malloc(size);
	if (!in.room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&in.arena, in.room, size);
	int code = run_inputs(o, argc ? argv[0] : "-", &in);
	free_slice(in.receipt);
	free_slice(in.evidence);
	free_slice(in.binding);
	cli_judge_free(&in.judged);
	free(in.room);
	return code;
}

const struct cli_verb cmd_receipt_verify = {
	.name = "receipt verify",
	.args = "[FILE]",
	.summary = "judge a receipt, alone or with the evidence behind it",
	.group = "verify",
	.example = "tacit receipt verify --evidence evidence.bin --policy policy.json receipt.bin",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run_verify,
};

struct show_options {
	struct cli_common common;
};

static int show(const struct show_options *o, const char *path, struct tacit_slice in)
{
	struct tacit_receipt_claims claims;
	struct tacit_error err = { 0 };

	if (tacit_peek_claims(in, &claims, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot show receipt '%s'", path);
	json_t *fields = cli_fields_claims(&claims);
	if (!fields)
		return cli_no_memory(&o->common);
	if (o->common.json) {
		json_t *top = json_pack("{s:s, s:b, s:O}", "schema", "tacit.receipt/1", "judged", 0,
					"claims", fields);

		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	} else {
		printf("receipt, %zu bytes, nothing of it verified\n", in.len);
		cli_fields_print(fields);
	}
	json_decref(fields);
	return 0;
}

static int run_show(void *options, int argc, char **argv)
{
	const struct show_options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct tacit_error err = { 0 };
	struct tacit_slice in;

	if (cli_read_file(path, TACIT_RECEIPT_MAX_LEN, &in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read receipt '%s'", path);
	int code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = show(o, path, in);
	free_slice(in);
	return code;
}

const struct cli_verb cmd_receipt_show = {
	.name = "receipt show",
	.args = "[FILE]",
	.summary = "show what a receipt says, judging nothing",
	.group = "verify",
	.example = "tacit receipt show receipt.bin",
	.max_args = 1,
	.struct_size = sizeof(struct show_options),
	.run = run_show,
};
