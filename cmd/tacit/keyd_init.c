/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "base/secret.h"
#include "channel/certificate.h"
#include "crypto/random.h"
#include "keyd.h"
#include "sys/clock.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	struct cli_list names;
};

static const struct cli_option OPTIONS[] = {
	CLI_KEYD_OPTIONS(struct options),
	CLI_OPT(struct options, names, "--name", 0, CLI_LIST, "HOST",
		"host name or address in its certificate (default: localhost and 127.0.0.1)"),
};

static int put(const struct options *o, const char *name, struct tacit_slice bytes, unsigned mode)
{
	return cli_keyd_put(&o->common, &o->keyd, name, bytes, mode);
}

static int put_key(const struct options *o)
{
	uint8_t bytes[TACIT_KEYD_MASTER_LEN];
	char text[2 * sizeof(bytes) + 2];
	struct tacit_error err = { 0 };

	if (tacit_random(tacit_mut_of(bytes, sizeof(bytes)), &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot make a key");
	tacit_hex_encode(TACIT_SLICE_ARRAY(bytes), text);
	text[2 * sizeof(bytes)] = '\n';
	int code = put(o, "master.key", tacit_slice_of(text, 2 * sizeof(bytes) + 1), 0600);
	tacit_wipe(bytes, sizeof(bytes));
	tacit_wipe(text, sizeof(text));
	return code;
}

static int put_certificate(const struct options *o)
{
	static const char *const LOCAL[] = { "localhost", "127.0.0.1", "::1" };
	char certificate[TACIT_CERTIFICATE_PEM], key[TACIT_CERTIFICATE_PEM];
	bool given = o->names.count > 0;
	struct tacit_error err = { 0 };

	if (tacit_certificate_make(given ? o->names.items : LOCAL,
				   given ? o->names.count : TACIT_ARRAY_LEN(LOCAL),
				   tacit_clock_wall(), certificate, key, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot make a certificate");
	int code = put(o, "tls.key", tacit_slice_str(key), 0600);
	tacit_wipe(key, sizeof(key));
	return code ? code : put(o, "tls.pem", tacit_slice_str(certificate), 0644);
}

static int make_folder(const struct options *o)
{
	struct tacit_error err = { 0 };

	if (mkdir(o->keyd.dir, 0700) == 0 || errno == EEXIST)
		return 0;
	(void)tacit_fail(&err, TACIT_IO, "keyd", 0, "%s", strerror(errno));
	return cli_fail(&o->common, &err, "cannot make '%s'", o->keyd.dir);
}

/* A master key that is elsewhere is there already. */
static int put_master(const struct options *o)
{
	if (o->keyd.passphrase_file)
		return cli_keyd_put_salt(&o->common, &o->keyd);
	if (o->keyd.master_key || o->keyd.master_credential)
		return 0;
	return put_key(o);
}

static int run(void *options, int argc, char **argv)
{
	struct options *o = options;
	TACIT_CLEANUP(cli_keyd_close) struct tacit_keyd_store *store = NULL;

	if (argc != 1 && !o->keyd.dir)
		return cli_usage("'keyd init' needs the folder to make");
	if (argc == 1)
		o->keyd.dir = argv[0];
	int code = make_folder(o);
	if (code == 0)
		code = put_master(o);
	if (code == 0)
		code = put_certificate(o);
	if (code == 0)
		code = cli_keyd_open(&o->common, &o->keyd, TACIT_KEYD_WRITE, &store);
	if (code)
		return code;
	if (o->common.json)
		printf("{\"schema\":\"tacit.keyd-init/1\",\"done\":true}\n");
	cli_say(&o->common, "made %s; clients trust %s/tls.pem", o->keyd.dir, o->keyd.dir);
	cli_hint(&o->common, "whoever has the master key and store.db has every key");
	return 0;
}

const struct cli_verb cmd_keyd_init = {
	.name = "keyd init",
	.args = "DIR",
	.summary = "make a key broker: its store, master key and certificate",
	.group = "serve",
	.example = "tacit keyd init keys",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
