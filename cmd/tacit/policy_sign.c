/* SPDX-License-Identifier: Apache-2.0 */

/* tacit policy sign and tacit policy verify: signatures of a policy, in a file beside it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appraise/policy_signature.h"
#include "base/bounds.h"
#include "base/hex.h"
#include "judge.h"
#include "verbs.h"

#define KEY_FILE_MAX 16384

struct sign_options {
	struct cli_common common;
	const char *key;
	const char *output;
};

static const struct cli_option SIGN_OPTIONS[] = {
	CLI_OPT(struct sign_options, key, "--key", 0, CLI_TEXT, "FILE",
		"the private key: Ed25519, PEM, not encrypted"),
	CLI_OPT(struct sign_options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where the signatures go (the policy's name with .sig)"),
};

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

/* Others keep their signature as long as it is one over this text. */
static int take_others(const struct sign_options *o, const char *path, struct tacit_slice policy,
		       struct tacit_policy_signatures *all)
{
	struct tacit_policy_signatures before;
	struct tacit_error err = { 0 };
	struct tacit_slice text;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	if (cli_read_file(path, TACIT_POLICY_SIGNATURE_FILE, &text, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read '%s'", path);
	enum tacit_status status = tacit_policy_signatures_parse(text, &before, &err);
	free_slice(text);
	if (status != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot add to '%s'", path);
	for (size_t i = 0; i < before.count; i++) {
		if (tacit_policy_signature_verify(policy, &before.items[i], NULL) != TACIT_OK)
			cli_say(&o->common, "note: a signature in '%s' was over another text: gone",
				path);
		else if (memcmp(before.items[i].key, all->items[0].key, TACIT_POLICY_KEY_LEN) != 0)
			all->items[all->count++] = before.items[i];
		if (all->count == TACIT_POLICY_SIGNATURES_MAX)
			break;
	}
	return 0;
}

static int write_signatures(const struct sign_options *o, const char *path,
			    const struct tacit_policy_signatures *all)
{
	static uint8_t room[TACIT_POLICY_SIGNATURE_FILE];
	char hex[2 * TACIT_POLICY_KEY_LEN + 1];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_error err = { 0 };
	struct tacit_slice text;

	tacit_policy_signatures_write(all, &w);
	if (wr_finish(&w, "signatures", &text, &err) != TACIT_OK ||
	    cli_write_file(path, text, 0644, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot write '%s'", path);
	tacit_hex_encode(TACIT_SLICE_ARRAY(all->items[0].key), hex);
	if (o->common.json && strcmp(path, "-") != 0)
		printf("{\"schema\":\"tacit.policy-sign/1\",\"key\":\"%s\",\"signatures\":%zu}\n",
		       hex, all->count);
	else if (!o->common.json)
		cli_say(&o->common, "signed by %s", hex);
	return 0;
}

static int sign(const struct sign_options *o, const char *path, struct tacit_slice policy,
		struct tacit_slice pem)
{
	char beside[4096];
	struct tacit_policy_signatures all = { .count = 1 };
	struct tacit_error err = { 0 };
	struct tacit_key *key = NULL;
	enum tacit_status status = tacit_key_pem(pem, &key, &err);

	if (status == TACIT_OK)
		status = tacit_policy_sign(policy, key, &all.items[0], &err);
	tacit_key_free(key);
	if (status != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot sign with '%s'", o->key);
	if (!o->output && !cli_policy_signature_path(path, beside, sizeof(beside)))
		return cli_usage("say where the signatures go with --output");
	const char *to = o->output ? o->output : beside;
	int code = take_others(o, to, policy, &all);
	return code ? code : write_signatures(o, to, &all);
}

/* What is no policy is not signed: a signature would make somebody use it. */
static int check(const struct cli_common *common, const char *path, struct tacit_slice policy)
{
	const struct tacit_policy *parsed;
	struct tacit_error err = { 0 };
	struct tacit_arena arena;
	size_t size = 262144 + 4 * policy.len;
	void *room = malloc(size);

	tacit_arena_init(&arena, room, room ? size : 0);
	enum tacit_status status = tacit_policy_parse(policy, &arena, &parsed, &err);
	free(room);
	return status == TACIT_OK ? 0 : cli_fail(common, &err, "cannot use policy '%s'", path);
}

static int run_sign(void *options, int argc, char **argv)
{
	const struct sign_options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct tacit_error err = { 0 };
	struct tacit_slice policy, pem;

	if (!o->key)
		return cli_usage("whose signature? give --key FILE");
	if (cli_read_file(path, TACIT_POLICY_MAX, &policy, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read policy '%s'", path);
	int code = check(&o->common, path, policy);
	if (code == 0 && cli_read_file(o->key, KEY_FILE_MAX, &pem, &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot read key '%s'", o->key);
	else if (code == 0) {
		code = sign(o, path, policy, pem);
		tacit_wipe((void *)(uintptr_t)pem.ptr, pem.len);
		free_slice(pem);
	}
	free_slice(policy);
	return code;
}

const struct cli_verb cmd_policy_sign = {
	.name = "policy sign",
	.args = "[FILE]",
	.summary = "sign a policy, beside those who have signed it already",
	.group = "verify",
	.example = "tacit policy sign --key release.pem policy.json",
	.options = SIGN_OPTIONS,
	.option_count = sizeof(SIGN_OPTIONS) / sizeof(SIGN_OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct sign_options),
	.run = run_sign,
};

/* ---- policy verify ------------------------------------------------------------------------- */

struct verify_options {
	struct cli_common common;
	struct cli_list keys;
	const char *signature;
};

static const struct cli_option VERIFY_OPTIONS[] = {
	CLI_OPT(struct verify_options, keys, "--policy-key", 0, CLI_LIST, "HEX",
		"a public key whose signature counts; may be repeated"),
	CLI_OPT(struct verify_options, signature, "--policy-signature", 0, CLI_TEXT, "FILE",
		"the signatures (the policy's name with .sig)"),
};

static int run_verify(void *options, int argc, char **argv)
{
	const struct verify_options *o = options;
	const struct cli_judge judge = { .policy = argc ? argv[0] : NULL,
					 .policy_keys = o->keys,
					 .policy_signature = o->signature };
	struct cli_judged judged = { 0 };
	struct tacit_context cx = { 0 };

	if (argc == 0 || o->keys.count == 0)
		return cli_usage("give a policy, and whose signature counts with --policy-key");
	int code = cli_judge_load(&o->common, &judge, &judged, &cx);
	cli_judge_free(&judged);
	if (code)
		return code;
	if (o->common.json)
		printf("{\"schema\":\"tacit.policy-verify/1\",\"result\":\"signed\"}\n");
	else if (!o->common.quiet)
		printf("signed: policy '%s'\n", argv[0]);
	return 0;
}

const struct cli_verb cmd_policy_verify = {
	.name = "policy verify",
	.args = "FILE",
	.summary = "whether a policy is signed by a key that counts",
	.group = "verify",
	.example = "tacit policy verify --policy-key 6b17... policy.json",
	.options = VERIFY_OPTIONS,
	.option_count = sizeof(VERIFY_OPTIONS) / sizeof(VERIFY_OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct verify_options),
	.run = run_verify,
};
