/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/openssl_key.h"

#define WHERE "crypto.key"

struct alg_row {
	const char *name, *curve;
	int nid; /* of the curve */
	size_t public_len, secret_len, signature_len;
	enum tacit_hash_alg hash;
};

static const struct alg_row ALGS[] = {
	[TACIT_KEY_NONE] = { NULL, NULL, NID_undef, 0, 0, 0, TACIT_SHA256 },
	[TACIT_ED25519] = { "ED25519", NULL, NID_undef, 32, 32, 64, TACIT_SHA512 },
	[TACIT_P256] = { "EC", "P-256", NID_X9_62_prime256v1, 65, 32, 64, TACIT_SHA256 },
	[TACIT_P384] = { "EC", "P-384", NID_secp384r1, 97, 48, 96, TACIT_SHA384 },
	[TACIT_X25519] = { "X25519", NULL, NID_undef, 32, 32, 0, TACIT_SHA256 },
};

static const struct alg_row *row_of(enum tacit_key_alg alg)
{
	return &ALGS[(size_t)alg < TACIT_ARRAY_LEN(ALGS) ? alg : TACIT_KEY_NONE];
}

size_t tacit_key_public_len(enum tacit_key_alg alg)
{
	return row_of(alg)->public_len;
}

size_t tacit_key_signature_len(enum tacit_key_alg alg)
{
	return row_of(alg)->signature_len;
}

size_t tacit_openssl_key_secret_len(enum tacit_key_alg alg)
{
	return row_of(alg)->secret_len;
}

const char *tacit_openssl_key_curve(enum tacit_key_alg alg)
{
	return row_of(alg)->curve;
}

/* The library knows a curve by several names. */
static enum tacit_key_alg curve_alg(const EVP_PKEY *pkey)
{
	char name[32];
	size_t len;
	int explicit_params = 0;

	/* Curve parameters spelt out are the door of CVE-2020-0601 [RFC 5480 2.1.1]. */
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &explicit_params) == 1 &&
	    explicit_params)
		return TACIT_KEY_NONE;
	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1)
		return TACIT_KEY_NONE;
	if (strcmp(name, "prime256v1") == 0 || strcmp(name, "P-256") == 0)
		return TACIT_P256;
	if (strcmp(name, "secp384r1") == 0 || strcmp(name, "P-384") == 0)
		return TACIT_P384;
	return TACIT_KEY_NONE;
}

static enum tacit_key_alg native_alg(const EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return TACIT_ED25519;
	if (EVP_PKEY_is_a(pkey, "X25519"))
		return TACIT_X25519;
	return EVP_PKEY_is_a(pkey, "EC") ? curve_alg(pkey) : TACIT_KEY_NONE;
}

static bool write_coordinate(const EVP_PKEY *pkey, const char *which, struct tacit_mut out)
{
	BIGNUM *number = NULL;
	bool written = EVP_PKEY_get_bn_param(pkey, which, &number) == 1 &&
		       BN_bn2binpad(number, out.ptr, (int)out.len) == (int)out.len;

	BN_free(number);
	return written;
}

/* By coordinates, because the library's own octets follow the form the key was loaded in. */
static bool read_public(struct tacit_key *key)
{
	size_t len = row_of(key->alg)->public_len;
	size_t half = (len - 1) / 2;

	key->public_len = len;
	if (!row_of(key->alg)->curve)
		return EVP_PKEY_get_raw_public_key(key->pkey, key->public, &len) == 1 &&
		       len == key->public_len;
	key->public[0] = 4;
	return write_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X,
				tacit_mut_of(key->public + 1, half)) &&
	       write_coordinate(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
				tacit_mut_of(key->public + 1 + half, half));
}

static bool prepare_contexts(struct tacit_key *key)
{
	/* Ed25519 hashes inside; the others name their hash. */
	const EVP_MD *md =
		row_of(key->alg)->curve ? tacit_openssl_md(row_of(key->alg)->hash) : NULL;

	if (row_of(key->alg)->signature_len == 0)
		return true;
	key->verifier = EVP_MD_CTX_new();
	if (!key->verifier || EVP_DigestVerifyInit(key->verifier, NULL, md, NULL, key->pkey) != 1)
		return false;
	if (!key->has_private)
		return true;
	key->signer = EVP_MD_CTX_new();
	return key->signer && EVP_DigestSignInit(key->signer, NULL, md, NULL, key->pkey) == 1;
}

static enum tacit_status fill(struct tacit_key *key, struct tacit_error *err)
{
	key->alg = native_alg(key->pkey);
	if (key->alg == TACIT_KEY_NONE)
		return tacit_openssl_fail(err, TACIT_UNSUPPORTED, WHERE, "no key type we use");
	if (!read_public(key))
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "no public point");
	if (key->alg == TACIT_ED25519 && tacit_ed25519_small_order(key->public))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "ed25519 key of small order");
	if (!prepare_contexts(key))
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "key cannot be set up");
	return TACIT_OK;
}

enum tacit_status tacit_openssl_key_wrap(EVP_PKEY *pkey, bool has_private,
					 struct tacit_key **ret_key, struct tacit_error *err)
{
	if (!pkey)
		return tacit_openssl_fail(err, TACIT_FORMAT, WHERE, "not a key");

	struct tacit_key *key = OPENSSL_zalloc(sizeof(*key));
	if (!key) {
		EVP_PKEY_free(pkey);
		return tacit_openssl_fail(err, TACIT_NOMEM, WHERE, "no memory for a key");
	}
	key->pkey = pkey;
	key->has_private = has_private;

	enum tacit_status st = fill(key, err);
	if (st == TACIT_OK)
		*ret_key = key;
	else
		tacit_key_free(key);
	return st;
}

