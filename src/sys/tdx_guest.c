/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tdx_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/address.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/sandbox_ioctl.h"

#define WHERE      "tdx_guest"
#define TIMEOUT_MS 30000 /* the service may start a quoting enclave first */

/* [linux/tdx-guest.h], which headers of older systems lack. */
struct request {
	uint8_t data[TACIT_TSM_INPUT];
	uint8_t report[TACIT_TDX_GUEST_REPORT];
};
#define GET_REPORT0 _IOWR('T', 1, struct request)
_Static_assert(GET_REPORT0 == TACIT_IOCTL_TDX_GUEST_REPORT0,
	       "the sandbox lets this request through");

/* [DCAP qgs_msg_lib.h]: a length in big-endian order, then a message in little-endian. */
#define HEAD      16
#define GET_QUOTE 0
#define QUOTE     1
#define MAJOR     1
#define MINOR     0

static enum tacit_status fail_open(const char *device, int code, struct tacit_error *err)
{
	enum tacit_status st = code == ENOENT || code == ENXIO || code == ENODEV
				       ? TACIT_UNSUPPORTED
			       : code == EACCES || code == EPERM ? TACIT_DENIED
								 : TACIT_IO;

	return tacit_fail(err, st, WHERE, 0, "cannot open %s: %s", device, strerror(code));
}

int tacit_tdx_guest_report(int fd, const uint8_t input[static TACIT_TSM_INPUT],
			   uint8_t ret[static TACIT_TDX_GUEST_REPORT])
{
	struct request request = { .data = { 0 } };

	memcpy(request.data, input, sizeof(request.data));
	if (ioctl(fd, GET_REPORT0, &request) != 0)
		return errno;
	memcpy(ret, request.report, sizeof(request.report));
	return 0;
}

static enum tacit_status get_report(const char *device, const uint8_t *input, uint8_t *ret,
				    struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return fail_open(device, errno, err);
	int code = tacit_tdx_guest_report(fd, input, ret);
	return code == 0 ? TACIT_OK
			 : tacit_fail(err, TACIT_IO, WHERE, 0, "no report of the processor: %s",
				      strerror(code));
}

/* Waits until something can be read or written; the time that is left is for everything. */
static enum tacit_status wait_for(int fd, short what, uint64_t end, struct tacit_error *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = what };
		uint64_t now = tacit_clock_ms();
		int n = now < end ? poll(&p, 1, (int)(end - now)) : 0;

		if (n > 0)
			return TACIT_OK;
		if (n == 0)
			return tacit_fail(err, TACIT_PEER, WHERE, 0,
					  "the quote generation service does not answer");
		if (errno != EINTR)
			return tacit_fail(err, TACIT_IO, WHERE, 0, "poll: %s", strerror(errno));
	}
}

static enum tacit_status pass(int fd, bool out, uint8_t *bytes, size_t len, uint64_t end,
			      struct tacit_error *err)
{
	for (size_t at = 0; at < len;) {
		enum tacit_status st = wait_for(fd, out ? POLLOUT : POLLIN, end, err);

		if (st != TACIT_OK)
			return st;
		ssize_t n = out ? send(fd, bytes + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT)
				: recv(fd, bytes + at, len - at, MSG_DONTWAIT);
		if (n == 0)
			return tacit_fail(err, TACIT_PEER, WHERE, 0,
					  "the quote generation service hangs up");
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return tacit_fail(err, TACIT_PEER, WHERE, 0,
					  "the quote generation service: %s", strerror(errno));
		if (n > 0)
			at += (size_t)n;
	}
	return TACIT_OK;
}

static void put_le(struct writer *w, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		wr_u8(w, (uint8_t)(value >> (8 * i)));
}

static enum tacit_status send_report(int fd, const uint8_t *report, uint64_t end,
				     struct tacit_error *err)
{
	uint8_t room[4 + HEAD + 8 + TACIT_TDX_GUEST_REPORT];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	wr_be32(&w, sizeof(room) - 4);
	put_le(&w, MAJOR, 2);
	put_le(&w, MINOR, 2);
	put_le(&w, GET_QUOTE, 4);
	put_le(&w, sizeof(room) - 4, 4);
	put_le(&w, 0, 4); /* no error */
	put_le(&w, TACIT_TDX_GUEST_REPORT, 4);
	put_le(&w, 0, 4); /* any quoting enclave */
	wr_bytes(&w, tacit_slice_of(report, TACIT_TDX_GUEST_REPORT));
	return pass(fd, true, room, sizeof(room), end, err);
}

/* The message must fill its frame, and the quote the message. */
static enum tacit_status read_answer(struct tacit_slice in, struct tacit_slice *ret,
				     struct tacit_error *err)
{
	struct reader r = rd_of(in);
	uint16_t major = rd_le16(&r);

	(void)rd_le16(&r); /* minor: older and newer ones agree on this message */
	uint32_t type = rd_le32(&r), size = rd_le32(&r), error = rd_le32(&r);
	if (!r.bad && error != 0)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the quote generation service fails: error 0x%x", error);
	uint32_t id = rd_le32(&r), quote = rd_le32(&r);
	(void)rd_take(&r, id);
	struct tacit_slice bytes = rd_take(&r, quote);
	if (major != MAJOR || type != QUOTE || size != in.len || quote == 0 ||
	    rd_finish(&r, WHERE, NULL) != TACIT_OK)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the quote generation service answers nonsense");
	*ret = bytes;
	return TACIT_OK;
}

enum tacit_status tacit_tdx_guest_ask(int fd, unsigned timeout_ms, const uint8_t *report,
				      struct tacit_mut room, struct tacit_slice *ret,
				      struct tacit_error *err)
{
	uint64_t end = tacit_clock_ms() + timeout_ms;
	uint8_t length[4];
	enum tacit_status st = send_report(fd, report, end, err);

	if (st == TACIT_OK)
		st = pass(fd, false, length, sizeof(length), end, err);
	if (st != TACIT_OK)
		return st;
	struct reader r = rd_of(TACIT_SLICE_ARRAY(length));
	size_t len = rd_be32(&r);
	if (len < HEAD || len > room.len)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the quote generation service announces %zu bytes", len);
	st = pass(fd, false, room.ptr, len, end, err);
	return st == TACIT_OK ? read_answer(tacit_slice_of(room.ptr, len), ret, err) : st;
}

enum tacit_status tacit_tdx_guest_quote(const char *device, const char *service,
					const uint8_t *input, struct tacit_mut room,
					struct tacit_tsm_report *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = -1;
	uint8_t report[TACIT_TDX_GUEST_REPORT];
	struct tacit_address address;
	struct tacit_slice quote;
	enum tacit_status st = get_report(device, input, report, err);

	if (st == TACIT_OK)
		st = tacit_address_parse(service, &address, err);
	if (st == TACIT_OK)
		st = tacit_address_connect(&address, TIMEOUT_MS, &fd, err);
	if (st == TACIT_OK)
		st = tacit_tdx_guest_ask(fd, TIMEOUT_MS, report, room, &quote, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, WHERE);
	*ret = (struct tacit_tsm_report){ .provider = "tdx_guest", .out = quote };
	return TACIT_OK;
}
