/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "appraise/json_out.h"
#include "appraise/verdict_json.h"
#include "base/bounds.h"
#include "base/time.h"

#define NAME_COLUMN   22
#define SKIPPED_NAMED 8 /* checks named in one line */

/* A name in its column, and what follows it; an absent value leaves no blanks behind. */
static void put_pair(struct writer *w, const char *name, const char *value)
{
	wr_text(w, name);
	if (value) {
		for (size_t n = strlen(name); n < NAME_COLUMN + 2; n++)
			wr_u8(w, ' ');
		wr_text(w, value);
	}
	wr_text(w, "\n");
}

static void put_detail(struct writer *w, const char *label, const char *text)
{
	if (!text)
		return;
	wr_text(w, "        ");
	wr_text(w, label);
	wr_text(w, text);
	wr_text(w, "\n");
}

static void put_check(struct writer *w, const struct tacit_check *check)
{
	wr_text(w, "  ");
	wr_text(w, tacit_result_name(check->result));
	wr_text(w, "  ");
	put_pair(w, check->name, check->why ? check->why : check->got);
	if (check->result != TACIT_CHECK_FAIL)
		return;
	put_detail(w, "expected ", check->expected);
	put_detail(w, "got      ", check->got);
}

static void put_hex_line(struct writer *w, const char *name, struct tacit_slice bytes)
{
	wr_text(w, "  ");
	wr_text(w, name);
	for (size_t n = strlen(name); n < NAME_COLUMN + 2; n++)
		wr_u8(w, ' ');
	tacit_json_out_digits(w, bytes);
	wr_text(w, "\n");
}

static void put_claims(struct writer *w, const struct tacit_claims *claims)
{
	char text[TACIT_TIME_TEXT], model[4 * TACIT_MODEL_ID_MAX + 4];

	for (size_t i = 0; i < claims->measurement_count; i++)
		put_hex_line(w, claims->measurements[i].name, claims->measurements[i].value);
	if (claims->timestamp) {
		tacit_time_format(claims->timestamp, text);
		wr_text(w, "  ");
		put_pair(w, "timestamp", text);
	}
	if (!claims->has_binding)
		return;
	wr_text(w, "  ");
	put_pair(w, "model", tacit_escape(model, sizeof(model), claims->binding.model_id));
	put_hex_line(w, "model sha256", TACIT_SLICE_ARRAY(claims->binding.model_hash));
	put_hex_line(w, "receipt key", TACIT_SLICE_ARRAY(claims->binding.receipt_key));
}

static const struct tacit_check *first_failure(const struct tacit_verdict *verdict)
{
	for (size_t i = 0; i < verdict->check_count; i++)
		if (verdict->checks[i].result == TACIT_CHECK_FAIL)
			return &verdict->checks[i];
	return NULL;
}

static bool same_reason(const struct tacit_check *a, const struct tacit_check *b)
{
	const char *why_a = a->why ? a->why : "", *why_b = b->why ? b->why : "";

	return a->result == TACIT_CHECK_SKIP && b->result == TACIT_CHECK_SKIP &&
	       strcmp(why_a, why_b) == 0;
}

/* The checks that share the reason of check `first`, in one line; only counted when many. */
static void put_skipped(struct writer *w, const struct tacit_verdict *verdict, size_t first)
{
	const struct tacit_check *check = &verdict->checks[first];
	char count[32];
	size_t n = 0;

	for (size_t i = first; i < verdict->check_count; i++)
		n += same_reason(check, &verdict->checks[i]) ? 1 : 0;
	wr_text(w, "  ");
	wr_text(w, check->why ? check->why : "no reason given");
	wr_text(w, ": ");
	if (n > SKIPPED_NAMED) {
		snprintf(count, sizeof(count), "%zu checks\n", n);
		wr_text(w, count);
		return;
	}
	for (size_t i = first, named = 0; i < verdict->check_count; i++) {
		if (!same_reason(check, &verdict->checks[i]))
			continue;
		wr_text(w, named++ ? ", " : "");
		wr_text(w, verdict->checks[i].name);
	}
	wr_text(w, "\n");
}

static void put_not_evaluated(struct writer *w, const struct tacit_verdict *verdict)
{
	bool some = false;

	for (size_t i = 0; i < verdict->check_count; i++) {
		bool first = verdict->checks[i].result == TACIT_CHECK_SKIP;

		for (size_t j = 0; j < i && first; j++)
			first = !same_reason(&verdict->checks[j], &verdict->checks[i]);
		if (!first)
			continue;
		if (!some)
			wr_text(w, "not evaluated:\n");
		some = true;
		put_skipped(w, verdict, i);
	}
}

void tacit_verdict_text(const struct tacit_verdict *verdict, bool verbose, struct writer *w)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(verdict);
	const struct tacit_check *failure = first_failure(verdict);
	const char *name;

	wr_text(w, tacit_outcome_name(verdict->outcome));
	wr_text(w, ": ");
	wr_text(w, tacit_tee_label(verdict->tee));
	if (failure) {
		wr_text(w, ": ");
		wr_text(w, failure->name);
	}
	wr_text(w, "\n");
	for (size_t i = 0; i < verdict->check_count; i++)
		if (verbose || verdict->checks[i].result == TACIT_CHECK_FAIL)
			put_check(w, &verdict->checks[i]);
	if (!verbose)
		put_not_evaluated(w, verdict);
	else if (claims)
		put_claims(w, claims);
	for (size_t i = 0; (name = tacit_verdict_insecure(verdict, i)) != NULL; i++) {
		wr_text(w, "warning: judged with --");
		wr_text(w, name);
		wr_text(w, "\n");
	}
}
