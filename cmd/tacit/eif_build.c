/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif build: a bootable enclave image from a kernel, a command line and ramdisks or files. */

#include <stdlib.h>
#include <string.h>

#include "eif.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *kernel, *cmdline, *output;
	struct cli_list ramdisks;
	const char *init;
	struct cli_list files, modules, args, environment;
	const char *arch;
	uint64_t memory, cpus;
	struct eif_about about;
	struct cli_time build_time;
	bool no_metadata, compress;
	const char *sign, *certificate;
	const char *expect;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, kernel, "--kernel", 0, CLI_TEXT, "FILE",
		"bzImage (x86_64) or Image (aarch64)"),
	CLI_OPT(struct options, cmdline, "--cmdline", 0, CLI_TEXT, "TEXT",
		"command line of the kernel (" EIF_CMDLINE ")"),
	CLI_OPT(struct options, ramdisks, "--ramdisk", 0, CLI_LIST, "FILE",
		"a ramdisk as it is; may be given again"),
	CLI_OPT(struct options, init, "--init", 0, CLI_TEXT, "FILE",
		"make the ramdisks: this program becomes /init"),
	CLI_OPT(struct options, files, "--file", 0, CLI_LIST, "HOST:GUEST[:MODE]",
		"with --init, a file of the second ramdisk; may be given again"),
	CLI_OPT(struct options, modules, "--module", 0, CLI_LIST, "FILE.ko",
		"with --init, a module to load, in order; may be given again"),
	CLI_OPT(struct options, args, "--arg", 0, CLI_LIST, "TEXT",
		"with --init, what to run: the program, then its arguments"),
	CLI_OPT(struct options, environment, "--env", 0, CLI_LIST, "NAME=VALUE",
		"with --init, environment of the program; may be given again"),
	CLI_OPT(struct options, compress, "--compress", 0, CLI_FLAG, NULL,
		"with --init, compress the ramdisks"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE", "the image"),
	CLI_OPT(struct options, arch, "--arch", 0, CLI_TEXT, "ARCH",
		"x86_64 or aarch64 (what the kernel says)"),
	CLI_OPT(struct options, memory, "--memory", 0, CLI_COUNT, "BYTES",
		"default memory in the header (1G)"),
	CLI_OPT_RANGE(struct options, cpus, "--cpus", CLI_COUNT, "N",
		      "default CPUs in the header (2)", 1, 4096),
	CLI_OPT(struct options, about.name, "--name", 0, CLI_TEXT, "TEXT", "name in the metadata"),
	CLI_OPT(struct options, about.version, "--version", 0, CLI_TEXT, "TEXT",
		"version in the metadata"),
	CLI_OPT(struct options, about.custom, "--metadata", 0, CLI_TEXT, "FILE",
		"JSON of your own for the metadata, up to 4096 bytes"),
	CLI_OPT(struct options, build_time, "--build-time", 0, CLI_TIME, "TIME",
		"time of the build in the metadata (1970, so that builds agree)"),
	CLI_OPT(struct options, no_metadata, "--no-metadata", 0, CLI_FLAG, NULL,
		"leave the metadata out"),
	CLI_OPT(struct options, sign, "--sign", 0, CLI_TEXT, "KEY",
		"sign with this PEM key (P-384 or P-256)"),
	CLI_OPT(struct options, certificate, "--certificate", 0, CLI_TEXT, "FILE",
		"PEM certificate of the signing key"),
	CLI_OPT(struct options, expect, "--expect", 0, CLI_TEXT, "FILE",
		"write nothing unless the measurements are these"),
};

static int check_options(const struct options *o)
{
	bool parts = o->files.count || o->modules.count || o->args.count || o->environment.count ||
		     o->compress;

	if (!o->kernel || !o->output)
		return cli_usage("'eif build' wants --kernel and -o");
	if (!o->init == !o->ramdisks.count)
		return cli_usage("'eif build' wants either --init or --ramdisk");
	if (parts && !o->init)
		return cli_usage("--file, --module, --arg, --env and --compress go with --init");
	if (o->ramdisks.count > TACIT_EIF_SECTIONS_MAX - 4)
		return cli_usage("at most %d ramdisks", TACIT_EIF_SECTIONS_MAX - 4);
	if (!o->sign != !o->certificate)
		return cli_usage("--sign and --certificate go together");
	if (o->cmdline && strlen(o->cmdline) > EIF_CMDLINE_MAX)
		return cli_usage("the command line is longer than %d bytes", EIF_CMDLINE_MAX);
	if (o->cmdline && strpbrk(o->cmdline, "\n\r\t"))
		return cli_usage("the command line is one line, without tabs");
	return 0;
}

