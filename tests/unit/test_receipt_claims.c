/* SPDX-License-Identifier: Apache-2.0 */

/* Layer 3: payloads that are wrong in one way each, signed by the right key. */

#include "base/compiler.h"
#include "tests/unit/test_receipt_kit.h"

static struct kit k;
static struct kit_payload p;

/* Positions in the good payload, where every claim is present. */
static void fresh(void)
{
	kit_cut(&k.claims, &p);
}

static void refuse(const char *want, const char *name)
{
	struct tacit_receipt_expect expect = kit_expect(&k);

	kit_refused(&k, kit_seal_payload(&k, &p), &expect, want, name);
}

#define NOT_MAP "L3 CLAIMS_DECODE PAYLOAD_NOT_MAP"

/* One claim replaced, key and value in hex. */
struct swap {
	enum tacit_air_claim claim;
	const char *hex;
	const char *want;
	const char *name;
};

#define Z16 "00000000000000000000000000000000"
#define A16 "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define A31 A16 "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define A32 A16 A16
#define A48 A32 A16
#define A65 A32 A32 "a1"

static const struct swap SWAPS[] = {
	{ TACIT_AIR_ISS, "0160", "L3 CLAIMS_DECODE WRONG_TYPE:iss", "empty iss" },
	{ TACIT_AIR_ISS, "014161", "L3 CLAIMS_DECODE WRONG_TYPE:iss", "iss as bytes" },
	{ TACIT_AIR_ISS, "0101", "L3 CLAIMS_DECODE WRONG_TYPE:iss", "iss as number" },
	{ TACIT_AIR_ISS, "01f6", "L3 CLAIMS_DECODE WRONG_TYPE:iss", "iss null" },
	{ TACIT_AIR_ISS, "0161ff", NOT_MAP, "iss not UTF-8" },
	{ TACIT_AIR_ISS, "0162c080", NOT_MAP, "iss with an overlong NUL" },
	{ TACIT_AIR_ISS, "0163eda080", NOT_MAP, "iss with a surrogate" },
	{ TACIT_AIR_ISS, "0164f4908080", NOT_MAP, "iss beyond U+10FFFF" },
	{ TACIT_AIR_ISS, "017f6161ff", NOT_MAP, "iss of indefinite length" },
	{ TACIT_AIR_ISS, "01780161", NOT_MAP, "iss with a long head" },
	{ TACIT_AIR_ISS, "01c06161", "L3 CLAIMS_DECODE WRONG_TYPE:iss", "iss tagged" },
	{ TACIT_AIR_IAT, "0600", "L3 CLAIMS_DECODE WRONG_TYPE:iat", "iat zero" },
	{ TACIT_AIR_IAT, "0620", "L3 CLAIMS_DECODE WRONG_TYPE:iat", "iat negative" },
	{ TACIT_AIR_IAT, "06fb41da6ac4c0000000", NOT_MAP, "iat a float" },
	{ TACIT_AIR_IAT, "06f97e00", NOT_MAP, "iat not a number" },
	{ TACIT_AIR_IAT, "061b000000006ab10000", NOT_MAP, "iat in 8 bytes where 4 do" },
	{ TACIT_AIR_IAT, "061800", NOT_MAP, "iat zero in two bytes" },
	{ TACIT_AIR_IAT, "06c11a6ab10000", "L3 CLAIMS_DECODE WRONG_TYPE:iat", "iat tagged" },
	{ TACIT_AIR_IAT, "06c240", "L3 CLAIMS_DECODE WRONG_TYPE:iat", "iat a bignum" },
	{ TACIT_AIR_CTI, "074f000102030405060708090a0b0c0d0e", "L3 CTI BAD_CTI_LENGTH",
	  "cti of 15 bytes" },
	{ TACIT_AIR_CTI, "0751000102030405060708090a0b0c0d0e0f10", "L3 CTI BAD_CTI_LENGTH",
	  "cti of 17 bytes" },
	{ TACIT_AIR_CTI, "0740", "L3 CTI BAD_CTI_LENGTH", "empty cti" },
	{ TACIT_AIR_CTI, "0750" Z16, "L3 CTI WRONG_TYPE:cti", "cti all zero" },
	{ TACIT_AIR_CTI,
	  "0770"
	  "61616161616161616161616161616161",
	  "L3 CLAIMS_DECODE WRONG_TYPE:cti", "cti as text" },
	{ TACIT_AIR_EAT_NONCE, "0a4701020304050607", "L3 CLAIMS_DECODE WRONG_TYPE:eat_nonce",
	  "nonce of 7 bytes" },
	{ TACIT_AIR_EAT_NONCE, "0a5841" A65, "L3 CLAIMS_DECODE WRONG_TYPE:eat_nonce",
	  "nonce of 65 bytes" },
	{ TACIT_AIR_EAT_NONCE, "0a40", "L3 CLAIMS_DECODE WRONG_TYPE:eat_nonce", "empty nonce" },
	{ TACIT_AIR_EAT_NONCE, "0a814801020304050607ff", "L3 CLAIMS_DECODE WRONG_TYPE:eat_nonce",
	  "nonce in an array" },
	{ TACIT_AIR_EAT_NONCE, "0af6", "L3 CLAIMS_DECODE WRONG_TYPE:eat_nonce", "nonce null" },
	{ TACIT_AIR_EAT_PROFILE, "19010960", "L3 EAT_PROFILE WRONG_PROFILE", "empty profile" },
	{ TACIT_AIR_EAT_PROFILE, "19010963616972", "L3 EAT_PROFILE WRONG_PROFILE",
	  "another profile" },
	{ TACIT_AIR_EAT_PROFILE, "19010901", "L3 CLAIMS_DECODE WRONG_TYPE:eat_profile",
	  "profile a number" },
	{ TACIT_AIR_EAT_PROFILE,
	  "1901097822"
	  "68747470733a2f2f737065632e63796e7472697365632e636f6d2f6169722f76312f",
	  "L3 EAT_PROFILE WRONG_PROFILE", "profile with a slash too many" },
	{ TACIT_AIR_MODEL_ID, "3a0001000060", "L3 CLAIMS_DECODE WRONG_TYPE:model_id",
	  "empty model_id" },
	{ TACIT_AIR_MODEL_VERSION, "3a0001000160", "L3 CLAIMS_DECODE WRONG_TYPE:model_version",
	  "empty model_version" },
	{ TACIT_AIR_MODEL_HASH, "3a00010002581f" A31, "L3 CLAIMS_DECODE BAD_HASH_LENGTH:model_hash",
	  "model_hash of 31 bytes" },
	{ TACIT_AIR_MODEL_HASH, "3a000100025821" A32 "a1",
	  "L3 CLAIMS_DECODE BAD_HASH_LENGTH:model_hash", "model_hash of 33 bytes" },
	{ TACIT_AIR_MODEL_HASH, "3a0001000240", "L3 CLAIMS_DECODE BAD_HASH_LENGTH:model_hash",
	  "empty model_hash" },
	{ TACIT_AIR_MODEL_HASH, "3a000100025820" Z16 Z16, "L3 MHASH_PRESENT ZERO_MODEL_HASH",
	  "model_hash all zero" },
	{ TACIT_AIR_REQUEST_HASH, "3a00010003581f" A31,
	  "L3 CLAIMS_DECODE BAD_HASH_LENGTH:request_hash", "request_hash of 31 bytes" },
	{ TACIT_AIR_RESPONSE_HASH, "3a0001000440", "L3 CLAIMS_DECODE BAD_HASH_LENGTH:response_hash",
	  "empty response_hash" },
	{ TACIT_AIR_DOC_HASH, "3a000100055830" A48,
	  "L3 CLAIMS_DECODE BAD_HASH_LENGTH:attestation_doc_hash", "doc hash of 48 bytes" },
	{ TACIT_AIR_DOC_HASH, "3a0001000501", "L3 CLAIMS_DECODE WRONG_TYPE:attestation_doc_hash",
	  "doc hash a number" },
	{ TACIT_AIR_MEASUREMENTS, "3a0001000680",
	  "L3 CLAIMS_DECODE WRONG_TYPE:enclave_measurements", "measurements an array" },
	{ TACIT_AIR_POLICY_VERSION, "3a0001000760", "L3 CLAIMS_DECODE WRONG_TYPE:policy_version",
	  "empty policy_version" },
	{ TACIT_AIR_SEQUENCE, "3a0001000820", "L3 CLAIMS_DECODE WRONG_TYPE:sequence_number",
	  "sequence negative" },
	{ TACIT_AIR_SEQUENCE, "3a000100081817", NOT_MAP, "sequence 23 in two bytes" },
	{ TACIT_AIR_EXECUTION_MS,
	  "3a0001000961"
	  "31",
	  "L3 CLAIMS_DECODE WRONG_TYPE:execution_time_ms", "execution time as text" },
	{ TACIT_AIR_MEMORY_MB, "3a0001000af4", "L3 CLAIMS_DECODE WRONG_TYPE:memory_peak_mb",
	  "memory false" },
	{ TACIT_AIR_SECURITY_MODE, "3a0001000b60",
	  "L3 SECURITY_MODE UNKNOWN_SECURITY_MODE:", "empty mode" },
	{ TACIT_AIR_SECURITY_MODE, "3a0001000b6a50726f64756374696f6e",
	  "L3 SECURITY_MODE UNKNOWN_SECURITY_MODE:Production", "mode with a capital" },
	{ TACIT_AIR_SECURITY_MODE,
	  "3a0001000b62"
	  "0a22",
	  "L3 SECURITY_MODE UNKNOWN_SECURITY_MODE:\\x0a\"", "mode with a newline is escaped" },
	{ TACIT_AIR_SECURITY_MODE, "3a0001000bf5", "L3 CLAIMS_DECODE WRONG_TYPE:security_mode",
	  "mode true" },
	{ TACIT_AIR_SCHEME,
	  "3a0001000c66"
	  "736861323536",
	  "L3 MHASH_SCHEME UNKNOWN_MODEL_HASH_SCHEME:sha256", "unknown scheme" },
	{ TACIT_AIR_SCHEME, "3a0001000c60",
	  "L3 MHASH_SCHEME UNKNOWN_MODEL_HASH_SCHEME:", "empty scheme" },
	{ TACIT_AIR_SCHEME, "3a0001000cf6", "L3 CLAIMS_DECODE WRONG_TYPE:model_hash_scheme",
	  "scheme null" },
	/* The key itself */
	{ TACIT_AIR_ISS, "18016161", NOT_MAP, "key 1 in two bytes" },
	{ TACIT_AIR_ISS, "61316161", NOT_MAP, "a text key" },
	{ TACIT_AIR_ISS, "026161", NOT_MAP, "key 2 instead of 1" },
	{ TACIT_AIR_ISS, "f66161", NOT_MAP, "null as a key" },
	{ TACIT_AIR_ISS, "1bffffffffffffffff6161", NOT_MAP, "key beyond int64" },
	{ TACIT_AIR_MODEL_ID,
	  "3b000000000001000061"
	  "61",
	  NOT_MAP, "key -65537 in nine bytes" },
	{ TACIT_AIR_SCHEME, "3a0001000d6161", NOT_MAP, "key -65550, once reserved" },
	{ TACIT_AIR_SCHEME, "3affffffff6161", NOT_MAP, "a key far below" },
};

