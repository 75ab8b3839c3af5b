/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jwe.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/writer.h"
#include "codec/json_read.h"

#define WHERE       "jwe"
#define RSA_MIN     256 /* bytes of a modulus */
#define RSA_MAX     512
#define HEADER_MAX  1024
#define WRITE_EXTRA 512 /* of the message, beside its parts */

static const struct {
	const char *name;
	enum tacit_jwe_alg alg;
} ALGS[] = {
	{ "ECDH-ES+A256KW", TACIT_JWE_ECDH_ES_A256KW },
	{ "RSA-OAEP-256", TACIT_JWE_RSA_OAEP_256 },
};

static const struct curve {
	const char *name;
	enum tacit_jwe_curve curve;
	size_t len; /* of a coordinate */
} CURVES[] = {
	{ "P-256", TACIT_JWE_P256, 32 },
	{ "P-521", TACIT_JWE_P521, 66 },
};

static bool is(struct tacit_slice a, const char *b)
{
	return tacit_slice_eq(a, tacit_slice_str(b));
}

static enum tacit_jwe_alg find_alg(struct tacit_slice name)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++)
		if (is(name, ALGS[i].name))
			return ALGS[i].alg;
	return TACIT_JWE_NONE;
}

/* Base64url into the arena; empty text gives an empty slice that is there. */
static bool decode(struct tacit_slice text, struct tacit_arena *arena, struct tacit_slice *ret)
{
	size_t room = text.len / 4 * 3 + 3, len = 0;
	uint8_t *bytes = tacit_arena_alloc(arena, room);

	if (!bytes || !tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(bytes, room), &len))
		return false;
	*ret = tacit_slice_of(bytes, len);
	return true;
}

static struct tacit_slice encode(struct tacit_slice bytes, struct tacit_arena *arena)
{
	size_t len = tacit_base64_size(TACIT_BASE64URL, bytes.len);
	char *text = tacit_arena_alloc(arena, len + 1);

	if (!text)
		return tacit_slice_of(NULL, 0);
	tacit_base64_encode(TACIT_BASE64URL, bytes, text);
	return tacit_slice_of(text, len);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct member {
	const char *name;
	struct tacit_slice *to;
};

/* An object of texts; other members are passed over, or refused with `strict`. */
static void read_texts(struct tacit_json_read *j, const struct member *members, size_t count,
		       bool strict)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		size_t i = 0;

		while (i < count && !is(name, members[i].name))
			i++;
		if (i < count) {
			*members[i].to = tacit_json_read_string(j);
			if (!members[i].to->ptr)
				*members[i].to = tacit_slice_str("");
		} else if (strict) {
			tacit_json_read_reject(j, "a member that it cannot have");
		} else {
			tacit_json_read_skip(j);
		}
	}
}

struct key_texts {
	struct tacit_slice kty, alg, crv, x, y, n, e, d;
};

static void read_key(struct tacit_json_read *j, struct key_texts *t)
{
	const struct member members[] = { { "kty", &t->kty }, { "alg", &t->alg },
					  { "crv", &t->crv }, { "x", &t->x },
					  { "y", &t->y },     { "n", &t->n },
					  { "e", &t->e },     { "d", &t->d } };

	read_texts(j, members, TACIT_ARRAY_LEN(members), false);
}

static enum tacit_status take_point(const struct key_texts *t, struct tacit_arena *arena,
				    struct tacit_jwe_key *ret, struct tacit_error *err)
{
	struct tacit_slice x, y;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CURVES); i++) {
		if (!is(t->crv, CURVES[i].name))
			continue;
		if (!decode(t->x, arena, &x) || !decode(t->y, arena, &y) ||
		    x.len != CURVES[i].len || y.len != CURVES[i].len)
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "the coordinates are not those of %s", CURVES[i].name);
		uint8_t *point = tacit_arena_alloc(arena, 1 + x.len + y.len);
		if (!point)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for a key");
		point[0] = 4; /* uncompressed [SEC 1 2.3.3] */
		memcpy(point + 1, x.ptr, x.len);
		memcpy(point + 1 + x.len, y.ptr, y.len);
		ret->curve = CURVES[i].curve;
		ret->point = tacit_slice_of(point, 1 + x.len + y.len);
		return TACIT_OK;
	}
	return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "a curve that is not offered");
}

static enum tacit_status take_rsa(const struct key_texts *t, struct tacit_arena *arena,
				  struct tacit_jwe_key *ret, struct tacit_error *err)
{
	if (!decode(t->n, arena, &ret->modulus) || !decode(t->e, arena, &ret->exponent) ||
	    ret->modulus.len < RSA_MIN || ret->modulus.len > RSA_MAX ||
	    ret->modulus.ptr[0] < 0x80 || ret->exponent.len == 0 || ret->exponent.len > 8 ||
	    ret->exponent.ptr[0] == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "not an RSA key of 2048 to 4096 bits");
	return TACIT_OK;
}

enum tacit_status tacit_jwe_key_parse(struct tacit_slice json, struct tacit_arena *arena,
				      struct tacit_jwe_key *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct key_texts t = { 0 };
	struct tacit_jwe_key key = { 0 };

	read_key(&j, &t);
	enum tacit_status st = tacit_json_read_finish(&j, "jwe.key", err);
	if (st != TACIT_OK)
		return st;
	if (t.d.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a private key was sent");
	key.alg = find_alg(t.alg);
	if (key.alg == TACIT_JWE_ECDH_ES_A256KW && is(t.kty, "EC"))
		st = take_point(&t, arena, &key, err);
	else if (key.alg == TACIT_JWE_RSA_OAEP_256 && is(t.kty, "RSA"))
		st = take_rsa(&t, arena, &key, err);
	else
		st = tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				"a key or an algorithm that is not offered");
	if (st == TACIT_OK)
		*ret = key;
	return st;
}

