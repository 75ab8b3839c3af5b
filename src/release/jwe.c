/* SPDX-License-Identifier: Apache-2.0 */
#include "release/jwe.h"

#include "base/arena.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/keywrap.h"
#include "crypto/oaep.h"
#include "crypto/p521_agree.h"
#include "crypto/random.h"

#define WHERE    "jwe"
#define CEK_LEN  32
#define SPKI_MAX 600

/* The key that wraps: Concat KDF [RFC 7518 4.6.2] without party info, one round of SHA-256. */
static enum tacit_status derive(struct tacit_slice z, uint8_t ret[TACIT_SHA256_LEN],
				struct tacit_error *err)
{
	static const char ALG[] = "ECDH-ES+A256KW";
	uint8_t room[64];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	wr_be32(&w, (uint32_t)sizeof(ALG) - 1);
	wr_text(&w, ALG);
	wr_be32(&w, 0);   /* PartyUInfo */
	wr_be32(&w, 0);   /* PartyVInfo */
	wr_be32(&w, 256); /* SuppPubInfo: bits of the key */
	static const uint8_t ROUND[] = { 0, 0, 0, 1 };
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(ROUND), z,
					     tacit_slice_of(room, w.at) };
	return tacit_hash_parts(TACIT_SHA256, parts, 3, ret, err);
}

/* ---- sealing -------------------------------------------------------------------------------- */

static enum tacit_status agree_p256(struct tacit_slice peer, uint8_t point[TACIT_PUBLIC_MAX],
				    uint8_t kek[TACIT_SHA256_LEN], struct tacit_error *err)
{
	struct tacit_secret z = { 0 };
	struct tacit_key *key = NULL;
	size_t len = 0;
	enum tacit_status st = tacit_key_generate(TACIT_P256, &key, err);

	if (st == TACIT_OK)
		st = tacit_key_export_public(key, point, &len, err);
	if (st == TACIT_OK)
		st = tacit_key_agree(key, peer, &z, err);
	if (st == TACIT_OK)
		st = derive(tacit_secret_view(&z), kek, err);
	tacit_secret_done(&z);
	tacit_key_free(key);
	return st;
}

static enum tacit_status agree_p521(struct tacit_slice peer, uint8_t point[TACIT_P521_POINT],
				    uint8_t kek[TACIT_SHA256_LEN], struct tacit_error *err)
{
	uint8_t scalar[TACIT_P521_SCALAR], z[TACIT_P521_SCALAR];
	enum tacit_status st = tacit_p521_generate(scalar, point, err);

	if (st == TACIT_OK)
		st = tacit_p521_agree(TACIT_SLICE_ARRAY(scalar), peer, z, err);
	if (st == TACIT_OK)
		st = derive(TACIT_SLICE_ARRAY(z), kek, err);
	tacit_wipe(scalar, sizeof(scalar));
	tacit_wipe(z, sizeof(z));
	return st;
}

static enum tacit_status seal_key_ec(const struct tacit_jwe_key *key, const uint8_t cek[CEK_LEN],
				     struct tacit_arena *arena, struct tacit_jwe *jwe,
				     struct tacit_error *err)
{
	uint8_t kek[TACIT_SHA256_LEN] = { 0 };
	bool p256 = key->curve == TACIT_JWE_P256;
	size_t len = p256 ? 65 : TACIT_P521_POINT;
	uint8_t *point = tacit_arena_alloc(arena, TACIT_P521_POINT);
	uint8_t *wrapped = tacit_arena_alloc(arena, TACIT_KEYWRAP_LEN);

	if (!point || !wrapped)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the key");
	enum tacit_status st = p256 ? agree_p256(key->point, point, kek, err)
				    : agree_p521(key->point, point, kek, err);
	if (st == TACIT_OK)
		st = tacit_keywrap_seal(kek, cek, wrapped, err);
	tacit_wipe(kek, sizeof(kek));
	jwe->epk.curve = key->curve;
	jwe->epk.point = tacit_slice_of(point, len);
	jwe->encrypted_key = tacit_slice_of(wrapped, TACIT_KEYWRAP_LEN);
	return st;
}

