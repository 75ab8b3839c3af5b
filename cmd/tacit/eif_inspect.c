/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif inspect: everything that an image says, with what a strict reader finds wrong in it. */

#include <stdlib.h>

#include "eif_show.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	bool files;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, files, "--files", 0, CLI_FLAG, NULL,
		"list every file of the ramdisks with its SHA-256"),
};

static void show(const struct options *o, const struct eif_judged *judged)
{
	const struct tacit_check *first = NULL;

	if (o->common.json) {
		json_t *top = eif_show(judged);

		json_object_set_new(top, "schema", json_string("tacit.eif/1"));
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	} else {
		eif_print(&o->common, judged);
	}
	if (tacit_check_judge(&judged->list, &first) != TACIT_OK)
		cli_warn("a strict reader refuses this image%s%s", first ? ": " : "",
			 first ? first->name : "");
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct tacit_error err = { 0 };
	struct eif_judged *judged = malloc(sizeof(*judged));
	int code = 0;

	if (!judged)
		return cli_no_memory(&o->common);
	if (eif_judge_file(path, o->files, cli_now(&(struct cli_time){ 0 }), 0, judged, &err) !=
	    TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot inspect '%s'", path);
	else
		show(o, judged);
	eif_file_done(&judged->file);
	free(judged);
	return code;
}

const struct cli_verb cmd_eif_inspect = {
	.name = "eif inspect",
	.args = "[FILE]",
	.summary = "show what an enclave image holds",
	.group = "serve",
	.example = "tacit eif inspect --files app.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
