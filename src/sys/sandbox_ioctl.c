/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sandbox_ioctl.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"

#define WHERE "sandbox"
#define MAX   16

/* Whether something is a terminal, how much is there to read, and no waiting. */
static const uint32_t USUAL[] = { TCGETS, FIONREAD, FIONBIO };

static const struct {
	enum tacit_tee tee;
	uint32_t request;
} ATTESTERS[] = {
	{ TACIT_TEE_NITRO, TACIT_IOCTL_NSM },
	{ TACIT_TEE_SNP, TACIT_IOCTL_SEV_GUEST_REPORT },
	{ TACIT_TEE_SNP, TACIT_IOCTL_SEV_GUEST_EXTENDED },
	{ TACIT_TEE_TDX, TACIT_IOCTL_TDX_GUEST_REPORT0 },
};

static size_t list_requests(enum tacit_tee tee, uint32_t ret[static MAX])
{
	size_t n = TACIT_ARRAY_LEN(USUAL);

	memcpy(ret, USUAL, sizeof(USUAL));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ATTESTERS); i++) {
		if (ATTESTERS[i].tee == tee)
			ret[n++] = ATTESTERS[i].request;
	}
	return n;
}

/*
 * The kernel takes the low half of the argument for the request, and so does this. Calls of another
 * architecture end the process by the sandbox's other filter.
 */
static unsigned short write_filter(const uint32_t *requests, size_t count, struct sock_filter *ret)
{
	const uint32_t low = offsetof(struct seccomp_data, args[1]) +
			     (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
	size_t n = 0;

	ret[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, nr));
	ret[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0,
						(uint8_t)(count + 2));
	ret[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low);
	for (size_t i = 0; i < count; i++)
		ret[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, requests[i],
							(uint8_t)(count - i), 0);
	ret[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA));
	ret[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)n;
}

enum tacit_status tacit_sandbox_ioctl(enum tacit_tee tee, bool *ret_holds, struct tacit_error *err)
{
	uint32_t requests[MAX];
	struct sock_filter filter[MAX + 5];
	struct sock_fprog program = { .filter = filter };

	program.len = write_filter(requests, list_requests(tee, requests), filter);
	long code =
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	bool absent = code < 0 && (errno == EINVAL || errno == ENOSYS);
	if (code != 0 && !absent)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "seccomp cannot be entered: %s",
				  code > 0 ? "a thread stays outside" : strerror(errno));
	*ret_holds = !absent;
	return TACIT_OK;
}
