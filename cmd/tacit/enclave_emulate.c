/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An enclave where there is none: QEMU boots the image's own kernel, command line and ramdisks,
 * vhost-device-vsock is its AF_VSOCK and tacit-emulator its security module. No TEE.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "enclave.h"
#include "sys/address.h"

#define WHERE    "emulate"
#define CID      16
#define PORT     "8443"
#define STEP_MS  20
#define STEPS    750 /* for a helper to be ready */
#define ARGS_MAX 64
#define TEXT_MAX (EIF_CMDLINE_MAX + 256)
/* Where init says that it is up: our CID 2, since there is no CID 3 here. */
#define HEARTBEAT "tacit.heartbeat=2:9000"

struct making {
	const struct enclave_wish *wish;
	struct enclave_machine *machine;
	char qemu[ENCLAVE_PATH], vsock[ENCLAVE_PATH], emulator[ENCLAVE_PATH];
	/* In the enclave's folder: */
	char nsm_socket[ENCLAVE_PATH], vsock_socket[ENCLAVE_PATH], vsock_ports[ENCLAVE_PATH];
	char measured[ENCLAVE_PATH];
	/* The image's parts, in files without a name. */
	int kernel, ramdisk;
	char cmdline[TEXT_MAX];
	bool mmio; /* devices are named on the command line, as on Nitro */
};

struct arguments {
	char *argv[ARGS_MAX + 1];
	size_t count;
	bool failed;
};

TACIT_PRINTF(2, 3) static void add(struct arguments *a, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	if (a->count >= ARGS_MAX || vasprintf(&text, fmt, args) < 0)
		a->failed = true;
	else
		a->argv[a->count++] = text;
	va_end(args);
}

static void free_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->argv[i]);
}

/* ---- what is needed ----------------------------------------------------------------------- */

static enum tacit_status find_programs(struct making *m, struct tacit_error *err)
{
	if (!enclave_program("tacit-emulator", m->emulator))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "tacit-emulator is neither beside this program nor in PATH");
	if (!enclave_program("qemu-system-x86_64", m->qemu))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "qemu-system-x86_64 is not in PATH (10.2 or later is wanted)");
	if (!enclave_program("vhost-device-vsock", m->vsock))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "vhost-device-vsock is not in PATH (a package of Debian's and of "
				  "crates.io)");
	return TACIT_OK;
}

static enum tacit_status name_files(struct making *m, struct tacit_error *err)
{
	const char *folder = m->wish->folder;
	enum tacit_status st = enclave_path(folder, "", "nsm", m->nsm_socket, err);

	if (st == TACIT_OK)
		st = enclave_path(folder, "", "vhost", m->vsock_socket, err);
	if (st == TACIT_OK)
		st = enclave_path(folder, "", "vsock", m->vsock_ports, err);
	if (st == TACIT_OK)
		st = enclave_path(folder, "", "measurements", m->measured, err);
	if (st != TACIT_OK)
		return st;
	if (m->wish->root)
		snprintf(m->machine->root, ENCLAVE_PATH, "%s", m->wish->root);
	else
		st = enclave_path(folder, "", "root.der", m->machine->root, err);
	if (strlen(m->vsock_ports) + sizeof("_9000") > TACIT_ADDRESS_PATH)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "XDG_RUNTIME_DIR is too long for the names of sockets");
	return st;
}

/* ---- the image's parts -------------------------------------------------------------------- */

static int nameless(void)
{
	const char *folder = getenv("TMPDIR");
	char path[ENCLAVE_PATH];
	int n = snprintf(path, sizeof(path), "%s/tacit-XXXXXX",
			 folder && folder[0] == '/' ? folder : "/var/tmp");
	int fd = n > 0 && (size_t)n < sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;

	if (fd >= 0)
		unlink(path);
	return fd;
}

struct splitting {
	struct making *m;
	struct tacit_eif_scan scan;
	bool failed;
};

static void on_content(void *user, size_t index, uint16_t kind, struct tacit_slice bytes)
{
	struct splitting *s = user;
	int fd = kind == TACIT_EIF_KERNEL    ? s->m->kernel
		 : kind == TACIT_EIF_RAMDISK ? s->m->ramdisk
					     : -1;

	(void)index;
	while (fd >= 0 && bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n <= 0) {
			s->failed = true;
			return;
		}
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
}

