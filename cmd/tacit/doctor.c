/* SPDX-License-Identifier: Apache-2.0 */

/* tacit doctor: what this machine can attest, and why not. */

#include <string.h>

#include "codec/json.h"
#include "sys/doctor.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	bool network;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, network, "--network", 0, CLI_FLAG, NULL,
		"ask the services that quotes and collateral come from, too"),
};

static void print_json(const struct tacit_doctor_report *report)
{
	json_t *tees = json_array(), *findings = json_array();

	for (size_t i = 0; i < report->tee_count; i++)
		json_array_append_new(tees, json_string(tacit_tee_name(report->tees[i])));
	for (size_t i = 0; i < report->count; i++) {
		const struct tacit_doctor_finding *f = &report->items[i];

		json_array_append_new(findings,
				      json_pack("{s:s, s:s, s:s, s:s*}", "name", f->name, "level",
						tacit_doctor_level_name(f->level), "text", f->text,
						"mend", f->mend[0] ? f->mend : NULL));
	}
	json_t *top = json_pack("{s:s, s:s, s:o, s:o}", "schema", "tacit.doctor/1", "machine",
				report->machine, "can_attest", tees, "findings", findings);
	json_dumpf(top, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(top);
}

static void print_verdict(const struct cli_common *common, const struct tacit_doctor_report *report)
{
	if (report->tee_count == 0) {
		printf("%sthis machine can attest nothing%s\n", cli_color(common, stdout, CLI_RED),
		       cli_color(common, stdout, CLI_PLAIN));
		return;
	}
	printf("%sthis machine can attest:%s", cli_color(common, stdout, CLI_GREEN),
	       cli_color(common, stdout, CLI_PLAIN));
	for (size_t i = 0; i < report->tee_count; i++)
		printf(" %s", tacit_tee_name(report->tees[i]));
	putchar('\n');
}

static void print_findings(const struct cli_common *common,
			   const struct tacit_doctor_report *report)
{
	static const enum cli_color COLORS[] = { CLI_GREEN, CLI_DIM, CLI_YELLOW, CLI_RED };

	for (size_t i = 0; i < report->count; i++) {
		const struct tacit_doctor_finding *f = &report->items[i];

		printf("  %s%-8s%s %-20s %s\n", cli_color(common, stdout, COLORS[f->level]),
		       tacit_doctor_level_name(f->level), cli_color(common, stdout, CLI_PLAIN),
		       f->name, f->text);
		if (f->mend[0] && (f->level != TACIT_DOCTOR_NOTE || common->verbose))
			printf("  %-29s -> %s\n", "", f->mend);
	}
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_doctor_machine machine = tacit_doctor_this_machine();
	static struct tacit_doctor_report report;
	struct tacit_error err = { 0 };

	(void)argc;
	(void)argv;
	machine.network = o->network;
	if (tacit_doctor_examine(&machine, &report, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot examine this machine");
	if (o->common.json) {
		print_json(&report);
	} else if (!o->common.quiet) {
		print_verdict(&o->common, &report);
		print_findings(&o->common, &report);
	}
	return report.tee_count ? 0 : tacit_status_exit(TACIT_UNSUPPORTED);
}

const struct cli_verb cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "say what this machine can attest, and why not",
	.group = "serve",
	.example = "tacit doctor --network",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.struct_size = sizeof(struct options),
	.run = run,
};
