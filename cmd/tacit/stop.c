/* SPDX-License-Identifier: Apache-2.0 */

/* tacit stop: ends enclaves, and clears away what ended ones left. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enclave.h"
#include "verbs.h"

#define WHERE        "stop"
#define STOP_SECONDS 15

struct options {
	struct cli_common common;
	bool all;
	uint64_t timeout;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, all, "--all", 0, CLI_FLAG, NULL, "all that 'tacit ps' lists"),
	CLI_OPT_RANGE(struct options, timeout, "--timeout", CLI_COUNT, "SECONDS",
		      "how long one may take before it is killed (15)", 1, 3600),
};

/* SIGTERM, and SIGKILL when the time is over; its programs end with it in either case. */
static enum tacit_status end_process(int process, uint64_t seconds, struct tacit_error *err)
{
	static const int SIGNALS[] = { SIGTERM, SIGKILL };
	struct pollfd gone = { .fd = process, .events = POLLIN };

	for (size_t i = 0; i < 2; i++) {
		if (syscall(SYS_pidfd_send_signal, process, SIGNALS[i], NULL, 0) && errno != ESRCH)
			return tacit_fail(err, errno == EPERM ? TACIT_DENIED : TACIT_IO, WHERE, 0,
					  "%s", strerror(errno));
		if (poll(&gone, 1, (int)seconds * 1000) == 1)
			return TACIT_OK;
	}
	return tacit_fail(err, TACIT_IO, WHERE, 0, "its process does not end");
}

static enum tacit_status stop(const char *folder, const struct enclave_record *record,
			      uint64_t seconds, struct tacit_error *err)
{
	struct enclave_record again = { 0 };
	enum tacit_status st = TACIT_OK;
	int process = record->stale ? -1 : (int)syscall(SYS_pidfd_open, record->pid, 0);

	/* The lock is asked after the process is held: from here on its number is nobody else's. */
	if (process >= 0 && enclave_record_read(folder, record->id, &again, NULL) == TACIT_OK) {
		if (!again.stale && again.pid == record->pid)
			st = end_process(process, seconds, err);
		json_decref(again.measurements);
	}
	if (process >= 0)
		close(process);
	if (st == TACIT_OK)
		enclave_record_remove(folder, record->id);
	return st;
}

static int stop_each(const struct options *o, const char *folder, struct enclave_record *list,
		     size_t count)
{
	int code = 0;
	json_t *stopped = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct enclave_record *r = &list[i];
		struct tacit_error err = { 0 };

		if (stop(folder, r, o->timeout ? o->timeout : STOP_SECONDS, &err) != TACIT_OK) {
			code = cli_fail(&o->common, &err, "cannot stop '%s'", r->id);
			continue;
		}
		json_array_append_new(stopped, json_string(r->id));
		cli_say(&o->common, "%s %s%s", r->id, r->stale ? "was gone" : "is stopped",
			r->emulated ? " (it was " ENCLAVE_NO_TEE ")" : "");
	}
	json_t *top = json_pack("{s:s, s:o}", "schema", "tacit.stop/1", "stopped", stopped);
	if (o->common.json && code == 0) {
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(top);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct enclave_record one = { 0 }, *list = NULL;
	char folder[ENCLAVE_PATH];
	struct tacit_error err = { 0 };
	size_t count = 1;

	if (argc != (o->all ? 0 : 1))
		return cli_usage("'stop' wants the id of an enclave, or --all");
	enum tacit_status st = enclave_folder(false, folder, &err);
	if (st == TACIT_OK && o->all)
		st = enclave_records_read(folder, &list, &count, &err);
	else if (st == TACIT_OK)
		st = enclave_record_read(folder, argv[0], &one, &err);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot stop '%.40s'", o->all ? "all" : argv[0]);
	struct enclave_record *all = o->all ? list : &one;
	int code = stop_each(o, folder, all, count);
	for (size_t i = 0; i < count; i++)
		json_decref(all[i].measurements);
	free(list);
	return code;
}

const struct cli_verb cmd_stop = {
	.name = "stop",
	.args = "[ID]",
	.summary = "stop an enclave",
	.group = "serve",
	.example = "tacit stop --all",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
