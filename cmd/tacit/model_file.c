/* SPDX-License-Identifier: Apache-2.0 */

/* Files as the sealing and the opening of models want them, keys by their names, progress. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model.h"
#include "sys/process.h"

#define WHERE "model.file"

static enum tacit_status fail_io(struct tacit_error *err, uint64_t at)
{
	return tacit_fail(err, TACIT_IO, WHERE, at, "%s", strerror(errno));
}

enum tacit_status model_file_at(int folder, const char *name, int flags, struct model_file *ret,
				struct tacit_error *err)
{
	struct stat st;
	int fd = openat(folder, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return fail_io(err, 0);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return tacit_fail(err, TACIT_IO, WHERE, 0, "not a regular file");
	}
	*ret = (struct model_file){ fd, (uint64_t)st.st_size };
	return TACIT_OK;
}

enum tacit_status model_file_open(const char *path, struct model_file *ret, struct tacit_error *err)
{
	return model_file_at(AT_FDCWD, path, O_RDONLY, ret, err);
}

enum tacit_status model_file_read(const char *path, size_t max, struct tacit_slice *ret,
				  struct tacit_error *err)
{
	struct model_file file = { .fd = -1 };
	uint8_t *bytes = NULL;
	enum tacit_status st = model_file_open(path, &file, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_in in = model_file_in(&file);
	if (in.size > max)
		st = tacit_fail(err, TACIT_LIMIT, WHERE, 0, "longer than %zu bytes", max);
	else if (!(bytes = malloc((size_t)in.size + 1)))
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	if (st == TACIT_OK)
		st = in.read(in.user, 0, tacit_mut_of(bytes, (size_t)in.size), err);
	model_file_close(&file);
	if (st == TACIT_OK)
		*ret = tacit_slice_of(bytes, (size_t)in.size);
	else
		free(bytes);
	return st;
}

enum tacit_status model_file_create(const char *path, unsigned mode, struct model_file *ret,
				    struct tacit_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, (mode_t)mode);

	if (fd < 0)
		return fail_io(err, 0);
	*ret = (struct model_file){ fd, 0 };
	return TACIT_OK;
}

enum tacit_status model_file_flush(const struct model_file *file, struct tacit_error *err)
{
	return fsync(file->fd) ? fail_io(err, 0) : TACIT_OK;
}

void model_file_close(struct model_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* ---- in the place of what is there --------------------------------------------------------- */

enum tacit_status model_folder_open(const char *path, int *ret, struct tacit_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_io(err, 0);
	*ret = fd;
	return TACIT_OK;
}

static const char *part_name(const char *name, char room[static NAME_MAX + 1])
{
	int n = snprintf(room, NAME_MAX + 1, "%s" MODEL_PART, name);

	return n > 0 && n <= NAME_MAX ? room : NULL;
}

enum tacit_status model_file_begin(int folder, const char *name, struct model_file *ret,
				   struct tacit_error *err)
{
	char room[NAME_MAX + 1];
	const char *part = part_name(name, room);

	if (!part)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a name is too long");
	(void)unlinkat(folder, part, 0);
	int fd = openat(folder, part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return fail_io(err, 0);
	*ret = (struct model_file){ fd, 0 };
	return TACIT_OK;
}

enum tacit_status model_file_finish(int folder, const char *name, struct model_file *file,
				    enum tacit_status st, struct tacit_error *err)
{
	char room[NAME_MAX + 1];
	const char *part = part_name(name, room);

	if (!part || file->fd < 0)
		return st;
	if (st == TACIT_OK)
		st = model_file_flush(file, err);
	if (st == TACIT_OK && renameat(folder, part, folder, name) != 0)
		st = fail_io(err, 0);
	if (st != TACIT_OK)
		(void)unlinkat(folder, part, 0);
	else
		(void)fsync(folder); /* not every filesystem has it */
	model_file_close(file);
	return st;
}

enum tacit_status model_file_put(int folder, const char *name, struct tacit_slice bytes,
				 struct tacit_error *err)
{
	struct model_file file = { .fd = -1 };
	enum tacit_status st = model_file_begin(folder, name, &file, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_sealed_out out = model_file_out(&file);
	return model_file_finish(folder, name, &file, out.write(out.user, 0, bytes, err), err);
}

/* ---- reading and writing ------------------------------------------------------------------- */

static enum tacit_status read_at(void *user, uint64_t at, struct tacit_mut room,
				 struct tacit_error *err)
{
	const struct model_file *file = user;

