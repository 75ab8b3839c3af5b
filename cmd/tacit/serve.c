/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit serve: a model behind attested TLS. Order matters: what can fail cheaply comes before
 * the model is loaded, the model before any thread (its trial forks), evidence before the first
 * client.
 */

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "channel/evidence_service.h"
#include "channel/tls.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "infer/sched.h"
#include "net/api.h"
#include "net/server.h"
#include "serve_config.h"
#include "serve_fetch.h"
#include "serve_roots.h"
#include "serve_sealed.h"
#include "sys/address.h"
#include "sys/attest.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "tee_option.h"
#include "verbs.h"

#define DEFAULT_LISTEN          "tcp:127.0.0.1:8443"
#define DEFAULT_GRACE           10
#define DEFAULT_MAX_CONNECTIONS 4096
#define SPARE_FILES             64 /* beside connections: the model, the loop, the logs */

struct options {
	struct cli_common common;
	const char *model, *listen, *tee, *tpm, *imds, *model_id;
	uint64_t ctx, parallel, threads, grace, max_body, queue, max_connections;
	bool prompt_cache;
	struct cli_list insecure_test_roots;
	struct serve_sealed_options sealed;
	struct source_options source;
	struct cli_hex model_sha256;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, model, "--model", 0, CLI_TEXT, "WHERE",
		"a GGUF file, or the folder of a sealed model; also https://, s3://, gs://"),
	{ "--model-sha256", 0, CLI_HEX, "HEX", "what that file must be",
	  offsetof(struct options, model_sha256), TACIT_SHA256_LEN, TACIT_SHA256_LEN },
	CLI_OPT(struct options, sealed.keys, "--model-key", 0, CLI_LIST, "KEY",
		"what opens a sealed model: a file of age identities, passphrase:FILE, aws-kms:... "
		"or broker:URL; may be repeated"),
	CLI_OPT(struct options, sealed.publishers, "--publisher", 0, CLI_LIST, "HEX",
		"a publisher whose sealed models are taken; may be repeated"),
	CLI_OPT(struct options, sealed.insecure_any_publisher, "--insecure-any-publisher", 0,
		CLI_FLAG, NULL, "take a sealed model of anybody"),
	KMS_KEY_OPTIONS(struct options, sealed.kms),
	CLI_OPT(struct options, listen, "--listen", 0, CLI_TEXT, "ADDR",
		"tcp:HOST:PORT, unix:PATH or vsock:CID:PORT (default: " DEFAULT_LISTEN ")"),
	CLI_OPT(struct options, tee, "--tee", 0, CLI_TEXT, "TEE",
		CLI_TEES " (default: auto, which is never the stub)"),
	CLI_OPT(struct options, tpm, "--tpm", 0, CLI_TEXT, "PATH|unix:PATH",
		"Azure's virtual TPM (default: /dev/tpmrm0)"),
	CLI_OPT(struct options, imds, "--azure-imds", 0, CLI_TEXT, "URL",
		"Azure's metadata service (default: http://169.254.169.254)"),
	CLI_OPT(struct options, model_id, "--model-id", 0, CLI_TEXT, "NAME",
		"what clients call the model (default: from the file)"),
	CLI_OPT_RANGE(
		struct options, ctx, "--ctx", CLI_COUNT, "N",
		"tokens of prompt and answer of one request (default: the model's, at most 4096)",
		0, 1u << 24),
	CLI_OPT_RANGE(struct options, parallel, "--parallel", CLI_COUNT, "N",
		      "requests that run at the same time (default: 4)", 1,
		      TACIT_ENGINE_PARALLEL_MAX),
	CLI_OPT_RANGE(struct options, threads, "--threads", CLI_COUNT, "N",
		      "threads that compute (default: one per core)", 1, 1024),
	CLI_OPT_RANGE(struct options, queue, "--queue", CLI_COUNT, "N",
		      "requests that wait for their turn; more are answered 429 (default: 64)", 1,
		      65536),
	CLI_OPT_RANGE(struct options, max_body, "--max-body", CLI_COUNT, "BYTES",
		      "largest request body (default: 8M)", 1, 1u << 30),
	CLI_OPT_RANGE(struct options, max_connections, "--max-connections", CLI_COUNT, "N",
		      "connections held at the same time (default: 4096)", 1, 1u << 20),
	CLI_OPT_RANGE(struct options, grace, "--grace", CLI_COUNT, "SECONDS",
		      "how long running answers may go on after SIGTERM (default: 10)", 1, 86400),
	CLI_OPT(struct options, prompt_cache, "--prompt-cache", 0, CLI_FLAG, NULL,
		"reuse prompts across requests: faster, but timing shows what others asked"),
	CLI_OPT(struct options, insecure_test_roots, "--insecure-test-root", 0, CLI_LIST, "FILE",
		"take evidence under this root, of an emulated TEE, for our own; may be repeated"),
	SOURCE_OPTIONS(struct options, source),
};

