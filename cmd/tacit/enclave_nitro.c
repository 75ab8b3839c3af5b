/* SPDX-License-Identifier: Apache-2.0 */

/* A real enclave: the driver starts it, and its console and first sign of life come over vsock. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "enclave.h"
#include "sys/address.h"
#include "sys/enclave.h"
#include "sys/fd.h"

#define HEARTBEAT_PORT 9000
#define HYPERVISOR     0u /* CID of a debug enclave's console, which is at its CID plus this: */
#define CONSOLE_BASE   10000u
#define CONSOLE_MS     3000

/* Before the enclave starts, so that it always finds somebody. */
static enum tacit_status listen_heartbeat(struct enclave_machine *m, struct tacit_error *err)
{
	const struct tacit_address any = { .transport = TACIT_TRANSPORT_VSOCK,
					   .cid = TACIT_VSOCK_ANY,
					   .port = HEARTBEAT_PORT };
	struct tacit_address bound;
	struct tacit_error why = { 0 };
	enum tacit_status st = tacit_address_listen(&any, &m->heartbeat, &bound, &why);

	if (st == TACIT_OK)
		return st;
	m->heartbeat = -1;
	return tacit_fail(err, st, "heartbeat", 0,
			  "%s; does another process listen there, such as "
			  "a relay with a heartbeat?",
			  why.detail);
}

static int connect_console(uint32_t cid)
{
	const struct tacit_address console = { .transport = TACIT_TRANSPORT_VSOCK,
					       .cid = HYPERVISOR,
					       .port = CONSOLE_BASE + cid };
	int fd = -1;

	return tacit_address_connect(&console, CONSOLE_MS, &fd, NULL) == TACIT_OK ? fd : -1;
}

enum tacit_status enclave_nitro_start(const struct enclave_wish *wish, struct enclave_machine *ret,
				      struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close)
	int image = open(wish->image, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const struct tacit_enclave_options options = {
		.image = image,
		.memory = wish->memory << 20,
		.cpus = wish->cpus,
		.cid = wish->cid,
		.debug = wish->debug,
	};

	if (image < 0)
		return tacit_fail(err, TACIT_IO, "image", 0, "%s: %s", wish->image,
				  strerror(errno));
	/* Whether there is a driver is told before anything else is tried. */
	if (access(TACIT_ENCLAVE_DEVICE, F_OK) == 0) {
		enum tacit_status st = listen_heartbeat(ret, err);

		if (st != TACIT_OK)
			return st;
	}
	enum tacit_status st = tacit_enclave_start(&options, &ret->enclave, err);
	if (st != TACIT_OK)
		return st;
	ret->cid = tacit_enclave_cid(ret->enclave);
	ret->end = tacit_enclave_fd(ret->enclave);
	if (wish->debug)
		ret->console = connect_console(ret->cid);
	return TACIT_OK;
}

void enclave_machine_done(struct enclave_machine *m)
{
	tacit_fd_close(&m->heartbeat);
	tacit_fd_close(&m->console);
	tacit_enclave_free(m->enclave);
	/* The machine before what it stands on. */
	for (size_t i = m->child_count; i > 0; i--)
		enclave_child_stop(m->children[i - 1]);
	*m = (struct enclave_machine){ .end = -1, .console = -1, .heartbeat = -1 };
}
