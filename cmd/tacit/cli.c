/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/time.h"

/* Options that every verb takes; offsets are those of struct cli_common, its first member. */
static const struct cli_option COMMON[] = {
	CLI_OPT(struct cli_common, help, "--help", 'h', CLI_FLAG, NULL, "show this help"),
	CLI_OPT(struct cli_common, json, "--json", 0, CLI_FLAG, NULL, "one JSON object on stdout"),
	CLI_OPT(struct cli_common, quiet, "--quiet", 'q', CLI_FLAG, NULL,
		"no words but errors and warnings"),
	CLI_OPT(struct cli_common, verbose, "--verbose", 'v', CLI_FLAG, NULL, "say more"),
	CLI_OPT(struct cli_common, no_color, "--no-color", 0, CLI_FLAG, NULL, "no colours"),
};

#define COMMON_COUNT (sizeof(COMMON) / sizeof(COMMON[0]))

static const struct cli_option *find_in(const struct cli_option *options, size_t count,
					const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
			return &options[i];
		if (len == 2 && name[0] == '-' && options[i].letter == name[1])
			return &options[i];
	}
	return NULL;
}

static const struct cli_option *find_option(const struct cli_verb *verb, const char *name,
					    size_t len)
{
	const struct cli_option *option = find_in(verb->options, verb->option_count, name, len);

	return option ? option : find_in(COMMON, COMMON_COUNT, name, len);
}

static bool parse_count(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	}
	if (p == text)
		return false;
	unsigned shift = *p == 'K' ? 10 : *p == 'M' ? 20 : *p == 'G' ? 30 : 0;
	if (shift)
		p++;
	if (*p || (shift && value > UINT64_MAX >> shift))
		return false;
	*ret = value << shift;
	return true;
}

static bool parse_time(const char *text, struct cli_time *ret)
{
	uint64_t seconds;

	ret->given = true;
	if (tacit_time_parse(tacit_slice_str(text), &ret->seconds))
		return true;
	if (strspn(text, "0123456789") != strlen(text) || !parse_count(text, &seconds) ||
	    seconds > INT64_MAX)
		return false;
	ret->seconds = (int64_t)seconds;
	return true;
}

static int bad_value(const struct cli_option *option, const char *value)
{
	char shown[64];

	tacit_escape(shown, sizeof(shown), tacit_slice_str(value));
	return cli_usage("option '%s' wants %s, not '%s'", option->name, option->value, shown);
}

static int set_count(const struct cli_option *option, uint64_t *field, const char *value)
{
	uint64_t number;

	if (!parse_count(value, &number))
		return bad_value(option, value);
	if (option->max && (number < option->min || number > option->max))
		return cli_usage("option '%s' must be %llu to %llu", option->name,
				 (unsigned long long)option->min, (unsigned long long)option->max);
	*field = number;
	return 0;
}

static int set_hex(const struct cli_option *option, struct cli_hex *field, const char *value)
{
	struct tacit_mut room = tacit_mut_of(field->bytes, sizeof(field->bytes));

	if (!tacit_hex_decode(tacit_slice_str(value), room, &field->len))
		return cli_usage("option '%s' wants up to %d bytes as hex digits", option->name,
				 CLI_HEX_MAX);
	if (option->max && (field->len < option->min || field->len > option->max)) {
		if (option->min == option->max)
			return cli_usage("option '%s' wants exactly %llu bytes as hex, got %zu",
					 option->name, (unsigned long long)option->min, field->len);
		return cli_usage("option '%s' wants %llu to %llu bytes as hex, got %zu",
				 option->name, (unsigned long long)option->min,
				 (unsigned long long)option->max, field->len);
	}
	field->given = true;
	return 0;
}

static int add_item(const struct cli_option *option, struct cli_list *list, const char *value)
{
	if (list->count == CLI_LIST_MAX)
		return cli_usage("option '%s' given more than %d times", option->name,
				 CLI_LIST_MAX);
	list->items[list->count++] = value;
	return 0;
}

