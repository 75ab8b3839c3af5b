/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model reseal: other recipients for a sealed model. The file keys stay, and so does every
 * byte of the payload: the header's MAC is under the file key, so a new header with the same key
 * fits it. A header of the same length is written in its place; any other takes a copy.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "model.h"
#include "sys/fd.h"
#include "verbs.h"

#define SAVED ".header"

struct options {
	struct cli_common common;
	struct cli_list identities, to, publishers;
	struct kms_options kms;
	bool insecure_any_publisher;
	struct cli_time now;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, identities, "--identity", 'i', CLI_LIST, "KEY",
		"what opens it now: a file of age identities, passphrase:FILE, aws-kms:... or "
		"broker:URL; may be repeated"),
	CLI_OPT(struct options, to, "--to", 0, CLI_LIST, "RECIPIENT",
		"who can open it from now on, and nobody else; as for model seal; may be repeated"),
	CLI_OPT(struct options, publishers, "--publisher", 0, CLI_LIST, "HEX",
		"a publisher's key whose signature counts; may be repeated"),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge as of this time (default: now)"),
	CLI_OPT(struct options, insecure_any_publisher, "--insecure-any-publisher", 0, CLI_FLAG,
		NULL, "take a model of anybody"),
	KMS_KEY_OPTIONS(struct options, kms),
	KMS_TEE_OPTION(struct options, kms),
};

struct resealing {
	const struct options *o;
	struct tacit_error err;
	struct model_dir dir;
	struct tacit_keyring *from, *to;
	struct kms_lazy kms;
	int folder;
	uint8_t room[TACIT_AGE_HEADER_MAX];
	size_t in_place;
};

/* The sealed file of `file`, or what is kept beside it, by its name in the folder. */
static void name_file(const struct tacit_manifest_file *file, const char *suffix,
		      char ret[static NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, "%.*s%s%s", (int)file->name.len, (const char *)file->name.ptr,
		 TACIT_SEALED_SUFFIX, suffix);
}

static enum tacit_status fail_io(struct resealing *r, const char *what)
{
	return tacit_fail(&r->err, TACIT_IO, "model.reseal", 0, "%s: %s", what, strerror(errno));
}

/* ---- the old header ------------------------------------------------------------------------ */

/* What a file begins with, and its file key: known only of a header that one of our keys opens. */
struct old_header {
	struct tacit_sealed_header text;
	uint8_t file_key[TACIT_AGE_FILE_KEY];
};

static void forget(struct old_header *old)
{
	tacit_wipe(old->file_key, sizeof(old->file_key));
	tacit_sealed_header_done(&old->text);
}

static enum tacit_status open_header(struct resealing *r, const struct tacit_manifest_file *file,
				     struct model_file *from, struct old_header *ret,
				     struct tacit_error *err)
{
	struct tacit_key_use use = model_dir_use(&r->dir, file);
	struct tacit_sealed_in in = model_file_in(from);
	struct old_header old = { 0 };
	enum tacit_status st = tacit_sealed_header_read(&in, &old.text, err);

	if (st == TACIT_OK)
		st = tacit_keyring_unwrap(r->from, &use, &old.text.header, old.file_key, err);
	/* More was read than the header, and in what was kept aside that is not the payload. */
	old.text.len = old.text.header.len;
	if (st == TACIT_OK)
		*ret = old;
	else
		forget(&old);
	return st;
}

/* That of the file; or the one kept beside it, where a run was cut off while it wrote another. */
static enum tacit_status find_header(struct resealing *r, const struct tacit_manifest_file *file,
				     struct model_file *from, struct old_header *ret)
{
	char name[NAME_MAX + 1];
	struct model_file saved = { .fd = -1 };
	enum tacit_status st = open_header(r, file, from, ret, &r->err);

	name_file(file, SAVED, name);
	if (st == TACIT_OK ||
	    model_file_at(r->folder, name, O_RDONLY | O_NOFOLLOW, &saved, NULL) != TACIT_OK)
		return st;
	if (open_header(r, file, &saved, ret, NULL) == TACIT_OK)
		st = TACIT_OK;
	model_file_close(&saved);
	return st;
}

