/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/address.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define BACKLOG 1024

static void free_list(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static enum tacit_status fail_errno(struct tacit_error *err, int code, const char *what)
{
	enum tacit_status st = code == EACCES || code == EPERM ? TACIT_DENIED : TACIT_IO;

	return tacit_fail(err, st, "address", 0, "%s: %s", what, strerror(code));
}

static enum tacit_status look_up(const struct tacit_address *address, bool passive,
				 struct addrinfo **ret, struct tacit_error *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = (passive ? AI_PASSIVE : 0) | AI_NUMERICSERV };
	char port[16];

	snprintf(port, sizeof(port), "%u", (unsigned)address->port);
	int code = getaddrinfo(address->host, port, &hints, ret);
	if (code != 0) {
		*ret = NULL;
		return tacit_fail(err, passive ? TACIT_IO : TACIT_PEER, "address", 0,
				  "cannot resolve '%s': %s", address->host, gai_strerror(code));
	}
	return TACIT_OK;
}

static void note_port(int fd, struct tacit_address *bound)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		return;
	if (name.ss_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, &name, sizeof(in));
		bound->port = ntohs(in.sin_port);
	} else if (name.ss_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, &name, sizeof(in6));
		bound->port = ntohs(in6.sin6_port);
	}
}

static enum tacit_status listen_tcp(const struct tacit_address *address, int *ret_fd,
				    struct tacit_address *ret_bound, struct tacit_error *err)
{
	struct addrinfo *list TACIT_CLEANUP(free_list) = NULL;
	enum tacit_status st = look_up(address, true, &list, err);

	if (st != TACIT_OK)
		return st;
	int fd TACIT_CLEANUP(tacit_fd_close) =
		socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, errno, "cannot make a socket");

	/* REUSEADDR alone: with REUSEPORT a second server would share the port unnoticed.
	 * NODELAY is inherited by accepted sockets; without it a small answer waits 40 ms. */
	int on = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return fail_errno(err, errno, "cannot set up the socket");
	if (bind(fd, list->ai_addr, list->ai_addrlen) != 0)
		return fail_errno(err, errno, "cannot bind");
	if (listen(fd, BACKLOG) != 0)
		return fail_errno(err, errno, "cannot listen");
	*ret_bound = *address;
	note_port(fd, ret_bound);
	*ret_fd = fd;
	fd = -1;
	return TACIT_OK;
}

static void name_unix(const struct tacit_address *address, struct sockaddr_un *name)
{
	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, address->path, sizeof(address->path));
	name->sun_path[sizeof(name->sun_path) - 1] = '\0';
}

/* Removes a socket file that nobody listens on; anything else at the path is an error. */
static enum tacit_status clear_stale(const struct sockaddr_un *name, struct tacit_error *err)
{
	struct stat st;

	if (lstat(name->sun_path, &st) != 0)
		return errno == ENOENT ? TACIT_OK
				       : fail_errno(err, errno, "cannot look at the path");
	if (!S_ISSOCK(st.st_mode))
		return tacit_fail(err, TACIT_IO, "address", 0, "the path exists and is no socket");

	int fd TACIT_CLEANUP(tacit_fd_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 || errno != ECONNREFUSED)
		return tacit_fail(err, TACIT_IO, "address", 0,
				  "address in use: another server listens on this socket");
	if (unlink(name->sun_path) != 0)
		return fail_errno(err, errno, "cannot remove the stale socket");
	return TACIT_OK;
}

static enum tacit_status listen_unix(const struct tacit_address *address, int *ret_fd,
				     struct tacit_address *ret_bound, struct tacit_error *err)
{
	struct sockaddr_un name;

	name_unix(address, &name);
	enum tacit_status st = clear_stale(&name, err);
	if (st != TACIT_OK)
		return st;
	int fd TACIT_CLEANUP(tacit_fd_close) =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno(err, errno, "cannot make a socket");

	/* The mode of the descriptor becomes that of the file, without a moment of wider access. */
	if (fchmod(fd, 0600) != 0)
		return fail_errno(err, errno, "cannot set the socket's mode");
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0)
		return fail_errno(err, errno, "cannot bind");
	if (listen(fd, BACKLOG) != 0) {
		int code = errno;

		unlink(name.sun_path);
		return fail_errno(err, code, "cannot listen");
	}
	*ret_bound = *address;
	*ret_fd = fd;
	fd = -1;
	return TACIT_OK;
}

static void name_vsock(const struct tacit_address *address, struct sockaddr_vm *name)
{
	memset(name, 0, sizeof(*name));
	name->svm_family = AF_VSOCK;
	name->svm_cid = address->cid;
	name->svm_port = address->port == 0 ? VMADDR_PORT_ANY : address->port;
}

