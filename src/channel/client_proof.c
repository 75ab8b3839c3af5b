/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_proof.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "receipt/stream.h"
#include "sys/clock.h"

#define RECEIPT_AGE 300 /* seconds beyond the request's own time that the two clocks may differ */
#define TAIL_MAX    (TACIT_STREAM_PREFIX_LEN + TACIT_STREAM_TEXT_MAX + 32)

struct tacit_proof_state {
	const struct tacit_attested *attested;
	uint64_t began_ms;
	bool streams;
	size_t done_seen; /* bytes of a [DONE] line that stands before the receipt */
	bool mid_line;
	struct tacit_stream stream; /* its hash serves whole answers, too */
	uint8_t *joined;            /* what the stream held back, with what came after it */
	unsigned headers;           /* how many Tacit-Receipt headers there were */
	char text[TACIT_STREAM_TEXT_MAX];
	size_t text_len;
	uint8_t room[TACIT_STREAM_RECEIPT_MAX];
	uint8_t tail[TAIL_MAX];
	uint8_t response_hash[32];
	struct tacit_receipt_verdict verdict;
};

struct tacit_proof_state *tacit_client_proof_new(const struct tacit_attested *attested,
						 uint64_t began_ms)
{
	struct tacit_proof_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->attested = attested;
	s->began_ms = began_ms;
	if (tacit_stream_init(&s->stream, NULL) != TACIT_OK) {
		free(s);
		return NULL;
	}
	return s;
}

void tacit_client_proof_free(struct tacit_proof_state *s)
{
	if (!s)
		return;
	tacit_stream_done(&s->stream);
	free(s->joined);
	free(s);
}

void tacit_client_proof_receipt(struct tacit_proof_state *s, struct tacit_slice text)
{
	s->headers++;
	s->text_len = text.len <= sizeof(s->text) ? text.len : 0; /* 0 is no receipt either */
	if (s->text_len)
		memcpy(s->text, text.ptr, s->text_len);
}

void tacit_client_proof_head(struct tacit_proof_state *s, bool stream)
{
	s->streams = stream;
}

/*
 * What of `bytes` the receipt covers is what the hash took of it, after what it had held back:
 * `held` bytes that might have begun the receipt line, and did not.
 */
static enum tacit_status covered(struct tacit_proof_state *s, struct tacit_slice bytes, size_t held,
				 size_t len, struct tacit_slice *ret, struct tacit_error *err)
{
	if (held == 0 || len == 0) {
		*ret = tacit_slice_of(bytes.ptr, len);
		return TACIT_OK;
	}
	uint8_t *joined = realloc(s->joined, len);
	if (!joined)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	s->joined = joined;
	memcpy(joined, TACIT_STREAM_PREFIX, held);
	memcpy(joined + held, bytes.ptr, len - held);
	*ret = tacit_slice_of(joined, len);
	return TACIT_OK;
}

/*
 * Whether bytes before the receipt say that the stream is over: a reader would believe them and
 * never see that the receipt is missing.
 */
static bool says_done(struct tacit_proof_state *s, struct tacit_slice bytes)
{
	static const char DONE[] = "data: [DONE]";

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.ptr[i];

		if (!s->mid_line && c == (uint8_t)DONE[s->done_seen]) {
			if (++s->done_seen == sizeof(DONE) - 1)
				return true;
			continue;
		}
		s->done_seen = 0;
		s->mid_line = true;
		const uint8_t *end = memchr(bytes.ptr + i, '\n', bytes.len - i);
		if (!end)
			return false;
		i = (size_t)(end - bytes.ptr);
		s->mid_line = false;
	}
	return false;
}

enum tacit_status tacit_client_proof_body(struct tacit_proof_state *s, struct tacit_slice bytes,
					  struct tacit_slice *ret_given, struct tacit_error *err)
{
	size_t held = s->stream.held;
	uint64_t before = s->stream.hashed;
	struct tacit_error why = { 0 };

	if (!s->streams) {
		tacit_hasher_update(s->stream.hasher, bytes);
		*ret_given = bytes;
		return TACIT_OK;
	}
	if (tacit_stream_feed(&s->stream, bytes, &why) != TACIT_OK)
		return tacit_fail(err, TACIT_BINDING, "receipt.stream", why.offset, "%s",
				  why.detail);
	struct tacit_slice given;
	enum tacit_status st =
		covered(s, bytes, held, (size_t)(s->stream.hashed - before), &given, err);
	if (st != TACIT_OK)
		return st;
	if (says_done(s, given))
		return tacit_fail(err, TACIT_BINDING, "receipt.missing", 0,
				  "the stream says that it is over before its receipt");
	*ret_given = given;
	return TACIT_OK;
}

