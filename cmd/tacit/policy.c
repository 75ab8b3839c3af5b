/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "appraise/policy_write.h"
#include "base/bounds.h"
#include "base/hex.h"
#include "base/time.h"
#include "client_common.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "judge.h"
#include "sys/clock.h"
#include "verbs.h"

#define POLICY_WRITE_ROOM (1u << 20)
#define NAME_MAX_LEN      128
#define CHECK_ROOM        (4u << 20)
#define INIT_ROOM         (16u << 20) /* evidence unwrapped, and collateral */

struct init_options {
	struct cli_common common;
	struct cli_client_options client;
	const char *evidence;
	struct cli_list collateral, insecure_test_roots;
	struct cli_time now;
	const char *output;
	const char *name;
	bool any_model;
	bool any_config;
	bool insecure_accept_stub;
	bool insecure_allow_debug;
};

static const struct cli_option INIT_OPTIONS[] = {
	CLI_SERVER_OPTION(struct init_options),
	CLI_OPT(struct init_options, evidence, "--evidence", 0, CLI_TEXT, "FILE",
		"take evidence from a file instead of a server"),
	CLI_OPT(struct init_options, collateral, "--collateral", 0, CLI_LIST, "PATH",
		"what vouches for that evidence: a file or folder; may be repeated"),
	CLI_OPT(struct init_options, now, "--now", 0, CLI_TIME, "TIME",
		"judge that evidence as of this time"),
	CLI_OPT(struct init_options, insecure_test_roots, "--insecure-test-root", 0, CLI_LIST,
		"FILE", "trust this root too, whose key anyone may have; may be repeated"),
	CLI_OPT(struct init_options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where to write the policy (stdout)"),
	CLI_OPT(struct init_options, name, "--name", 0, CLI_TEXT, "NAME", "name of the policy"),
	CLI_OPT(struct init_options, any_model, "--any-model", 0, CLI_FLAG, NULL,
		"do not pin the model"),
	CLI_OPT(struct init_options, any_config, "--any-config", 0, CLI_FLAG, NULL,
		"do not pin the server's configuration"),
	CLI_OPT(struct init_options, insecure_allow_debug, "--insecure-allow-debug", 0, CLI_FLAG,
		NULL, "look at debug TEEs, which keep no secret"),
	CLI_OPT(struct init_options, insecure_accept_stub, "--insecure-accept-stub", 0, CLI_FLAG,
		NULL, "look at the software stand-in, which is NOT a TEE"),
};

/* Where the policy went; when it went to standard output it is the object itself. */
static void print_written(const struct init_options *o, struct tacit_slice text)
{
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[2 * TACIT_SHA256_LEN + 1];

	if (!o->common.json || !o->output || strcmp(o->output, "-") == 0 ||
	    tacit_hash(TACIT_SHA256, text, digest, NULL) != TACIT_OK)
		return;
	tacit_hex_encode(TACIT_SLICE_ARRAY(digest), hex);
	json_t *object = json_pack("{s:s, s:s, s:s}", "schema", "tacit.policy-init/1", "output",
				   o->output, "sha256", hex);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* What is written must be what policy check takes, whatever names went into it. */
static enum tacit_status check_text(struct tacit_slice text, struct tacit_error *err)
{
	const struct tacit_policy *policy = NULL;
	struct tacit_arena arena;
	void *room = malloc(CHECK_ROOM);

	tacit_arena_init(&arena, room, room ? CHECK_ROOM : 0);
	enum tacit_status st = tacit_policy_parse(text, &arena, &policy, err);
	free(room);
	return st;
}

static int write_policy(const struct init_options *o, const struct tacit_claims *claims,
			const char *source)
{
	char when[TACIT_TIME_TEXT], shown[280], comment[512];
	const struct tacit_policy_draft draft = {
		.name = o->name,
		.comment = comment,
		.pin_model = !o->any_model && claims->has_binding,
		.pin_config = !o->any_config && claims->has_binding,
	};
	struct tacit_error err = { 0 };
	struct tacit_slice text;
	uint8_t *room = malloc(POLICY_WRITE_ROOM);

	tacit_time_format(tacit_clock_wall(), when);
	snprintf(comment, sizeof(comment),
		 "trust on first use: values seen at %s on %s; "
		 "compare them with a build of your own",
		 tacit_escape(shown, sizeof(shown), tacit_slice_str(source)), when);
	enum tacit_status st =
		room ? tacit_policy_write(claims, &draft, tacit_mut_of(room, POLICY_WRITE_ROOM),
					  &text, &err)
		     : tacit_fail(&err, TACIT_NOMEM, "policy", 0, "out of memory");
	if (st == TACIT_OK)
		st = check_text(text, &err);
	if (st == TACIT_OK)
		st = cli_write_file(o->output ? o->output : "-", text, 0644, &err);
	if (st == TACIT_OK)
		print_written(o, text);
	free(room);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot write a policy");
	cli_warn("trust on first use: this policy says what %s showed just now, not that it is "
		 "what you want",
		 source);
	cli_hint(&o->common, "compare the measurements with those of a build that you made");
	return 0;
}

static int init_from_server(const struct init_options *o)
{
	struct cli_client client = { .cx = { .insecure_no_policy = true,
					     .insecure_accept_stub = o->insecure_accept_stub,
					     .insecure_allow_debug = o->insecure_allow_debug } };
	struct tacit_error err = { 0 };
	int code = cli_client_open(&o->common, &o->client, NULL, &client);

	if (code)
		return code;
	if (tacit_client_attest(client.client, &err) != TACIT_OK)
		code = cli_client_fail(&o->common, o->client.server,
				       tacit_client_last(client.client), &err);
	else
		code = write_policy(o, tacit_client_last(client.client)->claims, o->client.server);
	cli_client_close(&client);
	return code;
}

/* What vouches for the evidence. Zero-initialise. */
struct init_inputs {
	struct cli_pieces collateral, roots;
	struct tacit_arena arena;
};

static int read_inputs(const struct init_options *o, struct init_inputs *in,
		       struct tacit_context *cx)
{
	int code = cli_pieces_read(&o->common, &o->collateral, true, &in->collateral);

	for (size_t i = 0; i < o->insecure_test_roots.count; i++)
		cli_warn("--insecure-test-root: whoever has the key behind '%s' can forge any "
			 "evidence",
			 o->insecure_test_roots.items[i]);
	if (code == 0)
		code = cli_pieces_read(&o->common, &o->insecure_test_roots, false, &in->roots);
	if (code == 0 && in->collateral.count)
		code = cli_pieces_collateral(&o->common, &in->collateral, &in->arena,
					     &cx->collateral);
	if (code == 0 && in->roots.count)
		code = cli_pieces_certs(&o->common, &in->roots, &in->arena,
					&cx->insecure_test_roots, &cx->insecure_test_root_count);
	return code;
}

static int judge_evidence(const struct init_options *o, struct tacit_slice bytes,
			  struct init_inputs *in)
{
	struct tacit_evidence evidence = { 0 };
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_context cx = {
		.now = cli_now(&o->now),
		.any_age = true, /* what it measures does not age */
		.arena = &in->arena,
		.insecure_no_policy = true,
		.insecure_accept_stub = o->insecure_accept_stub,
		.insecure_allow_debug = o->insecure_allow_debug,
	};
	int code = read_inputs(o, in, &cx);

	if (code)
		return code;
	enum tacit_status st = tacit_evidence_unwrap(bytes, &in->arena, &evidence, &err);
	if (st == TACIT_OK)
		st = tacit_verify(&evidence, &cx, &verdict, &err);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot trust evidence '%s'", o->evidence);
	return write_policy(o, tacit_verdict_claims(&verdict), o->evidence);
}

static int judge_file(const struct init_options *o, struct tacit_slice bytes)
{
	struct init_inputs in = { 0 };
	void *room = malloc(INIT_ROOM);

	if (!room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&in.arena, room, INIT_ROOM);
	int code = judge_evidence(o, bytes, &in);
	cli_pieces_free(&in.collateral);
	cli_pieces_free(&in.roots);
	free(room);
	return code;
}

static int run_init(void *options, int argc, char **argv)
{
	const struct init_options *o = options;
	struct tacit_error err = { 0 };
	struct tacit_slice bytes;

	(void)argc;
	(void)argv;
	if (o->name && strlen(o->name) > NAME_MAX_LEN)
		return cli_usage("option '--name' wants at most %d bytes", NAME_MAX_LEN);
	if (!o->client.server == !o->evidence)
		return cli_usage("give either --server or --evidence");
	if (o->client.server &&
	    (o->collateral.count || o->insecure_test_roots.count || o->now.given))
		return cli_usage("'--collateral', '--insecure-test-root' and '--now' go with "
				 "'--evidence'");
	if (o->insecure_accept_stub)
		cli_warn("--insecure-accept-stub: the stub is NOT a TEE and protects nothing");
	if (o->insecure_allow_debug)
		cli_warn("--insecure-allow-debug: a debug TEE keeps nothing secret from its host");
	if (o->client.server)
		return init_from_server(o);
	if (cli_read_file(o->evidence, TACIT_EVIDENCE_MAX, &bytes, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read evidence '%s'", o->evidence);
	int code = judge_file(o, bytes);
	free((void *)(uintptr_t)bytes.ptr);
	return code;
}

const struct cli_verb cmd_policy_init = {
	.name = "policy init",
	.args = "",
	.summary = "write a policy from what a server shows (trust on first use)",
	.group = "verify",
	.example = "tacit policy init --server tcp:127.0.0.1:8443 -o policy.json",
	.options = INIT_OPTIONS,
	.option_count = sizeof(INIT_OPTIONS) / sizeof(INIT_OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct init_options),
	.run = run_init,
};

/* ---- policy check ------------------------------------------------------------------------ */

struct check_options {
	struct cli_common common;
};

static json_t *platforms_json(const struct tacit_policy *policy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tacit_policy_alternatives(policy); i++)
		json_array_append_new(
			list, json_string(tacit_tee_name(tacit_policy_platform(policy, i))));
	return list;
}

static void print_policy(const struct cli_common *common, const struct tacit_policy *policy,
			 const char *path)
{
	char digest[65];

	tacit_hex_encode(tacit_slice_of(tacit_policy_digest(policy), 32), digest);
	if (common->json) {
		json_t *object =
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "schema", "tacit.policy-check/1",
				  "result", "ok", "name", tacit_policy_name(policy), "sha256",
				  digest, "alternatives", platforms_json(policy));

		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
		return;
	}
	if (common->quiet)
		return;
	printf("ok: policy '%s' %s\n", path, tacit_policy_name(policy));
	printf("    sha256 %s\n", digest);
	for (size_t i = 0; i < tacit_policy_alternatives(policy); i++)
		printf("    alternative %zu: %s\n", i,
		       tacit_tee_label(tacit_policy_platform(policy, i)));
}

static int run_check(void *options, int argc, char **argv)
{
	const struct check_options *o = options;
	const char *path = argc ? argv[0] : "-";
	const struct tacit_policy *policy = NULL;
	struct tacit_error err = { 0 };
	struct tacit_slice text;
	struct tacit_arena arena;

	if (cli_read_file(path, TACIT_POLICY_MAX, &text, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read policy '%s'", path);
	void *room = malloc(CHECK_ROOM);
	tacit_arena_init(&arena, room, room ? CHECK_ROOM : 0);
	enum tacit_status st = tacit_policy_parse(text, &arena, &policy, &err);
	int code = 0;
	if (st == TACIT_OK) {
		cli_judge_warn_guest(policy);
		print_policy(&o->common, policy, path);
	} else {
		code = cli_fail(&o->common, &err, "cannot use policy '%s'", path);
	}
	free((void *)(uintptr_t)text.ptr);
	free(room);
	return code;
}

const struct cli_verb cmd_policy_check = {
	.name = "policy check",
	.args = "[FILE]",
	.summary = "check that a policy file is valid, and say what it accepts",
	.group = "verify",
	.example = "tacit policy check policy.json",
	.options = NULL,
	.option_count = 0,
	.max_args = 1,
	.struct_size = sizeof(struct check_options),
	.run = run_check,
};
