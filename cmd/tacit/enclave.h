/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_ENCLAVE_H
#define TACIT_CMD_ENCLAVE_H

/*
 * What `run`, `ps`, `console` and `stop` share: enclaves of this user that run on this host, each
 * under a process of `tacit run` that keeps it alive.
 *
 * One file each in $XDG_RUNTIME_DIR/tacit, or /run/tacit for root: ID.json, of which the process
 * holds a lock as long as it lives, so that a file that nobody holds is a leftover; and a folder ID
 * with its sockets.
 */

#include <sys/types.h>

#include "cli.h"
#include "codec/json.h"
#include "eif.h"

#define ENCLAVE_PATH    4096
#define ENCLAVE_ID      40
#define ENCLAVES_MAX    256
#define ENCLAVE_NO_TEE  "NO TEE (emulated)"
#define ENCLAVE_CONSOLE "console" /* the socket in its folder */

/* ---- what is known of one (enclave_record.c) ---------------------------------------------- */

struct enclave_record {
	char id[ENCLAVE_ID];
	bool emulated, debug, running, console;
	bool stale; /* nobody holds the lock: its process is gone */
	pid_t pid;
	uint64_t cid, cpus, memory; /* MiB */
	int64_t started;
	char image[ENCLAVE_PATH];
	json_t *measurements; /* a reference of the record's owner; may be NULL */
};

/* Where they are; made, for this user alone, when `make`. Errors: TACIT_IO, TACIT_DENIED. */
TACIT_MUST_CHECK enum tacit_status enclave_folder(bool make, char ret[static ENCLAVE_PATH],
						  struct tacit_error *err);
/* FOLDER/ID/NAME. */
TACIT_MUST_CHECK enum tacit_status enclave_path(const char *folder, const char *id,
						const char *name, char ret[static ENCLAVE_PATH],
						struct tacit_error *err);

/* Writes or replaces the file; *lock is what is held of it, -1 before the first. */
TACIT_MUST_CHECK enum tacit_status enclave_record_write(const char *folder,
							const struct enclave_record *record,
							int *lock, struct tacit_error *err);
/* One by its id. Errors: TACIT_IO when there is none. */
TACIT_MUST_CHECK enum tacit_status enclave_record_read(const char *folder, const char *id,
						       struct enclave_record *ret,
						       struct tacit_error *err);
/* All of them, by id; free the array. */
TACIT_MUST_CHECK enum tacit_status enclave_records_read(const char *folder,
							struct enclave_record **ret,
							size_t *ret_count, struct tacit_error *err);
/* The object of the JSON outputs. */
json_t *enclave_record_json(const struct enclave_record *record);
/* Removes the file and the folder with what is in it. */
void enclave_record_remove(const char *folder, const char *id);

/* ---- a machine (enclave_nitro.c, enclave_emulate.c) -------------------------------------- */

#define ENCLAVE_CHILDREN 3
#define ENCLAVE_PORTS    8

struct enclave_wish {
	const char *image;
	uint64_t memory, cpus; /* MiB */
	uint32_t cid;          /* 0: anyone */
	bool debug;
	const char *folder; /* its own */
	/* Emulation: */
	const char *root;                  /* FILE of the test root; NULL for one of its own */
	const struct cli_list *ports;      /* of the guest, beside 8443 */
	const struct cli_list *host_ports; /* N=/PATH: sockets that it finds at the host */
	json_t *measurements;
};

struct tacit_enclave;

struct enclave_machine {
	uint32_t cid;
	int end;       /* POLLHUP or POLLIN when it has ended; -1 */
	int console;   /* what it says; -1 */
	int heartbeat; /* listens for its first sign of life */
	bool any_peer; /* the heartbeat comes through a socket that is this machine's alone */
	struct tacit_enclave *enclave;
	pid_t children[ENCLAVE_CHILDREN];
	const char *names[ENCLAVE_CHILDREN];
	size_t child_count;
	const char *failed;      /* one of them that ended before the machine did; NULL */
	char root[ENCLAVE_PATH]; /* emulation: the certificate */
	char logs[ENCLAVE_CHILDREN][ENCLAVE_PATH]; /* what each child complains of */
};

TACIT_MUST_CHECK enum tacit_status enclave_nitro_start(const struct enclave_wish *wish,
						       struct enclave_machine *ret,
						       struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status enclave_emulate_start(const struct enclave_wish *wish,
							 struct enclave_machine *ret,
							 struct tacit_error *err);
/* Only makes the root in that file, or looks whether it can be used. */
TACIT_MUST_CHECK enum tacit_status enclave_emulate_root(const char *path, struct tacit_error *err);
/* Ends it. Zeros with descriptors of -1 are fine. */
void enclave_machine_done(struct enclave_machine *machine);

/* ---- programs that run beside (enclave_child.c) ------------------------------------------ */

struct enclave_child {
	const char *name;
	char *const *argv;
	const char *log;
	int out;     /* its standard output; -1 for the log */
	int keep[2]; /* descriptors that it takes along; -1 */
};

/* In a group of its own, and ends with this process. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status enclave_child_start(const struct enclave_child *child,
						       pid_t *ret, struct tacit_error *err);
/* SIGTERM, and SIGKILL for who is still there after a while. */
void enclave_child_stop(pid_t pid);
/* The last line of a log, for an error; "" when there is none. */
void enclave_child_words(const char *log, char *ret, size_t size);
/* The same of the child that has ended, or of the last. */
void enclave_machine_words(const struct enclave_machine *machine, char *ret, size_t size);
/* A program in PATH, or in our own libexec folder. False when there is none. */
bool enclave_program(const char *name, char ret[static ENCLAVE_PATH]);

/* ---- watching over it (enclave_watch.c) --------------------------------------------------- */

enum enclave_end {
	ENCLAVE_STARTED, /* its heartbeat came */
	ENCLAVE_ENDED,
	ENCLAVE_STOPPED, /* by a signal */
	ENCLAVE_SILENT,  /* no heartbeat in time */
};

struct enclave_watch;

/* Signals are blocked from here on. `console` is a path to listen at; NULL for none. */
struct enclave_watch *enclave_watch_new(const char *console, struct tacit_error *err);
/* Passes the console on, to stdout too when `show`, until something happens. */
enum enclave_end enclave_watch_start(struct enclave_watch *watch, struct enclave_machine *machine,
				     bool show, unsigned seconds);
enum enclave_end enclave_watch_run(struct enclave_watch *watch, struct enclave_machine *machine,
				   bool show);
void enclave_watch_free(struct enclave_watch *watch);
/* Console bytes on stdout, without what a terminal would obey. False when nobody takes them. */
bool enclave_show(const char *bytes, size_t len);

#endif
