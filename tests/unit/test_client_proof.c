/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_proof.h"

#include <string.h>

#include "base/base64.h"
#include "crypto/hash.h"
#include "receipt/stream.h"
#include "sys/clock.h"
#include "tests/tap.h"

#define BODY "data: {\"a\":1}\n\n: a comment\n\n: tacit-rece\ndata: : tacit-receipt x\n\n"

static const uint8_t NONCE[32] = "a nonce that nobody used before";
static const uint8_t REQUEST[32] = "the hash of what has been sent.";
static const char EVIDENCE[] = "stands for the evidence as received";

static struct tacit_receipt_key *key;
static struct tacit_claims claims;
static struct tacit_attested attested;
static uint8_t pcr[48];
static struct tacit_measurement registers[3];

static void hash(struct tacit_slice in, uint8_t *ret)
{
	if (tacit_hash(TACIT_SHA256, in, ret, NULL) != TACIT_OK)
		memset(ret, 0, 32);
}

static void set_up(void)
{
	static const char *const NAMES[] = { "pcr0", "pcr1", "pcr2" };

	memset(pcr, 7, sizeof(pcr));
	for (size_t i = 0; i < 3; i++)
		registers[i] = (struct tacit_measurement){ NAMES[i], TACIT_SLICE_ARRAY(pcr) };
	ok(tacit_receipt_key_new(tacit_slice_of(NULL, 0), &key, NULL) == TACIT_OK, "a key");
	claims.tee = TACIT_TEE_STUB;
	claims.has_binding = true;
	claims.measurements = registers;
	claims.measurement_count = 3;
	claims.binding.model_id = tacit_slice_str("m");
	memset(claims.binding.model_hash, 9, 32);
	tacit_receipt_key_public(key, claims.binding.receipt_key);
	attested.verified = true;
	attested.claims = &claims;
	attested.evidence = tacit_slice_of(EVIDENCE, sizeof(EVIDENCE));
	hash(attested.evidence, attested.doc_hash);
	ok(tacit_receipt_verifier_new(TACIT_SLICE_ARRAY(claims.binding.receipt_key),
				      &attested.receipt_verifier, NULL) == TACIT_OK,
	   "its verifier");
}

/* A receipt for `body`, with one thing changed. */
enum change { NOTHING, ON_NONCE, ON_REQUEST, ON_DOC, ON_MODEL, ON_NAME, ON_TIME, ON_MODE };

static struct tacit_slice receipt_for(struct tacit_slice body, enum change change,
				      struct tacit_mut room)
{
	struct tacit_receipt_claims c = {
		.iss = tacit_slice_str("t"),
		.iat = (uint64_t)tacit_clock_wall() - (change == ON_TIME ? 4000 : 0),
		.cti = { 1 },
		.eat_nonce = tacit_slice_of(NONCE, change == ON_NONCE ? 31 : 32),
		.model_id = tacit_slice_str(change == ON_NAME ? "n" : "m"),
		.model_version = tacit_slice_str("1"),
		.policy_version = tacit_slice_str("1"),
		.production = change == ON_MODE,
	};
	struct tacit_slice out = { NULL, 0 };

	memset(c.model_hash, change == ON_MODEL ? 8 : 9, 32);
	memcpy(c.request_hash, REQUEST, 32);
	c.request_hash[0] ^= change == ON_REQUEST;
	hash(body, c.response_hash);
	memcpy(c.attestation_doc_hash, attested.doc_hash, 32);
	c.attestation_doc_hash[31] ^= change == ON_DOC;
	for (size_t i = 0; i < 3; i++)
		c.measurements[i] = TACIT_SLICE_ARRAY(pcr);
	if (tacit_receipt_issue(&c, key, room, &out, NULL) != TACIT_OK)
		ok(false, "a receipt is issued");
	return out;
}

struct outcome {
	enum tacit_status fed, judged;
	enum tacit_proof proof;
	char given[1024];
	char tail[8192];
	char where[TACIT_ERROR_WHERE];
};

