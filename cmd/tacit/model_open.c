/* SPDX-License-Identifier: Apache-2.0 */

/* tacit model open and tacit model verify: a sealed model decrypted and checked to the last byte.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "model.h"
#include "sys/fd.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_list identities, publishers;
	struct kms_options kms;
	bool insecure_any_publisher;
	struct cli_time now;
	uint64_t threads;
	const char *output;
};

static const struct cli_option OPEN_OPTIONS[] = {
	CLI_OPT(struct options, identities, "--identity", 'i', CLI_LIST, "KEY",
		"what opens it: a file of age identities, passphrase:FILE, aws-kms:... or "
		"broker:URL; may be repeated"),
	CLI_OPT(struct options, publishers, "--publisher", 0, CLI_LIST, "HEX",
		"a publisher's key whose signature counts; may be repeated"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "DIR",
		"where the plain files go; must not exist"),
	CLI_OPT_RANGE(struct options, threads, "--threads", CLI_COUNT, "N",
		      "threads that decrypt (default: one per core)", 1, TACIT_SEALED_THREADS_MAX),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (default: now)"),
	CLI_OPT(struct options, insecure_any_publisher, "--insecure-any-publisher", 0, CLI_FLAG,
		NULL, "take a model of anybody"),
	KMS_KEY_OPTIONS(struct options, kms),
	KMS_TEE_OPTION(struct options, kms),
};

static const struct cli_option VERIFY_OPTIONS[] = {
	CLI_OPT(struct options, identities, "--identity", 'i', CLI_LIST, "KEY",
		"what opens it, to check every byte too; as for model open; may be repeated"),
	CLI_OPT(struct options, publishers, "--publisher", 0, CLI_LIST, "HEX",
		"a publisher's key whose signature counts; may be repeated"),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (default: now)"),
	CLI_OPT(struct options, insecure_any_publisher, "--insecure-any-publisher", 0, CLI_FLAG,
		NULL, "take a model of anybody"),
	KMS_KEY_OPTIONS(struct options, kms),
	KMS_TEE_OPTION(struct options, kms),
};

struct opening {
	const struct options *o;
	struct tacit_error err;
	struct tacit_keyring *ring;
	struct kms_lazy kms;
	struct model_dir dir;
};

static enum tacit_status open_into(struct opening *x, const struct tacit_manifest_file *file,
				   struct model_file *from, const struct tacit_sealed_out *out)
{
	struct model_progress progress = { .common = &x->o->common, .what = "opening" };
	const struct tacit_sealed_options options = { .threads = (unsigned)x->o->threads,
						      .progress = model_progress,
						      .user = &progress,
						      .whole = !out->write };
	struct tacit_key_use use = model_dir_use(&x->dir, file);
	struct tacit_sealed_in in = model_file_in(from);
	enum tacit_status st = tacit_sealed_open(file, &in, x->ring, &use, out, &options, &x->err);

	model_progress_end(&progress);
	return st;
}

static enum tacit_status open_from(struct opening *x, const struct tacit_manifest_file *file,
				   const struct tacit_sealed_out *out)
{
	char path[MODEL_PATH];
	struct model_file from = { .fd = -1 };

	if (!model_dir_file(&x->dir, file->name, TACIT_SEALED_SUFFIX, path))
		return tacit_fail(&x->err, TACIT_USAGE, "model.open", 0, "a name is too long");
	enum tacit_status st = model_file_open(path, &from, &x->err);
	if (st == TACIT_OK)
		st = open_into(x, file, &from, out);
	model_file_close(&from);
	return st;
}

static int fail_file(struct opening *x, const struct tacit_manifest_file *file)
{
	return cli_fail(&x->o->common, &x->err, "refused '%.*s' of '%s'", (int)file->name.len,
			(const char *)file->name.ptr, x->dir.path);
}

static void report(const struct opening *x, const char *schema, const char *result)
{
	char identity[2 * TACIT_SHA256_LEN + 1];

	tacit_hex_encode(TACIT_SLICE_ARRAY(x->dir.identity), identity);
	if (x->o->common.json)
		printf("{\"schema\":\"%s\",\"result\":\"%s\",\"model_sha256\":\"%s\","
		       "\"files\":%zu}\n",
		       schema, result, identity, x->dir.manifest.file_count);
	else if (!x->o->common.quiet)
		printf("%s: model %s\n", result, identity);
}

static int begin(struct opening *x, const char *path)
{
	int code = model_dir_open(&x->o->common, path, &x->o->publishers,
				  x->o->insecure_any_publisher, cli_now(&x->o->now), &x->dir);

	kms_lazy_start(&x->kms, &x->o->kms);
	return code ? code
		    : model_keyring(&x->o->common, &x->o->identities, false, &x->kms, &x->ring);
}

static void end_opening(struct opening *x)
{
	tacit_keyring_free(x->ring);
	kms_lazy_close(&x->kms);
	model_dir_free(&x->dir);
}

/* ---- the folder of the plain files --------------------------------------------------------- */

