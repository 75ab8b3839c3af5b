/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit image build: this program as a server, with its model, in an enclave image; and what
 * clients need to know of it, a policy and the measurements.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "image_facts.h"
#include "image_far.h"
#include "model.h"
#include "serve_config.h"
#include "verbs.h"

#define PATH_SIZE 4096
#define GUEST     "/usr/bin/tacit"
#define MODEL     "/model.gguf"
#define SEALED    "/model"
#define NETWORK   "libcurl.so.4" /* by which a server gets a model, or its key */
#define LISTEN    "vsock:any:8443"
#define ARGS_MAX  (CLI_LIST_MAX + 24 + IMAGE_FAR_ARGS)

struct options {
	struct cli_common common;
	const char *kernel, *cmdline, *output;
	const char *server, *init, *model, *model_id, *listen;
	uint64_t ctx, parallel, memory, cpus;
	struct cli_list args, modules, files;
	struct image_far_options far;
	const char *name, *version, *policy, *measurements;
	const char *sign, *certificate, *expect;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, kernel, "--kernel", 0, CLI_TEXT, "FILE",
		"kernel of the enclave (see docs/eif.md)"),
	CLI_OPT(struct options, cmdline, "--cmdline", 0, CLI_TEXT, "TEXT",
		"its command line (" EIF_CMDLINE ")"),
	CLI_OPT(struct options, model, "--model", 0, CLI_TEXT, "FILE",
		"a GGUF file, or the folder of a sealed model; a URL stays outside the image"),
	IMAGE_FAR_OPTIONS(struct options, far),
	CLI_OPT(struct options, model_id, "--model-id", 0, CLI_TEXT, "NAME",
		"what clients call the model (the file's name, or what a sealed one is called)"),
	CLI_OPT_RANGE(struct options, ctx, "--ctx", CLI_COUNT, "N",
		      "tokens of prompt and answer of one request; pins the configuration", 1,
		      1u << 24),
	CLI_OPT_RANGE(struct options, parallel, "--parallel", CLI_COUNT, "N",
		      "requests that run at the same time (4)", 1, 1024),
	CLI_OPT(struct options, listen, "--listen", 0, CLI_TEXT, "ADDR",
		"where the server listens in the enclave (" LISTEN ")"),
	CLI_OPT(struct options, args, "--arg", 0, CLI_LIST, "TEXT",
		"one more argument of the server; may be given again"),
	CLI_OPT(struct options, server, "--server", 0, CLI_TEXT, "FILE",
		"the server (this program)"),
	CLI_OPT(struct options, init, "--init", 0, CLI_TEXT, "FILE",
		"the first process (tacit-init beside this program)"),
	CLI_OPT(struct options, modules, "--module", 0, CLI_LIST, "FILE.ko",
		"a kernel module to load, in order; may be given again"),
	CLI_OPT(struct options, files, "--file", 0, CLI_LIST, "HOST:GUEST[:MODE]",
		"one more file; may be given again"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE.eif", "the image"),
	CLI_OPT(struct options, policy, "--policy", 0, CLI_TEXT, "FILE",
		"the policy for clients (FILE.policy.json)"),
	CLI_OPT(struct options, measurements, "--measurements", 0, CLI_TEXT, "FILE",
		"the measurements (FILE.measurements.json)"),
	CLI_OPT(struct options, memory, "--memory", 0, CLI_COUNT, "BYTES",
		"default memory in the header (1G)"),
	CLI_OPT_RANGE(struct options, cpus, "--cpus", CLI_COUNT, "N",
		      "default CPUs in the header (2)", 1, 4096),
	CLI_OPT(struct options, name, "--name", 0, CLI_TEXT, "TEXT",
		"name of image and policy (the model's)"),
	CLI_OPT(struct options, version, "--version", 0, CLI_TEXT, "TEXT",
		"version in the metadata"),
	CLI_OPT(struct options, sign, "--sign", 0, CLI_TEXT, "KEY",
		"sign with this PEM key (P-384 or P-256)"),
	CLI_OPT(struct options, certificate, "--certificate", 0, CLI_TEXT, "FILE",
		"PEM certificate of the signing key"),
	CLI_OPT(struct options, expect, "--expect", 0, CLI_TEXT, "FILE",
		"write nothing unless the measurements are these"),
};

/* What is worked out from the options before anything is written. */
struct making {
	const struct options *o;
	struct eif_plan plan;
	bool is_sealed, is_far;
	struct model_dir sealed;
	struct image_far far;
	char server[PATH_SIZE], init[PATH_SIZE];
	char policy[PATH_SIZE], measurements[PATH_SIZE];
	char ctx[24], parallel[24];
	struct image_facts facts;
};

