/* SPDX-License-Identifier: Apache-2.0 */
#include "release/age.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/reader.h"
#include "base/secret.h"
#include "crypto/hash.h"

#define WHERE       "age.header"
#define INTRO       "age-encryption.org/v1"
#define FAMILY      "age-encryption.org/"
#define FOOTER      "---"
#define MAC_CHARS   43 /* of 32 bytes */
#define LINE_CHARS  64 /* of a full line of a body */
#define LINE_BYTES  48
#define PAD         "tacit-pad"
#define BASE64_STEP 48

bool tacit_age_stanza_is(const struct tacit_age_stanza *stanza, const char *name)
{
	return stanza->arg_count > 0 && tacit_slice_eq(stanza->args[0], tacit_slice_str(name));
}

/* ---- base64 without padding ---------------------------------------------------------------- */

static bool decode_rest(struct tacit_slice text, struct tacit_mut out, size_t *ret_len)
{
	char padded[4] = { '=', '=', '=', '=' };

	memcpy(padded, text.ptr, text.len);
	return tacit_base64_decode(TACIT_BASE64, tacit_slice_of(padded, 4), out, ret_len);
}

/* The decoder of base/ wants the padding that age leaves out, so the last group gets it here. */
bool tacit_age_base64(struct tacit_slice text, struct tacit_mut out, size_t *ret_len)
{
	size_t rest = text.len % 4, whole = text.len - rest, at = 0, more = 0;

	if (rest == 1 || (text.len && memchr(text.ptr, '=', text.len)))
		return false;
	if (whole && !tacit_base64_decode(TACIT_BASE64, tacit_slice_of(text.ptr, whole), out, &at))
		return false;
	if (rest && !decode_rest(tacit_slice_of(text.ptr + whole, rest),
				 tacit_mut_of(out.ptr + at, out.len - at), &more))
		return false;
	*ret_len = at + more;
	return true;
}

void tacit_age_base64_write(struct writer *w, struct tacit_slice bytes)
{
	char text[BASE64_STEP / 3 * 4 + 1];

	for (size_t at = 0; at < bytes.len; at += BASE64_STEP) {
		size_t take = bytes.len - at < BASE64_STEP ? bytes.len - at : BASE64_STEP;
		size_t chars = (take * 4 + 2) / 3; /* without the padding */

		tacit_base64_encode(TACIT_BASE64, tacit_slice_of(bytes.ptr + at, take), text);
		wr_bytes(w, tacit_slice_of(text, chars));
	}
	tacit_wipe(text, sizeof(text));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The next line without its end; a line that does not end makes the reader bad. */
static struct tacit_slice take_line(struct reader *r)
{
	size_t left = rd_left(r);
	const uint8_t *from = r->in.ptr + (left ? r->at : 0);
	const uint8_t *end = left ? memchr(from, '\n', left) : NULL;

	if (!end) {
		r->bad = true;
		return tacit_slice_of(NULL, 0);
	}
	struct tacit_slice line = tacit_slice_of(from, (size_t)(end - from));
	rd_skip(r, line.len + 1);
	return line;
}

static bool begins(struct tacit_slice text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

static enum tacit_status refuse(struct tacit_error *err, size_t at, const char *why)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, at, "%s", why);
}

/* "-> type arg arg": words of printable characters with one space between [AGE v1, stanza]. */
static enum tacit_status read_args(struct tacit_slice line, size_t at, struct tacit_age_stanza *ret,
				   struct tacit_error *err)
{
	size_t from = 3;

	if (!begins(line, "-> "))
		return refuse(err, at, "a stanza does not begin with an arrow");
	for (size_t i = from; i <= line.len; i++) {
		bool ends = i == line.len || line.ptr[i] == ' ';

		if (!ends && (line.ptr[i] < 33 || line.ptr[i] > 126))
			return refuse(err, at + i, "a character that no argument may have");
		if (!ends)
			continue;
		if (i == from)
			return refuse(err, at + i, "an empty argument");
		if (ret->arg_count == TACIT_AGE_ARGS_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, at, "more than %d arguments",
					  TACIT_AGE_ARGS_MAX);
		ret->args[ret->arg_count++] = tacit_slice_of(line.ptr + from, i - from);
		from = i + 1;
	}
	return TACIT_OK;
}

/* Full lines and then a short one, which may be empty. Returns the characters of the body. */
static size_t body_chars(struct reader r)
{
	size_t chars = 0;
	struct tacit_slice line;

	do {
		line = take_line(&r);
		chars += line.len;
	} while (line.len == LINE_CHARS && !r.bad);
	return chars;
}

static enum tacit_status read_body(struct reader *r, struct tacit_arena *arena,
				   struct tacit_age_stanza *ret, struct tacit_error *err)
{
	size_t room = body_chars(*r) / 4 * 3 + 3, len = 0;