/*
 * It has another name until all of it is there and good: what was cut off is not taken for the
 * model. Locked, since what a run that was killed left there is removed by the next.
 */
struct making {
	struct opening *x;
	char to[MODEL_PATH], part[MODEL_PATH];
	int folder;
};

static enum tacit_status fail_io(struct making *m, const char *path)
{
	return tacit_fail(&m->x->err, TACIT_IO, "model.open", 0, "%s: %s", path, strerror(errno));
}

/* A folder that is ours and that nobody else is filling; -1 with errno. */
static int lock_folder(const char *path)
{
	TACIT_CLEANUP(tacit_fd_close)
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int locked = -1;

	if (fd < 0 || fstat(fd, &st) || flock(fd, LOCK_EX | LOCK_NB))
		return -1;
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	locked = fd;
	fd = -1;
	return locked;
}

/* Only what a model of this manifest has there: a folder with anything else is not ours to clear.
 */
static void clear_folder(struct making *m, int folder)
{
	const struct tacit_manifest *manifest = &m->x->dir.manifest;
	char name[TACIT_MANIFEST_NAME_MAX + 1];

	for (size_t i = 0; i < manifest->file_count; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)manifest->files[i].name.len,
			 (const char *)manifest->files[i].name.ptr);
		(void)unlinkat(folder, name, 0);
	}
	(void)rmdir(m->part);
}

static enum tacit_status make_folder(struct making *m)
{
	struct stat st;

	if (lstat(m->to, &st) == 0) {
		errno = EEXIST;
		return fail_io(m, m->to);
	}
	int made = mkdir(m->part, 0700);
	if (made != 0 && errno == EEXIST) {
		TACIT_CLEANUP(tacit_fd_close) int left = lock_folder(m->part);

		if (left >= 0)
			clear_folder(m, left);
		made = mkdir(m->part, 0700);
	}
	if (made == 0)
		m->folder = lock_folder(m->part);
	return m->folder >= 0 ? TACIT_OK : fail_io(m, m->part);
}

static enum tacit_status open_to_file(struct making *m, const struct tacit_manifest_file *file)
{
	const struct model_dir plain = { .path = m->part };
	struct tacit_error *err = &m->x->err;
	struct model_file to = { .fd = -1 };
	char path[MODEL_PATH];

