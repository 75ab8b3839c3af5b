/* SPDX-License-Identifier: Apache-2.0 */

/* tacit measure tdx: the run-time registers that an event log leads to. */

#include <stdlib.h>

#include "base/hex.h"
#include "tacit/event_log.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *ccel;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, ccel, "--ccel", 0, CLI_TEXT, "FILE",
		"the event log, as /sys/firmware/acpi/tables/data/CCEL"),
};

/* What the firmware decides; RTMR3 belongs to the running system and is not in the log. */
#define REGISTERS 3

static void show(const struct options *o, const struct tacit_event_log *log)
{
	char hex[2 * sizeof(log->rtmr[0]) + 1];

	if (o->common.json)
		printf("{\"schema\":\"tacit.measure/1\",\"platform\":\"tdx\","
		       "\"measurements\":{");
	for (size_t i = 0; i < REGISTERS; i++) {
		tacit_hex_encode(tacit_slice_of(log->rtmr[i], sizeof(log->rtmr[i])), hex);
		if (o->common.json)
			printf("%s\"rtmr%zu\":\"%s\"", i ? "," : "", i, hex);
		else
			printf("rtmr%zu %s\n", i, hex);
	}
	if (o->common.json)
		printf("},\"events\":%u,\"bytes\":%zu}\n", (unsigned)log->events, log->length);
	if (log->extends[REGISTERS])
		cli_say(&o->common,
			"note: the log also names RTMR3, %u times; the running system extends it "
			"too, and does not say so here",
			(unsigned)log->extends[REGISTERS]);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_event_log log;
	struct tacit_error err = { 0 };
	struct tacit_slice in;

	(void)argc;
	(void)argv;
	if (!o->ccel)
		return cli_usage("'measure tdx' needs --ccel FILE");
	if (cli_read_file(o->ccel, TACIT_EVENT_LOG_MAX, &in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read event log '%s'", o->ccel);
	int code = cli_enter_sandbox(&o->common);
	if (code == 0 && tacit_event_log_replay(in, &log, &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot replay '%s'", o->ccel);
	if (code == 0)
		show(o, &log);
	free((void *)(uintptr_t)in.ptr);
	return code;
}

const struct cli_verb cmd_measure_tdx = {
	.name = "measure tdx",
	.args = "",
	.summary = "replay the event log of a TDX guest",
	.group = "verify",
	.example = "tacit measure tdx --ccel CCEL",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
