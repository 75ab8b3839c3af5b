/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model sign: one more publisher's signature on a sealed model, or the word of a publisher's
 * key that another one succeeds it. Neither touches the manifest or the payload.
 */

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "model.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_hex successor;
	struct cli_time until;
	const char *sign;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, sign, "--sign", 0, CLI_TEXT, "FILE",
		"the publisher's private key: Ed25519, PEM, not encrypted"),
	{ "--successor", 0, CLI_HEX, "HEX",
	  "instead of the model, sign this key: who trusts the first trusts it too",
	  offsetof(struct options, successor), TACIT_PUBLISHER_KEY, TACIT_PUBLISHER_KEY },
	CLI_OPT(struct options, until, "--until", 0, CLI_TIME, "TIME",
		"how long the successor counts"),
};

static enum tacit_status add_signature(struct model_dir *dir, const struct tacit_key *key,
				       struct tacit_error *err)
{
	struct tacit_model_signatures *all = &dir->signatures;
	struct tacit_model_signature mine;
	enum tacit_status st = tacit_model_sign(dir->identity, key, &mine, err);
	size_t i = 0;

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
	char path[MODEL_PATH];

	tacit_model_signatures_write(&dir->signatures, &w);
	enum tacit_status st = wr_finish(&w, "model.signatures", &text, err);
	if (st == TACIT_OK &&
	    model_dir_file(dir, tacit_slice_str(TACIT_SEALED_SIGNATURES), "", path))
		st = cli_write_file(path, text, 0644, err);
	return st;
}

static int sign(const struct options *o, const char *path, const struct tacit_key *key)
{
	struct tacit_error err = { 0 };
	struct model_dir dir = { 0 };
	enum tacit_status st = model_dir_read(path, &dir, &err);

	if (st == TACIT_OK)
		st = o->successor.given ? add_succession(&dir, key, o, &err)
					: add_signature(&dir, key, &err);
	if (st == TACIT_OK)
		st = write_back(&dir, &err);
	if (st == TACIT_OK && o->common.json)
		printf("{\"schema\":\"tacit.model-sign/"
		       "1\",\"signatures\":%zu,\"successions\":%zu}\n",
		       dir.signatures.count, dir.signatures.succession_count);
	else if (st == TACIT_OK)
		cli_say(&o->common, "signed: %zu signatures, %zu successions", dir.signatures.count,
			dir.signatures.succession_count);
	model_dir_free(&dir);
	return st ? cli_fail(&o->common, &err, "cannot sign '%s'", path) : 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_key *key = NULL;

	if (argc == 0 || !o->sign)
		return cli_usage("model sign needs a folder and --sign FILE");
	if (o->successor.given != o->until.given)
		return cli_usage("--successor and --until go together");
	int code = model_signing_key(&o->common, o->sign, &key);
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
	.example = "tacit model sign --sign new-publisher.pem llama.sealed",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
