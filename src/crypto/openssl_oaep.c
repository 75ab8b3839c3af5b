/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/oaep.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/secret.h"
#include "codec/der.h"
#include "crypto/openssl.h"

#define WHERE          "crypto.oaep"
#define NO_KEY_OF_OURS "no RSA key of 2048, 3072 or 4096 bits with exponent 65537"

struct tacit_oaep_key {
	EVP_PKEY *pkey;
	bool has_private;
	size_t spki_len;
	uint8_t spki[TACIT_OAEP_SPKI_MAX];
};

static bool is_size(int bits)
{
	return bits == 2048 || bits == 3072 || bits == 4096;
}

/* No key that is in use has another exponent, and a small one is a mistake of somebody. */
static bool has_f4(const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool is = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
		  BN_is_word(e, RSA_F4);

	BN_free(e);
	return is;
}

/* A private key; takes `pkey` over, also on failure. */
static enum tacit_status wrap(EVP_PKEY *pkey, struct tacit_oaep_key **ret, struct tacit_error *err)
{
	struct tacit_oaep_key *key = NULL;
	enum tacit_status st = TACIT_OK;

	if (!pkey)
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "not an RSA key");
	if (!EVP_PKEY_is_a(pkey, "RSA") || !is_size(EVP_PKEY_get_bits(pkey)) || !has_f4(pkey))
		st = tacit_openssl_fail(
			err, TACIT_UNSUPPORTED, WHERE,
			"no RSA key of 2048, 3072 or 4096 bits with exponent 65537");
	if (st == TACIT_OK) {
		key = OPENSSL_zalloc(sizeof(*key));
		int len = i2d_PUBKEY(pkey, NULL);

		if (!key || len <= 0 || (size_t)len > sizeof(key->spki))
			st = tacit_openssl_fail(err, TACIT_NOMEM, WHERE, "out of memory");
	}
	if (st != TACIT_OK) {
		OPENSSL_free(key);
		EVP_PKEY_free(pkey);
		return st;
	}
	uint8_t *at = key->spki;

	key->spki_len = (size_t)i2d_PUBKEY(pkey, &at);
	key->pkey = pkey;
	key->has_private = true;
	*ret = key;
	return TACIT_OK;
}

enum tacit_status tacit_oaep_generate(unsigned bits, struct tacit_oaep_key **ret,
				      struct tacit_error *err)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx;

	if (bits > 4096 || !is_size((int)bits))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "an RSA key has 2048, 3072 or 4096 bits, not %u", bits);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) != 1 ||
	    EVP_PKEY_generate(ctx, &pkey) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "cannot make a key");
	}
	EVP_PKEY_CTX_free(ctx);
	return wrap(pkey, ret, err);
}

enum tacit_status tacit_oaep_private(struct tacit_slice der, struct tacit_oaep_key **ret,
				     struct tacit_error *err)
{
	const uint8_t *at = der.ptr;
	EVP_PKEY *pkey = der.len <= 16384 ? d2i_AutoPrivateKey(NULL, &at, (long)der.len) : NULL;

	if (pkey && at != der.ptr + der.len) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return wrap(pkey, ret, err);
}

/* rsaEncryption with its NULL, all of an AlgorithmIdentifier [RFC 8017 A.1]. */
static const uint8_t RSA_ENCRYPTION[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

/* The numbers of a SubjectPublicKeyInfo; DER leaves one form for each key. */
static bool read_numbers(struct tacit_slice spki, struct tacit_slice *ret_modulus,
			 uint64_t *ret_exponent)
{
	struct tacit_der d = tacit_der_of(spki);
	struct tacit_der info = tacit_der_enter(&d, TACIT_DER_SEQUENCE);
	struct tacit_slice algorithm = tacit_der_element(&info);
	struct tacit_der bits = tacit_der_of(tacit_der_bits(&info));
	struct tacit_der key = tacit_der_enter(&bits, TACIT_DER_SEQUENCE);

	*ret_modulus = tacit_der_integer(&key);
	*ret_exponent = tacit_der_uint(&key, UINT32_MAX);
	tacit_der_leave(&bits, &key);
	tacit_der_leave(&info, &bits);
	tacit_der_leave(&d, &info);
	return tacit_der_finish(&d, WHERE, NULL) == TACIT_OK &&
	       tacit_slice_eq(algorithm, TACIT_SLICE_ARRAY(RSA_ENCRYPTION));
}

static EVP_PKEY *make_public(struct tacit_slice modulus)
{
	/* The library takes numbers in the machine's order, which is little-endian here. */
	uint8_t number[TACIT_OAEP_LEN_MAX];
	unsigned int exponent = RSA_F4;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	for (size_t i = 0; i < modulus.len; i++)
		number[i] = modulus.ptr[modulus.len - 1 - i];

	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, number, modulus.len),
		OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent),
		OSSL_PARAM_construct_end(),
	};

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/*
 * The structure is read here: the library's decoders take ten times as long as what the key is then
 * used for, and a broker does this for every key that it releases.
 */