static int set_option(const struct cli_option *option, void *options, const char *value)
{
	void *field = (char *)options + option->offset;

	switch (option->kind) {
	case CLI_FLAG:
		*(bool *)field = true;
		return 0;
	case CLI_TEXT:
		*(const char **)field = value;
		return 0;
	case CLI_COUNT:
		return set_count(option, field, value);
	case CLI_TIME:
		return parse_time(value, field) ? 0 : bad_value(option, value);
	case CLI_HEX:
		return set_hex(option, field, value);
	case CLI_LIST:
		return add_item(option, field, value);
	}
	return 70;
}

/* Edit distance, bounded: only to suggest one name for a typo. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], la = strlen(a), lb = strlen(b);

	if (la >= 64 || lb >= 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < best ? change : best;
		}
	}
	return row[lb];
}

static int unknown_option(const struct cli_verb *verb, const char *arg)
{
	const char *near = NULL;
	size_t best = 4;
	char shown[64];

	for (size_t i = 0; i < verb->option_count + COMMON_COUNT; i++) {
		const struct cli_option *option = i < verb->option_count
							  ? &verb->options[i]
							  : &COMMON[i - verb->option_count];
		size_t d = distance(arg, option->name);

		if (d < best) {
			best = d;
			near = option->name;
		}
	}
	tacit_escape(shown, sizeof(shown), tacit_slice_str(arg));
	if (near)
		return cli_usage("'%s' has no option '%s'; did you mean '%s'?", verb->name, shown,
				 near);
	return cli_usage("'%s' has no option '%s'; see 'tacit %s --help'", verb->name, shown,
			 verb->name);
}

/* Takes one option at argv[*at]; *at is left on the last argument used. */
static int take_option(const struct cli_verb *verb, void *options, int argc, char **argv, int *at)
{
	const char *arg = argv[*at];
	const char *equals = arg[1] == '-' ? strchr(arg, '=') : NULL;
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct cli_option *option = find_option(verb, arg, len);

	if (!option)
		return unknown_option(verb, arg);
	if (option->kind == CLI_FLAG) {
		if (equals)
			return cli_usage("option '%s' takes no value", option->name);
		return set_option(option, options, NULL);
	}
	const char *value = equals ? equals + 1 : NULL;
	if (!value) {
		if (*at + 1 >= argc)
			return cli_usage("option '%s' wants %s", option->name, option->value);
		value = argv[++*at];
	}
	return set_option(option, options, value);
}

static void print_options(FILE *out, const struct cli_option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct cli_option *o = &options[i];
		char left[48];
		char letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s%s%s%s", letter, o->name, o->value ? " " : "",
			 o->value ? o->value : "");
		fprintf(out, "  %-32s %s\n", left, o->help);
	}
}

static int print_help(const struct cli_verb *verb)
{
	printf("tacit %s: %s\n\n", verb->name, verb->summary);
	printf("Usage: tacit %s [OPTIONS]%s%s\n\n", verb->name, *verb->args ? " " : "", verb->args);
	if (verb->option_count) {
		printf("Options:\n");
		print_options(stdout, verb->options, verb->option_count);
		putchar('\n');
	}
	printf("Common options:\n");
	print_options(stdout, COMMON, COMMON_COUNT);
	printf("\nExample:\n  %s\n", verb->example);
	return 0;
}

/* Splits argv into options and the verb's arguments, in any order; "--" ends the options. */
static int parse_args(const struct cli_verb *verb, void *options, int argc, char **argv,
		      int *ret_count)
{
	bool ended = false;
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		char *arg = argv[i];

		if (!ended && strcmp(arg, "--") == 0) {
			ended = true;
			continue;
		}
		if (!ended && arg[0] == '-' && arg[1]) {
			int code = take_option(verb, options, argc, argv, &i);

			if (code)
				return code;
			continue;
		}
		argv[kept++] = arg;
	}
	*ret_count = kept;
	return 0;
}

static int run_verb(const struct cli_verb *verb, int argc, char **argv)
{
	static const struct cli_common plain;
	void *options = calloc(1, verb->struct_size);
	int count = 0;

	if (!options)
		return cli_no_memory(&plain);
	int code = parse_args(verb, options, argc, argv, &count);
	const struct cli_common *common = options;
	if (code == 0 && common->help)
		code = print_help(verb);
	else if (code == 0 && (size_t)count > verb->max_args)
		code = cli_usage("'%s' takes %zu argument%s at most, got %d", verb->name,
				 verb->max_args, verb->max_args == 1 ? "" : "s", count);
	else if (code == 0)
		code = verb->run(options, count, argv);
	free(options);
	return code;
}

