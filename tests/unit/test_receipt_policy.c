/* SPDX-License-Identifier: Apache-2.0 */

/* Layers 4 and 5: what the relying party asks for, and the evidence behind the key. */

#include "base/compiler.h"
#include "crypto/hash.h"
#include "tests/unit/test_receipt_kit.h"

static struct kit k;
static uint8_t room[4096];
static struct tacit_slice receipt;

static void issue(void)
{
	tacit_error_clear(&k.err);
	if (tacit_receipt_issue(&k.claims, k.key, tacit_mut_of(room, sizeof(room)), &receipt,
				&k.err) != TACIT_OK) {
		printf("# %s\n", k.err.detail);
		abort();
	}
}

static void accept(const struct tacit_receipt_expect *expect, const char *name)
{
	if (!is_status(kit_verify(&k, receipt, expect), TACIT_OK, name))
		printf("# %s\n", k.err.detail);
}

static void refuse(const struct tacit_receipt_expect *expect, const char *want, const char *name)
{
	kit_refused(&k, receipt, expect, want, name);
}

static void try_time(void)
{
	struct tacit_receipt_expect e = kit_expect(&k);

	e.now = KIT_NOW;
	accept(&e, "issued now");
	e.now = KIT_NOW - 60;
	accept(&e, "60 s in the future: the default skew");
	e.now = KIT_NOW - 61;
	refuse(&e, "L4 FRESH TIMESTAMP_FUTURE", "61 s in the future");
	e.clock_skew = 61;
	accept(&e, "61 s with a skew of 61");
	e.clock_skew = UINT64_MAX;
	e.now = 1;
	accept(&e, "any skew");
	e = kit_expect(&k);
	e.now = KIT_NOW + 300;
	accept(&e, "no bound on age");
	e.max_age = 300;
	accept(&e, "exactly as old as allowed");
	e.max_age = 299;
	refuse(&e, "L4 FRESH TIMESTAMP_STALE", "a second too old");
	e.now = INT64_MAX;
	refuse(&e, "L4 FRESH TIMESTAMP_STALE", "at the end of time");
	e.now = 0;
	refuse(&e, "L4 FRESH CLOCK_ERROR", "an age bound without a clock");
	e.now = -1;
	refuse(&e, "L4 FRESH CLOCK_ERROR", "a clock before 1970");
	e.max_age = 0;
	refuse(&e, "L4 FRESH CLOCK_ERROR", "a clock before 1970, no age bound");

	k.claims.iat = UINT64_MAX;
	issue();
	e.now = KIT_NOW;
	refuse(&e, "L4 FRESH TIMESTAMP_FUTURE", "iat at the end of numbers");
	k.claims = kit_claims();
	issue();
}

