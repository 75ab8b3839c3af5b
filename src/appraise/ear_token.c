/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/ear.h"

#include "base/compiler.h"
#include "codec/cose.h"
#include "codec/jwt.h"

#define WHERE   "ear"
#define CWT_TAG 61 /* [RFC 8392 6] */

/* What a key signs with: the key alone says so. */
static const struct alg {
	enum tacit_key_alg key;
	const char *jose;
	enum tacit_cose_alg cose;
} ALGS[] = {
	{ TACIT_P256, "ES256", TACIT_COSE_ES256 },
	{ TACIT_P384, "ES384", TACIT_COSE_ES384 },
	{ TACIT_ED25519, "EdDSA", TACIT_COSE_EDDSA },
};

static const struct alg *find_alg(const struct tacit_key *key)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++)
		if (ALGS[i].key == tacit_key_alg_of(key))
			return &ALGS[i];
	return NULL;
}

static enum tacit_status no_alg(struct tacit_error *err)
{
	return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the key is not an Ed25519 or EC key");
}

/* ---- signing ------------------------------------------------------------------------------- */

typedef void (*put_claims)(struct writer *w, const struct tacit_ear *ear);

/* The claims set, in the arena; absent when it is full. */
static struct tacit_slice encode(const struct tacit_ear *ear, put_claims put,
				 struct tacit_arena *arena)
{
	struct writer count = wr_of(tacit_mut_of(NULL, 0));

	put(&count, ear);
	struct writer w = wr_of(tacit_mut_of(tacit_arena_alloc(arena, count.at), count.at));
	if (!w.out.ptr)
		return tacit_slice_of(NULL, 0);
	put(&w, ear);
	return tacit_slice_of(w.out.ptr, w.bad ? 0 : w.at);
}

static enum tacit_status full(struct tacit_error *err)
{
	return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the token");
}

static enum tacit_status sign_jwt(struct tacit_slice claims, const struct alg *alg,
				  const struct tacit_key *key, struct tacit_arena *arena,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	size_t signature_len = tacit_key_signature_len(alg->key);
	size_t size = tacit_jwt_size(alg->jose, claims.len, signature_len);
	struct tacit_mut room = tacit_mut_of(tacit_arena_alloc(arena, size), size);
	uint8_t signature[TACIT_SIGNATURE_MAX];
	struct tacit_slice message;

	if (!room.ptr)
		return full(err);
	enum tacit_status st = tacit_jwt_write(alg->jose, claims, room, &message, err);
	if (st == TACIT_OK)
		st = tacit_key_sign(key, message, signature, err);
	if (st != TACIT_OK)
		return st;
	return tacit_jwt_add_signature(message, tacit_slice_of(signature, signature_len), room, ret,
				       err);
}

static struct tacit_slice write_protected(enum tacit_cose_alg alg, uint8_t room[static 8])
{
	struct writer w = wr_of(tacit_mut_of(room, 8));

	tacit_cbor_put_map(&w, 1);
	tacit_cbor_put_uint(&w, 1);
	tacit_cbor_put_int(&w, alg);
	return tacit_slice_of(room, w.at);
}

static enum tacit_status sign_structure(struct tacit_slice protected_bytes,
					struct tacit_slice claims, const struct tacit_key *key,
					struct tacit_arena *arena, uint8_t *ret,
					struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, message;
	size_t size = tacit_cose_sig_structure_max(protected_bytes, none, claims);
	struct tacit_mut room = tacit_mut_of(tacit_arena_alloc(arena, size), size);

	if (!room.ptr)
		return full(err);
	enum tacit_status st =
		tacit_cose_sig_structure(protected_bytes, none, claims, room, &message, err);
	return st == TACIT_OK ? tacit_key_sign(key, message, ret, err) : st;
}

static enum tacit_status sign_cwt(struct tacit_slice claims, const struct alg *alg,
				  const struct tacit_key *key, struct tacit_arena *arena,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	uint8_t head[8], bytes[TACIT_SIGNATURE_MAX];
	struct tacit_slice protected_bytes = write_protected(alg->cose, head);
	struct tacit_slice signature = { bytes, tacit_key_signature_len(alg->key) };
	size_t size = claims.len + sizeof(bytes) + 64;

	enum tacit_status st = sign_structure(protected_bytes, claims, key, arena, bytes, err);
	if (st != TACIT_OK)
		return st;
	struct writer w = wr_of(tacit_mut_of(tacit_arena_alloc(arena, size), size));
	if (!w.out.ptr)
		return full(err);
	tacit_cose_sign1_write(&w, protected_bytes, claims, signature);
	return wr_finish(&w, WHERE, ret, err);
}

