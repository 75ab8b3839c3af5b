/* SPDX-License-Identifier: Apache-2.0 */

/* Issuing: what comes out verifies and says what went in; nothing invalid is ever signed. */

#include "base/compiler.h"
#include "tests/unit/test_receipt_kit.h"

static struct kit k;
static uint8_t room[4096];

static enum tacit_status issue(struct tacit_slice *ret)
{
	tacit_error_clear(&k.err);
	return tacit_receipt_issue(&k.claims, k.key, tacit_mut_of(room, sizeof(room)), ret, &k.err);
}

static void same_claims(const struct tacit_receipt_claims *a, const struct tacit_receipt_claims *b)
{
	ok(tacit_slice_eq(a->iss, b->iss) && tacit_slice_eq(a->eat_nonce, b->eat_nonce) &&
		   tacit_slice_eq(a->model_id, b->model_id) &&
		   tacit_slice_eq(a->model_version, b->model_version) &&
		   tacit_slice_eq(a->policy_version, b->policy_version) &&
		   tacit_slice_eq(a->model_hash_scheme, b->model_hash_scheme),
	   "texts come back");
	ok(a->iat == b->iat && a->sequence_number == b->sequence_number &&
		   a->execution_time_ms == b->execution_time_ms &&
		   a->memory_peak_mb == b->memory_peak_mb && a->production == b->production &&
		   a->measurement_type == b->measurement_type,
	   "numbers come back");
	ok(memcmp(a->cti, b->cti, 16) == 0 && memcmp(a->model_hash, b->model_hash, 32) == 0 &&
		   memcmp(a->request_hash, b->request_hash, 32) == 0 &&
		   memcmp(a->response_hash, b->response_hash, 32) == 0 &&
		   memcmp(a->attestation_doc_hash, b->attestation_doc_hash, 32) == 0,
	   "hashes come back");
	bool same = true;
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++)
		same = same && tacit_slice_eq(a->measurements[i], b->measurements[i]) &&
		       !a->measurements[i].ptr == !b->measurements[i].ptr;
	ok(same, "registers come back");
}

static void round_trip(const char *name)
{
	struct tacit_slice receipt = { NULL, 0 };
	struct tacit_receipt_expect expect = kit_expect(&k);

	if (!is_status(issue(&receipt), TACIT_OK, name)) {
		printf("# %s\n", k.err.detail);
		return;
	}
	is_status(kit_verify(&k, receipt, &expect), TACIT_OK, "it verifies");
	ok(k.verdict.outcome == TACIT_VERIFIED && k.verdict.signed_claims && !k.verdict.code[0] &&
		   !k.verdict.end_to_end && k.verdict.warn_no_replay && !k.err.status,
	   "the verdict is AIR-local and warns about replay");
	same_claims(&k.claims, &k.verdict.claims);

	static uint8_t again_room[4096];
	struct tacit_slice again = { NULL, 0 };
	ok(tacit_receipt_issue(&k.verdict.claims, k.key,
			       tacit_mut_of(again_room, sizeof(again_room)), &again,
			       NULL) == TACIT_OK,
	   "the verified claims issue again");
	is_slice(again, receipt, "as the same bytes");
}

static void try_round_trips(void)
{
	static uint8_t text[256], nonce[64];

	memset(text, 'y', sizeof(text));
	memset(nonce, 9, sizeof(nonce));
	round_trip("a receipt with everything");
	k.claims.eat_nonce = k.claims.model_hash_scheme = tacit_slice_of(NULL, 0);
	round_trip("a receipt without optional claims");
	k.claims.measurement_type = TACIT_MTYPE_TDX;
	k.claims.measurements[3] = TACIT_SLICE_ARRAY(kit_registers[3]);
	k.claims.measurements[4] = TACIT_SLICE_ARRAY(kit_registers[4]);
	k.claims.production = true;
	round_trip("a TDX receipt with five registers, production");
	k.claims = kit_snp_claims();
	round_trip("an SNP receipt");
	k.claims.eat_nonce = k.claims.model_hash_scheme = tacit_slice_of(NULL, 0);
	k.claims.production = true;
	round_trip("an SNP receipt without optional claims, production");
	k.claims = kit_claims();
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++)
		k.claims.measurements[i] = TACIT_SLICE_ARRAY(kit_registers[i]);
	k.claims.iss = k.claims.model_id = k.claims.policy_version = TACIT_SLICE_ARRAY(text);
	k.claims.model_version = tacit_slice_of(text, 128);
	k.claims.eat_nonce = TACIT_SLICE_ARRAY(nonce);
	k.claims.iat = k.claims.sequence_number = UINT64_MAX;
	k.claims.execution_time_ms = k.claims.memory_peak_mb = UINT64_MAX;
	k.claims.model_hash_scheme = tacit_slice_str("sha256-manifest");
	round_trip("the largest receipt");

	struct tacit_slice receipt = { NULL, 0 };
	ok(issue(&receipt) == TACIT_OK && receipt.len <= 1744, "it has %zu bytes", receipt.len);
	size_t wrong = 0;
	for (size_t size = 0; size < receipt.len; size++) {
		struct tacit_slice untouched = tacit_slice_of(nonce, 3);

		wrong += tacit_receipt_issue(&k.claims, k.key, tacit_mut_of(room, size), &untouched,
					     NULL) != TACIT_LIMIT ||
			 untouched.ptr != nonce || untouched.len != 3;
	}
	ok(wrong == 0, "any smaller room is TACIT_LIMIT and the output untouched");
	k.claims = kit_claims();
}