/* A kernel without vsock is no broken one: say what is missing. */
static enum tacit_status fail_vsock(struct tacit_error *err, int code, const char *what)
{
	if (code == EAFNOSUPPORT || code == ENODEV)
		return tacit_fail(err, TACIT_UNSUPPORTED, "address", 0,
				  "this machine has no vsock: %s", strerror(code));
	return fail_errno(err, code, what);
}

static enum tacit_status listen_vsock(const struct tacit_address *address, int *ret_fd,
				      struct tacit_address *ret_bound, struct tacit_error *err)
{
	struct sockaddr_vm name, bound = { 0 };
	socklen_t len = sizeof(bound);

	name_vsock(address, &name);
	int fd TACIT_CLEANUP(tacit_fd_close) =
		socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_vsock(err, errno, "cannot make a socket");
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0)
		return fail_vsock(err, errno, "cannot bind");
	if (listen(fd, BACKLOG) != 0)
		return fail_vsock(err, errno, "cannot listen");
	*ret_bound = *address;
	if (getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
		ret_bound->port = bound.svm_port;
	*ret_fd = fd;
	fd = -1;
	return TACIT_OK;
}

enum tacit_status tacit_address_listen(const struct tacit_address *address, int *ret_fd,
				       struct tacit_address *ret_bound, struct tacit_error *err)
{
	switch (address->transport) {
	case TACIT_TRANSPORT_TCP:
		return listen_tcp(address, ret_fd, ret_bound, err);
	case TACIT_TRANSPORT_UNIX:
		return listen_unix(address, ret_fd, ret_bound, err);
	case TACIT_TRANSPORT_VSOCK:
		return listen_vsock(address, ret_fd, ret_bound, err);
	}
	return tacit_fail(err, TACIT_INTERNAL, "address", 0, "no such transport");
}

void tacit_address_release(const struct tacit_address *bound)
{
	if (bound->transport == TACIT_TRANSPORT_UNIX)
		unlink(bound->path);
}

/* Waits for a connect in progress; an errno value. */
static int await_connect(int fd, uint64_t deadline_ms)
{
	for (;;) {
		uint64_t now = tacit_clock_ms();
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (now >= deadline_ms)
			return ETIMEDOUT;
		int n = poll(&p, 1, (int)(deadline_ms - now));
		if (n < 0 && errno != EINTR)
			return errno;
		if (n <= 0)
			continue;
		int code = 0;
		socklen_t len = sizeof(code);
		return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 ? code : errno;
	}
}

/* One attempt; an errno value. */
static int try_connect(const struct sockaddr *name, socklen_t len, uint64_t deadline_ms,
		       int *ret_fd)
{
	int fd TACIT_CLEANUP(tacit_fd_close) =
		socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return errno;
	if (name->sa_family == AF_INET || name->sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, name, len) != 0) {
		int code = errno == EINPROGRESS || errno == EINTR ? await_connect(fd, deadline_ms)
								  : errno;

		if (code != 0)
			return code;
	}
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static enum tacit_status fail_connect(struct tacit_error *err, int code)
{
	return tacit_fail(err, code == EACCES ? TACIT_DENIED : TACIT_PEER, "address", 0,
			  "cannot connect: %s", strerror(code));
}

enum tacit_status tacit_address_connect(const struct tacit_address *address, unsigned timeout_ms,
					int *ret_fd, struct tacit_error *err)
{
	uint64_t deadline = tacit_clock_ms() + timeout_ms;

	if (address->transport == TACIT_TRANSPORT_VSOCK) {
		struct sockaddr_vm name;

		name_vsock(address, &name);
		int code =
			try_connect((const struct sockaddr *)&name, sizeof(name), deadline, ret_fd);
		if (code == EAFNOSUPPORT)
			return fail_vsock(err, code, "cannot connect");
		return code == 0 ? TACIT_OK : fail_connect(err, code);
	}
	if (address->transport == TACIT_TRANSPORT_UNIX) {
		struct sockaddr_un name;

		name_unix(address, &name);
		int code =
			try_connect((const struct sockaddr *)&name, sizeof(name), deadline, ret_fd);
		return code == 0 ? TACIT_OK : fail_connect(err, code);
	}

	struct addrinfo *list TACIT_CLEANUP(free_list) = NULL;
	enum tacit_status st = look_up(address, false, &list, err);
	if (st != TACIT_OK)
		return st;
	int code = ETIMEDOUT;
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		code = try_connect(a->ai_addr, a->ai_addrlen, deadline, ret_fd);
		if (code == 0)
			return TACIT_OK;
	}
	return fail_connect(err, code);
}
