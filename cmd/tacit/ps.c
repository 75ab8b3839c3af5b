/* SPDX-License-Identifier: Apache-2.0 */

/* tacit ps: the enclaves that this user runs on this host. */

#include <stdlib.h>

#include "base/time.h"
#include "enclave.h"
#include "verbs.h"

struct options {
	struct cli_common common;
};

static void print_json(const struct enclave_record *all, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, enclave_record_json(&all[i]));
	json_t *top = json_pack("{s:s, s:o}", "schema", "tacit.ps/1", "enclaves", list);
	json_dumpf(top, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(top);
}

static void print_text(const struct enclave_record *all, size_t count)
{
	if (count)
		printf("%-18s %-8s %10s %5s %9s  %-20s  %s\n", "ID", "STATE", "CID", "CPUS", "MIB",
		       "STARTED", "IMAGE");
	for (size_t i = 0; i < count; i++) {
		const struct enclave_record *r = &all[i];
		char when[TACIT_TIME_TEXT];

		tacit_time_format(r->started, when);
		printf("%-18s %-8s %10llu %5llu %9llu  %-20s  %s%s%s\n", r->id,
		       r->stale     ? "gone"
		       : r->running ? "running"
				    : "starting",
		       (unsigned long long)r->cid, (unsigned long long)r->cpus,
		       (unsigned long long)r->memory, when, r->image,
		       r->debug ? ", debug mode" : "", r->emulated ? ", " ENCLAVE_NO_TEE : "");
	}
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	char folder[ENCLAVE_PATH];
	struct enclave_record *all = NULL;
	size_t count = 0;
	struct tacit_error err = { 0 };
	enum tacit_status st = enclave_folder(false, folder, &err);

	(void)argc;
	(void)argv;
	if (st == TACIT_OK)
		st = enclave_records_read(folder, &all, &count, &err);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot look for enclaves");
	if (o->common.json)
		print_json(all, count);
	else if (!o->common.quiet)
		print_text(all, count);
	for (size_t i = 0; i < count; i++)
		json_decref(all[i].measurements);
	free(all);
	return 0;
}

const struct cli_verb cmd_ps = {
	.name = "ps",
	.args = "",
	.summary = "list the enclaves that run here",
	.group = "serve",
	.example = "tacit ps",
	.options = NULL,
	.option_count = 0,
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
