/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit-emulator --root FILE [--keep] [--socket PATH [--measurements FILE]]
 *                [--vsock PATH [--port NUMBER=PATH]...]
 *
 * What stands in for a Nitro host where there is none. THIS IS NO TEE: whoever runs it can read the
 * enclave's memory and sign any document.
 *
 * The Nitro Secure Module of emulated machines, one after the other: a vhost-user device at the
 * socket for QEMU's vhost-user-test-device with virtio-id 33, so that the guest's own driver makes
 * /dev/nsm of it. The root of its certificates goes to FILE in DER, once for all machines; with
 * --keep it is the one that FILE has already (root.h), and without --socket that is all.
 * --measurements is what `tacit image build` wrote, read when a machine starts: a hypervisor would
 * measure, here it has to be said. Without that file PCR0 to 2 are zero, as in an enclave in debug
 * mode.
 */

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hex.h"
#include "end.h"
#include "listen.h"
#include "nsm.h"
#include "port.h"
#include "root.h"
#include "vhost.h"

static struct tacit_slice answer(void *user, struct tacit_slice request, struct tacit_mut room)
{
	return nsm_module_answer(user, request, room);
}

/* Measurements{PCR0, PCR1, PCR2, PCR8}, as nitro-cli writes them. */
static void take_measurements(struct nsm_module *m, const char *path)
{
	json_t *all = json_load_file(path, 0, NULL), *values = json_object_get(all, "Measurements");

	if (!all)
		end("cannot read", path);
	for (unsigned i = 0; i < 16; i++) {
		char name[8];
		size_t len = 0;

		snprintf(name, sizeof(name), "PCR%u", i);
		const char *text = json_string_value(json_object_get(values, name));
		if (text && (!tacit_hex_decode(tacit_slice_str(text),
					       tacit_mut_of(m->pcr[i], sizeof(m->pcr[i])), &len) ||
			     len != sizeof(m->pcr[i])))
			end("no register in", path);
		if (!text && i < 3)
			end("no PCR0 to 2 in", path);
	}
	json_decref(all);
}

static void serve_machine(struct nsm_module *m, int fd, const char *measurements)
{
	nsm_module_boot(m);
	if (measurements && access(measurements, F_OK) == 0)
		take_measurements(m, measurements);
	fprintf(stderr, "tacit-emulator: a machine starts\n");
	fprintf(stderr, "tacit-emulator: it ended%s\n",
		vhost_serve(fd, answer, m) ? "" : ", after a complaint");
	close(fd);
}

struct options {
	const char *socket, *root, *measurements, *vsock;
	const char *ports[PORTS_MAX];
	size_t port_count;
	bool keep;
};

static const char **value_of(struct options *o, const char *name)
{
	if (strcmp(name, "--socket") == 0)
		return &o->socket;
	if (strcmp(name, "--root") == 0)
		return &o->root;
	if (strcmp(name, "--measurements") == 0)
		return &o->measurements;
	if (strcmp(name, "--vsock") == 0)
		return &o->vsock;
	if (strcmp(name, "--port") == 0 && o->port_count < PORTS_MAX)
		return &o->ports[o->port_count++];
	return NULL;
}

static bool read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--keep") == 0) {
			o->keep = true;
			continue;
		}
		const char **value = value_of(o, argv[i]);
		if (!value || i + 1 >= argc)
			return false;
		*value = argv[++i];
	}
	return o->root && (o->socket || (o->keep && !o->port_count));
}

int main(int argc, char **argv)
{
	static struct nsm_module module;
	struct options o = { 0 };

	if (!read_options(&o, argc, argv)) {
		fprintf(stderr, "tacit-emulator --root FILE [--keep] [--socket PATH "
				"[--measurements FILE]] [--vsock PATH [--port NUMBER=PATH]...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (o.keep)
		root_keep(&module, o.root);
	else
		nsm_module_init(&module, NULL);
	for (size_t i = 0; i < o.port_count; i++)
		port_open(o.vsock, o.ports[i]);
	/* Who waits for the socket, and for a root that is new, may start the machine. */
	int listener = o.socket ? listen_at(o.socket) : -1;
	if (!o.keep)
		root_write(&module, o.root);
	if (listener < 0)
		return 0;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			end("cannot accept at", o.socket);
		serve_machine(&module, fd, o.measurements);
	}
}
