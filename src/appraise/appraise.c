/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/appraise.h"

#include "tacit/azure.h"
#include "tee/binding.h"
#include "tee/nonce_tree.h"

const struct tacit_check_row tacit_appraise_checks[TACIT_APPRAISE_CHECKS] = {
	{ "binding.nonce_path", "the evidence's nonce follows from the one that was asked for" },
	{ "binding.report_data", "the evidence stands for the binding that came beside it" },
	{ "binding.purpose", "the evidence carries a tacit/1 binding" },
	{ "binding.format", "the binding has exactly the form that is defined for it" },
	{ "binding.nonce", "binding and evidence carry the nonce that was asked for" },
	{ "binding.tls_key", "the binding names the TLS key of this very connection" },
	{ "evidence.nonce", "the evidence carries the nonce that was asked for" },
	{ "expect.report_data", "the report data are the ones that were asked for" },
	{ "expect.user_data", "the user data are the ones that were asked for" },
	{ "policy.present", "a policy says what is acceptable" },
	{ "policy.validity", "the policy is in force at this time" },
	{ "policy.hardware", "the evidence comes from hardware, not from the stand-in" },
	{ "policy.debug", "nobody can look into the TEE with a debugger" },
	{ "policy.freshness", "the evidence is neither too old nor from the future" },
	{ "policy.platform", "some alternative of the policy is for this platform" },
	{ "policy.measurements", "all measurements of one alternative match" },
	{ "policy.model", "the bound model is one that the policy names for this build" },
	{ "policy.config", "the bound configuration is one that the policy names for this build" },
};

/* Fails with bytes that should have been others. */
static void fail_bytes(struct tacit_check_list *list, const char *name, struct tacit_slice expected,
		       struct tacit_slice got, const char *why)
{
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = tacit_check_hex(list, expected),
		.got = got.ptr ? tacit_check_hex(list, got) : NULL,
		.why = why,
	};

	tacit_check_fail(list, name, &failure);
}

/* An expectation that is there but empty is a mistake of the caller; it matches nothing. */
static bool equals(struct tacit_slice expected, struct tacit_slice got)
{
	return expected.len != 0 && got.ptr && tacit_slice_eq(expected, got);
}

/* ---- binding ------------------------------------------------------------------------------- */

static bool binding_required(const struct tacit_context *cx)
{
	const struct tacit_expect *e = &cx->expect;

	return e->require_binding || e->tls_spki.ptr;
}

/*
 * Azure's report data are the paravisor's and its user data anybody's in the guest; the quote of
 * the TPM alone says what for and over which PCRs. Its extraData is then no nonce of itself.
 */
static bool quote_stands_for(struct tacit_claims *claims, struct tacit_slice binding,
			     struct tacit_check_list *list)
{
	uint8_t digest[32];
	struct tacit_error err = { 0 };
	struct tacit_slice carried = claims->azure->quote_nonce; /* absent without a quote */

	if (tacit_binding_quote_data(tacit_tee_name(claims->tee), binding, digest, &err) !=
	    TACIT_OK) {
		err.status = TACIT_BINDING;
		tacit_check_fail_error(list, "binding.report_data", &err);
		return false;
	}
	if (tacit_slice_eq(carried, TACIT_SLICE_ARRAY(digest))) {
		claims->nonce = tacit_slice_of(NULL, 0);
		return true;
	}
	fail_bytes(list, "binding.report_data", TACIT_SLICE_ARRAY(digest), carried,
		   claims->azure->quoted
			   ? "the TPM's quote does not stand for the binding that came beside the "
			     "evidence"
			   : "no quote of the TPM came, and nothing else stands for a binding");
	return false;
}

/*
 * Whether the evidence stands for `binding`, by its user data, by its report data, or by what
 * takes their place.
 */
static bool stands_for(struct tacit_claims *claims, struct tacit_slice binding,
		       struct tacit_check_list *list)
{
	uint8_t digest[64];
	struct tacit_error err = { 0 };
	struct tacit_check_failure failure = { .status = TACIT_BINDING };

