/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base64.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "base/time.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "keyd.h"
#include "verbs.h"

#define SECRET_BYTES 30 /* 40 characters, as AWS's have */
#define NAME_CHAR    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	const char *out;
	bool admin;
};

static const struct cli_option OPTIONS[] = {
	CLI_KEYD_OPTIONS(struct options),
	CLI_OPT(struct options, admin, "--admin", 0, CLI_FLAG, NULL,
		"may create and list keys over the network"),
	CLI_OPT(struct options, out, "--out", 'o', CLI_TEXT, "FILE",
		"where a new credential is written, for AWS's tools (default: standard output)"),
};

/* Twenty characters of base32 behind the prefix that tells them from AWS's own. */
static enum tacit_status make_access_key(char *ret, struct tacit_error *err)
{
	static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const char PREFIX[] = "TKD";
	uint8_t bytes[17];
	enum tacit_status st = tacit_random(tacit_mut_of(bytes, sizeof(bytes)), err);

	if (st != TACIT_OK)
		return st;
	memcpy(ret, PREFIX, sizeof(PREFIX) - 1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		ret[sizeof(PREFIX) - 1 + i] = DIGITS[bytes[i] & 31];
	ret[sizeof(PREFIX) - 1 + sizeof(bytes)] = '\0';
	return TACIT_OK;
}

static int write_out(const struct options *o, const char *access_key, const char *secret)
{
	char text[512];
	struct tacit_error err = { 0 };
	const char *path = o->out ? o->out : "-";

	snprintf(text, sizeof(text),
		 "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", access_key,
		 secret);
	enum tacit_status st = cli_write_file(path, tacit_slice_str(text), 0600, &err);
	tacit_wipe(text, sizeof(text));
	return st == TACIT_OK ? 0 : cli_fail(&o->common, &err, "cannot write '%s'", path);
}

static int create(const struct options *o, struct tacit_keyd_store *store, const char *name)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_keyd_credential c = { .admin = o->admin };
	uint8_t bytes[SECRET_BYTES];
	char secret[64];
	struct tacit_error err = { 0 };

	if (!name[0] || name[strspn(name, NAME_CHAR)] || strlen(name) > 64)
		return cli_usage("a name has letters, digits, '.', '_' and '-'");
	snprintf(c.name, sizeof(c.name), "%s", name);
	enum tacit_status st = make_access_key(c.access_key, &err);
	if (st == TACIT_OK)
		st = tacit_random(tacit_mut_of(bytes, sizeof(bytes)), &err);
	tacit_base64_encode(TACIT_BASE64, TACIT_SLICE_ARRAY(bytes), secret);
	if (st == TACIT_OK)
		st = tacit_keyd_credential_create(store, &actor, &c, tacit_slice_str(secret), &err);
	int code = st == TACIT_OK ? write_out(o, c.access_key, secret)
				  : cli_fail(&o->common, &err, "cannot create '%s'", name);
	tacit_wipe(bytes, sizeof(bytes));
	tacit_wipe(secret, sizeof(secret));
	return code;
}

static bool list_one(void *user, const struct tacit_keyd_credential *c)
{
	json_t *list = user;
	char when[TACIT_TIME_TEXT];

	tacit_time_format(c->created_at, when);
	if (list)
		return json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:s}", "name",
							     c->name, "access_key", c->access_key,
							     "admin", c->admin, "enabled",
							     c->enabled, "created_at", when)) == 0;
	printf("%s  %-5s  %-8s  %s\n", c->access_key, c->admin ? "admin" : "user",
	       c->enabled ? "enabled" : "disabled", c->name);
	return true;
}

static int list(const struct options *o, struct tacit_keyd_store *store)
{
	json_t *all = o->common.json ? json_array() : NULL;
	struct tacit_error err = { 0 };

	if (tacit_keyd_credential_list(store, list_one, all, &err) != TACIT_OK) {
		json_decref(all);
		return cli_fail(&o->common, &err, "cannot list the credentials");
	}
	if (!all)
		return 0;
	json_t *object =
		json_pack("{s:s, s:o}", "schema", "tacit.keyd-credentials/1", "credentials", all);
	int code = object && json_dumpf(object, stdout, JSON_COMPACT) == 0
			   ? 0
			   : cli_no_memory(&o->common);
	putchar('\n');
	json_decref(object);
	return code;
}

static int set_enabled(const struct options *o, struct tacit_keyd_store *store, const char *name,
		       bool enabled)
{
	struct tacit_keyd_actor actor = cli_keyd_actor();
	struct tacit_error err = { 0 };

	if (tacit_keyd_credential_enable(store, &actor, tacit_slice_str(name), enabled, &err) !=
	    TACIT_OK)
		return cli_fail(&o->common, &err, "cannot change '%s'", name);
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	TACIT_CLEANUP(cli_keyd_close) struct tacit_keyd_store *store = NULL;
	bool listing = argc == 1 && strcmp(argv[0], "list") == 0;
	bool creating = argc == 2 && strcmp(argv[0], "create") == 0;
	bool enabling = argc == 2 && strcmp(argv[0], "enable") == 0;
	bool disabling = argc == 2 && strcmp(argv[0], "disable") == 0;

	if (!listing && !creating && !enabling && !disabling)
		return cli_usage("'keyd credential' does one of list, create NAME, enable NAME, "
				 "disable NAME");
	int code = cli_keyd_open(&o->common, &o->keyd, listing ? TACIT_KEYD_READ : TACIT_KEYD_WRITE,
				 &store);
	if (code)
		return code;
	if (listing)
		return list(o, store);
	return creating ? create(o, store, argv[1]) : set_enabled(o, store, argv[1], enabling);
}

const struct cli_verb cmd_keyd_credential = {
	.name = "keyd credential",
	.args = "ACTION [NAME]",
	.summary = "access keys by which callers of the broker sign",
	.group = "serve",
	.example = "tacit keyd credential create enclave --dir keys -o credentials",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 2,
	.struct_size = sizeof(struct options),
	.run = run,
};
