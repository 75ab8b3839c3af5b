/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define MESSAGE_MAX (1u << 17)

static bool reply(int fd, uint64_t unique, int error, const struct iovec *parts, int count)
{
	struct fuse_out_header head = { sizeof(head), error, unique };
	struct iovec all[4] = { { &head, sizeof(head) } };

	for (int i = 0; i < count; i++) {
		all[i + 1] = parts[i];
		head.len += (uint32_t)parts[i].iov_len;
	}
	return writev(fd, all, count + 1) == (ssize_t)head.len;
}

static bool answer_init(int fd, const struct fuse_in_header *head, const char *name)
{
	const struct cuse_init_in *asked = (const void *)(head + 1);
	struct cuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION,
				     .flags = asked->flags & CUSE_UNRESTRICTED_IOCTL,
				     .max_read = 1 << 16,
				     .max_write = 1 << 16 };
	char info[64];
	int len = snprintf(info, sizeof(info), "DEVNAME=%s", name);
	const struct iovec parts[] = { { &out, sizeof(out) }, { info, (size_t)len + 1 } };

	return reply(fd, head->unique, 0, parts, 2);
}

static bool answer_ioctl(int fd, const struct fuse_in_header *head, cuse_handler *handler,
			 void *user)
{
	static struct cuse_round round;
	const struct fuse_ioctl_in *asked = (const void *)(head + 1);
	struct fuse_ioctl_out out = { 0 };
	struct fuse_ioctl_iovec wants[2 * CUSE_PARTS];
	unsigned count = 0;

	round = (struct cuse_round){ .request = asked->cmd,
				     .argument = asked->arg,
				     .in = (const uint8_t *)(asked + 1),
				     .in_len = asked->in_size,
				     .out_len = asked->out_size };
	handler(user, &round);
	for (unsigned i = 0; i < round.want_ins; i++)
		wants[count++] = (struct fuse_ioctl_iovec){ round.want_in[i].address,
							    round.want_in[i].len };
	for (unsigned i = 0; i < round.want_outs; i++)
		wants[count++] = (struct fuse_ioctl_iovec){ round.want_out[i].address,
							    round.want_out[i].len };
	out.result = round.result;
	out.flags = count ? FUSE_IOCTL_RETRY : 0;
	out.in_iovs = round.want_ins;
	out.out_iovs = round.want_outs;
	const struct iovec parts[] = {
		{ &out, sizeof(out) },
		{ count ? (void *)wants : (void *)round.out,
		  count ? count * sizeof(wants[0]) : round.out_used },
	};
	return reply(fd, head->unique, 0, parts, 2);
}

static bool answer(int fd, const struct fuse_in_header *head, const char *name,
		   cuse_handler *handler, void *user)
{
	struct fuse_open_out opened = { 0 };
	const struct iovec part = { &opened, sizeof(opened) };

	switch (head->opcode) {
	case CUSE_INIT:
		return answer_init(fd, head, name);
	case FUSE_OPEN:
		return reply(fd, head->unique, 0, &part, 1);
	case FUSE_IOCTL:
		return answer_ioctl(fd, head, handler, user);
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		return reply(fd, head->unique, 0, NULL, 0);
	case FUSE_INTERRUPT:
		return true;
	default:
		return reply(fd, head->unique, -ENOSYS, NULL, 0);
	}
}

int cuse_serve(const char *name, cuse_handler *handler, void *user)
{
	static _Alignas(8) uint8_t message[MESSAGE_MAX];
	int fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);

	while (fd >= 0) {
		ssize_t n = read(fd, message, sizeof(message));

		if (n < (ssize_t)sizeof(struct fuse_in_header)) {
			if (n < 0 && (errno == EINTR || errno == EAGAIN))
				continue;
			break;
		}
		if (!answer(fd, (const void *)message, name, handler, user))
			break;
	}
	perror("cuse");
	return 1;
}
