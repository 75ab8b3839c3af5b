/* SPDX-License-Identifier: Apache-2.0 */
/* The stub's document: its form, its signature, and that nothing else passes for it. */
#include "tests/unit/appraise_util.h"

#include "codec/cose.h"
#include "crypto/key.h"

static struct bench b;

static void test_shape(void)
{
	static const uint8_t head[] = { 0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x59 };

	bench_init(&b);
	bench_bind(&b);
	struct tacit_slice raw = bench_evidence(&b);
	is_slice(tacit_slice_of(raw.ptr, 8), TACIT_SLICE_ARRAY(head),
		 "starts as COSE_Sign1, EdDSA");
	is_slice(tacit_slice_of(raw.ptr + 10, 18), tacit_slice_str("\xa8\x63tee\x6ctacit-stub/1"),
		 "and says at once what it is");
	ok(tacit_stub_detect(raw), "is detected");
	ok(!tacit_stub_detect(tacit_slice_of(raw.ptr + 1, raw.len - 1)), "not without its tag");
	ok(!tacit_stub_detect(tacit_slice_of(raw.ptr, 20)), "not when cut before the name");
	ok(!tacit_stub_detect(tacit_slice_of(NULL, 0)), "nothing is not detected");
	uint8_t other[64];
	memcpy(other, raw.ptr, sizeof(other));
	ok(tacit_stub_detect(TACIT_SLICE_ARRAY(other)), "its beginning is enough");
	other[0] = 0xd1;
	ok(!tacit_stub_detect(TACIT_SLICE_ARRAY(other)), "not with another tag");
	other[0] = 0xd2;
	other[1] = 0x85;
	ok(!tacit_stub_detect(TACIT_SLICE_ARRAY(other)), "not as an array of five");
}

/* The root in the verifier is the public half of the published seed. */
static void test_root(void)
{
	uint8_t public[TACIT_PUBLIC_MAX];
	size_t len = 0;
	struct tacit_key *key = NULL;

	is_status(tacit_key_private(TACIT_ED25519, TACIT_SLICE_ARRAY(tacit_stub_seed), &key, NULL),
		  TACIT_OK, "the seed is a key");
	is_status(tacit_key_export_public(key, public, &len, NULL), TACIT_OK, "with a public half");
	tacit_key_free(key);
	static const uint8_t known[32] = {
		0x4b, 0x78, 0xca, 0x33, 0x11, 0x1a, 0xa5, 0xf5, 0x45, 0x27, 0x81,
		0x8a, 0x57, 0x0c, 0x82, 0x56, 0xdc, 0x79, 0x19, 0x0d, 0x27, 0x1b,
		0x1a, 0x1b, 0x8c, 0x41, 0x1f, 0x27, 0xbd, 0xf1, 0xf9, 0xba,
	};
	is_slice(tacit_slice_of(public, len), TACIT_SLICE_ARRAY(known), "as computed by openssl");
}

