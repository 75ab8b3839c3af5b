/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif verify: whether an image is what every reader takes it for, and the expected one. */

#include <stdlib.h>
#include <string.h>

#include "eif_show.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	struct cli_hex pcr[EIF_REGISTERS];
	const char *expect, *certificate;
	struct cli_time now;
};

#define PIN(index, name)                                                                \
	CLI_OPT_RANGE(struct options, pcr[index], name, CLI_HEX, "HEX", "must be this", \
		      TACIT_EIF_PCR_LEN, TACIT_EIF_PCR_LEN)

static const struct cli_option OPTIONS[] = {
	PIN(0, "--pcr0"),
	PIN(1, "--pcr1"),
	PIN(2, "--pcr2"),
	PIN(3, "--pcr8"),
	CLI_OPT(struct options, expect, "--expect", 0, CLI_TEXT, "FILE",
		"measurements as 'eif measure' or nitro-cli prints them"),
	CLI_OPT(struct options, certificate, "--certificate", 0, CLI_TEXT, "FILE",
		"must be signed by the key of this PEM certificate"),
	CLI_OPT(struct options, now, "--now", 0, CLI_TIME, "TIME",
		"judge the certificate at this time (now)"),
};

/* In the order of eif_register_number, and the certificate. */
static const struct tacit_check_row EXPECTED[] = {
	{ "expect.pcr0", "PCR0 is the expected one" },
	{ "expect.pcr1", "PCR1 is the expected one" },
	{ "expect.pcr2", "PCR2 is the expected one" },
	{ "expect.pcr8", "PCR8 is the expected one" },
	{ "expect.certificate", "the image is signed by the expected certificate" },
};
#define EXPECTED_COUNT (sizeof(EXPECTED) / sizeof(EXPECTED[0]))
#define CERTIFICATE    4

static void judge_register(struct eif_judged *judged, size_t i, const char *name,
			   const struct eif_registers *want, const char *why)
{
	const struct eif_registers *got = &judged->registers;
	struct tacit_slice is = TACIT_SLICE_ARRAY(got->value[i]);
	struct tacit_slice should = TACIT_SLICE_ARRAY(want->value[i]);
	struct tacit_check_failure failure = { .status = TACIT_POLICY, .why = why };

	if (!want->has[i]) {
		tacit_check_skip(&judged->list, name, "nothing is expected");
		return;
	}
	if (got->has[i] && tacit_slice_eq(is, should)) {
		tacit_check_pass(&judged->list, name, NULL);
		return;
	}
	failure.expected = tacit_check_hex(&judged->list, should);
	if (got->has[i])
		failure.got = tacit_check_hex(&judged->list, is);
	tacit_check_fail(&judged->list, name, &failure);
}

/* `certificate` has one register alone: the hash of the certificate. */
static void judge_expected(struct eif_judged *judged, const struct eif_registers *want,
			   const struct eif_registers *certificate)
{
	const char *missing =
		judged->is_measured ? "the image is not signed" : "the image cannot be measured";

	tacit_check_add(&judged->list, EXPECTED, EXPECTED_COUNT);
	for (size_t i = 0; i < EIF_REGISTERS; i++)
		judge_register(judged, i, EXPECTED[i].name, want,
			       judged->registers.has[i] ? "is another" : missing);
	judge_register(judged, 3, EXPECTED[CERTIFICATE].name, certificate,
		       judged->registers.has[3] ? "is signed by another" : missing);
}

/* What the file expects, and what the options say; they may not differ. */
static enum tacit_status read_expected(const struct options *o, struct eif_registers *ret,
				       struct tacit_error *err)
{
	enum tacit_status st = o->expect ? eif_registers_read(o->expect, ret, err) : TACIT_OK;

	for (size_t i = 0; st == TACIT_OK && i < EIF_REGISTERS; i++) {
		if (!o->pcr[i].given)
			continue;
		if (ret->has[i] && memcmp(ret->value[i], o->pcr[i].bytes, TACIT_EIF_PCR_LEN) != 0)
			return tacit_fail(err, TACIT_USAGE, "expect", 0,
					  "--expect and --pcr%u ask for different values",
					  eif_register_number[i]);
		memcpy(ret->value[i], o->pcr[i].bytes, TACIT_EIF_PCR_LEN);
		ret->has[i] = true;
	}
	return st;
}

static int report(const struct options *o, const struct eif_judged *judged, bool compared)
{
	const struct tacit_check *first = NULL;
	enum tacit_status st = tacit_check_judge(&judged->list, &first);
	const char *verdict = st == TACIT_OK                            ? "verified"
			      : st == TACIT_FORMAT || st == TACIT_LIMIT ? "malformed"
									: "refused";

	if (o->common.json) {
		json_t *top = json_pack("{s:s, s:s, s:b, s:o, s:o}", "schema", "tacit.eif-verify/1",
					"verdict", verdict, "compared", compared, "checks",
					eif_show_checks(&judged->list), "Measurements",
					judged->is_measured ? eif_registers_json(&judged->registers)
							    : json_null());

		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	} else if (!o->common.quiet) {
		printf("%s%s%s: %s\n",
		       cli_color(&o->common, stdout, st == TACIT_OK ? CLI_GREEN : CLI_RED), verdict,
		       cli_color(&o->common, stdout, CLI_PLAIN), judged->file.path);
		eif_print_checks(&o->common, &judged->list, o->common.verbose);
	}
	if (st == TACIT_OK && !compared)
		cli_hint(&o->common,
			 "well-formed, and compared with nothing: give --expect or --pcr0");
	return tacit_status_exit(st);
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct eif_registers want = { 0 }, certificate = { 0 };
	struct tacit_error err = { 0 };
	enum tacit_status st = read_expected(o, &want, &err);
	bool compared = o->certificate != NULL;

	if (st == TACIT_OK && o->certificate)
		st = eif_registers_certificate(o->certificate, &certificate, &err);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read what is expected");
	for (size_t i = 0; i < EIF_REGISTERS; i++)
		compared = compared || want.has[i];

	struct eif_judged *judged = malloc(sizeof(*judged));
	if (!judged)
		return cli_no_memory(&o->common);
	int code;
	if (eif_judge_file(path, false, cli_now(&o->now), EXPECTED_COUNT, judged, &err) !=
	    TACIT_OK) {
		code = cli_fail(&o->common, &err, "cannot verify '%s'", path);
	} else {
		judge_expected(judged, &want, &certificate);
		code = report(o, judged, compared);
	}
	eif_file_done(&judged->file);
	free(judged);
	return code;
}

const struct cli_verb cmd_eif_verify = {
	.name = "eif verify",
	.args = "[FILE]",
	.summary = "judge an enclave image strictly, and compare its PCRs",
	.group = "serve",
	.example = "tacit eif verify --expect measurements.json app.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
