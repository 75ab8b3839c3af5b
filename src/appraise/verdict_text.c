/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/json_out.h"
#include "appraise/verdict_json.h"
#include "base/bounds.h"
#include "base/time.h"

#define NAME_COLUMN 22

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
	if (verbose && claims)
		put_claims(w, claims);
	for (size_t i = 0; (name = tacit_verdict_insecure(verdict, i)) != NULL; i++) {
		wr_text(w, "warning: judged with --");
		wr_text(w, name);
		wr_text(w, "\n");
	}
}