/* Everything that serving holds, in the order it is made. Zero-initialised means not made. */
struct serving {
	const struct options *options;
	struct tacit_error err;
	struct serve_roots roots;
	struct tacit_address bound;
	int fd;
	struct serve_sealed sealed; /* of a sealed model; its image is the engine's */
	struct tacit_engine *engine;
	char config[SERVE_CONFIG_ROOM];
	uint8_t config_hash[TACIT_SHA256_LEN];
	struct tacit_attester *attester;
	struct tacit_identity identity;
	struct tacit_evidence_service *evidence;
	SSL_CTX *tls;
	struct tacit_sched *sched;
	struct tacit_api *api;
	struct tacit_server *server;
};

static void end_serving(struct serving *s)
{
	if (s->api)
		tacit_api_detach(s->api);
	tacit_sched_free(s->sched);
	tacit_evidence_service_free(s->evidence);
	tacit_server_free(s->server); /* hands back what the two posted */
	tacit_api_free(s->api);
	SSL_CTX_free(s->tls);
	tacit_identity_done(&s->identity);
	tacit_attester_close(s->attester);
	tacit_engine_free(s->engine);
	serve_sealed_done(&s->sealed);
	serve_roots_free(&s->roots);
	if (s->fd >= 0)
		tacit_address_release(&s->bound);
}