static void judge(struct tacit_proof_state *s, bool needed, struct outcome *ret)
{
	struct tacit_answer_end end = { 0 };
	struct tacit_error err = { 0 };
	const struct tacit_proof_want want = { REQUEST, TACIT_SLICE_ARRAY(NONCE), needed };

	ret->judged = tacit_client_proof_judge(s, &want, &end, &err);
	ret->proof = end.proof;
	if (end.tail.len)
		memcpy(ret->tail, end.tail.ptr, end.tail.len);
	ret->tail[end.tail.len] = '\0';
	snprintf(ret->where, sizeof(ret->where), "%s", err.where);
}

/* Feeds a stream in pieces of `step` bytes. */
static struct outcome stream(struct tacit_slice text, size_t step)
{
	struct outcome o = { 0 };
	struct tacit_proof_state *s = tacit_client_proof_new(&attested, tacit_clock_ms());

	tacit_client_proof_head(s, true);
	for (size_t at = 0; at < text.len && o.fed == TACIT_OK; at += step) {
		size_t len = text.len - at < step ? text.len - at : step;
		struct tacit_slice given = { NULL, 0 };

		o.fed = tacit_client_proof_body(s, tacit_slice_of(text.ptr + at, len), &given,
						NULL);
		if (o.fed == TACIT_OK && given.len)
			strncat(o.given, (const char *)given.ptr, given.len);
	}
	judge(s, true, &o);
	tacit_client_proof_free(s);
	return o;
}

static struct tacit_slice whole_stream(enum change change, uint8_t *room, size_t size)
{
	uint8_t receipt[2048];
	struct writer w = wr_of(tacit_mut_of(room, size));
	struct tacit_slice out = { NULL, 0 };

	wr_text(&w, BODY);
	tacit_stream_put_receipt(&w, receipt_for(tacit_slice_str(BODY), change,
						 tacit_mut_of(receipt, sizeof(receipt))));
	wr_text(&w, "data: [DONE]\n\n");
	ok(wr_finish(&w, "test", &out, NULL) == TACIT_OK, "a stream");
	return out;
}