/* Everything is under the signature, so no flip anywhere may be accepted. */
static void test_flips(void)
{
	uint8_t bytes[TACIT_STUB_MAX];
	size_t accepted = 0, with_claims = 0;

	bench_init(&b);
	bench_bind(&b);
	struct tacit_slice raw = bench_evidence(&b);
	for (size_t bit = 0; bit < raw.len * 8; bit++) {
		memcpy(bytes, raw.ptr, raw.len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		tacit_arena_init(&b.arena, b.room, sizeof(b.room));
		accepted += bench_judge(&b, tacit_slice_of(bytes, raw.len)) == TACIT_OK;
		with_claims += tacit_verdict_genuine(&b.verdict) != NULL;
	}
	ok(accepted == 0, "no bit flip is accepted");
	ok(with_claims == 0, "no bit flip is genuine");
}

static void test_cuts(void)
{
	uint8_t longer[TACIT_STUB_MAX + 1] = { 0 };
	size_t wrong = 0;

	bench_init(&b);
	bench_bind(&b);
	struct tacit_slice raw = bench_evidence(&b);
	for (size_t n = 0; n < raw.len; n++) {
		tacit_arena_init(&b.arena, b.room, sizeof(b.room));
		wrong += bench_judge(&b, tacit_slice_of(raw.ptr, n)) != TACIT_FORMAT;
	}
	ok(wrong == 0, "every truncation is malformed");
	memcpy(longer, raw.ptr, raw.len);
	is_refused(&b, bench_judge(&b, tacit_slice_of(longer, raw.len + 1)), TACIT_FORMAT,
		   "stub.format", "a trailing byte is malformed");
	is_refused(&b, bench_judge(&b, TACIT_SLICE_ARRAY(longer)), TACIT_LIMIT, "stub.format",
		   "over 4,096 bytes is a limit");
	is_refused(&b, bench_judge(&b, tacit_slice_of(longer, TACIT_STUB_MAX)), TACIT_FORMAT,
		   "stub.format", "at the limit it is judged by its form");
}

struct forged {
	struct tacit_slice protected_bytes;
	struct tacit_slice payload;
	struct tacit_slice seed;
	bool truncate_signature;
};

/* A COSE_Sign1 over any header and payload, signed by any key. */
static struct tacit_slice forge(const struct forged *f, struct tacit_mut room)
{
	static uint8_t tbs[2 * TACIT_STUB_MAX];
	uint8_t signature[TACIT_SIGNATURE_MAX];
	struct tacit_slice none = { NULL, 0 }, message = none, out = none;
	struct tacit_key *key = NULL;
	struct writer w = wr_of(room);

	if (tacit_cose_sig_structure(f->protected_bytes, none, f->payload,
				     tacit_mut_of(tbs, sizeof(tbs)), &message, NULL) ||
	    tacit_key_private(TACIT_ED25519, f->seed, &key, NULL) ||
	    tacit_key_sign(key, message, signature, NULL))
		ok(false, "forging works");
	tacit_key_free(key);
	tacit_cose_sign1_write(&w, f->protected_bytes, f->payload,
			       tacit_slice_of(signature, f->truncate_signature ? 63 : 64));
	if (wr_finish(&w, "forged", &out, NULL))
		ok(false, "the forgery fits");
	return out;
}

static const uint8_t EDDSA[] = { 0xa1, 0x01, 0x27 };

static struct forged honest(struct bench *bench, struct tacit_cose_sign1 *cose)
{
	struct forged f = { .protected_bytes = TACIT_SLICE_ARRAY(EDDSA),
			    .seed = TACIT_SLICE_ARRAY(tacit_stub_seed) };

	bench_init(bench);
	bench_bind(bench);
	if (tacit_cose_sign1_parse(bench_evidence(bench), TACIT_CBOR_STRICT, cose, NULL))
		ok(false, "the document splits");
	f.payload = cose->payload;
	return f;
}

static void test_signature(void)
{
	uint8_t room[TACIT_STUB_MAX], other[32] = { 1 };
	struct tacit_cose_sign1 cose;
	struct forged f = honest(&b, &cose);

	is_status(bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_OK,
		  "anyone can sign with the published seed");
	f.seed = TACIT_SLICE_ARRAY(other);
	is_refused(&b, bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))),
		   TACIT_SIGNATURE, "stub.cose.signature", "another key is refused");
	ok(b.verdict.outcome == TACIT_REFUSED, "as refused, not malformed");
	is_check(&b.verdict, "stub.payload", TACIT_CHECK_SKIP);
	f.seed = TACIT_SLICE_ARRAY(tacit_stub_seed);
	f.truncate_signature = true;
	enum tacit_status st = bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room))));
	ok(st == TACIT_SIGNATURE || st == TACIT_FORMAT, "a short signature is refused");
}

static void test_header(void)
{
	static const uint8_t es256[] = { 0xa1, 0x01, 0x26 };
	static const uint8_t with_kid[] = { 0xa2, 0x01, 0x27, 0x04, 0x41, 0x00 };
	static const uint8_t longer[] = { 0xa1, 0x01, 0x38, 0x07 };
	uint8_t room[TACIT_STUB_MAX];
	struct tacit_cose_sign1 cose;
	struct forged f = honest(&b, &cose);

	f.protected_bytes = TACIT_SLICE_ARRAY(es256);
	is_refused(&b, bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_FORMAT,
		   "stub.cose.alg", "another algorithm is refused");
	f.protected_bytes = TACIT_SLICE_ARRAY(with_kid);
	is_refused(&b, bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_FORMAT,
		   "stub.cose.alg", "another label is refused");
	f.protected_bytes = TACIT_SLICE_ARRAY(longer);
	is_status(bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_FORMAT,
		  "a longer head is refused");
	f.protected_bytes = tacit_slice_of("", 0);
	is_status(bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_FORMAT,
		  "an empty header is refused");
}