static void refuse(const char *detail, const char *name)
{
	static const uint8_t MARK[1];
	struct tacit_slice receipt = tacit_slice_of(MARK, 1);

	memset(room, 0xee, sizeof(room));
	enum tacit_status status = issue(&receipt);
	bool clean = true;
	for (size_t i = 0; i < sizeof(room); i++)
		clean = clean && room[i] == 0xee;
	if (!ok(status == TACIT_FORMAT && strstr(k.err.detail, detail) && receipt.ptr == MARK &&
			clean,
		"%s is not signed: %s", name, detail))
		printf("# %s: %s\n", tacit_status_name(status), k.err.detail);
	k.claims = kit_claims();
}

static void try_refusals(void)
{
	static uint8_t text[5000];
	struct tacit_slice none = { NULL, 0 };

	memset(text, 'z', sizeof(text));
	k.claims.iss = none;
	refuse("WRONG_TYPE:iss", "an empty iss");
	k.claims.iss = tacit_slice_of(text, 257);
	refuse("WRONG_TYPE:iss", "a long iss");
	k.claims.iss = tacit_slice_of(text, sizeof(text));
	refuse("more than any valid", "a very long iss");
	k.claims.iss = tacit_slice_str("\xc3\x28");
	refuse("PAYLOAD_NOT_MAP", "an iss that is not UTF-8");
	k.claims.iat = 0;
	refuse("WRONG_TYPE:iat", "iat 0");
	memset(k.claims.cti, 0, 16);
	refuse("WRONG_TYPE:cti", "a zero cti");
	k.claims.eat_nonce = tacit_slice_of(text, 7);
	refuse("WRONG_TYPE:eat_nonce", "a nonce of 7");
	k.claims.eat_nonce = tacit_slice_of(text, 65);
	refuse("WRONG_TYPE:eat_nonce", "a nonce of 65");
	k.claims.eat_nonce = tacit_slice_of(text, 0);
	refuse("WRONG_TYPE:eat_nonce", "an empty nonce");
	k.claims.model_id = tacit_slice_of(text, 257);
	refuse("WRONG_TYPE:model_id", "a long model_id");
	k.claims.model_id = none;
	refuse("WRONG_TYPE:model_id", "no model_id");
	k.claims.model_version = tacit_slice_of(text, 129);
	refuse("WRONG_TYPE:model_version", "a long model_version");
	k.claims.policy_version = none;
	refuse("WRONG_TYPE:policy_version", "no policy_version");
	memset(k.claims.model_hash, 0, 32);
	refuse("ZERO_MODEL_HASH", "a zero model hash");
	k.claims.measurements[1] = none;
	refuse("MISSING_CLAIM:pcr1", "no pcr1");
	k.claims.measurements[0].len = 32;
	refuse("BAD_MEASUREMENT_LENGTH", "a pcr0 of 32 bytes");
	k.claims.measurements[3] = tacit_slice_of(text, 49);
	refuse("BAD_MEASUREMENT_LENGTH", "a pcr3 of 49 bytes");
	k.claims.measurement_type = TACIT_MTYPE_TDX;
	k.claims.measurements[5] = tacit_slice_of(text, 48);
	refuse("WRONG_TYPE:pcr8", "pcr8 on TDX");
	k.claims = kit_snp_claims();
	k.claims.measurements[0] = none;
	refuse("MISSING_CLAIM:measurement", "no launch digest");
	k.claims = kit_snp_claims();
	k.claims.measurements[0].len = 32;
	refuse("BAD_MEASUREMENT_LENGTH", "a launch digest of 32 bytes");
	k.claims = kit_snp_claims();
	k.claims.measurements[1] = TACIT_SLICE_ARRAY(kit_registers[1]);
	refuse("PAYLOAD_NOT_MAP", "a second register on SNP");
	k.claims.measurement_type = TACIT_MTYPE_SNP;
	refuse("PAYLOAD_NOT_MAP", "Nitro's registers as SNP");
	k.claims.measurement_type = (enum tacit_mtype)7;
	refuse("UNKNOWN_MTYPE:none", "a type outside the enum");
	k.claims.model_hash_scheme = tacit_slice_str("sha256");
	refuse("UNKNOWN_MODEL_HASH_SCHEME:sha256", "an unknown scheme");
	k.claims.model_hash_scheme = tacit_slice_of(text, 0);
	refuse("UNKNOWN_MODEL_HASH_SCHEME", "an empty scheme");
}