static void try_swaps(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SWAPS); i++) {
		fresh();
		kit_set_hex(&p, SWAPS[i].claim, SWAPS[i].hex);
		refuse(SWAPS[i].want, SWAPS[i].name);
	}
}

static void try_missing(void)
{
	static const char *const NAMES[TACIT_AIR_CLAIMS] = {
		"iss",
		"iat",
		"cti",
		NULL,
		"eat_profile",
		"model_id",
		"model_version",
		"model_hash",
		"request_hash",
		"response_hash",
		"attestation_doc_hash",
		"enclave_measurements",
		"policy_version",
		"sequence_number",
		"execution_time_ms",
		"memory_peak_mb",
		"security_mode",
		NULL,
	};

	for (size_t i = 0; i < TACIT_AIR_CLAIMS; i++) {
		struct tacit_receipt_expect expect = kit_expect(&k);
		char want[100];

		fresh();
		kit_drop(&p, i);
		if (!NAMES[i]) {
			is_status(kit_verify(&k, kit_seal_payload(&k, &p), &expect), TACIT_OK,
				  "an optional claim may be missing");
			continue;
		}
		snprintf(want, sizeof(want), "L3 CLAIMS_DECODE MISSING_CLAIM:%s", NAMES[i]);
		refuse(want, "missing claim");
	}
	fresh();
	p.count = 0;
	refuse("L3 CLAIMS_DECODE MISSING_CLAIM:iss", "empty map");
}