	while (room.len) {
		ssize_t n = pread(file->fd, room.ptr, room.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_io(err, at);
		if (n == 0)
			return tacit_fail(err, TACIT_IO, WHERE, at, "the file became shorter");
		room = tacit_mut_of(room.ptr + n, room.len - (size_t)n);
		at += (uint64_t)n;
	}
	return TACIT_OK;
}

static enum tacit_status write_at(void *user, uint64_t at, struct tacit_slice bytes,
				  struct tacit_error *err)
{
	const struct model_file *file = user;

	while (bytes.len) {
		ssize_t n = pwrite(file->fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_io(err, at);
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - (size_t)n);
		at += (uint64_t)n;
	}
	return TACIT_OK;
}

struct tacit_sealed_in model_file_in(struct model_file *file)
{
	return (struct tacit_sealed_in){ read_at, file, file->size };
}

struct tacit_sealed_out model_file_out(struct model_file *file)
{
	return (struct tacit_sealed_out){ .write = write_at, .user = file };
}

/* ---- keys ---------------------------------------------------------------------------------- */

int model_keyring(const struct cli_common *common, const struct cli_list *texts, bool for_wrap,
		  struct kms_lazy *kms, struct tacit_keyring **ret)
{
	struct tacit_error err = { 0 };

	if (tacit_process_harden(&err) != TACIT_OK)
		return cli_fail(common, &err, "cannot harden this process");
	struct tacit_keyring *ring = tacit_keyring_new(for_wrap);
	if (!ring)
		return cli_no_memory(common);
	tacit_keyring_env(ring, TACIT_KIND_AWS_KMS_PREFIX, &kms->env);
	tacit_keyring_env(ring, TACIT_KIND_BROKER_PREFIX, &kms->broker_env);
	for (size_t i = 0; i < texts->count; i++) {
		if (tacit_keyring_add(ring, texts->items[i], &err) == TACIT_OK)
			continue;
		tacit_keyring_free(ring);
		/* What was meant as a file name may be a key: it is not shown. */
		return cli_fail(common, &err, "cannot use the %s number %zu",
				for_wrap ? "recipient" : "identity", i + 1);
	}
	*ret = ring;
	return 0;
}

enum tacit_status model_header(struct tacit_keyring *ring, const struct tacit_key_use *use,
			       const uint8_t file_key[TACIT_AGE_FILE_KEY], struct tacit_mut room,
			       struct tacit_slice *ret, struct tacit_error *err)
{
	size_t size = TACIT_AGE_HEADER_ARENA;
	void *memory = malloc(size);
	struct tacit_age_stanza *stanzas = calloc(TACIT_KEYRING_MAX, sizeof(*stanzas));
	struct tacit_arena arena;
	enum tacit_status st = TACIT_NOMEM;

	tacit_arena_init(&arena, memory, memory ? size : 0);
	if (!memory || !stanzas)
		(void)tacit_fail(err, st, WHERE, 0, "no memory for a header");
	else
		st = tacit_keyring_wrap(ring, use, file_key, &arena, stanzas, err);
	if (st == TACIT_OK)
		st = tacit_age_header_write(stanzas, tacit_keyring_count(ring),
					    tacit_keyring_alone(ring) ? 0 : TACIT_SEALED_PAD,
					    file_key, room, ret, err);
	free(stanzas);
	free(memory);
	return st;
}

/* ---- progress ------------------------------------------------------------------------------ */

bool model_progress(void *user, uint64_t done, uint64_t total)
{
	struct model_progress *p = user;
	unsigned percent = total ? (unsigned)(done * 100 / total) : 100;

	if (p->common->quiet || !isatty(STDERR_FILENO) || (p->any && percent == p->shown))
		return true;
	p->any = true;
	p->shown = percent;
	fprintf(stderr, "\r%s %u%%", p->what, percent);
	fflush(stderr);
	return true;
}

void model_progress_end(struct model_progress *progress)
{
	if (progress->any)
		fputc('\n', stderr);
	progress->any = false;
}
