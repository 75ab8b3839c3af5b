/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "appraise/verdict_json.h"
#include "base/writer.h"

typedef void (*render)(const struct tacit_verdict *verdict, bool verbose, struct writer *w);

/* The word that the text starts with is the outcome: the one thing that has a colour. */
static void print(const struct cli_common *common, const struct tacit_verdict *verdict,
		  const uint8_t *text, size_t len)
{
	bool good = verdict->outcome == TACIT_VERIFIED;
	size_t word = common->json ? 0 : strlen(tacit_outcome_name(verdict->outcome));

	if (word)
		fputs(cli_color(common, stdout, good ? CLI_GREEN : CLI_RED), stdout);
	fwrite(text, 1, word, stdout);
	if (word)
		fputs(cli_color(common, stdout, CLI_PLAIN), stdout);
	fwrite(text + word, 1, len - word, stdout);
}

static void render_json(const struct tacit_verdict *verdict, bool verbose, struct writer *w)
{
	(void)verbose;
	tacit_verdict_json(verdict, w);
}

/* Renders into memory that grows to what the verdict needs, and prints it. */
static bool print_rendered(const struct cli_common *common, const struct tacit_verdict *verdict,
			   render form)
{
	size_t room = 65536;

	for (int tries = 0; tries < 2; tries++) {
		uint8_t *text = malloc(room);
		if (!text)
			return false;
		struct writer w = wr_of(tacit_mut_of(text, room));

		form(verdict, common->verbose, &w);
		if (!w.bad)
			print(common, verdict, text, w.at);
		free(text);
		if (!w.bad)
			return true;
		room = w.at;
	}
	return false;
}

int cli_report_verdict(const struct cli_common *common, const struct tacit_verdict *verdict,
		       enum tacit_status status)
{
	bool done = true;

	if (common->json) {
		done = print_rendered(common, verdict, render_json);
		if (done)
			putchar('\n');
	} else if (!common->quiet) {
		done = print_rendered(common, verdict, tacit_verdict_text);
	}
	return done ? tacit_status_exit(status) : cli_no_memory(common);
}

int cli_report_malformed(const struct cli_common *common, const struct tacit_context *cx,
			 const struct tacit_error *err, const char *path)
{
	struct tacit_check check = {
		.name = err->where,
		.result = TACIT_CHECK_FAIL,
		.status = err->status,
		.why = err->detail,
	};
	const struct tacit_verdict verdict = {
		.outcome = TACIT_MALFORMED,
		.insecure_no_policy = cx->insecure_no_policy,
		.insecure_allow_debug = cx->insecure_allow_debug,
		.insecure_accept_stub = cx->insecure_accept_stub,
		.insecure_test_root = cx->insecure_test_root_count != 0,
		.check_count = 1,
		.checks = &check,
	};

	if (!common->json || (err->status != TACIT_FORMAT && err->status != TACIT_LIMIT))
		return cli_fail(common, err, "cannot judge '%s'", path);
	struct cli_common words = *common;
	words.json = false;
	cli_fail(&words, err, "cannot judge '%s'", path);
	return cli_report_verdict(common, &verdict, err->status);
}