/* The file behind a header that was read already and cannot become another one any more. */
struct behind_header {
	struct tacit_sealed_in file;
	const struct tacit_sealed_header *header;
};

static enum tacit_status read_behind(void *user, uint64_t at, struct tacit_mut room,
				     struct tacit_error *err)
{
	const struct behind_header *b = user;
	size_t known = at < b->header->len ? b->header->len - (size_t)at : 0;

	if (known > room.len)
		known = room.len;
	if (known)
		memcpy(room.ptr, b->header->bytes + at, known);
	return known == room.len
		       ? TACIT_OK
		       : b->file.read(b->file.user, at + known,
				      tacit_mut_of(room.ptr + known, room.len - known), err);
}

/*
 * The header alone would be no proof: a store could hand out the file of another model that the
 * same key opens, and have that one's key wrapped for those who may have this one.
 */
static enum tacit_status check_payload(struct resealing *r, const struct tacit_manifest_file *file,
				       const struct tacit_sealed_in *in,
				       const struct tacit_sealed_header *header)
{
	static const struct tacit_sealed_out NOWHERE;
	const struct tacit_sealed_options options = { 0 };
	struct tacit_key_use use = model_dir_use(&r->dir, file);
	struct behind_header behind = { *in, header };
	const struct tacit_sealed_in pinned = { read_behind, &behind, in->size };

	return tacit_sealed_open(file, &pinned, r->from, &use, &NOWHERE, &options, &r->err);
}

/* ---- the new header ------------------------------------------------------------------------ */

/* Beside it lies the old one for as long as the file might have neither. */
static enum tacit_status write_in_place(struct resealing *r, const struct tacit_manifest_file *file,
					const struct old_header *old, struct model_file *to,
					struct tacit_slice header)
{
	char saved[NAME_MAX + 1];
	struct tacit_sealed_out out = model_file_out(to);

	name_file(file, SAVED, saved);
	enum tacit_status st = model_file_put(
		r->folder, saved, tacit_slice_of(old->text.bytes, old->text.len), &r->err);
	if (st == TACIT_OK)
		st = out.write(out.user, 0, header, &r->err);
	if (st == TACIT_OK)
		st = model_file_flush(to, &r->err);
	if (st == TACIT_OK)
		r->in_place++;
	return st;
}