/* Each expectation by itself: equal, one bit off, shorter, empty. */
static void try_hashes(void)
{
	static const struct {
		size_t at;
		size_t value;
		const char *want;
	} FIELDS[] = {
		{ offsetof(struct tacit_receipt_expect, model_hash),
		  offsetof(struct tacit_receipt_claims, model_hash),
		  "L4 MHASH MODEL_HASH_MISMATCH" },
		{ offsetof(struct tacit_receipt_expect, request_hash),
		  offsetof(struct tacit_receipt_claims, request_hash),
		  "L4 RHASH REQUEST_HASH_MISMATCH" },
		{ offsetof(struct tacit_receipt_expect, response_hash),
		  offsetof(struct tacit_receipt_claims, response_hash),
		  "L4 OHASH RESPONSE_HASH_MISMATCH" },
		{ offsetof(struct tacit_receipt_expect, doc_hash),
		  offsetof(struct tacit_receipt_claims, attestation_doc_hash),
		  "L4 ADHASH ATTESTATION_DOC_HASH_MISMATCH" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(FIELDS); i++) {
		struct tacit_receipt_expect e = kit_expect(&k);
		struct tacit_slice *field =
			(struct tacit_slice *)(void *)((char *)&e + FIELDS[i].at);
		uint8_t hash[33] = { 0 };

		memcpy(hash, (const char *)&k.claims + FIELDS[i].value, 32);
		*field = tacit_slice_of(hash, 32);
		accept(&e, "the hash asked for");
		field->len = 31;
		refuse(&e, FIELDS[i].want, "31 bytes of it");
		field->len = 33;
		refuse(&e, FIELDS[i].want, "a byte more");
		field->len = 0;
		refuse(&e, FIELDS[i].want, "an empty one");
		field->len = 32;
		hash[31] ^= 1;
		refuse(&e, FIELDS[i].want, "the last bit off");
	}
}

static void try_texts(void)
{
	struct tacit_receipt_expect e = kit_expect(&k);

	e.model_id = tacit_slice_str("demo");
	accept(&e, "the model asked for");
	e.model_id = tacit_slice_str("demo2");
	refuse(&e, "L4 MODEL MODEL_ID_MISMATCH", "another model");
	e.model_id = tacit_slice_str("Demo");
	refuse(&e, "L4 MODEL MODEL_ID_MISMATCH", "another case");

	e = kit_expect(&k);
	e.nonce = tacit_slice_str("noncenonce");
	accept(&e, "the nonce asked for");
	ok(!k.verdict.warn_no_replay, "and no warning about replay");
	e.nonce = tacit_slice_str("noncenoncf");
	refuse(&e, "L4 NONCE NONCE_MISMATCH", "another nonce");
	e.nonce = tacit_slice_str("noncenonc");
	refuse(&e, "L4 NONCE NONCE_MISMATCH", "a shorter nonce");
	k.claims.eat_nonce = tacit_slice_of(NULL, 0);
	issue();
	refuse(&e, "L4 NONCE NONCE_MISSING", "no nonce");
	e.nonce = tacit_slice_str("");
	refuse(&e, "L4 NONCE NONCE_MISSING", "no nonce where an empty one is asked for");
	k.claims = kit_claims();
	issue();

	e = kit_expect(&k);
	e.require_production = true;
	refuse(&e, "L4 SECURITY_MODE_POLICY EVALUATION_MODE_REJECTED", "evaluation");
	k.claims.production = true;
	issue();
	accept(&e, "production");
	e = kit_expect(&k);
	e.has_mtype = true;
	e.mtype = TACIT_MTYPE_TDX;
	refuse(&e, "L4 PLATFORM PLATFORM_MISMATCH", "another platform");
	e.mtype = TACIT_MTYPE_SNP;
	refuse(&e, "L4 PLATFORM PLATFORM_MISMATCH", "SNP, where it is Nitro");
	e.mtype = TACIT_MTYPE_NITRO;
	accept(&e, "the platform asked for");
	k.claims = kit_snp_claims();
	issue();
	refuse(&e, "L4 PLATFORM PLATFORM_MISMATCH", "Nitro, where it is SNP");
	e.mtype = TACIT_MTYPE_SNP;
	accept(&e, "SNP asked for");
	k.claims = kit_claims();
	issue();
}

struct store {
	unsigned asked;
	bool answer;
	uint8_t cti[16];
};

static bool seen(void *user, const uint8_t *cti)
{
	struct store *store = user;

	store->asked++;
	memcpy(store->cti, cti, 16);
	return store->answer;
}

static void try_replay(void)
{
	struct store store = { 0 };
	struct tacit_receipt_expect e = kit_expect(&k);

	e.seen = seen;
	e.seen_user = &store;
	accept(&e, "a cti not seen before");
	ok(store.asked == 1 && memcmp(store.cti, k.claims.cti, 16) == 0 &&
		   !k.verdict.warn_no_replay,
	   "the store was asked about it");
	store.answer = true;
	refuse(&e, "L4 REPLAY REPLAY_CTI", "a cti seen before");
	store.asked = 0;
	e.nonce = tacit_slice_str("another one");
	refuse(&e, "L4 NONCE NONCE_MISMATCH", "another failure of the layer comes first");
	ok(store.asked == 0, "and the store is not asked about a receipt that fails anyway");
	e.key = tacit_slice_str("");
	refuse(&e, "L2 SIG SIG_FAILED", "unsigned");
	ok(store.asked == 0, "nor about an unsigned one");
}

/* All that fails in the layer is listed; the first gives the code. */
static void try_many(void)
{
	struct tacit_receipt_expect e = kit_expect(&k);
	static const uint8_t OTHER[32];
	unsigned failed = 0;

	e.now = KIT_NOW + 1000;
	e.max_age = 1;
	e.model_hash = e.request_hash = e.response_hash = e.doc_hash = TACIT_SLICE_ARRAY(OTHER);
	e.model_id = tacit_slice_str("x");
	e.nonce = tacit_slice_str("y");
	e.require_production = true;
	e.has_mtype = true;
	e.mtype = TACIT_MTYPE_TDX;
	refuse(&e, "L4 FRESH TIMESTAMP_STALE", "everything at once");
	for (size_t i = 0; i < k.verdict.check_count; i++)
		failed += k.verdict.checks[i].result == TACIT_CHECK_FAIL;
	ok(failed == 9, "nine checks failed (%u)", failed);
	ok(k.verdict.signed_claims, "its claims may be shown all the same");
}

/* --- layer 5 --- */

static const uint8_t RAW[] = "the evidence, as received";
static struct tacit_measurement nitro[6];
static struct tacit_claims evidence;

static void fresh_evidence(void)
{
	memset(&evidence, 0, sizeof(evidence));
	evidence.tee = TACIT_TEE_STUB;
	for (size_t i = 0; i < 6; i++) {
		nitro[i].name = tacit_profile_key(tacit_profile_of(TACIT_MTYPE_NITRO), i);
		nitro[i].value = TACIT_SLICE_ARRAY(kit_registers[i]);
	}
	evidence.measurements = nitro;
	evidence.measurement_count = 3;
	evidence.has_binding = true;
	memcpy(evidence.binding.receipt_key, k.public_key, 32);
	memset(evidence.binding.model_hash, 0xa1, 32);
	evidence.binding.model_id = tacit_slice_str("demo");
	k.claims = kit_claims();
	if (tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(RAW), k.claims.attestation_doc_hash, NULL) !=
	    TACIT_OK)
		abort();
	issue();
}

