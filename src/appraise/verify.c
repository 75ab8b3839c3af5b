/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"
#include "appraise/platform.h"
#include "base/bounds.h"
#include "tee/tee.h"
#include "tee/unwrap.h"

static enum tacit_outcome outcome_of(enum tacit_status status)
{
	switch (status) {
	case TACIT_OK:
		return TACIT_VERIFIED;
	case TACIT_FORMAT:
	case TACIT_LIMIT:
		return TACIT_MALFORMED;
	case TACIT_UNDECIDED:
		return TACIT_UNDECIDED_VERDICT;
	case TACIT_UNSUPPORTED:
	case TACIT_NOMEM:
	case TACIT_USAGE:
	case TACIT_INTERNAL:
	case TACIT_IO:
	case TACIT_PEER:
	case TACIT_DENIED:
		return TACIT_UNVERIFIED;
	case TACIT_SIGNATURE:
	case TACIT_CHAIN:
	case TACIT_REVOKED:
	case TACIT_EXPIRED:
	case TACIT_BINDING:
	case TACIT_POLICY:
		break;
	}
	return TACIT_REFUSED;
}

static enum tacit_status raise(const struct tacit_check *first, enum tacit_status st,
			       struct tacit_error *err)
{
	if (!first)
		return tacit_fail(err, st, "verify", 0, "the arena is full");
	return tacit_fail(err, st, first->name, 0, "%s", first->why ? first->why : "refused");
}

static void fill_verdict(struct tacit_verdict *verdict, const struct tacit_context *cx,
			 enum tacit_tee tee)
{
	struct tacit_verdict fresh = {
		.tee = tee,
		.insecure_no_policy = cx->insecure_no_policy,
		.insecure_allow_debug = cx->insecure_allow_debug,
		.insecure_accept_stub = cx->insecure_accept_stub,
		.insecure_test_root = cx->insecure_test_root_count != 0,
	};

	*verdict = fresh;
}

/* Every row that the verdict will have, in order: the platform's, the wrapper's, ours. */
static void lay_out(const struct tacit_tee_row *row, const struct tacit_evidence *ev,
		    struct tacit_arena *arena, struct tacit_check_list *list)
{
	const struct tacit_tee_row *inner = tacit_tee_row(tacit_tee_inner(ev->tee));
	const struct tacit_platform_row *platform = tacit_platform_row(ev->tee);
	size_t inner_count = inner ? inner->check_count : 0;
	size_t wrapper_count = ev->wrapper ? TACIT_WRAPPER_CHECKS : 0;
	size_t platform_count = platform ? platform->check_count : 0;

	tacit_check_init(list, arena,
			 row->check_count + inner_count + wrapper_count + TACIT_APPRAISE_CHECKS +
				 platform_count);
	tacit_check_add(list, row->checks, row->check_count);
	if (inner)
		tacit_check_add(list, inner->checks, inner_count);
	if (ev->wrapper)
		tacit_check_add(list, tacit_wrapper_checks, wrapper_count);
	tacit_check_add(list, tacit_appraise_checks, TACIT_APPRAISE_CHECKS);
	if (platform)
		tacit_check_add(list, platform->checks, platform_count);
}

/* Genuineness first; nothing is asked of claims that nobody vouches for. */
static struct tacit_claims *judge(const struct tacit_tee_row *row, const struct tacit_evidence *ev,
				  const struct tacit_context *cx, struct tacit_check_list *list)
{
	struct tacit_context room;
	struct tacit_claims *claims = tacit_arena_alloc(cx->arena, sizeof(*claims));

	lay_out(row, ev, cx->arena, list);
	const struct tacit_context *with = tacit_wrapper_context(ev, cx, &room);
	if (!claims || !with || list->full) {
		list->full = true;
		return NULL;
	}
	if (!row->verify(ev, with, list, claims))
		return NULL;
	if (ev->wrapper)
		tacit_wrapper_judge(ev->wrapper, claims, list);
	tacit_appraise(claims, cx, list);
	return claims;
}

enum tacit_status tacit_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			       struct tacit_verdict *verdict, struct tacit_error *err)
{
	const struct tacit_tee_row *row = tacit_tee_row(ev->tee);
	const struct tacit_check *first = NULL;
	struct tacit_check_list list = { 0 };

	fill_verdict(verdict, cx, ev->tee);
	if (!cx->arena)
		return tacit_fail(err, TACIT_USAGE, "verify", 0, "no arena was given");
	if (!row)
		return tacit_fail(err, TACIT_UNSUPPORTED, "verify", 0,
				  "this build cannot judge %s evidence", tacit_tee_label(ev->tee));
	struct tacit_claims *claims = judge(row, ev, cx, &list);
	enum tacit_status st = tacit_check_judge(&list, &first);
	verdict->checks = list.checks;
	verdict->check_count = list.count;
	verdict->outcome = outcome_of(st);
	verdict->genuine = claims != NULL && !list.full;
	verdict->claims = verdict->genuine ? claims : NULL;
	return st == TACIT_OK ? TACIT_OK : raise(first, st, err);
}
