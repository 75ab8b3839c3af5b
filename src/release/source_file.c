/* SPDX-License-Identifier: Apache-2.0 */

/* A file of this machine as a source: the host may change it, and so it is looked at again. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "release/source_inside.h"

enum tacit_status tacit_source_file_open(struct tacit_source *source, const char *path,
					 struct tacit_error *err)
{
	uint64_t most = source->store->options.max_size;

	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (source->fd < 0 || fstat(source->fd, &source->stat) != 0)
		return tacit_fail(err, TACIT_IO, SOURCE_WHERE, 0, "%s", strerror(errno));
	if (!S_ISREG(source->stat.st_mode))
		return tacit_fail(err, TACIT_IO, SOURCE_WHERE, 0, "not a regular file");
	source->size = (uint64_t)source->stat.st_size;
	if (source->size > (most ? most : SOURCE_MAX_SIZE))
		return tacit_fail(err, TACIT_LIMIT, SOURCE_WHERE, 0,
				  "the file has %llu bytes, over %llu",
				  (unsigned long long)source->size,
				  (unsigned long long)(most ? most : SOURCE_MAX_SIZE));
	return TACIT_OK;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum tacit_status tacit_source_file_read(struct tacit_source *source, uint64_t offset,
					 struct tacit_mut room, struct tacit_error *err)
{
	struct stat now;
	size_t got = 0;

	while (got < room.len) {
		ssize_t n =
			pread(source->fd, room.ptr + got, room.len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, SOURCE_WHERE, offset + got, "%s",
					  strerror(errno));
		if (n == 0)
			break;
		got += (size_t)n;
	}
	if (got < room.len || fstat(source->fd, &now) != 0 || !same(&now, &source->stat))
		return tacit_fail(err, TACIT_BINDING, SOURCE_WHERE, offset,
				  "the file changed while it was read");
	return TACIT_OK;
}
