/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The single-signer cases of the COSE working group; the case's own `fail` flag is the oracle.
 * Out of scope, and not listed here: COSE_Sign (several signers: sign-tests, ecdsa-01, 03, 04,
 * eddsa-01), MAC, encryption, RSA-PSS, and the countersignatures inside unprotected headers.
 */

#include "base/base64.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "tests/tap.h"
#include "vectors.h"

#define ROOM 1024

/* A member as bytes: base64url text, or hex when its name has "_hex" at the end. */
static size_t member_bytes(const json_t *key, const char *name, struct tacit_mut room)
{
	char hex_name[32];
	size_t len = 0;
	const char *text = json_string_value(json_object_get(key, name));

	if (text)
		return tacit_base64_decode(TACIT_BASE64URL, tacit_slice_str(text), room, &len) ? len
											       : 0;
	snprintf(hex_name, sizeof(hex_name), "%s_hex", name);
	text = json_string_value(json_object_get(key, hex_name));
	return text && tacit_hex_decode(tacit_slice_str(text), room, &len) ? len : 0;
}

static enum tacit_key_alg key_alg(const json_t *key, int64_t *ret_cose)
{
	static const struct {
		const char *curve;
		enum tacit_key_alg alg;
		enum tacit_cose_alg cose;
	} CURVES[] = {
		{ "P-256", TACIT_P256, TACIT_COSE_ES256 },
		{ "P-384", TACIT_P384, TACIT_COSE_ES384 },
		{ "Ed25519", TACIT_ED25519, TACIT_COSE_EDDSA },
	};
	const char *curve = json_string_value(json_object_get(key, "crv"));

	for (size_t i = 0; curve && i < sizeof(CURVES) / sizeof(CURVES[0]); i++) {
		if (strcmp(CURVES[i].curve, curve) == 0) {
			*ret_cose = CURVES[i].cose;
			return CURVES[i].alg;
		}
	}
	return TACIT_KEY_NONE;
}

static struct tacit_key *public_key(const json_t *key, enum tacit_key_alg alg)
{
	uint8_t raw[TACIT_PUBLIC_MAX] = { 4 };
	struct tacit_key *ret = NULL;
	size_t at = alg == TACIT_ED25519 ? 0 : 1;

	at += member_bytes(key, "x", tacit_mut_of(raw + at, sizeof(raw) - at));
	if (alg != TACIT_ED25519)
		at += member_bytes(key, "y", tacit_mut_of(raw + at, sizeof(raw) - at));
	if (tacit_key_public(alg, tacit_slice_of(raw, at), &ret, NULL) != TACIT_OK)
		return NULL;
	return ret;
}

static enum tacit_status verify(struct tacit_slice message, const json_t *row, int64_t alg,
				const struct tacit_key *key)
{
	const json_t *sign = json_object_get(json_object_get(row, "input"), "sign0");
	struct tacit_slice aad = { NULL, 0 }, signed_bytes;
	struct tacit_cose_sign1 m;
	uint8_t room[ROOM], aad_room[ROOM];
	enum tacit_status status = tacit_cose_sign1_parse(message, TACIT_CBOR_LAX, &m, NULL);

	if (status != TACIT_OK)
		return status;
	/* One case moves the algorithm to the unprotected header, where it says nothing. */
	if (m.alg != 0 && m.alg != alg)
		return TACIT_POLICY;
	aad = tacit_slice_of(aad_room,
			     member_bytes(sign, "external", tacit_mut_of(aad_room, ROOM)));
	status = tacit_cose_sig_structure(m.protected_bytes, aad, m.payload,
					  tacit_mut_of(room, sizeof(room)), &signed_bytes, NULL);
	if (status != TACIT_OK)
		return status;
	if (!json_is_true(json_object_get(row, "fail"))) {
		struct tacit_slice want = vector_hex(json_string_value(
			json_object_get(json_object_get(row, "intermediates"), "ToBeSign_hex")));

		is_slice(signed_bytes, want, "to be signed");
		vector_done(want);
	}
	return tacit_key_verify(key, signed_bytes, m.signature, NULL);
}

static void check_case(const char *name)
{
	json_t *row = vector_json(name);

	if (!row)
		return;
	const json_t *key_row =
		json_object_get(json_object_get(json_object_get(row, "input"), "sign0"), "key");
	bool fail = json_is_true(json_object_get(row, "fail")) ||
		    json_is_true(json_object_get(json_object_get(row, "input"), "fail"));
	struct tacit_slice message = vector_hex(
		json_string_value(json_object_get(json_object_get(row, "output"), "cbor")));
	int64_t alg = 0;
	struct tacit_key *key = public_key(key_row, key_alg(key_row, &alg));

	ok(key != NULL, "%s: key", name);
	if (key) {
		enum tacit_status status = verify(message, row, alg, key);

		if (!ok((status != TACIT_OK) == fail, "%s: %s", name, fail ? "fails" : "verifies"))
			printf("# %s\n", tacit_status_name(status));
	}
	tacit_key_free(key);
	vector_done(message);
	json_decref(row);
}

/* Structure alone can be read; the signature needs a curve that the seam does not have. */
static void check_structure(const char *name, int64_t alg)
{
	json_t *row = vector_json(name);
	struct tacit_cose_sign1 m = { .alg = 0 };

	if (!row)
		return;
	struct tacit_slice message = vector_hex(
		json_string_value(json_object_get(json_object_get(row, "output"), "cbor")));
	is_status(tacit_cose_sign1_parse(message, TACIT_CBOR_LAX, &m, NULL), TACIT_OK, name);
	ok(m.alg == alg && m.tagged && m.unprotected_count == 1, "%s: its parts", name);
	skip(name, "signature: P-521 and Ed448 are out of scope");
	vector_done(message);
	json_decref(row);
}

int main(void)
{
	static const char *const CASES[] = {
		"cose/sign1-tests/sign-pass-01.json",    "cose/sign1-tests/sign-pass-03.json",
		"cose/sign1-tests/sign-fail-01.json",    "cose/sign1-tests/sign-fail-03.json",
		"cose/sign1-tests/sign-fail-04.json",    "cose/sign1-tests/sign-fail-07.json",
		"cose/ecdsa-examples/ecdsa-sig-02.json", "cose/eddsa-examples/eddsa-sig-01.json",
		"cose/RFC8152/Appendix_C_2_1.json",      "cose/CWT/A_3.json",
		"cose/countersign/signed1-01.json",
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		check_case(CASES[i]);
	check_structure("cose/ecdsa-examples/ecdsa-sig-03.json", -36);
	check_structure("cose/eddsa-examples/eddsa-sig-02.json", TACIT_COSE_EDDSA);
	return done();
}