	if (room > TACIT_AGE_BODY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, r->at, "the body of a stanza is long");
	uint8_t *body = tacit_arena_alloc(arena, room);
	if (!body)
		return tacit_fail(err, TACIT_LIMIT, WHERE, r->at, "no room for the stanzas");
	for (struct tacit_slice line = { NULL, LINE_CHARS }; line.len == LINE_CHARS;) {
		size_t at = r->at, more = 0;

		line = take_line(r);
		if (r->bad)
			return refuse(err, at, "the header ends too early");
		if (line.len > LINE_CHARS)
			return refuse(err, at, "a line of a body is too long");
		if (!tacit_age_base64(line, tacit_mut_of(body + len, room - len), &more))
			return refuse(err, at, "a body is not base64");
		len += more;
	}
	ret->body = tacit_slice_of(body, len);
	return TACIT_OK;
}

static enum tacit_status read_stanza(struct reader *r, struct tacit_arena *arena,
				     struct tacit_age_stanza *ret, struct tacit_error *err)
{
	size_t at = r->at;
	struct tacit_slice line = take_line(r);

	if (r->bad)
		return refuse(err, at, "the header ends too early");
	enum tacit_status st = read_args(line, at, ret, err);
	return st ? st : read_body(r, arena, ret, err);
}

/* "--- " and the MAC; it covers the header up to and with the dashes. */
static enum tacit_status read_footer(struct reader *r, struct tacit_age_header *ret,
				     struct tacit_error *err)
{
	size_t at = r->at, len = 0;
	struct tacit_slice line = take_line(r);

	if (r->bad || line.len != sizeof(FOOTER) + MAC_CHARS || !begins(line, FOOTER " "))
		return refuse(err, at, "the last line of the header is not a MAC");
	if (!tacit_age_base64(tacit_slice_of(line.ptr + sizeof(FOOTER), MAC_CHARS),
			      tacit_mut_of(ret->mac, sizeof(ret->mac)), &len) ||
	    len != sizeof(ret->mac))
		return refuse(err, at, "the MAC is not 32 bytes as base64");
	ret->covered = tacit_slice_of(r->in.ptr, at + sizeof(FOOTER) - 1);
	ret->len = r->at;
	return TACIT_OK;
}

/* Lines that begin as a stanza does, up to the footer. */
static size_t count_stanzas(struct reader r)
{
	size_t count = 0;

	for (;;) {
		struct tacit_slice line = take_line(&r);

		if (r.bad || begins(line, FOOTER) || count > TACIT_AGE_STANZAS_MAX)
			return count;
		if (begins(line, "->"))
			count++;
	}
}

static bool footer_next(const struct reader *r)
{
	return begins(tacit_slice_of(r->in.ptr + r->at, rd_left(r)), FOOTER);
}

static enum tacit_status read_stanzas(struct reader *r, struct tacit_arena *arena,
				      struct tacit_age_header *ret, struct tacit_error *err)
{
	size_t count = count_stanzas(*r);

	if (count > TACIT_AGE_STANZAS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, r->at, "more than %d stanzas",
				  TACIT_AGE_STANZAS_MAX);
	if (count == 0)
		return refuse(err, r->at, "no stanza");
	struct tacit_age_stanza *all = tacit_arena_alloc(arena, count * sizeof(*all));
	if (!all)
		return tacit_fail(err, TACIT_LIMIT, WHERE, r->at, "no room for the stanzas");
	for (size_t i = 0; i < count; i++) {
		enum tacit_status st = read_stanza(r, arena, &all[i], err);

		if (st != TACIT_OK)
			return st;
	}
	if (!footer_next(r))
		return refuse(err, r->at, "neither a stanza nor the end of the header");
	ret->stanzas = all;
	ret->stanza_count = count;
	return read_footer(r, ret, err);
}

enum tacit_status tacit_age_header_parse(struct tacit_slice in, struct tacit_arena *arena,
					 struct tacit_age_header *ret, struct tacit_error *err)
{
	struct tacit_age_header header = { 0 };
	struct reader r = rd_of(
		in.len > TACIT_AGE_HEADER_MAX ? tacit_slice_of(in.ptr, TACIT_AGE_HEADER_MAX) : in);
	struct tacit_slice intro = take_line(&r);

	if (!r.bad && begins(intro, FAMILY) && !tacit_slice_eq(intro, tacit_slice_str(INTRO)))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "another version of age");
	if (r.bad || !tacit_slice_eq(intro, tacit_slice_str(INTRO)))
		return refuse(err, 0, "not an age file");
	enum tacit_status st = read_stanzas(&r, arena, &header, err);
	if (st == TACIT_OK)
		*ret = header;
	return st;
}

/* ---- the MAC ------------------------------------------------------------------------------- */

/* HMAC-SHA-256 under HKDF(file key, no salt, "header") [AGE v1, header MAC]. */
static enum tacit_status make_mac(struct tacit_slice covered, const uint8_t *file_key,
				  uint8_t ret[static TACIT_AGE_MAC], struct tacit_error *err)
{
	uint8_t prk[TACIT_SHA256_LEN], key[TACIT_SHA256_LEN];
	enum tacit_status st =
		tacit_hkdf_extract(TACIT_SHA256, tacit_slice_of(NULL, 0),
				   tacit_slice_of(file_key, TACIT_AGE_FILE_KEY), prk, err);

	if (st == TACIT_OK)
		st = tacit_hkdf_expand(TACIT_SHA256, TACIT_SLICE_ARRAY(prk),
				       tacit_slice_str("header"), tacit_mut_of(key, sizeof(key)),
				       err);
	if (st == TACIT_OK)
		st = tacit_hmac(TACIT_SHA256, TACIT_SLICE_ARRAY(key), covered, ret, err);
	tacit_wipe(prk, sizeof(prk));
	tacit_wipe(key, sizeof(key));
	return st;
}