	if (claims->azure)
		return quote_stands_for(claims, binding, list);
	if (claims->user_data.ptr) {
		if (tacit_slice_eq(claims->user_data, binding))
			return true;
		fail_bytes(list, "binding.report_data", binding, claims->user_data,
			   "the evidence carries another binding than the one beside it");
		return false;
	}
	if (tacit_binding_report_data(tacit_tee_name(claims->tee), binding, digest, &err) !=
	    TACIT_OK) {
		failure.why = tacit_check_printf(list, "%s: %s", err.where, err.detail);
		tacit_check_fail(list, "binding.report_data", &failure);
		return false;
	}
	if (claims->report_data.ptr &&
	    tacit_slice_eq(claims->report_data, TACIT_SLICE_ARRAY(digest)))
		return true;
	fail_bytes(list, "binding.report_data", TACIT_SLICE_ARRAY(digest), claims->report_data,
		   "the report data do not stand for the binding that came beside the evidence");
	return false;
}

/*
 * The binding's bytes: inside the evidence, or beside it where that has room for a hash alone.
 * One from beside that the evidence does not stand for is never read.
 */
static struct tacit_slice find_binding(struct tacit_claims *claims,
				       const struct tacit_context *cx,
				       struct tacit_check_list *list)
{
	struct tacit_slice beside = cx->expect.binding;

	if (!beside.ptr) {
		tacit_check_skip(list, "binding.report_data",
				 "no binding came beside the evidence");
		return claims->user_data;
	}
	if (!stands_for(claims, beside, list))
		return tacit_slice_of(NULL, 0);
	tacit_check_pass(list, "binding.report_data", NULL);
	return beside;
}

/* False when there is no binding of ours to read. */
static bool judge_purpose(struct tacit_slice binding, const struct tacit_context *cx,
			  struct tacit_check_list *list)
{
	struct tacit_slice purpose = { NULL, 0 };
	bool any = tacit_binding_purpose(binding, &purpose);

	if (any && tacit_slice_eq(purpose, tacit_slice_str(TACIT_BINDING_PURPOSE))) {
		tacit_check_pass(list, "binding.purpose", TACIT_BINDING_PURPOSE);
		return true;
	}
	if (!binding_required(cx)) {
		tacit_check_skip(list, "binding.purpose", "no tacit/1 binding, and none asked for");
		return false;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = TACIT_BINDING_PURPOSE,
		.got = any ? tacit_check_text(list, purpose) : NULL,
		.why = "the evidence carries no tacit/1 binding, so it speaks for no connection",
	};
	tacit_check_fail(list, "binding.purpose", &failure);
	return false;
}

static void judge_format(struct tacit_claims *claims, struct tacit_slice binding,
			 struct tacit_check_list *list)
{
	struct tacit_error err = { 0 };

	claims->has_binding = tacit_binding_parse(binding, &claims->binding, &err) == TACIT_OK;
	if (claims->has_binding)
		tacit_check_pass(list, "binding.format", NULL);
	else
		tacit_check_fail_error(list, "binding.format", &err);
}

/* Even unasked, two nonces that differ mean that the parts were not made for each other. */
static void judge_binding_nonce(const struct tacit_claims *claims, struct tacit_slice expected,
				struct tacit_check_list *list)
{
	struct tacit_slice bound = TACIT_SLICE_ARRAY(claims->binding.nonce);

	if (claims->nonce.ptr && !tacit_slice_eq(claims->nonce, bound))
		fail_bytes(list, "binding.nonce", bound, claims->nonce,
			   "the evidence and its binding carry different nonces");
	else if (!expected.ptr)
		tacit_check_skip(list, "binding.nonce", "no nonce was asked for");
	else if (!equals(expected, bound))
		fail_bytes(list, "binding.nonce", expected, bound,
			   "this evidence was made for another request");
	else
		tacit_check_pass(list, "binding.nonce", NULL);
}

static void judge_tls_key(const struct tacit_claims *claims, struct tacit_slice expected,
			  struct tacit_check_list *list)
{
	struct tacit_slice bound = TACIT_SLICE_ARRAY(claims->binding.tls_spki);

