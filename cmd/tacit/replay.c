/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define ROOM 1048576 /* lists, and a policy of common size */

static bool same_or_absent(bool given, struct tacit_slice option, struct tacit_slice recorded)
{
	return !given || (recorded.ptr && tacit_slice_eq(option, recorded));
}

static bool same_hex(const struct cli_hex *hex, struct tacit_slice recorded)
{
	return same_or_absent(hex->given, tacit_slice_of(hex->bytes, hex->len), recorded);
}

/*
 * Who says what to accept is not to be told by the bundle that age does not matter: pins do, and
 * so does a nonce where evidence has no time. With a time as well, this is a judgement of today.
 */
static bool keeps_fresh(const struct cli_verify *o, const struct cli_judged *given,
			const struct tacit_bundle *b)
{
	bool today = o->now.given && b->expect.nonce.ptr && !o->nonce.given;

	return !given->policy.ptr || (b->any_age == o->any_age && b->pins == given->pins && !today);
}

/* The first option that says something else than the bundle; NULL when none does. */
static const char *find_contradiction(const struct cli_verify *o, const struct cli_judged *given,
				      const struct tacit_bundle *b)
{
	const struct {
		bool fine;
		const char *option;
	} rows[] = {
		{ same_or_absent(given->policy.ptr != NULL, given->policy, b->policy),
		  "the policy or a pin" },
		{ same_hex(&o->nonce, b->expect.nonce), "--nonce" },
		{ same_hex(&o->report_data, b->expect.report_data), "--report-data" },
		{ same_hex(&o->user_data, b->expect.user_data), "--user-data" },
		{ !o->platform || strcmp(o->platform, tacit_tee_name(b->platform)) == 0,
		  "--platform" },
		{ !o->any_age || b->any_age, "--any-age" },
		{ keeps_fresh(o, given, b),
		  "what tells how old evidence may be (--any-age, --nonce)" },
		{ !o->binding, "--binding" },
		{ !o->bind, "--bind" },
		{ !o->judge.collateral.count, "--collateral" },
		{ !o->judge.insecure_no_policy || b->insecure_no_policy, "--insecure-no-policy" },
		{ !o->judge.insecure_allow_debug || b->insecure_allow_debug,
		  "--insecure-allow-debug" },
		{ !o->judge.insecure_accept_stub || b->insecure_accept_stub,
		  "--insecure-accept-stub" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].fine)
			return rows[i].option;
	return NULL;
}

static bool listed(struct tacit_slice root, const struct tacit_slice *roots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tacit_slice_eq(root, roots[i]))
			return true;
	return false;
}

/* Whether each of `a` is among `b`. */
static bool all_listed(const struct tacit_slice *a, size_t a_count, const struct tacit_slice *b,
		       size_t b_count)
{
	for (size_t i = 0; i < a_count; i++)
		if (!listed(a[i], b, b_count))
			return false;
	return true;
}

static void name_missing(const struct tacit_context *cx, const struct tacit_bundle *b, char *ret,
			 size_t size)
{
	const struct {
		bool missing;
		const char *option;
	} rows[] = {
		{ b->insecure_no_policy && !cx->insecure_no_policy, "--insecure-no-policy" },
		{ b->insecure_allow_debug && !cx->insecure_allow_debug, "--insecure-allow-debug" },
		{ b->insecure_accept_stub && !cx->insecure_accept_stub, "--insecure-accept-stub" },
		{ !all_listed(b->roots, b->root_count, cx->insecure_test_roots,
			      cx->insecure_test_root_count),
		  "--insecure-test-root FILE" },
	};
	size_t at = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].missing && at < size)
			at += (size_t)snprintf(ret + at, size - at, "%s%s", at ? " " : "",
					       rows[i].option);
}

static bool make_room(struct cli_replay *r, const struct cli_judged *given, struct tacit_slice in)
{
	/* The parts add up to the whole: a policy takes 4 times its length, PEM less than once. */
	size_t size = ROOM + 4 * in.len + 2 * given->roots.bytes;

	r->room = malloc(size);
	tacit_arena_init(&r->arena, r->room, size);
	return r->room != NULL;
}

static int take_inputs(const struct cli_common *common, struct cli_replay *r,
		       struct tacit_context *cx)
{
	const struct tacit_bundle *b = &r->bundle;
	struct tacit_error err = { 0 };

	cx->expect = b->expect;
	cx->any_age = b->any_age;
	if (b->policy.ptr &&
	    tacit_policy_parse(b->policy, &r->arena, &cx->policy, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use the policy in the bundle");
	if (b->collateral_count &&
	    tacit_collateral_parse(b->collateral, b->collateral_count, &r->arena, &cx->collateral,
				   &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use the collateral in the bundle");
	return 0;
}

int cli_replay_load(const struct cli_verify *o, const struct cli_judged *given,
		    struct tacit_slice in, struct cli_replay *r, struct tacit_context *cx)
{
	struct tacit_error err = { 0 };

	if (!make_room(r, given, in))
		return cli_no_memory(&o->common);
	if (tacit_bundle_parse(in, &r->arena, &r->bundle, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot use the bundle");
	const char *wrong = find_contradiction(o, given, &r->bundle);
	if (wrong)
		return cli_usage("%s is not what the bundle was made with", wrong);
	int unsigned_code = cli_judge_signed(&o->common, &o->judge, given);
	if (unsigned_code)
		return unsigned_code;
	if (given->roots.count) {
		int code =
			cli_pieces_certs(&o->common, &given->roots, &r->arena,
					 &cx->insecure_test_roots, &cx->insecure_test_root_count);
		if (code)
			return code;
	}
	if (!all_listed(cx->insecure_test_roots, cx->insecure_test_root_count, r->bundle.roots,
			r->bundle.root_count))
		return cli_usage("--insecure-test-root is not what the bundle was made with");
	cx->insecure_no_policy = o->judge.insecure_no_policy;
	cx->insecure_allow_debug = o->judge.insecure_allow_debug;
	cx->insecure_accept_stub = o->judge.insecure_accept_stub;
	name_missing(cx, &r->bundle, r->missing, sizeof(r->missing));
	if (!o->now.given)
		cx->now = r->bundle.now;
	return take_inputs(&o->common, r, cx);
}

void cli_replay_free(struct cli_replay *r)
{
	free(r->room);
	r->room = NULL;
}
