/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdlib.h>

#include "appraise/verdict_json.h"
#include "base/writer.h"

typedef void (*render)(const struct tacit_verdict *verdict, bool verbose, struct writer *w);

static void render_json(const struct tacit_verdict *verdict, bool verbose, struct writer *w)
{
	(void)verbose;
	tacit_verdict_json(verdict, w);
}

/* Renders into memory that grows to what the verdict needs, and prints it. */
static bool print_rendered(render form, const struct tacit_verdict *verdict, bool verbose)
{
	size_t room = 65536;

	for (int tries = 0; tries < 2; tries++) {
		uint8_t *text = malloc(room);
		if (!text)
			return false;
		struct writer w = wr_of(tacit_mut_of(text, room));

		form(verdict, verbose, &w);
		if (!w.bad)
			fwrite(text, 1, w.at, stdout);
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
		done = print_rendered(render_json, verdict, false);
		putchar('\n');
	} else if (!common->quiet) {
		done = print_rendered(tacit_verdict_text, verdict, common->verbose);
	}
	return tacit_status_exit(done ? status : TACIT_NOMEM);
}

int cli_report_malformed(const struct cli_common *common, const struct tacit_error *err,
			 const char *path)
{
	struct tacit_verdict verdict = { .outcome = TACIT_MALFORMED };

	if (!common->json || (err->status != TACIT_FORMAT && err->status != TACIT_LIMIT))
		return cli_fail(common, err, "cannot judge '%s'", path);
	struct cli_common words = *common;
	words.json = false;
	cli_fail(&words, err, "cannot judge '%s'", path);
	return cli_report_verdict(common, &verdict, err->status);
}
