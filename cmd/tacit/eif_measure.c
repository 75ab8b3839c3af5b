/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif measure: the registers of an image, or of the parts that one could be made of. */

#include <stdlib.h>
#include <string.h>

#include "eif.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *kernel, *cmdline, *certificate;
	struct cli_list ramdisks;
	const char *expect;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, kernel, "--kernel", 0, CLI_TEXT, "FILE",
		"measure parts instead of an image: the kernel"),
	CLI_OPT(struct options, cmdline, "--cmdline", 0, CLI_TEXT, "TEXT",
		"with --kernel, its command line"),
	CLI_OPT(struct options, ramdisks, "--ramdisk", 0, CLI_LIST, "FILE",
		"with --kernel, a ramdisk; may be given again"),
	CLI_OPT(struct options, certificate, "--certificate", 0, CLI_TEXT, "FILE",
		"with --kernel, the signing certificate (PEM), for PCR8"),
	CLI_OPT(struct options, expect, "--expect", 0, CLI_TEXT, "FILE",
		"refuse unless the measurements are these"),
};

/* ---- an image ---------------------------------------------------------------------------------
 */

/* What every reader measures alike is measured; that an image is odd elsewhere is said. */
static void warn_of_oddities(const struct cli_common *common, struct eif_file *file)
{
	struct tacit_check_list list;
	struct tacit_eif_signature signature;

	tacit_check_init(&list, &file->arena, TACIT_EIF_CHECKS);
	tacit_check_add(&list, tacit_eif_checks, TACIT_EIF_CHECKS);
	(void)tacit_eif_judge(&file->image, cli_now(&(struct cli_time){ 0 }), &list, &signature);
	for (size_t i = 0; i < list.count; i++) {
		const struct tacit_check *check = &list.checks[i];

		if (check->result == TACIT_CHECK_FAIL)
			cli_warn("%s: %s", check->name, check->why ? check->why : "");
	}
	cli_say(common, "%s: %zu sections, %llu bytes", file->path, file->image.sections_read,
		(unsigned long long)file->image.len);
}

static enum tacit_status measure_image(const struct options *o, const char *path,
				       struct eif_registers *ret, struct tacit_error *err)
{
	struct eif_file file;
	enum tacit_status st = eif_file_read(path, false, &file, err);

	if (st == TACIT_OK)
		st = tacit_eif_judge_measured(&file.image, err);
	if (st == TACIT_OK) {
		eif_registers_of(&file, ret);
		warn_of_oddities(&o->common, &file);
	}
	eif_file_done(&file);
	return st;
}

/* ---- parts ------------------------------------------------------------------------------------
 */

struct part {
	struct tacit_eif_measure *measure;
	uint16_t kind;
};

static enum tacit_status take(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	const struct part *part = user;

	(void)err;
	tacit_eif_measure_add(part->measure, part->kind, bytes);
	return TACIT_OK;
}

static enum tacit_status feed_parts(const struct options *o, struct tacit_eif_measure *m,
				    struct tacit_error *err)
{
	struct part part = { m, TACIT_EIF_KERNEL };
	const char *cmdline = o->cmdline ? o->cmdline : EIF_CMDLINE;
	enum tacit_status st = eif_each_piece(o->kernel, take, &part, err);

	if (st != TACIT_OK)
		return st;
	tacit_eif_measure_add(m, TACIT_EIF_CMDLINE, tacit_slice_str(cmdline));
	part.kind = TACIT_EIF_RAMDISK;
	for (size_t i = 0; st == TACIT_OK && i < o->ramdisks.count; i++) {
		tacit_eif_measure_begin(m, TACIT_EIF_RAMDISK);
		st = eif_each_piece(o->ramdisks.items[i], take, &part, err);
	}
	return st;
}

static enum tacit_status measure_parts(const struct options *o, struct eif_registers *ret,
				       struct tacit_error *err)
{
	struct tacit_eif_measure m;
	struct tacit_eif_pcrs pcrs;
	enum tacit_status st = tacit_eif_measure_init(&m, err);

	if (st == TACIT_OK)
		st = feed_parts(o, &m, err);
	if (st == TACIT_OK)
		st = tacit_eif_measure_final(&m, &pcrs, err);
	if (st == TACIT_OK) {
		eif_registers_set(ret, &pcrs);
		if (o->certificate)
			st = eif_registers_certificate(o->certificate, ret, err);
	}
	tacit_eif_measure_done(&m);
	return st;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct eif_registers got = { 0 }, want = { 0 };
	struct tacit_error err = { 0 };
	enum tacit_status st = TACIT_OK;

	if (o->kernel && (argc || !o->ramdisks.count))
		return cli_usage("'eif measure --kernel' wants --ramdisk and no image");
	if (!o->kernel && (o->cmdline || o->ramdisks.count || o->certificate))
		return cli_usage("--cmdline, --ramdisk and --certificate go with --kernel");
	if (o->expect)
		st = eif_registers_read(o->expect, &want, &err);
	if (st == TACIT_OK)
		st = o->kernel ? measure_parts(o, &got, &err) : measure_image(o, path, &got, &err);
	if (st == TACIT_OK)
		st = eif_registers_compare(&got, &want, &err);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot measure '%s'",
				o->kernel ? o->kernel : path);
	eif_registers_print(&o->common, "tacit.eif-measure/1", &got);
	return 0;
}

const struct cli_verb cmd_eif_measure = {
	.name = "eif measure",
	.args = "[FILE]",
	.summary = "print the PCRs of an enclave image or of its parts",
	.group = "serve",
	.example = "tacit eif measure app.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