static enum tacit_status read_header(struct tacit_slice json, struct tacit_arena *arena,
				     struct tacit_jwe *jwe, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_slice name, alg = { NULL, 0 }, enc = { NULL, 0 };
	struct key_texts epk = { 0 };

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "alg"))
			alg = tacit_json_read_string(&j);
		else if (is(name, "enc"))
			enc = tacit_json_read_string(&j);
		else if (is(name, "epk"))
			read_key(&j, &epk);
		else /* apu, apv, crit, zip, ... change what the rest means */
			tacit_json_read_reject(&j, "a header parameter that is not known");
	}
	enum tacit_status st = tacit_json_read_finish(&j, "jwe.header", err);
	if (st != TACIT_OK)
		return st;
	jwe->alg = find_alg(alg);
	if (jwe->alg == TACIT_JWE_NONE || !is(enc, "A256GCM"))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "algorithms that are not offered");
	if ((jwe->alg == TACIT_JWE_ECDH_ES_A256KW) != is(epk.kty, "EC") || epk.d.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "\"epk\" does not belong to \"alg\"");
	return epk.kty.ptr ? take_point(&epk, arena, &jwe->epk, err) : TACIT_OK;
}

enum tacit_status tacit_jwe_parse(struct tacit_slice text, struct tacit_arena *arena,
				  struct tacit_jwe *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	struct tacit_slice key = { NULL, 0 }, iv = key, ciphertext = key, tag = key, header;
	struct tacit_jwe jwe = { 0 };
	const struct member members[] = { { "protected", &jwe.protected_text },
					  { "encrypted_key", &key },
					  { "iv", &iv },
					  { "ciphertext", &ciphertext },
					  { "tag", &tag } };

	if (text.len > TACIT_JWE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "longer than %d characters",
				  TACIT_JWE_MAX);
	read_texts(&j, members, TACIT_ARRAY_LEN(members), true);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (!jwe.protected_text.ptr || jwe.protected_text.len > 2 * HEADER_MAX || !key.ptr ||
	    !iv.ptr || !ciphertext.ptr || !tag.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a part is missing");
	if (!decode(jwe.protected_text, arena, &header) ||
	    !decode(key, arena, &jwe.encrypted_key) || !decode(iv, arena, &jwe.iv) ||
	    !decode(ciphertext, arena, &jwe.ciphertext) || !decode(tag, arena, &jwe.tag))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a part is no base64url, or too long");
	if (jwe.iv.len != TACIT_JWE_IV || jwe.tag.len != TACIT_JWE_TAG)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "iv or tag of a wrong length");
	st = read_header(header, arena, &jwe, err);
	if (st == TACIT_OK)
		*ret = jwe;
	return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_member(struct writer *w, const char *before, struct tacit_slice text)
{
	wr_text(w, before);
	wr_bytes(w, text);
	wr_text(w, "\"");
}

static void put_epk(struct writer *w, const struct tacit_jwe_key *epk, struct tacit_arena *arena)
{
	size_t len = epk->point.len / 2;

	put_member(w, ",\"epk\":{\"crv\":\"",
		   tacit_slice_str(epk->curve == TACIT_JWE_P256 ? "P-256" : "P-521"));
	put_member(w, ",\"kty\":\"EC\",\"x\":\"",
		   encode(tacit_slice_of(epk->point.ptr + 1, len), arena));
	put_member(w, ",\"y\":\"", encode(tacit_slice_of(epk->point.ptr + 1 + len, len), arena));
	wr_text(w, "}");
}

enum tacit_status tacit_jwe_protect(const struct tacit_jwe *jwe, struct tacit_arena *arena,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	uint8_t room[HEADER_MAX];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_slice header;
	bool ecdh = jwe->alg == TACIT_JWE_ECDH_ES_A256KW;

	put_member(&w, "{\"alg\":\"", tacit_slice_str(ALGS[ecdh ? 0 : 1].name));
	put_member(&w, ",\"enc\":\"", tacit_slice_str("A256GCM"));
	if (ecdh)
		put_epk(&w, &jwe->epk, arena);
	wr_text(&w, "}");
	enum tacit_status st = wr_finish(&w, WHERE, &header, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_slice text = encode(header, arena);
	if (!text.ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the header");
	*ret = text;
	return TACIT_OK;
}

enum tacit_status tacit_jwe_write(const struct tacit_jwe *jwe, struct tacit_arena *arena,
				  struct tacit_slice *ret, struct tacit_error *err)
{
	const struct tacit_slice parts[] = { encode(jwe->encrypted_key, arena),
					     encode(jwe->iv, arena), encode(jwe->ciphertext, arena),
					     encode(jwe->tag, arena) };
	static const char *const BEFORE[] = { ",\"encrypted_key\":\"", ",\"iv\":\"",
					      ",\"ciphertext\":\"", ",\"tag\":\"" };
	size_t size = jwe->protected_text.len + WRITE_EXTRA;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(parts); i++) {
		if (!parts[i].ptr)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the message");
		size += parts[i].len;
	}
	uint8_t *room = tacit_arena_alloc(arena, size);
	if (!room)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the message");
	struct writer w = wr_of(tacit_mut_of(room, size));
	put_member(&w, "{\"protected\":\"", jwe->protected_text);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(parts); i++)
		put_member(&w, BEFORE[i], parts[i]);
	wr_text(&w, "}");
	return wr_finish(&w, WHERE, ret, err);
}
