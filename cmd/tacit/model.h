/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_MODEL_H
#define TACIT_CMD_MODEL_H

/* What the verbs about sealed models share: the folder of one, its files, its publishers. */

#include "kms_option.h"
#include "model_far.h"
#include "release/manifest_sign.h"
#include "release/sealed.h"

#define MODEL_PATH 4096

/* A folder whose manifest was read. Zero-initialised means not read. */
struct model_dir {
	const char *path;
	struct tacit_store *store; /* that `path` is a place in; NULL for this machine */
	struct tacit_slice text;   /* of the manifest, as it was read: what is hashed and signed */
	void *room;
	struct tacit_manifest manifest;
	uint8_t identity[TACIT_SHA256_LEN];
	struct tacit_model_signatures signatures;
};

/* Whether `path` is a folder, here or in a store. */
bool model_dir_is(const char *path);
/* From `ret->store`, which is set before. */
TACIT_MUST_CHECK enum tacit_status model_dir_read(const char *path, struct model_dir *ret,
						  struct tacit_error *err);
/* What `dir->text` says, and the identity that it is. */
TACIT_MUST_CHECK enum tacit_status model_dir_manifest(struct model_dir *dir,
						      struct tacit_error *err);
void model_dir_free(struct model_dir *dir);

/*
 * Whether somebody whose key is in `publishers` (hex) signed the manifest, and it has not
 * expired. Errors: TACIT_SIGNATURE, TACIT_EXPIRED, TACIT_USAGE for what is no key.
 */
TACIT_MUST_CHECK enum tacit_status model_dir_judge(const struct model_dir *dir,
						   const struct cli_list *publishers, int64_t now,
						   struct tacit_error *err);

/* The same for verbs that may do without: false `insecure` and no publisher is a usage error. */
int model_dir_open(const struct cli_common *common, const char *path,
		   const struct cli_list *publishers, bool insecure, int64_t now,
		   struct model_dir *ret);

/* "DIR/NAME.age", or "DIR/NAME" without `suffix`. False when it is too long. */
bool model_dir_file(const struct model_dir *dir, struct tacit_slice name, const char *suffix,
		    char path[static MODEL_PATH]);

/* Takes back the folder that was made for `dir` at `path`, with the files made in it. */
void model_dir_undo(const struct model_dir *dir, const char *path, const char *suffix);

/* What a file key of this model belongs to. */
struct tacit_key_use model_dir_use(const struct model_dir *dir,
				   const struct tacit_manifest_file *file);

/* A file for tacit_sealed_in and tacit_sealed_out; fd is -1 when it is not open. */
struct model_file {
	int fd;
	uint64_t size;
};

/* Regular files only: who made the folder could have put a pipe there, which waits for ever. */
TACIT_MUST_CHECK enum tacit_status model_file_open(const char *path, struct model_file *ret,
						   struct tacit_error *err);
/* The same by its name in a folder that is open; O_NOFOLLOW and the like go into `flags`. */
TACIT_MUST_CHECK enum tacit_status model_file_at(int folder, const char *name, int flags,
						 struct model_file *ret, struct tacit_error *err);
/* One of up to `max` bytes whole, as cli_read_file does for what the caller names. */
TACIT_MUST_CHECK enum tacit_status
model_file_read(const char *path, size_t max, struct tacit_slice *ret, struct tacit_error *err);
/* Must not exist. */
TACIT_MUST_CHECK enum tacit_status
model_file_create(const char *path, unsigned mode, struct model_file *ret, struct tacit_error *err);

/*
 * A file that takes the place of whatever has its name in a folder, when it is all there: until
 * then it is called "NAME~part", and who is cut off leaves that to the next run. _begin, and once
 * that was good _finish, which undoes it for an `st` that is an error; _put does both.
 */
#define MODEL_PART "~part" /* '~' is in no name of a manifest */
TACIT_MUST_CHECK enum tacit_status model_folder_open(const char *path, int *ret,
						     struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
model_file_begin(int folder, const char *name, struct model_file *ret, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status model_file_finish(int folder, const char *name,
						     struct model_file *file, enum tacit_status st,
						     struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
model_file_put(int folder, const char *name, struct tacit_slice bytes, struct tacit_error *err);

/* Writes through to the disk. */
TACIT_MUST_CHECK enum tacit_status model_file_flush(const struct model_file *file,
						    struct tacit_error *err);
void model_file_close(struct model_file *file);
struct tacit_sealed_in model_file_in(struct model_file *file);
struct tacit_sealed_out model_file_out(struct model_file *file);

/*
 * A ring of what the texts name; says what is wrong with them. Hardens the process first. `kms` is
 * for keys of AWS KMS and outlives the ring. Owns: tacit_keyring_free().
 */
int model_keyring(const struct cli_common *common, const struct cli_list *texts, bool for_wrap,
		  struct kms_lazy *kms, struct tacit_keyring **ret);

/* The header of a sealed file for the recipients of `ring` into `room`. */
TACIT_MUST_CHECK enum tacit_status model_header(struct tacit_keyring *ring,
						const struct tacit_key_use *use,
						const uint8_t file_key[TACIT_AGE_FILE_KEY],
						struct tacit_mut room, struct tacit_slice *ret,
						struct tacit_error *err);

/* Shows how far a long work is, on a terminal, unless quiet; `user` is a struct model_progress. */
struct model_progress {
	const struct cli_common *common;
	const char *what;
	unsigned shown; /* percent */
	bool any;
};
bool model_progress(void *user, uint64_t done, uint64_t total);
void model_progress_end(struct model_progress *progress);

/* An Ed25519 private key from a PEM file; hardens the process first. Owns: tacit_key_free(). */
int model_signing_key(const struct cli_common *common, const char *path, struct tacit_key **ret);

#endif
