/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "tests/tap.h"
#include "wycheproof.h"

/* Ed25519 under the four rules: what OpenSSL alone would take, and we must not. */

#define L_HEX "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"

/* [RFC 8032 7.1, tests 1 to 3] */
static const struct {
	const char *seed, *public, *message, *signature;
} KNOWN[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
	  "1cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
	  "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
	  "984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

/* All encodings of the eight small-order points: canonical, and with p added where it fits. */
static const char *const SMALL_ORDER[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static struct tacit_key *public_key(struct tacit_slice raw)
{
	struct tacit_key *key = NULL;

	return tacit_key_public(TACIT_ED25519, raw, &key, NULL) == TACIT_OK ? key : NULL;
}

/* As a relying party has it: a key and a signature, either of which may be at fault. */
static bool verifies(struct tacit_slice public, struct tacit_slice message,
		     struct tacit_slice signature)
{
	struct tacit_key *key = public_key(public);
	bool valid = key && tacit_key_verify(key, message, signature, NULL) == TACIT_OK;

	tacit_key_free(key);
	return valid;
}

/* OpenSSL by itself, without the rules about small order. */
static bool bare_verifies(struct tacit_slice public, struct tacit_slice message,
			  struct tacit_slice signature)
{
	EVP_PKEY *pkey =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public.ptr, public.len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool valid =
		pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return valid;
}

static void test_known(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++) {
		struct tacit_slice message = pool_hex(KNOWN[i].message);
		struct tacit_slice want = pool_hex(KNOWN[i].signature);
		struct tacit_key *key = NULL;
		uint8_t public[TACIT_PUBLIC_MAX], signature[TACIT_SIGNATURE_MAX];
		size_t len = 0;

		is_status(tacit_key_private(TACIT_ED25519, pool_hex(KNOWN[i].seed), &key, NULL),
			  TACIT_OK, "seed");
		is_status(tacit_key_export_public(key, public, &len, NULL), TACIT_OK, "public");
		is_slice(tacit_slice_of(public, len), pool_hex(KNOWN[i].public), "known key");
		is_status(tacit_key_sign(key, message, signature, NULL), TACIT_OK, "signs");
		is_slice(tacit_slice_of(signature, 64), want, "known signature [RFC 8032]");
		is_status(tacit_key_verify(key, message, want, NULL), TACIT_OK, "verifies itself");
		ok(verifies(tacit_slice_of(public, len), message, want), "verifies by public key");
		tacit_key_free(key);
	}
	pool_done();
}

static void test_flips(void)
{
	struct tacit_slice message = pool_hex(KNOWN[2].message);
	struct tacit_slice good = pool_hex(KNOWN[2].signature);
	struct tacit_key *key = public_key(pool_hex(KNOWN[2].public));
	struct tacit_mut bad = pool_room(64);
	size_t refused = 0;

	for (size_t bit = 0; bit < 512; bit++) {
		struct tacit_error err = { 0 };

		memcpy(bad.ptr, good.ptr, 64);
		bad.ptr[bit / 8] = (uint8_t)(bad.ptr[bit / 8] ^ (1u << (bit % 8)));
		refused +=
			tacit_key_verify(key, message, pool_view(bad), &err) == TACIT_SIGNATURE &&
			err.status == TACIT_SIGNATURE;
	}
	ok(refused == 512, "every flipped bit of a signature is refused");
	is_status(tacit_key_verify(key, tacit_slice_of("\xaf\x83", 2), good, NULL), TACIT_SIGNATURE,
		  "another message");
	for (size_t len = 0; len < 64; len++)
		refused += tacit_key_verify(key, message, tacit_slice_of(good.ptr, len), NULL) ==
			   TACIT_SIGNATURE;
	ok(refused == 576, "every truncation is refused");
	is_status(tacit_key_verify(key, message, tacit_slice_of(good.ptr, 65), NULL),
		  TACIT_SIGNATURE, "one byte more");
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
	tacit_key_free(key);
	pool_done();
}

static void test_small_order_keys(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SMALL_ORDER); i++) {
		struct tacit_slice point = pool_hex(SMALL_ORDER[i]);
		struct tacit_key *key = NULL;
		struct tacit_error err = { 0 };

		ok(tacit_ed25519_small_order(point.ptr), "small order: %s", SMALL_ORDER[i]);
		is_status(tacit_key_public(TACIT_ED25519, point, &key, &err), TACIT_FORMAT,
			  "no key");
		ok(key == NULL && strstr(err.detail, "small order"), "and the reason is said");
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++)
		ok(!tacit_ed25519_small_order(pool_hex(KNOWN[i].public).ptr), "an honest key");
	pool_done();
}

