/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/unwrap_parts.h"

#include "base/base64.h"
#include "base/hex.h"

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
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9');
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

bool tacit_unwrap_decode(struct tacit_slice text, struct tacit_arena *arena,
			 struct tacit_slice *ret, enum tacit_wrapper_form *ret_form)
{
	struct survey s;
	size_t len = 0;

	while (text.len && is_space(text.ptr[0]))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	bool prefixed = text.len >= 2 && memcmp(text.ptr, "0x", 2) == 0;
	if (prefixed)
		text = tacit_slice_of(text.ptr + 2, text.len - 2);
	if (!look(text, &s))
		return false;
	/* Text of hex digits alone is hex: no evidence has base64 that looks so. */
	bool hex = s.hex && s.pads == 0 && s.digits % 2 == 0;
	if (!hex && (prefixed || !is_base64(&s)))
		return false;
	size_t size = hex ? s.digits / 2 : s.digits / 4 * 3 + 3;
	uint8_t *room = tacit_arena_alloc(arena, size);
	if (!room || !decode_all(text, hex, tacit_mut_of(room, size), &len))
		return false;
	*ret = tacit_slice_of(room, len);
	*ret_form = hex ? TACIT_WRAPPER_HEX : TACIT_WRAPPER_BASE64;
	return true;
}

bool tacit_unwrap_text(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	enum tacit_wrapper_form form;
	struct tacit_slice bytes;

	if (!tacit_unwrap_decode(u->in, u->arena, &bytes, &form))
		return false;
	*ret_st = tacit_unwrap_layer(u, form);
	u->in = bytes;
	return true;
}
