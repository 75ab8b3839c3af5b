/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/compiler.h"
#include "keyd.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	const char *key, *credential, *passphrase_file;
};

static const struct cli_option OPTIONS[] = {
	CLI_KEYD_OPTIONS(struct options),
	CLI_OPT(struct options, key, "--new-master-key", 0, CLI_TEXT, "FILE",
		"the master key that it has from now on"),
	CLI_OPT(struct options, credential, "--new-master-credential", 0, CLI_TEXT, "NAME",
		"the same, as a credential of the service manager"),
	CLI_OPT(struct options, passphrase_file, "--new-passphrase-file", 0, CLI_TEXT, "FILE",
		"the same, from a passphrase in a file or pipe"),
};

/* A passphrase wants a salt. One that is there may be of the old one, and serves both. */
static int put_salt(const struct options *o)
{
	char path[CLI_KEYD_PATH];

	if (!cli_keyd_path(&o->keyd, CLI_KEYD_SALT, path))
		return tacit_status_exit(TACIT_USAGE);
	return access(path, F_OK) == 0 ? 0 : cli_keyd_put_salt(&o->common, &o->keyd);
}

static int rekey(const struct options *o, struct tacit_keyd_store *store)
{
	TACIT_CLEANUP(tacit_keyd_master_done) struct tacit_keyd_master master = { 0 };
	const struct cli_keyd next = { .dir = o->keyd.dir,
				       .master_key = o->key,
				       .master_credential = o->credential,
				       .passphrase_file = o->passphrase_file };
	const struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_error err = { 0 };
	int code = o->passphrase_file ? put_salt(o) : 0;

	if (code == 0)
		code = cli_keyd_master(&o->common, &next, &master);
	if (code)
		return code;
	if (tacit_keyd_store_rekey(store, &actor, &master, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot change the master key");
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	TACIT_CLEANUP(cli_keyd_close) struct tacit_keyd_store *store = NULL;

	(void)argc;
	(void)argv;
	if ((o->key != NULL) + (o->credential != NULL) + (o->passphrase_file != NULL) != 1)
		return cli_usage("the new master key comes from one place, such as "
				 "'--new-master-key'");
	int code = cli_keyd_open(&o->common, &o->keyd, TACIT_KEYD_WRITE, &store);
	if (code == 0)
		code = rekey(o, store);
	if (code)
		return code;
	if (o->common.json)
		printf("{\"schema\":\"tacit.keyd-rekey/1\",\"done\":true}\n");
	cli_say(&o->common, "every key and credential of %s is under the new master key",
		o->keyd.dir);
	cli_hint(&o->common, "the old one opens backups from before: keep it as long as those, "
			     "and the new one where the broker looks for it");
	return 0;
}

const struct cli_verb cmd_keyd_rekey = {
	.name = "keyd rekey",
	.args = "",
	.summary = "put the broker's store under another master key",
	.group = "serve",
	.example = "tacit keyd rekey --dir keys --new-master-key new.key",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