static enum tacit_status on_piece(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct splitting *s = user;
	enum tacit_status st = tacit_eif_scan_update(&s->scan, bytes, err);

	if (st == TACIT_OK && s->failed)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot write a temporary file: %s",
				  strerror(errno));
	return st;
}

/* A command line that says there is no PCI expects its devices to be named on it. */
static enum tacit_status take_cmdline(struct making *m, struct tacit_slice cmdline,
				      struct tacit_error *err)
{
	if (memchr(cmdline.ptr ? cmdline.ptr : (const uint8_t *)"", '\0', cmdline.len) ||
	    cmdline.len > EIF_CMDLINE_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the image has no command line");
	snprintf(m->cmdline, sizeof(m->cmdline), HEARTBEAT " %.*s", (int)cmdline.len,
		 (const char *)cmdline.ptr);
	m->mmio = strstr(m->cmdline, " pci=off") != NULL;
	return TACIT_OK;
}

static enum tacit_status split_with(struct splitting *s, struct tacit_arena *arena,
				    struct tacit_error *err)
{
	struct tacit_eif image;
	enum tacit_status st = tacit_eif_scan_init(&s->scan, arena, on_content, s, err);

	if (st == TACIT_OK)
		st = eif_each_piece(s->m->wish->image, on_piece, s, err);
	if (st == TACIT_OK)
		st = tacit_eif_scan_final(&s->scan, &image, err);
	if (st == TACIT_OK && image.flags & TACIT_EIF_ARM64)
		st = tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				"the image is for aarch64, of which there is no emulation");
	if (st == TACIT_OK)
		st = take_cmdline(s->m, image.cmdline, err);
	tacit_eif_scan_done(&s->scan);
	return st;
}

static enum tacit_status split_image(struct making *m, struct tacit_error *err)
{
	struct splitting *s = calloc(1, sizeof(*s));
	void *room = malloc(TACIT_EIF_ROOM);
	struct tacit_arena arena;
	enum tacit_status st;

	m->kernel = nameless();
	m->ramdisk = nameless();
	if (!s || !room) {
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	} else if (m->kernel < 0 || m->ramdisk < 0) {
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "cannot make a temporary file: %s",
				strerror(errno));
	} else {
		tacit_arena_init(&arena, room, TACIT_EIF_ROOM);
		s->m = m;
		st = split_with(s, &arena, err);
	}
	free(room);
	free(s);
	return st;
}

/* ---- helpers ------------------------------------------------------------------------------ */

/* A helper that is ready has made its file. */
static enum tacit_status await(const struct making *m, const char *name, pid_t pid,
			       const char *path, struct tacit_error *err)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	char words[80];

	for (int i = 0; i < STEPS; i++) {
		if (access(path, F_OK) == 0)
			return TACIT_OK;
		if (waitpid(pid, NULL, WNOHANG) != 0)
			break;
		nanosleep(&step, NULL);
	}
	enclave_machine_words(m->machine, words, sizeof(words));
	return tacit_fail(err, TACIT_IO, WHERE, 0, "%s did not start: %s", name, words);
}

static enum tacit_status launch(struct making *m, const char *name, struct arguments *a, int out,
				struct tacit_error *err)
{
	struct enclave_machine *machine = m->machine;
	char *log = machine->logs[machine->child_count];
	const struct enclave_child child = { .name = name,
					     .argv = a->argv,
					     .log = log,
					     .out = out,
					     .keep = { m->kernel, m->ramdisk } };
	enum tacit_status st =
		a->failed ? tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory") : TACIT_OK;

	if (st == TACIT_OK)
		st = enclave_path(m->wish->folder, name, ".log", log, err);
	if (st == TACIT_OK)
		st = enclave_child_start(&child, &machine->children[machine->child_count], err);
	if (st == TACIT_OK)
		machine->names[machine->child_count++] = name;
	return st;
}

/* A hypervisor would measure; here the module is told. In debug mode registers are zero. */
static enum tacit_status write_measurements(const struct making *m, struct tacit_error *err)
{
	json_t *top = json_pack("{s:O}", "Measurements", m->wish->measurements);
	char *text = top ? json_dumps(top, JSON_COMPACT) : NULL;
	enum tacit_status st = text ? cli_write_file(m->measured, tacit_slice_str(text), 0600, err)
				    : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");