/* The unprotected header is not under the signature, so nothing may stand in it. */
static void test_unprotected(void)
{
	static const uint8_t kid[] = { 0xa1, 0x04, 0x41, 0x00 };
	uint8_t bytes[TACIT_STUB_MAX];

	bench_init(&b);
	struct tacit_slice raw = bench_evidence(&b);
	memcpy(bytes, raw.ptr, 6);
	memcpy(bytes + 6, kid, sizeof(kid));
	memcpy(bytes + 6 + sizeof(kid), raw.ptr + 7, raw.len - 7);
	is_refused(&b, bench_judge(&b, tacit_slice_of(bytes, raw.len - 1 + sizeof(kid))),
		   TACIT_FORMAT, "stub.format", "an unprotected label is refused");
	is_refused(&b, bench_judge(&b, tacit_slice_of(raw.ptr + 1, raw.len - 1)), TACIT_FORMAT,
		   "stub.format", "so is a message without its tag");
}

/* Re-signed payloads: the signature is good, so the payload's own rules must hold. */
static void refuse_payload(struct tacit_slice payload, const char *name)
{
	uint8_t room[2 * TACIT_STUB_MAX];
	struct tacit_cose_sign1 cose;
	struct forged f = honest(&b, &cose);

	f.payload = payload;
	is_refused(&b, bench_judge(&b, forge(&f, tacit_mut_of(room, sizeof(room)))), TACIT_FORMAT,
		   "stub.payload", name);
	ok(!tacit_verdict_genuine(&b.verdict), "and is not genuine");
}

static void edit_payload(const char *find, size_t at, uint8_t value, const char *name)
{
	uint8_t bytes[TACIT_STUB_MAX];
	struct tacit_cose_sign1 cose;
	struct forged f = honest(&b, &cose);
	struct tacit_slice want = tacit_slice_str(find);

	memcpy(bytes, f.payload.ptr, f.payload.len);
	for (size_t i = 0; i + want.len <= f.payload.len; i++)
		if (memcmp(bytes + i, want.ptr, want.len) == 0) {
			bytes[i + at] = value;
			refuse_payload(tacit_slice_of(bytes, f.payload.len), name);
			return;
		}
	ok(false, "%s: text to edit is there", name);
}

static void test_payload(void)
{
	struct tacit_cose_sign1 cose;
	struct forged f = honest(&b, &cose);
	uint8_t longer[TACIT_STUB_MAX];

	memcpy(longer, f.payload.ptr, f.payload.len);
	longer[f.payload.len] = 0xf6;
	refuse_payload(tacit_slice_of(longer, f.payload.len + 1), "a trailing item is refused");
	refuse_payload(tacit_slice_of(longer, f.payload.len - 1), "a cut payload is refused");
	refuse_payload(tacit_slice_str(""), "an empty payload is refused");
	edit_payload("\xa8\x63tee", 0, 0xa7, "a head for seven members is refused");
	edit_payload("tacit-stub/1", 11, '2', "another format is refused");
	edit_payload("NOT a TEE", 0, 'n', "a changed warning is refused");
	edit_payload("timestamp", 0, 'T', "an unknown member is refused");
	edit_payload("debug", 5, 0xf6, "debug that is null is refused");
	edit_payload("debug", 5, 0x00, "debug that is a number is refused");
	edit_payload("nonce", 5, 0xf6, "a null nonce with bytes after it is refused");
	edit_payload("nonce", 5, 0x78, "a nonce of text is refused");
	edit_payload("timestamp", 9, 0x3b, "a negative timestamp is refused");
	edit_payload("timestamp", 9, 0xfb, "a timestamp with a fraction is refused");
	edit_payload("pcr1", 3, '0', "a repeated measurement is refused");
	edit_payload("pcr2", 3, '3', "an unknown measurement is refused");
	edit_payload("pcr0", 5, 0x2f, "a short measurement is refused");
	edit_payload("measurements", 12, 0xa2, "two measurements are refused");
	edit_payload("measurements", 12, 0xbf, "an indefinite map is refused");
	edit_payload("public_key", 10, 0x40, "an empty public key is refused");
}

