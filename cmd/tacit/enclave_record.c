/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/time.h"
#include "enclave.h"
#include "sys/fd.h"

#define WHERE      "enclaves"
#define RECORD_MAX 65536
#define ENDING     ".json"

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void free_json(json_t **json)
{
	json_decref(*json);
}

/* ---- places ------------------------------------------------------------------------------- */

static enum tacit_status check_folder(const char *path, struct tacit_error *err)
{
	struct stat st;

	if (lstat(path, &st))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return tacit_fail(err, TACIT_DENIED, WHERE, 0,
				  "%s is no folder that this user alone writes to", path);
	return TACIT_OK;
}

enum tacit_status enclave_folder(bool make, char ret[static ENCLAVE_PATH], struct tacit_error *err)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	char path[ENCLAVE_PATH];

	if (!base || base[0] != '/')
		base = geteuid() == 0 ? "/run" : NULL;
	if (!base)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "XDG_RUNTIME_DIR is not set: there is no place to keep state");
	int n = snprintf(path, sizeof(path), "%s/tacit", base);
	if (n < 0 || (size_t)n >= sizeof(path))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "XDG_RUNTIME_DIR is too long");
	if (make && mkdir(path, 0700) && errno != EEXIST)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", path, strerror(errno));
	if (make || access(path, F_OK) == 0) {
		enum tacit_status st = check_folder(path, err);

		if (st != TACIT_OK)
			return st;
	}
	memcpy(ret, path, (size_t)n + 1);
	return TACIT_OK;
}

enum tacit_status enclave_path(const char *folder, const char *id, const char *name,
			       char ret[static ENCLAVE_PATH], struct tacit_error *err)
{
	const char *between = !*id || !*name || *name == '.' ? "" : "/";
	int n = snprintf(ret, ENCLAVE_PATH, "%s/%s%s%s", folder, id, between, name);

	if (n < 0 || n >= ENCLAVE_PATH)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a path is too long");
	return TACIT_OK;
}

/* ---- JSON --------------------------------------------------------------------------------- */

json_t *enclave_record_json(const struct enclave_record *r)
{
	char when[TACIT_TIME_TEXT];

	tacit_time_format(r->started, when);
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:s}", "id", r->id, "state",
		r->stale     ? "gone"
		: r->running ? "running"
			     : "starting",
		"tee", r->emulated ? ENCLAVE_NO_TEE : "nitro", "emulated", r->emulated, "debug",
		r->debug, "console", r->console, "pid", (json_int_t)r->pid, "cid",
		(json_int_t)r->cid, "cpus", (json_int_t)r->cpus, "memory_mib",
		(json_int_t)r->memory, "started", when);
	if (object) {
		json_object_set_new(object, "image", json_string(r->image));
		json_object_set_new(object, "insecure",
				    r->emulated ? json_pack("[s]", "emulate") : json_array());
		if (r->measurements)
			json_object_set(object, "Measurements", r->measurements);
	}
	return object;
}

/* An id is a name of ours; what else lies in the folder is not. */
static bool is_id(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < ENCLAVE_ID &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len && text[0] != '-';
}

static enum tacit_status take(const json_t *json, struct enclave_record *ret,
			      struct tacit_error *err)
{
	const char *id = NULL, *state = NULL, *image = NULL, *when = NULL;
	json_int_t pid = 0, cid = 0, cpus = 0, memory = 0;
	json_t *measurements = NULL;
	int emulated = 0, debug = 0, console = 0;

	if (json_unpack((json_t *)(uintptr_t)json,
			"{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s?o}", "id", &id,
			"state", &state, "image", &image, "started", &when, "emulated", &emulated,
			"debug", &debug, "console", &console, "pid", &pid, "cid", &cid, "cpus",
			&cpus, "memory_mib", &memory, "Measurements", &measurements) ||
	    !is_id(id) || strlen(image) >= sizeof(ret->image) || pid <= 1 || pid > INT32_MAX ||
	    !tacit_time_parse(tacit_slice_str(when), &ret->started))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no record of an enclave");
	snprintf(ret->id, sizeof(ret->id), "%s", id);
	snprintf(ret->image, sizeof(ret->image), "%s", image);
	ret->running = strcmp(state, "running") == 0;
	ret->emulated = emulated != 0;
	ret->debug = debug != 0;
	ret->console = console != 0;
	ret->pid = (pid_t)pid;
	ret->cid = (uint64_t)cid;
	ret->cpus = (uint64_t)cpus;
	ret->memory = (uint64_t)memory;
	ret->measurements = json_incref(measurements);
	return TACIT_OK;
}

/* ---- files -------------------------------------------------------------------------------- */

