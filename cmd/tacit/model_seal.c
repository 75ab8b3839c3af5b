/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model seal: plain files into the folder of a sealed model. The manifest goes in last, so
 * that a folder that was not finished is no model.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/secret.h"
#include "crypto/random.h"
#include "model.h"
#include "sys/clock.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_list to;
	struct kms_options kms;
	struct cli_time created, expires;
	uint64_t threads;
	const char *output, *sign, *model_id, *version, *format, *tokenizer, *chat_template,
		*policy;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, to, "--to", 0, CLI_LIST, "RECIPIENT",
		"who can open it: age1..., file:PATH, passphrase:FILE, aws-kms:ARN or broker:URL; "
		"may be repeated"),
	CLI_OPT(struct options, sign, "--sign", 0, CLI_TEXT, "FILE",
		"the publisher's private key: Ed25519, PEM, not encrypted"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "DIR",
		"where the sealed model goes; must not exist"),
	CLI_OPT(struct options, model_id, "--model-id", 0, CLI_TEXT, "NAME",
		"what clients call the model (default: the first file's name)"),
	CLI_OPT(struct options, version, "--model-version", 0, CLI_TEXT, "TEXT",
		"its version (default: 1)"),
	CLI_OPT(struct options, format, "--format", 0, CLI_TEXT, "NAME",
		"what engines call the format (default: gguf)"),
	CLI_OPT(struct options, tokenizer, "--tokenizer", 0, CLI_TEXT, "FILE",
		"a tokenizer whose hash goes into the manifest"),
	CLI_OPT(struct options, chat_template, "--template", 0, CLI_TEXT, "FILE",
		"a chat template whose hash goes into the manifest"),
	CLI_OPT(struct options, policy, "--policy", 0, CLI_TEXT, "FILE",
		"the policy that it is sealed for; its hash goes into the manifest"),
	CLI_OPT(struct options, expires, "--expires", 0, CLI_TIME, "TIME",
		"when servers stop taking it (default: never)"),
	CLI_OPT(struct options, created, "--created", 0, CLI_TIME, "TIME",
		"when it was made, for a manifest that can be made again (default: now)"),
	CLI_OPT_RANGE(struct options, threads, "--threads", CLI_COUNT, "N",
		      "threads that hash and encrypt (default: one per core)", 1,
		      TACIT_SEALED_THREADS_MAX),
	KMS_KEY_OPTIONS(struct options, kms),
};

/* What is being made. Zero-initialised means not made yet. */
struct sealing {
	const struct options *o;
	struct tacit_error err;
	struct tacit_keyring *ring;
	struct kms_lazy kms;
	struct tacit_key *key;
	size_t count;
	struct tacit_manifest_file files[TACIT_MANIFEST_FILES_MAX];
	struct model_file plain[TACIT_MANIFEST_FILES_MAX];
	uint8_t *hashes[TACIT_MANIFEST_FILES_MAX];
	uint8_t digests[3][TACIT_SHA256_LEN];
	struct model_dir dir; /* its text and room are not used */
	uint8_t *text;
	size_t text_len;
	uint8_t header[TACIT_AGE_HEADER_MAX];
	struct model_progress progress;
};

static struct tacit_sealed_options work_options(struct sealing *s, const char *what)
{
	s->progress = (struct model_progress){ .common = &s->o->common, .what = what };
	return (struct tacit_sealed_options){ .threads = (unsigned)s->o->threads,
					      .progress = model_progress,
					      .user = &s->progress };
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum tacit_status hash_one(struct sealing *s, const char *path)
{
	size_t i = s->count;
	struct tacit_manifest_file *file = &s->files[i];
	enum tacit_status st = model_file_open(path, &s->plain[i], &s->err);

	if (st != TACIT_OK)
		return st;
	s->count++;
	file->name = tacit_slice_str(base_name(path));
	uint64_t segments = tacit_manifest_segments(s->plain[i].size);
	s->hashes[i] = malloc((size_t)segments * TACIT_SHA256_LEN + 1);
	if (!s->hashes[i])
		return tacit_fail(&s->err, TACIT_NOMEM, "model.seal", 0, "no memory");
	struct tacit_sealed_in in = model_file_in(&s->plain[i]);
	struct tacit_sealed_options o = work_options(s, "hashing");
	st = tacit_sealed_hash(&in, &o, s->hashes[i], file, &s->err);
	model_progress_end(&s->progress);
	return st;
}

/* The hash of a file that goes along in the manifest only. */
static enum tacit_status hash_named(struct sealing *s, const char *path, size_t slot,
				    struct tacit_slice *ret)
{
	struct tacit_slice bytes;