	if (!expected.ptr)
		tacit_check_skip(list, "binding.tls_key", "no connection to compare with");
	else if (!equals(expected, bound))
		fail_bytes(list, "binding.tls_key", expected, bound,
			   "the evidence stands for another TLS key than this connection shows");
	else
		tacit_check_pass(list, "binding.tls_key", NULL);
}

/* Rows that a missing or broken binding leaves without an answer. */
static void judge_no_binding(const struct tacit_context *cx, bool broken,
			     struct tacit_check_list *list)
{
	const char *why = broken ? "the binding is broken" : "no binding";

	tacit_check_skip(list, "binding.format", why);
	tacit_check_skip(list, "binding.nonce", why);
	if (cx->expect.tls_spki.ptr)
		fail_bytes(list, "binding.tls_key", cx->expect.tls_spki, tacit_slice_of(NULL, 0),
			   "the evidence names no TLS key");
	else
		tacit_check_skip(list, "binding.tls_key", why);
}

static void judge_binding(struct tacit_claims *claims, const struct tacit_context *cx,
			  struct tacit_check_list *list)
{
	struct tacit_slice binding = find_binding(claims, cx, list);
	bool ours = judge_purpose(binding, cx, list);

	claims->has_binding = false;
	if (ours)
		judge_format(claims, binding, list);
	if (!claims->has_binding) {
		judge_no_binding(cx, ours, list);
		return;
	}
	judge_binding_nonce(claims, cx->expect.nonce, list);
	judge_tls_key(claims, cx->expect.tls_spki, list);
}

/* ---- plain expectations -------------------------------------------------------------------- */

static void judge_equal(struct tacit_check_list *list, const char *name,
			struct tacit_slice expected, struct tacit_slice got)
{
	if (!expected.ptr)
		tacit_check_skip(list, name, "not asked for");
	else if (!equals(expected, got))
		fail_bytes(list, name, expected, got,
			   got.ptr ? "the value differs from the one asked for"
				   : "the evidence has no such value");
	else
		tacit_check_pass(list, name, NULL);
}

/* ---- the nonce ----------------------------------------------------------------------------- */

/*
 * The nonce that the evidence must carry: the one asked for, or the root that its path leads to.
 */
static struct tacit_slice find_nonce(const struct tacit_expect *expect,
				     uint8_t root[static TACIT_NONCE_LEN],
				     struct tacit_check_list *list)
{
	struct tacit_error err = { 0 };

	if (!expect->nonce_path.ptr) {
		tacit_check_skip(list, "binding.nonce_path", "the nonce stands for itself");
		return expect->nonce;
	}
	if (tacit_nonce_path_root(expect->nonce, expect->nonce_path, root, &err) != TACIT_OK) {
		err.status = TACIT_BINDING;
		tacit_check_fail_error(list, "binding.nonce_path", &err);
		return expect->nonce;
	}
	tacit_check_pass(list, "binding.nonce_path", NULL);
	return tacit_slice_of(root, TACIT_NONCE_LEN);
}

void tacit_appraise(struct tacit_claims *claims, const struct tacit_context *cx,
		    struct tacit_check_list *list)
{
	uint8_t root[TACIT_NONCE_LEN];
	struct tacit_context rooted = *cx;

	/* A broken path fails its own row; the nonce as it was sent then matches nothing either. */
	rooted.expect.nonce = find_nonce(&cx->expect, root, list);
	cx = &rooted;
	judge_binding(claims, cx, list);
	/* A platform without a nonce of its own carries it in the binding alone. */
	if (claims->has_binding && !claims->nonce.ptr)
		tacit_check_skip(list, "evidence.nonce", "carried by the binding");
	else
		judge_equal(list, "evidence.nonce", cx->expect.nonce, claims->nonce);
	judge_equal(list, "expect.report_data", cx->expect.report_data, claims->report_data);
	judge_equal(list, "expect.user_data", cx->expect.user_data, claims->user_data);
	tacit_appraise_policy(claims, cx, list);
}
