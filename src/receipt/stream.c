/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/stream.h"

#include "base/base64.h"
#include "crypto/hash.h"

#define DONE     "data: [DONE]"
#define DONE_LEN 12

enum tacit_status tacit_stream_init(struct tacit_stream *s, struct tacit_error *err)
{
	memset(s, 0, sizeof(*s));
	s->line_start = true;
	s->hasher = tacit_hasher_new(TACIT_SHA256);
	if (!s->hasher)
		return tacit_fail(err, TACIT_NOMEM, "stream", 0, "no memory for a hash");
	return TACIT_OK;
}

void tacit_stream_done(struct tacit_stream *s)
{
	tacit_hasher_free(s->hasher);
	s->hasher = NULL;
}

static enum tacit_status fail(struct tacit_stream *s, enum tacit_status status, const char *why,
			      struct tacit_error *err)
{
	s->failed = status;
	return tacit_fail(err, status, "stream", s->total, "%s", why);
}

static void hash(struct tacit_stream *s, struct tacit_slice bytes)
{
	tacit_hasher_update(s->hasher, bytes);
	s->hashed += bytes.len;
}

/* The prefix is whole: what came before it is what the receipt covers. */
static enum tacit_status end_body(struct tacit_stream *s, struct tacit_error *err)
{
	uint8_t digest[TACIT_HASH_MAX];
	enum tacit_status status = tacit_hasher_final(s->hasher, digest, err);

	if (status != TACIT_OK) {
		s->failed = status;
		return status;
	}
	memcpy(s->digest, digest, sizeof(s->digest));
	s->state = TACIT_STREAM_RECEIPT;
	return TACIT_OK;
}

/*
 * Takes some of the body: one byte while a line might still begin with the prefix, the rest of
 * the line otherwise.
 */
static enum tacit_status take_body(struct tacit_stream *s, struct tacit_slice in, size_t *ret_taken,
				   struct tacit_error *err)
{
	if (s->line_start && in.ptr[0] == (uint8_t)TACIT_STREAM_PREFIX[s->held]) {
		*ret_taken = 1;
		s->held++;
		return s->held == TACIT_STREAM_PREFIX_LEN ? end_body(s, err) : TACIT_OK;
	}
	if (s->held)
		hash(s, tacit_slice_of(TACIT_STREAM_PREFIX, s->held));
	s->held = 0;

	const uint8_t *end = memchr(in.ptr, '\n', in.len);
	size_t len = end ? (size_t)(end - in.ptr) + 1 : in.len;
	hash(s, tacit_slice_of(in.ptr, len));
	s->line_start = end != NULL;
	*ret_taken = len;
	return TACIT_OK;
}

static enum tacit_status end_receipt(struct tacit_stream *s, struct tacit_error *err)
{
	struct tacit_slice receipt;
	enum tacit_status status = tacit_stream_read_header(
		tacit_slice_of(s->line, s->line_len), tacit_mut_of(s->receipt, sizeof(s->receipt)),
		&receipt, NULL);

	if (status != TACIT_OK)
		return fail(s, status, "the receipt line does not hold base64url", err);
	s->receipt_len = receipt.len;
	s->line_len = 0;
	s->state = TACIT_STREAM_AFTER;
	return TACIT_OK;
}

static enum tacit_status take_receipt(struct tacit_stream *s, uint8_t c, struct tacit_error *err)
{
	if (c == '\n')
		return end_receipt(s, err);
	if (s->line_len == sizeof(s->line))
		return fail(s, TACIT_LIMIT, "the receipt line is too long", err);
	s->line[s->line_len++] = (char)c;
	return TACIT_OK;
}

/* True while the line may still become `whole`. */
static bool may_be(const struct tacit_stream *s, const char *whole, size_t len)
{
	return s->line_len <= len && memcmp(s->line, whole, s->line_len) == 0;
}

static enum tacit_status end_after_line(struct tacit_stream *s, struct tacit_error *err)
{
	size_t len = s->line_len;

	s->line_len = 0;
	if (len == 0)
		return TACIT_OK;
	if (len != DONE_LEN || s->line[0] != DONE[0])
		return fail(s, TACIT_BINDING, "a line other than [DONE] after the receipt", err);
	s->state = TACIT_STREAM_DONE;
	return TACIT_OK;
}

