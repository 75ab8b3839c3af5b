/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/fd.h"

#define WHERE    "tsm"

#define TRIES    20 /* of a host that is busy, or of a report that was spoiled */
#define PAUSE_MS 250

/* One directory under `report`; opened, since names could be swapped and descriptors cannot. */
struct entry {
	char path[256];
	int fd;
};

static void remove_entry(struct entry *entry)
{
	if (entry->fd >= 0)
		close(entry->fd);
	if (entry->path[0])
		rmdir(entry->path); /* the kernel takes the attributes along */
}

/* What each code means for a report [configfs-tsm]. */
static enum tacit_status fail_errno(int code, const char *what, struct tacit_error *err)
{
	switch (code) {
	case ENOENT:
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "%s: the kernel offers no configfs-tsm here", what);
	case ENXIO:
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "%s: no provider: is tdx_guest or sev-guest loaded?", what);
	case EACCES:
	case EPERM:
		return tacit_fail(err, TACIT_DENIED, WHERE, 0, "%s: %s", what, strerror(code));
	case EBUSY:
	case EAGAIN:
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "%s: the host stays busy", what);
	case ETIMEDOUT:
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "%s: the host does not answer", what);
	case EFBIG:
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%s: too large", what);
	default:
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", what, strerror(code));
	}
}

/* Reads a whole attribute; an errno value. */
static int read_all(const struct entry *entry, const char *name, struct tacit_mut room,
		    size_t *ret_len)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = openat(entry->fd, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return errno;
	for (;;) {
		ssize_t n = read(fd, room.ptr + len, room.len - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == room.len)
			return EFBIG;
	}
	*ret_len = len;
	return 0;
}

/* Writes the input at once; what the kernel thinks of it shows in the generation. */
static int write_input(const struct entry *entry, const uint8_t *input)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = openat(entry->fd, "inblob", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	do {
		n = write(fd, input, TACIT_TSM_INPUT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	return n == TACIT_TSM_INPUT ? 0 : EIO;
}

static int read_generation(const struct entry *entry, uint64_t *ret)
{
	char text[32] = { 0 };
	size_t len = 0;
	int code = read_all(entry, "generation", tacit_mut_of((uint8_t *)text, sizeof(text) - 1),
			    &len);
	char *end;

	if (code != 0)
		return code;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return end == text || errno != 0 ? EIO : 0;
}

static enum tacit_status read_provider(const struct entry *entry, char ret[static 32],
				       struct tacit_error *err)
{
	char text[32] = { 0 };
	size_t len = 0;
	int code =
		read_all(entry, "provider", tacit_mut_of((uint8_t *)text, sizeof(text) - 1), &len);

	if (code != 0)
		return fail_errno(code, "cannot read the provider", err);
	text[strcspn(text, "\n")] = '\0';
	memcpy(ret, text, sizeof(text));
	return TACIT_OK;
}

static enum tacit_status make_entry(const char *folder, struct entry *entry,
				    struct tacit_error *err)
{
	int n = snprintf(entry->path, sizeof(entry->path), "%s/tacit-XXXXXX", folder);

	if (n < 0 || (size_t)n >= sizeof(entry->path) || !mkdtemp(entry->path)) {
		int code = n < 0 || (size_t)n >= sizeof(entry->path) ? ENAMETOOLONG : errno;

		entry->path[0] = '\0';
		return fail_errno(code, "cannot make a report", err);
	}
	entry->fd = open(entry->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return entry->fd < 0 ? fail_errno(errno, "cannot open the report", err) : TACIT_OK;
}

/*
 * One attempt; an errno value. The step that configfs takes at close(2) loses its error, so only
 * a counter that moved by one says that the input was taken, and one that stands still that the
 * report is the one for it.
 */
static int try_report(const struct entry *entry, const uint8_t *input, struct tacit_mut room,
		      struct tacit_tsm_report *report)
{
	uint64_t before, taken, after;
	size_t out = 0, aux = 0;
	int code = read_generation(entry, &before);

	if (code == 0)
		code = write_input(entry, input);
	if (code == 0)
		code = read_generation(entry, &taken);
	if (code == 0 && taken != before + 1)
		code = EBUSY;
	if (code == 0)
		code = read_all(entry, "outblob", room, &out);
	if (code != 0)
		return code;
	code = read_all(entry, "auxblob", tacit_mut_of(room.ptr + out, room.len - out), &aux);
	if (code != 0 && code != ENOENT && code != EINVAL)
		return code;
	code = read_generation(entry, &after);
	if (code == 0 && after != taken)
		code = EBUSY;
	if (code != 0)
		return code;
	report->out = tacit_slice_of(room.ptr, out);
	report->aux = aux ? tacit_slice_of(room.ptr + out, aux) : tacit_slice_of(NULL, 0);
	return 0;
}

static void pause_a_moment(void)
{
	struct timespec left = { 0, PAUSE_MS * 1000000L };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

enum tacit_status tacit_tsm_report(const char *folder, const uint8_t input[static TACIT_TSM_INPUT],
				   struct tacit_mut room, struct tacit_tsm_report *ret,
				   struct tacit_error *err)
{
	TACIT_CLEANUP(remove_entry) struct entry entry = { .fd = -1 };
	struct tacit_tsm_report report = { 0 };
	int code = EBUSY;
	enum tacit_status st = make_entry(folder, &entry, err);

	if (st == TACIT_OK)
		st = read_provider(&entry, report.provider, err);
	if (st != TACIT_OK)
		return st;
	for (int i = 0; i < TRIES; i++) {
		code = try_report(&entry, input, room, &report);
		if (code != EBUSY && code != EAGAIN && code != EINTR)
			break;
		pause_a_moment();
	}
	if (code != 0)
		return fail_errno(code, "no report", err);
	/* A quoting service that fails leaves an empty report and no error. */
	if (report.out.len == 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the host gave an empty report: its quoting service has failed");
	*ret = report;
	return TACIT_OK;
}

enum tacit_status tacit_tsm_provider(const char *folder, char ret[static 32],
				     struct tacit_error *err)
{
	TACIT_CLEANUP(remove_entry) struct entry entry = { .fd = -1 };
	enum tacit_status st = make_entry(folder, &entry, err);

	return st == TACIT_OK ? read_provider(&entry, ret, err) : st;
}
