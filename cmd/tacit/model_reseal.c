/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model reseal: other recipients for a sealed model. The file keys stay, and so does every
 * byte of the payload: the header's MAC is under the file key, so a new header with the same key
 * fits it. A header of the same length is written in its place; any other takes a copy.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "model.h"
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
	uint8_t room[TACIT_AGE_HEADER_MAX];
	size_t in_place;
};

/* The sealed file of the manifest's `file`, and where its old header is kept meanwhile. */
static bool names(const struct resealing *r, const struct tacit_manifest_file *file,
		  char path[static MODEL_PATH], char saved[static MODEL_PATH])
{
	return model_dir_file(&r->dir, file->name, TACIT_SEALED_SUFFIX, path) &&
	       model_dir_file(&r->dir, file->name, TACIT_SEALED_SUFFIX SAVED, saved);
}

static bool write_whole(int fd, struct tacit_slice bytes)
{
	struct model_file file = { .fd = fd };
	struct tacit_sealed_out out = model_file_out(&file);

	return out.write(out.user, 0, bytes, NULL) == TACIT_OK && fdatasync(fd) == 0;
}

static enum tacit_status fail_io(struct resealing *r, const char *what)
{
	return tacit_fail(&r->err, TACIT_IO, "model.reseal", 0, "%s: %s", what, strerror(errno));
}

/* Whether a header and the payload behind it make up the whole file: else it is of another one. */
static enum tacit_status check_saved(struct resealing *r, const struct tacit_manifest_file *file,
				     const char *path, struct tacit_slice old)
{
	struct tacit_age_header header;
	struct model_file sealed = { .fd = -1 };
	struct tacit_arena arena;
	uint64_t payload = 0;
	void *memory = malloc(TACIT_AGE_HEADER_ARENA);

	tacit_arena_init(&arena, memory, memory ? TACIT_AGE_HEADER_ARENA : 0);
	enum tacit_status st = tacit_age_header_parse(old, &arena, &header, &r->err);
	free(memory);
	if (st == TACIT_OK)
		st = model_file_open(path, &sealed, &r->err);
	if (st == TACIT_OK &&
	    (header.len != old.len || !tacit_age_payload_len(file->size, &payload) ||
	     sealed.size != old.len + payload))
		st = tacit_fail(&r->err, TACIT_BINDING, "model.reseal", 0,
				"the header that is kept beside it is of another file");
	model_file_close(&sealed);
	return st;
}

/* A header that was not written to its end is put back as it was. */
static enum tacit_status restore(struct resealing *r, const struct tacit_manifest_file *file,
				 const char *path, const char *saved)
{
	struct tacit_slice old;

	if (access(saved, F_OK) != 0)
		return TACIT_OK;
	enum tacit_status st = cli_read_file(saved, TACIT_AGE_HEADER_MAX, &old, &r->err);
	if (st != TACIT_OK)
		return st;
	st = check_saved(r, file, path, old);
	int fd = st ? -1 : open(path, O_WRONLY | O_CLOEXEC);
	if (st == TACIT_OK && (fd < 0 || !write_whole(fd, old) || unlink(saved)))
		st = fail_io(r, "cannot put an old header back");
	if (fd >= 0)
		close(fd);
	free((void *)(uintptr_t)old.ptr);
	return st;
}

static enum tacit_status write_in_place(struct resealing *r, const char *path, const char *saved,
					struct tacit_slice old, struct tacit_slice header)
{
	enum tacit_status st = cli_write_file(saved, old, 0644, &r->err);

	if (st != TACIT_OK)
		return st;
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !write_whole(fd, header))
		st = fail_io(r, "cannot write the new header");
	else if (unlink(saved))
		st = fail_io(r, "cannot remove the old header");
	if (fd >= 0)
		close(fd);
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
	return fsync(to) == 0;
}

static enum tacit_status write_copy(struct resealing *r, const char *path, uint64_t payload,
				    const struct model_file *from, struct tacit_slice header)
{
	char temporary[MODEL_PATH + 8];

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail_io(r, "cannot make a copy");
	bool done = write_whole(fd, header) &&
		    lseek(fd, (off_t)header.len, SEEK_SET) == (off_t)header.len &&
		    copy_rest(from->fd, fd, payload, from->size - payload) &&
		    fchmod(fd, 0644) == 0 && rename(temporary, path) == 0;
	enum tacit_status st = done ? TACIT_OK : fail_io(r, "cannot make a copy");
	if (!done)
		unlink(temporary);
	close(fd);
	return st;
}

static enum tacit_status write_header(struct resealing *r, const struct tacit_manifest_file *file,
				      const struct tacit_sealed_header *old,
				      const struct model_file *from, struct tacit_slice header)
{
	char path[MODEL_PATH], saved[MODEL_PATH];

	if (!names(r, file, path, saved))
		return tacit_fail(&r->err, TACIT_USAGE, "model.reseal", 0, "a name is too long");
	if (header.len == old->header.len)
		return write_in_place(r, path, saved, tacit_slice_of(old->bytes, header.len),
				      header);
	return write_copy(r, path, old->header.len, from, header);
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

static enum tacit_status reseal_open(struct resealing *r, const struct tacit_manifest_file *file,
				     struct model_file *from)
{
	struct tacit_key_use use = model_dir_use(&r->dir, file);
	struct tacit_sealed_in in = model_file_in(from);
	struct tacit_sealed_header old;
	struct tacit_slice header;
	uint8_t file_key[TACIT_AGE_FILE_KEY] = { 0 };
	enum tacit_status st = tacit_sealed_header_read(&in, &old, &r->err);

	if (st != TACIT_OK)
		return st;
	st = check_payload(r, file, &in, &old);
	if (st == TACIT_OK)
		st = tacit_keyring_unwrap(r->from, &use, &old.header, file_key, &r->err);
	if (st == TACIT_OK)
		st = model_header(r->to, &use, file_key, tacit_mut_of(r->room, sizeof(r->room)),
				  &header, &r->err);
	tacit_wipe(file_key, sizeof(file_key));
	if (st == TACIT_OK)
		st = write_header(r, file, &old, from, header);
	tacit_sealed_header_done(&old);
	return st;
}

static enum tacit_status reseal_one(struct resealing *r, const struct tacit_manifest_file *file)
{
	char path[MODEL_PATH], saved[MODEL_PATH];
	struct model_file from = { .fd = -1 };

	if (!names(r, file, path, saved))
		return tacit_fail(&r->err, TACIT_USAGE, "model.reseal", 0, "a name is too long");
	enum tacit_status st = restore(r, file, path, saved);
	if (st == TACIT_OK)
		st = model_file_open(path, &from, &r->err);
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
