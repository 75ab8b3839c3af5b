/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/oaep.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/openssl.h"

#define WHERE "crypto.oaep"

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

/* Takes `pkey` over, also on failure. */
static enum tacit_status wrap(EVP_PKEY *pkey, bool has_private, struct tacit_oaep_key **ret,
			      struct tacit_error *err)
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
	key->has_private = has_private;
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
	return wrap(pkey, true, ret, err);
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
	return wrap(pkey, true, ret, err);
}

enum tacit_status tacit_oaep_public(struct tacit_slice spki, struct tacit_oaep_key **ret,
				    struct tacit_error *err)
{
	struct tacit_oaep_key *key;
	const uint8_t *at = spki.ptr;

	if (spki.len == 0 || spki.len > TACIT_OAEP_SPKI_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "%zu bytes are no RSA public key of ours", spki.len);
	enum tacit_status st = wrap(d2i_PUBKEY(NULL, &at, (long)spki.len), false, &key, err);

	if (st != TACIT_OK)
		return st;
	/* The library reads BER, and stops where the structure ends. */
	if (!tacit_slice_eq(tacit_oaep_spki(key), spki)) {
		tacit_oaep_free(key);
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "public key is not DER");
	}
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
