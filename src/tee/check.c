/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"

/* Compared by address: the mark of a row that nobody decided. */
static const char NOT_REACHED[] = "not reached";

void tacit_check_init(struct tacit_check_list *list, struct tacit_arena *arena, size_t count)
{
	struct tacit_check_list fresh = { .arena = arena };

	if (count <= SIZE_MAX / sizeof(struct tacit_check))
		fresh.checks = tacit_arena_alloc(arena, count * sizeof(struct tacit_check));
	fresh.room = fresh.checks ? count : 0;
	fresh.full = !fresh.checks;
	*list = fresh;
}

void tacit_check_add(struct tacit_check_list *list, const struct tacit_check_row *rows,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list->count == list->room) {
			list->full = true;
			return;
		}
		struct tacit_check *check = &list->checks[list->count++];
		check->name = rows[i].name;
		check->result = TACIT_CHECK_SKIP;
		check->status = TACIT_OK;
		check->why = NOT_REACHED;
	}
}

static bool is_open(const struct tacit_check *check)
{
	return check->result == TACIT_CHECK_SKIP && check->why == NOT_REACHED;
}

/*
 * NULL when no table has that name, which fails the list. Rows are decided nearly in their order,
 * so the search starts behind the last one found.
 */
static struct tacit_check *find(struct tacit_check_list *list, const char *name)
{
	size_t at = list->next;

	for (size_t i = 0; i < list->count; i++, at++) {
		if (at >= list->count)
			at = 0;
		const char *row = list->checks[at].name;

		/* Mostly the same literal, which the linker merged. */
		if (row == name || strcmp(row, name) == 0) {
			list->next = at + 1;
			return &list->checks[at];
		}
	}
	list->full = true;
	return NULL;
}

static struct tacit_check *find_open(struct tacit_check_list *list, const char *name)
{
	struct tacit_check *check = find(list, name);

	return check && is_open(check) ? check : NULL;
}

void tacit_check_pass(struct tacit_check_list *list, const char *name, const char *got)
{
	struct tacit_check *check = find_open(list, name);

	if (!check)
		return;
	check->result = TACIT_CHECK_PASS;
	check->got = got;
	check->why = NULL;
}

void tacit_check_skip(struct tacit_check_list *list, const char *name, const char *why)
{
	struct tacit_check *check = find_open(list, name);

	if (check)
		check->why = why;
}

void tacit_check_fail(struct tacit_check_list *list, const char *name,
		      const struct tacit_check_failure *failure)
{
	struct tacit_check *check = find(list, name);

	if (!check || check->result == TACIT_CHECK_FAIL)
		return;
	check->result = TACIT_CHECK_FAIL;
	/* One that forgets its status must not end in "OK". */
	check->status = failure->status == TACIT_OK ? TACIT_INTERNAL : failure->status;
	check->expected = failure->expected;
	check->got = failure->got;
	check->why = failure->why;
}

void tacit_check_fail_error(struct tacit_check_list *list, const char *name,
			    const struct tacit_error *error)
{
	struct tacit_check_failure failure = { .status = error->status };

	failure.why = tacit_check_printf(list, "%s: %s (offset %llu)", error->where, error->detail,
					 (unsigned long long)error->offset);
	tacit_check_fail(list, name, &failure);
}

void tacit_check_copy(struct tacit_check_list *list, const struct tacit_check *decided)
{
	struct tacit_check *check = find_open(list, decided->name);

	if (check)
		*check = *decided;
}

static const char *or_full(struct tacit_check_list *list, const char *text)
{
	if (text)
		return text;
	list->full = true;
	return "";
}

const char *tacit_check_hex(struct tacit_check_list *list, struct tacit_slice bytes)
{
	return or_full(list, tacit_arena_hex(list->arena, bytes));
}

const char *tacit_check_text(struct tacit_check_list *list, struct tacit_slice text)
{
	char room[256];

	tacit_escape(room, sizeof(room), text);
	return or_full(list, tacit_arena_text(list->arena, tacit_slice_str(room)));
}

const char *tacit_check_printf(struct tacit_check_list *list, const char *fmt, ...)
{
	char room[512];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(room, sizeof(room), fmt, args);
	va_end(args);
	return or_full(list, n < 0 ? NULL : tacit_arena_text(list->arena, tacit_slice_str(room)));
}

enum tacit_status tacit_check_judge(const struct tacit_check_list *list,
				    const struct tacit_check **ret_first)
{
	const struct tacit_check *undecided = NULL, *open = NULL;

	*ret_first = NULL;
	if (list->full)
		return TACIT_LIMIT;
	for (size_t i = 0; i < list->count; i++) {
		const struct tacit_check *check = &list->checks[i];

		if (check->result == TACIT_CHECK_FAIL && check->status != TACIT_UNDECIDED) {
			*ret_first = check;
			return check->status;
		}
		if (check->result == TACIT_CHECK_FAIL && !undecided)
			undecided = check;
		else if (is_open(check) && !open)
			open = check;
	}
	*ret_first = undecided ? undecided : open;
	if (undecided)
		return TACIT_UNDECIDED;
	return open || list->count == 0 ? TACIT_INTERNAL : TACIT_OK;
}