/* Neighbours of the small-order encodings: the comparison looks at every bit but the sign. */
static void test_near_small_order(void)
{
	size_t other = 0, tried = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(SMALL_ORDER); i += 2) {
		struct tacit_slice point = pool_hex(SMALL_ORDER[i]);

		for (size_t bit = 0; bit < 255; bit++) {
			uint8_t near[32];

			memcpy(near, point.ptr, 32);
			near[bit / 8] = (uint8_t)(near[bit / 8] ^ (1u << (bit % 8)));
			tried++;
			other += !tacit_ed25519_small_order(near);
		}
	}
	/* One bit apart are 0 and 1, p - 1 and p, p - 1 and p + 1; each is met from both ends. */
	ok(other == tried - 6, "one bit away is another point (%zu of %zu)", other, tried);
	pool_done();
}

/* little-endian bytes <-> number */
static BIGNUM *number_of(const uint8_t *bytes, size_t len)
{
	return BN_lebin2bn(bytes, (int)len, NULL);
}

/* S = value * factor mod L */
static void reduce(const uint8_t *value, size_t len, const BIGNUM *factor, uint8_t ret[static 32])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *order = NULL, *s = number_of(value, len);

	BN_hex2bn(&order, L_HEX);
	BN_mod_mul(s, s, factor, order, ctx);
	BN_bn2lebinpad(s, ret, 32);
	BN_free(s);
	BN_free(order);
	BN_CTX_free(ctx);
}

/* The secret scalar a of a seed [RFC 8032 5.1.5]. */
static void clamped(struct tacit_slice seed, uint8_t ret[static 32])
{
	uint8_t hash[64];

	if (tacit_hash(TACIT_SHA512, seed, hash, NULL) != TACIT_OK)
		exit(1);
	memcpy(ret, hash, 32);
	ret[0] &= 0xf8;
	ret[31] = (uint8_t)((ret[31] & 0x7f) | 0x40);
}

/* A is the identity: [S]B = R + [k]A for any message when R = [S]B. */
static void test_identity_key(void)
{
	struct tacit_slice identity = pool_hex(SMALL_ORDER[2]);
	struct tacit_slice message = tacit_slice_str("whatever one likes");
	uint8_t scalar[32], signature[64];
	BIGNUM *one = BN_new();

	BN_one(one);
	clamped(pool_hex(KNOWN[0].seed), scalar);
	memcpy(signature, pool_hex(KNOWN[0].public).ptr, 32);
	reduce(scalar, 32, one, signature + 32);
	ok(bare_verifies(identity, message, TACIT_SLICE_ARRAY(signature)),
	   "the equation holds for A of small order, and any message");
	ok(!verifies(identity, message, TACIT_SLICE_ARRAY(signature)), "we refuse it");
	BN_free(one);
	pool_done();
}

/* R is the identity: the equation holds when S = k * a. */
static void test_identity_r(void)
{
	struct tacit_slice message = tacit_slice_str("message"), public = pool_hex(KNOWN[1].public);
	struct tacit_slice identity = pool_hex(SMALL_ORDER[2]);
	struct tacit_slice parts[] = { identity, public, message };
	struct tacit_key *key = public_key(public);
	struct tacit_error err = { 0 };
	uint8_t scalar[32], k[64], signature[64];

	clamped(pool_hex(KNOWN[1].seed), scalar);
	BIGNUM *a = number_of(scalar, 32);
	is_status(tacit_hash_parts(TACIT_SHA512, parts, 3, k, NULL), TACIT_OK, "k");
	memcpy(signature, identity.ptr, 32);
	reduce(k, 64, a, signature + 32);
	ok(bare_verifies(public, message, TACIT_SLICE_ARRAY(signature)),
	   "the equation holds for R of small order");
	is_status(tacit_key_verify(key, message, TACIT_SLICE_ARRAY(signature), &err),
		  TACIT_SIGNATURE, "we refuse it");
	ok(strstr(err.detail, "small order") != NULL, "and say why: %s", err.detail);
	BN_free(a);
	tacit_key_free(key);
	pool_done();
}