static struct tacit_receipt_expect end_to_end(void)
{
	struct tacit_receipt_expect e = { .evidence = &evidence,
					  .evidence_raw = TACIT_SLICE_ARRAY(RAW) };

	return e;
}

static void try_evidence(void)
{
	struct tacit_receipt_expect e = end_to_end();
	struct tacit_receipt_verifier *verifier = NULL;

	fresh_evidence();
	accept(&e, "end to end, with the key of the binding");
	ok(k.verdict.end_to_end, "and the verdict says so");
	e.key = TACIT_SLICE_ARRAY(k.public_key);
	accept(&e, "end to end, with the same key given");
	ok(tacit_receipt_verifier_new(e.key, &verifier, NULL) == TACIT_OK, "a verifier");
	e.verifier = verifier;
	accept(&e, "end to end, with a verifier");
	evidence.binding.receipt_key[0] ^= 1;
	refuse(&e, "L5 E2E_KEY PUBKEY_BINDING_MISMATCH", "a verifier of another key");
	e.verifier = NULL;
	refuse(&e, "L5 E2E_KEY PUBKEY_BINDING_MISMATCH", "another key given");
	is_status(k.err.status, TACIT_BINDING, "which is a matter of binding");
	e.key = tacit_slice_of(NULL, 0);
	refuse(&e, "L2 SIG SIG_FAILED", "the binding holds another key");
	tacit_receipt_verifier_free(verifier);

	fresh_evidence();
	e = end_to_end();
	e.evidence_raw.len--;
	refuse(&e, "L5 E2E_DOC_HASH ATTESTATION_DOC_HASH_MISMATCH", "other evidence bytes");
	e.evidence_raw = tacit_slice_of(NULL, 0);
	refuse(&e, "L5 E2E_EVIDENCE EVIDENCE_NOT_VERIFIED", "claims without bytes");
	e = end_to_end();
	e.evidence = NULL;
	e.key = TACIT_SLICE_ARRAY(k.public_key);
	refuse(&e, "L5 E2E_EVIDENCE EVIDENCE_NOT_VERIFIED", "bytes without verified claims");
	e = end_to_end();
	e.key = TACIT_SLICE_ARRAY(k.public_key);
	evidence.has_binding = false;
	refuse(&e, "L5 E2E_EVIDENCE PUBKEY_BINDING_MISMATCH", "evidence without a binding");
	e.key = tacit_slice_of(NULL, 0);
	refuse(&e, "L2 SIG SIG_FAILED", "and then there is no key either");
}

static void try_evidence_values(void)
{
	struct tacit_receipt_expect e = end_to_end();
	uint8_t other[48];

	fresh_evidence();
	memcpy(other, kit_registers[1], 48);
	other[47] ^= 0x80;
	nitro[1].value = TACIT_SLICE_ARRAY(other);
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:pcr1", "another register 1");
	fresh_evidence();
	evidence.measurement_count = 2;
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:pcr2", "a register that evidence lacks");
	fresh_evidence();
	k.claims.measurements[5] = TACIT_SLICE_ARRAY(kit_registers[5]);
	issue();
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:pcr8", "an optional one that evidence lacks");
	evidence.measurement_count = 6;
	accept(&e, "an optional one that evidence has");
	fresh_evidence();
	evidence.binding.model_id = tacit_slice_str("demon");
	refuse(&e, "L5 E2E_MODEL MODEL_ID_MISMATCH", "another model bound");
	fresh_evidence();
	evidence.binding.model_hash[31] ^= 1;
	refuse(&e, "L5 E2E_MODEL MODEL_HASH_MISMATCH", "another model hash bound");
}

