/* SPDX-License-Identifier: Apache-2.0 */
#include "release/jwe.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/writer.h"
#include "crypto/oaep.h"
#include "crypto/p521_agree.h"
#include "crypto/random.h"
#include "vectors.h"

static uint8_t room[1 << 20];
static struct tacit_arena arena;

static struct tacit_slice text_of(const json_t *object, const char *name)
{
	return tacit_slice_str(json_string_value(json_object_get(object, name)));
}

static struct tacit_slice bytes_of(const json_t *object, const char *name)
{
	struct tacit_slice text = text_of(object, name);
	uint8_t *bytes = tacit_arena_alloc(&arena, text.len + 1);
	size_t len = 0;

	if (!bytes ||
	    !tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(bytes, text.len + 1), &len))
		return tacit_slice_of(NULL, 0);
	return tacit_slice_of(bytes, len);
}

/* ---- our own keys --------------------------------------------------------------------------- */

struct holder {
	struct tacit_jwe_own own;
	struct tacit_key *p256;
	struct tacit_oaep_key *rsa;
};

static void put_number(struct writer *w, struct tacit_slice n)
{
	size_t len = n.len + (n.ptr[0] >= 0x80);

	wr_u8(w, 0x02);
	wr_u8(w, 0x82);
	wr_be16(w, (uint16_t)len);
	if (n.ptr[0] >= 0x80)
		wr_u8(w, 0);
	wr_bytes(w, n);
}

/* PKCS #1 with long lengths everywhere, then shortened by hand: DER wants the shortest. */
static void put_short(struct writer *w, struct tacit_slice n)
{
	size_t len = n.len + (n.ptr[0] >= 0x80);

	if (len >= 0x100) {
		put_number(w, n);
		return;
	}
	wr_u8(w, 0x02);
	if (len >= 0x80)
		wr_u8(w, 0x81);
	wr_u8(w, (uint8_t)len);
	if (n.ptr[0] >= 0x80)
		wr_u8(w, 0);
	wr_bytes(w, n);
}

static struct tacit_oaep_key *rsa_of(const json_t *jwk)
{
	static const char *const NAMES[] = { "n", "e", "d", "p", "q", "dp", "dq", "qi" };
	static uint8_t inner[8192], outer[8200];
	struct writer w = wr_of(tacit_mut_of(inner, sizeof(inner)));
	struct writer o = wr_of(tacit_mut_of(outer, sizeof(outer)));
	struct tacit_oaep_key *key = NULL;

	wr_bytes(&w, tacit_slice_of("\x02\x01\x00", 3));
	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		struct tacit_slice n = bytes_of(jwk, NAMES[i]);

		if (!n.ptr || n.len == 0)
			return NULL;
		put_short(&w, n);
	}
	wr_u8(&o, 0x30);
	wr_u8(&o, 0x82);
	wr_be16(&o, (uint16_t)w.at);
	wr_bytes(&o, tacit_slice_of(inner, w.at));
	if (tacit_oaep_private(tacit_slice_of(outer, o.at), &key, NULL) != TACIT_OK)
		return NULL;
	return key;
}

static struct holder holder_of(const json_t *jwk)
{
	struct holder h = { 0 };
	struct tacit_slice curve = text_of(jwk, "crv");

	if (tacit_slice_eq(curve, tacit_slice_str("P-256"))) {
		if (tacit_key_private(TACIT_P256, bytes_of(jwk, "d"), &h.p256, NULL) == TACIT_OK)
			h.own.p256 = h.p256;
	} else if (tacit_slice_eq(curve, tacit_slice_str("P-521"))) {
		h.own.p521 = bytes_of(jwk, "d");
	} else {
		h.rsa = rsa_of(jwk);
		h.own.rsa = h.rsa;
	}
	return h;
}

static void holder_done(struct holder *h)
{
	tacit_key_free(h->p256);
	tacit_oaep_free(h->rsa);
}

/* ---- shared vectors ------------------------------------------------------------------------- */

static void run_case(json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	bool good = tacit_slice_eq(text_of(entry, "expect"), tacit_slice_str("decrypt"));
	char *text = json_dumps(json_object_get(entry, "jwe"), JSON_COMPACT);
	struct tacit_slice plain = { NULL, 0 }, want = text_of(entry, "plaintext_hex");
	uint8_t expected[4096];
	size_t len = 0;

	tacit_arena_wipe(&arena);
	struct holder h = holder_of(json_object_get(entry, "tee_key"));
	ok(h.own.p256 || h.own.p521.ptr || h.own.rsa, "%s: our key", name);
	enum tacit_status st = tacit_jwe_open(&h.own, tacit_slice_str(text), &arena, &plain, NULL);
	ok((st == TACIT_OK) == good, "%s: %s", name, tacit_status_name(st));
	if (good && tacit_hex_decode(want, tacit_mut_of(expected, sizeof(expected)), &len))
		is_slice(plain, tacit_slice_of(expected, len), name);
	holder_done(&h);
	free(text);
}

