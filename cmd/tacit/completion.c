/* SPDX-License-Identifier: Apache-2.0 */

/* Shell completion, written from the same tables that parse the command line. */

#include <string.h>

#include "verbs.h"

struct options {
	struct cli_common common;
};

/* The case pattern of a verb: "receipt verify" is matched on both words joined by a space. */
static void print_bash(void)
{
	printf("# bash completion for tacit: eval \"$(tacit completion bash)\"\n");
	printf("_tacit() {\n"
	       "\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"${COMP_WORDS[1]}\" opts=\"\"\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const char *name = CLI_VERBS[i]->name;
		size_t first = strcspn(name, " ");
		const char *before = i ? CLI_VERBS[i - 1]->name : "";

		if (strncmp(name, before, first + 1) != 0 || !name[first])
			printf("%.*s ", (int)first, name);
	}
	printf("\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
	       "\tcase \"$verb ${COMP_WORDS[2]}\" in\n");
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const struct cli_verb *verb = CLI_VERBS[i];

		printf("\t\"%s%s", verb->name, strchr(verb->name, ' ') ? "\"" : " \"");
		printf("*) opts=\"");
		for (size_t j = 0; j < verb->option_count; j++)
			printf("%s ", verb->options[j].name);
		printf("--help --json --quiet --verbose --no-color\" ;;\n");
	}
	printf("\tesac\n"
	       "\tcase \"$cur\" in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\")) ;;\n"
	       "\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	       "\tesac\n}\ncomplete -F _tacit tacit\n");
}

static void print_zsh(void)
{
	printf("#compdef tacit\n");
	printf("autoload -U +X bashcompinit && bashcompinit\n");
	print_bash();
}

static int run(void *options, int argc, char **argv)
{
	(void)options;
	if (argc != 1)
		return cli_usage("'completion' wants the name of a shell: bash or zsh");
	if (strcmp(argv[0], "bash") == 0)
		print_bash();
	else if (strcmp(argv[0], "zsh") == 0)
		print_zsh();
	else
		return cli_usage("no completion for '%.32s'; there is bash and zsh", argv[0]);
	return 0;
}

const struct cli_verb cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "print completions for bash or zsh",
	.group = "tools",
	.example = "eval \"$(tacit completion bash)\"",
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