enum tacit_status tacit_oaep_public(struct tacit_slice spki, struct tacit_oaep_key **ret,
				    struct tacit_error *err)
{
	struct tacit_slice modulus;
	struct tacit_oaep_key *key;
	uint64_t exponent;

	if (spki.len == 0 || spki.len > TACIT_OAEP_SPKI_MAX ||
	    !read_numbers(spki, &modulus, &exponent))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not an RSA public key in DER");
	/* A number whose top bit is set has a zero in front. */
	if (modulus.len == 0 || modulus.ptr[0] != 0 || !is_size((int)(8 * (modulus.len - 1))) ||
	    exponent != RSA_F4)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, NO_KEY_OF_OURS);
	if (modulus.ptr[modulus.len - 1] % 2 == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the modulus is even");
	key = OPENSSL_zalloc(sizeof(*key));
	if (!key)
		return tacit_openssl_fail(err, TACIT_NOMEM, WHERE, "out of memory");
	key->pkey = make_public(tacit_slice_of(modulus.ptr + 1, modulus.len - 1));
	if (!key->pkey) {
		OPENSSL_free(key);
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "not an RSA key");
	}
	key->spki_len = spki.len;
	memcpy(key->spki, spki.ptr, spki.len);
	*ret = key;
	return TACIT_OK;
}

void tacit_oaep_free(struct tacit_oaep_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	OPENSSL_free(key);
}

size_t tacit_oaep_len(const struct tacit_oaep_key *key)
{
	return (size_t)EVP_PKEY_get_size(key->pkey);
}

struct tacit_slice tacit_oaep_spki(const struct tacit_oaep_key *key)
{
	return tacit_slice_of(key->spki, key->spki_len);
}

static bool set_padding(EVP_PKEY_CTX *ctx)
{
	const EVP_MD *md = tacit_openssl_md(TACIT_SHA256);

	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1;
}

enum tacit_status tacit_oaep_seal(const struct tacit_oaep_key *key, struct tacit_slice plain,
				  uint8_t *ret, struct tacit_error *err)
{
	size_t room = tacit_oaep_len(key), most = room - 2 * TACIT_SHA256_LEN - 2;

	if (plain.len > most)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %zu", plain.len,
				  most);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	bool sealed = ctx && EVP_PKEY_encrypt_init(ctx) == 1 && set_padding(ctx) &&
		      EVP_PKEY_encrypt(ctx, ret, &room, plain.ptr, plain.len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return sealed ? TACIT_OK
		      : tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "cannot wrap a key");
}

enum tacit_status tacit_oaep_open(const struct tacit_oaep_key *key, struct tacit_slice sealed,
				  struct tacit_mut out, struct tacit_error *err)
{
	uint8_t room[TACIT_OAEP_LEN_MAX];
	size_t len = sizeof(room);

	if (!key->has_private)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a public key opens nothing");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	bool opened = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && set_padding(ctx) &&
		      EVP_PKEY_decrypt(ctx, room, &len, sealed.ptr, sealed.len) == 1 &&
		      len == out.len;

	EVP_PKEY_CTX_free(ctx);
	if (opened)
		memcpy(out.ptr, room, out.len);
	tacit_wipe(room, sizeof(room));
	if (opened)
		return TACIT_OK;
	return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE,
				  "the wrapped key does not open under ours");
}
