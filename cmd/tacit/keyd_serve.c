/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "channel/tls.h"
#include "codec/json.h"
#include "keyd.h"
#include "net/keyd.h"
#include "pieces.h"
#include "sys/address.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "verbs.h"

#define ROOM        (8 * 1024 * 1024) /* for collateral and roots */
#define MAX_AGE     300
#define SPARE_FILES 256
#define CONNECTIONS 4096

struct options {
	struct cli_common common;
	struct cli_keyd keyd;
	const char *listen, *tls_cert, *tls_key, *region, *account;
	uint64_t max_age, desks;
	struct cli_list collateral, insecure_test_roots;
	bool insecure_plain, insecure_allow_debug, insecure_accept_stub;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, listen, "--listen", 0, CLI_TEXT, "ADDR",
		"where it listens (default: tcp:127.0.0.1:8446)"),
	CLI_KEYD_OPTIONS(struct options),
	CLI_OPT(struct options, tls_cert, "--tls-cert", 0, CLI_TEXT, "FILE",
		"its certificate chain, PEM (default: tls.pem in the folder)"),
	CLI_OPT(struct options, tls_key, "--tls-key", 0, CLI_TEXT, "FILE",
		"the key of that (default: tls.key in the folder)"),
	CLI_OPT(struct options, region, "--region", 0, CLI_TEXT, "NAME",
		"the region that requests are signed for (default: us-east-1)"),
	CLI_OPT(struct options, account, "--account", 0, CLI_TEXT, "NUMBER",
		"the account in its ARNs (default: 000000000000)"),
	CLI_OPT_RANGE(struct options, max_age, "--max-age", CLI_COUNT, "SECONDS",
		      "how old evidence may be (default: 300)", 1, TACIT_KEYD_AGE_MAX),
	CLI_OPT_RANGE(struct options, desks, "--desks", CLI_COUNT, "N",
		      "threads that judge evidence (default: 2)", 1, 16),
	CLI_OPT(struct options, collateral, "--collateral", 0, CLI_LIST, "PATH",
		"certificates, CRLs, TCB info: a file or folder; may be repeated"),
	CLI_OPT(struct options, insecure_plain, "--insecure-plain", 0, CLI_FLAG, NULL,
		"HTTP without TLS, on a loopback or unix address alone"),
	CLI_OPT(struct options, insecure_allow_debug, "--insecure-allow-debug", 0, CLI_FLAG, NULL,
		"release to debug TEEs, which keep no secret"),
	CLI_OPT(struct options, insecure_accept_stub, "--insecure-accept-stub", 0, CLI_FLAG, NULL,
		"release to the software stand-in, which is NOT a TEE"),
	CLI_OPT(struct options, insecure_test_roots, "--insecure-test-root", 0, CLI_LIST, "FILE",
		"trust this root too, whose key anyone may have; may be repeated"),
};

struct serving {
	const struct options *o;
	struct cli_pieces collateral, roots;
	struct tacit_arena arena;
	void *room, *cache_room;
	struct tacit_keyd_master master;
	SSL_CTX *tls;
	struct tacit_keyd *keyd;
	int fd;
	struct tacit_address bound;
	char store[CLI_KEYD_PATH];
	const char *insecure[TACIT_KEYD_INSECURE_MAX + 1];
	struct tacit_error err;
};

static void done(struct serving *s)
{
	tacit_keyd_free(s->keyd);
	if (s->fd >= 0)
		close(s->fd);
	tacit_address_release(&s->bound);
	SSL_CTX_free(s->tls);
	tacit_keyd_master_done(&s->master);
	cli_pieces_free(&s->collateral);
	cli_pieces_free(&s->roots);
	free(s->room);
	free(s->cache_room);
}