static void try_repeats(void)
{
	for (size_t i = 0; i < TACIT_AIR_CLAIMS; i++) {
		fresh();
		memmove(&p.pieces[i + 1], &p.pieces[i], (p.count - i) * sizeof(p.pieces[0]));
		p.count++;
		refuse(NOT_MAP, "a claim twice in a row");

		fresh();
		p.pieces[p.count++] = p.pieces[i];
		refuse(NOT_MAP, "a claim again at the end");
	}
}

static void try_order(void)
{
	for (size_t i = 0; i + 1 < TACIT_AIR_CLAIMS; i++) {
		struct kit_piece piece;

		fresh();
		piece = p.pieces[i];
		p.pieces[i] = p.pieces[i + 1];
		p.pieces[i + 1] = piece;
		refuse("L3 CANONICAL PAYLOAD_NOT_MAP", "two claims swapped");
	}
	fresh();
	for (size_t i = 0; i < TACIT_AIR_CLAIMS / 2; i++) {
		struct kit_piece piece = p.pieces[i];

		p.pieces[i] = p.pieces[TACIT_AIR_CLAIMS - 1 - i];
		p.pieces[TACIT_AIR_CLAIMS - 1 - i] = piece;
	}
	refuse("L3 CANONICAL PAYLOAD_NOT_MAP", "all claims in reverse");
	is_status(k.err.status, TACIT_FORMAT, "which is malformed, not refused");
}

