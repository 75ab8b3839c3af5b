/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/text_bytes.h"

#include "base/base64.h"
#include "base/hex.h"
#include "codec/pem.h"

#define CHUNK 64 /* characters decoded at a time: whole groups of hex and of base64 */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* What the characters of a text are. */
struct survey {
	size_t digits; /* that carry bits */
	size_t pads;
	bool hex, standard, url;
};

/* False when a character is of no alphabet, or padding stands before the end. */
static bool look(struct tacit_slice text, struct survey *ret)
{
	struct survey s = { .hex = true };

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (is_space(c))
			continue;
		if (c == '=') {
			s.pads++;
			continue;
		}
		s.digits++;
		s.hex &= is_hex(c);
		s.standard |= c == '+' || c == '/';
		s.url |= c == '-' || c == '_';
		bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (s.pads || (!letter && c != '+' && c != '/' && c != '-' && c != '_'))
			return false;
	}
	*ret = s;
	return s.digits != 0;
}

/* Base64 of one alphabet, its padding whole or left out [RFC 4648 3.2]. */
static bool is_base64(const struct survey *s)
{
	return !(s->standard && s->url) && s->digits % 4 != 1 &&
	       (s->pads == 0 || s->pads == (4 - s->digits % 4) % 4);
}

static bool decode_chunk(const uint8_t *chunk, size_t len, bool hex, struct tacit_mut out,
			 size_t *at)
{
	struct tacit_slice text = tacit_slice_of(chunk, len);
	struct tacit_mut rest = tacit_mut_of(out.ptr + *at, out.len - *at);
	size_t got = 0;

	bool decoded = hex ? tacit_hex_decode(text, rest, &got)
			   : tacit_base64_decode(TACIT_BASE64URL, text, rest, &got);
	*at += got;
	return decoded;
}

static uint8_t to_url(uint8_t c)
{
	if (c == '+')
		return '-';
	return c == '/' ? '_' : c;
}

static bool decode_all(struct tacit_slice text, bool hex, struct tacit_mut out, size_t *ret_len)
{
	uint8_t chunk[CHUNK];
	size_t held = 0, at = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (is_space(text.ptr[i]) || text.ptr[i] == '=')
			continue;
		chunk[held++] = hex ? text.ptr[i] : to_url(text.ptr[i]);
		if (held < CHUNK)
			continue;
		if (!decode_chunk(chunk, held, hex, out, &at))
			return false;
		held = 0;
	}
	if (!decode_chunk(chunk, held, hex, out, &at))
		return false;
	*ret_len = at;
	return true;
}

enum tacit_text_form tacit_text_bytes(struct tacit_slice text, struct tacit_arena *arena,
				      struct tacit_slice *ret)
{
	struct survey s;
	size_t len = 0;

	while (text.len && is_space(text.ptr[0]))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	bool prefixed = text.len >= 2 && memcmp(text.ptr, "0x", 2) == 0;
	if (prefixed)
		text = tacit_slice_of(text.ptr + 2, text.len - 2);
	if (!look(text, &s))
		return TACIT_TEXT_NEITHER;
	/* Text of hex digits alone is hex: no evidence has base64 that looks so. */
	bool hex = s.hex && s.pads == 0 && s.digits % 2 == 0;
	if (!hex && (prefixed || !is_base64(&s)))
		return TACIT_TEXT_NEITHER;
	size_t size = hex ? s.digits / 2 : s.digits / 4 * 3 + 3;
	uint8_t *room = tacit_arena_alloc(arena, size);
	if (!room)
		return TACIT_TEXT_NO_ROOM;
	if (!decode_all(text, hex, tacit_mut_of(room, size), &len))
		return TACIT_TEXT_NEITHER;
	*ret = tacit_slice_of(room, len);
	return hex ? TACIT_TEXT_HEX : TACIT_TEXT_BASE64;
}

/* ---- values in JSON ------------------------------------------------------------------------ */

/* [1, 2, 3], as serde writes bytes. */
static struct tacit_slice read_numbers(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };
	size_t count = tacit_json_read_count(j), n = 0;
	uint8_t *bytes = tacit_arena_alloc(arena, count ? count : 1);

	if (!bytes) {
		tacit_json_read_full(j);
		return none;
	}
	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		uint8_t byte = (uint8_t)tacit_json_read_uint(j, UINT8_MAX);

		if (n < count)
			bytes[n++] = byte;
	}
	return j->why ? none : tacit_slice_of(bytes, n);
}

struct tacit_slice tacit_text_bytes_json(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 }, bytes = none;
	enum tacit_json_kind kind = tacit_json_read_peek(j);

	if (kind == TACIT_JSON_NULL) {
		tacit_json_read_skip(j);
		return none;
	}
	if (kind == TACIT_JSON_ARRAY)
		return read_numbers(j, arena);
	struct tacit_slice text = tacit_json_read_text(j, arena);
	if (j->why || text.len == 0 || tacit_pem_looks(text))
		return text;
	enum tacit_text_form form = tacit_text_bytes(text, arena, &bytes);
	if (form == TACIT_TEXT_NO_ROOM)
		tacit_json_read_full(j);
	else if (form == TACIT_TEXT_NEITHER)
		tacit_json_read_reject(j, "a value is neither hex nor base64 nor PEM");
	return bytes;
}