static enum tacit_status write_text(int fd, const struct enclave_record *record,
				    struct tacit_error *err)
{
	json_t *json = enclave_record_json(record);
	char *text = NULL;

	if (json && json_object_set_new(json, "schema", json_string("tacit.enclave/1")) == 0)
		text = json_dumps(json, JSON_INDENT(2));
	json_decref(json);
	if (!text)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	size_t len = strlen(text);
	bool ok = write(fd, text, len) == (ssize_t)len;
	free(text);
	return ok ? TACIT_OK : tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
}

/* The lock is on the file, and the file is whole and locked before it has its name. */
enum tacit_status enclave_record_write(const char *folder, const struct enclave_record *record,
				       int *lock, struct tacit_error *err)
{
	char path[ENCLAVE_PATH], other[ENCLAVE_PATH];
	enum tacit_status st = enclave_path(folder, record->id, ENDING, path, err);

	if (st == TACIT_OK)
		st = enclave_path(folder, record->id, ".new", other, err);
	if (st != TACIT_OK)
		return st;
	int fd = open(other, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", other, strerror(errno));
	else
		st = write_text(fd, record, err);
	if (st == TACIT_OK && rename(other, path))
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", path, strerror(errno));
	if (st != TACIT_OK) {
		if (fd >= 0)
			close(fd);
		unlink(other);
		return st;
	}
	if (*lock >= 0)
		close(*lock);
	*lock = fd;
	return TACIT_OK;
}

static enum tacit_status read_whole(int fd, json_t **ret, struct tacit_error *err)
{
	char *text = malloc(RECORD_MAX);
	ssize_t n = text ? read(fd, text, RECORD_MAX) : -1;
	enum tacit_status st =
		n > 0 && n < RECORD_MAX
			? tacit_json_parse(tacit_slice_of((const uint8_t *)text, (size_t)n), ret,
					   err)
			: tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no record of an enclave");

	free(text);
	return st;
}

enum tacit_status enclave_record_read(const char *folder, const char *id,
				      struct enclave_record *ret, struct tacit_error *err)
{
	char path[ENCLAVE_PATH];
	struct enclave_record record = { 0 };

	if (!is_id(id))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "'%.40s' is no id of an enclave", id);
	enum tacit_status st = enclave_path(folder, id, ENDING, path, err);
	if (st != TACIT_OK)
		return st;
	TACIT_CLEANUP(tacit_fd_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s",
				  errno == ENOENT ? "there is no such enclave" : strerror(errno));
	record.stale = flock(fd, LOCK_SH | LOCK_NB) == 0;
	TACIT_CLEANUP(free_json) json_t *json = NULL;
	st = read_whole(fd, &json, err);
	if (st == TACIT_OK)
		st = take(json, &record, err);
	if (st == TACIT_OK && strcmp(record.id, id) != 0) {
		json_decref(record.measurements);
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the record is of another enclave");
	}
	if (st == TACIT_OK)
		*ret = record;
	return st;
}

static int by_id(const void *a, const void *b)
{
	const struct enclave_record *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* ID.json, of which the id. */
static bool id_of(const char *name, char ret[static ENCLAVE_ID])
{
	size_t len = strlen(name), end = strlen(ENDING);

	if (len <= end || len - end >= ENCLAVE_ID || strcmp(name + len - end, ENDING) != 0)
		return false;
	memcpy(ret, name, len - end);
	ret[len - end] = '\0';
	return is_id(ret);
}

enum tacit_status enclave_records_read(const char *folder, struct enclave_record **ret,
				       size_t *ret_count, struct tacit_error *err)
{
	struct enclave_record *all = calloc(ENCLAVES_MAX, sizeof(*all));
	TACIT_CLEANUP(close_dir) DIR *dir = opendir(folder);
	size_t count = 0;
	char id[ENCLAVE_ID];

	if (!all)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (!dir && errno != ENOENT) {
		free(all);
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", folder, strerror(errno));
	}
	for (const struct dirent *entry; dir && count < ENCLAVES_MAX && (entry = readdir(dir));)
		if (id_of(entry->d_name, id) &&
		    enclave_record_read(folder, id, &all[count], NULL) == TACIT_OK)
			count++;
	if (count)
		qsort(all, count, sizeof(*all), by_id);
	*ret = all;
	*ret_count = count;
	return TACIT_OK;
}

void enclave_record_remove(const char *folder, const char *id)
{
	char path[ENCLAVE_PATH];

	if (!is_id(id) || enclave_path(folder, id, "", path, NULL) != TACIT_OK)
		return;
	TACIT_CLEANUP(close_dir) DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)rmdir(path);
	/* Last: what has no record is nobody's. */
	if (enclave_path(folder, id, ENDING, path, NULL) == TACIT_OK)
		(void)unlink(path);
}
