/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "wire.h"

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static int bind_vsock(const char *port)
{
	struct sockaddr_vm name = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	char *end = NULL;
	unsigned long number = strtoul(port, &end, 10);
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	name.svm_port = (unsigned)number;
	if (end == port || *end || number == 0 || number >= UINT32_MAX)
		errno = EINVAL;
	else if (fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	return -1;
}

static int bind_unix(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(name.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name.sun_path, path, strlen(path));
	return fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 ? fd : -1;
}

int wire_listen(const char *address)
{
	int fd = -1;

	errno = EINVAL;
	if (strncmp(address, "vsock:", 6) == 0)
		fd = bind_vsock(address + 6);
	else if (strncmp(address, "unix:", 5) == 0)
		fd = bind_unix(address + 5);
	if (fd >= 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	fprintf(stderr, "cannot listen at '%s': %s\n", address, strerror(errno));
	return -1;
}

static int64_t now_ms(void)
{
	struct timespec t = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wire_limit(struct wire *w, int64_t ms)
{
	w->end = now_ms() + ms;
}

/* One step in or out, when that can be done before the end; 0 means that nothing will come. */
static size_t step(const struct wire *w, short way, char *bytes, size_t len)
{
	for (;;) {
		int64_t left = w->end - now_ms();
		struct pollfd p = { .fd = w->fd, .events = way };
		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			return 0;
		ssize_t n = way == POLLIN ? recv(w->fd, bytes, len, MSG_DONTWAIT) :
					    send(w->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			return (size_t)n;
		if (errno != EAGAIN && errno != EINTR)
			return 0;
	}
}

static bool move(const struct wire *w, short way, char *bytes, size_t len)
{
	size_t n = 1;

	for (size_t at = 0; at < len && n > 0; at += n)
		n = step(w, way, bytes + at, len - at);
	return n > 0;
}

size_t wire_read(const struct wire *w, char room[static MESSAGE_MAX], const char **ret_why)
{
	unsigned char head[8];
	uint64_t len = 0;

	*ret_why = "the length did not come whole and in time";
	if (!move(w, POLLIN, (char *)head, sizeof(head)))
		return 0;
	for (size_t i = 0; i < sizeof(head); i++)
		len = len << 8 | head[i];
	*ret_why = "the length is not from 1 to 65536";
	if (len == 0 || len > MESSAGE_MAX)
		return 0;
	*ret_why = "the message did not come whole and in time";
	return move(w, POLLIN, room, (size_t)len) ? (size_t)len : 0;
}

bool wire_write(const struct wire *w, const char *bytes, size_t len)
{
	char message[8 + MESSAGE_MAX];

	if (len == 0 || len > MESSAGE_MAX)
		return false;
	for (size_t i = 0; i < 8; i++)
		message[i] = (char)((uint64_t)len >> (56 - 8 * i) & 0xff);
	memcpy(message + 8, bytes, len);
	return move(w, POLLOUT, message, 8 + len);
}

void wire_close(struct wire *w)
{
	char rest[4096];

	shutdown(w->fd, SHUT_WR);
	wire_limit(w, 1000);
	while (step(w, POLLIN, rest, sizeof(rest)) > 0)
		continue;
	close(w->fd);
}

bool wire_base64(const char *text, uint8_t *room, size_t max, size_t *ret_len)
{
	char again[MESSAGE_MAX + 1];
	size_t len = strlen(text);

	if (len > (max + 2) / 3 * 4 || len >= MESSAGE_MAX)
		return false;
	int n = len > 0 ? EVP_DecodeBlock(room, (const uint8_t *)text, (int)len) : 0;
	if (n > 0)
		n -= (text[len - 1] == '=') + (text[len - 2] == '=');
	if (n < 0 || (size_t)n > max)
		return false;
	*ret_len = (size_t)n;
	/* OpenSSL is lenient about blanks and about the bits behind the last byte. */
	return len == 0 || (EVP_EncodeBlock((uint8_t *)again, room, n) == (int)len &&
			    memcmp(again, text, len) == 0);
}
