/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "init.h"

/* nitro-cli waits here for one byte from each enclave that it starts, and sends it back. */
#define PARENT_CID   3
#define PORT         9000
#define BEAT         0xb7
#define TRIES        20
#define WAIT_SECONDS 2 /* for each connect and each answer */
#define PAUSE_MS     250

struct place {
	unsigned cid, port;
};

/* "CID:PORT"; false for "off" and for what is neither. */
static bool find_place(struct place *ret)
{
	char text[32];
	char *end = NULL;

	*ret = (struct place){ PARENT_CID, PORT };
	if (!init_option("tacit.heartbeat", text, sizeof(text)))
		return true;
	unsigned long cid = strtoul(text, &end, 10);
	if (end == text || *end != ':')
		return false;
	const char *rest = end + 1;
	unsigned long port = strtoul(rest, &end, 10);
	if (end == rest || *end || cid > UINT32_MAX || port > UINT32_MAX)
		return false;
	*ret = (struct place){ (unsigned)cid, (unsigned)port };
	return true;
}

/* NULL when the parent answered, else what went wrong. */
static const char *beat_once(const struct place *place)
{
	const struct timeval limit = { .tv_sec = WAIT_SECONDS };
	const struct sockaddr_vm to = { .svm_family = AF_VSOCK,
					.svm_port = place->port,
					.svm_cid = place->cid };
	uint8_t byte = BEAT, answer = 0;
	const char *why = NULL;
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return strerror(errno);
	if (setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		why = strerror(errno);
	else if (recv(fd, &answer, 1, 0) != 1)
		why = "no answer";
	else if (answer != BEAT)
		why = "the wrong answer";
	close(fd);
	return why;
}

void init_start_heartbeat(void)
{
	const struct timespec gap = { .tv_nsec = PAUSE_MS * 1000000L };
	struct place place;
	const char *why = "never tried";

	if (!find_place(&place)) {
		init_say("no heartbeat is wanted");
		return;
	}
	/* The program starts meanwhile: a host that does not answer delays nothing. */
	if (fork() != 0)
		return;
	for (int i = 0; i < TRIES && why; i++) {
		if (i)
			nanosleep(&gap, NULL);
		why = beat_once(&place);
	}
	if (why)
		init_say("no heartbeat to %u:%u: %s", place.cid, place.port, why);
	else
		init_say("heartbeat answered by %u:%u", place.cid, place.port);
	_exit(0);
}
