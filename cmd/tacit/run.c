/* SPDX-License-Identifier: Apache-2.0 */

/* tacit run: starts an enclave on this host, and keeps it alive until it ends or is stopped. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "crypto/random.h"
#include "run.h"
#include "sys/clock.h"
#include "sys/enclave.h"
#include "sys/process.h"
#include "verbs.h"

#define WHERE          "run"
#define START_SECONDS  180
#define EMULATED_WAITS 600 /* an emulated processor on a busy machine is slow */
#define CPUS_MAX       4096
#define MEMORY_MAX     (UINT64_C(1) << 32) /* MiB */

struct options {
	struct cli_common common;
	const char *eif, *test_root;
	uint64_t cpus, memory, cid, timeout;
	struct cli_list ports, host_ports;
	bool debug, emulate, detach;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, eif, "--eif", 0, CLI_TEXT, "FILE", "the image"),
	CLI_OPT_RANGE(struct options, cpus, "--cpu", CLI_COUNT, "N",
		      "CPUs (those that the image asks for)", 1, CPUS_MAX),
	CLI_OPT_RANGE(struct options, memory, "--memory", CLI_COUNT, "MIB",
		      "memory, in MiB (what the image asks for)", 64, MEMORY_MAX),
	CLI_OPT_RANGE(struct options, cid, "--cid", CLI_COUNT, "N",
		      "its address on vsock (any that is free)", 4, UINT32_MAX - 1),
	CLI_OPT(struct options, debug, "--debug-mode", 0, CLI_FLAG, NULL,
		"let this host read the console; clients refuse such an enclave"),
	CLI_OPT_RANGE(struct options, timeout, "--timeout", CLI_COUNT, "SECONDS",
		      "how long its first sign of life may take (180; 600 emulated)", 1, 86400),
	CLI_OPT(struct options, detach, "--detach", 0, CLI_FLAG, NULL,
		"return once it is up, and leave it running"),
	CLI_OPT(struct options, emulate, "--emulate", 0, CLI_FLAG, NULL,
		"boot it under QEMU, for tests: this is NO TEE and protects nothing"),
	CLI_OPT(struct options, test_root, "--test-root", 0, CLI_TEXT, "FILE",
		"--emulate: the root that its documents stand under, made where there is none"),
	CLI_OPT(struct options, ports, "--port", 0, CLI_LIST, "N",
		"--emulate: a port of it to make a socket for, beside 8443; may be given again"),
	CLI_OPT(struct options, host_ports, "--host-port", 0, CLI_LIST, "N=PATH",
		"--emulate: the unix socket that it finds at port N of the host; may be given "
		"again"),
};

struct running {
	struct options *o;
	char folder[ENCLAVE_PATH], own[ENCLAVE_PATH], console[ENCLAVE_PATH];
	struct enclave_record record;
	struct enclave_machine machine;
	struct enclave_watch *watch;
	int lock;
	int started; /* who waits for us to be up; -1 */
};

/* ---- before anything is started ----------------------------------------------------------- */

static int check_ports(const struct options *o)
{
	if (o->ports.count > ENCLAVE_PORTS || o->host_ports.count > ENCLAVE_PORTS)
		return cli_usage("--port, --host-port: %d at most", ENCLAVE_PORTS);
	for (size_t i = 0; i < o->ports.count; i++) {
		const char *port = o->ports.items[i];

		if (!*port || strlen(port) > 9 || strspn(port, "0123456789") != strlen(port))
			return cli_usage("--port: '%.20s' is no port", port);
	}
	for (size_t i = 0; i < o->host_ports.count; i++) {
		const char *port = o->host_ports.items[i];
		size_t digits = strspn(port, "0123456789");

		if (digits < 1 || digits > 9 || port[digits] != '=' || port[digits + 1] != '/')
			return cli_usage("--host-port: '%.40s' is not N=/PATH", port);
	}
	return 0;
}

static int check_options(const struct options *o)
{
	if (o->emulate && o->test_root && !o->eif)
		return 0;
	if (!o->eif)
		return cli_usage("'run' wants --eif");
	if (!o->emulate && (o->test_root || o->ports.count || o->host_ports.count))
		return cli_usage("--test-root, --port and --host-port go with --emulate");
	return check_ports(o);
}

/* Registers, and what the image asks for where nothing else was said. */
static enum tacit_status know_image(struct running *r, struct tacit_error *err)
{
	struct options *o = r->o;
	struct eif_file file;
	struct eif_registers registers;
	enum tacit_status st = eif_file_read(o->eif, false, &file, err);