static void put_head(struct writer *w, uint8_t tag, size_t len)
{
	wr_u8(w, tag);
	if (len >= 0x100) {
		wr_u8(w, 0x82);
		wr_be16(w, (uint16_t)len);
	} else if (len >= 0x80) {
		wr_u8(w, 0x81);
		wr_u8(w, (uint8_t)len);
	} else {
		wr_u8(w, (uint8_t)len);
	}
}

static size_t whole(size_t len)
{
	return len + (len >= 0x100 ? 4 : len >= 0x80 ? 3 : 2);
}

/* A positive INTEGER [X.690 8.3]: a zero before what would be negative. */
static size_t number_len(struct tacit_slice n)
{
	return n.len + (n.ptr[0] >= 0x80);
}

static void put_number(struct writer *w, struct tacit_slice n)
{
	put_head(w, 0x02, number_len(n));
	if (n.ptr[0] >= 0x80)
		wr_u8(w, 0);
	wr_bytes(w, n);
}

/* SubjectPublicKeyInfo of RSA [RFC 8017 A.1.1]. */
static enum tacit_status put_rsa_spki(const struct tacit_jwe_key *key, struct tacit_mut room,
				      struct tacit_slice *ret, struct tacit_error *err)
{
	static const uint8_t RSA[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				       0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	size_t pair = whole(number_len(key->modulus)) + whole(number_len(key->exponent));
	size_t bits = 1 + whole(pair);
	struct writer w = wr_of(room);

	put_head(&w, 0x30, sizeof(RSA) + whole(bits));
	wr_bytes(&w, TACIT_SLICE_ARRAY(RSA));
	put_head(&w, 0x03, bits);
	wr_u8(&w, 0);
	put_head(&w, 0x30, pair);
	put_number(&w, key->modulus);
	put_number(&w, key->exponent);
	return wr_finish(&w, WHERE, ret, err);
}

static enum tacit_status seal_key_rsa(const struct tacit_jwe_key *key, const uint8_t cek[CEK_LEN],
				      struct tacit_arena *arena, struct tacit_jwe *jwe,
				      struct tacit_error *err)
{
	uint8_t room[SPKI_MAX], *wrapped = tacit_arena_alloc(arena, TACIT_OAEP_LEN_MAX);
	struct tacit_oaep_key *rsa = NULL;
	struct tacit_slice spki;

	if (!wrapped)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the key");
	enum tacit_status st = put_rsa_spki(key, tacit_mut_of(room, sizeof(room)), &spki, err);
	if (st == TACIT_OK)
		st = tacit_oaep_public(spki, &rsa, err);
	if (st == TACIT_OK)
		st = tacit_oaep_seal(rsa, tacit_slice_of(cek, CEK_LEN), wrapped, err);
	if (st == TACIT_OK)
		jwe->encrypted_key = tacit_slice_of(wrapped, tacit_oaep_len(rsa));
	tacit_oaep_free(rsa);
	return st;
}

static enum tacit_status seal_content(const uint8_t cek[CEK_LEN], struct tacit_slice plain,
				      struct tacit_arena *arena, struct tacit_jwe *jwe,
				      struct tacit_error *err)
{
	uint8_t *room = tacit_arena_alloc(arena, plain.len + TACIT_JWE_TAG);
	uint8_t *iv = tacit_arena_alloc(arena, TACIT_JWE_IV);

	if (!room || !iv)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the content");
	enum tacit_status st = tacit_random(tacit_mut_of(iv, TACIT_JWE_IV), err);
	if (st == TACIT_OK)
		st = tacit_aead_seal(TACIT_AES_256_GCM, tacit_slice_of(cek, CEK_LEN),
				     tacit_slice_of(iv, TACIT_JWE_IV), jwe->protected_text, plain,
				     tacit_mut_of(room, plain.len + TACIT_JWE_TAG), err);
	jwe->iv = tacit_slice_of(iv, TACIT_JWE_IV);
	jwe->ciphertext = tacit_slice_of(room, plain.len);
	jwe->tag = tacit_slice_of(room + plain.len, TACIT_JWE_TAG);
	return st;
}

enum tacit_status tacit_jwe_seal(const struct tacit_jwe_key *key, struct tacit_slice plain,
				 struct tacit_arena *arena, struct tacit_slice *ret,
				 struct tacit_error *err)
{
	struct tacit_jwe jwe = { .alg = key->alg };
	uint8_t cek[CEK_LEN];
	enum tacit_status st = tacit_random(tacit_mut_of(cek, sizeof(cek)), err);