/* Refused with these bytes, whatever the reason; and no claims are shown. */
static bool refused(struct tacit_slice bytes, const struct tacit_receipt_expect *expect)
{
	return kit_verify(&k, bytes, expect) != TACIT_OK && !k.verdict.signed_claims &&
	       k.verdict.code[0] && k.verdict.outcome != TACIT_VERIFIED;
}

static void damage(void)
{
	static uint8_t copy[4097];
	struct tacit_receipt_verifier *verifier = NULL;
	struct tacit_slice receipt = { NULL, 0 };
	size_t wrong = 0;

	if (!ok(tacit_receipt_verifier_new(TACIT_SLICE_ARRAY(k.public_key), &verifier, NULL) ==
				TACIT_OK &&
			issue(&receipt) == TACIT_OK,
		"a receipt to damage"))
		return;
	struct tacit_receipt_expect expect = { .verifier = verifier };
	memcpy(copy, receipt.ptr, receipt.len);
	for (size_t len = 0; len < receipt.len; len++)
		wrong += !refused(tacit_slice_of(copy, len), &expect);
	ok(wrong == 0, "every truncation is refused");
	for (size_t bit = 0; bit < receipt.len * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		wrong += !refused(tacit_slice_of(copy, receipt.len), &expect);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(wrong == 0, "every single-bit flip is refused");
	for (unsigned byte = 0; byte < 256; byte++) {
		copy[receipt.len] = (uint8_t)byte;
		wrong += !refused(tacit_slice_of(copy, receipt.len + 1), &expect);
	}
	ok(wrong == 0, "every byte after it is refused");
	is_status(kit_verify(&k, tacit_slice_of(copy, receipt.len), &expect), TACIT_OK,
		  "undamaged it still verifies");
	tacit_receipt_verifier_free(verifier);
}

static void try_damage(void)
{
	damage();
	k.claims = kit_snp_claims();
	damage();
	k.claims = kit_claims();
}

static void try_keys(void)
{
	static const uint8_t SHORT[31];
	struct tacit_receipt_key *key = NULL, *other = NULL;
	uint8_t a[32], b[32];

	ok(tacit_receipt_key_new(TACIT_SLICE_ARRAY(SHORT), &key, NULL) != TACIT_OK && !key,
	   "a seed of 31 bytes is refused");
	ok(tacit_receipt_key_new(tacit_slice_of(SHORT, 0), &key, NULL) != TACIT_OK && !key,
	   "an empty seed is refused, not taken for none");
	ok(tacit_receipt_key_new(tacit_slice_of(NULL, 0), &key, NULL) == TACIT_OK &&
		   tacit_receipt_key_new(tacit_slice_of(NULL, 0), &other, NULL) == TACIT_OK,
	   "fresh keys");
	tacit_receipt_key_public(key, a);
	tacit_receipt_key_public(other, b);
	ok(memcmp(a, b, 32) != 0, "are not the same");
	tacit_receipt_key_free(key);
	tacit_receipt_key_free(other);
	tacit_receipt_key_free(NULL);
}

int main(void)
{
	kit_init(&k);
	try_round_trips();
	try_refusals();
	try_damage();
	try_keys();
	tacit_receipt_key_free(k.key);
	return done();
}
