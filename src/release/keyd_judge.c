/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/secret.h"
#include "codec/cose.h"
#include "crypto/hash.h"
#include "release/keyd_desk.h"
#include "tacit/snp.h"
#include "tacit/tdx.h"

#define WHERE       "keyd.evidence"
#define REPORT_DATA 64
#define FUTURE      60 /* seconds that its clock may be ahead of ours */

/* ---- answers -------------------------------------------------------------------------------- */

void tacit_keyd_answer_done(struct tacit_keyd_answer *answer)
{
	tacit_keyd_bytes_done(&answer->body);
	memset(answer, 0, sizeof(*answer));
}

void tacit_keyd_insecure(const struct tacit_keyd_config *config,
			 const char *ret[static TACIT_KEYD_INSECURE_MAX])
{
	size_t n = 0;

	if (config->insecure_accept_stub)
		ret[n++] = "insecure-accept-stub";
	if (config->insecure_allow_debug)
		ret[n++] = "insecure-allow-debug";
	if (config->insecure_test_root_count)
		ret[n++] = "insecure-test-root";
	while (n < TACIT_KEYD_INSECURE_MAX)
		ret[n++] = NULL;
}

void tacit_keyd_answer_log(struct tacit_keyd_answer *answer, const struct tacit_keyd_desk *desk,
			   int64_t now, struct tacit_slice who, const char *op)
{
	size_t len = who.len < sizeof(answer->who) ? who.len : sizeof(answer->who) - 1;

	if (len)
		memcpy(answer->who, who.ptr, len);
	answer->logged = true;
	answer->release.entry.at = now;
	answer->release.entry.who = tacit_slice_of(answer->who, len);
	answer->release.entry.op = tacit_slice_str(op);
	answer->release.entry.verdict = "released";
	tacit_keyd_insecure(desk->config, answer->release.entry.insecure);
}

void tacit_keyd_answer_key(struct tacit_keyd_answer *answer, struct tacit_slice id,
			   uint32_t version)
{
	size_t len = id.len < sizeof(answer->key) ? id.len : sizeof(answer->key) - 1;

	memcpy(answer->key, id.ptr, len);
	answer->release.entry.key = tacit_slice_of(answer->key, len);
	answer->release.entry.version = version;
}

void tacit_keyd_answer_refuse(struct tacit_keyd_answer *answer, const char *reason)
{
	snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
	answer->release.entry.verdict = "refused";
	answer->release.entry.reason = tacit_slice_str(answer->reason);
	/* What is refused has not been used. */
	answer->release.once[0] = answer->release.once[1] = tacit_slice_of(NULL, 0);
}

void tacit_keyd_answer_body(struct tacit_keyd_answer *answer, unsigned status, const char *type,
			    struct tacit_slice body)
{
	tacit_keyd_bytes_done(&answer->body);
	answer->status = status;
	answer->type = type;
	answer->body.ptr = malloc(body.len ? body.len : 1);
	if (!answer->body.ptr) {
		answer->status = 500;
		return;
	}
	if (body.len)
		memcpy(answer->body.ptr, body.ptr, body.len);
	answer->body.len = body.len;
}

/* ---- evidence ------------------------------------------------------------------------------- */

static enum tacit_status note(const char *kind, struct tacit_slice what, size_t i,
			      struct tacit_keyd_answer *answer, struct tacit_error *err)
{
	const struct tacit_slice parts[] = { tacit_slice_str(kind), what };
	enum tacit_status st = tacit_hash_parts(TACIT_SHA256, parts, 2, answer->once[i], err);

	if (st == TACIT_OK)
		answer->release.once[i] = TACIT_SLICE_ARRAY(answer->once[i]);
	return st;
}

/*
 * What counts once: what is signed in the evidence, and the broker's nonce that it answers. Not
 * the bytes as received: a signature has a second form, and headers need not be signed. Not the
 * nonce alone: it is forgotten when the process ends, and the evidence is good for longer.
 */
static enum tacit_status note_once(const struct tacit_evidence *ev, struct tacit_slice nonce,
				   struct tacit_keyd_answer *answer, struct tacit_error *err)
{
	struct tacit_slice what = ev->raw;
	struct tacit_cose_sign1 cose;

	if (tacit_cose_sign1_parse(ev->raw, TACIT_CBOR_LAX, &cose, NULL) == TACIT_OK)
		what = cose.payload;
	enum tacit_status st = note("document", what, 0, answer, err);
	if (st == TACIT_OK && nonce.ptr)
		st = note("nonce", nonce, 1, answer, err);
	return st;
}

static enum tacit_status check_age(const struct tacit_keyd_config *config, int64_t now,
				   const struct tacit_claims *claims, bool fresh_nonce,
				   struct tacit_error *err)
{
	/* What answers our nonce is as young as that; other evidence has to say when it was made.
	 */
	if (fresh_nonce)
		return TACIT_OK;
	if (claims->timestamp == 0)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0,
				  "the evidence neither says when it was made nor answers a nonce "
				  "of this broker");
	if (claims->timestamp > now + FUTURE || now - claims->timestamp > config->max_age)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0,
				  "the evidence is %lld seconds old, and may be %lld",
				  (long long)(now - claims->timestamp), (long long)config->max_age);
	return TACIT_OK;
}