enum tacit_status tacit_age_header_check(const struct tacit_age_header *header,
					 const uint8_t file_key[static TACIT_AGE_FILE_KEY],
					 struct tacit_error *err)
{
	uint8_t mac[TACIT_AGE_MAC];
	enum tacit_status st = make_mac(header->covered, file_key, mac, err);

	if (st != TACIT_OK)
		return st;
	if (!tacit_equal_secret(TACIT_SLICE_ARRAY(mac), TACIT_SLICE_ARRAY(header->mac)))
		return tacit_fail(err, TACIT_SIGNATURE, "age.header.mac", header->covered.len,
				  "the header was changed: its MAC does not verify");
	return TACIT_OK;
}

/* ---- writing ------------------------------------------------------------------------------- */

static bool writable(const struct tacit_age_stanza *stanza)
{
	if (stanza->arg_count == 0 || stanza->arg_count > TACIT_AGE_ARGS_MAX ||
	    stanza->body.len > TACIT_AGE_BODY_MAX - 3)
		return false;
	for (size_t i = 0; i < stanza->arg_count; i++) {
		struct tacit_slice arg = stanza->args[i];

		for (size_t k = 0; k < arg.len; k++)
			if (arg.ptr[k] < 33 || arg.ptr[k] > 126)
				return false;
		if (arg.len == 0)
			return false;
	}
	return true;
}

static void write_stanza(struct writer *w, const struct tacit_age_stanza *stanza)
{
	size_t at = 0;

	wr_text(w, "->");
	for (size_t i = 0; i < stanza->arg_count; i++) {
		wr_text(w, " ");
		wr_bytes(w, stanza->args[i]);
	}
	wr_text(w, "\n");
	for (; stanza->body.len - at >= LINE_BYTES; at += LINE_BYTES) {
		tacit_age_base64_write(w, tacit_slice_of(stanza->body.ptr + at, LINE_BYTES));
		wr_text(w, "\n");
	}
	tacit_age_base64_write(w, tacit_slice_of(stanza->body.ptr + at, stanza->body.len - at));
	wr_text(w, "\n");
}

/* A stanza of exactly `len` bytes: what full lines leave over goes into its second argument. */
static void write_pad(struct writer *w, size_t len)
{
	static const char AS[] =
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
	const size_t line = sizeof(AS) - 1, fixed = sizeof("-> " PAD " ") - 1 + 2;
	size_t rest = len - fixed, word = (rest - 1) % line + 1;

	wr_text(w, "-> " PAD " ");
	wr_bytes(w, tacit_slice_of(AS, word < line ? word : line - 1));
	if (word == line) /* the line's own end is no part of a word */
		wr_text(w, "A");
	wr_text(w, "\n");
	for (size_t i = 0; i < (rest - word) / line; i++)
		wr_text(w, AS);
	wr_text(w, "\n");
}

#define FOOTER_LEN (sizeof(FOOTER) + MAC_CHARS + 1)

static void write_padding(struct writer *w, size_t pad_to)
{
	size_t plain = w->at + FOOTER_LEN;
	size_t whole = (plain / pad_to + 2) * pad_to;

	if (!w->bad && whole <= TACIT_AGE_HEADER_MAX)
		write_pad(w, whole - plain);
}

enum tacit_status tacit_age_header_write(const struct tacit_age_stanza *stanzas, size_t count,
					 size_t pad_to,
					 const uint8_t file_key[static TACIT_AGE_FILE_KEY],
					 struct tacit_mut room, struct tacit_slice *ret,
					 struct tacit_error *err)
{
	uint8_t mac[TACIT_AGE_MAC];
	struct writer w = wr_of(room);

	if (count == 0 || count > TACIT_AGE_STANZAS_MAX - 1 || (pad_to && pad_to < 128))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%zu stanzas", count);
	wr_text(&w, INTRO "\n");
	for (size_t i = 0; i < count; i++) {
		if (!writable(&stanzas[i]))
			return tacit_fail(err, TACIT_USAGE, WHERE, i, "stanza %zu", i);
		write_stanza(&w, &stanzas[i]);
	}
	if (pad_to)
		write_padding(&w, pad_to);
	wr_text(&w, FOOTER);
	if (w.bad || w.at + FOOTER_LEN > TACIT_AGE_HEADER_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, w.at, "the header is too long");
	enum tacit_status st = make_mac(tacit_slice_of(room.ptr, w.at), file_key, mac, err);
	if (st != TACIT_OK)
		return st;
	wr_text(&w, " ");
	tacit_age_base64_write(&w, TACIT_SLICE_ARRAY(mac));
	wr_text(&w, "\n");
	return wr_finish(&w, WHERE, ret, err);
}
