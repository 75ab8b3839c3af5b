/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "cli.h"
#include "codec/json.h"
#include "codec/utf8.h"

#define LINE_MAX_LEN 8192

/* For the terminal: names of files come from strangers too, in archives and folders. */
static void put_plain(const char *words)
{
	struct tacit_slice text = tacit_slice_str(words);

	for (size_t at = 0; at < text.len;) {
		uint32_t point = 0;
		size_t len = tacit_utf8_step(text, at, &point);
		bool plain = len && !tacit_utf8_is_control(point);

		for (size_t end = at + (len ? len : 1); at < end; at++) {
			if (plain)
				fputc(text.ptr[at], stderr);
			else
				fprintf(stderr, "\\x%02x", text.ptr[at]);
		}
	}
}

static void line(const char *prefix, const char *fmt, va_list args) TACIT_PRINTF(2, 0);

static void line(const char *prefix, const char *fmt, va_list args)
{
	char words[LINE_MAX_LEN];

	fprintf(stderr, "tacit: %s", prefix);
	vsnprintf(words, sizeof(words), fmt, args);
	put_plain(words);
	fputc('\n', stderr);
}

int cli_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("error: ", fmt, args);
	va_end(args);
	return tacit_status_exit(TACIT_USAGE);
}

void cli_hint(const struct cli_common *common, const char *fmt, ...)
{
	va_list args;

	if (common->quiet)
		return;
	va_start(args, fmt);
	line("hint: ", fmt, args);
	va_end(args);
}

void cli_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("warning: ", fmt, args);
	va_end(args);
}

void cli_say(const struct cli_common *common, const char *fmt, ...)
{
	va_list args;

	if (common->quiet)
		return;
	va_start(args, fmt);
	line("", fmt, args);
	va_end(args);
}

static int print_json_error(const struct tacit_error *err, const char *what)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i}", "schema", "tacit.error/1",
				   "what", what, "status", tacit_status_name(err->status), "where",
				   err->where, "offset", (json_int_t)err->offset, "exit",
				   tacit_status_exit(err->status));

	if (!object)
		return tacit_status_exit(TACIT_INTERNAL);
	json_object_set_new(object, "detail", json_string(err->detail));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
	return tacit_status_exit(err->status);
}

int cli_fail(const struct cli_common *common, const struct tacit_error *err, const char *fmt, ...)
{
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (common->json)
		print_json_error(err, what);
	fprintf(stderr, "tacit: error: ");
	put_plain(what);
	fprintf(stderr, ": ");
	put_plain(err->detail[0] ? err->detail : tacit_status_text(err->status));
	if (err->offset)
		fprintf(stderr, " (offset %llu)", (unsigned long long)err->offset);
	fputc('\n', stderr);
	return tacit_status_exit(err->status);
}

int cli_no_memory(const struct cli_common *common)
{
	const struct tacit_error err = { .status = TACIT_NOMEM };

	return cli_fail(common, &err, "cannot go on");
}

static bool wants_color(const struct cli_common *common, FILE *stream)
{
	const char *term = getenv("TERM");

	if (common->no_color || getenv("NO_COLOR") || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(fileno(stream)) == 1;
}

const char *cli_color(const struct cli_common *common, FILE *stream, enum cli_color color)
{
	static const char *const CODES[] = { "\033[0m",  "\033[32m", "\033[31m",
					     "\033[33m", "\033[2m",  "\033[1m" };

	return wants_color(common, stream) ? CODES[color] : "";
}

int64_t cli_now(const struct cli_time *now)
{
	return now->given ? now->seconds : (int64_t)time(NULL);
}