static void refuse_doc(const char *name)
{
	uint8_t room[TACIT_STUB_MAX];
	struct tacit_slice out = { room, 7 };

	is_status(tacit_stub_encode(&b.doc, tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_FORMAT, name);
	ok(out.len == 7, "and the output is left alone");
}

static void test_encode_bounds(void)
{
	static uint8_t data[TACIT_STUB_DATA_MAX + 1];

	bench_init(&b);
	b.doc.nonce = tacit_slice_of(data, TACIT_STUB_NONCE_MAX + 1);
	refuse_doc("a nonce of 65 bytes is not signed");
	b.doc.nonce = tacit_slice_of(data, 0);
	refuse_doc("nor an empty one");
	b.doc.nonce = tacit_slice_of(data, TACIT_STUB_NONCE_MAX);
	b.doc.user_data = tacit_slice_of(data, TACIT_STUB_DATA_MAX + 1);
	refuse_doc("user data of 1,025 bytes are not signed");
	b.doc.user_data = tacit_slice_of(data, TACIT_STUB_DATA_MAX);
	b.doc.public_key = tacit_slice_of(data, TACIT_STUB_DATA_MAX + 1);
	refuse_doc("nor is such a public key");
	b.doc.public_key = tacit_slice_of(data, TACIT_STUB_DATA_MAX);
	is_status(bench_verify(&b), TACIT_OK, "everything at its longest is signed and accepted");
	ok(tacit_verdict_claims(&b.verdict)->public_key.len == TACIT_STUB_DATA_MAX, "whole");
}

static void test_encode_room(void)
{
	uint8_t room[TACIT_STUB_MAX];
	struct tacit_slice out = { NULL, 0 };
	bool limit = true;

	bench_init(&b);
	size_t len = bench_evidence(&b).len;
	for (size_t n = 0; n < len; n += 7)
		limit &=
			tacit_stub_encode(&b.doc, tacit_mut_of(room, n), &out, NULL) == TACIT_LIMIT;
	ok(limit && !out.ptr, "too little room is a limit");
}

static void test_time(void)
{
	bench_init(&b);
	b.doc.timestamp_ms = 0;
	is_refused(&b, bench_verify(&b), TACIT_FORMAT, "stub.time", "no time is malformed");
	b.doc.timestamp_ms = TACIT_STUB_TIME_MAX + 1;
	is_refused(&b, bench_verify(&b), TACIT_FORMAT, "stub.time", "the year 10000 is malformed");
	b.doc.timestamp_ms = UINT64_MAX;
	is_refused(&b, bench_verify(&b), TACIT_FORMAT, "stub.time", "the largest number too");
	b.doc.timestamp_ms = TACIT_STUB_TIME_MAX;
	b.cx.now = (int64_t)(TACIT_STUB_TIME_MAX / 1000);
	is_status(bench_verify(&b), TACIT_OK, "the last moment of 9999 is a time");
}

static void test_absent(void)
{
	bench_init(&b);
	b.doc.nonce = tacit_slice_of(NULL, 0);
	is_status(bench_verify(&b), TACIT_OK, "all optional members may be absent");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && !claims->nonce.ptr && !claims->user_data.ptr && !claims->public_key.ptr,
	   "and then are absent in the claims");
	ok(claims && claims->valid_until == INT64_MAX && !claims->tcb_status, "nothing expires");
}

int main(void)
{
	test_shape();
	test_root();
	test_flips();
	test_cuts();
	test_signature();
	test_header();
	test_unprotected();
	test_payload();
	test_encode_bounds();
	test_encode_room();
	test_time();
	test_absent();
	return done();
}
