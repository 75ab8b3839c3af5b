/* SPDX-License-Identifier: Apache-2.0 */

/*
 * nsm-device --socket PATH --root FILE [--measurements FILE]
 *
 * The Nitro Secure Module of emulated machines, one after the other: a vhost-user device at PATH
 * for QEMU's vhost-user-test-device with virtio-id 33, so that the guest's own driver makes
 * /dev/nsm of it. The root of its certificates goes to FILE in DER, once for all machines.
 * --measurements is what `tacit image build` wrote, read when a machine starts: the hypervisor
 * would measure, here the test has to say it. Without that file PCR0 to 2 are zero, as in an
 * enclave in debug mode.
 */

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/hex.h"
#include "nsm.h"
#include "vhost.h"

static _Noreturn void end(const char *what, const char *name)
{
	fprintf(stderr, "nsm-device: %s %s: %s\n", what, name, strerror(errno));
	exit(5);
}

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

static void write_root(const struct nsm_module *m, const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(m->pki.root.ptr, 1, m->pki.root.len, f) != m->pki.root.len ||
	    fclose(f) != 0)
		end("cannot write", path);
}

static int listen_at(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(name.sun_path)) {
		errno = ENAMETOOLONG;
		end("cannot listen at", path);
	}
	strcpy(name.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) || listen(fd, 1))
		end("cannot listen at", path);
	return fd;
}

static void serve_machine(struct nsm_module *m, int fd, const char *measurements)
{
	nsm_module_boot(m);
	if (measurements && access(measurements, F_OK) == 0)
		take_measurements(m, measurements);
	fprintf(stderr, "nsm-device: a machine starts\n");
	fprintf(stderr, "nsm-device: it ended%s\n",
		vhost_serve(fd, answer, m) ? "" : ", after a complaint");
	close(fd);
}

int main(int argc, char **argv)
{
	static struct nsm_module module;
	const char *socket_path = NULL, *root = NULL, *measurements = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--socket") == 0)
			socket_path = argv[i + 1];
		else if (strcmp(argv[i], "--root") == 0)
			root = argv[i + 1];
		else if (strcmp(argv[i], "--measurements") == 0)
			measurements = argv[i + 1];
	}
	if (!socket_path || !root) {
		fprintf(stderr,
			"nsm-device --socket PATH --root FILE [--measurements FILE]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	nsm_module_init(&module);
	int listener = listen_at(socket_path);
	write_root(&module, root); /* last: who waits for the file may start the machine */
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			end("cannot accept at", socket_path);
		serve_machine(&module, fd, measurements);
	}
}