	if (st == TACIT_OK)
		st = tacit_eif_judge_measured(&file.image, err);
	if (st == TACIT_OK) {
		eif_registers_of(&file, &registers);
		r->record.measurements = eif_registers_json(&registers);
		if (!o->memory)
			o->memory = (file.image.memory + (1u << 20) - 1) >> 20;
		if (!o->cpus)
			o->cpus = file.image.cpus;
	}
	eif_file_done(&file);
	if (st == TACIT_OK &&
	    (o->memory < 64 || o->memory > MEMORY_MAX || o->cpus < 1 || o->cpus > CPUS_MAX))
		st = tacit_fail(err, TACIT_USAGE, WHERE, 0,
				"the image asks for %llu MiB and %llu CPUs: say --memory and --cpu",
				(unsigned long long)o->memory, (unsigned long long)o->cpus);
	if (st == TACIT_OK && !realpath(o->eif, r->record.image))
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", o->eif, strerror(errno));
	return st;
}

static enum tacit_status choose_id(struct enclave_record *record, struct tacit_error *err)
{
	uint8_t bytes[4];
	char hex[2 * sizeof(bytes) + 1];
	enum tacit_status st = tacit_random(tacit_mut_of(bytes, sizeof(bytes)), err);

	if (st != TACIT_OK)
		return st;
	tacit_hex_encode(TACIT_SLICE_ARRAY(bytes), hex);
	snprintf(record->id, sizeof(record->id), "%s-%s", record->emulated ? "emulated" : "enclave",
		 hex);
	return TACIT_OK;
}

static enum tacit_status prepare(struct running *r, struct tacit_error *err)
{
	enum tacit_status st;

	r->record.emulated = r->o->emulate;
	r->record.debug = r->o->debug;
	r->record.console = r->o->emulate || r->o->debug;
	r->record.started = tacit_clock_wall();
	if (!r->o->emulate && access(TACIT_ENCLAVE_DEVICE, F_OK) != 0)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  TACIT_ENCLAVE_DEVICE
				  " is not there: an EC2 instance with enclaves "
				  "enabled and the driver nitro_enclaves has it");
	st = know_image(r, err);
	if (st == TACIT_OK)
		st = choose_id(&r->record, err);
	if (st == TACIT_OK)
		st = enclave_folder(true, r->folder, err);
	if (st == TACIT_OK)
		st = enclave_path(r->folder, r->record.id, "", r->own, err);
	if (st == TACIT_OK)
		st = enclave_path(r->folder, r->record.id, ENCLAVE_CONSOLE, r->console, err);
	r->record.memory = r->o->memory;
	r->record.cpus = r->o->cpus;
	r->record.cid = r->o->cid;
	return st;
}

/* ---- running ------------------------------------------------------------------------------ */

static enum tacit_status start(struct running *r, struct tacit_error *err)
{
	const struct options *o = r->o;
	const struct enclave_wish wish = {
		.image = o->eif,
		.memory = o->memory,
		.cpus = o->cpus,
		.cid = (uint32_t)o->cid,
		.debug = o->debug,
		.folder = r->own,
		.root = o->test_root,
		.ports = &o->ports,
		.host_ports = &o->host_ports,
		.measurements = r->record.measurements,
	};
	enum tacit_status st = TACIT_OK;

	r->record.pid = getpid();
	if (mkdir(r->own, 0700))
		st = tacit_fail(err, TACIT_IO, WHERE, 0, "%s: %s", r->own, strerror(errno));
	if (st == TACIT_OK)
		st = enclave_record_write(r->folder, &r->record, &r->lock, err);
	if (st == TACIT_OK) {
		r->watch = enclave_watch_new(r->record.console ? r->console : NULL, err);
		st = r->watch ? TACIT_OK : TACIT_IO;
	}
	if (st == TACIT_OK)
		st = (o->emulate ? enclave_emulate_start : enclave_nitro_start)(&wish, &r->machine,
										err);
	r->record.cid = r->machine.cid ? r->machine.cid : r->record.cid;
	return st;
}

/* What went wrong before it was up. */
static enum tacit_status complain(const struct running *r, enum enclave_end how, unsigned seconds,
				  struct tacit_error *err)
{
	char words[128] = "";

	enclave_machine_words(&r->machine, words, sizeof(words));
	if (how == ENCLAVE_SILENT)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "no sign of life in %u seconds (byte 0xB7 to port 9000)",
				  seconds);
	return tacit_fail(err, TACIT_PEER, WHERE, 0, "it ended before it was up%s%s",
			  words[0] ? ": " : "", words);
}

static void announce(struct running *r)
{
	const struct options *o = r->o;
	const struct run_report report = { &r->record, r->folder, o->eif, r->machine.root,
					   &o->ports };

	run_report_print(&o->common, &report, o->detach ? stdout : stderr);
	tacit_process_notify("READY=1");
	if (r->started < 0)
		return;
	/* From here on nobody looks. */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const uint8_t fine = 0;
	(void)setsid();
	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	(void)!write(r->started, &fine, 1);
	close(r->started);
	r->started = -1;
}