/* The receipt of a whole answer: there is one header, and it can be read. */
static enum tacit_status finish_whole(struct tacit_proof_state *s, struct tacit_slice *ret,
				      struct tacit_error *err)
{
	if (s->headers > 1)
		return tacit_fail(err, TACIT_BINDING, "receipt.text", 0,
				  "the answer has %u receipts", s->headers);
	if (tacit_hasher_final(s->stream.hasher, s->response_hash, err) != TACIT_OK)
		return TACIT_INTERNAL;
	return tacit_stream_read_header(tacit_slice_of(s->text, s->text_len),
					tacit_mut_of(s->room, sizeof(s->room)), ret, err);
}

static enum tacit_status finish(struct tacit_proof_state *s, struct tacit_slice *ret,
				struct tacit_error *err)
{
	return s->streams ? tacit_stream_finish(&s->stream, ret, s->response_hash, err)
			  : finish_whole(s, ret, err);
}

static bool has_receipt(const struct tacit_proof_state *s)
{
	return s->streams ? s->stream.state != TACIT_STREAM_BODY || s->stream.failed
			  : s->headers > 0;
}

/* Everything that we know about this answer is insisted on. */
static enum tacit_status verify(struct tacit_proof_state *s, struct tacit_slice receipt,
				const struct tacit_proof_want *want)
{
	const struct tacit_attested *a = s->attested;
	const struct tacit_binding *bound = &a->claims->binding;
	const struct tacit_receipt_expect expect = {
		.verifier = a->receipt_verifier,
		.now = tacit_clock_wall(),
		.max_age = (tacit_clock_ms() - s->began_ms) / 1000 + RECEIPT_AGE,
		.clock_skew = RECEIPT_AGE,
		.nonce = want->nonce,
		.model_id = bound->model_id,
		.model_hash = TACIT_SLICE_ARRAY(bound->model_hash),
		.request_hash = tacit_slice_of(want->request_hash, 32),
		.response_hash = TACIT_SLICE_ARRAY(s->response_hash),
		.doc_hash = TACIT_SLICE_ARRAY(a->doc_hash),
		.require_production = tacit_tee_is_real(a->claims->tee) && !a->claims->debug &&
				      !a->verdict.insecure_test_root,
		.evidence = a->claims,
		.evidence_raw = a->evidence,
	};
	return tacit_receipt_verify(receipt, &expect, &s->verdict, NULL);
}

/* Names the check of the receipt that failed: "receipt.RHASH" with AIR's code as the detail. */
static enum tacit_status name_failure(const struct tacit_receipt_verdict *v, enum tacit_status st,
				      struct tacit_error *err)
{
	char where[TACIT_ERROR_WHERE] = "receipt.";

	for (size_t i = 0; i < v->check_count; i++) {
		if (v->checks[i].result == TACIT_CHECK_FAIL) {
			strncat(where, v->checks[i].name, sizeof(where) - strlen(where) - 1);
			break;
		}
	}
	/* A receipt that does not check is a refusal, also where it is not even a receipt. */
	if (tacit_status_exit(st) == tacit_status_exit(TACIT_FORMAT))
		st = TACIT_BINDING;
	return tacit_fail(err, st, where, 0, "%s", v->code);
}

/* Written anew: nothing after the receipt is covered by it, so nothing of it is passed on. */
static struct tacit_slice write_tail(struct tacit_proof_state *s, struct tacit_slice receipt)
{
	struct writer w = wr_of(tacit_mut_of(s->tail, sizeof(s->tail)));

	tacit_stream_put_receipt(&w, receipt);
	wr_text(&w, "data: [DONE]\n\n");
	return tacit_slice_of(s->tail, w.bad ? 0 : w.at);
}

static enum tacit_status judge_found(struct tacit_proof_state *s,
				     const struct tacit_proof_want *want,
				     struct tacit_answer_end *end, struct tacit_error *err)
{
	struct tacit_error why = { 0 };
	enum tacit_status st = finish(s, &end->receipt, &why);

	if (st != TACIT_OK)
		return tacit_fail(err, TACIT_BINDING,
				  s->streams ? "receipt.stream" : "receipt.text", why.offset, "%s",
				  why.detail);
	end->response_hash = s->response_hash;
	st = verify(s, end->receipt, want);
	end->verdict = &s->verdict;
	if (st != TACIT_OK)
		return name_failure(&s->verdict, st, err);
	if (s->streams)
		end->tail = write_tail(s, end->receipt);
	return TACIT_OK;
}

enum tacit_status tacit_client_proof_judge(struct tacit_proof_state *s,
					   const struct tacit_proof_want *want,
					   struct tacit_answer_end *end, struct tacit_error *err)
{
	if (!has_receipt(s)) {
		end->proof = want->needed ? TACIT_PROOF_MISSING : TACIT_PROOF_NONE;
		return !want->needed ? TACIT_OK
				     : tacit_fail(err, TACIT_BINDING, "receipt.missing", 0,
						  "the answer has no receipt");
	}
	enum tacit_status st = judge_found(s, want, end, err);
	end->proof = st == TACIT_OK ? TACIT_PROOF_OK : TACIT_PROOF_BAD;
	return st;
}
