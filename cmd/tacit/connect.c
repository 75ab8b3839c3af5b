/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client_common.h"
#include "net/connect.h"
#include "net/connect_store.h"
#include "sys/process.h"
#include "verbs.h"

#define LISTEN       "tcp:127.0.0.1:8080"
#define FILES_WANTED 8192

struct connect_options {
	struct cli_common common;
	struct cli_client_options client;
	struct cli_judge judge;
	const char *listen;
	const char *store;
	const char *on_store_error;
	bool hold;
	bool insecure_listen_anywhere;
};

static const struct cli_option OPTIONS[] = {
	CLI_CLIENT_OPTIONS(struct connect_options),
	CLI_JUDGE_OPTIONS(struct connect_options),
	CLI_OPT(struct connect_options, listen, "--listen", 0, CLI_TEXT, "ADDR",
		"where local programs connect (" LISTEN ")"),
	CLI_OPT(struct connect_options, store, "--store", 0, CLI_TEXT, "FILE",
		"keep receipts and evidence in this SQLite file"),
	CLI_OPT(struct connect_options, on_store_error, "--on-store-error", 0, CLI_TEXT, "WHAT",
		"withhold (default) or flag answers whose receipt cannot be kept"),
	CLI_OPT(struct connect_options, hold, "--hold", 0, CLI_FLAG, NULL,
		"pass answers on only once their receipt has checked"),
	CLI_OPT(struct connect_options, insecure_listen_anywhere, "--insecure-listen-anywhere", 0,
		CLI_FLAG, NULL, "listen where other machines can connect, in plain HTTP"),
};

static void say(void *user, const char *text)
{
	const struct cli_common *common = user;

	cli_say(common, "event=answer %s", text);
}

/* Opens the listener; loopback only, unless told otherwise. */
static int open_listener(const struct connect_options *o, int *ret_fd, struct tacit_address *bound)
{
	const char *text = o->listen ? o->listen : LISTEN;
	struct tacit_address address;
	struct tacit_error err = { 0 };

	if (tacit_address_parse(text, &address, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot listen on '%s'", text);
	if (!tacit_connect_is_local(&address) && !o->insecure_listen_anywhere)
		return cli_usage(
			"'%s' is not a loopback address; other machines would send prompts "
			"in plain text (--insecure-listen-anywhere)",
			text);
	if (o->insecure_listen_anywhere)
		cli_warn(
			"--insecure-listen-anywhere: whoever reaches this endpoint can use it, and "
			"the way to it is not encrypted");
	if (tacit_address_listen(&address, ret_fd, bound, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot listen on '%s'", text);
	return 0;
}

/* The server is looked at before anybody is told that the endpoint is there. */
static int attest_first(const struct connect_options *o, const struct cli_client *c)
{
	struct tacit_error err = { 0 };

	if (tacit_client_attest(c->client, &err) == TACIT_OK)
		return 0;
	return cli_client_fail(&o->common, o->client.server, tacit_client_last(c->client), &err);
}

static int open_store(const struct connect_options *o, const struct cli_client *c,
		      struct tacit_connect_store **ret)
{
	struct tacit_error err = { 0 };
	const uint8_t *digest = c->cx.policy ? tacit_policy_digest(c->cx.policy) : NULL;

	if (o->store &&
	    tacit_connect_store_new(o->store, o->client.server, digest, ret, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot use store '%s'", o->store);
	return 0;
}

static void announce(const struct connect_options *o, const struct cli_client *c,
		     const struct tacit_address *bound)
{
	const struct tacit_claims *claims = tacit_client_last(c->client)->claims;
	char text[TACIT_ADDRESS_TEXT], model[80];

	tacit_address_format(bound, text);
	tacit_escape(model, sizeof(model), claims->binding.model_id);
	if (o->common.json)
		printf("{\"schema\":\"tacit.connect/1\",\"event\":\"ready\",\"listen\":\"%s\"}\n",
		       text);
	fflush(stdout);
	cli_say(&o->common, "event=ready listen=%s server=%s tee=\"%s\" model=\"%s\"", text,
		o->client.server, tacit_tee_label(claims->tee), model);
	if (bound->transport == TACIT_TRANSPORT_TCP)
		cli_hint(&o->common, "export OPENAI_BASE_URL=http://%s/v1", strchr(text, ':') + 1);
	tacit_process_notify("READY=1");
}

static int serve(const struct connect_options *o, const struct cli_client *c, int fd,
		 const struct tacit_address *bound)
{
	bool local = tacit_connect_is_local(bound);
	struct tacit_connect_options want = {
		.client = c->client,
		.server = o->client.server,
		.host = local ? bound->host : NULL,
		.any_host = !local || bound->transport == TACIT_TRANSPORT_UNIX,
		.hold = o->hold,
		.deliver_unstored = o->on_store_error && strcmp(o->on_store_error, "flag") == 0,
		.say = say,
		.user = (void *)(uintptr_t)&o->common,
	};
	struct tacit_connect *connect = NULL;
	struct tacit_error err = { 0 };
	int code = open_store(o, c, &want.store);

	if (code) {
		close(fd);
		return code;
	}
	enum tacit_status st = tacit_connect_new(&want, &connect, &err);
	if (st != TACIT_OK) {
		tacit_connect_store_free(want.store);
		close(fd);
		return cli_fail(&o->common, &err, "cannot start the endpoint");
	}
	st = tacit_connect_listen(connect, fd, &err);
	if (st == TACIT_OK) {
		announce(o, c, bound);
		st = tacit_connect_run(connect, &err);
	}
	tacit_connect_free(connect);
	return st == TACIT_OK ? 0 : cli_fail(&o->common, &err, "the endpoint failed");
}

static int run(void *options, int argc, char **argv)
{
	const struct connect_options *o = options;
	struct cli_client client = { 0 };
	struct tacit_address bound;
	struct tacit_error err = { 0 };
	int fd = -1;

	(void)argc;
	(void)argv;
	if (o->on_store_error && strcmp(o->on_store_error, "flag") != 0 &&
	    strcmp(o->on_store_error, "withhold") != 0)
		return cli_usage("option '--on-store-error' wants withhold or flag");
	if (o->on_store_error && !o->store)
		return cli_usage("'--on-store-error' means nothing without '--store'");
	if (tacit_process_harden(&err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot harden this process");
	tacit_process_raise_files(FILES_WANTED);
	int code = cli_client_open(&o->common, &o->client, &o->judge, &client);
	if (code)
		return code;
	code = open_listener(o, &fd, &bound);
	if (code == 0) {
		code = attest_first(o, &client);
		if (code == 0)
			code = serve(o, &client, fd, &bound);
		else
			close(fd);
		tacit_address_release(&bound);
	}
	cli_client_close(&client);
	return code;
}

const struct cli_verb cmd_connect = {
	.name = "connect",
	.args = "",
	.summary = "a local OpenAI endpoint in front of a verified server",
	.group = "ask",
	.example =
		"tacit connect --server tcp:127.0.0.1:8443 --policy policy.json --store r.sqlite",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct connect_options),
	.run = run,
};