	if (!model_dir_file(&plain, file->name, "", path))
		return tacit_fail(err, TACIT_USAGE, "model.open", 0, "a name is too long");
	enum tacit_status st = model_file_create(path, 0600, &to, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_out out = model_file_out(&to);
	st = open_from(m->x, file, &out);
	if (st == TACIT_OK)
		st = model_file_flush(&to, err);
	model_file_close(&to);
	return st;
}

static int fill_folder(struct making *m)
{
	const struct tacit_manifest *manifest = &m->x->dir.manifest;

	for (size_t i = 0; i < manifest->file_count; i++)
		if (open_to_file(m, &manifest->files[i]) != TACIT_OK)
			return fail_file(m->x, &manifest->files[i]);
	if (rename(m->part, m->to) == 0)
		return 0;
	(void)fail_io(m, m->to);
	return cli_fail(&m->x->o->common, &m->x->err, "cannot make the folder");
}

/* `output` without slashes at its end, and with what it is called until then. */
static bool name_folder(struct making *m, const char *output)
{
	size_t len = strlen(output);

	while (len > 1 && output[len - 1] == '/')
		len--;
	if (len + sizeof(MODEL_PART) > sizeof(m->part))
		return false;
	snprintf(m->to, sizeof(m->to), "%.*s", (int)len, output);
	snprintf(m->part, sizeof(m->part), "%.*s%s", (int)len, output, MODEL_PART);
	return true;
}

static int open_all(struct opening *x)
{
	struct making m = { .x = x, .folder = -1 };

	if (!name_folder(&m, x->o->output))
		return cli_usage("the name of the folder is too long");
	if (make_folder(&m) != TACIT_OK)
		return cli_fail(&x->o->common, &x->err, "cannot make the folder");
	int code = fill_folder(&m);
	if (code != 0)
		clear_folder(&m, m.folder);
	else
		report(x, "tacit.model-open/1", "opened");
	tacit_fd_close(&m.folder);
	return code;
}

static int run_open(void *options, int argc, char **argv)
{
	struct opening x = { .o = options };

	if (argc == 0 || x.o->identities.count == 0 || !x.o->output)
		return cli_usage("model open needs a folder, --identity KEY and --output DIR");
	int code = begin(&x, argv[0]);
	if (code == 0)
		code = open_all(&x);
	end_opening(&x);
	return code;
}

/* Without a key: what can be seen from outside, lengths included. */
static enum tacit_status look_at(struct opening *x, const struct tacit_manifest_file *file)
{
	char path[MODEL_PATH];
	struct model_file from = { .fd = -1 };
	struct tacit_sealed_header h;
	uint64_t want = 0;

	if (!model_dir_file(&x->dir, file->name, TACIT_SEALED_SUFFIX, path))
		return tacit_fail(&x->err, TACIT_USAGE, "model.verify", 0, "a name is too long");
	enum tacit_status st = model_file_open(path, &from, &x->err);
	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_in in = model_file_in(&from);
	st = tacit_sealed_header_read(&in, &h, &x->err);
	model_file_close(&from);
	if (st != TACIT_OK)
		return st;
	if (!tacit_age_payload_len(file->size, &want) || in.size != h.header.len + want)
		st = tacit_fail(&x->err, TACIT_BINDING, "model.file", 0,
				"the sealed file has another length than the manifest says");
	tacit_sealed_header_done(&h);
	return st;
}

static int run_verify(void *options, int argc, char **argv)
{
	static const struct tacit_sealed_out NOWHERE;
	struct opening x = { .o = options };

	if (argc == 0)
		return cli_usage("model verify needs the folder of a sealed model");
	int code = begin(&x, argv[0]);
	for (size_t i = 0; code == 0 && i < x.dir.manifest.file_count; i++) {
		const struct tacit_manifest_file *file = &x.dir.manifest.files[i];
		enum tacit_status st =
			x.o->identities.count ? open_from(&x, file, &NOWHERE) : look_at(&x, file);

		code = st ? fail_file(&x, file) : 0;
	}
	if (code == 0)
		report(&x, "tacit.model-verify/1",
		       x.o->identities.count ? "verified" : "signed, not opened");
	end_opening(&x);
	return code;
}

const struct cli_verb cmd_model_open = {
	.name = "model open",
	.args = "DIR",
	.summary = "decrypt a sealed model into plain files",
	.group = "tools",
	.example = "tacit model open -i key.txt --publisher 6b17... -o plain llama.sealed",
	.options = OPEN_OPTIONS,
	.option_count = sizeof(OPEN_OPTIONS) / sizeof(OPEN_OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run_open,
};

const struct cli_verb cmd_model_verify = {
	.name = "model verify",
	.args = "DIR",
	.summary = "check a sealed model against its manifest and publisher",
	.group = "tools",
	.example = "tacit model verify -i key.txt --publisher 6b17... llama.sealed",
	.options = VERIFY_OPTIONS,
	.option_count = sizeof(VERIFY_OPTIONS) / sizeof(VERIFY_OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run_verify,
};
