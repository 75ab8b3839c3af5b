/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <string.h>

#include "base/compiler.h"
#include "crypto/openssl_key.h"

#define WHERE "crypto.signature"

/* SEQUENCE of two INTEGERs, each with a leading zero at most: all lengths are short forms. */
#define DER_MAX       (2 + 2 * (2 + 1 + TACIT_SIGNATURE_MAX / 2))

#define ED25519_R_LEN 32

/*
 * y of the points whose order divides 8, little-endian, as RFC 8032 encodes them without the
 * sign of x: order 4 (y = 0), 1, 8, 8, 2 (y = p - 1), and the two that also fit in 255 bits with
 * p added (p and p + 1; the others end above 2^255).
 */
static const uint8_t SMALL_ORDER_Y[][ED25519_R_LEN] = {
	{ 0x00 },
	{ 0x01 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

/* L = 2^252 + 27742317777372353535851937790883648493, little-endian [RFC 8032 5.1] */
static const uint8_t ED25519_ORDER[32] = {
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
	0xa2, 0xde, 0xf9, 0xde, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
};

bool tacit_ed25519_small_order(const uint8_t point[TACIT_AT_LEAST(32)])
{
	uint8_t y[ED25519_R_LEN];

	memcpy(y, point, sizeof(y));
	y[31] &= 0x7f;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SMALL_ORDER_Y); i++) {
		if (memcmp(y, SMALL_ORDER_Y[i], sizeof(y)) == 0)
			return true;
	}
	return false;
}

static bool scalar_reduced(const uint8_t s[static 32])
{
	for (size_t i = 32; i-- > 0;) {
		if (s[i] != ED25519_ORDER[i])
			return s[i] < ED25519_ORDER[i];
	}
	return false;
}

/* Appends an unsigned big-endian number as a DER INTEGER [X.690 8.3]; returns the new end. */
static uint8_t *put_integer(uint8_t *at, const uint8_t *number, size_t len)
{
	while (len > 1 && number[0] == 0) {
		number++;
		len--;
	}
	size_t pad = number[0] >> 7;

	*at++ = 0x02;
	*at++ = (uint8_t)(len + pad);
	if (pad)
		*at++ = 0;
	memcpy(at, number, len);
	return at + len;
}

/* The library reads ECDSA-Sig-Value [RFC 3279 2.2.3] only. */
static size_t der_from_raw(struct tacit_slice raw, uint8_t out[static DER_MAX])
{
	size_t half = raw.len / 2;
	uint8_t *end = put_integer(out + 2, raw.ptr, half);

	end = put_integer(end, raw.ptr + half, half);
	out[0] = 0x30;
	out[1] = (uint8_t)(end - out - 2);
	return (size_t)(end - out);
}

static bool raw_from_der(struct tacit_slice der, struct tacit_mut out)
{
	const uint8_t *at = der.ptr;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	int half = (int)(out.len / 2);
	bool written = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out.ptr, half) == half &&
		       BN_bn2binpad(ECDSA_SIG_get0_s(sig), out.ptr + half, half) == half;

	ECDSA_SIG_free(sig);
	return written;
}

static bool sign_native(EVP_MD_CTX *ctx, const EVP_MD_CTX *ready, struct tacit_slice message,
			uint8_t out[static DER_MAX], size_t *len)
{
	*len = DER_MAX;
	return ctx && EVP_MD_CTX_copy_ex(ctx, ready) == 1 &&
	       EVP_DigestSign(ctx, out, len, message.ptr, message.len) == 1;
}

enum tacit_status tacit_key_sign(const struct tacit_key *key, struct tacit_slice message,
				 uint8_t *ret, struct tacit_error *err)
{
	uint8_t out[DER_MAX] = { 0 }, raw[TACIT_SIGNATURE_MAX];
	size_t len, want = tacit_key_signature_len(key->alg);

	if (!key->signer)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "not a private signing key");

	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool made = sign_native(ctx, key->signer, message, out, &len);

	EVP_MD_CTX_free(ctx);
	if (made && key->alg != TACIT_ED25519)
		made = raw_from_der(tacit_slice_of(out, len), tacit_mut_of(raw, want));
	else
		memcpy(raw, out, want);
	if (!made)
		return tacit_openssl_fail(err, TACIT_INTERNAL, WHERE, "signing failed");
	memcpy(ret, raw, want);
	return TACIT_OK;
}

static bool verify_native(const struct tacit_key *key, struct tacit_slice message,
			  struct tacit_slice signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool valid =
		ctx && EVP_MD_CTX_copy_ex(ctx, key->verifier) == 1 &&
		EVP_DigestVerify(ctx, signature.ptr, signature.len, message.ptr, message.len) == 1;

	EVP_MD_CTX_free(ctx);
	return valid;
}

/*
 * Rules 1 and 3 of AIR draft-02 for R and S; A was judged when the key was made. Rules 2 and 4
 * are the library's: it computes [S]B - [k]A without a cofactor and compares its one canonical
 * encoding with R, so an R that does not decode, or is not canonical, cannot match.
 */
static enum tacit_status judge_ed25519(struct tacit_slice signature, struct tacit_error *err)
{
	if (!scalar_reduced(signature.ptr + ED25519_R_LEN))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, ED25519_R_LEN, "s is not below l");
	if (tacit_ed25519_small_order(signature.ptr))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "r is of small order");
	return TACIT_OK;
}

enum tacit_status tacit_key_verify(const struct tacit_key *key, struct tacit_slice message,
				   struct tacit_slice signature, struct tacit_error *err)
{
	uint8_t der[DER_MAX];

	if (!key->verifier)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "not a signing key");
	if (signature.len != tacit_key_signature_len(key->alg))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "signature of %zu bytes, not %zu",
				  signature.len, tacit_key_signature_len(key->alg));
	if (key->alg == TACIT_ED25519) {
		enum tacit_status st = judge_ed25519(signature, err);
		if (st != TACIT_OK)
			return st;
	} else {
		signature = tacit_slice_of(der, der_from_raw(signature, der));
	}
	if (!verify_native(key, message, signature))
		return tacit_openssl_fail(err, TACIT_SIGNATURE, WHERE, "does not verify");
	return TACIT_OK;
}
