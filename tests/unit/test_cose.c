/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"

#include "base/bounds.h"
#include "crypto/key.h"
#include "tests/tap.h"
#include "vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum tacit_status parse_hex(const char *hex, enum tacit_cbor_rules rules,
				   struct tacit_cose_sign1 *ret, struct tacit_error *err)
{
	struct tacit_slice in = vector_hex(hex);
	enum tacit_status status = tacit_cose_sign1_parse(in, rules, ret, err);

	vector_done(in); /* only the numbers of `ret` are used after this */
	return status;
}

static void test_parts(void)
{
	/* 18([<<{1: -8, 3: 61}>>, {4: h'6b', "x": [0]}, h'68656c6c6f', h'0102']) */
	struct tacit_slice in = vector_hex("d28446a2012703183da204416b61788100"
					   "4568656c6c6f420102");
	struct tacit_cose_sign1 m = { .alg = 1 };

	is_status(tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &m, NULL), TACIT_OK, "parses");
	ok(m.tagged && m.alg == TACIT_COSE_EDDSA, "tag and algorithm");
	ok(m.has_content_type && m.content_type == 61, "content type");
	ok(m.protected_count == 2 && m.unprotected_count == 2, "labels counted");
	is_slice(m.protected_bytes, tacit_slice_of(in.ptr + 3, 6), "protected, without its head");
	is_slice(m.unprotected, tacit_slice_of(in.ptr + 9, 8), "unprotected, with its head");
	is_slice(m.payload, tacit_slice_str("hello"), "payload");
	is_slice(m.signature, tacit_slice_of("\1\2", 2), "signature");
	vector_done(in);
}