	free(text);
	json_decref(top);
	return st;
}

static void add_port(struct arguments *a, const struct making *m, const char *port)
{
	add(a, "--port");
	add(a, "%s=%s/%s", port, m->wish->folder, port);
}

static enum tacit_status start_emulator(struct making *m, struct tacit_error *err)
{
	TACIT_CLEANUP(free_arguments) struct arguments a = { 0 };
	const struct enclave_wish *wish = m->wish;

	add(&a, "%s", m->emulator);
	add(&a, "--socket");
	add(&a, "%s", m->nsm_socket);
	add(&a, "--root");
	add(&a, "%s", m->machine->root);
	if (wish->root)
		add(&a, "--keep");
	if (!wish->debug) {
		add(&a, "--measurements");
		add(&a, "%s", m->measured);
	}
	add(&a, "--vsock");
	add(&a, "%s", m->vsock_ports);
	add_port(&a, m, PORT);
	for (size_t i = 0; wish->ports && i < wish->ports->count; i++)
		if (strcmp(wish->ports->items[i], PORT) != 0)
			add_port(&a, m, wish->ports->items[i]);
	enum tacit_status st = launch(m, "tacit-emulator", &a, -1, err);
	if (st == TACIT_OK)
		st = await(m, "tacit-emulator", m->machine->children[0], m->nsm_socket, err);
	return st == TACIT_OK
		       ? await(m, "tacit-emulator", m->machine->children[0], m->machine->root, err)
		       : st;
}

/* What the guest connects to at the host is a socket with the port's number: these lead on. */
static enum tacit_status link_host_ports(const struct making *m, struct tacit_error *err)
{
	const struct cli_list *ports = m->wish->host_ports;

	for (size_t i = 0; ports && i < ports->count; i++) {
		const char *path = strchr(ports->items[i], '=') + 1;
		char name[ENCLAVE_PATH];

		snprintf(name, sizeof(name), "%.100s_%lu", m->vsock_ports,
			 strtoul(ports->items[i], NULL, 10));
		if (symlink(path, name))
			return tacit_fail(err, TACIT_IO, WHERE, 0, "--host-port %s: %s",
					  ports->items[i], strerror(errno));
	}
	return TACIT_OK;
}

static enum tacit_status start_vsock(struct making *m, struct tacit_error *err)
{
	TACIT_CLEANUP(free_arguments) struct arguments a = { 0 };

	add(&a, "%s", m->vsock);
	add(&a, "--vm");
	add(&a, "guest-cid=%u,socket=%s,uds-path=%s", m->machine->cid, m->vsock_socket,
	    m->vsock_ports);
	enum tacit_status st = launch(m, "vhost-device-vsock", &a, -1, err);
	return st == TACIT_OK ? await(m, "vhost-device-vsock", m->machine->children[1],
				      m->vsock_socket, err)
			      : st;
}

/* ---- the machine -------------------------------------------------------------------------- */

static void add_all(struct arguments *a, const char *const *words)
{
	for (; *words; words++)
		add(a, "%s", *words);
}

static void describe_machine(const struct making *m, struct arguments *a)
{
	static const char *const ALIKE[] = { "-accel",     "tcg",         "-cpu",
					     "max",        "-nodefaults", "-no-user-config",
					     "-nographic", "-no-reboot",  "-serial",
					     "stdio",      NULL };
	const char *bus = m->mmio ? "device" : "pci";
	unsigned long long memory = m->wish->memory;

	add(a, "%s", m->qemu);
	add(a, "-M");
	add(a, "%s,memory-backend=m", m->mmio ? "microvm,acpi=off" : "pc");
	add_all(a, ALIKE);
	add(a, "-smp");
	add(a, "%llu", (unsigned long long)m->wish->cpus);
	add(a, "-m");
	add(a, "%llu", memory);
	add(a, "-object");
	add(a, "memory-backend-memfd,id=m,size=%lluM,share=on", memory);
	add(a, "-kernel");
	add(a, "/proc/self/fd/%d", m->kernel);
	add(a, "-initrd");
	add(a, "/proc/self/fd/%d", m->ramdisk);
	add(a, "-append");
	add(a, "%s", m->cmdline);
	add(a, "-chardev");
	add(a, "socket,id=vsock,path=%s", m->vsock_socket);
	add(a, "-device");
	add(a, "vhost-user-vsock-%s,chardev=vsock", bus);
	add(a, "-chardev");
	add(a, "socket,id=nsm,path=%s", m->nsm_socket);
	add(a, "-device");
	add(a, "vhost-user-test-device%s,chardev=nsm,virtio-id=33,num_vqs=1",
	    m->mmio ? "" : "-pci");
}

