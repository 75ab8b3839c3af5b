/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's newer interface takes 40 to 50 us to make an EC key object from a point, half of
 * what checking a P-256 signature costs, and so keys that are used once go by the older one,
 * which takes 2 us for the same arithmetic.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "crypto/openssl_key.h"

#define WHERE "crypto.signature"

#ifdef OPENSSL_NO_DEPRECATED_3_0

/* A library built without the older interface. */
static bool verify_ecdsa(enum tacit_key_alg alg, struct tacit_slice point,
			 struct tacit_slice message, struct tacit_slice signature)
{
	struct tacit_key *key = NULL;
	bool valid = tacit_key_public(alg, point, &key, NULL) == TACIT_OK &&
		     tacit_key_verify(key, message, signature, NULL) == TACIT_OK;

	tacit_key_free(key);
	return valid;
}

#else

/* Made once, copied into each key, and never changed. */
static CRYPTO_ONCE groups_made = CRYPTO_ONCE_STATIC_INIT;
static EC_GROUP *p256, *p384;

static void make_groups(void)
{
	p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
}

/* NULL unless the point lies on the curve. */
static EC_KEY *make_key(enum tacit_key_alg alg, struct tacit_slice point)
{
	EC_KEY *key = CRYPTO_THREAD_run_once(&groups_made, make_groups) ? EC_KEY_new() : NULL;
	const EC_GROUP *group = alg == TACIT_P256 ? p256 : p384;

	if (key && group && EC_KEY_set_group(key, group) == 1 &&
	    EC_KEY_oct2key(key, point.ptr, point.len, NULL) == 1)
		return key;
	EC_KEY_free(key);
	return NULL;
}

/* NULL when out of memory. */
static ECDSA_SIG *make_signature(struct tacit_slice raw)
{
	size_t half = raw.len / 2;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.ptr, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(raw.ptr + half, (int)half, NULL);

	if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1)
		return signature;
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return NULL;
}

static bool verify_ecdsa(enum tacit_key_alg alg, struct tacit_slice point,
			 struct tacit_slice message, struct tacit_slice signature)
{
	enum tacit_hash_alg hash = alg == TACIT_P256 ? TACIT_SHA256 : TACIT_SHA384;
	uint8_t digest[TACIT_HASH_MAX];
	EC_KEY *key = make_key(alg, point);
	ECDSA_SIG *sig = make_signature(signature);
	bool valid = key && sig && tacit_hash(hash, message, digest, NULL) == TACIT_OK &&
		     ECDSA_do_verify(digest, (int)tacit_hash_len(hash), sig, key) == 1;

	ECDSA_SIG_free(sig);
	EC_KEY_free(key);
	return valid;
}

#endif

enum tacit_status tacit_signature_check(enum tacit_key_alg alg, struct tacit_slice key,
					struct tacit_slice message, struct tacit_slice signature,
					struct tacit_error *err)
{
	if (alg != TACIT_P256 && alg != TACIT_P384)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "no ecdsa key");
	/* Uncompressed only; the library also takes the hybrid forms 6 and 7 at this length. */
	if (key.len != tacit_key_public_len(alg) || key.ptr[0] != 4)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "key is no uncompressed point");
	if (signature.len != tacit_key_signature_len(alg))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "signature of %zu bytes, not %zu",
				  signature.len, tacit_key_signature_len(alg));
	if (!verify_ecdsa(alg, key, message, signature))
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "does not verify");
	return TACIT_OK;
}

static EVP_PKEY *make_rsa(struct tacit_slice modulus)
{
	/* The library takes numbers in the machine's order. */
	uint8_t number[TACIT_RSA4096_LEN];
	unsigned int exponent = 65537;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	for (size_t i = 0; i < sizeof(number); i++)
		number[i] = modulus.ptr[sizeof(number) - 1 - i];

	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, number, sizeof(number)),
		OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool verify_pss(EVP_PKEY *pkey, struct tacit_slice message, struct tacit_slice signature)
{
	const EVP_MD *md = tacit_openssl_md(TACIT_SHA384);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings = NULL; /* owned by ctx */
	bool valid =
		pkey && ctx && EVP_DigestVerifyInit(ctx, &settings, md, NULL, pkey) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, TACIT_SHA384_LEN) == 1 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(settings, md) == 1 &&
		EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	return valid;
}

enum tacit_status tacit_signature_check_pss(struct tacit_slice modulus, struct tacit_slice message,
					    struct tacit_slice signature, struct tacit_error *err)
{
	if (modulus.len != TACIT_RSA4096_LEN || modulus.ptr[0] < 0x80)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "modulus is not of 4096 bits");
	if (signature.len != TACIT_RSA4096_LEN)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "signature of %zu bytes, not %d",
				  signature.len, TACIT_RSA4096_LEN);

	EVP_PKEY *pkey = make_rsa(modulus);
	bool valid = verify_pss(pkey, message, signature);

	EVP_PKEY_free(pkey);
	if (!valid)
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "does not verify");
	return TACIT_OK;
}