	if (!path)
		return TACIT_OK;
	enum tacit_status st = cli_read_file(path, 1u << 30, &bytes, &s->err);
	if (st != TACIT_OK)
		return st;
	st = tacit_hash(TACIT_SHA256, bytes, s->digests[slot], &s->err);
	free((void *)(uintptr_t)bytes.ptr);
	*ret = TACIT_SLICE_ARRAY(s->digests[slot]);
	return st;
}

static enum tacit_status describe(struct sealing *s)
{
	const struct options *o = s->o;
	struct tacit_manifest *m = &s->dir.manifest;

	m->model_id = o->model_id ? tacit_slice_str(o->model_id) : s->files[0].name;
	m->version = tacit_slice_str(o->version ? o->version : "1");
	m->format = tacit_slice_str(o->format ? o->format : "gguf");
	m->created = o->created.given ? o->created.seconds : tacit_clock_wall();
	m->expires = o->expires.given ? o->expires.seconds : 0;
	m->files = s->files;
	m->file_count = s->count;
	enum tacit_status st = hash_named(s, o->tokenizer, 0, &m->tokenizer);
	if (st == TACIT_OK)
		st = hash_named(s, o->chat_template, 1, &m->chat_template);
	if (st == TACIT_OK)
		st = hash_named(s, o->policy, 2, &m->policy);
	return st ? st : tacit_manifest_check(m, &s->err);
}

static enum tacit_status write_manifest(struct sealing *s)
{
	struct tacit_slice text;

	s->text = malloc(TACIT_MANIFEST_MAX);
	if (!s->text)
		return tacit_fail(&s->err, TACIT_NOMEM, "model.seal", 0, "no memory");
	struct writer w = wr_of(tacit_mut_of(s->text, TACIT_MANIFEST_MAX));
	tacit_manifest_write(&s->dir.manifest, &w);
	enum tacit_status st = wr_finish(&w, "model.manifest", &text, &s->err);
	if (st != TACIT_OK)
		return st;
	s->text_len = text.len;
	s->dir.signatures.count = 1;
	st = tacit_hash(TACIT_SHA256, text, s->dir.identity, &s->err);
	return st ? st
		  : tacit_model_sign(s->dir.identity, s->key, &s->dir.signatures.items[0], &s->err);
}

static enum tacit_status seal_into(struct sealing *s, size_t i, const uint8_t *file_key,
				   struct model_file *to)
{
	struct tacit_key_use use = model_dir_use(&s->dir, &s->files[i]);
	struct tacit_slice header;
	enum tacit_status st =
		model_header(s->ring, &use, file_key, tacit_mut_of(s->header, sizeof(s->header)),
			     &header, &s->err);

	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_in in = model_file_in(&s->plain[i]);
	struct tacit_sealed_out out = model_file_out(to);
	struct tacit_sealed_options o = work_options(s, "sealing");
	st = out.write(out.user, 0, header, &s->err);
	if (st == TACIT_OK)
		st = tacit_sealed_seal(&s->files[i], &in, file_key, header.len, &out, &o, &s->err);
	model_progress_end(&s->progress);
	return st ? st : model_file_flush(to, &s->err);
}

static enum tacit_status seal_one(struct sealing *s, size_t i)
{
	uint8_t file_key[TACIT_AGE_FILE_KEY];
	char path[MODEL_PATH];
	struct model_file to = { .fd = -1 };

	if (!model_dir_file(&s->dir, s->files[i].name, TACIT_SEALED_SUFFIX, path))
		return tacit_fail(&s->err, TACIT_USAGE, "model.seal", 0, "a name is too long");
	enum tacit_status st = tacit_random(tacit_mut_of(file_key, sizeof(file_key)), &s->err);
	if (st == TACIT_OK)
		st = model_file_create(path, 0644, &to, &s->err);
	if (st == TACIT_OK)
		st = seal_into(s, i, file_key, &to);
	tacit_wipe(file_key, sizeof(file_key));
	model_file_close(&to);
	return st;
}

static enum tacit_status write_signed(struct sealing *s)
{
	char path[MODEL_PATH];
	static uint8_t room[TACIT_MODEL_SIGNATURES_FILE];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice text;

