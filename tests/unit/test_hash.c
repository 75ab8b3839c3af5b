/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <openssl/err.h>

#include "base/compiler.h"
#include "tests/tap.h"
#include "wycheproof.h"

static const enum tacit_hash_alg ALGS[] = { TACIT_SHA256, TACIT_SHA384, TACIT_SHA512 };

#define UNKNOWN ((enum tacit_hash_alg)99)

/* [FIPS 180-4 examples] */
static const struct {
	const char *text, *digests[3];
} KNOWN[] = {
	{ "",
	  { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2"
	    "f1"
	    "4898b95b",
	    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318"
	    "d2"
	    "877eec2f63b931bd47417a81a538327af927da3e" } },
	{ "abc",
	  { "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baec"
	    "a1"
	    "34c825a7",
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c"
	    "23"
	    "a3feebbd454d4423643ce80e2a9ac94fa54ca49f" } },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  { "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	    "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b"
	    "1f"
	    "e3c8452b",
	    "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3b"
	    "ea"
	    "57789ca031ad85c7a71dd70354ec631238ca3445" } },
};

/* [RFC 4231 4.2, 4.3, 4.7] */
static const struct {
	const char *key, *text, *macs[3];
} MACS[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	  "Hi There",
	  { "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	    "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152"
	    "e8"
	    "b2fa9cb6",
	    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b27"
	    "4e"
	    "aea3f4e4be9d914eeb61f1702e696c203a126854" } },
	{ "4a656665",
	  "what do ya want for nothing?",
	  { "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239"
	    "ec"
	    "fab21649",
	    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f"
	    "65"
	    "f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" } },
	{ NULL, /* 131 bytes of aa */
	  "Test Using Larger Than Block-Size Key - Hash Key First",
	  { "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	    "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248d"
	    "f1"
	    "63f44952",
	    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2"
	    "21"
	    "5d6a1e5295e64f73f63f0aec8b915a985d786598" } },
};

static void is_digest(enum tacit_hash_alg alg, const uint8_t *got, const char *hex,
		      const char *name)
{
	is_slice(tacit_slice_of(got, tacit_hash_len(alg)), pool_hex(hex), name);
}

static void test_known(enum tacit_hash_alg alg)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(KNOWN); i++) {
		uint8_t digest[TACIT_HASH_MAX];
		struct tacit_slice text = tacit_slice_str(KNOWN[i].text);
		struct tacit_slice halves[] = {
			tacit_slice_of(text.ptr, text.len / 2),
			tacit_slice_of(NULL, 0),
			tacit_slice_of(text.ptr + text.len / 2, text.len - text.len / 2),
		};

		is_status(tacit_hash(alg, text, digest, NULL), TACIT_OK, "hash");
		is_digest(alg, digest, KNOWN[i].digests[alg], "known digest");
		is_status(tacit_hash_parts(alg, halves, 3, digest, NULL), TACIT_OK, "parts");
		is_digest(alg, digest, KNOWN[i].digests[alg], "the same in parts");
	}
	pool_done();
}

static void test_hasher(enum tacit_hash_alg alg)
{
	uint8_t digest[TACIT_HASH_MAX];
	struct tacit_hasher *hasher = tacit_hasher_new(alg);

	if (!ok(hasher != NULL, "hasher"))
		return;
	is_status(tacit_hasher_peek(hasher, digest, NULL), TACIT_OK, "peek at nothing");
	is_digest(alg, digest, KNOWN[0].digests[alg], "is the empty digest");
	tacit_hasher_update(hasher, tacit_slice_str("ab"));
	is_status(tacit_hasher_peek(hasher, digest, NULL), TACIT_OK, "peek half-way");
	tacit_hasher_update(hasher, tacit_slice_of(NULL, 0));
	tacit_hasher_update(hasher, tacit_slice_str("c"));
	is_status(tacit_hasher_peek(hasher, digest, NULL), TACIT_OK, "peek at the end");
	is_digest(alg, digest, KNOWN[1].digests[alg], "a peek does not disturb");
	is_status(tacit_hasher_final(hasher, digest, NULL), TACIT_OK, "final");
	is_digest(alg, digest, KNOWN[1].digests[alg], "final digest");
	tacit_hasher_update(hasher, tacit_slice_str(KNOWN[2].text));
	is_status(tacit_hasher_final(hasher, digest, NULL), TACIT_OK, "used again");
	is_digest(alg, digest, KNOWN[2].digests[alg], "starts afresh");
	tacit_hasher_free(hasher);
	pool_done();
}

static void test_hmac(enum tacit_hash_alg alg)
{
	uint8_t long_key[131], mac[TACIT_HASH_MAX];

	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MACS); i++) {
		struct tacit_slice key =
			MACS[i].key ? pool_hex(MACS[i].key) : TACIT_SLICE_ARRAY(long_key);
		struct tacit_slice text = tacit_slice_str(MACS[i].text);
		struct tacit_slice parts[] = { tacit_slice_of(text.ptr, 1), tacit_slice_of(NULL, 0),
					       tacit_slice_of(text.ptr + 1, text.len - 1) };

		is_status(tacit_hmac(alg, key, text, mac, NULL), TACIT_OK, "hmac");
		is_digest(alg, mac, MACS[i].macs[alg], "known mac [RFC 4231]");
		is_status(tacit_hmac_parts(alg, key, parts, 3, mac, NULL), TACIT_OK, "in parts");
		is_digest(alg, mac, MACS[i].macs[alg], "the same in parts");
	}
	pool_done();
}

