/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_CLI_H
#define TACIT_CMD_CLI_H

/*
 * The command line, from tables: one row per verb, one row per option. The option table of a
 * verb drives parsing, --help, the completions and the check of the man pages; no verb parses
 * argv by hand.
 *
 * Conventions: data on stdout, words on stderr; exit codes are those of tacit_status_exit().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "tacit/status.h"

enum cli_kind {
	CLI_FLAG,   /* no value: sets a bool */
	CLI_TEXT,   /* const char * */
	CLI_COUNT,  /* uint64_t, decimal, optional K M G suffix (1024) */
	CLI_TIME,   /* struct cli_time: RFC 3339 or Unix seconds */
	CLI_HEX,    /* struct cli_hex: bytes from hex */
	CLI_LIST,   /* struct cli_list: may be repeated */
};

#define CLI_HEX_MAX 1024
#define CLI_LIST_MAX 64

struct cli_time {
	bool given;
	int64_t seconds;
};

struct cli_hex {
	bool given;
	size_t len;
	uint8_t bytes[CLI_HEX_MAX];
};

struct cli_list {
	size_t count;
	const char *items[CLI_LIST_MAX];
};

struct cli_option {
	const char *name;  /* "--policy" */
	char letter;       /* 'o' for -o; 0 for none */
	enum cli_kind kind;
	const char *value; /* what help calls the value: "FILE"; NULL for flags */
	const char *help;  /* one line, lower case, no full stop */
	size_t offset;     /* of the field in the verb's struct */
	uint64_t min, max; /* CLI_COUNT: range; CLI_HEX: length in bytes; 0,0 for any */
};

/* One row of an option table, for a field of `type`. */
#define CLI_OPT(type, field, name, letter, kind, value, help)                                      \
	{                                                                                          \
		name, letter, kind, value, help, offsetof(type, field), 0, 0                       \
	}
#define CLI_OPT_RANGE(type, field, name, kind, value, help, min, max)                              \
	{                                                                                          \
		name, 0, kind, value, help, offsetof(type, field), min, max                        \
	}

/* Options that every verb takes, in every verb's struct as its first member. */
struct cli_common {
	bool help, json, quiet, verbose, no_color;
};

struct cli_verb {
	const char *name;     /* "verify", "receipt verify" */
	const char *args;     /* "FILE", "[PROMPT]", or "" */
	const char *summary;  /* one line for the overview */
	const char *group;    /* "verify", "ask", "serve", "tools" */
	const char *example;  /* a command line that works, for the end of the help */
	const struct cli_option *options;
	size_t option_count;
	size_t max_args;      /* positional arguments at most */
	size_t struct_size;   /* of the verb's options, zeroed before parsing */
	int (*run)(void *options, int argc, char **argv); /* returns an exit code */
};

/* All verbs, in the order of the overview (main.c). */
extern const struct cli_verb *const CLI_VERBS[];
extern const size_t CLI_VERB_COUNT;

/* Runs the verb that argv names. Returns the exit code. */
int cli_main(int argc, char **argv);

/*
 * Prints "tacit: error: ..." (or one JSON object with "schema": "tacit.error/1" when json) for
 * a failed call and returns its exit code. `what` says what could not be done, e.g.
 * "cannot read evidence 'x.bin'".
 */
int cli_fail(const struct cli_common *common, const struct tacit_error *err, const char *fmt, ...)
	TACIT_PRINTF(3, 4);

/* Says that memory is out and returns the exit code of that. */
int cli_no_memory(const struct cli_common *common);

/* A usage error: message, a pointer to --help, exit 2. */
int cli_usage(const char *fmt, ...) TACIT_PRINTF(1, 2);

/* "tacit: hint: ..." on stderr, unless quiet. */
void cli_hint(const struct cli_common *common, const char *fmt, ...) TACIT_PRINTF(2, 3);

/* "tacit: warning: ..." on stderr; for --insecure-... also when quiet. */
void cli_warn(const char *fmt, ...) TACIT_PRINTF(1, 2);

/* Words for people on stderr, unless quiet. */
void cli_say(const struct cli_common *common, const char *fmt, ...) TACIT_PRINTF(2, 3);

/* Colour codes for `stream`, or "" when it is no terminal or colour is off. */
enum cli_color { CLI_PLAIN, CLI_GREEN, CLI_RED, CLI_YELLOW, CLI_DIM, CLI_BOLD };
const char *cli_color(const struct cli_common *common, FILE *stream, enum cli_color color);

/*
 * Reads FILE whole ("-" is stdin) up to `max` bytes. Owns: *ret.ptr is malloc'ed; free it.
 * Errors: TACIT_IO (with the reason), TACIT_LIMIT.
 */
enum tacit_status cli_read_file(const char *path, size_t max, struct tacit_slice *ret,
				struct tacit_error *err);

/*
 * Writes FILE whole through a temporary file and a rename, so that it is never half-written;
 * "-" is stdout. Refuses binary on a terminal unless path is "-" and `text` is false was asked.
 */
enum tacit_status cli_write_file(const char *path, struct tacit_slice bytes, unsigned mode,
				 struct tacit_error *err);

/*
 * Gives up files, network and most system calls, once everything that a verb judges has been
 * read. Returns 0, or an exit code after saying why.
 */
int cli_enter_sandbox(const struct cli_common *common);

/* The time in seconds that `now` gives, else that of the system clock. */
int64_t cli_now(const struct cli_time *now);

#endif