static enum tacit_status start_qemu(struct making *m, struct tacit_error *err)
{
	TACIT_CLEANUP(free_arguments) struct arguments a = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return tacit_fail(err, TACIT_IO, WHERE, 0, "%s", strerror(errno));
	describe_machine(m, &a);
	enum tacit_status st = launch(m, "qemu-system-x86_64", &a, ends[1], err);
	close(ends[1]);
	m->machine->console = ends[0];
	return st;
}

static enum tacit_status listen_heartbeat(struct making *m, struct tacit_error *err)
{
	struct tacit_address address = { .transport = TACIT_TRANSPORT_UNIX }, bound;

	snprintf(address.path, sizeof(address.path), "%.100s_9000", m->vsock_ports);
	m->machine->any_peer = true;
	return tacit_address_listen(&address, &m->machine->heartbeat, &bound, err);
}

static void close_fds(struct making **m)
{
	if ((*m)->kernel >= 0)
		close((*m)->kernel);
	if ((*m)->ramdisk >= 0)
		close((*m)->ramdisk);
	free(*m);
}

enum tacit_status enclave_emulate_start(const struct enclave_wish *wish,
					struct enclave_machine *ret, struct tacit_error *err)
{
	struct making *made = calloc(1, sizeof(*made));

	if (!made)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	TACIT_CLEANUP(close_fds) struct making *m = made;
	m->wish = wish;
	m->machine = ret;
	m->kernel = m->ramdisk = -1;
	ret->cid = wish->cid ? wish->cid : CID;
	enum tacit_status st = find_programs(m, err);
	if (st == TACIT_OK)
		st = name_files(m, err);
	if (st == TACIT_OK)
		st = split_image(m, err);
	if (st == TACIT_OK && !wish->debug)
		st = write_measurements(m, err);
	if (st == TACIT_OK)
		st = start_emulator(m, err);
	if (st == TACIT_OK)
		st = start_vsock(m, err);
	if (st == TACIT_OK)
		st = listen_heartbeat(m, err);
	if (st == TACIT_OK)
		st = link_host_ports(m, err);
	return st == TACIT_OK ? start_qemu(m, err) : st;
}

enum tacit_status enclave_emulate_root(const char *path, struct tacit_error *err)
{
	char program[ENCLAVE_PATH], log[] = "/dev/null";
	char *argv[] = { program, (char[]){ "--keep" }, (char[]){ "--root" },
			 (char *)(uintptr_t)path, NULL };
	const struct enclave_child child = {
		.name = "tacit-emulator", .argv = argv, .log = log, .out = -1, .keep = { -1, -1 }
	};
	pid_t pid = -1;
	int status = 0;

	if (!enclave_program("tacit-emulator", program))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "tacit-emulator is neither beside this program nor in PATH");
	enum tacit_status st = enclave_child_start(&child, &pid, err);
	if (st != TACIT_OK)
		return st;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return tacit_fail(err, TACIT_IO, WHERE, 0,
				  "%s and its .key are not a root and its key, and cannot be made",
				  path);
	return TACIT_OK;
}

/* QEMU says this of a device of ours that it does not have, at the end of a long line. */
#define OLD_QEMU "is not a valid device model name"

void enclave_machine_words(const struct enclave_machine *m, char *ret, size_t size)
{
	char words[ENCLAVE_PATH] = "";
	size_t which = m->child_count ? m->child_count - 1 : 0;

	for (size_t i = 0; m->failed && i < m->child_count; i++)
		if (m->names[i] == m->failed)
			which = i;
	if (m->child_count)
		enclave_child_words(m->logs[which], words, sizeof(words));
	if (!strstr(words, OLD_QEMU)) {
		snprintf(ret, size, "%s", words);
		return;
	}
	/* It repeats all options before it says what is wrong with one. */
	const char *quote = strrchr(words, ':');
	snprintf(ret, size, "this QEMU is older than 10.2%s", quote ? quote : "");
}
