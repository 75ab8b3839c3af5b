/* SPDX-License-Identifier: Apache-2.0 */

/* The machine itself, as the doctor asks it. Nothing here waits for more than seconds. */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/address.h"
#include "sys/attest.h"
#include "sys/doctor.h"
#include "sys/fd.h"
#include "sys/tsm.h"

#define ANSWER_MS 5000

static int open_device(void *user, const char *path)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	(void)user;
	return fd < 0 ? errno : 0;
}

static enum tacit_status provider(void *user, char ret[static 32], struct tacit_error *err)
{
	(void)user;
	return tacit_tsm_provider(TACIT_TSM_FOLDER, ret, err);
}

static enum tacit_status attest(void *user, enum tacit_tee tee, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	static const uint8_t ZEROS[TACIT_TSM_INPUT];
	const struct tacit_attest_options options = { .config = tacit_slice_str("tacit doctor") };
	const struct tacit_attest_request request = {
		.report_data = tee == TACIT_TEE_TDX || tee == TACIT_TEE_SNP
				       ? TACIT_SLICE_ARRAY(ZEROS)
				       : tacit_slice_of(NULL, 0),
	};
	struct tacit_attester *attester = NULL;

	(void)user;
	enum tacit_status st = tacit_attester_open(tee, &options, &attester, err);
	if (st == TACIT_OK)
		st = tacit_attester_attest(attester, &request, room, ret, err);
	tacit_attester_close(attester);
	return st;
}

/* Reads until the other end closes or the time is over; an errno value. */
static int read_within(int fd, uint8_t *room, size_t *len)
{
	size_t got = 0;

	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, ANSWER_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready ? errno : ETIMEDOUT;
		ssize_t n = got < *len ? read(fd, room + got, *len - got) : 0;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return 0;
}

static int tpm(void *user, const char *device, struct tacit_slice command, uint8_t *answer,
	       size_t *len)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	(void)user;
	if (fd < 0 || write(fd, command.ptr, command.len) != (ssize_t)command.len)
		return errno ? errno : EIO;
	if (poll(&wait, 1, ANSWER_MS) <= 0)
		return ETIMEDOUT;
	ssize_t n = read(fd, answer, *len);
	if (n < 0)
		return errno;
	*len = (size_t)n;
	return 0;
}

static int local_cid(void *user, uint32_t *ret)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	unsigned cid = 0;

	(void)user;
	if (fd < 0 || ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid) != 0)
		return errno;
	*ret = cid;
	return 0;
}

static void reap(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* By gzip(1): one file is no reason to link a library. */
static int inflate(void *user, const char *path, char *text, size_t *len)
{
	static char program[] = "/usr/bin/gzip", option[] = "-dc";
	static char *const environment[] = { NULL };
	TACIT_CLEANUP(tacit_fd_close) int in = open(path, O_RDONLY | O_CLOEXEC);
	char *const argv[] = { program, option, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;

	(void)user;
	if (in < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	TACIT_CLEANUP(tacit_fd_close) int out = ends[0];
	TACIT_CLEANUP(tacit_fd_close) int write_end = ends[1];
	int code = posix_spawn_file_actions_init(&actions);
	if (code)
		return code;
	code = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
	if (code == 0)
		code = posix_spawn(&child, program, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (code)
		return code;
	close(write_end);
	write_end = -1;
	code = read_within(out, (uint8_t *)text, len);
	reap(child);
	return code;
}

static int synchronised(void *user)
{
	struct timex state = { 0 };

	(void)user;
	int code = adjtimex(&state);
	return code < 0 ? -1 : code != TIME_ERROR && !(state.status & STA_UNSYNC);
}

/* In the child: looks the name up, which nothing bounds, and connects. */
static void connect_and_exit(const struct tacit_address *address, int fd)
{
	struct tacit_error err = { 0 };
	int peer;

	if (tacit_address_connect(address, ANSWER_MS, &peer, &err) == TACIT_OK)
		err.status = TACIT_OK;
	(void)!write(fd, &err, sizeof(err));
	_exit(0);
}

static enum tacit_status reach(void *user, const char *text, struct tacit_error *err)
{
	struct tacit_error answer = { 0 };
	size_t len = sizeof(answer);
	struct tacit_address address;
	int ends[2];

	(void)user;
	if (tacit_address_parse(text, &address, err) != TACIT_OK)
		return TACIT_USAGE;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return tacit_fail(err, TACIT_IO, "doctor", 0, "%s", strerror(errno));
	TACIT_CLEANUP(tacit_fd_close) int in = ends[0];
	pid_t child = fork();
	if (child == 0)
		connect_and_exit(&address, ends[1]);
	close(ends[1]);
	if (child < 0)
		return tacit_fail(err, TACIT_IO, "doctor", 0, "%s", strerror(errno));
	int code = read_within(in, (uint8_t *)&answer, &len);
	reap(child);
	if (code != 0 || len != sizeof(answer))
		return tacit_fail(err, TACIT_PEER, "doctor", 0, "no answer within %d s",
				  ANSWER_MS / 1000);
	if (answer.status != TACIT_OK)
		*err = answer;
	return answer.status;
}

struct tacit_doctor_machine tacit_doctor_this_machine(void)
{
	return (struct tacit_doctor_machine){
		.root = "",
		.now = (int64_t)time(NULL),
		.open_device = open_device,
		.provider = provider,
		.attest = attest,
		.tpm = tpm,
		.local_cid = local_cid,
		.inflate = inflate,
		.synchronised = synchronised,
		.reach = reach,
	};
}