static enum tacit_status live(struct running *r, struct tacit_error *err)
{
	const struct options *o = r->o;
	bool show = !o->detach && !o->common.json && !o->common.quiet;
	unsigned seconds = (unsigned)(o->timeout   ? o->timeout
				      : o->emulate ? EMULATED_WAITS
						   : START_SECONDS);
	enum enclave_end how = enclave_watch_start(r->watch, &r->machine, show, seconds);

	if (how == ENCLAVE_STOPPED)
		return TACIT_OK;
	if (how != ENCLAVE_STARTED)
		return complain(r, how, seconds, err);
	r->record.running = true;
	enum tacit_status st = enclave_record_write(r->folder, &r->record, &r->lock, err);
	if (st != TACIT_OK)
		return st;
	announce(r);
	how = enclave_watch_run(r->watch, &r->machine, show);
	if (how == ENCLAVE_ENDED && r->machine.failed)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "%s has ended, which it stands on",
				  r->machine.failed);
	cli_say(&o->common, "%s %s%s", r->record.id,
		how == ENCLAVE_STOPPED ? "is stopped" : "has ended",
		r->record.emulated ? " (it was " ENCLAVE_NO_TEE ")" : "");
	return TACIT_OK;
}

static int keep_alive(struct running *r)
{
	const struct cli_common *common = &r->o->common;
	struct tacit_error err = { 0 };

	umask(0077);
	enum tacit_status st = start(r, &err);
	if (st == TACIT_OK)
		st = live(r, &err);
	int code = st == TACIT_OK ? 0 : cli_fail(common, &err, "cannot run '%s'", r->o->eif);
	enclave_machine_done(&r->machine);
	enclave_watch_free(r->watch);
	enclave_record_remove(r->folder, r->record.id);
	if (r->lock >= 0)
		close(r->lock);
	return code;
}

/* ---- leaving it --------------------------------------------------------------------------- */

/* What the other process says once it is up, or how it ended before. */
static int wait_for(pid_t pid, int fd)
{
	uint8_t code = 0;
	int status = 0;
	ssize_t n;

	while ((n = read(fd, &code, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		return code;
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		return WEXITSTATUS(status);
	return tacit_status_exit(TACIT_INTERNAL);
}

static int detach(struct running *r)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		const struct tacit_error err = { .status = TACIT_IO };

		return cli_fail(&r->o->common, &err, "cannot detach");
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		r->started = ends[1];
		return keep_alive(r);
	}
	close(ends[1]);
	int code = pid < 0 ? tacit_status_exit(TACIT_IO) : wait_for(pid, ends[0]);
	close(ends[0]);
	return code;
}

static int make_root(const struct options *o)
{
	struct tacit_error err = { 0 };

	if (enclave_emulate_root(o->test_root, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot make '%s'", o->test_root);
	cli_say(&o->common, "root of emulated enclaves in '%s', its key in '%s.key'", o->test_root,
		o->test_root);
	if (o->common.json) {
		json_t *top =
			json_pack("{s:s, s:s}", "schema", "tacit.run/1", "test_root", o->test_root);

		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	}
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	struct options *o = options;
	struct tacit_error err = { 0 };
	int code = check_options(o);

	(void)argc;
	(void)argv;
	if (code)
		return code;
	if (o->emulate)
		cli_warn("--emulate: this is NO TEE: this host can read the enclave's memory, and "
			 "sign any document for it");
	if (!o->eif)
		return make_root(o);
	struct running *r = calloc(1, sizeof(*r));
	if (!r)
		return cli_no_memory(&o->common);
	r->o = o;
	r->lock = r->started = -1;
	r->machine = (struct enclave_machine){ .end = -1, .console = -1, .heartbeat = -1 };
	if (prepare(r, &err) != TACIT_OK) {
		code = cli_fail(&o->common, &err, "cannot run '%s'", o->eif);
		if (err.status == TACIT_UNSUPPORTED && !o->emulate)
			cli_hint(&o->common, "'tacit doctor' says what is missing; --emulate boots "
					     "the image under QEMU, which is NO TEE");
	} else {
		code = o->detach ? detach(r) : keep_alive(r);
	}
	json_decref(r->record.measurements);
	free(r);
	return code;
}

const struct cli_verb cmd_run = {
	.name = "run",
	.args = "",
	.summary = "run an enclave image on this host",
	.group = "serve",
	.example = "tacit run --eif server.eif --cpu 2 --memory 3072 --cid 16",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
