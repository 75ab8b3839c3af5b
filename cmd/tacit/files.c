/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "cli.h"

static void close_fd(const int *fd)
{
	if (*fd > 2)
		close(*fd);
}

/* Opening a named pipe waits for its other end. */
static int open_file(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static enum tacit_status read_all(int fd, size_t max, struct tacit_slice *ret,
				  struct tacit_error *err)
{
	size_t room = 16384, len = 0;
	uint8_t *bytes = malloc(room);

	while (bytes) {
		if (len == room) {
			uint8_t *bigger = realloc(bytes, room * 2);

			if (!bigger)
				break;
			bytes = bigger;
			room *= 2;
		}
		ssize_t n = read(fd, bytes + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(bytes);
			return tacit_fail(err, TACIT_IO, "file.read", len, "%s", strerror(errno));
		}
		if (n == 0) {
			*ret = tacit_slice_of(bytes, len);
			return TACIT_OK;
		}
		len += (size_t)n;
		if (len > max) {
			free(bytes);
			return tacit_fail(err, TACIT_LIMIT, "file.read", 0,
					  "longer than %zu bytes", max);
		}
	}
	free(bytes);
	return tacit_fail(err, TACIT_NOMEM, "file.read", 0, "out of memory");
}

enum tacit_status cli_read_file(const char *path, size_t max, struct tacit_slice *ret,
				struct tacit_error *err)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, max, ret, err);

	TACIT_CLEANUP(close_fd) int fd = open_file(path, O_RDONLY);
	if (fd < 0)
		return tacit_fail(err, TACIT_IO, "file.open", 0, "%s", strerror(errno));
	return read_all(fd, max, ret, err);
}

static bool write_all(int fd, struct tacit_slice bytes)
{
	size_t at = 0;

	while (at < bytes.len) {
		ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool is_binary(struct tacit_slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] < 0x20 && bytes.ptr[i] != '\n' && bytes.ptr[i] != '\t')
			return true;
	}
	return false;
}

static enum tacit_status write_stdout(struct tacit_slice bytes, struct tacit_error *err)
{
	if (is_binary(bytes) && isatty(STDOUT_FILENO) == 1)
		return tacit_fail(err, TACIT_USAGE, "file.write", 0,
				  "will not write binary to a terminal; use -o FILE");
	if (fflush(stdout) || !write_all(STDOUT_FILENO, bytes))
		return tacit_fail(err, TACIT_IO, "file.write", 0, "%s", strerror(errno));
	return TACIT_OK;
}

/* /dev/stdout, /dev/fd/3 and such: names of what is open. Renaming would put a file there. */
static bool is_descriptor(const char *path)
{
	struct stat st;

	return (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0) &&
	       strncmp(path, "/dev/shm/", 9) != 0 && lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* What is no regular file (a pipe, /dev/null) is written in place: there is nothing to rename. */
static bool is_special(const char *path)
{
	struct stat st;

	return is_descriptor(path) || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static enum tacit_status write_special(const char *path, struct tacit_slice bytes,
				       struct tacit_error *err)
{
	TACIT_CLEANUP(close_fd) int fd = open_file(path, O_WRONLY | O_APPEND);

	if (fd < 0 || !write_all(fd, bytes))
		return tacit_fail(err, TACIT_IO, "file.write", 0, "%s", strerror(errno));
	return TACIT_OK;
}

enum tacit_status cli_write_file(const char *path, struct tacit_slice bytes, unsigned mode,
				 struct tacit_error *err)
{
	char temporary[4096];

	if (strcmp(path, "-") == 0)
		return write_stdout(bytes, err);
	if (is_special(path))
		return write_special(path, bytes, err);
	int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return tacit_fail(err, TACIT_USAGE, "file.write", 0, "file name is too long");

	TACIT_CLEANUP(close_fd) int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return tacit_fail(err, TACIT_IO, "file.write", 0, "%s", strerror(errno));
	if (!write_all(fd, bytes) || fchmod(fd, (mode_t)mode) || fsync(fd) ||
	    rename(temporary, path)) {
		int saved = errno;

		unlink(temporary);
		return tacit_fail(err, TACIT_IO, "file.write", 0, "%s", strerror(saved));
	}
	return TACIT_OK;
}