enum tacit_status tacit_keyd_platform_check(const struct tacit_claims *claims,
					    struct tacit_error *err)
{
	const char *status = claims->tcb_status;
	const char *why = NULL;

	if (status && strcmp(status, "UpToDate") != 0)
		return tacit_fail(err, TACIT_POLICY, WHERE, 0,
				  "the platform's TCB is %s, and no appraisal policy of the key "
				  "accepts that",
				  status);
	if (claims->tdx && !(claims->tdx->attributes & TACIT_TDX_SEPT_VE_DISABLE))
		why = "the host may inject #VE";
	else if (claims->snp && claims->snp->vmpl != 0)
		why = "the report is not of VMPL 0";
	else if (claims->snp && (claims->snp->policy & TACIT_SNP_POLICY_MIGRATE_MA))
		why = "the guest may have a migration agent";
	if (!why)
		return TACIT_OK;
	return tacit_fail(err, TACIT_POLICY, WHERE, 0,
			  "%s, and no appraisal policy of the key accepts that", why);
}

/* In the user data where there are any, else at the beginning of the report data. */
static void expect_bound(struct tacit_slice bound, enum tacit_tee tee,
			 uint8_t report_data[static REPORT_DATA], struct tacit_expect *ret)
{
	if (tee == TACIT_TEE_NITRO || tee == TACIT_TEE_NITROTPM || tee == TACIT_TEE_STUB) {
		ret->user_data = bound;
		return;
	}
	memset(report_data, 0, REPORT_DATA);
	memcpy(report_data, bound.ptr, bound.len);
	ret->report_data = tacit_slice_of(report_data, REPORT_DATA);
}

static enum tacit_status set_context(struct tacit_keyd_desk *desk, int64_t now,
				     const struct tacit_keyd_evidence *evidence, enum tacit_tee tee,
				     struct tacit_context *cx, struct tacit_error *err)
{
	uint8_t *report_data = tacit_arena_alloc(&desk->arena, REPORT_DATA);

	const struct tacit_keyd_config *config = desk->config;

	if (!report_data)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the expectations");
	cx->now = now;
	cx->arena = &desk->arena;
	cx->collateral = config->collateral;
	cx->cache = config->cache;
	cx->insecure_test_roots = config->insecure_test_roots;
	cx->insecure_test_root_count = config->insecure_test_root_count;
	cx->insecure_accept_stub = config->insecure_accept_stub;
	cx->insecure_allow_debug = config->insecure_allow_debug;
	if (evidence->bound.ptr && evidence->bound.len <= REPORT_DATA)
		expect_bound(evidence->bound, tee, report_data, &cx->expect);
	/* Without an appraisal policy the key's policy says which code is meant; what has neither
	 * is not released. */
	cx->insecure_no_policy = !evidence->appraisal.ptr;
	if (!evidence->appraisal.ptr)
		return TACIT_OK;
	return tacit_policy_parse(evidence->appraisal, &desk->arena, &cx->policy, err);
}

enum tacit_status tacit_keyd_judge(struct tacit_keyd_desk *desk, int64_t now,
				   const struct tacit_keyd_evidence *evidence,
				   struct tacit_keyd_answer *answer,
				   const struct tacit_claims **ret, bool *ret_fresh_nonce,
				   struct tacit_error *err)
{
	struct tacit_context cx = { 0 };
	struct tacit_verdict verdict = { 0 };
	struct tacit_evidence ev = { 0 };
	struct tacit_slice nonce = evidence->nonce;
	enum tacit_status st = tacit_hash(TACIT_SHA256, evidence->bytes, answer->evidence, err);

	if (st == TACIT_OK) {
		answer->release.entry.evidence = TACIT_SLICE_ARRAY(answer->evidence);
		st = tacit_evidence_unwrap(evidence->bytes, &desk->arena, &ev, err);
	}
	if (st == TACIT_OK) {
		answer->release.entry.platform = tacit_tee_name(ev.tee);
		st = set_context(desk, now, evidence, ev.tee, &cx, err);
	}
	if (st == TACIT_OK)
		st = tacit_verify(&ev, &cx, &verdict, err);
	if (st != TACIT_OK)
		return st;
	tacit_ear_of_verdict(&verdict, &answer->rated);
	const struct tacit_claims *claims = tacit_verdict_claims(&verdict);
	if (!claims)
		return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "verified, and without claims");
	if (evidence->for_key && !evidence->appraisal.ptr)
		st = tacit_keyd_platform_check(claims, err);
	if (st != TACIT_OK)
		return st;
	bool fresh = evidence->need_nonce;
	if (!fresh &&
	    tacit_keyd_nonce_check(&desk->config->nonces, claims->nonce, now, NULL) == TACIT_OK) {
		fresh = true;
		nonce = claims->nonce;
	}
	st = check_age(desk->config, now, claims, fresh, err);
	if (st == TACIT_OK)
		st = note_once(&ev, fresh ? nonce : tacit_slice_of(NULL, 0), answer, err);
	if (st != TACIT_OK)
		return st;
	/* Not of today's max_age: the server may be begun again with a longer one. */
	answer->release.until = now + TACIT_KEYD_AGE_MAX + TACIT_KEYD_NONCE_LIFE + 2 * FUTURE;
	*ret_fresh_nonce = fresh;
	*ret = claims;
	return TACIT_OK;
}
