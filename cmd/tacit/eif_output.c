/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eif.h"

static enum tacit_status fail_io(struct tacit_error *err, const char *path)
{
	return tacit_fail(err, TACIT_IO, "file.write", 0, "%s: %s", path, strerror(errno));
}

enum tacit_status eif_output_open(struct eif_output *out, const char *path, struct tacit_error *err)
{
	struct stat st;

	out->fd = -1;
	out->path = path;
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return tacit_fail(err, TACIT_USAGE, "file.write", 0,
				  "an image is written to a regular file: its header comes last");
	int n = snprintf(out->temporary, sizeof(out->temporary), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(out->temporary))
		return tacit_fail(err, TACIT_USAGE, "file.write", 0, "file name is too long");
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	return out->fd < 0 ? fail_io(err, path) : TACIT_OK;
}

enum tacit_status eif_output_write(const struct eif_output *out, struct tacit_slice bytes,
				   struct tacit_error *err)
{
	size_t at = 0;

	while (at < bytes.len) {
		ssize_t n = write(out->fd, bytes.ptr + at, bytes.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_io(err, out->path);
		at += (size_t)n;
	}
	return TACIT_OK;
}

enum tacit_status eif_output_commit(struct eif_output *out, struct tacit_slice header,
				    struct tacit_error *err)
{
	if (pwrite(out->fd, header.ptr, header.len, 0) != (ssize_t)header.len ||
	    fchmod(out->fd, 0644) || fsync(out->fd) || rename(out->temporary, out->path))
		return fail_io(err, out->path);
	close(out->fd);
	out->fd = -1;
	return TACIT_OK;
}

void eif_output_done(struct eif_output *out)
{
	if (out->fd < 0)
		return;
	close(out->fd);
	unlink(out->temporary);
	out->fd = -1;
}
