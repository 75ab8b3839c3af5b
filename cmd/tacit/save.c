/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verify.h"

/* Everything until the other end closes; NULL when memory runs out or it is too much. */
static uint8_t *read_pipe(int fd, size_t *ret_len)
{
	size_t room = 65536, len = 0;
	uint8_t *bytes = malloc(room);

	while (bytes) {
		ssize_t n = read(fd, bytes + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len < room)
			continue;
		uint8_t *bigger = len > TACIT_BUNDLE_MAX ? NULL : realloc(bytes, 2 * room);
		if (!bigger) {
			free(bytes);
			return NULL;
		}
		bytes = bigger;
		room *= 2;
	}
	*ret_len = len;
	return bytes;
}

static int wait_for(pid_t child)
{
	int how = 0;

	while (waitpid(child, &how, 0) < 0) {
		if (errno != EINTR)
			return tacit_status_exit(TACIT_INTERNAL);
	}
	return WIFEXITED(how) ? WEXITSTATUS(how) : tacit_status_exit(TACIT_INTERNAL);
}

/* A process that sent nothing has said why. */
static int write_bundle(const struct cli_common *common, const char *path, int fd, pid_t child)
{
	struct tacit_error err = { 0 };
	size_t len = 0;
	uint8_t *bytes = read_pipe(fd, &len);
	enum tacit_status status = TACIT_OK;

	close(fd);
	int code = wait_for(child);
	if (!bytes)
		status = tacit_fail(&err, TACIT_NOMEM, "bundle", 0, "out of memory");
	else if (len)
		status = cli_write_file(path, tacit_slice_of(bytes, len), 0644, &err);
	free(bytes);
	if (status == TACIT_OK)
		return code;
	struct cli_common words = *common;
	words.json = false; /* the verdict is on standard output already */
	return cli_fail(&words, &err, "cannot save '%s'", path);
}

int cli_save_split(const struct cli_common *common, const char *path, int *ret_fd)
{
	struct tacit_error err = { 0 };
	int ends[2];

	fflush(stdout);
	pid_t child = pipe(ends) == 0 ? fork() : -1;
	if (child < 0) {
		(void)tacit_fail(&err, TACIT_IO, "bundle", 0, "%s", strerror(errno));
		return cli_fail(common, &err, "cannot save '%s'", path);
	}
	if (child == 0) {
		close(ends[0]);
		*ret_fd = ends[1];
		return CLI_SAVE_GO_ON;
	}
	close(ends[1]);
	return write_bundle(common, path, ends[0], child);
}

bool cli_save_send(const struct tacit_bundle *bundle, int fd)
{
	struct writer count = wr_of(tacit_mut_of(NULL, 0));

	tacit_bundle_encode(bundle, &count);
	uint8_t *bytes = malloc(count.at);
	struct writer w = wr_of(tacit_mut_of(bytes, bytes ? count.at : 0));
	if (bytes)
		tacit_bundle_encode(bundle, &w);
	bool good = bytes && !w.bad;
	for (size_t at = 0; good && at < w.at;) {
		ssize_t n = write(fd, bytes + at, w.at - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			good = false;
	}
	free(bytes);
	close(fd);
	return good;
}