static void test_stream(void)
{
	static uint8_t room[8192];
	struct tacit_slice text = whole_stream(NOTHING, room, sizeof(room));
	size_t covered = sizeof(BODY) - 1;
	bool same = true, kept = true;

	for (size_t step = 1; step <= text.len; step++) {
		struct outcome o = stream(text, step);

		same = same && o.judged == TACIT_OK && o.proof == TACIT_PROOF_OK &&
		       strcmp(o.given, BODY) == 0;
		kept = kept && strlen(o.tail) == text.len - covered &&
		       memcmp(o.tail, text.ptr + covered, text.len - covered) == 0;
	}
	ok(same, "a stream in pieces of every size: covered bytes come out, the proof holds");
	ok(kept, "its tail is the receipt line and [DONE]");

	bool refused = true;
	/* But for the last line break: nothing is lost with it. */
	for (size_t len = 0; len < text.len - 1; len++) {
		struct outcome o = stream(tacit_slice_of(text.ptr, len), 64);

		refused = refused && o.judged != TACIT_OK && o.proof != TACIT_PROOF_OK &&
			  o.tail[0] == '\0';
	}
	ok(refused, "cut anywhere, it is not proven");

	refused = true;
	for (size_t i = 0; i < (covered + 200) * 8; i++) {
		room[i / 8] ^= (uint8_t)(1u << i % 8);
		refused = refused && stream(text, text.len).judged != TACIT_OK;
		room[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	ok(refused, "with any bit of body or receipt turned, neither");
}

static void test_changes(void)
{
	static const struct {
		enum change change;
		const char *where;
	} ROWS[] = {
		{ ON_NONCE, "receipt.NONCE" }, { ON_REQUEST, "receipt.RHASH" },
		{ ON_DOC, "receipt.ADHASH" },  { ON_MODEL, "receipt.MHASH" },
		{ ON_NAME, "receipt.MODEL" },  { ON_TIME, "receipt.FRESH" },
	};
	static uint8_t room[8192];

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct outcome o = stream(whole_stream(ROWS[i].change, room, sizeof(room)), 100);

		ok(o.proof == TACIT_PROOF_BAD && strcmp(o.where, ROWS[i].where) == 0 &&
			   tacit_status_exit(o.judged) == 1,
		   "%s (%s)", ROWS[i].where, o.where);
	}
	struct outcome o = stream(whole_stream(ON_MODE, room, sizeof(room)), 100);
	ok(o.proof == TACIT_PROOF_BAD, "production from the stub (%s)", o.where);
}

static void test_early_end(void)
{
	static const char *const ENDS[] = { "data: [DONE]\n\n", "x\ndata: [DONE]" };
	static const char *const NO_ENDS[] = { "data: data: [DONE]\n", "data: [DON\n",
					       "xdata: [DONE]\n", " data: [DONE]\n" };

	for (size_t i = 0; i < 2; i++) {
		bool refused = true;

		for (size_t step = 1; step < 16; step++) {
			struct outcome o = stream(tacit_slice_str(ENDS[i]), step);

			refused = refused && o.fed == TACIT_BINDING && !strstr(o.given, "[DONE]");
		}
		ok(refused, "[DONE] before the receipt is never given out (%zu)", i);
	}
	for (size_t i = 0; i < 4; i++)
		ok(stream(tacit_slice_str(NO_ENDS[i]), 5).fed == TACIT_OK,
		   "what only looks like it is (%zu)", i);
}

static struct outcome whole(struct tacit_slice body, const char *first, const char *second,
			    bool needed)
{
	struct outcome o = { 0 };
	struct tacit_proof_state *s = tacit_client_proof_new(&attested, tacit_clock_ms());
	struct tacit_slice given = { NULL, 0 };

	if (first)
		tacit_client_proof_receipt(s, tacit_slice_str(first));
	if (second)
		tacit_client_proof_receipt(s, tacit_slice_str(second));
	tacit_client_proof_head(s, false);
	o.fed = tacit_client_proof_body(s, body, &given, NULL);
	judge(s, needed, &o);
	tacit_client_proof_free(s);
	return o;
}

static void test_whole(void)
{
	struct tacit_slice body = tacit_slice_str("{\"x\": \"data: [DONE]\"}");
	uint8_t receipt[2048];
	char text[4096], long_text[5000];

	tacit_base64_encode(TACIT_BASE64URL,
			    receipt_for(body, NOTHING, tacit_mut_of(receipt, sizeof(receipt))),
			    text);
	memset(long_text, 'A', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ok(whole(body, text, NULL, true).proof == TACIT_PROOF_OK, "a whole answer");
	ok(whole(body, text, NULL, false).proof == TACIT_PROOF_OK, "one that needs no receipt");
	ok(whole(tacit_slice_str("{}"), text, NULL, false).proof == TACIT_PROOF_BAD,
	   "another body, even where no receipt is needed");
	ok(whole(body, text, text, true).proof == TACIT_PROOF_BAD, "the same receipt twice");
	ok(whole(body, NULL, NULL, true).proof == TACIT_PROOF_MISSING, "none where one is needed");
	struct outcome none = whole(body, NULL, NULL, false);
	ok(none.proof == TACIT_PROOF_NONE && none.judged == TACIT_OK, "none where none is needed");
	ok(whole(body, "", NULL, true).proof == TACIT_PROOF_BAD, "an empty header");
	ok(whole(body, "!", NULL, true).proof == TACIT_PROOF_BAD, "no base64url");
	ok(whole(body, "AAAA", NULL, true).proof == TACIT_PROOF_BAD, "no receipt");
	ok(whole(body, long_text, NULL, true).proof == TACIT_PROOF_BAD, "a header without end");
}

int main(void)
{
	set_up();
	test_stream();
	test_changes();
	test_early_end();
	test_whole();
	tacit_receipt_verifier_free(attested.receipt_verifier);
	tacit_receipt_key_free(key);
	return done();
}
