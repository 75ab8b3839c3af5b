/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_EIF_SHOW_H
#define TACIT_CMD_EIF_SHOW_H

/* An image as JSON and as words, for inspect, verify and diff. */

#include "eif.h"

/* An image with its judgement. */
struct eif_judged {
	struct eif_file file;
	struct tacit_check_list list;
	bool is_signed; /* and the signature can be read */
	struct tacit_eif_signature signature;
	bool is_measured;          /* every reader measures the same */
	struct tacit_error unsure; /* why not */
	struct eif_registers registers;
};

/* Reads and judges; `extra` more checks can be added to the list. Call eif_file_done in any case.
 */
TACIT_MUST_CHECK enum tacit_status eif_judge_file(const char *path, bool list, int64_t now,
						  size_t extra, struct eif_judged *ret,
						  struct tacit_error *err);

/* [{"name", "result", ...}] */
json_t *eif_show_checks(const struct tacit_check_list *list);
/* Failures, and with `all` everything, one a line. */
void eif_print_checks(const struct cli_common *common, const struct tacit_check_list *list,
		      bool all);

/* Everything that inspect knows, without schema. */
json_t *eif_show(const struct eif_judged *judged);
void eif_print(const struct cli_common *common, const struct eif_judged *judged);

/* "-rwxr-xr-x"; `text` has room for 11. */
void eif_mode_text(uint32_t mode, char text[static 11]);

#endif
