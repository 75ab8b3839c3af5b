/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/judge.h"

#include "crypto/hash.h"
#include "receipt/key.h"

/*
 * Layer 5 [AIR-02 validator behaviour]: one document must carry the hash, the key and the
 * registers. A code says what differs from verified evidence.
 */

static const struct tacit_slice NOTHING = { NULL, 0 };

static struct tacit_slice find_register(const struct tacit_claims *claims, const char *name)
{
	for (size_t i = 0; name && i < claims->measurement_count; i++) {
		if (strcmp(claims->measurements[i].name, name) == 0)
			return claims->measurements[i].value;
	}
	return NOTHING;
}

static bool asked(const struct tacit_judge *j)
{
	return j->expect->evidence || j->expect->evidence_raw.ptr;
}

/* A caller whose evidence did not verify has no claims: that must not pass as "not asked". */
struct tacit_air_finding tacit_judge_evidence(struct tacit_judge *j)
{
	const struct tacit_claims *evidence = j->expect->evidence;

	if (!asked(j))
		return tacit_air_skip();
	if (!evidence || !j->expect->evidence_raw.ptr)
		return tacit_air_refuse(
			"EVIDENCE_NOT_VERIFIED", NOTHING,
			"there is no verified evidence to hold the receipt against");
	if (!evidence->has_binding)
		return tacit_air_refuse("PUBKEY_BINDING_MISMATCH", NOTHING,
					"the evidence binds no receipt key");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_evidence_hash(struct tacit_judge *j)
{
	uint8_t digest[TACIT_HASH_MAX];

	if (!asked(j))
		return tacit_air_skip();
	if (tacit_hash(TACIT_SHA256, j->expect->evidence_raw, digest, &j->inner) != TACIT_OK ||
	    memcmp(digest, j->v->claims.attestation_doc_hash, TACIT_SHA256_LEN) != 0)
		return tacit_air_refuse("ATTESTATION_DOC_HASH_MISMATCH", NOTHING,
					"attestation_doc_hash is not that of this evidence");
	return tacit_air_pass();
}

/* The key that verified the signature, when the caller chose it. */
struct tacit_air_finding tacit_judge_evidence_key(struct tacit_judge *j)
{
	uint8_t raw[TACIT_PUBLIC_MAX];
	size_t len = 0;
	struct tacit_slice used = j->expect->key;

	if (!asked(j))
		return tacit_air_skip();
	if (j->expect->verifier) {
		if (tacit_key_export_public(tacit_receipt_key_checker(j->expect->verifier), raw,
					    &len, &j->inner) != TACIT_OK)
			len = 0;
		used = tacit_slice_of(raw, len);
	}
	struct tacit_slice bound = TACIT_SLICE_ARRAY(j->expect->evidence->binding.receipt_key);
	if (used.ptr && !tacit_slice_eq(used, bound))
		return tacit_air_refuse("PUBKEY_BINDING_MISMATCH", NOTHING,
					"the evidence binds another receipt key");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_evidence_platform(struct tacit_judge *j)
{
	if (!asked(j))
		return tacit_air_skip();
	const struct tacit_profile_platform *platform =
		tacit_profile_platform(j->expect->evidence->tee);
	if (!platform || platform->mtype != j->v->claims.measurement_type)
		return tacit_air_refuse("PLATFORM_MISMATCH", NOTHING,
					"measurement_type is not that of the evidence");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_evidence_registers(struct tacit_judge *j)
{
	if (!asked(j))
		return tacit_air_skip();
	const struct tacit_profile_platform *platform =
		tacit_profile_platform(j->expect->evidence->tee);
	for (size_t i = 0; platform && i < TACIT_RECEIPT_SLOTS; i++) {
		struct tacit_slice said = j->v->claims.measurements[i];
		struct tacit_slice is = find_register(j->expect->evidence, platform->registers[i]);

		if (said.ptr && !tacit_slice_eq(said, is))
			return tacit_air_refuse(
				"MEASUREMENT_MISMATCH",
				tacit_slice_str(tacit_profile_key(j->payload.profile, i)),
				"a register is not that of the evidence");
	}
	return platform ? tacit_air_pass() : tacit_air_skip();
}

struct tacit_air_finding tacit_judge_evidence_model(struct tacit_judge *j)
{
	const struct tacit_receipt_claims *said = &j->v->claims;

	if (!asked(j))
		return tacit_air_skip();
	const struct tacit_binding *bound = &j->expect->evidence->binding;
	if (!tacit_slice_eq(said->model_id, bound->model_id))
		return tacit_air_refuse("MODEL_ID_MISMATCH", NOTHING,
					"model_id is not the one that the evidence binds");
	if (memcmp(said->model_hash, bound->model_hash, sizeof(said->model_hash)) != 0)
		return tacit_air_refuse("MODEL_HASH_MISMATCH", NOTHING,
					"model_hash is not the one that the evidence binds");
	return tacit_air_pass();
}

struct tacit_air_finding tacit_judge_evidence_mode(struct tacit_judge *j)
{
	const struct tacit_claims *evidence = j->expect->evidence;

	if (!asked(j))
		return tacit_air_skip();
	if (j->v->claims.production && (!tacit_tee_is_real(evidence->tee) || evidence->debug))
		return tacit_air_refuse(
			"SECURITY_MODE_MISMATCH", NOTHING,
			"security_mode is production without hardware out of debug mode");
	return tacit_air_pass();
}