/* Byte for byte what Trustee's clients write again. */
static void same_header(json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	char *text = json_dumps(json_object_get(entry, "jwe"), JSON_COMPACT);
	struct tacit_slice header;
	struct tacit_jwe jwe;

	tacit_arena_wipe(&arena);
	if (tacit_jwe_parse(tacit_slice_str(text), &arena, &jwe, NULL) == TACIT_OK &&
	    tacit_jwe_protect(&jwe, &arena, &header, NULL) == TACIT_OK)
		is_slice(header, jwe.protected_text, name);
	free(text);
}

static void vectors(void)
{
	json_t *all = vector_json("kbs/rcar/kbs_jwe.json"), *entry;
	size_t i;

	json_array_foreach(all, i, entry)
	{
		run_case(entry);
		if (tacit_slice_eq(text_of(entry, "expect"), tacit_slice_str("decrypt")))
			same_header(entry);
	}
	json_decref(all);
}

/* ---- our own messages ----------------------------------------------------------------------- */

static const char EC[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\","
			 "\"x\":\"D1g4sxK7B5nsiwk-rIOhw6F7V592oH-klkIf6n8PcBI\","
			 "\"y\":\"YSuJUrJJuUUQtgBV2D03w7n5BVHvALobfXIXWEAY-aQ\"}";
static const char EC_D[] = "2P9WKJNxqHy98k4wz8jlwKL7nDOviYp0orStf9OhFVs";
static const char HELLO[] = "a resource";

static struct tacit_key *own_p256(void)
{
	struct tacit_key *key = NULL;
	uint8_t d[32];
	size_t len;

	if (!tacit_base64_decode(TACIT_BASE64URL, tacit_slice_str(EC_D), tacit_mut_of(d, sizeof(d)),
				 &len) ||
	    tacit_key_private(TACIT_P256, TACIT_SLICE_ARRAY(d), &key, NULL) != TACIT_OK)
		return NULL;
	return key;
}

static void round_trip(void)
{
	struct tacit_key *key = own_p256();
	struct tacit_jwe_own own = { .p256 = key };
	struct tacit_jwe_key to;
	struct tacit_slice text, plain;
	uint8_t scalar[TACIT_P521_SCALAR], point[TACIT_P521_POINT];

	tacit_arena_wipe(&arena);
	is_status(tacit_jwe_key_parse(tacit_slice_str(EC), &arena, &to, NULL), TACIT_OK, "a key");
	is_status(tacit_jwe_seal(&to, tacit_slice_str(HELLO), &arena, &text, NULL), TACIT_OK,
		  "sealed");
	is_status(tacit_jwe_open(&own, text, &arena, &plain, NULL), TACIT_OK, "opened");
	is_slice(plain, tacit_slice_str(HELLO), "to the same");
	char *copy = tacit_arena_copy(&arena, text);
	size_t bad = 0;
	for (size_t i = 0; i < text.len; i++) {
		struct tacit_arena small;
		static uint8_t space[65536];

		tacit_arena_init(&small, space, sizeof(space));
		copy[i] ^= 1;
		bad += tacit_jwe_open(&own, tacit_slice_of(copy, text.len), &small, &plain, NULL) ==
		       TACIT_OK;
		copy[i] ^= 1;
		bad += tacit_jwe_open(&own, tacit_slice_of(copy, i), &small, &plain, NULL) ==
		       TACIT_OK;
	}
	ok(bad == 0, "no message with a bit flipped, or cut, opens (%zu did)", bad);
	is_status(tacit_p521_generate(scalar, point, NULL), TACIT_OK, "a key of P-521");
	to.curve = TACIT_JWE_P521;
	to.point = TACIT_SLICE_ARRAY(point);
	is_status(tacit_jwe_seal(&to, tacit_slice_str(""), &arena, &text, NULL), TACIT_OK,
		  "nothing sealed for P-521");
	is_status(tacit_jwe_open(&own, text, &arena, &plain, NULL), TACIT_BINDING,
		  "is not for a key of P-256");
	own.p521 = TACIT_SLICE_ARRAY(scalar);
	is_status(tacit_jwe_open(&own, text, &arena, &plain, NULL), TACIT_OK, "opens with its own");
	tacit_key_free(key);
}

static void arenas(void)
{
	struct tacit_key *key = own_p256();
	struct tacit_jwe_own own = { .p256 = key };
	struct tacit_jwe_key to;
	struct tacit_slice text, plain;
	static uint8_t space[8192];
	size_t good = 0;

	tacit_arena_wipe(&arena);
	if (tacit_jwe_key_parse(tacit_slice_str(EC), &arena, &to, NULL) != TACIT_OK ||
	    tacit_jwe_seal(&to, tacit_slice_str(HELLO), &arena, &text, NULL) != TACIT_OK)
		return;
	for (size_t size = 0; size < sizeof(space); size += 16) {
		struct tacit_arena small;

		tacit_arena_init(&small, space, size);
		good += tacit_jwe_open(&own, text, &small, &plain, NULL) == TACIT_OK;
		tacit_arena_init(&small, space, size);
		good += tacit_jwe_seal(&to, tacit_slice_str(HELLO), &small, &plain, NULL) ==
			TACIT_OK;
	}
	ok(good > 0 && good < 2 * sizeof(space) / 16, "with every size of arena (%zu go well)",
	   good);
	tacit_key_free(key);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static void refused_keys(void)
{
	static const struct {
		const char *name, *text;
		enum tacit_status want;
	} ROWS[] = {
		{ "a private key",
		  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\",\"x\":\"AA\","
		  "\"y\":\"AA\",\"d\":\"AA\"}",
		  TACIT_FORMAT },
		{ "short coordinates",
		  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\",\"x\":\"AA\","
		  "\"y\":\"AA\"}",
		  TACIT_FORMAT },
		{ "another curve",
		  "{\"kty\":\"EC\",\"crv\":\"P-384\",\"alg\":\"ECDH-ES+A256KW\",\"x\":\"AA\","
		  "\"y\":\"AA\"}",
		  TACIT_UNSUPPORTED },
		{ "RSA1_5", "{\"kty\":\"RSA\",\"alg\":\"RSA1_5\",\"n\":\"AA\",\"e\":\"AQAB\"}",
		  TACIT_UNSUPPORTED },
		{ "an EC key for RSA",
		  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"RSA-OAEP-256\",\"x\":\"AA\"}",
		  TACIT_UNSUPPORTED },
		{ "a small modulus",
		  "{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP-256\",\"n\":\"_w\",\"e\":\"AQAB\"}",
		  TACIT_FORMAT },
		{ "no algorithm", "{\"kty\":\"EC\",\"crv\":\"P-256\"}", TACIT_UNSUPPORTED },
		{ "a member twice", "{\"kty\":\"EC\",\"kty\":\"EC\"}", TACIT_FORMAT },
		{ "no object", "[]", TACIT_FORMAT },
	};
	struct tacit_jwe_key key;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		tacit_arena_wipe(&arena);
		is_status(tacit_jwe_key_parse(tacit_slice_str(ROWS[i].text), &arena, &key, NULL),
			  ROWS[i].want, ROWS[i].name);
	}
}

static void off_curve(void)
{
	struct tacit_jwe_key key;
	struct tacit_slice text;

	tacit_arena_wipe(&arena);
	if (tacit_jwe_key_parse(tacit_slice_str(EC), &arena, &key, NULL) != TACIT_OK)
		return;
	uint8_t *point = tacit_arena_copy(&arena, key.point);
	point[64] ^= 1;
	key.point.ptr = point;
	is_status(tacit_jwe_seal(&key, tacit_slice_str(HELLO), &arena, &text, NULL), TACIT_FORMAT,
		  "a point that is not on the curve");
}

/* A message whose protected header is `header`, with parts of the right lengths. */
static enum tacit_status parse_with(const char *header)
{
	char text[2048], encoded[1024];
	struct tacit_jwe jwe;

	tacit_arena_wipe(&arena);
	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_str(header), encoded);
	snprintf(text, sizeof(text),
		 "{\"protected\":\"%s\",\"encrypted_key\":\"AAAA\",\"iv\":\"AAAAAAAAAAAAAAAA\","
		 "\"ciphertext\":\"\",\"tag\":\"AAAAAAAAAAAAAAAAAAAAAA\"}",
		 encoded);
	return tacit_jwe_parse(tacit_slice_str(text), &arena, &jwe, NULL);
}

static void refused_headers(void)
{
	is_status(parse_with("{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\"}"), TACIT_OK,
		  "to begin with, a header");
	is_status(parse_with("{\"enc\":\"A256GCM\",\"alg\":\"RSA-OAEP-256\"}"), TACIT_OK,
		  "in another order");
	is_status(parse_with("{\"alg\":\"dir\",\"enc\":\"A256GCM\"}"), TACIT_UNSUPPORTED, "dir");
	is_status(parse_with("{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A128GCM\"}"), TACIT_UNSUPPORTED,
		  "A128GCM");
	is_status(parse_with("{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\"}"), TACIT_FORMAT,
		  "no epk");
	is_status(parse_with("{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",\"crit\":[]}"),
		  TACIT_FORMAT, "crit");
	is_status(parse_with("{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}"),
		  TACIT_FORMAT, "zip");
	is_status(parse_with("no JSON"), TACIT_FORMAT, "no JSON");
}

int main(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	vectors();
	round_trip();
	arenas();
	refused_keys();
	off_curve();
	refused_headers();
	return done();
}
