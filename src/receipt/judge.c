/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/judge.h"

#include "base/compiler.h"
#include "receipt/envelope.h"

static const struct tacit_slice NOTHING = { NULL, 0 };

static struct tacit_air_finding check_size(struct tacit_judge *j)
{
	if (j->in.len > TACIT_RECEIPT_MAX_LEN)
		return tacit_air_refuse("RECEIPT_TOO_LARGE", NOTHING,
					"receipt is longer than 65536 bytes");
	return tacit_air_pass();
}

/*
 * Anything but the one shape of AIR's envelope; labels beside alg and content type count as
 * such, because no other check would name them.
 */
static struct tacit_air_finding check_cose(struct tacit_judge *j)
{
	if (tacit_cose_sign1_parse(j->in, TACIT_CBOR_STRICT, &j->msg, &j->inner) != TACIT_OK)
		return tacit_air_refuse("COSE_DECODE_FAILED", NOTHING,
					"not the deterministic encoding of a tagged COSE_Sign1");
	if (j->msg.protected_count > 2)
		return tacit_air_refuse("COSE_DECODE_FAILED", NOTHING,
					"more than two protected header parameters");
	return tacit_air_pass();
}

static struct tacit_air_finding check_unprotected(struct tacit_judge *j)
{
	if (j->msg.unprotected_count)
		return tacit_air_refuse("NON_EMPTY_UNPROTECTED", NOTHING,
					"unprotected header is not empty");
	return tacit_air_pass();
}

static struct tacit_air_finding check_alg(struct tacit_judge *j)
{
	if (j->msg.alg != TACIT_ENVELOPE_ALG)
		return tacit_air_refuse("BAD_ALG", NOTHING, "algorithm is not EdDSA (-8)");
	return tacit_air_pass();
}

static struct tacit_air_finding check_content_type(struct tacit_judge *j)
{
	/* The bytes as well: with both labels right there is only this one encoding. */
	if (!j->msg.has_content_type || j->msg.content_type != TACIT_ENVELOPE_CONTENT_TYPE ||
	    !tacit_slice_eq(j->msg.protected_bytes, TACIT_SLICE_ARRAY(tacit_envelope_protected)))
		return tacit_air_refuse("BAD_CONTENT_TYPE", NOTHING,
					"content type is not application/cwt (61)");
	return tacit_air_pass();
}

static struct tacit_air_finding check_payload(struct tacit_judge *j)
{
	if (j->msg.payload.len == 0)
		return tacit_air_refuse("MISSING_PAYLOAD", NOTHING, "there is no payload");
	return tacit_air_pass();
}

static struct tacit_air_finding check_decode(struct tacit_judge *j)
{
	struct tacit_air_finding f = tacit_air_decode(j->msg.payload, &j->payload, &j->inner);

	/* An error inside the payload is told in offsets of the receipt. */
	if (f.result == TACIT_CHECK_FAIL && j->inner.status != TACIT_OK)
		j->inner.offset += (uint64_t)(j->msg.payload.ptr - j->in.ptr);
	return f;
}

/* Status of a failure, and whether the rest of its layer says anything once it failed. */
struct rule {
	unsigned layer;
	const char *name;
	enum tacit_status status;
	bool ends;
	struct tacit_air_finding (*run)(struct tacit_judge *j);
};

static const struct rule ENVELOPE[] = {
	{ 1, "SIZE", TACIT_LIMIT, true, check_size },
	{ 1, "COSE_DECODE", TACIT_FORMAT, true, check_cose },
	{ 1, "UNPROTECTED", TACIT_FORMAT, true, check_unprotected },
	{ 1, "ALG", TACIT_FORMAT, true, check_alg },
	{ 1, "CONTENT_TYPE", TACIT_FORMAT, true, check_content_type },
	{ 1, "PAYLOAD", TACIT_FORMAT, true, check_payload },
};

static const struct rule SIGNATURE[] = {
	{ 2, "SIG", TACIT_SIGNATURE, true, tacit_judge_signature },
};

static const struct rule DECODE[] = {
	{ 3, "CLAIMS_DECODE", TACIT_FORMAT, true, check_decode },
};

