/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model import: hands a folder of safetensors to the script that runs llama.cpp's own
 * converter. It is found beside this program, never through PATH.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

#define PATH_SIZE 4096
#define ARGS_MAX 16

struct options {
	struct cli_common common;
	const char *type;
	const char *name;
	bool insecure_run_code;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, type, "--type", 0, CLI_TEXT, "TYPE",
		"f32, f16, bf16, q8_0 or auto (default)"),
	CLI_OPT(struct options, name, "--name", 0, CLI_TEXT, "NAME", "what the model is called"),
	CLI_OPT(struct options, insecure_run_code, "--insecure-run-code", 0, CLI_FLAG, NULL,
		"let Python code that the model brings along run on this machine"),
};

/* Where the script is, from the folder of this program: installed, or in its build tree. */
static const char *const PLACES[][2] = {
	{ "../libexec/tacit/import.sh", "../libexec/tacit/convert" },
	{ "../../tools/import/import.sh", "../deps/llama/convert" },
};

static bool program_folder(char *room, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", room, size - 1);

	if (len <= 0)
		return false;
	room[len] = '\0';
	char *slash = strrchr(room, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* False when neither place has the script. */
static bool find_script(char *script, char *converter, size_t size)
{
	char folder[PATH_SIZE];

	if (!program_folder(folder, sizeof(folder)))
		return false;
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		int a = snprintf(script, size, "%s/%s", folder, PLACES[i][0]);
		int b = snprintf(converter, size, "%s/%s", folder, PLACES[i][1]);

		if (a > 0 && b > 0 && (size_t)a < size && (size_t)b < size && is_file(script))
			return true;
	}
	return false;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	char script[2 * PATH_SIZE], converter[2 * PATH_SIZE];
	const char *args[ARGS_MAX];
	size_t n = 0;

	if (argc < 1)
		return cli_usage("'model import' wants the folder of the model");
	if (!find_script(script, converter, sizeof(script))) {
		cli_usage("the converter is not installed beside this program");
		return tacit_status_exit(TACIT_UNSUPPORTED);
	}
	args[n++] = script;
	if (o->type) {
		args[n++] = "--type";
		args[n++] = o->type;
	}
	if (o->name) {
		args[n++] = "--name";
		args[n++] = o->name;
	}
	if (o->insecure_run_code) {
		cli_warn("--insecure-run-code: the model's own Python code runs on this machine");
		args[n++] = "--run-code";
	}
	args[n++] = "--";
	for (int i = 0; i < argc; i++)
		args[n++] = argv[i];
	args[n] = NULL;
	setenv("TACIT_CONVERTER", converter, 0);
	execv(script, (char *const *)(uintptr_t)args);
	struct tacit_error err = { 0 };
	(void)tacit_fail(&err, TACIT_IO, "import", 0, "%s", strerror(errno));
	return cli_fail(&o->common, &err, "cannot run '%s'", script);
}

const struct cli_verb cmd_model_import = {
	.name = "model import",
	.args = "DIR [OUT.gguf]",
	.summary = "convert a folder of safetensors to GGUF",
	.group = "tools",
	.example = "tacit model import all-MiniLM-L6-v2 minilm.gguf",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 2,
	.struct_size = sizeof(struct options),
	.run = run,
};
