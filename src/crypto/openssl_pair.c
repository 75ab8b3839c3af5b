/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pair.h"

#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/compiler.h"
#include "crypto/openssl.h"

#define WHERE "crypto.pair"

static const struct spec {
	const char *name;
	const char *curve; /* NULL: RSA */
	unsigned bits;
} SPECS[] = {
	{ "RSA_2048", NULL, 2048 },      { "RSA_3072", NULL, 3072 },
	{ "RSA_4096", NULL, 4096 },      { "ECC_NIST_P256", "P-256", 0 },
	{ "ECC_NIST_P384", "P-384", 0 }, { "ECC_NIST_P521", "P-521", 0 },
};

static const struct spec *find_spec(struct tacit_slice name)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SPECS); i++)
		if (tacit_slice_eq(name, tacit_slice_str(SPECS[i].name)))
			return &SPECS[i];
	return NULL;
}

static EVP_PKEY *make_key(const struct spec *spec)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, spec->curve ? "EC" : "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	bool set = ctx && EVP_PKEY_keygen_init(ctx) == 1;

	if (set && spec->curve)
		set = EVP_PKEY_CTX_set_group_name(ctx, spec->curve) == 1;
	else if (set)
		set = EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)spec->bits) == 1;
	if (!set || EVP_PKEY_generate(ctx, &pkey) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Copies what the library has written, and wipes its own. */
static bool take(unsigned char *der, int len, struct tacit_mut room, struct tacit_slice *ret)
{
	bool fits = der && len > 0 && (size_t)len <= room.len;

	if (fits) {
		memcpy(room.ptr, der, (size_t)len);
		*ret = tacit_slice_of(room.ptr, (size_t)len);
	}
	OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
	return fits;
}

static bool export(EVP_PKEY *pkey, struct tacit_mut room, struct tacit_slice *ret)
{
	OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(pkey, EVP_PKEY_KEYPAIR, "DER",
							      "PrivateKeyInfo", NULL);
	unsigned char *der = NULL;
	size_t len = 0;
	bool done =
		ctx && OSSL_ENCODER_to_data(ctx, &der, &len) == 1 && len <= TACIT_PAIR_PRIVATE_MAX;

	OSSL_ENCODER_CTX_free(ctx);
	return done && take(der, (int)len, room, ret);
}

enum tacit_status tacit_pair_generate(struct tacit_slice spec, struct tacit_mut private,
				      struct tacit_slice *ret_private, struct tacit_mut public,
				      struct tacit_slice *ret_public, struct tacit_error *err)
{
	const struct spec *row = find_spec(spec);
	unsigned char *der = NULL;

	if (!row)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no such kind of pair");
	EVP_PKEY *pkey = make_key(row);
	if (!pkey)
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "cannot make a key");
	int len = i2d_PUBKEY(pkey, &der);
	bool done = take(der, len, public, ret_public) && export(pkey, private, ret_private);
	EVP_PKEY_free(pkey);
	if (!done)
		return tacit_openssl_fail(err, TACIT_LIMIT, WHERE, "cannot write the key");
	return TACIT_OK;
}