static void warn(const struct options *o)
{
	if (o->insecure_plain)
		cli_warn("--insecure-plain: keys that are asked for without a recipient go over "
			 "the wire as they are");
	if (o->insecure_allow_debug)
		cli_warn("--insecure-allow-debug: keys go to debug TEEs, which keep no secret");
	if (o->insecure_accept_stub)
		cli_warn("--insecure-accept-stub: keys go to anybody who asks as the stand-in, "
			 "which is NOT a TEE");
	for (size_t i = 0; i < o->insecure_test_roots.count; i++)
		cli_warn("--insecure-test-root: keys go to evidence under '%s', which whoever has "
			 "that key can forge",
			 o->insecure_test_roots.items[i]);
}

static bool is_loopback(const struct tacit_address *address)
{
	char text[TACIT_ADDRESS_TEXT];

	tacit_address_format(address, text);
	return strncmp(text, "unix:", 5) == 0 || strncmp(text, "tcp:127.", 8) == 0 ||
	       strncmp(text, "tcp:[::1]", 9) == 0;
}

static int open_tls(struct serving *s)
{
	char cert[CLI_KEYD_PATH], key[CLI_KEYD_PATH];

	if (s->o->insecure_plain)
		return 0;
	if (!cli_keyd_path(&s->o->keyd, "tls.pem", cert) ||
	    !cli_keyd_path(&s->o->keyd, "tls.key", key))
		return tacit_status_exit(TACIT_USAGE);
	if (tacit_tls_server_files(s->o->tls_cert ? s->o->tls_cert : cert,
				   s->o->tls_key ? s->o->tls_key : key, &s->tls,
				   &s->err) != TACIT_OK)
		return cli_fail(&s->o->common, &s->err, "cannot serve TLS");
	return 0;
}

static int open_listener(struct serving *s)
{
	const char *text = s->o->listen ? s->o->listen : "tcp:127.0.0.1:8446";
	struct tacit_address address;

	if (tacit_address_parse(text, &address, &s->err) != TACIT_OK)
		return cli_fail(&s->o->common, &s->err, "cannot listen on '%s'", text);
	if (s->o->insecure_plain && !is_loopback(&address))
		return cli_usage("'--insecure-plain' is for loopback and unix addresses alone");
	if (tacit_address_listen(&address, &s->fd, &s->bound, &s->err) != TACIT_OK)
		return cli_fail(&s->o->common, &s->err, "cannot listen on '%s'", text);
	return 0;
}

static int read_collateral(struct serving *s, struct tacit_keyd_config *config)
{
	const struct options *o = s->o;
	int code = cli_pieces_read(&o->common, &o->collateral, true, &s->collateral);

	if (code == 0)
		code = cli_pieces_read(&o->common, &o->insecure_test_roots, false, &s->roots);
	s->room = malloc(ROOM);
	s->cache_room = malloc(TACIT_CACHE_TYPICAL);
	if (code)
		return code;
	if (!s->room || !s->cache_room)
		return cli_no_memory(&o->common);
	tacit_arena_init(&s->arena, s->room, ROOM);
	config->cache = tacit_cache_init(s->cache_room, TACIT_CACHE_TYPICAL);
	code = cli_pieces_certs(&o->common, &s->roots, &s->arena, &config->insecure_test_roots,
				&config->insecure_test_root_count);
	if (code == 0 && s->collateral.count)
		code = cli_pieces_collateral(&o->common, &s->collateral, &s->arena,
					     &config->collateral);
	return code;
}

/* A fault in a parser is to write nowhere but to the broker's folder. */
static int enter_sandbox(struct serving *s)
{
	const char *const folders[] = { s->o->keyd.dir };
	struct tacit_sandbox_report report;

	if (tacit_sandbox_enter_fetch(folders, 1, &report, &s->err) != TACIT_OK)
		return cli_fail(&s->o->common, &s->err, "cannot enter the sandbox");
	return 0;
}

static void say(void *user, const struct tacit_keyd_event *event)
{
	const struct serving *s = user;
	char who[80], reason[240] = "";

	tacit_escape(who, sizeof(who), tacit_slice_str(event->who));
	if (event->reason)
		tacit_escape(reason, sizeof(reason), tacit_slice_str(event->reason));
	cli_say(&s->o->common, "event=%s op=%s who=\"%s\" status=%u%s%s%s%s%s", event->verdict,
		event->op, who, event->status, event->reason ? " reason=\"" : "", reason,
		event->reason ? "\"" : "", s->insecure[0] ? " insecure=" : "",
		s->insecure[0] ? s->insecure[0] : "");
}

