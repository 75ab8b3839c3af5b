/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/text.h"

#include <stdlib.h>

void tacit_text_init(struct tacit_text *text, const struct tacit_slice *stops, size_t count)
{
	memset(text, 0, sizeof(*text));
	text->stops = stops;
	text->stop_count = count;
}

void tacit_text_done(struct tacit_text *text)
{
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

/* The length a lead byte announces; 1 for bytes that lead nothing. */
static size_t sequence_len(uint8_t lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

size_t tacit_text_cut(struct tacit_slice s)
{
	for (size_t back = 1; back <= 3 && back <= s.len; back++) {
		uint8_t b = s.ptr[s.len - back];

		if ((b & 0xc0) != 0x80)
			return sequence_len(b) > back ? back : 0;
	}
	return 0;
}

static bool matches(const struct tacit_text *text, size_t at, struct tacit_slice stop)
{
	return stop.len <= text->len - at && memcmp(text->bytes + at, stop.ptr, stop.len) == 0;
}

/* True when everything from `at` on could be the beginning of `stop`. */
static bool may_match(const struct tacit_text *text, size_t at, struct tacit_slice stop)
{
	size_t n = text->len - at;

	return n < stop.len && memcmp(text->bytes + at, stop.ptr, n) == 0;
}

/*
 * Where the stop string begins that was complete first; the text's length when none is there.
 * The first to be complete, so that the outcome does not depend on how the text was cut.
 */
static size_t find_stop(const struct tacit_text *text)
{
	size_t best = text->len;
	size_t best_end = SIZE_MAX;

	for (size_t at = 0; at < text->len; at++) {
		for (size_t i = 0; i < text->stop_count; i++) {
			size_t end = at + text->stops[i].len;

			if (end < best_end && matches(text, at, text->stops[i])) {
				best = at;
				best_end = end;
			}
		}
	}
	return best;
}

/* Where the end of the text may be the beginning of a stop string. */
static size_t find_start(const struct tacit_text *text)
{
	for (size_t at = 0; at < text->len; at++)
		for (size_t i = 0; i < text->stop_count; i++)
			if (may_match(text, at, text->stops[i]))
				return at;
	return text->len;
}

/* How much may go out: up to the stop string, or up to what may become one. */
static size_t scan(struct tacit_text *text)
{
	size_t at = find_stop(text);

	text->stopped = text->stopped || at < text->len;
	return text->stopped ? at : find_start(text);
}

static bool make_room(struct tacit_text *text, size_t more)
{
	size_t want = text->len + more;
	uint8_t *bytes;

	if (want <= text->room)
		return true;
	want = want < 64 ? 64 : 2 * want;
	bytes = realloc(text->bytes, want);
	if (!bytes)
		return false;
	text->bytes = bytes;
	text->room = want;
	return true;
}

static void drop_sent(struct tacit_text *text)
{
	text->len -= text->sent;
	if (text->len && text->sent)
		memmove(text->bytes, text->bytes + text->sent, text->len);
	text->sent = 0;
}

enum tacit_status tacit_text_add(struct tacit_text *text, struct tacit_slice piece,
				 struct tacit_slice *ret_out, struct tacit_error *err)
{
	drop_sent(text);
	if (!make_room(text, piece.len))
		return tacit_fail(err, TACIT_NOMEM, "infer.text", 0, "%zu bytes", piece.len);
	if (text->stopped)
		piece.len = 0;
	if (piece.len)
		memcpy(text->bytes + text->len, piece.ptr, piece.len);
	text->len += piece.len;
	text->sent = text->stop_count ? scan(text) : text->len;
	if (!text->stopped)
		text->sent -= tacit_text_cut(tacit_slice_of(text->bytes, text->sent));
	*ret_out = tacit_slice_of(text->bytes, text->sent);
	if (text->stopped)
		text->len = text->sent;
	return TACIT_OK;
}

struct tacit_slice tacit_text_rest(struct tacit_text *text)
{
	drop_sent(text);
	text->sent = text->len;
	return tacit_slice_of(text->bytes, text->len);
}
