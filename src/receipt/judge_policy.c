/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/judge.h"

/* Layer 4 [AIR-02 policy evaluation]: what this relying party asked for, and nothing else. */

#define DEFAULT_SKEW 60

static const struct tacit_slice NOTHING = { NULL, 0 };

static struct tacit_air_finding equal(struct tacit_slice want, struct tacit_slice got,
				      const char *code, const char *why)
{
	if (!want.ptr)
		return tacit_air_skip();
	if (tacit_slice_eq(want, got))
		return tacit_air_pass();
	return tacit_air_refuse(code, NOTHING, why);
}

/* now - max_age <= iat <= now + skew */
struct tacit_air_finding tacit_judge_fresh(struct tacit_judge *j)
{
	const struct tacit_receipt_expect *want = j->expect;
	uint64_t skew = want->clock_skew ? want->clock_skew : DEFAULT_SKEW;
	uint64_t iat = j->v->claims.iat;

	if (want->now == 0 && want->max_age == 0)
		return tacit_air_skip();
	if (want->now <= 0)
		return tacit_air_refuse("CLOCK_ERROR", NOTHING, "there is no time to judge by");
	uint64_t now = (uint64_t)want->now;
	if (iat > now && iat - now > skew)
		return tacit_air_refuse("TIMESTAMP_FUTURE", NOTHING, "iat is in the future");
	if (want->max_age && iat < now && now - iat > want->max_age)
		return tacit_air_refuse("TIMESTAMP_STALE", NOTHING, "iat is too long ago");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_model_hash(struct tacit_judge *j)
{
	return equal(j->expect->model_hash, TACIT_SLICE_ARRAY(j->v->claims.model_hash),
		     "MODEL_HASH_MISMATCH", "model_hash is not the expected one");
}

struct tacit_air_finding tacit_judge_request_hash(struct tacit_judge *j)
{
	return equal(j->expect->request_hash, TACIT_SLICE_ARRAY(j->v->claims.request_hash),
		     "REQUEST_HASH_MISMATCH", "request_hash is not that of the request");
}

struct tacit_air_finding tacit_judge_response_hash(struct tacit_judge *j)
{
	return equal(j->expect->response_hash, TACIT_SLICE_ARRAY(j->v->claims.response_hash),
		     "RESPONSE_HASH_MISMATCH", "response_hash is not that of the answer");
}

struct tacit_air_finding tacit_judge_doc_hash(struct tacit_judge *j)
{
	return equal(j->expect->doc_hash, TACIT_SLICE_ARRAY(j->v->claims.attestation_doc_hash),
		     "ATTESTATION_DOC_HASH_MISMATCH",
		     "attestation_doc_hash is not that of the evidence");
}

struct tacit_air_finding tacit_judge_model(struct tacit_judge *j)
{
	return equal(j->expect->model_id, j->v->claims.model_id, "MODEL_ID_MISMATCH",
		     "model_id is not the expected one");
}

struct tacit_air_finding tacit_judge_mode(struct tacit_judge *j)
{
	if (!j->expect->require_production)
		return tacit_air_skip();
	if (!j->v->claims.production)
		return tacit_air_refuse("EVALUATION_MODE_REJECTED", NOTHING,
					"security_mode is evaluation");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_platform(struct tacit_judge *j)
{
	if (!j->expect->has_mtype)
		return tacit_air_skip();
	if (j->expect->mtype != j->v->claims.measurement_type)
		return tacit_air_refuse("PLATFORM_MISMATCH", NOTHING,
					"measurement_type is not the expected one");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_nonce(struct tacit_judge *j)
{
	if (j->expect->nonce.ptr && !j->v->claims.eat_nonce.ptr)
		return tacit_air_refuse("NONCE_MISSING", NOTHING, "there is no eat_nonce");
	return equal(j->expect->nonce, j->v->claims.eat_nonce, "NONCE_MISMATCH",
		     "eat_nonce is not the expected one");
}

struct tacit_air_finding tacit_judge_replay(struct tacit_judge *j)
{
	if (!j->expect->seen || j->status != TACIT_OK)
		return tacit_air_skip();
	if (j->expect->seen(j->expect->seen_user, j->v->claims.cti))
		return tacit_air_refuse("REPLAY_CTI", NOTHING, "this cti was seen before");
	return tacit_air_pass();
}