static void try_evidence_mode(void)
{
	struct tacit_receipt_expect e = end_to_end();

	fresh_evidence();
	k.claims.production = true;
	issue();
	refuse(&e, "L5 E2E_SECURITY_MODE SECURITY_MODE_MISMATCH", "production from the stub");
	evidence.tee = TACIT_TEE_NITRO;
	accept(&e, "production from Nitro");
	evidence.debug = true;
	refuse(&e, "L5 E2E_SECURITY_MODE SECURITY_MODE_MISMATCH", "production in debug mode");
	k.claims.production = false;
	issue();
	accept(&e, "evaluation in debug mode");
}

static void try_evidence_platform(void)
{
	static const char *const NAMES[] = { "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3" };
	struct tacit_receipt_expect e = end_to_end();

	fresh_evidence();
	evidence.tee = TACIT_TEE_TDX;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "a Nitro receipt with TDX evidence");
	evidence.tee = TACIT_TEE_SNP;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "a Nitro receipt with SNP evidence");
	evidence.tee = TACIT_TEE_SGX;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "a platform that no profile has");
	evidence.tee = TACIT_TEE_NONE;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "no platform");
	k.claims.measurement_type = TACIT_MTYPE_TDX;
	k.claims.measurements[3] = TACIT_SLICE_ARRAY(kit_registers[3]);
	k.claims.measurements[4] = TACIT_SLICE_ARRAY(kit_registers[4]);
	issue();
	evidence.tee = TACIT_TEE_STUB;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "a TDX receipt with stub evidence");
	evidence.tee = TACIT_TEE_TDX;
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:pcr0", "TDX evidence without MRTD");
	evidence.measurement_count = 5;
	for (size_t i = 0; i < 5; i++)
		nitro[i].name = NAMES[i];
	accept(&e, "MRTD and RTMR0 to 3 in slots pcr0 to pcr4");
	ok(k.verdict.end_to_end, "end to end");
	nitro[4].value.len = 47;
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:pcr4", "RTMR3 cut");
}

static void try_evidence_snp(void)
{
	struct tacit_receipt_expect e = end_to_end();
	uint8_t other[48];

	fresh_evidence();
	uint8_t hash[32];
	memcpy(hash, k.claims.attestation_doc_hash, sizeof(hash));
	k.claims = kit_snp_claims();
	memcpy(k.claims.attestation_doc_hash, hash, sizeof(hash));
	k.claims.production = true;
	issue();
	evidence.tee = TACIT_TEE_NITRO;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "an SNP receipt with Nitro evidence");
	evidence.tee = TACIT_TEE_TDX;
	refuse(&e, "L5 E2E_PLATFORM PLATFORM_MISMATCH", "an SNP receipt with TDX evidence");
	evidence.tee = TACIT_TEE_SNP;
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:measurement",
	       "SNP evidence without a launch digest");
	nitro[0].name = "measurement";
	accept(&e, "the launch digest of the evidence");
	ok(k.verdict.end_to_end && k.verdict.claims.measurement_type == TACIT_MTYPE_SNP,
	   "SNP, end to end");
	memcpy(other, kit_registers[0], 48);
	other[0] ^= 1;
	nitro[0].value = TACIT_SLICE_ARRAY(other);
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:measurement", "another launch digest");
	nitro[0].value = tacit_slice_of(kit_registers[0], 47);
	refuse(&e, "L5 E2E_MEAS MEASUREMENT_MISMATCH:measurement", "a launch digest cut");
	nitro[0].value = TACIT_SLICE_ARRAY(kit_registers[0]);
	evidence.debug = true;
	refuse(&e, "L5 E2E_SECURITY_MODE SECURITY_MODE_MISMATCH", "production, debugging allowed");
	evidence.debug = false;
	evidence.binding.receipt_key[31] ^= 1;
	e.key = TACIT_SLICE_ARRAY(k.public_key);
	refuse(&e, "L5 E2E_KEY PUBKEY_BINDING_MISMATCH", "a key that the report does not bind");
	fresh_evidence();
}

static void try_listing(void)
{
	struct tacit_receipt_expect e = kit_expect(&k);
	size_t pass = 0, skips = 0;

	fresh_evidence();
	accept(&e, "nothing asked for");
	for (size_t i = 0; i < k.verdict.check_count; i++) {
		pass += k.verdict.checks[i].result == TACIT_CHECK_PASS;
		skips += k.verdict.checks[i].result == TACIT_CHECK_SKIP;
	}
	ok(k.verdict.check_count == 33 && pass == 16 && skips == 17,
	   "33 checks are listed, those asked for or always made pass (%zu, %zu)", pass, skips);
}

int main(void)
{
	kit_init(&k);
	issue();
	try_time();
	try_hashes();
	try_texts();
	try_replay();
	try_many();
	try_evidence();
	try_evidence_values();
	try_evidence_mode();
	try_evidence_platform();
	try_evidence_snp();
	try_listing();
	tacit_receipt_key_free(k.key);
	return done();
}