static void try_unknown(void)
{
	static const char *const EXTRA[] = { "0000",
					     "0261"
					     "61",
					     "0501",
					     "190108"
					     "00",
					     "19010a00",
					     "2000",
					     "3a0000ffff00",
					     "3a0001000d00",
					     "616100",
					     "4000",
					     "8000",
					     "f500" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(EXTRA); i++) {
		fresh();
		kit_insert_hex(&p, p.count, EXTRA[i]);
		refuse(NOT_MAP, "an unknown claim at the end");
	}
	fresh();
	kit_insert_hex(&p, 1,
		       "0261"
		       "61");
	refuse(NOT_MAP, "an unknown claim in its place");
}

/* Around the map. */
static void try_frames(void)
{
	static const uint8_t ZERO[] = { 0 }, BREAK[] = { 0xff };
	static const struct {
		const char *head;
		const char *name;
	} HEADS[] = { { "bf", "an indefinite map without its break" },
		      { "b812", "map head in two bytes" },
		      { "b90012", "map head in three bytes" },
		      { "b3", "count one too high" },
		      { "b1", "count one too low" },
		      { "bb8000000000000009", "a count beyond memory" },
		      { "bbffffffffffffffff", "the highest count" },
		      { "92", "an array" },
		      { "d2b2", "a tagged map" },
		      { "c6b2", "another tag" } };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(HEADS); i++) {
		fresh();
		tacit_hex_decode(tacit_slice_str(HEADS[i].head),
				 tacit_mut_of(p.head, sizeof(p.head)), &p.head_len);
		refuse(NOT_MAP, HEADS[i].name);
	}
	fresh();
	p.head[0] = 0xbf;
	p.head_len = 1;
	p.tail = TACIT_SLICE_ARRAY(BREAK);
	refuse(NOT_MAP, "an indefinite map");
	fresh();
	p.tail = TACIT_SLICE_ARRAY(ZERO);
	refuse(NOT_MAP, "a byte after the map");

	struct kit_envelope usual = { 0 };
	struct tacit_receipt_expect expect = kit_expect(&k);
	static const char *const WHOLE[] = { "00", "a0ff", "f6", "60", "80", "ff", "bf", "5f" };
	for (size_t i = 0; i < TACIT_ARRAY_LEN(WHOLE); i++) {
		uint8_t bytes[4];
		size_t len = 0;

		tacit_hex_decode(tacit_slice_str(WHOLE[i]), tacit_mut_of(bytes, sizeof(bytes)),
				 &len);
		kit_refused(&k, kit_seal(&k, &usual, tacit_slice_of(bytes, len)), &expect, NOT_MAP,
			    "no map at all");
	}
}

