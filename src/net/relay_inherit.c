/* SPDX-License-Identifier: Apache-2.0 */

/* Socket activation [sd_listen_fds(3)]: listening sockets from descriptor 3 on, with names. */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/relay_inside.h"

#define FIRST_FD 3
#define FDS_MAX  256

static bool read_number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end = NULL;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *ret <= max;
}

/* The place of `name` in "a:b:c"; without names every socket is called "unknown" there. */
static bool find_name(const char *names, unsigned long count, const char *name, int *ret)
{
	size_t want = strlen(name);

	for (unsigned long i = 0; i < count && names; i++) {
		size_t len = strcspn(names, ":");

		if (len == want && memcmp(names, name, len) == 0) {
			*ret = (int)i;
			return true;
		}
		names = names[len] ? names + len + 1 : NULL;
	}
	return false;
}

static void describe(int fd, struct tacit_address *ret)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);
	char port[8] = "";

	memset(ret, 0, sizeof(*ret));
	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return;
	if (name.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&name;

		ret->transport = TACIT_TRANSPORT_UNIX;
		memcpy(ret->path, un->sun_path, sizeof(ret->path) - 1);
	} else if (name.ss_family == AF_VSOCK) {
		const struct sockaddr_vm *vm = (const struct sockaddr_vm *)&name;

		ret->transport = TACIT_TRANSPORT_VSOCK;
		ret->cid = vm->svm_cid;
		ret->port = vm->svm_port;
	} else if (getnameinfo((const struct sockaddr *)&name, len, ret->host, sizeof(ret->host),
			       port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
		unsigned long number = 0;

		(void)read_number(port, 65535, &number);
		ret->port = (uint32_t)number;
	}
}

enum tacit_status tacit_relay_inherit(const char *name, int *ret_fd, struct tacit_address *ret,
				      struct tacit_error *err)
{
	unsigned long pid, count;
	int place, listening = 0;
	socklen_t len = sizeof(listening);

	if (!read_number(getenv("LISTEN_PID"), INT32_MAX, &pid) || pid != (unsigned long)getpid() ||
	    !read_number(getenv("LISTEN_FDS"), FDS_MAX, &count))
		return tacit_fail(err, TACIT_IO, "relay.inherit", 0,
				  "the service manager gave no sockets");
	if (!find_name(getenv("LISTEN_FDNAMES"), count, name, &place))
		return tacit_fail(err, TACIT_IO, "relay.inherit", 0,
				  "the service manager gave no socket of this name");
	int fd = FIRST_FD + place;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || !listening)
		return tacit_fail(err, TACIT_IO, "relay.inherit", 0, "not a listening socket");
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return tacit_fail(err, TACIT_IO, "relay.inherit", 0, "cannot set it up: %s",
				  strerror(errno));
	describe(fd, ret);
	*ret_fd = fd;
	return TACIT_OK;
}
