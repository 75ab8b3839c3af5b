/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>

#include "base/compiler.h"
#include "crypto/key.h"
#include "tests/tap.h"
#include "wycheproof.h"

/* ECDSA signatures, and key agreement on all three curves. */

/* [RFC 6979 A.2.5 and A.2.6, the message "sample" with the curve's own hash] */
static const struct known {
	enum tacit_key_alg alg;
	const char *secret, *public, *signature;
} KNOWN[] = {
	{ TACIT_P256, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
	  "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	  "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	  "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	  "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
	{ TACIT_P384,
	  "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea"
	  "60d2edf5",
	  "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254"
	  "515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4"
	  "fe7344fd2533264720",
	  "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e"
	  "80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e"
	  "7b82c71a38628ac8" },
};

static struct tacit_key *public_key(enum tacit_key_alg alg, struct tacit_slice raw)
{
	struct tacit_key *key = NULL;

	return tacit_key_public(alg, raw, &key, NULL) == TACIT_OK ? key : NULL;
}

static struct tacit_key *private_key(enum tacit_key_alg alg, struct tacit_slice secret)
{
	struct tacit_key *key = NULL;

	return tacit_key_private(alg, secret, &key, NULL) == TACIT_OK ? key : NULL;
}

static void test_known(const struct known *known)
{
	struct tacit_slice message = tacit_slice_str("sample");
	struct tacit_slice good = pool_hex(known->signature), raw = pool_hex(known->public);
	struct tacit_key *public = public_key(known->alg, raw);
	struct tacit_key *private = private_key(known->alg, pool_hex(known->secret));
	uint8_t own[TACIT_PUBLIC_MAX], signature[TACIT_SIGNATURE_MAX];
	size_t len = 0;

	is_status(tacit_key_export_public(private, own, &len, NULL), TACIT_OK, "public part");
	is_slice(tacit_slice_of(own, len), raw, "known public key [RFC 6979]");
	is_status(tacit_key_verify(public, message, good, NULL), TACIT_OK, "known signature");
	is_status(tacit_key_verify(public, tacit_slice_str("simple"), good, NULL), TACIT_SIGNATURE,
		  "another message");
	is_status(tacit_key_sign(private, message, signature, NULL), TACIT_OK, "signs");
	is_status(tacit_key_verify(public, message, tacit_slice_of(signature, good.len), NULL),
		  TACIT_OK, "and verifies");
	is_status(tacit_key_sign(public, message, signature, NULL), TACIT_USAGE,
		  "a public key does not sign");
	tacit_key_free(public);
	tacit_key_free(private);
	pool_done();
}

static void test_tampered(const struct known *known)
{
	struct tacit_slice message = tacit_slice_str("sample");
	struct tacit_slice good = pool_hex(known->signature);
	struct tacit_key *key = public_key(known->alg, pool_hex(known->public));
	struct tacit_mut bad = pool_room(good.len + 1);
	size_t refused = 0, half = good.len / 2;

	for (size_t bit = 0; bit < 8 * good.len; bit++) {
		memcpy(bad.ptr, good.ptr, good.len);
		bad.ptr[bit / 8] = (uint8_t)(bad.ptr[bit / 8] ^ (1u << (bit % 8)));
		refused += tacit_key_verify(key, message, tacit_slice_of(bad.ptr, good.len),
					    NULL) == TACIT_SIGNATURE;
	}
	ok(refused == 8 * good.len, "every flipped bit is refused");
	refused = 0;
	memcpy(bad.ptr, good.ptr, good.len);
	bad.ptr[good.len] = 0;
	for (size_t len = 0; len <= good.len + 1; len++)
		refused += tacit_key_verify(key, message, tacit_slice_of(bad.ptr, len), NULL) ==
			   TACIT_SIGNATURE;
	ok(refused == good.len + 1, "every other length is refused");
	memset(bad.ptr, 0, half);
	is_status(tacit_key_verify(key, message, tacit_slice_of(bad.ptr, good.len), NULL),
		  TACIT_SIGNATURE, "r = 0");
	memcpy(bad.ptr, good.ptr, half);
	memset(bad.ptr + half, 0, half);
	is_status(tacit_key_verify(key, message, tacit_slice_of(bad.ptr, good.len), NULL),
		  TACIT_SIGNATURE, "s = 0");
	memset(bad.ptr, 0, good.len);
	is_status(tacit_key_verify(key, message, tacit_slice_of(bad.ptr, good.len), NULL),
		  TACIT_SIGNATURE, "r = s = 0");
	memset(bad.ptr, 0xff, good.len);
	is_status(tacit_key_verify(key, message, tacit_slice_of(bad.ptr, good.len), NULL),
		  TACIT_SIGNATURE, "r and s above n");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
	tacit_key_free(key);
	pool_done();
}

/* Many signatures, so that numbers with leading zeros and high bits are met on both ways. */
static void test_many(enum tacit_key_alg alg)
{
	struct tacit_key *key = NULL;
	size_t len = tacit_key_signature_len(alg), verified = 0, short_r = 0;

	is_status(tacit_key_generate(alg, &key, NULL), TACIT_OK, "generate");
	for (unsigned int i = 0; i < 1024; i++) {
		uint8_t signature[TACIT_SIGNATURE_MAX];
		struct tacit_slice message = tacit_slice_of(&i, sizeof(i));

		verified += tacit_key_sign(key, message, signature, NULL) == TACIT_OK &&
			    tacit_key_verify(key, message, tacit_slice_of(signature, len), NULL) ==
				    TACIT_OK;
		short_r += signature[0] == 0 || signature[len / 2] == 0;
	}
	ok(verified == 1024, "1,024 signatures verify, %zu with a leading zero", short_r);
	tacit_key_free(key);
}

static void test_wrong_types(void)
{
	static const enum tacit_key_alg SIGNING[] = { TACIT_ED25519, TACIT_P256, TACIT_P384 };
	struct tacit_slice message = tacit_slice_str("message");
	uint8_t out[TACIT_SIGNATURE_MAX];
	struct tacit_secret shared = { .len = 7 };
	struct tacit_key *agreeing = NULL, *edwards = NULL;

	memset(out, 0xa5, sizeof(out));
	is_status(tacit_key_generate(TACIT_X25519, &agreeing, NULL), TACIT_OK, "X25519");
	is_status(tacit_key_sign(agreeing, message, out, NULL), TACIT_USAGE, "does not sign");
	is_status(tacit_key_verify(agreeing, message, tacit_slice_of(out, 0), NULL), TACIT_USAGE,
		  "does not verify");
	is_status(tacit_key_generate(TACIT_ED25519, &edwards, NULL), TACIT_OK, "Ed25519");
	is_status(tacit_key_agree(edwards, tacit_slice_of(out, 32), &shared, NULL), TACIT_USAGE,
		  "does not agree");
	ok(shared.len == 7 && all_bytes(TACIT_SLICE_ARRAY(out), 0xa5), "outputs untouched");

	for (size_t i = 0; i < TACIT_ARRAY_LEN(SIGNING); i++) {
		struct tacit_key *a = NULL, *b = NULL;
		size_t len = tacit_key_signature_len(SIGNING[i]);

		is_status(tacit_key_generate(SIGNING[i], &a, NULL), TACIT_OK, "one key");
		is_status(tacit_key_generate(SIGNING[i], &b, NULL), TACIT_OK, "another key");
		is_status(tacit_key_sign(a, message, out, NULL), TACIT_OK, "signs");
		is_status(tacit_key_verify(b, message, tacit_slice_of(out, len), NULL),
			  TACIT_SIGNATURE, "verified by another key");
		tacit_key_free(a);
		tacit_key_free(b);
	}
	tacit_key_free(agreeing);
	tacit_key_free(edwards);
}

/* --- agreement --------------------------------------------------------------------------- */

/* [RFC 7748 5.2; RFC 5903 8.1 and 8.2, where the peer is given by its secret] */
static const struct {
	enum tacit_key_alg alg;
	const char *secret, *peer, *peer_secret, *shared;
} SHARED[] = {
	{ TACIT_X25519, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", NULL,
	  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
	{ TACIT_P256, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433", NULL,
	  "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
	  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
	{ TACIT_P384,
	  "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896"
	  "783ab194",
	  NULL,
	  "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd5"
	  "5a7448fc",
	  "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a2"
	  "70f59746" },
};

static struct tacit_slice public_of(enum tacit_key_alg alg, const char *secret)
{
	struct tacit_mut room = pool_room(TACIT_PUBLIC_MAX);
	struct tacit_key *key = private_key(alg, pool_hex(secret));
	size_t len = 0;

	if (!key || tacit_key_export_public(key, room.ptr, &len, NULL) != TACIT_OK)
		len = 0;
	tacit_key_free(key);
	return tacit_slice_of(room.ptr, len);
}

static void test_shared_known(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SHARED); i++) {
		enum tacit_key_alg alg = SHARED[i].alg;
		struct tacit_slice peer = SHARED[i].peer ? pool_hex(SHARED[i].peer)
							 : public_of(alg, SHARED[i].peer_secret);
		struct tacit_key *key = private_key(alg, pool_hex(SHARED[i].secret));
		struct tacit_secret shared = { 0 };

		is_status(tacit_key_agree(key, peer, &shared, NULL), TACIT_OK, "agree");
		is_slice(tacit_secret_view(&shared), pool_hex(SHARED[i].shared),
			 "known shared secret");
		tacit_secret_done(&shared);
		tacit_key_free(key);
	}
	pool_done();
}

static void test_agree(enum tacit_key_alg alg)
{
	struct tacit_key *keys[2] = { NULL, NULL }, *no_secret = NULL;
	struct tacit_secret shared[2] = { { 0 }, { 0 } };
	uint8_t points[2][TACIT_PUBLIC_MAX];
	size_t len = 0, kept;

	for (size_t i = 0; i < 2; i++) {
		is_status(tacit_key_generate(alg, &keys[i], NULL), TACIT_OK, "generate");
		is_status(tacit_key_export_public(keys[i], points[i], &len, NULL), TACIT_OK,
			  "public");
	}
	for (size_t i = 0; i < 2; i++)
		is_status(tacit_key_agree(keys[i], tacit_slice_of(points[1 - i], len), &shared[i],
					  NULL),
			  TACIT_OK, "agree");
	ok(tacit_secret_eq(&shared[0], &shared[1]), "both ends agree");
	ok(shared[0].len == (alg == TACIT_P384 ? 48 : 32), "length of the secret");

	kept = shared[0].len;
	is_status(tacit_key_public(alg, tacit_slice_of(points[0], len), &no_secret, NULL), TACIT_OK,
		  "public key");
	is_status(tacit_key_agree(no_secret, tacit_slice_of(points[1], len), &shared[0], NULL),
		  TACIT_USAGE, "a public key does not agree");
	is_status(tacit_key_agree(keys[0], tacit_slice_of(points[1], len - 1), &shared[0], NULL),
		  TACIT_FORMAT, "peer's key too short");
	points[1][len - 1] ^= 1;
	if (alg != TACIT_X25519)
		is_status(
			tacit_key_agree(keys[0], tacit_slice_of(points[1], len), &shared[0], NULL),
			TACIT_FORMAT, "peer's key off the curve");
	ok(shared[0].len == kept && tacit_secret_eq(&shared[0], &shared[1]), "output untouched");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
	for (size_t i = 0; i < 2; i++) {
		tacit_key_free(keys[i]);
		tacit_secret_done(&shared[i]);
	}
	tacit_key_free(no_secret);
}

/* u of small order, where every agreement gives zero: 0, 1, p - 1, p, p + 1 and order 8. */
static void test_zero_shared(void)
{
	static const char *const POINTS[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct tacit_key *key = NULL;
	struct tacit_secret shared = { .len = 7 };

	is_status(tacit_key_generate(TACIT_X25519, &key, NULL), TACIT_OK, "generate");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(POINTS); i++)
		is_status(tacit_key_agree(key, pool_hex(POINTS[i]), &shared, NULL), TACIT_FORMAT,
			  "a peer that forces the secret to zero");
	ok(shared.len == 7 && ERR_peek_error() == 0, "nothing is left behind");
	tacit_key_free(key);
	pool_done();
}

/* --- Wycheproof -------------------------------------------------------------------------- */

static bool run_ecdsa(enum tacit_key_alg alg, const json_t *group, const json_t *test)
{
	const json_t *point = json_object_get(group, "publicKey");
	struct tacit_slice message = pool_member(test, "msg"), sig = pool_member(test, "sig");
	struct tacit_key *raw = public_key(alg, pool_member(point, "uncompressed"));
	struct tacit_key *der = NULL;
	bool loaded = tacit_key_spki(pool_member(group, "publicKeyDer"), &der, NULL) == TACIT_OK;
	bool valid = raw && tacit_key_verify(raw, message, sig, NULL) == TACIT_OK;
	bool same = loaded && (tacit_key_verify(der, message, sig, NULL) == TACIT_OK) == valid;

	tacit_key_free(raw);
	tacit_key_free(der);
	return same && (result_is(test, "valid") || result_is(test, "invalid")) &&
	       valid == result_is(test, "valid");
}

static bool run_p256(const json_t *group, const json_t *test)
{
	return run_ecdsa(TACIT_P256, group, test);
}

static bool run_p384(const json_t *group, const json_t *test)
{
	return run_ecdsa(TACIT_P384, group, test);
}

/*
 * "acceptable" here are points on the twist, non-canonical ones and those of small order. We take
 * them all, as RFC 7748 does, but those that give zero.
 */
static bool run_x25519(const json_t *group, const json_t *test)
{
	struct tacit_slice want = pool_member(test, "shared");
	struct tacit_key *key = private_key(TACIT_X25519, pool_member(test, "private"));
	struct tacit_secret shared = { 0 };
	enum tacit_status st =
		key ? tacit_key_agree(key, pool_member(test, "public"), &shared, NULL)
		    : TACIT_INTERNAL;
	bool agrees = st == TACIT_OK && tacit_slice_eq(tacit_secret_view(&shared), want);

	(void)group;
	tacit_key_free(key);
	tacit_secret_done(&shared);
	if (all_bytes(want, 0))
		return st == TACIT_FORMAT && has_flag(test, "ZeroSharedSecret");
	return agrees && !result_is(test, "invalid");
}

int main(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++) {
		test_known(&KNOWN[i]);
		test_tampered(&KNOWN[i]);
		test_many(KNOWN[i].alg);
		test_agree(KNOWN[i].alg);
	}
	test_wrong_types();
	test_shared_known();
	test_agree(TACIT_X25519);
	test_zero_shared();
	wycheproof_run("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", run_p256);
	wycheproof_run("wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", run_p384);
	wycheproof_run("wycheproof/x25519_test.json", run_x25519);
	skip("wycheproof/rsa_oaep_2048_sha256_mgf1sha256_test.json",
	     "RSA-OAEP comes with key release; the seam has none yet");
	return done();
}
