/* SPDX-License-Identifier: Apache-2.0 */
/* The list of checks: forgetting one, deciding twice and running out never ends well. */
#include "tests/tap.h"

#include "tee/check.h"

static const struct tacit_check_row ROWS[] = { { "a", "first" },
					       { "b", "second" },
					       { "c", "third" } };

static uint8_t room[4096];
static struct tacit_arena arena;
static struct tacit_check_list list;
static const struct tacit_check *first;

static void start(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	tacit_check_init(&list, &arena, 3);
	tacit_check_add(&list, ROWS, 3);
}

static void fail(const char *name, enum tacit_status status)
{
	struct tacit_check_failure failure = { .status = status, .why = "because" };

	tacit_check_fail(&list, name, &failure);
}

static void test_forgotten(void)
{
	start();
	ok(tacit_check_judge(&list, &first) == TACIT_INTERNAL, "nothing decided is no acceptance");
	tacit_check_pass(&list, "a", NULL);
	tacit_check_pass(&list, "b", NULL);
	ok(tacit_check_judge(&list, &first) == TACIT_INTERNAL, "one row forgotten is none either");
	ok(first && strcmp(first->name, "c") == 0, "and it is named");
	tacit_check_skip(&list, "c", "not asked for");
	ok(tacit_check_judge(&list, &first) == TACIT_OK && !first, "all decided is acceptance");
}

static void test_failures_stay(void)
{
	start();
	fail("b", TACIT_POLICY);
	tacit_check_pass(&list, "b", NULL);
	tacit_check_skip(&list, "b", "whatever");
	ok(list.checks[1].result == TACIT_CHECK_FAIL, "a failure cannot be decided away");
	ok(tacit_check_judge(&list, &first) == TACIT_POLICY && first == &list.checks[1],
	   "and decides before rows that were not reached");

	start();
	tacit_check_pass(&list, "a", "value");
	tacit_check_skip(&list, "a", "whatever");
	ok(list.checks[0].result == TACIT_CHECK_PASS, "a pass stays one");
	fail("a", TACIT_POLICY);
	fail("a", TACIT_BINDING);
	ok(list.checks[0].result == TACIT_CHECK_FAIL && list.checks[0].status == TACIT_POLICY &&
		   !list.checks[0].got,
	   "unless it fails after all; the first failure stays");
	fail("unknown", TACIT_POLICY);
	ok(tacit_check_judge(&list, &first) == TACIT_LIMIT, "failing an unknown name is noticed");
}

static void test_odd_failures(void)
{
	start();
	fail("a", TACIT_OK);
	tacit_check_pass(&list, "b", NULL);
	tacit_check_pass(&list, "c", NULL);
	ok(tacit_check_judge(&list, &first) == TACIT_INTERNAL && first == &list.checks[0],
	   "a failure without a status is no acceptance");

	start();
	fail("a", TACIT_UNDECIDED);
	tacit_check_pass(&list, "b", NULL);
	tacit_check_pass(&list, "c", NULL);
	ok(tacit_check_judge(&list, &first) == TACIT_UNDECIDED && first == &list.checks[0],
	   "undecided alone is undecided");
	start();
	fail("a", TACIT_UNDECIDED);
	fail("c", TACIT_BINDING);
	ok(tacit_check_judge(&list, &first) == TACIT_BINDING, "a refusal outweighs it");

	start();
	tacit_check_pass(&list, "unknown", NULL);
	ok(tacit_check_judge(&list, &first) == TACIT_LIMIT,
	   "a name outside the tables fails the list");
}

static void test_room(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	tacit_check_init(&list, &arena, 2);
	tacit_check_add(&list, ROWS, 3);
	ok(list.full && list.count == 2, "more rows than room fail the list");
	tacit_check_init(&list, &arena, 0);
	ok(tacit_check_judge(&list, &first) != TACIT_OK, "an empty list is no acceptance");
	tacit_check_init(&list, &arena, SIZE_MAX / 2);
	ok(list.full, "a size that overflows fails the list");
	tacit_arena_init(&arena, room, 8);
	tacit_check_init(&list, &arena, 3);
	ok(list.full && tacit_check_judge(&list, &first) == TACIT_LIMIT, "a full arena is a limit");
	ok(strcmp(tacit_check_hex(&list, tacit_slice_str("long enough")), "") == 0,
	   "texts are then empty");
}

static void test_texts(void)
{
	start();
	ok(strcmp(tacit_check_text(&list, tacit_slice_str("a\x1b[31mb")), "a\x1b[31mb") != 0,
	   "texts from outside are escaped");
	ok(!list.full, "with room to spare");
}

int main(void)
{
	test_forgotten();
	test_failures_stay();
	test_odd_failures();
	test_room();
	test_texts();
	return done();
}