static void test_hmac_empty(void)
{
	uint8_t mac[TACIT_HASH_MAX];

	is_status(tacit_hmac(TACIT_SHA256, tacit_slice_of(NULL, 0), tacit_slice_of(NULL, 0), mac,
			     NULL),
		  TACIT_OK, "no key, no text");
	is_digest(TACIT_SHA256, mac,
		  "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", "its mac");
	pool_done();
}

/* [RFC 5869 A.1 to A.3] */
static const struct {
	const char *ikm, *salt, *info, *prk, *okm;
} HKDFS[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	  "f0f1f2f3f4f5f6f7f8f9",
	  "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
	{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"
	  "2a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
	  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283848586878889"
	  "8a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9"
	  "dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
	  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
	  "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87" },
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	  "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
	  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void test_hkdf(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(HKDFS); i++) {
		struct tacit_slice want = pool_hex(HKDFS[i].okm), info = pool_hex(HKDFS[i].info);
		struct tacit_slice halves[] = {
			tacit_slice_of(info.ptr, info.len / 2),
			tacit_slice_of(info.ptr + info.len / 2, info.len - info.len / 2),
		};
		struct tacit_mut okm = pool_room(want.len), again = pool_room(want.len);
		uint8_t prk[TACIT_HASH_MAX];

		is_status(tacit_hkdf_extract(TACIT_SHA256, pool_hex(HKDFS[i].salt),
					     pool_hex(HKDFS[i].ikm), prk, NULL),
			  TACIT_OK, "extract");
		is_digest(TACIT_SHA256, prk, HKDFS[i].prk, "known prk [RFC 5869]");
		is_status(tacit_hkdf_expand(TACIT_SHA256, tacit_slice_of(prk, 32), info, okm, NULL),
			  TACIT_OK, "expand");
		is_slice(pool_view(okm), want, "known output [RFC 5869]");
		is_status(tacit_hkdf_expand_parts(TACIT_SHA256, tacit_slice_of(prk, 32), halves, 2,
						  again, NULL),
			  TACIT_OK, "in parts");
		is_slice(pool_view(again), want, "the same in parts");
	}
	pool_done();
}

static void test_hkdf_limit(enum tacit_hash_alg alg)
{
	size_t most = 255 * tacit_hash_len(alg);
	struct tacit_slice prk = pool_hex("000102030405060708090a0b0c0d0e0f");
	struct tacit_mut room = pool_room(most + 1);
	struct tacit_slice none = { NULL, 0 };

	is_status(tacit_hkdf_expand(alg, prk, none, room, NULL), TACIT_LIMIT, "one byte too many");
	ok(all_bytes(pool_view(room), 0xa5), "and nothing written");
	is_status(tacit_hkdf_expand(alg, prk, none, tacit_mut_of(room.ptr, most), NULL), TACIT_OK,
		  "255 digests");
	ok(room.ptr[most] == 0xa5, "and not a byte more");
	is_status(tacit_hkdf_expand(alg, prk, none, tacit_mut_of(room.ptr, 0), NULL), TACIT_OK,
		  "no output");
	pool_done();
}

static void test_unknown(void)
{
	struct tacit_slice text = tacit_slice_str("abc");
	struct tacit_error err = { 0 };
	uint8_t digest[TACIT_HASH_MAX];

	memset(digest, 0xa5, sizeof(digest));
	ok(tacit_hash_len(UNKNOWN) == 0, "an unknown hash has no length");
	is_status(tacit_hash(UNKNOWN, text, digest, &err), TACIT_UNSUPPORTED, "unknown hash");
	ok(err.status == TACIT_UNSUPPORTED && strcmp(err.where, "crypto.hash") == 0, "says where");
	is_status(tacit_hmac(UNKNOWN, text, text, digest, NULL), TACIT_UNSUPPORTED, "unknown hmac");
	is_status(tacit_hkdf_expand(UNKNOWN, text, text, tacit_mut_of(digest, 8), NULL),
		  TACIT_UNSUPPORTED, "unknown hkdf");
	ok(all_bytes(TACIT_SLICE_ARRAY(digest), 0xa5), "outputs untouched");
	ok(tacit_hasher_new(UNKNOWN) == NULL, "no unknown hasher");
	tacit_hasher_free(NULL);
	ok(ERR_peek_error() == 0, "the library's error queue is empty");
}

static bool run_hkdf(const json_t *group, const json_t *test)
{
	size_t size = number_member(test, "size");
	struct tacit_mut okm = pool_room(size);
	uint8_t prk[TACIT_HASH_MAX];

	(void)group;
	if (tacit_hkdf_extract(TACIT_SHA256, pool_member(test, "salt"), pool_member(test, "ikm"),
			       prk, NULL) != TACIT_OK)
		return false;

	enum tacit_status st = tacit_hkdf_expand(TACIT_SHA256, tacit_slice_of(prk, 32),
						 pool_member(test, "info"), okm, NULL);
	if (result_is(test, "invalid"))
		return st == TACIT_LIMIT;
	return result_is(test, "valid") && st == TACIT_OK &&
	       tacit_slice_eq(pool_view(okm), pool_member(test, "okm"));
}

int main(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++) {
		test_known(ALGS[i]);
		test_hasher(ALGS[i]);
		test_hmac(ALGS[i]);
		test_hkdf_limit(ALGS[i]);
	}
	test_hmac_empty();
	test_hkdf();
	test_unknown();
	wycheproof_run("wycheproof/hkdf_sha256_test.json", run_hkdf);
	return done();
}
