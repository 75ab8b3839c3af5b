/* SPDX-License-Identifier: Apache-2.0 */

/* The loop of a process that keeps an enclave alive; nothing in it waits for one peer alone. */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "enclave.h"
#include "sys/address.h"
#include "sys/clock.h"

#define BEAT    0xb7
#define HISTORY 65536u /* of the console, for who comes later */
#define READERS 8
#define PIECE   4096

enum slot { SIGNALS, END, CONSOLE, LISTENER, HEARTBEAT, BEATING, FIRST_READER };

struct enclave_watch {
	int fds[FIRST_READER + READERS]; /* by slot; -1 */
	struct tacit_address bound;      /* of the console's socket */
	char history[HISTORY];
	uint64_t written;
	bool shows; /* stdout still takes what it is given */
	bool ended; /* a child has, which is told once */
};

static void close_slot(struct enclave_watch *w, size_t slot)
{
	if (w->fds[slot] >= 0)
		close(w->fds[slot]);
	w->fds[slot] = -1;
}

/* ---- console ------------------------------------------------------------------------------ */

/* It may come from a stranger's image: a terminal gets text alone. */
static void make_plain(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t' && bytes[i] != '\r') ||
		    bytes[i] == 0x7f)
			bytes[i] = '?';
}

bool enclave_show(const char *bytes, size_t len)
{
	char plain[PIECE];

	while (len) {
		size_t n = len < sizeof(plain) ? len : sizeof(plain);

		memcpy(plain, bytes, n);
		if (isatty(STDOUT_FILENO))
			make_plain(plain, n);
		/* Who does not read misses it: an enclave is not to wait for a pipe. */
		struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
		if (poll(&ready, 1, 0) == 1 && !(ready.revents & (POLLERR | POLLNVAL)) &&
		    write(STDOUT_FILENO, plain, n) < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

/* A reader that is too slow misses something, and nobody waits for it. */
static void tell(struct enclave_watch *w, size_t slot, const char *bytes, size_t len)
{
	if (len && send(w->fds[slot], bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		close_slot(w, slot);
}

static void pass_console(struct enclave_watch *w, bool show)
{
	char bytes[PIECE];
	ssize_t n = read(w->fds[CONSOLE], bytes, sizeof(bytes));

	if (n <= 0) {
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			w->fds[CONSOLE] = -1; /* the machine's, which closes it */
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		w->history[w->written++ % HISTORY] = bytes[i];
	for (size_t slot = FIRST_READER; slot < TACIT_ARRAY_LEN(w->fds); slot++)
		if (w->fds[slot] >= 0)
			tell(w, slot, bytes, (size_t)n);
	if (show && w->shows)
		w->shows = enclave_show(bytes, (size_t)n);
}

static void take_reader(struct enclave_watch *w)
{
	int fd = accept4(w->fds[LISTENER], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t slot = FIRST_READER, start = w->written % HISTORY;

	while (slot < TACIT_ARRAY_LEN(w->fds) && w->fds[slot] >= 0)
		slot++;
	if (fd < 0 || slot == TACIT_ARRAY_LEN(w->fds)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	const int room = 2 * (int)HISTORY;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	w->fds[slot] = fd;
	if (w->written > HISTORY)
		tell(w, slot, w->history + start, HISTORY - start);
	if (w->fds[slot] >= 0)
		tell(w, slot, w->history, w->written > HISTORY ? start : (size_t)w->written);
}

/* Readers say nothing: what comes from one is its end. */
static void drop_reader(struct enclave_watch *w, size_t slot)
{
	char byte;

	if (recv(w->fds[slot], &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		close_slot(w, slot);
}

/* ---- the first sign of life --------------------------------------------------------------- */

static void take_beating(struct enclave_watch *w, const struct enclave_machine *m)
{
	struct sockaddr_vm peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = accept4(w->fds[HEARTBEAT], (struct sockaddr *)&peer, &len,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!m->any_peer && (peer.svm_family != AF_VSOCK || peer.svm_cid != m->cid)) {
		close(fd); /* another enclave's */
		return;
	}
	close_slot(w, BEATING);
	w->fds[BEATING] = fd;
}

/* The byte, to which the same is the answer; anything else is no heartbeat. */
static bool hear_beat(struct enclave_watch *w)
{
	uint8_t byte = 0;
	ssize_t n = recv(w->fds[BEATING], &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	bool beat = n == 1 && byte == BEAT &&
		    send(w->fds[BEATING], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
	close_slot(w, BEATING);
	return beat;
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* The machine, which is the last of them, or a program that it stands on. */
static void reap(struct enclave_watch *w, struct enclave_machine *m)
{
	for (size_t i = 0; i < m->child_count; i++) {
		if (m->children[i] <= 0 || waitpid(m->children[i], NULL, WNOHANG) != m->children[i])
			continue;
		m->children[i] = 0;
		m->failed = i + 1 < m->child_count ? m->names[i] : m->failed;
		w->ended = true;
	}
}

/* True when it was a signal to stop. */
static bool take_signal(struct enclave_watch *w, struct enclave_machine *m)
{
	struct signalfd_siginfo info;

	if (read(w->fds[SIGNALS], &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	if (info.ssi_signo != SIGCHLD)
		return true;
	reap(w, m);
	return false;
}

static int wait_left(uint64_t deadline)
{
	uint64_t now = tacit_clock_ms();

	if (!deadline)
		return -1;
	return now >= deadline ? 0 : (int)(deadline - now);
}

static void drain_console(struct enclave_watch *w, bool show)
{
	struct pollfd ready = { .fd = w->fds[CONSOLE], .events = POLLIN };

	while (w->fds[CONSOLE] >= 0 && poll(&ready, 1, 0) == 1)
		pass_console(w, show);
}

/* One round; true when `*ret` says how it came to an end. */
static bool turn(struct enclave_watch *w, struct enclave_machine *m, bool show, uint64_t deadline,
		 enum enclave_end *ret)
{
	struct pollfd fds[FIRST_READER + READERS];

	*ret = ENCLAVE_ENDED;
	if (w->ended)
		return true;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(fds); i++)
		fds[i] = (struct pollfd){ .fd = w->fds[i], .events = POLLIN };
	int n = poll(fds, TACIT_ARRAY_LEN(fds), wait_left(deadline));
	if (n == 0 && deadline) {
		*ret = ENCLAVE_SILENT;
		return true;
	}
	if (n <= 0)
		return false;
	for (size_t i = FIRST_READER; i < TACIT_ARRAY_LEN(fds); i++)
		if (fds[i].revents)
			drop_reader(w, i);
	if (fds[CONSOLE].revents)
		pass_console(w, show);
	if (fds[LISTENER].revents)
		take_reader(w);
	if (fds[HEARTBEAT].revents)
		take_beating(w, m);
	*ret = ENCLAVE_STOPPED;
	if (fds[SIGNALS].revents && take_signal(w, m))
		return true;
	*ret = ENCLAVE_STARTED;
	if (fds[BEATING].revents && hear_beat(w))
		return true;
	*ret = ENCLAVE_ENDED;
	return fds[END].revents != 0;
}

static enum enclave_end loop(struct enclave_watch *w, struct enclave_machine *m, bool show,
			     uint64_t deadline)
{
	enum enclave_end how;

	w->fds[END] = m->end;
	w->fds[CONSOLE] = m->console;
	while (!turn(w, m, show, deadline, &how))
		;
	if (how == ENCLAVE_ENDED || how == ENCLAVE_SILENT)
		drain_console(w, show);
	return how;
}

enum enclave_end enclave_watch_start(struct enclave_watch *w, struct enclave_machine *m, bool show,
				     unsigned seconds)
{
	w->fds[HEARTBEAT] = m->heartbeat;
	enum enclave_end how = loop(w, m, show, tacit_clock_ms() + 1000u * (uint64_t)seconds);
	/* The next enclave of this host may want the port. */
	close_slot(w, HEARTBEAT);
	m->heartbeat = -1;
	close_slot(w, BEATING);
	return how;
}

enum enclave_end enclave_watch_run(struct enclave_watch *w, struct enclave_machine *m, bool show)
{
	return loop(w, m, show, 0);
}

struct enclave_watch *enclave_watch_new(const char *console, struct tacit_error *err)
{
	struct enclave_watch *w = calloc(1, sizeof(*w));
	struct tacit_address address = { .transport = TACIT_TRANSPORT_UNIX };
	sigset_t signals;

	if (!w) {
		(void)tacit_fail(err, TACIT_NOMEM, "watch", 0, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(w->fds); i++)
		w->fds[i] = -1;
	w->shows = true;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	w->fds[SIGNALS] = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->fds[SIGNALS] < 0)
		(void)tacit_fail(err, TACIT_IO, "watch", 0, "%s", strerror(errno));
	if (w->fds[SIGNALS] >= 0 && console && strlen(console) < sizeof(address.path)) {
		snprintf(address.path, sizeof(address.path), "%s", console);
		if (tacit_address_listen(&address, &w->fds[LISTENER], &w->bound, err) == TACIT_OK)
			return w;
		w->fds[LISTENER] = -1;
	} else if (w->fds[SIGNALS] >= 0 && !console) {
		return w;
	} else if (w->fds[SIGNALS] >= 0) {
		(void)tacit_fail(err, TACIT_USAGE, "watch", 0,
				 "XDG_RUNTIME_DIR is too long for the names of sockets");
	}
	enclave_watch_free(w);
	return NULL;
}

void enclave_watch_free(struct enclave_watch *w)
{
	if (!w)
		return;
	w->fds[END] = w->fds[CONSOLE] = -1; /* the machine's */
	if (w->fds[LISTENER] >= 0)
		tacit_address_release(&w->bound);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(w->fds); i++)
		close_slot(w, i);
	free(w);
}
