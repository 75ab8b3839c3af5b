/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sev_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/reader.h"
#include "base/secret.h"
#include "sys/fd.h"
#include "sys/sandbox_ioctl.h"

#define WHERE            "sev_guest"
#define PAGE             4096
#define ANSWER           4000
#define REPORT_AT        32
#define REPORT_LEN       1184 /* [SNP-ABI 7.3] */
#define VMM_LEN          1    /* the host says that there is more than the buffer holds */
#define VMM_BUSY         2
#define TRIES            20
#define PAUSE_MS         250

#define STATUS_PARAMETER 0x16
#define STATUS_KEY       0x27

/* [linux/sev-guest.h], declared here because headers of older systems lack parts of it. */
struct envelope {
	uint8_t version;
	uint64_t request, response; /* addresses */
	uint32_t firmware_error, vmm_error;
};

struct question {
	uint8_t data[TACIT_TSM_INPUT];
	uint32_t vmpl;
	uint8_t reserved[28];
};

struct extended {
	struct question question;
	uint64_t certs; /* an address */
	uint32_t certs_len;
};

struct key_question {
	uint32_t root, reserved;
	uint64_t fields;
	uint32_t vmpl, guest_svn;
	uint64_t tcb;
};

#define KEY_AT         32 /* in the answer: status, 28 reserved bytes, key */

#define GET_REPORT     _IOWR('S', 0, struct envelope)
#define GET_KEY        _IOWR('S', 1, struct envelope)
#define GET_EXT_REPORT _IOWR('S', 2, struct envelope)
_Static_assert(GET_REPORT == TACIT_IOCTL_SEV_GUEST_REPORT &&
		       GET_EXT_REPORT == TACIT_IOCTL_SEV_GUEST_EXTENDED,
	       "the sandbox lets these requests through");

/* One conversation with the device. */
struct asking {
	tacit_sev_guest_call *call;
	void *user;
	uint8_t answer[ANSWER];
	struct envelope envelope; /* of the last call */
};

static void free_block(uint8_t **block)
{
	free(*block);
}

static int call_device(void *user, unsigned long request, void *argument)
{
	const int *fd = user;

	return ioctl(*fd, request, argument) == 0 ? 0 : errno;
}

static bool is_busy(const struct asking *a, int code)
{
	return code != 0 && (a->envelope.vmm_error == VMM_BUSY || code == EBUSY || code == EAGAIN ||
			     code == EINTR);
}

/* An errno value. Each try is a message of its own: the kernel counts them. */
static int ask(struct asking *a, unsigned long request, void *question)
{
	int code = EBUSY;

	for (int i = 0; i < TRIES; i++) {
		const struct timespec pause = { 0, PAUSE_MS * 1000000L };

		if (i)
			nanosleep(&pause, NULL);
		memset(a->answer, 0, sizeof(a->answer));
		a->envelope = (struct envelope){ .version = 1,
						 .request = (uintptr_t)question,
						 .response = (uintptr_t)a->answer };
		code = a->call(a->user, request, &a->envelope);
		if (!is_busy(a, code))
			break;
	}
	return code;
}

static enum tacit_status fail_call(const struct asking *a, int code, const char *what,
				   struct tacit_error *err)
{
	if (is_busy(a, code))
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the host stays busy");
	if (code == ENOTTY)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the device takes no requests: its key may be disabled until the "
				  "next boot");
	if (a->envelope.firmware_error || a->envelope.vmm_error)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "no %s: error 0x%x of the firmware, 0x%x of the host", what,
				  a->envelope.firmware_error, a->envelope.vmm_error);
	return tacit_fail(err, TACIT_IO, WHERE, 0, "no %s: %s", what, strerror(code));
}

/*
 * Asks first without room for certificates: the host answers at once when it has none, and else
 * says how much there is. What it says is a wish: more than a report may bring is not asked for.
 */
static int ask_extended(struct asking *a, const struct question *question, struct tacit_mut certs,
			size_t *ret_certs)
{
	struct extended extended = { .question = *question };
	int code = ask(a, GET_EXT_REPORT, &extended);

	*ret_certs = 0;
	if (code == 0 || a->envelope.vmm_error != VMM_LEN)
		return code;
	if (extended.certs_len == 0 || extended.certs_len % PAGE || extended.certs_len > certs.len)
		return EFBIG;
	uint32_t len = extended.certs_len;
	extended = (struct extended){ *question, (uintptr_t)certs.ptr, len };
	memset(certs.ptr, 0, len);
	code = ask(a, GET_EXT_REPORT, &extended);
	if (code == 0)
		*ret_certs = len;
	return code;
}

/* The firmware's answer: status, length, and the report behind 24 reserved bytes. */
static enum tacit_status take_report(const struct asking *a, struct tacit_slice *ret,
				     struct tacit_error *err)
{
	struct reader r = rd_of(TACIT_SLICE_ARRAY(a->answer));
	uint32_t status = rd_le32(&r), len = rd_le32(&r);