/* Every cut of the payload, signed, must fail as a payload. */
static void try_cuts(void)
{
	static uint8_t room[4096];
	struct kit_envelope usual = { 0 };
	struct tacit_receipt_expect expect = kit_expect(&k);
	size_t wrong = 0;

	fresh();
	struct tacit_slice whole = kit_join(&p, room, sizeof(room));
	for (size_t len = 1; len < whole.len; len++) {
		enum tacit_status status =
			kit_verify(&k, kit_seal(&k, &usual, tacit_slice_of(room, len)), &expect);

		wrong += status != TACIT_FORMAT || strcmp(k.verdict.code, "PAYLOAD_NOT_MAP") != 0;
	}
	ok(wrong == 0, "every signed truncation of the payload is PAYLOAD_NOT_MAP");
}

static void try_text_bounds(void)
{
	static const struct {
		enum tacit_air_claim claim;
		size_t most;
		const char *want;
	} BOUNDS[] = {
		{ TACIT_AIR_ISS, 256, "L3 CLAIMS_DECODE WRONG_TYPE:iss" },
		{ TACIT_AIR_MODEL_ID, 256, "L3 CLAIMS_DECODE WRONG_TYPE:model_id" },
		{ TACIT_AIR_MODEL_VERSION, 128, "L3 CLAIMS_DECODE WRONG_TYPE:model_version" },
		{ TACIT_AIR_POLICY_VERSION, 256, "L3 CLAIMS_DECODE WRONG_TYPE:policy_version" }
	};
	static uint8_t text[300];
	struct tacit_receipt_expect expect = kit_expect(&k);

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(BOUNDS); i++) {
		for (size_t over = 0; over < 2; over++) {
			fresh();
			struct kit_piece *piece = &p.pieces[BOUNDS[i].claim];
			struct writer w = wr_of(tacit_mut_of(piece->bytes, sizeof(piece->bytes)));
			w.at = BOUNDS[i].claim == TACIT_AIR_ISS ? 1 : 5;
			tacit_cbor_put_text(&w, tacit_slice_of(text, BOUNDS[i].most + over));
			piece->len = w.at;
			if (over)
				refuse(BOUNDS[i].want, "a text one over its bound");
			else
				is_status(kit_verify(&k, kit_seal_payload(&k, &p), &expect),
					  TACIT_OK, "a text at its bound");
		}
	}
}

/* The complaint points into the receipt, whose payload starts at byte 13. */
static void try_offsets(void)
{
	fresh();
	kit_set_hex(&p, TACIT_AIR_ISS, "0161ff");
	refuse(NOT_MAP, "iss not UTF-8");
	ok(k.err.offset == 13 + 2 && strstr(k.err.detail, "CLAIMS_DECODE: ") &&
		   strstr(k.err.detail, "UTF-8"),
	   "the error says where and why: %s at %llu", k.err.detail,
	   (unsigned long long)k.err.offset);
	fresh();
	kit_set_hex(&p, TACIT_AIR_IAT, "0600");
	refuse("L3 CLAIMS_DECODE WRONG_TYPE:iat", "iat zero");
	ok(k.err.offset == 0, "a fault of meaning has no offset");
}

int main(void)
{
	kit_init(&k);
	try_swaps();
	try_missing();
	try_repeats();
	try_order();
	try_unknown();
	try_frames();
	try_cuts();
	try_text_bounds();
	try_offsets();
	tacit_receipt_key_free(k.key);
	return done();
}