/* The verb that argv starts with; *ret_words is how many words name it. */
static const struct cli_verb *find_verb(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const char *name = CLI_VERBS[i]->name;
		const char *space = strchr(name, ' ');

		if (!space && strcmp(argv[0], name) == 0) {
			*ret_words = 1;
			return CLI_VERBS[i];
		}
		if (space && argc > 1 && strlen(argv[0]) == (size_t)(space - name) &&
		    strncmp(argv[0], name, (size_t)(space - name)) == 0 &&
		    strcmp(argv[1], space + 1) == 0) {
			*ret_words = 2;
			return CLI_VERBS[i];
		}
	}
	return NULL;
}

static int unknown_verb(int argc, char **argv)
{
	const char *near = NULL;
	size_t best = 3;
	char typed[64], shown[72];

	snprintf(typed, sizeof(typed), "%s", argv[0]);
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const char *name = CLI_VERBS[i]->name;
		size_t first = strcspn(name, " ");

		/* "tacit receipt" alone: name what could follow. */
		if (name[first] && strlen(argv[0]) == first && memcmp(argv[0], name, first) == 0) {
			if (argc == 1 || argv[1][0] == '-')
				return cli_usage("'%s' needs a word after it, such as 'tacit %s'",
						 argv[0], name);
			snprintf(typed, sizeof(typed), "%s %s", argv[0], argv[1]);
			best = 8;
		}
		size_t d = distance(typed, name);
		if (d < best) {
			best = d;
			near = name;
		}
	}
	tacit_escape(shown, sizeof(shown), tacit_slice_str(typed));
	if (near)
		return cli_usage("no command '%s'; did you mean 'tacit %s'?", shown, near);
	return cli_usage("no command '%s'; 'tacit --help' lists them", shown);
}

static void print_group(FILE *out, const char *group, const char *title)
{
	fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; i < CLI_VERB_COUNT; i++) {
		const struct cli_verb *verb = CLI_VERBS[i];

		if (strcmp(verb->group, group) == 0)
			fprintf(out, "  %-17s %s\n", verb->name, verb->summary);
	}
}

static void print_overview(FILE *out)
{
	fprintf(out,
		"tacit: serve an AI model in a TEE, prove what runs there, sign every answer\n\n"
		"Usage: tacit COMMAND [OPTIONS] [FILE]\n\n"
		"  tacit infer --server tcp:HOST:PORT --policy policy.json \"Hello\"\n"
		"  tacit receipt verify --evidence evidence.bin --policy policy.json "
		"receipt.bin\n");
	print_group(out, "verify", "Verify");
	print_group(out, "ask", "Ask");
	print_group(out, "serve", "Serve");
	print_group(out, "tools", "Tools");
	fprintf(out,
		"\n'tacit COMMAND --help' tells more. Exit codes: 0 done or verified, 1 refused,\n"
		"2 usage, 3 malformed, 4 undecided, 5 I/O or peer, 6 unsupported here, 70 bug.\n");
}

static int run_command(int argc, char **argv)
{
	int words = 0;
	bool help = strcmp(argv[0], "help") == 0;

	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 || (help && argc == 1)) {
		print_overview(stdout);
		return 0;
	}
	if (strcmp(argv[0], "--version") == 0) {
		printf("tacit %s\n", TACIT_VERSION);
		return 0;
	}
	int skip = help ? 1 : 0;
	const struct cli_verb *verb = find_verb(argc - skip, argv + skip, &words);
	if (!verb)
		return unknown_verb(argc - skip, argv + skip);
	if (help)
		return print_help(verb);
	return run_verb(verb, argc - skip - words, argv + skip + words);
}

int cli_main(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return tacit_status_exit(TACIT_USAGE);
	}
	int code = run_command(argc - 1, argv + 1);

	/* Output that could not be written is not "done". */
	if ((fflush(stdout) || ferror(stdout)) && code == 0) {
		fprintf(stderr, "tacit: error: cannot write to standard output\n");
		return tacit_status_exit(TACIT_IO);
	}
	return code;
}
