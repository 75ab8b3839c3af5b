/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/p521_agree.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/secret.h"
#include "crypto/openssl.h"

#define WHERE "crypto.p521"
#define NAME  "P-521"

enum tacit_status tacit_p521_generate(uint8_t ret_scalar[static TACIT_P521_SCALAR],
				      uint8_t ret_point[static TACIT_P521_POINT],
				      struct tacit_error *err)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", NAME);
	BIGNUM *scalar = NULL;
	size_t len = 0;
	bool done = pkey &&
		    EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, ret_point,
						    TACIT_P521_POINT, &len) == 1 &&
		    len == TACIT_P521_POINT &&
		    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
		    BN_bn2binpad(scalar, ret_scalar, TACIT_P521_SCALAR) == TACIT_P521_SCALAR;

	BN_clear_free(scalar);
	EVP_PKEY_free(pkey);
	if (!done)
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "cannot make a key");
	return TACIT_OK;
}

/* A key of a point, or of a scalar beside it; checked to be on the curve. */
static EVP_PKEY *import(struct tacit_slice scalar, struct tacit_slice point)
{
	char group[] = NAME;
	uint8_t copy[TACIT_P521_POINT], number[TACIT_P521_SCALAR];
	OSSL_PARAM params[4] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (point.ptr) {
		memcpy(copy, point.ptr, sizeof(copy));
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy,
							      sizeof(copy));
	} else {
		/* Numbers are in the machine's order, which is little-endian here. */
		for (size_t i = 0; i < sizeof(number); i++)
			number[i] = scalar.ptr[sizeof(number) - 1 - i];
		params[1] =
			OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, sizeof(number));
	}
	params[2] = OSSL_PARAM_construct_end();
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, point.ptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
			      params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	tacit_wipe(number, sizeof(number));
	return pkey;
}

enum tacit_status tacit_p521_agree(struct tacit_slice scalar, struct tacit_slice point,
				   uint8_t ret[static TACIT_P521_SCALAR], struct tacit_error *err)
{
	size_t len = TACIT_P521_SCALAR;

	if (scalar.len != TACIT_P521_SCALAR || point.len != TACIT_P521_POINT || point.ptr[0] != 4)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a key of another length");
	EVP_PKEY *own = import(scalar, tacit_slice_of(NULL, 0));
	EVP_PKEY *peer = import(scalar, point);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
	/* The peer is validated: the library checks points it imports only when asked. */
	bool done = ctx && peer && EVP_PKEY_derive_init(ctx) == 1 &&
		    EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
		    EVP_PKEY_derive(ctx, ret, &len) == 1 && len == TACIT_P521_SCALAR;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	if (!done) {
		tacit_wipe(ret, TACIT_P521_SCALAR);
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "the keys give no secret");
	}
	return TACIT_OK;
}
