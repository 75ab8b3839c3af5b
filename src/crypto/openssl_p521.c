/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/p521.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "crypto/openssl.h"

#define WHERE   "crypto.p521"
#define DER_MAX 160

static EVP_PKEY *make_key(struct tacit_slice point)
{
	char group[] = "P-521";
	uint8_t copy[TACIT_P521_POINT];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof(copy)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	memcpy(copy, point.ptr, sizeof(copy));
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* The library reads ECDSA-Sig-Value [RFC 3279 2.2.3] only; zero when it has no room. */
static size_t der_from_raw(struct tacit_slice raw, uint8_t out[static DER_MAX])
{
	int half = (int)(raw.len / 2);
	uint8_t *at = out;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.ptr, half, NULL);
	BIGNUM *s = BN_bin2bn(raw.ptr + half, half, NULL);

	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(sig);
		return 0;
	}
	int len = i2d_ECDSA_SIG(sig, NULL);
	if (len < 0 || len > DER_MAX || i2d_ECDSA_SIG(sig, &at) != len)
		len = 0;
	ECDSA_SIG_free(sig);
	return (size_t)len;
}

enum tacit_status tacit_p521_check(struct tacit_slice point, struct tacit_slice message,
				   struct tacit_slice signature, struct tacit_error *err)
{
	uint8_t der[DER_MAX];

	if (point.len != TACIT_P521_POINT || point.ptr[0] != 4)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "key is no uncompressed point");
	if (signature.len != TACIT_P521_SIGNATURE)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "signature of %zu bytes, not %d",
				  signature.len, TACIT_P521_SIGNATURE);

	size_t len = der_from_raw(signature, der);
	EVP_PKEY *pkey = make_key(point);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool valid =
		pkey && ctx && len &&
		EVP_DigestVerifyInit(ctx, NULL, tacit_openssl_md(TACIT_SHA512), NULL, pkey) == 1 &&
		EVP_DigestVerify(ctx, der, len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!valid)
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "does not verify");
	return TACIT_OK;
}