static const struct rule POLICY[] = {
	{ 4, "FRESH", TACIT_POLICY, false, tacit_judge_fresh },
	{ 4, "MHASH", TACIT_POLICY, false, tacit_judge_model_hash },
	{ 4, "RHASH", TACIT_POLICY, false, tacit_judge_request_hash },
	{ 4, "OHASH", TACIT_POLICY, false, tacit_judge_response_hash },
	{ 4, "ADHASH", TACIT_POLICY, false, tacit_judge_doc_hash },
	{ 4, "MODEL", TACIT_POLICY, false, tacit_judge_model },
	{ 4, "SECURITY_MODE_POLICY", TACIT_POLICY, false, tacit_judge_mode },
	{ 4, "PLATFORM", TACIT_POLICY, false, tacit_judge_platform },
	{ 4, "NONCE", TACIT_POLICY, false, tacit_judge_nonce },
	{ 4, "REPLAY", TACIT_POLICY, true, tacit_judge_replay },
	{ 5, "E2E_EVIDENCE", TACIT_BINDING, true, tacit_judge_evidence },
	{ 5, "E2E_DOC_HASH", TACIT_BINDING, false, tacit_judge_evidence_hash },
	{ 5, "E2E_KEY", TACIT_BINDING, false, tacit_judge_evidence_key },
	{ 5, "E2E_PLATFORM", TACIT_BINDING, false, tacit_judge_evidence_platform },
	{ 5, "E2E_MEAS", TACIT_BINDING, false, tacit_judge_evidence_registers },
	{ 5, "E2E_MODEL", TACIT_BINDING, false, tacit_judge_evidence_model },
	{ 5, "E2E_SECURITY_MODE", TACIT_BINDING, false, tacit_judge_evidence_mode },
};

_Static_assert(TACIT_ARRAY_LEN(ENVELOPE) + TACIT_ARRAY_LEN(SIGNATURE) + TACIT_ARRAY_LEN(DECODE) +
			       TACIT_AIR_RULES + TACIT_ARRAY_LEN(POLICY) <=
		       TACIT_RECEIPT_CHECKS,
	       "a verdict has room for every check");

static bool runs(const struct tacit_judge *j, unsigned layer)
{
	return j->status == TACIT_OK || (layer == j->failed_layer && !j->ended);
}

static void fail(struct tacit_judge *j, const struct rule *rule, const struct tacit_air_finding *f)
{
	const struct tacit_error *inner = &j->inner;

	if (j->status != TACIT_OK)
		return;
	j->status = rule->status;
	j->failed_layer = rule->layer;
	tacit_air_code_text(f, j->v->code, sizeof(j->v->code));
	bool inside = inner->status != TACIT_OK;
	(void)tacit_fail(j->err, rule->status, "receipt", inside ? inner->offset : 0,
			 "%s: %s%s%s (%s)", rule->name, f->why, inside ? ": " : "",
			 inside ? inner->detail : "", j->v->code);
}

static void note(struct tacit_judge *j, const struct rule *rule, const struct tacit_air_finding *f)
{
	struct tacit_receipt_check *check = &j->v->checks[j->v->check_count++];

	check->layer = rule->layer;
	check->name = rule->name;
	check->result = f->result;
	check->code = f->code;
	if (f->result != TACIT_CHECK_FAIL)
		return;
	fail(j, rule, f);
	j->ended = j->ended || rule->ends;
}

static void run_rules(struct tacit_judge *j, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tacit_air_finding f =
			runs(j, rules[i].layer) ? rules[i].run(j) : tacit_air_skip();

		note(j, &rules[i], &f);
	}
}

static void run_air_rules(struct tacit_judge *j)
{
	for (size_t i = 0; i < TACIT_AIR_RULES; i++) {
		const struct tacit_air_rule *air = &tacit_air_rules[i];
		struct rule rule = { 3, air->name, air->status, false, NULL };
		struct tacit_air_finding f =
			runs(j, 3) ? air->judge(&j->payload) : tacit_air_skip();

		note(j, &rule, &f);
	}
}

void tacit_judge_layer1(struct tacit_judge *j)
{
	run_rules(j, ENVELOPE, TACIT_ARRAY_LEN(ENVELOPE));
}

void tacit_judge_layer2(struct tacit_judge *j)
{
	run_rules(j, SIGNATURE, TACIT_ARRAY_LEN(SIGNATURE));
}

void tacit_judge_layer3(struct tacit_judge *j)
{
	run_rules(j, DECODE, TACIT_ARRAY_LEN(DECODE));
	run_air_rules(j);
	if (j->status == TACIT_OK)
		tacit_air_claims(&j->payload, &j->v->claims);
}

void tacit_judge_layers4and5(struct tacit_judge *j)
{
	run_rules(j, POLICY, TACIT_ARRAY_LEN(POLICY));
}
