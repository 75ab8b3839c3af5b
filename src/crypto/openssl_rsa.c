/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/openssl.h"

#define WHERE "crypto.rsa"

static EVP_PKEY *make_key(struct tacit_slice modulus)
{
	/* The library takes numbers in the machine's order, which is little-endian here. */
	uint8_t number[TACIT_RSA2048_LEN];
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

enum tacit_status tacit_rsa_check_pkcs1(struct tacit_slice modulus, struct tacit_slice message,
					struct tacit_slice signature, struct tacit_error *err)
{
	if (modulus.len != TACIT_RSA2048_LEN || modulus.ptr[0] < 0x80)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "modulus is not of 2048 bits");
	if (signature.len != TACIT_RSA2048_LEN)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "signature of %zu bytes, not %d",
				  signature.len, TACIT_RSA2048_LEN);

	EVP_PKEY *pkey = make_key(modulus);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *settings = NULL; /* owned by ctx */
	bool valid =
		pkey && ctx &&
		EVP_DigestVerifyInit(ctx, &settings, tacit_openssl_md(TACIT_SHA256), NULL, pkey) ==
			1 &&
		EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PADDING) == 1 &&
		EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!valid)
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "does not verify");
	return TACIT_OK;
}