	tacit_model_signatures_write(&s->dir.signatures, &w);
	enum tacit_status st = wr_finish(&w, "model.signatures", &text, &s->err);
	if (st == TACIT_OK &&
	    model_dir_file(&s->dir, tacit_slice_str(TACIT_SEALED_SIGNATURES), "", path))
		st = cli_write_file(path, text, 0644, &s->err);
	if (st == TACIT_OK &&
	    model_dir_file(&s->dir, tacit_slice_str(TACIT_SEALED_MANIFEST), "", path))
		st = cli_write_file(path, tacit_slice_of(s->text, s->text_len), 0644, &s->err);
	return st;
}

static void report(const struct sealing *s)
{
	char identity[2 * TACIT_SHA256_LEN + 1], publisher[2 * TACIT_PUBLISHER_KEY + 1];

	tacit_hex_encode(TACIT_SLICE_ARRAY(s->dir.identity), identity);
	tacit_hex_encode(TACIT_SLICE_ARRAY(s->dir.signatures.items[0].key), publisher);
	if (s->o->common.json) {
		printf("{\"schema\":\"tacit.model-seal/1\",\"model_sha256\":\"%s\","
		       "\"publisher\":\"%s\",\"files\":%zu}\n",
		       identity, publisher, s->count);
		return;
	}
	if (s->o->common.quiet)
		return;
	printf("sealed: %zu file%s in '%s'\n", s->count, s->count == 1 ? "" : "s", s->o->output);
	printf("model_sha256: %s\npublisher: %s\n", identity, publisher);
}

static int seal(struct sealing *s, int argc, char **argv)
{
	const struct cli_common *common = &s->o->common;
	enum tacit_status st = TACIT_OK;

	for (int i = 0; i < argc; i++)
		if (hash_one(s, argv[i]) != TACIT_OK)
			return cli_fail(common, &s->err, "cannot read '%s'", argv[i]);
	if (describe(s) != TACIT_OK || write_manifest(s) != TACIT_OK)
		return cli_fail(common, &s->err, "cannot make the manifest");
	if (mkdir(s->o->output, 0755) != 0) {
		st = tacit_fail(&s->err, TACIT_IO, "model.seal", 0, "%s", strerror(errno));
		return cli_fail(common, &s->err, "cannot make the folder '%s'", s->o->output);
	}
	for (size_t i = 0; i < s->count && st == TACIT_OK; i++)
		st = seal_one(s, i);
	if (st == TACIT_OK)
		st = write_signed(s);
	if (st != TACIT_OK) {
		model_dir_undo(&s->dir, s->o->output, TACIT_SEALED_SUFFIX);
		return cli_fail(common, &s->err, "cannot seal into '%s'", s->o->output);
	}
	report(s);
	return 0;
}

static void end_sealing(struct sealing *s)
{
	tacit_keyring_free(s->ring);
	kms_lazy_close(&s->kms);
	tacit_key_free(s->key);
	for (size_t i = 0; i < s->count; i++) {
		model_file_close(&s->plain[i]);
		free(s->hashes[i]);
	}
	free(s->text);
	free(s);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;

	if (argc == 0)
		return cli_usage("what is to be sealed? give the model's files");
	if (o->to.count == 0 || !o->output || !o->sign)
		return cli_usage("model seal needs --to RECIPIENT, --sign FILE and --output DIR");
	struct sealing *s = calloc(1, sizeof(*s));
	if (!s)
		return cli_no_memory(&o->common);
	s->o = o;
	s->dir.path = o->output;
	kms_lazy_start(&s->kms, &o->kms);
	int code = model_keyring(&o->common, &o->to, true, &s->kms, &s->ring);
	if (code == 0)
		code = model_signing_key(&o->common, o->sign, &s->key);
	if (code == 0)
		code = seal(s, argc, argv);
	end_sealing(s);
	return code;
}

const struct cli_verb cmd_model_seal = {
	.name = "model seal",
	.args = "FILE...",
	.summary = "encrypt a model for those who may run it",
	.group = "tools",
	.example = "tacit model seal --to age1... --sign publisher.pem -o llama.sealed llama.gguf",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = TACIT_MANIFEST_FILES_MAX,
	.struct_size = sizeof(struct options),
	.run = run,
};