/* Nothing signs these bytes, so only what cannot be mistaken for an answer may be there. */
static enum tacit_status take_after(struct tacit_stream *s, uint8_t c, struct tacit_error *err)
{
	if (++s->after > TACIT_STREAM_AFTER_MAX)
		return fail(s, TACIT_LIMIT, "too many blank lines after the receipt", err);
	if (c == '\n')
		return end_after_line(s, err);
	s->line[s->line_len++] = (char)c;
	if (may_be(s, TACIT_STREAM_PREFIX, TACIT_STREAM_PREFIX_LEN)) {
		if (s->line_len == TACIT_STREAM_PREFIX_LEN)
			return fail(s, TACIT_BINDING, "a second receipt", err);
		return TACIT_OK;
	}
	if (s->state == TACIT_STREAM_DONE)
		return fail(s, TACIT_BINDING, "bytes after [DONE] that the receipt does not cover",
			    err);
	if (!may_be(s, DONE, DONE_LEN))
		return fail(s, TACIT_BINDING, "bytes after the receipt that it does not cover",
			    err);
	return TACIT_OK;
}

enum tacit_status tacit_stream_feed(struct tacit_stream *s, struct tacit_slice bytes,
				    struct tacit_error *err)
{
	enum tacit_status status = TACIT_OK;
	size_t at = 0;

	if (s->failed)
		return tacit_fail(err, s->failed, "stream", s->total, "the stream failed before");
	while (at < bytes.len && status == TACIT_OK) {
		size_t taken = 1;

		if (s->state == TACIT_STREAM_BODY)
			status = take_body(s, tacit_slice_of(bytes.ptr + at, bytes.len - at),
					   &taken, err);
		else if (s->state == TACIT_STREAM_RECEIPT)
			status = take_receipt(s, bytes.ptr[at], err);
		else
			status = take_after(s, bytes.ptr[at], err);
		at += taken;
		s->total += taken;
	}
	return status;
}

enum tacit_status tacit_stream_finish(struct tacit_stream *s, struct tacit_slice *ret_receipt,
				      uint8_t ret_hash[static 32], struct tacit_error *err)
{
	if (s->failed)
		return tacit_fail(err, s->failed, "stream", s->total, "the stream failed before");
	if (s->state == TACIT_STREAM_BODY)
		return fail(s, TACIT_BINDING, "the stream ended without a receipt", err);
	if (s->state == TACIT_STREAM_RECEIPT)
		return fail(s, TACIT_BINDING, "the stream was cut inside the receipt line", err);
	if (s->state == TACIT_STREAM_AFTER)
		return fail(s, TACIT_BINDING, "the stream was cut after the receipt, before [DONE]",
			    err);
	if (s->line_len)
		return fail(s, TACIT_BINDING, "the stream was cut after [DONE]", err);
	*ret_receipt = tacit_slice_of(s->receipt, s->receipt_len);
	memcpy(ret_hash, s->digest, sizeof(s->digest));
	return TACIT_OK;
}

void tacit_stream_put_header(struct writer *w, struct tacit_slice receipt)
{
	char text[TACIT_STREAM_TEXT_MAX + 1];

	if (receipt.len > TACIT_STREAM_RECEIPT_MAX) {
		w->bad = true;
		return;
	}
	tacit_base64_encode(TACIT_BASE64URL, receipt, text);
	wr_text(w, text);
}

void tacit_stream_put_receipt(struct writer *w, struct tacit_slice receipt)
{
	wr_text(w, TACIT_STREAM_PREFIX);
	tacit_stream_put_header(w, receipt);
	wr_text(w, "\n\n");
}

enum tacit_status tacit_stream_read_header(struct tacit_slice text, struct tacit_mut room,
					   struct tacit_slice *ret, struct tacit_error *err)
{
	size_t len = 0;

	if (text.len > TACIT_STREAM_TEXT_MAX)
		return tacit_fail(err, TACIT_LIMIT, "receipt.text", 0, "%zu characters, at most %d",
				  text.len, TACIT_STREAM_TEXT_MAX);
	if (text.len * 3 / 4 > room.len)
		return tacit_fail(err, TACIT_LIMIT, "receipt.text", 0, "no room for %zu characters",
				  text.len);
	if (text.len == 0 || !tacit_base64_decode(TACIT_BASE64URL, text, room, &len))
		return tacit_fail(err, TACIT_FORMAT, "receipt.text", 0, "not base64url");
	*ret = tacit_slice_of(room.ptr, len);
	return TACIT_OK;
}