static void announce(const struct serving *s)
{
	char listen[TACIT_ADDRESS_TEXT], list[160] = "";

	tacit_address_format(&s->bound, listen);
	for (size_t i = 0; s->insecure[i]; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? "," : "",
			 s->insecure[i]);
	cli_say(&s->o->common, "event=ready listen=%s%s%s", listen, list[0] ? " insecure=" : "",
		list);
	if (s->o->common.json) {
		json_t *insecure = json_array();

		for (size_t i = 0; s->insecure[i]; i++)
			(void)json_array_append_new(insecure, json_string(s->insecure[i]));
		json_t *object = json_pack(
			"{s:s, s:s, s:s, s:o}", "schema", "tacit.keyd/1", "listen", listen,
			"region", s->o->region ? s->o->region : "us-east-1", "insecure", insecure);
		if (object && json_dumpf(object, stdout, JSON_COMPACT) == 0)
			putchar('\n');
		fflush(stdout);
		json_decref(object);
	}
	tacit_process_notify("READY=1");
}

static int start(struct serving *s, const struct tacit_keyd_config *config)
{
	const struct tacit_keyd_options options = { .tls = s->tls,
						    .store = s->store,
						    .master = &s->master,
						    .config = *config,
						    .desks = (unsigned)s->o->desks,
						    .say = say,
						    .user = s };
	size_t n = 0;

	tacit_keyd_insecure(config, s->insecure);
	while (s->insecure[n])
		n++;
	if (s->o->insecure_plain)
		s->insecure[n] = "insecure-plain";
	enum tacit_status st = tacit_keyd_new(&options, &s->keyd, &s->err);
	if (st == TACIT_OK) {
		st = tacit_keyd_listen(s->keyd, s->fd, &s->err);
		s->fd = st == TACIT_OK ? -1 : s->fd;
	}
	if (st == TACIT_OK) {
		announce(s);
		st = tacit_keyd_run(s->keyd, &s->err);
	}
	return st == TACIT_OK ? 0 : cli_fail(&s->o->common, &s->err, "cannot serve keys");
}

static int prepare(struct serving *s, struct tacit_keyd_config *config)
{
	const struct options *o = s->o;
	int code = cli_keyd_master(&o->common, &o->keyd, &s->master);

	if (code == 0 && !cli_keyd_path(&o->keyd, "store.db", s->store))
		code = tacit_status_exit(TACIT_USAGE);
	if (code == 0)
		code = open_tls(s);
	if (code == 0)
		code = read_collateral(s, config);
	if (code == 0)
		code = open_listener(s);
	if (code == 0 && tacit_process_harden(&s->err) != TACIT_OK)
		code = cli_fail(&o->common, &s->err, "cannot harden this process");
	tacit_process_raise_files(CONNECTIONS + SPARE_FILES);
	return code ? code : enter_sandbox(s);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct serving s TACIT_CLEANUP(done) = { .o = o, .fd = -1 };
	struct tacit_keyd_config config = {
		.region = o->region ? o->region : "us-east-1",
		.account = o->account ? o->account : "000000000000",
		.max_age = o->max_age ? (int64_t)o->max_age : MAX_AGE,
		.insecure_accept_stub = o->insecure_accept_stub,
		.insecure_allow_debug = o->insecure_allow_debug,
	};

	(void)argc;
	(void)argv;
	if (strlen(config.account) != 12 || config.account[strspn(config.account, "0123456789")])
		return cli_usage("'--account' has 12 digits");
	json_object_seed(0);
	warn(o);
	int code = prepare(&s, &config);
	return code ? code : start(&s, &config);
}

const struct cli_verb cmd_keyd_serve = {
	.name = "keyd serve",
	.args = "",
	.summary = "the key broker: keys for code that proves what it is",
	.group = "serve",
	.example = "tacit keyd serve --dir keys --listen tcp:0.0.0.0:8446",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