void tacit_key_free(struct tacit_key *key)
{
	if (!key)
		return;
	EVP_MD_CTX_free(key->signer);
	EVP_MD_CTX_free(key->verifier);
	EVP_PKEY_free(key->pkey);
	OPENSSL_free(key);
}

enum tacit_key_alg tacit_key_alg_of(const struct tacit_key *key)
{
	return key->alg;
}

void *tacit_key_native(const struct tacit_key *key)
{
	return key->pkey;
}

enum tacit_status tacit_key_generate(enum tacit_key_alg alg, struct tacit_key **ret_key,
				     struct tacit_error *err)
{
	const struct alg_row *row = row_of(alg);

	if (!row->name)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no such key type");

	EVP_PKEY *pkey = row->curve ? EVP_PKEY_Q_keygen(NULL, NULL, row->name, row->curve)
				    : EVP_PKEY_Q_keygen(NULL, NULL, row->name);
	if (!pkey)
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "key generation failed");
	return tacit_openssl_key_wrap(pkey, true, ret_key, err);
}

static EVP_PKEY *ec_from_params(OSSL_PARAM *params, int selection)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *build_ec(const char *curve, const BIGNUM *secret, struct tacit_slice point)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.ptr,
					     point.len) &&
	    (!secret || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret)))
		params = OSSL_PARAM_BLD_to_param(build);

	EVP_PKEY *pkey = ec_from_params(params, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);

	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

EVP_PKEY *tacit_openssl_key_import(enum tacit_key_alg alg, struct tacit_slice raw)
{
	const struct alg_row *row = row_of(alg);

	if (!row->name || raw.len != row->public_len)
		return NULL;
	if (!row->curve)
		return EVP_PKEY_new_raw_public_key_ex(NULL, row->name, NULL, raw.ptr, raw.len);
	/* Uncompressed only; the library also takes the hybrid forms 6 and 7 at this length. */
	return raw.ptr[0] == 4 ? build_ec(row->curve, NULL, raw) : NULL;
}

enum tacit_status tacit_key_public(enum tacit_key_alg alg, struct tacit_slice raw,
				   struct tacit_key **ret_key, struct tacit_error *err)
{
	if (!row_of(alg)->name)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no such key type");
	return tacit_openssl_key_wrap(tacit_openssl_key_import(alg, raw), false, ret_key, err);
}

/* Writes secret * G, for a secret in 1..n-1. */
static bool multiply_base(const EC_GROUP *group, const BIGNUM *secret, struct tacit_mut out)
{
	if (BN_is_zero(secret) || BN_cmp(secret, EC_GROUP_get0_order(group)) >= 0)
		return false;

	EC_POINT *point = EC_POINT_new(group);
	bool written = point && EC_POINT_mul(group, point, secret, NULL, NULL, NULL) == 1 &&
		       EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out.ptr,
					  out.len, NULL) == out.len;

	EC_POINT_free(point);
	return written;
}

static EVP_PKEY *private_ec(const struct alg_row *row, struct tacit_slice secret)
{
	uint8_t point[TACIT_PUBLIC_MAX];
	struct tacit_mut out = tacit_mut_of(point, row->public_len);
	BIGNUM *number = BN_secure_new();
	EC_GROUP *group = EC_GROUP_new_by_curve_name(row->nid);
	EVP_PKEY *pkey = NULL;

	if (number && group && BN_bin2bn(secret.ptr, (int)secret.len, number)) {
		BN_set_flags(number, BN_FLG_CONSTTIME);
		if (multiply_base(group, number, out))
			pkey = build_ec(row->curve, number, tacit_slice_of(point, out.len));
	}
	EC_GROUP_free(group);
	BN_clear_free(number);
	return pkey;
}

enum tacit_status tacit_key_private(enum tacit_key_alg alg, struct tacit_slice secret,
				    struct tacit_key **ret_key, struct tacit_error *err)
{
	const struct alg_row *row = row_of(alg);

	if (!row->name)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no such key type");
	if (secret.len != row->secret_len)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "private key of %zu bytes, not %zu",
				  secret.len, row->secret_len);

	EVP_PKEY *pkey = row->curve ? private_ec(row, secret)
				    : EVP_PKEY_new_raw_private_key_ex(NULL, row->name, NULL,
								      secret.ptr, secret.len);
	return tacit_openssl_key_wrap(pkey, true, ret_key, err);
}

enum tacit_status tacit_key_export_public(const struct tacit_key *key, uint8_t *ret,
					  size_t *ret_len, struct tacit_error *err)
{
	(void)err;
	memcpy(ret, key->public, key->public_len);
	*ret_len = key->public_len;
	return TACIT_OK;
}

static bool read_secret(const struct tacit_key *key, uint8_t *out, size_t len)
{
	size_t got = len;

	if (!row_of(key->alg)->curve)
		return EVP_PKEY_get_raw_private_key(key->pkey, out, &got) == 1 && got == len;

	BIGNUM *number = NULL;
	bool read = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
		    BN_bn2binpad(number, out, (int)len) == (int)len;

	BN_clear_free(number);
	return read;
}

enum tacit_status tacit_key_export_secret(const struct tacit_key *key, struct tacit_secret *ret,
					  struct tacit_error *err)
{
	struct tacit_secret secret = { .len = row_of(key->alg)->secret_len };

	if (!key->has_private)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "a public key has no secret");
	if (read_secret(key, secret.bytes, secret.len)) {
		*ret = secret;
		tacit_secret_done(&secret);
		return TACIT_OK;
	}
	tacit_secret_done(&secret);
	return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "secret cannot be read");
}
