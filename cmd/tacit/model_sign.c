/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model sign: one more publisher's signature on a sealed model, or the word of a publisher's
 * key that another one succeeds it. Neither touches the manifest or the payload. Where the folder
 * lies is not trusted: a model is signed that somebody who counts signed before, or that is named.
 */

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "model.h"
#include "sys/fd.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_list publishers;
	struct cli_hex model_sha256, successor;
	struct cli_time until, now;
	const char *sign;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, sign, "--sign", 0, CLI_TEXT, "FILE",
		"the publisher's private key: Ed25519, PEM, not encrypted"),
	CLI_OPT(struct options, publishers, "--publisher", 0, CLI_LIST, "HEX",
		"sign only what this publisher's key signed; may be repeated"),
	{ "--model-sha256", 0, CLI_HEX, "HEX", "sign only the model with this identity",
	  offsetof(struct options, model_sha256), TACIT_SHA256_LEN, TACIT_SHA256_LEN },
	{ "--successor", 0, CLI_HEX, "HEX",
	  "instead of the model, sign this key: who trusts the first trusts it too",
	  offsetof(struct options, successor), TACIT_PUBLISHER_KEY, TACIT_PUBLISHER_KEY },
	CLI_OPT(struct options, until, "--until", 0, CLI_TIME, "TIME",
		"how long the successor counts"),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (default: now)"),
};

/* Whether this is the model that the caller means to sign. */
static enum tacit_status judge(const struct model_dir *dir, const struct options *o,
			       struct tacit_error *err)
{
	int64_t now = cli_now(&o->now);

	if (o->model_sha256.given &&
	    memcmp(o->model_sha256.bytes, dir->identity, sizeof(dir->identity)) != 0)
		return tacit_fail(err, TACIT_BINDING, "model.sign", 0,
				  "the manifest is not that of the model that was named");
	return o->publishers.count ? model_dir_judge(dir, &o->publishers, now, err)
				   : tacit_manifest_current(&dir->manifest, now, err);
}

static enum tacit_status add_signature(struct model_dir *dir, const struct tacit_key *key,
				       const struct options *o, struct tacit_error *err)
{
	struct tacit_model_signatures *all = &dir->signatures;
	struct tacit_model_signature mine;
	enum tacit_status st = judge(dir, o, err);
	size_t i = 0;

	if (st == TACIT_OK)
		st = tacit_model_sign(dir->identity, key, &mine, err);
	if (st != TACIT_OK)
		return st;
	while (i < all->count && memcmp(all->items[i].key, mine.key, sizeof(mine.key)) != 0)
		i++;
	if (i == TACIT_MODEL_SIGNATURES_MAX)
		return tacit_fail(err, TACIT_LIMIT, "model.sign", 0, "%d signatures already",
				  (int)i);
	all->items[i] = mine;
	if (i == all->count)
		all->count++;
	return TACIT_OK;
}

static enum tacit_status add_succession(struct model_dir *dir, const struct tacit_key *key,
					const struct options *o, struct tacit_error *err)
{
	struct tacit_model_signatures *all = &dir->signatures;
	struct tacit_model_succession mine;
	enum tacit_status st =
		tacit_model_succeed(key, o->successor.bytes, o->until.seconds, &mine, err);

	if (st != TACIT_OK)
		return st;
	if (all->succession_count == TACIT_MODEL_SUCCESSIONS_MAX)
		return tacit_fail(err, TACIT_LIMIT, "model.sign", 0, "%d successions already",
				  TACIT_MODEL_SUCCESSIONS_MAX);
	all->successions[all->succession_count++] = mine;
	return TACIT_OK;
}

static enum tacit_status write_back(const struct model_dir *dir, struct tacit_error *err)
{
	static uint8_t room[TACIT_MODEL_SIGNATURES_FILE];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice text;
	TACIT_CLEANUP(tacit_fd_close) int folder = -1;

	tacit_model_signatures_write(&dir->signatures, &w);
	enum tacit_status st = wr_finish(&w, "model.signatures", &text, err);
	if (st == TACIT_OK)
		st = model_folder_open(dir->path, &folder, err);
	return st ? st : model_file_put(folder, TACIT_SEALED_SIGNATURES, text, err);
}

/* What was signed: the model's identity, or the key that succeeds. */
static void report(const struct model_dir *dir, const struct options *o)
{
	const struct tacit_model_signatures *all = &dir->signatures;
	bool successor = o->successor.given;
	char hex[2 * TACIT_SHA256_LEN + 1];

	tacit_hex_encode(successor ? tacit_slice_of(o->successor.bytes, TACIT_PUBLISHER_KEY)
				   : TACIT_SLICE_ARRAY(dir->identity),
			 hex);
	if (o->common.json)
		printf("{\"schema\":\"tacit.model-sign/1\",\"%s\":\"%s\",\"signatures\":%zu,"
		       "\"successions\":%zu}\n",
		       successor ? "successor" : "model_sha256", hex, all->count,
		       all->succession_count);
	else if (!o->common.quiet)
		printf("signed: %s %s, %zu signatures, %zu successions\n",
		       successor ? "successor" : "model", hex, all->count, all->succession_count);
}

static int sign(const struct options *o, const char *path, const struct tacit_key *key)
{
	struct tacit_error err = { 0 };
	struct model_dir dir = { 0 };
	enum tacit_status st = model_dir_read(path, &dir, &err);

	if (st == TACIT_OK)
		st = o->successor.given ? add_succession(&dir, key, o, &err)
					: add_signature(&dir, key, o, &err);
	if (st == TACIT_OK)
		st = write_back(&dir, &err);
	if (st == TACIT_OK)
		report(&dir, o);
	model_dir_free(&dir);
	return st ? cli_fail(&o->common, &err, "cannot sign '%s'", path) : 0;
}

/* Whether the options say one thing: which model is signed, or which key and how long. */
static int check_options(const struct options *o)
{
	bool model = o->publishers.count != 0 || o->model_sha256.given;

	if (o->successor.given != o->until.given)
		return cli_usage("--successor and --until go together");
	if (o->successor.given && model)
		return cli_usage("a successor is signed instead of a model: --publisher and "
				 "--model-sha256 do not go with it");
	if (!o->successor.given && !model)
		return cli_usage("which model is it? name a --publisher who signed it before, or "
				 "its --model-sha256");
	if (o->successor.given && o->until.seconds <= cli_now(&o->now))
		return cli_usage("--until is not in the future");
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_key *key = NULL;

	if (argc == 0 || !o->sign)
		return cli_usage("model sign needs a folder and --sign FILE");
	int code = check_options(o);
	if (code == 0)
		code = model_signing_key(&o->common, o->sign, &key);
	if (code == 0)
		code = sign(o, argv[0], key);
	tacit_key_free(key);
	return code;
}

const struct cli_verb cmd_model_sign = {
	.name = "model sign",
	.args = "DIR",
	.summary = "add a publisher's signature, or a successor of its key",
	.group = "tools",
	.example = "tacit model sign --sign new.pem --publisher 6b17... llama.sealed",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