static bool copy_rest(int from, int to, uint64_t at, uint64_t len)
{
	off_t source = (off_t)at;

	while (len) {
		ssize_t n = copy_file_range(from, &source, to, NULL,
					    len < 1u << 30 ? len : 1u << 30, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len -= (uint64_t)n;
	}
	return true;
}

static enum tacit_status write_copy(struct resealing *r, const struct tacit_manifest_file *file,
				    const struct old_header *old, const struct model_file *from,
				    struct tacit_slice header)
{
	char name[NAME_MAX + 1];
	struct model_file to = { .fd = -1 };

	name_file(file, "", name);
	enum tacit_status st = model_file_begin(r->folder, name, &to, &r->err);
	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_out out = model_file_out(&to);
	st = out.write(out.user, 0, header, &r->err);
	if (st == TACIT_OK &&
	    (lseek(to.fd, (off_t)header.len, SEEK_SET) < 0 ||
	     !copy_rest(from->fd, to.fd, old->text.len, from->size - old->text.len)))
		st = fail_io(r, "cannot make a copy");
	return model_file_finish(r->folder, name, &to, st, &r->err);
}

/* What this run or one that was cut off kept beside the file. */
static enum tacit_status sweep(struct resealing *r, const struct tacit_manifest_file *file)
{
	static const char *const KEPT[] = { SAVED, SAVED MODEL_PART, MODEL_PART };
	char name[NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(KEPT) / sizeof(KEPT[0]); i++) {
		name_file(file, KEPT[i], name);
		if (unlinkat(r->folder, name, 0) != 0 && errno != ENOENT)
			return fail_io(r, "cannot remove what was kept");
	}
	return TACIT_OK;
}

static enum tacit_status write_header(struct resealing *r, const struct tacit_manifest_file *file,
				      const struct old_header *old, struct model_file *from,
				      struct tacit_slice header)
{
	enum tacit_status st = header.len == old->text.len
				       ? write_in_place(r, file, old, from, header)
				       : write_copy(r, file, old, from, header);

	return st ? st : sweep(r, file);
}

static enum tacit_status reseal_open(struct resealing *r, const struct tacit_manifest_file *file,
				     struct model_file *from)
{
	struct tacit_key_use use = model_dir_use(&r->dir, file);
	struct tacit_sealed_in in = model_file_in(from);
	struct old_header old = { 0 };
	struct tacit_slice header;
	enum tacit_status st = find_header(r, file, from, &old);

	if (st == TACIT_OK)
		st = check_payload(r, file, &in, &old.text);
	if (st == TACIT_OK)
		st = model_header(r->to, &use, old.file_key, tacit_mut_of(r->room, sizeof(r->room)),
				  &header, &r->err);
	if (st == TACIT_OK)
		st = write_header(r, file, &old, from, header);
	forget(&old);
	return st;
}

/* One descriptor for all of it: what was checked is what is written to, and no link leads away. */
static enum tacit_status reseal_one(struct resealing *r, const struct tacit_manifest_file *file)
{
	char name[NAME_MAX + 1];
	struct model_file from = { .fd = -1 };

	name_file(file, "", name);
	enum tacit_status st = model_file_at(r->folder, name, O_RDWR | O_NOFOLLOW, &from, &r->err);
	if (st == TACIT_OK)
		st = reseal_open(r, file, &from);
	model_file_close(&from);
	return st;
}

static int reseal(struct resealing *r, const char *path)
{
	const struct cli_common *common = &r->o->common;
	const struct tacit_manifest *m = &r->dir.manifest;
	char identity[2 * TACIT_SHA256_LEN + 1];

	if (model_folder_open(path, &r->folder, &r->err) != TACIT_OK)
		return cli_fail(common, &r->err, "cannot open the folder '%s'", path);
	for (size_t i = 0; i < m->file_count; i++)
		if (reseal_one(r, &m->files[i]) != TACIT_OK)
			return cli_fail(common, &r->err, "cannot reseal '%.*s' of '%s'",
					(int)m->files[i].name.len,
					(const char *)m->files[i].name.ptr, path);
	tacit_hex_encode(TACIT_SLICE_ARRAY(r->dir.identity), identity);
	if (common->json)
		printf("{\"schema\":\"tacit.model-reseal/1\",\"model_sha256\":\"%s\","
		       "\"files\":%zu,\"in_place\":%zu}\n",
		       identity, m->file_count, r->in_place);
	else if (!common->quiet)
		printf("resealed: model %s\n", identity);
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;

	if (argc == 0 || o->identities.count == 0 || o->to.count == 0)
		return cli_usage("model reseal needs a folder, --identity KEY and --to RECIPIENT");
	struct resealing *r = calloc(1, sizeof(*r));
	if (!r)
		return cli_no_memory(&o->common);
	r->o = o;
	r->folder = -1;
	int code = model_dir_open(&o->common, argv[0], &o->publishers, o->insecure_any_publisher,
				  cli_now(&o->now), &r->dir);
	kms_lazy_start(&r->kms, &o->kms);
	if (code == 0)
		code = model_keyring(&o->common, &o->identities, false, &r->kms, &r->from);
	if (code == 0)
		code = model_keyring(&o->common, &o->to, true, &r->kms, &r->to);
	if (code == 0)
		code = reseal(r, argv[0]);
	tacit_keyring_free(r->from);
	tacit_keyring_free(r->to);
	kms_lazy_close(&r->kms);
	model_dir_free(&r->dir);
	tacit_fd_close(&r->folder);
	free(r);
	return code;
}

const struct cli_verb cmd_model_reseal = {
	.name = "model reseal",
	.args = "DIR",
	.summary = "give a sealed model other recipients, without touching its payload",
	.group = "tools",
	.example = "tacit model reseal -i key.txt --publisher 6b17... --to age1... llama.sealed",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