static int choose_machine(const struct options *o, struct eif_plan *plan)
{
	uint16_t flags = 0;
	bool known = eif_kernel_machine(o->kernel, &flags);

	if (!known && !o->arch)
		cli_warn("'%s' is neither a bzImage nor an arm64 Image; taken for x86_64",
			 o->kernel);
	if (o->arch && strcmp(o->arch, "x86_64") != 0 && strcmp(o->arch, "aarch64") != 0)
		return cli_usage("--arch is x86_64 or aarch64");
	if (o->arch) {
		uint16_t asked = strcmp(o->arch, "aarch64") == 0 ? TACIT_EIF_ARM64 : 0;

		if (known && asked != flags)
			return cli_usage("the kernel is not one for %s", o->arch);
		flags = asked;
	}
	plan->header = (struct tacit_eif_write_options){ .flags = flags,
							 .memory = o->memory ? o->memory
									     : UINT64_C(1) << 30,
							 .cpus = o->cpus ? o->cpus : 2 };
	return 0;
}

static enum tacit_status make_application(const struct options *o, struct eif_tree *tree,
					  struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; st == TACIT_OK && i < o->files.count; i++)
		st = eif_tree_option(tree, o->files.items[i], err);
	if (st == TACIT_OK && o->args.count)
		st = eif_boot_lines(tree, "/etc/tacit/argv", o->args.items, o->args.count, err);
	if (st == TACIT_OK && o->environment.count)
		st = eif_boot_lines(tree, "/etc/tacit/env", o->environment.items,
				    o->environment.count, err);
	return st == TACIT_OK ? eif_tree_finish(tree, err) : st;
}

static enum tacit_status make_ramdisks(const struct options *o, struct eif_plan *plan,
				       struct tacit_error *err)
{
	const struct eif_boot boot = { o->init, &o->modules };

	for (size_t i = 0; i < o->ramdisks.count; i++)
		plan->ramdisk[plan->ramdisk_count++].path = o->ramdisks.items[i];
	if (!o->init)
		return TACIT_OK;
	plan->ramdisk_count = 2;
	plan->ramdisk[0].is_packed = plan->ramdisk[1].is_packed = o->compress;
	enum tacit_status st = eif_boot_tree(&boot, &plan->ramdisk[0].tree, err);
	if (st == TACIT_OK)
		st = make_application(o, &plan->ramdisk[1].tree, err);
	if (st == TACIT_OK && plan->ramdisk[1].tree.count == 0)
		plan->ramdisk_count = 1;
	return st;
}

static enum tacit_status make_plan(const struct options *o, struct eif_plan *plan,
				   struct tacit_error *err)
{
	struct eif_about about = o->about;
	enum tacit_status st = TACIT_OK;

	about.built = o->build_time.given ? o->build_time.seconds : 0;
	plan->kernel = o->kernel;
	plan->cmdline = o->cmdline ? o->cmdline : EIF_CMDLINE;
	plan->signer = (struct eif_signer){ o->sign, o->certificate };
	if (o->expect)
		st = eif_registers_read(o->expect, &plan->expect, err);
	if (st == TACIT_OK && !o->no_metadata)
		st = eif_metadata(&about, o->kernel, &plan->metadata, err);
	return st == TACIT_OK ? make_ramdisks(o, plan, err) : st;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct eif_registers registers;
	struct tacit_error err = { 0 };
	int code = check_options(o);

	(void)argc;
	(void)argv;
	if (code)
		return code;
	struct eif_plan *plan = calloc(1, sizeof(*plan));
	if (!plan)
		return cli_no_memory(&o->common);
	code = choose_machine(o, plan);
	if (code == 0) {
		enum tacit_status st = make_plan(o, plan, &err);

		if (st == TACIT_OK)
			st = eif_plan_write(plan, o->output, &registers, &err);
		if (st == TACIT_OK)
			eif_registers_print(&o->common, "tacit.eif-build/1", &registers);
		else
			code = cli_fail(&o->common, &err, "cannot build '%s'", o->output);
	}
	eif_plan_done(plan);
	free(plan);
	return code;
}

const struct cli_verb cmd_eif_build = {
	.name = "eif build",
	.args = "",
	.summary = "build an enclave image",
	.group = "serve",
	.example = "tacit eif build --kernel bzImage --init tacit-init --file app:/app --arg /app "
		   "-o app.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