/* S + L satisfies the equation too; only the rule S < L refuses it. */
static void test_s_range(void)
{
	struct tacit_slice message = pool_hex(KNOWN[1].message);
	struct tacit_key *key = public_key(pool_hex(KNOWN[1].public));
	struct tacit_error err = { 0 };
	uint8_t signature[64];
	BIGNUM *order = NULL, *s;

	memcpy(signature, pool_hex(KNOWN[1].signature).ptr, 64);
	BN_hex2bn(&order, L_HEX);
	s = number_of(signature + 32, 32);
	BN_add(s, s, order);
	BN_bn2lebinpad(s, signature + 32, 32);
	is_status(tacit_key_verify(key, message, TACIT_SLICE_ARRAY(signature), &err),
		  TACIT_SIGNATURE, "S + L");
	ok(strstr(err.detail, "below l") != NULL, "said by our own check: %s", err.detail);

	BN_bn2lebinpad(order, signature + 32, 32);
	tacit_error_clear(&err);
	is_status(tacit_key_verify(key, message, TACIT_SLICE_ARRAY(signature), &err),
		  TACIT_SIGNATURE, "S = L");
	ok(strstr(err.detail, "below l") != NULL, "said by our own check: %s", err.detail);

	BN_sub_word(order, 1);
	BN_bn2lebinpad(order, signature + 32, 32);
	tacit_error_clear(&err);
	is_status(tacit_key_verify(key, message, TACIT_SLICE_ARRAY(signature), &err),
		  TACIT_SIGNATURE, "S = L - 1 is in range, and wrong");
	ok(strstr(err.detail, "below l") == NULL, "said by the library: %s", err.detail);
	BN_free(s);
	BN_free(order);
	tacit_key_free(key);
	pool_done();
}

/* y = 2 is on the curve's twist: 32 bytes that are no point. */
static void test_undecodable_key(void)
{
	uint8_t raw[32] = { 2 };

	ok(!verifies(TACIT_SLICE_ARRAY(raw), pool_hex(KNOWN[1].message),
		     pool_hex(KNOWN[1].signature)),
	   "a key that does not decode verifies nothing");
	pool_done();
}

static bool run_wycheproof(const json_t *group, const json_t *test)
{
	const json_t *key = json_object_get(group, "publicKey");
	struct tacit_slice pk = pool_member(key, "pk"), der = pool_member(group, "publicKeyDer");
	struct tacit_slice message = pool_member(test, "msg"), sig = pool_member(test, "sig");
	const char *pem = json_string_value(json_object_get(group, "publicKeyPem"));
	struct tacit_key *from_der = NULL, *from_pem = NULL;
	bool valid = verifies(pk, message, sig);
	bool same = tacit_key_spki(der, &from_der, NULL) == TACIT_OK &&
		    tacit_key_pem(tacit_slice_str(pem), &from_pem, NULL) == TACIT_OK;

	same = same && (tacit_key_verify(from_der, message, sig, NULL) == TACIT_OK) == valid &&
	       (tacit_key_verify(from_pem, message, sig, NULL) == TACIT_OK) == valid;
	tacit_key_free(from_der);
	tacit_key_free(from_pem);
	return same && (result_is(test, "valid") || result_is(test, "invalid")) &&
	       valid == result_is(test, "valid");
}

/* Case 3 alone satisfies all four rules: A and R of mixed order, and the equation holds. */
static void test_speccheck(void)
{
	json_t *cases = vector_json("ed25519/speccheck_cases.json"), *test;
	size_t i;

	if (!cases)
		return;
	ok(json_array_size(cases) == 12, "speccheck has 12 cases");
	json_array_foreach(cases, i, test)
	{
		bool valid = verifies(pool_member(test, "pub_key"), pool_member(test, "message"),
				      pool_member(test, "signature"));

		ok(valid == (i == 3), "speccheck case %zu %s", i,
		   valid ? "verifies" : "is refused");
		pool_done();
	}
	json_decref(cases);
}

/* Which of them satisfy the four rules follows from the flags. */
static bool cctv_expected(const json_t *test)
{
	static const char *const REFUSED[] = { "low_order_A", "low_order_R", "low_order_residue" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(REFUSED); i++) {
		if (has_flag(test, REFUSED[i]))
			return false;
	}
	return true;
}

static void test_cctv(void)
{
	json_t *cases = vector_json("ed25519/cctv_ed25519vectors.json"), *test;
	size_t i, agreed = 0, valid_count = 0;

	if (!cases)
		return;
	json_array_foreach(cases, i, test)
	{
		const char *text = json_string_value(json_object_get(test, "msg"));
		bool valid = verifies(pool_member(test, "key"), tacit_slice_str(text),
				      pool_member(test, "sig"));

		agreed += valid == cctv_expected(test);
		valid_count += valid;
		if (valid != cctv_expected(test))
			printf("# cctv case %zu %s\n", i, valid ? "verifies" : "is refused");
		pool_done();
	}
	ok(json_array_size(cases) == 914, "cctv has 914 cases");
	ok(agreed == 914, "all are judged by the four rules (%zu)", agreed);
	ok(valid_count == 43, "43 of them verify (%zu)", valid_count);
	json_decref(cases);
}

int main(void)
{
	test_known();
	test_flips();
	test_small_order_keys();
	test_near_small_order();
	test_identity_key();
	test_identity_r();
	test_s_range();
	test_undecodable_key();
	wycheproof_run("wycheproof/ed25519_test.json", run_wycheproof);
	test_speccheck();
	test_cctv();
	return done();
}
