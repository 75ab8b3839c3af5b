/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jwt.h"

#include "base/base64.h"
#include "codec/json_read.h"

#define WHERE "jwt"

/* ---- reading ------------------------------------------------------------------------------- */

/* The part up to the next dot, or up to the end for the last one. */
static bool take_part(struct tacit_slice *rest, bool last, struct tacit_slice *ret)
{
	const uint8_t *dot = rest->len ? memchr(rest->ptr, '.', rest->len) : NULL;

	if (last != (dot == NULL))
		return false;
	size_t len = dot ? (size_t)(dot - rest->ptr) : rest->len;
	*ret = tacit_slice_of(rest->ptr, len);
	if (dot)
		*rest = tacit_slice_of(dot + 1, rest->len - len - 1);
	return true;
}

static enum tacit_status decode(struct tacit_slice part, const char *name,
				struct tacit_arena *arena, struct tacit_slice *ret,
				struct tacit_error *err)
{
	struct tacit_mut room = { tacit_arena_alloc(arena, part.len + 1), part.len };
	size_t len = 0;

	if (!room.ptr)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the %s", name);
	if (!tacit_base64_decode(TACIT_BASE64URL, part, room, &len))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the %s is not base64url", name);
	*ret = tacit_slice_of(room.ptr, len);
	return TACIT_OK;
}

/* What else a header says (kid, x5c, jku, jwk) is advice that the key at hand needs none of. */
static enum tacit_status judge_header(struct tacit_slice header, const char *alg,
				      struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(header);
	struct tacit_slice name, got = { NULL, 0 };
	bool critical = false;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		critical |= tacit_slice_eq(name, tacit_slice_str("crit"));
		if (tacit_slice_eq(name, tacit_slice_str("alg")))
			got = tacit_json_read_string(&j);
		else if (tacit_slice_eq(name, tacit_slice_str("typ")))
			(void)tacit_json_read_text(&j, arena);
		else
			tacit_json_read_skip(&j);
	}
	enum tacit_status st = tacit_json_read_finish(&j, WHERE ".header", err);
	if (st != TACIT_OK)
		return st;
	if (critical)
		return tacit_fail(err, TACIT_FORMAT, WHERE ".header", 0,
				  "it has critical parameters, and none is known here");
	if (!tacit_slice_eq(got, tacit_slice_str(alg)))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE ".header", 0,
				  "its algorithm is not %s, which the key is for", alg);
	return TACIT_OK;
}

enum tacit_status tacit_jwt_parse(struct tacit_slice token, const char *alg,
				  struct tacit_arena *arena, struct tacit_jwt *ret,
				  struct tacit_error *err)
{
	struct tacit_slice rest = token, header, payload, signature;
	struct tacit_jwt jwt = { 0 };

	if (token.len > TACIT_JWT_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu characters, at most %d",
				  token.len, TACIT_JWT_MAX);
	if (!take_part(&rest, false, &header) || !take_part(&rest, false, &payload) ||
	    !take_part(&rest, true, &signature))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not three parts");
	if (header.len > TACIT_JWT_HEADER_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE ".header", 0,
				  "%zu characters, at most %d", header.len, TACIT_JWT_HEADER_MAX);
	enum tacit_status st = decode(header, "header", arena, &jwt.header, err);
	if (st == TACIT_OK)
		st = judge_header(jwt.header, alg, arena, err);
	if (st == TACIT_OK)
		st = decode(payload, "payload", arena, &jwt.payload, err);
	if (st == TACIT_OK)
		st = decode(signature, "signature", arena, &jwt.signature, err);
	if (st != TACIT_OK)
		return st;
	jwt.message = tacit_slice_of(token.ptr, header.len + 1 + payload.len);
	*ret = jwt;
	return TACIT_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

#define HEADER_ROOM 64

static struct tacit_slice write_header(const char *alg, uint8_t room[static HEADER_ROOM])
{
	struct writer w = wr_of(tacit_mut_of(room, HEADER_ROOM));

	wr_text(&w, "{\"alg\":\"");
	wr_text(&w, alg);
	wr_text(&w, "\",\"typ\":\"JWT\"}");
	return tacit_slice_of(room, w.bad ? 0 : w.at);
}

size_t tacit_jwt_size(const char *alg, size_t payload_len, size_t signature_len)
{
	uint8_t room[HEADER_ROOM];

	return tacit_base64_size(TACIT_BASE64URL, write_header(alg, room).len) + 1 +
	       tacit_base64_size(TACIT_BASE64URL, payload_len) + 1 +
	       tacit_base64_size(TACIT_BASE64URL, signature_len) + 1;
}

/* The encoder writes a NUL, which the next part takes the place of. */
static bool encode(struct tacit_slice bytes, struct tacit_mut room, size_t *at)
{
	size_t len = tacit_base64_size(TACIT_BASE64URL, bytes.len);

	if (*at > room.len || len >= room.len - *at)
		return false;
	tacit_base64_encode(TACIT_BASE64URL, bytes, (char *)room.ptr + *at);
	*at += len;
	return true;
}

enum tacit_status tacit_jwt_write(const char *alg, struct tacit_slice payload,
				  struct tacit_mut room, struct tacit_slice *ret,
				  struct tacit_error *err)
{
	uint8_t header_room[HEADER_ROOM];
	struct tacit_slice header = write_header(alg, header_room);
	size_t at = 0;

	if (!header.len || !encode(header, room, &at))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the header");
	room.ptr[at++] = '.';
	if (!encode(payload, room, &at))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the payload");
	*ret = tacit_slice_of(room.ptr, at);
	return TACIT_OK;
}

enum tacit_status tacit_jwt_add_signature(struct tacit_slice message, struct tacit_slice signature,
					  struct tacit_mut room, struct tacit_slice *ret,
					  struct tacit_error *err)
{
	size_t at = message.len;

	if (message.ptr != room.ptr || at >= room.len)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the signature");
	room.ptr[at++] = '.';
	if (!encode(signature, room, &at))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for the signature");
	*ret = tacit_slice_of(room.ptr, at);
	return TACIT_OK;
}