	if (status != 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the firmware refuses: status 0x%x",
				  status);
	if (len < REPORT_LEN || len > ANSWER - REPORT_AT)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "a report of %u bytes", len);
	*ret = tacit_slice_of(a->answer + REPORT_AT, REPORT_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_sev_guest_report_with(tacit_sev_guest_call *call, void *user,
					      const uint8_t *input, struct tacit_mut room,
					      struct tacit_tsm_report *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(free_block) uint8_t *block = aligned_alloc(PAGE, TACIT_TSM_OUTPUT_MAX);
	struct asking a = { .call = call, .user = user };
	struct question question = { .vmpl = 0 };
	struct tacit_slice report;
	size_t certs = 0;

	if (!block)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	memcpy(question.data, input, sizeof(question.data));
	int code = ask_extended(&a, &question, tacit_mut_of(block, TACIT_TSM_OUTPUT_MAX), &certs);
	if (code != 0 && !is_busy(&a, code))
		code = ask(&a, GET_REPORT, &question);
	if (code != 0)
		return fail_call(&a, code, "report", err);
	enum tacit_status st = take_report(&a, &report, err);
	if (st != TACIT_OK)
		return st;
	if (room.len < report.len + certs)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the report does not fit");
	memcpy(room.ptr, report.ptr, report.len);
	if (certs)
		memcpy(room.ptr + report.len, block, certs);
	*ret = (struct tacit_tsm_report){ .provider = "sev_guest",
					  .out = tacit_slice_of(room.ptr, report.len) };
	if (certs)
		ret->aux = tacit_slice_of(room.ptr + report.len, certs);
	return TACIT_OK;
}

static enum tacit_status open_device(const char *device, int *ret, struct tacit_error *err)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		int code = errno;
		enum tacit_status st = code == ENOENT || code == ENXIO || code == ENODEV
					       ? TACIT_UNSUPPORTED
				       : code == EACCES || code == EPERM ? TACIT_DENIED
									 : TACIT_IO;

		return tacit_fail(err, st, WHERE, 0, "cannot open %s: %s", device, strerror(code));
	}
	*ret = fd;
	return TACIT_OK;
}

enum tacit_status tacit_sev_guest_report(const char *device, const uint8_t *input,
					 struct tacit_mut room, struct tacit_tsm_report *ret,
					 struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = -1;
	enum tacit_status st = open_device(device, &fd, err);

	return st == TACIT_OK ? tacit_sev_guest_report_with(call_device, &fd, input, room, ret, err)
			      : st;
}

/* ---- derived keys --------------------------------------------------------------------------- */

/* What the kernel or the firmware would refuse, told in words. */
static enum tacit_status check_request(const struct tacit_sev_guest_key_request *request,
				       struct tacit_error *err)
{
	if (request->root != TACIT_SEV_GUEST_VCEK && request->root != TACIT_SEV_GUEST_VMRK)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "there is no such root key");
	if (request->fields & ~TACIT_SEV_GUEST_FIELDS)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "there is no such field of a guest");
	if (request->vmpl > 3)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "VMPLs are 0 to 3");
	if ((request->guest_svn && !(request->fields & TACIT_SEV_GUEST_SVN)) ||
	    (request->tcb && !(request->fields & TACIT_SEV_GUEST_TCB)))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "a version is given that the key does not depend on");
	return TACIT_OK;
}

static enum tacit_status take_key(const struct asking *a, uint8_t *ret, struct tacit_error *err)
{
	static const uint8_t nothing[TACIT_SEV_GUEST_KEY_LEN];
	struct reader r = rd_of(TACIT_SLICE_ARRAY(a->answer));
	uint32_t status = rd_le32(&r);

	if (status == STATUS_PARAMETER)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the firmware refuses: VMPL, SVN or TCB are not this guest's");
	if (status == STATUS_KEY)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the firmware refuses: it has no such root key");
	if (status != 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the firmware refuses: status 0x%x",
				  status);
	if (tacit_equal_secret(tacit_slice_of(a->answer + KEY_AT, sizeof(nothing)),
			       TACIT_SLICE_ARRAY(nothing)))
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "there is no key in the answer");
	memcpy(ret, a->answer + KEY_AT, TACIT_SEV_GUEST_KEY_LEN);
	return TACIT_OK;
}

enum tacit_status tacit_sev_guest_key_with(tacit_sev_guest_call *call, void *user,
					   const struct tacit_sev_guest_key_request *request,
					   uint8_t ret[static TACIT_SEV_GUEST_KEY_LEN],
					   struct tacit_error *err)
{
	struct asking a = { .call = call, .user = user };
	struct key_question question = { .root = (uint32_t)request->root,
					 .fields = request->fields,
					 .vmpl = request->vmpl,
					 .guest_svn = request->guest_svn,
					 .tcb = request->tcb };
	enum tacit_status st = check_request(request, err);

	if (st != TACIT_OK)
		return st;
	int code = ask(&a, GET_KEY, &question);
	st = code == 0 ? take_key(&a, ret, err) : fail_call(&a, code, "key", err);
	tacit_wipe(a.answer, sizeof(a.answer));
	return st;
}

enum tacit_status tacit_sev_guest_key(const char *device,
				      const struct tacit_sev_guest_key_request *request,
				      uint8_t ret[static TACIT_SEV_GUEST_KEY_LEN],
				      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = -1;
	enum tacit_status st = check_request(request, err);

	if (st == TACIT_OK)
		st = open_device(device, &fd, err);
	return st == TACIT_OK ? tacit_sev_guest_key_with(call_device, &fd, request, ret, err) : st;
}