static void test_variants(void)
{
	struct tacit_cose_sign1 m = { .alg = 1 };

	is_status(parse_hex("d28440a04100414e", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK,
		  "no header at all");
	ok(m.alg == 0 && !m.has_content_type && m.protected_count == 0 &&
		   m.unprotected_count == 0 && m.protected_bytes.len == 0,
	   "says nothing");
	is_status(parse_hex("d28440a0f64101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK, "detached");
	ok(!m.payload.ptr, "no payload");
	is_status(parse_hex("d28440a0404101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK, "empty");
	ok(m.payload.ptr && m.payload.len == 0, "a payload, of no bytes");
	is_status(parse_hex("d28444a1036161a041004101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK,
		  "content type as text");
	ok(!m.has_content_type && m.protected_count == 1, "is not a number");
	is_status(parse_hex("d28440a1012641004101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK,
		  "algorithm unprotected");
	ok(m.alg == 0 && m.unprotected_count == 1, "is not the algorithm");
	is_status(parse_hex("d28445a200006000a041004101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK,
		  "the labels 0 and \"\" differ");
	is_status(parse_hex("d28440a261610061620041004101", TACIT_CBOR_STRICT, &m, NULL), TACIT_OK,
		  "two texts");
	ok(m.unprotected_count == 2, "are two labels");
}

/* What only the lax reader takes. */
static void test_lax(void)
{
	static const struct {
		const char *hex, *why;
	} CASES[] = {
		{ "8443a10126a041004101", "no COSE_Sign1 tag" },
		{ "d8128443a10126a041004101", "number not in its shortest form" },
		{ "d2980443a10126a041004101", "number not in its shortest form" },
		{ "d2845803a10126a041004101", "number not in its shortest form" },
		{ "d29f43a10126a041004101ff", "indefinite length" },
		{ "d28444bf0126ffa041004101", "indefinite length" },
		{ "d28443a10126bfff41004101", "indefinite length" },
		{ "d28441a0a041004101", "empty map instead of no bytes" },
		{ "d28442b800a041004101", "number not in its shortest form" },
		{ "d28445a203000126a041004101", "map keys out of order" },
		{ "d28440a20500040041004101", "map keys out of order" },
		{ "d28444a1180126a041004101", "number not in its shortest form" },
		{ "d28443a10126a105f9000041004101", "floating-point number" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		struct tacit_cose_sign1 m;

		ok(parse_hex(CASES[i].hex, TACIT_CBOR_LAX, &m, NULL) == TACIT_OK, "lax: %s",
		   CASES[i].hex);
		ok(parse_hex(CASES[i].hex, TACIT_CBOR_STRICT, &m, &err) == TACIT_FORMAT &&
			   strcmp(err.detail, CASES[i].why) == 0,
		   "strict: %s (%s)", CASES[i].why, err.detail);
	}
	struct tacit_cose_sign1 m = { .alg = 1 };
	ok(parse_hex("d28442bfffa041004101", TACIT_CBOR_LAX, &m, NULL) == TACIT_OK &&
		   m.protected_bytes.len == 0 && m.protected_count == 0,
	   "an empty map in any form is signed as no bytes");
}

struct refusal {
	const char *hex, *where, *why;
};

static void test_refuses(void)
{
	static const char HEAD[] = "cose.protected";
	static const struct refusal CASES[] = {
		{ "d18440a041004101", "cose", "tag is not that of a COSE_Sign1" },
		{ "d28343a10126a04100", "cose", "not an array of four" },
		{ "d28543a10126a04100410100", "cose", "not an array of four" },
		{ "d2a240a041004101", "cose", "not an array" },
		{ "d284a10126a041004101", "cose", "not a byte string" },
		{ "d28463616263a041004101", "cose", "not a byte string" },
		{ "d284404041004101", "cose", "not a map" },
		{ "d28440a061614101", "cose", "not a byte string" },
		{ "d28440a0f54101", "cose", "not a byte string" },
		{ "d28440a04100f6", "cose", "not a byte string" },
		{ "d28440a04100", "cose", "input ends too early" },
		{ "d28440a0", "cose", "more elements than the input holds" },
		{ "d28440a04100410100", "cose", "1 bytes too many" },
		{ "d2", "cose", "input ends too early" },
		{ "", "cose", NULL },
		{ "d28440a1f60041004101", "cose", "not a number" },
		{ "d28440a1f900000041004101", "cose", "not a number" },
		{ "d28440a20400040041004101", "cose", "duplicate map key" },
		{ "d28440a1020041004101", "cose", "critical header parameters" },
		{ "d28443a10126a1012641004101", "cose", "header label twice" },
		{ "d28444a1616100a161610041004101", "cose", "header label twice" },
		{ "d2844100a041004101", HEAD, "not a map" },
		{ "d28444a1012600a041004101", HEAD, "1 bytes too many" },
		{ "d28442a101a041004101", HEAD, "more elements than the input holds" },
		{ "d28445a201260126a041004101", HEAD, "duplicate map key" },
		{ "d28443a1f600a041004101", HEAD, "not a number" },
		{ "d28444a1410000a041004101", HEAD, "not a number" },
		{ "d28444a1016161a041004101", HEAD, "not a number" },
		{ "d28443a10100a041004101", HEAD, "algorithm 0" },
		{ "d28444a1028103a041004101", HEAD, "critical header parameters" },
		{ "d2844ba1013bffffffffffffffffa041004101", HEAD,
		  "number beyond 64 bits with sign" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		const char *why = CASES[i].why ? CASES[i].why : "no COSE_Sign1 tag";
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		struct tacit_cose_sign1 m = { .alg = 77 };

		bool same = parse_hex(CASES[i].hex, TACIT_CBOR_STRICT, &m, &err) == TACIT_FORMAT &&
			    strcmp(err.where, CASES[i].where) == 0 && strcmp(err.detail, why) == 0;
		if (!ok(same, "strict refuses %s: %s", CASES[i].hex, why))
			printf("# %s: %s\n", err.where, err.detail);
		ok(m.alg == 77, "and leaves the output alone");
		if (!strstr(why, "duplicate"))
			ok(parse_hex(CASES[i].hex, TACIT_CBOR_LAX, &m, NULL) == TACIT_FORMAT,
			   "lax refuses it too");
	}
}

static void test_lax_refuses(void)
{
	static const struct refusal CASES[] = {
		/* Labels are compared by value, neighbours or not. */
		{ "d28445a201260126a041004101", "cose.protected", "header label twice" },
		{ "d28447a3012603000126a041004101", "cose.protected", "header label twice" },
		{ "d28446a20126180126a041004101", "cose.protected", "header label twice" },
		{ "d28443a10126a118012641004101", "cose", "header label twice" },
		{ "d28440a3616100000061610041004101", "cose", "header label twice" },
		{ "d2845f43a10126ffa041004101", "cose", "string in chunks" },
		{ "d29f43a10126a04100ff", "cose", "not a byte string" },
		{ "d29f43a10126a04100410100ff", "cose", "not an array of four" },
		{ "d29f43a10126a041004101", "cose", "input ends too early" },
		{ "d28443bf01ffa041004101", "cose.protected", "not a number" },
		{ "d28443bf0126a041004101", "cose.protected", "input ends too early" },
	};

	for (size_t i = 0; i < COUNT(CASES); i++) {
		struct tacit_error err = { TACIT_OK, "", 0, "" };
		struct tacit_cose_sign1 m;
		bool same = parse_hex(CASES[i].hex, TACIT_CBOR_LAX, &m, &err) == TACIT_FORMAT &&
			    strcmp(err.where, CASES[i].where) == 0 &&
			    strcmp(err.detail, CASES[i].why) == 0;

		if (!ok(same, "lax refuses %s: %s", CASES[i].hex, CASES[i].why))
			printf("# %s: %s\n", err.where, err.detail);
	}
}

static void test_label_limit(void)
{
	for (uint64_t n = TACIT_COSE_LABELS_MAX - 1; n <= TACIT_COSE_LABELS_MAX + 1; n++) {
		uint8_t room[256];
		struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
		struct tacit_cose_sign1 m;

		tacit_cbor_put_tag(&w, 18);
		tacit_cbor_put_array(&w, 4);
		tacit_cbor_put_bytes(&w, tacit_slice_of("\xa1\x01\x26", 3)); /* counts too */
		tacit_cbor_put_map(&w, n - 1);
		for (uint64_t i = 0; i + 1 < n; i++) {
			tacit_cbor_put_uint(&w, 100 + i);
			tacit_cbor_put_uint(&w, 0);
		}
		tacit_cbor_put_bytes(&w, tacit_slice_of(NULL, 0));
		tacit_cbor_put_bytes(&w, tacit_slice_of(NULL, 0));
		enum tacit_status status = tacit_cose_sign1_parse(tacit_slice_of(room, w.at),
								  TACIT_CBOR_STRICT, &m, NULL);
		ok(!w.bad && (status == TACIT_OK) == (n <= TACIT_COSE_LABELS_MAX), "%d labels",
		   (int)n);
	}
}

static void test_sig_structure(void)
{
	struct tacit_slice protected_bytes = tacit_slice_of("\xa1\x01\x26", 3), got = { NULL, 0 };
	struct tacit_slice aad = tacit_slice_of("\xaa\xbb", 2), payload = tacit_slice_str("hi");
	struct tacit_slice want = vector_hex("846a5369676e61747572653143a1012642aabb426869");
	uint8_t room[64];
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	is_status(tacit_cose_sig_structure(protected_bytes, aad, payload,
					   tacit_mut_of(room, want.len), &got, NULL),
		  TACIT_OK, "fits exactly");
	is_slice(got, want, "Sig_structure");
	got = payload;
	is_status(tacit_cose_sig_structure(protected_bytes, aad, payload,
					   tacit_mut_of(room, want.len - 1), &got, &err),
		  TACIT_LIMIT, "a byte short");
	ok(got.ptr == payload.ptr && strcmp(err.where, "cose.sig_structure") == 0,
	   "output untouched, %s", err.where);
	ok(tacit_cose_sig_structure_max(protected_bytes, aad, payload) >= want.len &&
		   tacit_cose_sig_structure_max(protected_bytes, aad, payload) <= want.len + 32,
	   "the bound is above and near");
	ok(tacit_cose_sig_structure_max(aad, payload, tacit_slice_of(NULL, SIZE_MAX - 4)) ==
		   SIZE_MAX,
	   "the bound does not wrap");
	vector_done(want);
}

/* --- a signed message, cut and flipped everywhere --------------------------------------- */

static const struct tacit_slice NO_AAD = { NULL, 0 };

static enum tacit_status verify(struct tacit_slice in, struct tacit_slice aad,
				const struct tacit_key *key, int64_t alg)
{
	uint8_t room[256];
	struct tacit_slice signed_bytes;
	struct tacit_cose_sign1 m;
	enum tacit_status status = tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &m, NULL);

	if (status != TACIT_OK)
		return status;
	if (m.alg != alg)
		return TACIT_POLICY;
	status = tacit_cose_sig_structure(m.protected_bytes, aad, m.payload,
					  tacit_mut_of(room, sizeof(room)), &signed_bytes, NULL);
	return status == TACIT_OK ? tacit_key_verify(key, signed_bytes, m.signature, NULL) : status;
}

static size_t make_message(const struct tacit_key *key, struct tacit_slice protected_bytes,
			   struct tacit_slice aad, struct tacit_mut out)
{
	struct tacit_slice payload = tacit_slice_str("what was said"), signed_bytes = { NULL, 0 };
	uint8_t room[256], signature[TACIT_SIGNATURE_MAX];
	struct writer w = wr_of(out);
	bool made = tacit_cose_sig_structure(protected_bytes, aad, payload,
					     tacit_mut_of(room, sizeof(room)), &signed_bytes,
					     NULL) == TACIT_OK &&
		    tacit_key_sign(key, signed_bytes, signature, NULL) == TACIT_OK;

	tacit_cose_sign1_write(
		&w, protected_bytes, payload,
		tacit_slice_of(signature, tacit_key_signature_len(tacit_key_alg_of(key))));
	return made && !w.bad ? w.at : 0;
}

static void test_signed(enum tacit_key_alg key_alg, int64_t alg, const char *protected_hex)
{
	struct tacit_slice protected_bytes = vector_hex(protected_hex);
	struct tacit_slice aad = tacit_slice_str("outside");
	struct tacit_key *key = NULL;
	uint8_t doc[256];

	ok(tacit_key_generate(key_alg, &key, NULL) == TACIT_OK, "algorithm %d", (int)alg);
	size_t len = make_message(key, protected_bytes, aad, tacit_mut_of(doc, sizeof(doc)));
	ok(len > 0, "a message is made");
	is_status(verify(tacit_slice_of(doc, len), aad, key, alg), TACIT_OK, "verifies");
	is_status(verify(tacit_slice_of(doc, len), NO_AAD, key, alg), TACIT_SIGNATURE,
		  "without the external data it does not");
	is_status(verify(tacit_slice_of(doc, len), aad, key, alg - 1), TACIT_POLICY,
		  "as another algorithm it does not");
	size_t accepted = 0;
	for (size_t cut = 0; cut < len; cut++)
		accepted += verify(tacit_slice_of(doc, cut), aad, key, alg) == TACIT_OK;
	ok(accepted == 0, "no truncation verifies (%zu bytes)", len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		doc[bit / 8] ^= (uint8_t)(1 << bit % 8);
		accepted += verify(tacit_slice_of(doc, len), aad, key, alg) == TACIT_OK;
		doc[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ok(accepted == 0, "no flipped bit verifies (%zu bits)", 8 * len);
	doc[len] = 0;
	is_status(verify(tacit_slice_of(doc, len + 1), aad, key, alg), TACIT_FORMAT,
		  "a byte after it");
	tacit_key_free(key);
	vector_done(protected_bytes);
}

int main(void)
{
	test_parts();
	test_variants();
	test_lax();
	test_refuses();
	test_lax_refuses();
	test_label_limit();
	test_sig_structure();
	test_signed(TACIT_P256, TACIT_COSE_ES256, "a10126");
	test_signed(TACIT_P384, TACIT_COSE_ES384, "a1013822");
	test_signed(TACIT_ED25519, TACIT_COSE_EDDSA, "a2012703183d");
	return done();
}