	if (st == TACIT_OK)
		st = key->alg == TACIT_JWE_RSA_OAEP_256 ? seal_key_rsa(key, cek, arena, &jwe, err)
							: seal_key_ec(key, cek, arena, &jwe, err);
	if (st == TACIT_OK)
		st = tacit_jwe_protect(&jwe, arena, &jwe.protected_text, err);
	if (st == TACIT_OK)
		st = seal_content(cek, plain, arena, &jwe, err);
	tacit_wipe(cek, sizeof(cek));
	if (st == TACIT_OK)
		st = tacit_jwe_write(&jwe, arena, ret, err);
	return st;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum tacit_status open_key_ec(const struct tacit_jwe_own *own, const struct tacit_jwe *jwe,
				     uint8_t cek[CEK_LEN], struct tacit_error *err)
{
	uint8_t kek[TACIT_SHA256_LEN] = { 0 }, z[TACIT_P521_SCALAR];
	struct tacit_secret secret = { 0 };
	enum tacit_status st;

	if (jwe->epk.curve == TACIT_JWE_P256 && own->p256) {
		st = tacit_key_agree(own->p256, jwe->epk.point, &secret, err);
		if (st == TACIT_OK)
			st = derive(tacit_secret_view(&secret), kek, err);
	} else if (jwe->epk.curve == TACIT_JWE_P521 && own->p521.ptr) {
		st = tacit_p521_agree(own->p521, jwe->epk.point, z, err);
		if (st == TACIT_OK)
			st = derive(TACIT_SLICE_ARRAY(z), kek, err);
		tacit_wipe(z, sizeof(z));
	} else {
		st = tacit_fail(err, TACIT_BINDING, WHERE, 0, "for a key on another curve");
	}
	if (st == TACIT_OK)
		st = tacit_keywrap_open(kek, jwe->encrypted_key, cek, err);
	tacit_secret_done(&secret);
	tacit_wipe(kek, sizeof(kek));
	return st;
}

static enum tacit_status open_key_rsa(const struct tacit_jwe_own *own, const struct tacit_jwe *jwe,
				      uint8_t cek[CEK_LEN], struct tacit_error *err)
{
	if (!own->rsa || tacit_oaep_len(own->rsa) != jwe->encrypted_key.len)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0, "for a key of another kind");
	return tacit_oaep_open(own->rsa, jwe->encrypted_key, tacit_mut_of(cek, CEK_LEN), err);
}

static enum tacit_status open_content(const struct tacit_jwe *jwe, const uint8_t cek[CEK_LEN],
				      struct tacit_arena *arena, struct tacit_slice *ret,
				      struct tacit_error *err)
{
	size_t len = jwe->ciphertext.len;
	uint8_t *sealed = tacit_arena_alloc(arena, len + TACIT_JWE_TAG);
	uint8_t *plain = tacit_arena_alloc(arena, len ? len : 1);

	if (!sealed || !plain)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the content");
	if (len)
		memcpy(sealed, jwe->ciphertext.ptr, len);
	memcpy(sealed + len, jwe->tag.ptr, TACIT_JWE_TAG);
	enum tacit_status st = tacit_aead_open(
		TACIT_AES_256_GCM, tacit_slice_of(cek, CEK_LEN), jwe->iv, jwe->protected_text,
		tacit_slice_of(sealed, len + TACIT_JWE_TAG), tacit_mut_of(plain, len), err);
	if (st == TACIT_OK)
		*ret = tacit_slice_of(plain, len);
	return st;
}

enum tacit_status tacit_jwe_open(const struct tacit_jwe_own *own, struct tacit_slice text,
				 struct tacit_arena *arena, struct tacit_slice *ret,
				 struct tacit_error *err)
{
	uint8_t cek[CEK_LEN];
	struct tacit_jwe jwe;
	enum tacit_status st = tacit_jwe_parse(text, arena, &jwe, err);

	if (st != TACIT_OK)
		return st;
	st = jwe.alg == TACIT_JWE_RSA_OAEP_256 ? open_key_rsa(own, &jwe, cek, err)
					       : open_key_ec(own, &jwe, cek, err);
	if (st == TACIT_OK)
		st = open_content(&jwe, cek, arena, ret, err);
	tacit_wipe(cek, sizeof(cek));
	return st;
}