enum tacit_status tacit_ear_sign(const struct tacit_ear *ear, enum tacit_ear_form form,
				 const struct tacit_key *key, struct tacit_arena *arena,
				 struct tacit_slice *ret, struct tacit_error *err)
{
	bool jwt = form == TACIT_EAR_JWT;
	const struct alg *alg = find_alg(key);
	struct tacit_slice claims = { NULL, 0 };

	if (!alg)
		return no_alg(err);
	claims = encode(ear, jwt ? tacit_ear_put_json : tacit_ear_put_cbor, arena);
	if (!claims.len)
		return full(err);
	return jwt ? sign_jwt(claims, alg, key, arena, ret, err)
		   : sign_cwt(claims, alg, key, arena, ret, err);
}

/* ---- verifying ----------------------------------------------------------------------------- */

enum tacit_ear_form tacit_ear_form_of(struct tacit_slice token)
{
	/* Arrays and tags of CBOR are beyond ASCII, which compact tokens are within. */
	return token.len && token.ptr[0] >= 0x80 ? TACIT_EAR_CWT : TACIT_EAR_JWT;
}

static enum tacit_status open_jwt(struct tacit_slice token, const struct alg *alg,
				  const struct tacit_key *key, struct tacit_arena *arena,
				  struct tacit_ear *ret, struct tacit_error *err)
{
	struct tacit_jwt jwt = { 0 };
	enum tacit_status st = tacit_jwt_parse(token, alg->jose, arena, &jwt, err);

	if (st == TACIT_OK)
		st = tacit_key_verify(key, jwt.message, jwt.signature, err);
	return st == TACIT_OK ? tacit_ear_parse_json(jwt.payload, arena, ret, err) : st;
}

/* The tag of a CWT may come before that of COSE, and only there [RFC 8392 6]. */
static enum tacit_status split_cwt(struct tacit_slice token, struct tacit_cose_sign1 *ret,
				   struct tacit_error *err)
{
	static const uint8_t TAG[] = { 0xd8, CWT_TAG };
	bool tagged = token.len > sizeof(TAG) && memcmp(token.ptr, TAG, sizeof(TAG)) == 0;
	enum tacit_status st;

	if (tagged)
		token = tacit_slice_of(token.ptr + sizeof(TAG), token.len - sizeof(TAG));
	st = tacit_cose_sign1_parse(token, TACIT_CBOR_LAX, ret, err);
	if (st == TACIT_OK && tagged && !ret->tagged)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the tag of a CWT without COSE's");
	return st;
}

static enum tacit_status open_cwt(struct tacit_slice token, const struct alg *alg,
				  const struct tacit_key *key, struct tacit_arena *arena,
				  struct tacit_ear *ret, struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, message;
	struct tacit_cose_sign1 msg = { 0 };
	enum tacit_status st = split_cwt(token, &msg, err);

	if (st != TACIT_OK)
		return st;
	if (!msg.payload.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the token has no payload");
	if (msg.alg != alg->cose)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "its algorithm is not %s, which the key is for", alg->jose);
	size_t size = tacit_cose_sig_structure_max(msg.protected_bytes, none, msg.payload);
	struct tacit_mut room = tacit_mut_of(tacit_arena_alloc(arena, size), size);
	if (!room.ptr)
		return full(err);
	st = tacit_cose_sig_structure(msg.protected_bytes, none, msg.payload, room, &message, err);
	if (st == TACIT_OK)
		st = tacit_key_verify(key, message, msg.signature, err);
	return st == TACIT_OK ? tacit_ear_parse_cbor(msg.payload, arena, ret, err) : st;
}

static enum tacit_status judge_times(const struct tacit_ear *ear, int64_t now,
				     struct tacit_error *err)
{
	if (ear->issued > now + TACIT_EAR_SKEW)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "it was issued in the future");
	if (ear->starts && ear->start > now + TACIT_EAR_SKEW)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "it is not valid yet");
	if (ear->expires && ear->expiry < now)
		return tacit_fail(err, TACIT_EXPIRED, WHERE, 0, "it has expired");
	return TACIT_OK;
}

enum tacit_status tacit_ear_verify(struct tacit_slice token, const struct tacit_key *key,
				   int64_t now, struct tacit_arena *arena, struct tacit_ear *ret,
				   struct tacit_error *err)
{
	const struct alg *alg = find_alg(key);
	struct tacit_ear ear = { 0 };
	enum tacit_status st;

	if (!alg)
		return no_alg(err);
	if (tacit_ear_form_of(token) == TACIT_EAR_CWT)
		st = open_cwt(token, alg, key, arena, &ear, err);
	else
		st = open_jwt(token, alg, key, arena, &ear, err);
	if (st == TACIT_OK)
		st = judge_times(&ear, now, err);
	if (st == TACIT_OK)
		*ret = ear;
	return st;
}
