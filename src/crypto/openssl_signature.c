/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "crypto/openssl_key.h"

#define WHERE "crypto.signature"

enum tacit_status tacit_signature_check(enum tacit_key_alg alg, struct tacit_slice key,
					struct tacit_slice message, struct tacit_slice signature,
					struct tacit_error *err)
{
	struct tacit_key *made = NULL;

	if (alg != TACIT_P256 && alg != TACIT_P384)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "no ecdsa key");
	if (tacit_key_public(alg, key, &made, NULL) != TACIT_OK)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "key is no point of its curve");

	enum tacit_status st = tacit_key_verify(made, message, signature, err);

	tacit_key_free(made);
	return st;
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
