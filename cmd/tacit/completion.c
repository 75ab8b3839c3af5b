/* SPDX-License-Identifier: Apache-2.0 */

/* Shell completion, written from the same tables that parse the command line. */

#include <string.h>

#include "verbs.h"

struct options {
	struct cli_common common;
};

/* Whether an earlier verb starts with the same word. */
static bool is_repeated(size_t index)
{
	size_t len = strcspn(CLI_VERBS[index]->name, " ");

	for (size_t i = 0; i < index; i++) {
		if (strcspn(CLI_VERBS[i]->name, " ") == len &&
		    strncmp(CLI_VERBS[i]->name, CLI_VERBS[index]->name, len) == 0)
			return true;
	}
	return false;
}

static void print_first_words(void)
{
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const char *name = CLI_VERBS[i]->name;

		if (!is_repeated(i))
			printf("%.*s ", (int)strcspn(name, " "), name);
	}
	printf("help");
}

/* One case for each first word that needs a second: offers it, or makes it part of the verb. */
static void print_second_words(void)
{
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const char *name = CLI_VERBS[i]->name;
		int first = (int)strcspn(name, " ");

		if (!name[first] || is_repeated(i))
			continue;
		printf("\t%.*s)\n\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		       "\t\t\tCOMPREPLY=($(compgen -W \"",
		       first, name);
		for (size_t j = i; j < CLI_VERB_COUNT; j++) {
			if (strncmp(CLI_VERBS[j]->name, name, (size_t)first + 1) == 0)
				printf("%s ", CLI_VERBS[j]->name + first + 1);
		}
		printf("\" -- \"$cur\"))\n\t\t\treturn\n\t\tfi\n"
		       "\t\tverb=\"$verb ${COMP_WORDS[2]}\"\n\t\t;;\n");
	}
}

static void print_options(void)
{
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const struct cli_verb *verb = CLI_VERBS[i];

		printf("\t\"%s\") opts=\"", verb->name);
		for (size_t j = 0; j < verb->option_count; j++)
			printf("%s ", verb->options[j].name);
		printf("\" ;;\n");
	}
}

/* What is no option is left to the shell, which offers file names. */
static void print_bash(void)
{
	printf("# completion for tacit, from its own tables: eval \"$(tacit completion bash)\"\n");
	printf("_tacit() {\n"
	       "\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"${COMP_WORDS[1]}\" opts=\"\"\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"");
	print_first_words();
	printf("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase \"$verb\" in\n");
	print_second_words();
	printf("\tcompletion) COMPREPLY=($(compgen -W \"bash zsh\" -- \"$cur\")) ;;\n"
	       "\tesac\n\tcase \"$verb\" in\n");
	print_options();
	printf("\tesac\n"
	       "\tcase \"$cur\" in\n"
	       "\t-*) COMPREPLY=($(compgen -W \"$opts --help --json --quiet --verbose --no-color\" "
	       "-- \"$cur\")) ;;\n"
	       "\tesac\n}\ncomplete -o default -F _tacit tacit\n");
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
