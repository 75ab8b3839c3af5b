/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_INFER_SHOW_H
#define TACIT_CMD_INFER_SHOW_H

/* How infer shows an answer: the text as it comes, and the verdict once it is over. */

#include "client_common.h"

#define INFER_TEXT_MAX (16u << 20)

struct infer_show {
	const struct cli_common *common;
	bool hold;     /* the text waits for the verdict */
	bool terminal; /* stdout drives one: what the model says must not */
	bool wrote;
	bool line_open;
	char *text; /* kept for --hold and --json */
	size_t len, room;
	bool cut; /* text did not fit */
};

struct infer_result {
	const struct tacit_attested *attested;
	const struct tacit_answer_end *end; /* NULL when nothing was asked */
	struct tacit_error error;           /* what went wrong, if anything */
};

void infer_show_init(struct infer_show *show, const struct cli_common *common, bool hold);
void infer_show_done(struct infer_show *show);

/* More of the answer: printed, unless it is kept back. */
void infer_show_text(struct infer_show *show, struct tacit_slice text);

/* The end of an answer that came: held text, the line of verdict, the JSON object. */
void infer_show_end(struct infer_show *show, const struct infer_result *result);

/* The JSON object alone, where it was asked for. */
void infer_show_json_end(struct infer_show *show, const struct infer_result *result);

#endif