/* ---- names ------------------------------------------------------------------------------------
 */

/* The folder of this program, with the name of a neighbour. */
static bool beside_program(const char *name, char *ret, size_t size)
{
	char folder[PATH_SIZE];
	ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

	if (len <= 0)
		return false;
	folder[len] = '\0';
	char *slash = strrchr(folder, '/');
	if (!slash)
		return false;
	*slash = '\0';
	int n = snprintf(ret, size, "%s/%s", folder, name);
	return n > 0 && (size_t)n < size && access(ret, R_OK) == 0;
}

/* OUT.eif becomes OUT.policy.json. */
static bool derive_name(const char *given, const char *output, const char *ending,
			char ret[static PATH_SIZE])
{
	size_t len = strlen(output);
	int n;

	if (len > 4 && strcmp(output + len - 4, ".eif") == 0)
		len -= 4;
	if (given)
		n = snprintf(ret, PATH_SIZE, "%s", given);
	else
		n = snprintf(ret, PATH_SIZE, "%.*s%s", (int)len, output, ending);
	return n > 0 && n < PATH_SIZE;
}

/* The last part of the name, without what it is a file of and, of a URL, without its query. */
static void name_model(struct making *m)
{
	const char *model = m->o->model;
	size_t end = m->is_far ? strcspn(model, "?") : strlen(model);
	size_t start = end;

	if (m->o->model_id) {
		snprintf(m->facts.model_id, sizeof(m->facts.model_id), "%s", m->o->model_id);
		return;
	}
	while (start > 0 && model[start - 1] != '/')
		start--;
	if (end - start > 5 && strncmp(model + end - 5, ".gguf", 5) == 0)
		end -= 5;
	snprintf(m->facts.model_id, sizeof(m->facts.model_id), "%.*s", (int)(end - start),
		 model + start);
}

static int find_parts(struct making *m)
{
	const struct options *o = m->o;

	if (!o->kernel || !o->model || !o->output)
		return cli_usage("'image build' wants --kernel, --model and -o");
	if (!o->sign != !o->certificate)
		return cli_usage("--sign and --certificate go together");
	if (o->model_id && strlen(o->model_id) >= sizeof(m->facts.model_id))
		return cli_usage("--model-id is longer than %zu bytes",
				 sizeof(m->facts.model_id) - 1);
	if (o->cmdline && (strlen(o->cmdline) > EIF_CMDLINE_MAX || strpbrk(o->cmdline, "\n\r\t")))
		return cli_usage("the command line is one line of at most %d bytes",
				 EIF_CMDLINE_MAX);
	if (o->server)
		snprintf(m->server, sizeof(m->server), "%s", o->server);
	else if (!beside_program("tacit", m->server, sizeof(m->server)))
		return cli_usage("where is the server? give --server");
	if (o->init)
		snprintf(m->init, sizeof(m->init), "%s", o->init);
	else if (!beside_program("tacit-init", m->init, sizeof(m->init)) &&
		 !beside_program("../libexec/tacit/tacit-init", m->init, sizeof(m->init)))
		return cli_usage("tacit-init is not beside this program; give --init");
	if (!derive_name(o->policy, o->output, ".policy.json", m->policy) ||
	    !derive_name(o->measurements, o->output, ".measurements.json", m->measurements))
		return cli_usage("file name is too long");
	m->is_sealed = model_dir_is(o->model);
	m->is_far = tacit_source_is_remote(o->model);
	name_model(m);
	image_far_arguments(&o->far, o->model, m->is_sealed, &m->far);
	return image_far_check(&o->far, o->model, m->is_sealed);
}

/* ---- contents ---------------------------------------------------------------------------------
 */

static enum tacit_status take_hash(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	(void)err;
	tacit_hasher_update(user, bytes);
	return TACIT_OK;
}

/* Whether it is signed, and by whom, is the server's to judge: it has the publisher's key. */
static enum tacit_status read_sealed(struct making *m, struct tacit_error *err)
{
	enum tacit_status st = m->is_far ? cli_read_file(m->o->far.manifest, TACIT_MANIFEST_MAX,
							 &m->sealed.text, err)
					 : model_dir_read(m->o->model, &m->sealed, err);

	if (st == TACIT_OK && m->is_far)
		st = model_dir_manifest(&m->sealed, err);
	if (st != TACIT_OK)
		return st;
	memcpy(m->facts.model_hash, m->sealed.identity, sizeof(m->facts.model_hash));
	if (!m->o->model_id)
		snprintf(m->facts.model_id, sizeof(m->facts.model_id), "%.*s",
			 (int)m->sealed.manifest.model_id.len,
			 (const char *)m->sealed.manifest.model_id.ptr);
	return TACIT_OK;
}

