/* SPDX-License-Identifier: Apache-2.0 */

/* What watches over canary.c, and what does not. */

#include "tests/tap.h"

#include "tee/check.h"

bool canary_judge(unsigned byte, struct tacit_check_list *list);

int main(void)
{
	static const struct tacit_check_row ROWS[] = { { "canary.watched", "" },
						       { "canary.unwatched", "" } };
	static uint8_t room[1024];
	struct tacit_check_list list;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	tacit_check_init(&list, &arena, 2);
	tacit_check_add(&list, ROWS, 2);
	ok(canary_judge(0, &list), "a good byte");
	ok(!canary_judge(1, &list), "a refusal that is looked at");
	(void)canary_judge(2, &list);
	(void)canary_judge(4, &list);
	(void)canary_judge(5, &list);
	ok(list.checks[0].result == TACIT_CHECK_FAIL, "a failure that is looked at");
	ok(!canary_judge(7, &list), "an operand that is looked at");
	return done();
}