/* The address and the TEE, before minutes go into loading a model. */
static int open_outside(struct serving *s, enum tacit_tee tee)
{
	const struct tacit_attest_options nothing = { .config = tacit_slice_str("tacit serve"),
						      .tpm = s->options->tpm,
						      .imds = s->options->imds };
	const struct cli_common *common = &s->options->common;
	const char *listen = s->options->listen ? s->options->listen : DEFAULT_LISTEN;
	struct tacit_attester *trial;
	struct tacit_address address;

	if (tacit_address_parse(listen, &address, &s->err) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot listen on '%s'", listen);
	if (tacit_attester_open(tee, &nothing, &trial, &s->err) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot attest");
	enum tacit_status st = tacit_api_receipt_possible(tacit_attester_tee(trial), &s->err);
	tacit_attester_close(trial);
	if (st != TACIT_OK)
		return cli_fail(common, &s->err, "cannot serve here");
	if (tacit_address_listen(&address, &s->fd, &s->bound, &s->err) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot listen on '%s'", listen);
	return 0;
}

static void log_engine(void *user, const char *line)
{
	const struct cli_common *common = user;

	if (common->verbose)
		cli_say(common, "event=engine text=\"%s\"", line);
}

/* What came or was opened goes to the engine as it lies in memory. */
static int run_image(struct serving *s, const struct tacit_engine_options *setup,
		     struct tacit_image *image)
{
	uint64_t start = tacit_clock_us();

	if (tacit_engine_load_image(image, setup, &s->engine, &s->err) == TACIT_OK) {
		cli_say(&s->options->common, "event=model-loaded ms=%llu",
			(unsigned long long)(tacit_clock_us() - start) / 1000);
		return 0;
	}
	tacit_image_free(image);
	return cli_fail(&s->options->common, &s->err, "cannot run what came as the model");
}

static int load_sealed(struct serving *s, struct tacit_engine_options *setup)
{
	const struct options *o = s->options;
	struct serve_sealed_options options = o->sealed;

	/* Whoever serves asks for the key, and goes where models come from if not told where. */
	options.source = &o->source;
	options.kms.tee = o->tee;
	if (!options.kms.via)
		options.kms.via = o->source.via;
	if (!options.kms.ca)
		options.kms.ca = o->source.ca;
	if (!options.kms.aws_credentials)
		options.kms.aws_credentials = o->source.aws_credentials;
	options.kms.aws_profile = o->source.aws_profile;
	int code = serve_sealed_open(&o->common, o->model, &options, &s->sealed);

	if (code != 0)
		return code;
	if (!setup->name)
		setup->name = s->sealed.model_id;
	return run_image(s, setup, s->sealed.image);
}

/* The same for a plain model that is far away, or is told to be a certain one. */
static int load_fetched(struct serving *s, const struct tacit_engine_options *setup)
{
	const struct options *o = s->options;
	struct tacit_image *image = NULL;
	int code = serve_fetch(&o->common, o->model, &o->source, &o->model_sha256, &image);

	return code ? code : run_image(s, setup, image);
}

static int load_model(struct serving *s)
{
	const struct options *o = s->options;
	struct tacit_engine_options setup = {
		.ctx = (uint32_t)o->ctx,
		.parallel = (uint32_t)o->parallel,
		.threads = (uint32_t)o->threads,
		.prompt_cache = o->prompt_cache,
		.name = o->model_id,
		.log = log_engine,
		.user = (void *)(uintptr_t)&o->common,
	};

	if (model_dir_is(o->model) && o->model_sha256.given)
		return cli_usage("--model-sha256 is of a plain model, not of a sealed one");
	if (model_dir_is(o->model))
		return load_sealed(s, &setup);
	if (tacit_source_is_remote(o->model) || o->model_sha256.given)
		return load_fetched(s, &setup);
	if (tacit_engine_load(o->model, &setup, &s->engine, &s->err) != TACIT_OK)
		return cli_fail(&o->common, &s->err, "cannot load model '%s'", o->model);
	return 0;
}

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
	return value ? value : fallback;
}

static enum tacit_status write_config(struct serving *s)
{
	const struct tacit_engine_info *info = tacit_engine_info(s->engine);
	const struct serve_config config = {
		.model_id = info->id,
		.ctx = info->ctx,
		.parallel = info->parallel,
		.prompt_cache = info->prompt_cache,
		.max_body = or_default(s->options->max_body, SERVE_MAX_BODY),
	};

	return serve_config_write(&config, s->config, s->config_hash, &s->err);
}

static enum tacit_status open_identity(struct serving *s, enum tacit_tee tee)
{
	const struct tacit_engine_info *info = tacit_engine_info(s->engine);
	enum tacit_status st = write_config(s);
	const struct tacit_attest_options setup = { .config = tacit_slice_str(s->config),
						    .model = TACIT_SLICE_ARRAY(info->sha256),
						    .serving = true,
						    .tpm = s->options->tpm,
						    .imds = s->options->imds };

	if (st == TACIT_OK)
		st = tacit_attester_open(tee, &setup, &s->attester, &s->err);
	if (st == TACIT_OK)
		st = tacit_identity_init(&s->identity, tacit_clock_wall(), &s->err);
	if (st == TACIT_OK)
		st = tacit_tls_server_new(&s->identity, &s->tls, &s->err);
	if (st != TACIT_OK)
		return st;
	const struct tacit_evidence_options evidence = {
		.attester = s->attester,
		.identity = &s->identity,
		.model_id = tacit_slice_str(info->id),
		.model_hash = info->sha256,
		.config_hash = s->config_hash,
	};
	return tacit_evidence_service_new(&evidence, &s->evidence, &s->err);
}

static enum tacit_status open_api(struct serving *s)
{
	const struct tacit_sched_options queue = { .queue_max = (uint32_t)s->options->queue };
	enum tacit_status st = tacit_sched_start(s->engine, &queue, &s->sched, &s->err);

	if (st != TACIT_OK)
		return st;
	const struct tacit_api_options api = {
		.model = tacit_engine_info(s->engine),
		.sched = s->sched,
		.identity = &s->identity,
		.evidence = s->evidence,
		.config_hash = s->config_hash,
		.model_hash_scheme = s->sealed.image ? "sha256-manifest" : NULL,
		.insecure_test_roots = s->roots.certs,
		.insecure_test_root_count = s->roots.count,
	};
	return tacit_api_new(&api, &s->api, &s->err);
}

static enum tacit_status open_server(struct serving *s)
{
	const struct options *o = s->options;
	uint64_t want = or_default(o->max_connections, DEFAULT_MAX_CONNECTIONS);
	uint64_t files = tacit_process_raise_files(want + SPARE_FILES);

	if (files < want + SPARE_FILES) {
		want = files > 2 * SPARE_FILES ? files - SPARE_FILES : SPARE_FILES;
		cli_say(&o->common, "event=limit connections=%llu reason=\"limit of open files\"",
			(unsigned long long)want);
	}
	const struct tacit_server_options server = {
		.tls = s->tls,
		.max_connections = (size_t)want,
		.max_body = (size_t)or_default(o->max_body, SERVE_MAX_BODY),
		.grace_ms = (unsigned)or_default(o->grace, DEFAULT_GRACE) * 1000,
		.on_request = tacit_api_on_request,
		.on_refusal = tacit_api_on_refusal,
		.on_stop = tacit_api_on_stop,
		.user = s->api,
	};
	enum tacit_status st = tacit_server_new(&server, &s->server, &s->err);
	if (st == TACIT_OK)
		st = tacit_server_listen(s->server, s->fd, &s->err);
	return st;
}

static void print_ready(const struct serving *s, const char *listen, const char *model_hex,
			const char *config_hex)
{
	enum tacit_tee tee = tacit_attester_tee(s->attester);
	const struct tacit_engine_info *info = tacit_engine_info(s->engine);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "schema", "tacit.serve/1",
				   "listen", listen, "tee", tacit_tee_name(tee), "model", info->id,
				   "model_sha256", model_hex, "config", s->config, "config_sha256",
				   config_hex);

	if (!object)
		return;
	if (!tacit_tee_is_real(tee))
		json_object_set_new(object, "notice", json_string(tacit_tee_label(tee)));
	if (s->roots.count)
		json_object_set_new(object, "insecure", json_pack("[s]", "insecure-test-root"));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

static void announce(const struct serving *s)
{
	const struct tacit_engine_info *info = tacit_engine_info(s->engine);
	char listen[TACIT_ADDRESS_TEXT];
	char model_hex[2 * TACIT_SHA256_LEN + 1], config_hex[2 * TACIT_SHA256_LEN + 1];
	char id[TACIT_ENGINE_ID_LEN * 4]; /* it may come from the model file: shown escaped */

	tacit_escape(id, sizeof(id), tacit_slice_str(info->id));
	tacit_address_format(&s->bound, listen);
	tacit_hex_encode(TACIT_SLICE_ARRAY(info->sha256), model_hex);
	tacit_hex_encode(TACIT_SLICE_ARRAY(s->config_hash), config_hex);
	cli_say(&s->options->common,
		"event=ready listen=%s tee=\"%s\" model=\"%s\" model_sha256=%s config_sha256=%s",
		listen, tacit_tee_label(tacit_attester_tee(s->attester)), id, model_hex,
		config_hex);
	if (s->options->common.json)
		print_ready(s, listen, model_hex, config_hex);
	tacit_process_notify("READY=1");
}

/* The folder of our unix socket, which is removed at the end; NULL without one. */
static const char *socket_folder(const struct serving *s, char *room, size_t size)
{
	if (s->bound.transport != TACIT_TRANSPORT_UNIX)
		return NULL;
	snprintf(room, size, "%s", s->bound.path);
	char *slash = strrchr(room, '/');
	if (!slash)
		return ".";
	slash[slash == room ? 1 : 0] = '\0';
	return room;
}

/*
 * From here on nothing is opened, started or dialled. The engine's threads are there already:
 * Landlock holds the thread that reads the network, seccomp holds them all.
 */
static enum tacit_status enter_sandbox(struct serving *s)
{
	struct tacit_sandbox_report report;
	char room[sizeof(s->bound.path)];

	json_object_seed(0); /* it would open the random device at first use */
	const struct tacit_sandbox_keep keep = {
		.socket_folder = socket_folder(s, room, sizeof(room)),
		.tee = tacit_attester_tee(s->attester),
	};
	enum tacit_status st = tacit_sandbox_enter(TACIT_SANDBOX_SERVE, &keep, &report, &s->err);
	if (st == TACIT_OK && !(report.files && report.outbound && report.calls))
		cli_say(&s->options->common, "event=sandbox files=%d outbound=%d calls=%d",
			report.files, report.outbound, report.calls);
	return st;
}

static int serve(struct serving *s, enum tacit_tee tee)
{
	const struct cli_common *common = &s->options->common;
	int code = serve_roots_read(common, &s->options->insecure_test_roots, &s->roots);

	if (code == 0)
		code = open_outside(s, tee);
	if (code == 0)
		code = load_model(s);
	if (code != 0)
		return code;
	if (open_identity(s, tee) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot make this server's identity");
	if (tee == TACIT_TEE_NONE)
		cli_say(common, "event=tee tee=%s reason=\"%s\"",
			tacit_tee_name(tacit_attester_tee(s->attester)),
			tacit_attester_found(s->attester));
	if (tacit_attester_began(s->attester))
		cli_say(common, "%s", tacit_attester_began(s->attester));
	if (open_api(s) != TACIT_OK || open_server(s) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot serve");
	if (enter_sandbox(s) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot enter the sandbox");
	announce(s);
	if (tacit_server_run(s->server, &s->err) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot serve");
	cli_say(common, "event=stopped");
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	struct serving s = { .options = options, .fd = -1 };
	const struct options *o = options;
	enum tacit_tee tee;

	(void)argc;
	(void)argv;
	if (!o->model)
		return cli_usage("serve needs --model WHERE");
	int code = cli_tee_option(o->tee, &tee);
	if (code)
		return code;
	if (tacit_process_harden(&s.err) != TACIT_OK)
		return cli_fail(&o->common, &s.err, "cannot serve");
	code = serve(&s, tee);
	end_serving(&s);
	return code;
}

const struct cli_verb cmd_serve = {
	.name = "serve",
	.args = "",
	.summary = "serve a model behind attested TLS, with a receipt for every answer",
	.group = "serve",
	.example = "tacit serve --tee stub --model models/demo.gguf --listen tcp:127.0.0.1:8443",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.struct_size = sizeof(struct options),
	.run = run,
};
