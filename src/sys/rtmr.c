/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/rtmr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "sys/fd.h"
#include "sys/tdx_guest.h"

#define WHERE "rtmr3"

static const uint8_t ZEROS[TACIT_RTMR_LEN];

/* ---- the kernel's file ---------------------------------------------------------------------- */

struct file_user {
	const char *path;
};

static int read_file(void *user, uint8_t *ret)
{
	const struct file_user *file = user;
	TACIT_CLEANUP(tacit_fd_close) int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	uint8_t room[TACIT_RTMR_LEN + 1]; /* one more than it has */
	ssize_t n;

	if (fd < 0)
		return errno;
	do
		n = pread(fd, room, sizeof(room), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (n != TACIT_RTMR_LEN)
		return EPROTO;
	memcpy(ret, room, TACIT_RTMR_LEN);
	return 0;
}

/* One write is one extension: what was cut short is not tried again. */
static int extend_file(void *user, const uint8_t *data)
{
	const struct file_user *file = user;
	TACIT_CLEANUP(tacit_fd_close) int fd = open(file->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	ssize_t n = pwrite(fd, data, TACIT_RTMR_LEN, 0);
	if (n < 0)
		return errno;
	return n == TACIT_RTMR_LEN ? 0 : EPROTO;
}

/* ---- the device of vendors' kernels --------------------------------------------------------- */

/* [DCAP tdx_attest.c]: _IOW by its later kernels, _IOR by its first. */
struct extend_request {
	uint8_t data[TACIT_RTMR_LEN];
	uint8_t index;
};
#define EXTEND       _IOW('T', 3, struct extend_request)
#define EXTEND_FIRST _IOR('T', 3, struct extend_request)
#define INDEX        3
#define REPORT_RTMR3 864 /* in a TDREPORT [TDX-MODULE TDINFO_STRUCT] */

static int read_device(void *user, uint8_t *ret)
{
	static const uint8_t nothing[TACIT_TSM_INPUT];
	uint8_t report[TACIT_TDX_GUEST_REPORT];
	int code = tacit_tdx_guest_report(*(const int *)user, nothing, report);

	if (code == 0)
		memcpy(ret, report + REPORT_RTMR3, TACIT_RTMR_LEN);
	return code;
}

static int extend_device(void *user, const uint8_t *data)
{
	struct extend_request request = { .index = INDEX };
	const int *fd = user;

	memcpy(request.data, data, TACIT_RTMR_LEN);
	if (ioctl(*fd, EXTEND, &request) == 0)
		return 0;
	if (errno != ENOTTY)
		return errno;
	return ioctl(*fd, EXTEND_FIRST, &request) == 0 ? 0 : errno;
}

/* ---- what becomes of it --------------------------------------------------------------------- */

static enum tacit_status fail_errno(const char *what, int code, struct tacit_error *err)
{
	switch (code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTTY:
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the kernel offers no way to extend RTMR3 (Linux 6.16 does)");
	case EACCES:
	case EPERM:
	case EROFS:
		return tacit_fail(err, TACIT_DENIED, WHERE, 0, "cannot %s RTMR3: %s", what,
				  strerror(code));
	case EPROTO:
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "cannot %s RTMR3: it is not 48 bytes long", what);
	default:
		return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot %s RTMR3: %s", what,
				  strerror(code));
	}
}

static enum tacit_status extended(const uint8_t *old, const uint8_t *data, uint8_t *ret,
				  struct tacit_error *err)
{
	const struct tacit_slice parts[] = { tacit_slice_of(old, TACIT_RTMR_LEN),
					     tacit_slice_of(data, TACIT_RTMR_LEN) };

	return tacit_hash_parts(TACIT_SHA384, parts, TACIT_ARRAY_LEN(parts), ret, err);
}

/* Extends what holds `old`, and sees that nobody else did in between. */
static enum tacit_status extend(const struct tacit_rtmr_way *way, const uint8_t *old,
				const uint8_t *data, uint8_t *ret, struct tacit_error *err)
{
	uint8_t want[TACIT_RTMR_LEN], have[TACIT_RTMR_LEN];
	enum tacit_status st = extended(old, data, want, err);

	if (st != TACIT_OK)
		return st;
	int code = way->extend(way->user, data);
	if (code != 0)
		return fail_errno("extend", code, err);
	code = way->read(way->user, have);
	if (code != 0)
		return fail_errno("read", code, err);
	if (memcmp(have, want, sizeof(have)) != 0)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "RTMR3 does not hold what it was extended with: another program "
				  "extends it too");
	memcpy(ret, have, sizeof(have));
	return TACIT_OK;
}

enum tacit_status tacit_rtmr_fill_with(const struct tacit_rtmr_way *way,
				       const uint8_t data[static TACIT_RTMR_LEN],
				       struct tacit_rtmr_result *ret, struct tacit_error *err)
{
	struct tacit_rtmr_result result = { .state = TACIT_RTMR_CHAINED };
	uint8_t have[TACIT_RTMR_LEN], alone[TACIT_RTMR_LEN];
	int code = way->read(way->user, have);

	if (code != 0)
		return fail_errno("read", code, err);
	enum tacit_status st = extended(ZEROS, data, alone, err);
	if (st != TACIT_OK)
		return st;
	if (memcmp(have, alone, sizeof(have)) == 0) {
		result.state = TACIT_RTMR_HELD;
		memcpy(result.value, have, sizeof(have));
	} else {
		if (memcmp(have, ZEROS, sizeof(have)) == 0)
			result.state = TACIT_RTMR_EXTENDED;
		st = extend(way, have, data, result.value, err);
	}
	if (st == TACIT_OK)
		*ret = result;
	return st;
}

static enum tacit_status fill_device(const char *device, const uint8_t *data,
				     struct tacit_rtmr_result *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open(device, O_RDWR | O_CLOEXEC);
	const struct tacit_rtmr_way way = { read_device, extend_device, &fd };

	return fd < 0 ? fail_errno("open the device of", errno, err)
		      : tacit_rtmr_fill_with(&way, data, ret, err);
}

enum tacit_status tacit_rtmr_fill(const char *file, const char *device,
				  const uint8_t data[static TACIT_RTMR_LEN],
				  struct tacit_rtmr_result *ret, struct tacit_error *err)
{
	struct file_user user = { file };
	const struct tacit_rtmr_way way = { read_file, extend_file, &user };

	if (access(file, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return fill_device(device, data, ret, err);
	return tacit_rtmr_fill_with(&way, data, ret, err);
}

const char *tacit_rtmr_state_name(enum tacit_rtmr_state state)
{
	static const char *const NAMES[] = { "extended", "held", "chained" };

	return (size_t)state < TACIT_ARRAY_LEN(NAMES) ? NAMES[state] : "none";
}