static enum tacit_status hash_model(struct making *m, struct tacit_error *err)
{
	if (m->is_sealed)
		return read_sealed(m, err);
	if (m->is_far) {
		memcpy(m->facts.model_hash, m->o->far.model_sha256.bytes,
		       sizeof(m->facts.model_hash));
		return TACIT_OK;
	}
	struct tacit_hasher *hasher = tacit_hasher_new(TACIT_SHA256);
	enum tacit_status st = hasher ? eif_each_piece(m->o->model, take_hash, hasher, err)
				      : tacit_fail(err, TACIT_NOMEM, "model", 0, "out of memory");

	if (st == TACIT_OK)
		st = tacit_hasher_final(hasher, m->facts.model_hash, err);
	tacit_hasher_free(hasher);
	return st;
}

static uint64_t parallel(const struct options *o)
{
	return o->parallel ? o->parallel : SERVE_PARALLEL;
}

static enum tacit_status put_arguments(struct making *m, struct eif_tree *tree,
				       struct tacit_error *err)
{
	const struct options *o = m->o;
	const char *model = m->is_far ? o->model : m->is_sealed ? SEALED : MODEL;
	const char *listen = o->listen ? o->listen : LISTEN, *id = m->facts.model_id;
	const char *args[ARGS_MAX] = { GUEST,      "serve", "--tee",      "auto",
				       "--model",  model,   "--model-id", id,
				       "--listen", listen,  "--parallel", m->parallel };
	size_t n = 12;

	snprintf(m->parallel, sizeof(m->parallel), "%llu", (unsigned long long)parallel(o));
	if (o->ctx) {
		snprintf(m->ctx, sizeof(m->ctx), "%llu", (unsigned long long)o->ctx);
		args[n++] = "--ctx";
		args[n++] = m->ctx;
	}
	for (size_t i = 0; i < m->far.count; i++)
		args[n++] = m->far.args[i];
	for (size_t i = 0; i < o->args.count; i++)
		args[n++] = o->args.items[i];
	return eif_boot_lines(tree, "/etc/tacit/argv", args, n, err);
}

static enum tacit_status fill_program(struct making *m, struct eif_tree *tree,
				      struct tacit_error *err)
{
	bool out = m->is_sealed || image_far_goes_out(&m->o->far, m->o->model);
	enum tacit_status st = image_add_program(tree, GUEST, m->server, out ? NETWORK : NULL, err);

	if (st == TACIT_OK && m->o->far.ca)
		st = eif_tree_file(tree, IMAGE_FAR_CA, m->o->far.ca, 0644, err);
	if (st == TACIT_OK)
		st = put_arguments(m, tree, err);
	return st == TACIT_OK ? eif_tree_finish(tree, err) : st;
}

static enum tacit_status add_sealed_file(struct making *m, struct eif_tree *tree,
					 struct tacit_slice name, const char *suffix,
					 struct tacit_error *err)
{
	const struct model_dir in_guest = { .path = SEALED };
	char host[MODEL_PATH], guest[MODEL_PATH];

	if (!model_dir_file(&m->sealed, name, suffix, host) ||
	    !model_dir_file(&in_guest, name, suffix, guest))
		return tacit_fail(err, TACIT_USAGE, "model", 0, "a name is too long");
	return eif_tree_file(tree, guest, host, 0644, err);
}

/* What the manifest names, and nothing else that may lie in the folder. */
static enum tacit_status add_sealed(struct making *m, struct eif_tree *tree,
				    struct tacit_error *err)
{
	const struct tacit_manifest *manifest = &m->sealed.manifest;
	enum tacit_status st =
		eif_tree_bytes(tree, SEALED "/" TACIT_SEALED_MANIFEST, m->sealed.text, 0644, err);

	if (st == TACIT_OK)
		st = add_sealed_file(m, tree, tacit_slice_str(TACIT_SEALED_SIGNATURES), "", err);
	for (size_t i = 0; st == TACIT_OK && i < manifest->file_count; i++)
		st = add_sealed_file(m, tree, manifest->files[i].name, TACIT_SEALED_SUFFIX, err);
	return st;
}

static enum tacit_status fill_data(struct making *m, struct eif_tree *tree, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	if (!m->is_far)
		st = m->is_sealed ? add_sealed(m, tree, err)
				  : eif_tree_file(tree, MODEL, m->o->model, 0644, err);
	for (size_t i = 0; st == TACIT_OK && i < m->o->files.count; i++)
		st = eif_tree_option(tree, m->o->files.items[i], err);
	return st == TACIT_OK ? eif_tree_finish(tree, err) : st;
}

