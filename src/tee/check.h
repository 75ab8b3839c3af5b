/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_CHECK_H
#define TACIT_TEE_CHECK_H

/*
 * The list of named checks that a verdict is made of.
 *
 * Const tables give names and order; the list starts with every row "not reached", and each
 * check is then decided once: pass, fail, or skip with a reason (it was not asked for, or was
 * waived by name). A row that nobody decided makes the whole list fail, so that a check which
 * is forgotten can never turn into acceptance.
 *
 * Texts are static or live in the arena; when it runs out the list is `full` and the judgement
 * ends in TACIT_LIMIT.
 */

#include "base/error.h"
#include "tacit/verify.h"

struct tacit_check_row {
	const char *name;
	const char *about; /* what it means when it passes; for documents and tacit explain */
};

struct tacit_check_list {
	struct tacit_arena *arena;
	struct tacit_check *checks;
	size_t count;
	size_t room;
	size_t next; /* where the search for a name starts */
	bool full;
};

/* Room for `count` checks. Sets `full` when the arena has none. */
void tacit_check_init(struct tacit_check_list *list, struct tacit_arena *arena, size_t count);

/* Appends rows as "not reached". */
void tacit_check_add(struct tacit_check_list *list, const struct tacit_check_row *rows,
		     size_t count);

/* Decide the check of that name: once, but a failure takes the place of anything before it. */
void tacit_check_pass(struct tacit_check_list *list, const char *name, const char *got);
void tacit_check_skip(struct tacit_check_list *list, const char *name, const char *why);

struct tacit_check_failure {
	enum tacit_status status;
	const char *expected;
	const char *got;
	const char *why;
};
void tacit_check_fail(struct tacit_check_list *list, const char *name,
		      const struct tacit_check_failure *failure);

/* As above, with status and sentence of an error that a parser raised. */
void tacit_check_fail_error(struct tacit_check_list *list, const char *name,
			    const struct tacit_error *error);

/* Decides the check of that name as another list did. */
void tacit_check_copy(struct tacit_check_list *list, const struct tacit_check *decided);

/* Texts for expected and got; "" and `full` when the arena is. */
const char *tacit_check_hex(struct tacit_check_list *list, struct tacit_slice bytes);
const char *tacit_check_text(struct tacit_check_list *list, struct tacit_slice text);
const char *tacit_check_printf(struct tacit_check_list *list, const char *fmt, ...)
	TACIT_PRINTF(2, 3);

/*
 * TACIT_OK only when every row was decided and none failed. Otherwise the status of the first
 * failure that settles the matter; TACIT_UNDECIDED only when nothing worse happened. The check
 * behind it goes to `ret_first`, which is NULL for TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_check_judge(const struct tacit_check_list *list,
						     const struct tacit_check **ret_first);

#endif
