/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/air.h"

#include "base/compiler.h"

static const struct tacit_slice NOTHING = { NULL, 0 };

static const char *const SCHEMES[] = { "sha256-single", "sha256-concat", "sha256-manifest" };
static const char *const MODES[] = { "evaluation", "production" };

static bool all_zero(struct tacit_slice s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < s.len; i++)
		any |= s.ptr[i];
	return any == 0;
}

/* Index in the closed set, or `count`. */
static size_t find(const char *const *set, size_t count, struct tacit_slice text)
{
	size_t i = 0;

	while (i < count && !tacit_slice_eq(tacit_slice_str(set[i]), text))
		i++;
	return i;
}

static struct tacit_air_finding judge_profile(const struct tacit_air_payload *p)
{
	if (tacit_profile_find(p->bytes[TACIT_AIR_EAT_PROFILE]))
		return tacit_air_pass();
	return tacit_air_refuse("WRONG_PROFILE", NOTHING,
				"eat_profile is neither AIR v1's nor ours for SNP");
}

static struct tacit_air_finding judge_cti(const struct tacit_air_payload *p)
{
	struct tacit_slice cti = p->bytes[TACIT_AIR_CTI];

	if (cti.len != 16)
		return tacit_air_refuse("BAD_CTI_LENGTH", NOTHING, "cti is not 16 bytes long");
	if (all_zero(cti))
		return tacit_air_refuse("WRONG_TYPE", tacit_slice_str("cti"), "cti is all zero");
	return tacit_air_pass();
}

static struct tacit_air_finding judge_model_hash(const struct tacit_air_payload *p)
{
	if (all_zero(p->bytes[TACIT_AIR_MODEL_HASH]))
		return tacit_air_refuse("ZERO_MODEL_HASH", NOTHING, "model_hash is all zero");
	return tacit_air_pass();
}

static struct tacit_air_finding judge_registers(const struct tacit_air_payload *p)
{
	enum tacit_mtype mtype = TACIT_MTYPE_NITRO;
	bool known = tacit_profile_type_find(p->profile, p->measurement_type, &mtype);

	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		if ((p->slots_present >> i & 1) && p->slots[i].len != TACIT_AIR_REGISTER_LEN)
			return tacit_air_refuse("BAD_MEASUREMENT_LENGTH", NOTHING,
						"a measurement register is not 48 bytes long");
	}
	for (size_t i = 0; known && i < TACIT_RECEIPT_SLOTS; i++) {
		if ((p->slots_present >> i & 1) && !tacit_profile_type_has(mtype, i))
			return tacit_air_refuse(
				"WRONG_TYPE", tacit_slice_str(tacit_profile_key(p->profile, i)),
				"a register does not exist in this measurement_type");
	}
	return tacit_air_pass();
}

static struct tacit_air_finding judge_mtype(const struct tacit_air_payload *p)
{
	enum tacit_mtype mtype;

	if (tacit_profile_type_find(p->profile, p->measurement_type, &mtype))
		return tacit_air_pass();
	return tacit_air_refuse("UNKNOWN_MTYPE", p->measurement_type, "unknown measurement_type");
}

static struct tacit_air_finding judge_scheme(const struct tacit_air_payload *p)
{
	struct tacit_slice scheme = p->bytes[TACIT_AIR_SCHEME];

	if (!(p->present >> TACIT_AIR_SCHEME & 1) ||
	    find(SCHEMES, TACIT_ARRAY_LEN(SCHEMES), scheme) < TACIT_ARRAY_LEN(SCHEMES))
		return tacit_air_pass();
	return tacit_air_refuse("UNKNOWN_MODEL_HASH_SCHEME", scheme, "unknown model_hash_scheme");
}

static struct tacit_air_finding judge_mode(const struct tacit_air_payload *p)
{
	struct tacit_slice mode = p->bytes[TACIT_AIR_SECURITY_MODE];

	if (find(MODES, TACIT_ARRAY_LEN(MODES), mode) < TACIT_ARRAY_LEN(MODES))
		return tacit_air_pass();
	return tacit_air_refuse("UNKNOWN_SECURITY_MODE", mode, "unknown security_mode");
}

/*
 * Last of its layer: emitters of the first drafts did not sort, and their receipts should be
 * refused for what they say where that is wrong too.
 */
static struct tacit_air_finding judge_order(const struct tacit_air_payload *p)
{
	if (p->unsorted)
		return tacit_air_refuse("PAYLOAD_NOT_MAP", NOTHING, "keys of a map are not sorted");
	return tacit_air_pass();
}

const struct tacit_air_rule tacit_air_rules[TACIT_AIR_RULES] = {
	{ "EAT_PROFILE", TACIT_POLICY, judge_profile },
	{ "CTI", TACIT_POLICY, judge_cti },
	{ "MHASH_PRESENT", TACIT_POLICY, judge_model_hash },
	{ "MEAS", TACIT_POLICY, judge_registers },
	{ "MTYPE", TACIT_POLICY, judge_mtype },
	{ "MHASH_SCHEME", TACIT_POLICY, judge_scheme },
	{ "SECURITY_MODE", TACIT_POLICY, judge_mode },
	{ "CANONICAL", TACIT_FORMAT, judge_order },
};

static void copy_hash(uint8_t *to, struct tacit_slice from)
{
	memcpy(to, from.ptr, 32);
}

void tacit_air_claims(const struct tacit_air_payload *p, struct tacit_receipt_claims *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->iss = p->bytes[TACIT_AIR_ISS];
	ret->iat = p->number[TACIT_AIR_IAT];
	memcpy(ret->cti, p->bytes[TACIT_AIR_CTI].ptr, sizeof(ret->cti));
	ret->eat_nonce = p->bytes[TACIT_AIR_EAT_NONCE];
	ret->model_id = p->bytes[TACIT_AIR_MODEL_ID];
	ret->model_version = p->bytes[TACIT_AIR_MODEL_VERSION];
	copy_hash(ret->model_hash, p->bytes[TACIT_AIR_MODEL_HASH]);
	copy_hash(ret->request_hash, p->bytes[TACIT_AIR_REQUEST_HASH]);
	copy_hash(ret->response_hash, p->bytes[TACIT_AIR_RESPONSE_HASH]);
	copy_hash(ret->attestation_doc_hash, p->bytes[TACIT_AIR_DOC_HASH]);
	(void)tacit_profile_type_find(p->profile, p->measurement_type, &ret->measurement_type);
	memcpy(ret->measurements, p->slots, sizeof(ret->measurements));
	ret->policy_version = p->bytes[TACIT_AIR_POLICY_VERSION];
	ret->sequence_number = p->number[TACIT_AIR_SEQUENCE];
	ret->execution_time_ms = p->number[TACIT_AIR_EXECUTION_MS];
	ret->memory_peak_mb = p->number[TACIT_AIR_MEMORY_MB];
	ret->production =
		find(MODES, TACIT_ARRAY_LEN(MODES), p->bytes[TACIT_AIR_SECURITY_MODE]) == 1;
	ret->model_hash_scheme = p->bytes[TACIT_AIR_SCHEME];
}

void tacit_air_code_text(const struct tacit_air_finding *f, char *room, size_t size)
{
	struct writer w = wr_of(tacit_mut_of(room, size));

	wr_text(&w, f->code);
	if (f->value.ptr || f->value.len)
		wr_u8(&w, ':');
	if (w.bad || size - w.at < 8) {
		room[0] = '\0';
		return;
	}
	tacit_escape(room + w.at, size - w.at, f->value);
}