/*
 * What boots, the program, and the rest: the first two compressed, since a program becomes less
 * than half of itself, and a model almost nothing less. What comes later would replace what was
 * before.
 */
static enum tacit_status make_ramdisks(struct making *m, struct tacit_error *err)
{
	const struct eif_boot boot = { m->init, &m->o->modules };
	struct eif_ramdisk *ramdisk = m->plan.ramdisk;
	const char *twice = NULL;
	enum tacit_status st = eif_boot_tree(&boot, &ramdisk[0].tree, err);

	m->plan.ramdisk_count = 3;
	ramdisk[0].is_packed = ramdisk[1].is_packed = true;
	if (st == TACIT_OK)
		st = fill_program(m, &ramdisk[1].tree, err);
	if (st == TACIT_OK)
		st = fill_data(m, &ramdisk[2].tree, err);
	if (st == TACIT_OK && !eif_tree_apart(&ramdisk[1].tree, &ramdisk[2].tree, &twice))
		st = tacit_fail(err, TACIT_USAGE, "image", 0, "'%s' is there twice", twice);
	return st;
}

static enum tacit_status make_plan(struct making *m, struct tacit_error *err)
{
	const struct options *o = m->o;
	const struct eif_about about = { .name = o->name ? o->name : m->facts.model_id,
					 .version = o->version };
	struct eif_plan *plan = &m->plan;
	enum tacit_status st = TACIT_OK;

	plan->kernel = o->kernel;
	plan->cmdline = o->cmdline ? o->cmdline : EIF_CMDLINE;
	plan->signer = (struct eif_signer){ o->sign, o->certificate };
	plan->header.memory = o->memory ? o->memory : UINT64_C(1) << 30;
	plan->header.cpus = o->cpus ? o->cpus : 2;
	(void)eif_kernel_machine(o->kernel, &plan->header.flags);
	if (o->expect)
		st = eif_registers_read(o->expect, &plan->expect, err);
	if (st == TACIT_OK)
		st = eif_metadata(&about, o->kernel, &plan->metadata, err);
	return st == TACIT_OK ? make_ramdisks(m, err) : st;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void report(const struct making *m)
{
	if (m->o->common.json) {
		json_t *top = json_pack(
			"{s:s, s:s, s:s, s:s, s:s, s:o}", "schema", "tacit.image-build/1", "image",
			m->o->output, "policy", m->policy, "measurements", m->measurements,
			"model_id", m->facts.model_id, "Measurements", image_facts_json(&m->facts));

		eif_put_hex(top, "model_sha256", TACIT_SLICE_ARRAY(m->facts.model_hash));
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
		return;
	}
	eif_registers_print(&m->o->common, "", &m->facts.registers);
	cli_say(&m->o->common, "image %s, policy %s, measurements %s", m->o->output, m->policy,
		m->measurements);
	if (!m->facts.has_config)
		cli_hint(&m->o->common, "give --ctx and no --arg, and the policy pins the "
					"configuration and PCR16 too");
}

static enum tacit_status make(struct making *m, struct tacit_error *err)
{
	const struct options *o = m->o;
	enum tacit_status st = hash_model(m, err);

	/* With the context given, everything is known that the server will say of its
	 * configuration; but an argument that we do not know may change it. */
	if (st == TACIT_OK && o->ctx && !o->args.count)
		st = image_facts_config(&m->facts, o->ctx, parallel(o), err);
	if (st == TACIT_OK)
		st = make_plan(m, err);
	if (st == TACIT_OK)
		st = eif_plan_write(&m->plan, o->output, &m->facts.registers, err);
	if (st == TACIT_OK)
		st = image_facts_policy(&m->facts, o->name, m->policy, err);
	if (st == TACIT_OK)
		st = image_facts_measurements(&m->facts, m->measurements, err);
	return st;
}

static int run(void *options, int argc, char **argv)
{
	struct making *m = calloc(1, sizeof(*m));
	struct tacit_error err = { 0 };

	(void)argc;
	(void)argv;
	if (!m)
		return cli_no_memory(options);
	m->o = options;
	int code = find_parts(m);
	if (code == 0) {
		if (make(m, &err) == TACIT_OK)
			report(m);
		else
			code = cli_fail(&m->o->common, &err, "cannot build '%s'", m->o->output);
	}
	eif_plan_done(&m->plan);
	model_dir_free(&m->sealed);
	free(m);
	return code;
}

const struct cli_verb cmd_image_build = {
	.name = "image build",
	.args = "",
	.summary = "build an enclave image of the server and a model, with its policy",
	.group = "serve",
	.example = "tacit image build --kernel bzImage --model model.gguf --ctx 4096 -o server.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
