/* SPDX-License-Identifier: Apache-2.0 */

/* The folder of a sealed model: manifest.json, manifest.sig, and NAME.age for each file. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "model.h"
#include "sys/process.h"

#define KEY_FILE_MAX 16384

bool model_dir_is(const char *path)
{
	struct stat st;

	return model_far_is(path) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

bool model_dir_file(const struct model_dir *dir, struct tacit_slice name, const char *suffix,
		    char path[static MODEL_PATH])
{
	/* A place in a store has its slash: two of them would be another key. */
	int n = snprintf(path, MODEL_PATH, "%s%s%.*s%s", dir->path, dir->store ? "" : "/",
			 (int)name.len, (const char *)name.ptr, suffix);

	return n > 0 && n < MODEL_PATH;
}

void model_dir_undo(const struct model_dir *dir, const char *path, const char *suffix)
{
	const struct model_dir made = { .path = path };
	const struct tacit_manifest *m = &dir->manifest;
	char name[MODEL_PATH];

	for (size_t i = 0; i < m->file_count; i++)
		if (model_dir_file(&made, m->files[i].name, suffix, name))
			unlink(name);
	if (model_dir_file(&made, tacit_slice_str(TACIT_SEALED_SIGNATURES), "", name))
		unlink(name);
	if (model_dir_file(&made, tacit_slice_str(TACIT_SEALED_MANIFEST), "", name))
		unlink(name);
	(void)rmdir(path);
}

struct tacit_key_use model_dir_use(const struct model_dir *dir,
				   const struct tacit_manifest_file *file)
{
	const struct tacit_key_use use = { .model_id = dir->manifest.model_id,
					   .manifest = TACIT_SLICE_ARRAY(dir->identity),
					   .file = file->name,
					   .policy = dir->manifest.policy };

	return use;
}

static void free_slice(struct tacit_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

void model_dir_free(struct model_dir *dir)
{
	free_slice(dir->text);
	free(dir->room);
	*dir = (struct model_dir){ 0 };
}

enum tacit_status model_dir_manifest(struct model_dir *dir, struct tacit_error *err)
{
	struct tacit_arena arena;
	size_t size = tacit_manifest_arena(dir->text.len);

	dir->room = malloc(size);
	if (!dir->room)
		return tacit_fail(err, TACIT_NOMEM, "model.manifest", 0, "no memory");
	tacit_arena_init(&arena, dir->room, size);
	enum tacit_status st = tacit_manifest_parse(dir->text, &arena, &dir->manifest, err);
	return st ? st : tacit_hash(TACIT_SHA256, dir->text, dir->identity, err);
}

static enum tacit_status read_file(const struct model_dir *dir, const char *path, size_t max,
				   struct tacit_slice *ret, struct tacit_error *err)
{
	return dir->store ? model_far_read(dir->store, path, max, ret, err)
			  : model_file_read(path, max, ret, err);
}

static enum tacit_status read_signatures(struct model_dir *dir, struct tacit_error *err)
{
	char path[MODEL_PATH];
	struct tacit_slice text;

	if (!model_dir_file(dir, tacit_slice_str(TACIT_SEALED_SIGNATURES), "", path))
		return tacit_fail(err, TACIT_USAGE, "model", 0, "the folder's name is too long");
	enum tacit_status st = read_file(dir, path, TACIT_MODEL_SIGNATURES_FILE, &text, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, "signatures");
	st = tacit_model_signatures_parse(text, &dir->signatures, err);
	free_slice(text);
	return st;
}

enum tacit_status model_dir_read(const char *path, struct model_dir *ret, struct tacit_error *err)
{
	struct model_dir dir = { .path = path, .store = ret->store };
	char name[MODEL_PATH];

	if (!model_dir_file(&dir, tacit_slice_str(TACIT_SEALED_MANIFEST), "", name))
		return tacit_fail(err, TACIT_USAGE, "model", 0, "the folder's name is too long");
	enum tacit_status st = read_file(&dir, name, TACIT_MANIFEST_MAX, &dir.text, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, "manifest");
	st = model_dir_manifest(&dir, err);
	if (st == TACIT_OK)
		st = read_signatures(&dir, err);
	if (st == TACIT_OK)
		*ret = dir;
	else
		model_dir_free(&dir);
	return st;
}

enum tacit_status model_dir_judge(const struct model_dir *dir, const struct cli_list *publishers,
				  int64_t now, struct tacit_error *err)
{
	uint8_t keys[CLI_LIST_MAX][TACIT_PUBLISHER_KEY];
	struct tacit_slice slices[CLI_LIST_MAX];
	size_t len = 0;

	for (size_t i = 0; i < publishers->count; i++) {
		if (!tacit_hex_decode(tacit_slice_str(publishers->items[i]),
				      tacit_mut_of(keys[i], sizeof(keys[i])), &len) ||
		    len != sizeof(keys[i]))
			return tacit_fail(err, TACIT_USAGE, "model.publisher", i,
					  "a publisher is 32 bytes in hex");
		slices[i] = TACIT_SLICE_ARRAY(keys[i]);
	}
	enum tacit_status st = tacit_model_signed(dir->identity, &dir->signatures, slices,
						  publishers->count, now, err);
	return st ? st : tacit_manifest_current(&dir->manifest, now, err);
}

int model_dir_open(const struct cli_common *common, const char *path,
		   const struct cli_list *publishers, bool insecure, int64_t now,
		   struct model_dir *ret)
{
	struct tacit_error err = { 0 };

	if (publishers->count == 0 && !insecure)
		return cli_usage("whose model is it? name the --publisher, or take anybody's with "
				 "--insecure-any-publisher");
	if (model_dir_read(path, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read the sealed model '%s'", path);
	if (publishers->count == 0)
		cli_warn("--insecure-any-publisher: whoever made '%s' is taken at their word",
			 path);
	enum tacit_status st = publishers->count
				       ? model_dir_judge(ret, publishers, now, &err)
				       : tacit_manifest_current(&ret->manifest, now, &err);
	if (st == TACIT_OK)
		return 0;
	model_dir_free(ret);
	return cli_fail(common, &err, "refused the sealed model '%s'", path);
}

int model_signing_key(const struct cli_common *common, const char *path, struct tacit_key **ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice pem;

	if (tacit_process_harden(&err) != TACIT_OK)
		return cli_fail(common, &err, "cannot harden this process");
	if (cli_read_file(path, KEY_FILE_MAX, &pem, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read key '%s'", path);
	enum tacit_status st = tacit_key_pem(pem, ret, &err);
	tacit_wipe((void *)(uintptr_t)pem.ptr, pem.len);
	free_slice(pem);
	if (st == TACIT_OK && tacit_key_alg_of(*ret) != TACIT_ED25519) {
		tacit_key_free(*ret);
		*ret = NULL;
		st = tacit_fail(&err, TACIT_USAGE, "model.publisher", 0, "not an Ed25519 key");
	}
	return st ? cli_fail(common, &err, "cannot sign with '%s'", path) : 0;
}
