/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/base64.h"
#include "base/bounds.h"
#include "base/compiler.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "net/api_inside.h"
#include "receipt/profile.h"
#include "receipt/stream.h"
#include "sys/clock.h"
#include "sys/process.h"

static const char ISSUER[] = "tacit";
static const char SCHEME[] = "sha256-single";

enum tacit_status tacit_api_receipt_possible(enum tacit_tee tee, struct tacit_error *err)
{
	if (tacit_profile_platform(tee))
		return TACIT_OK;
	return tacit_fail(err, TACIT_UNSUPPORTED, "api.receipt", 0,
			  "receipts know no measurements of %s, and an answer without a "
			  "receipt is refused by clients",
			  tacit_tee_name(tee));
}

static void take_slot(struct tacit_api *api, const struct tacit_profile_platform *platform,
		      const struct tacit_measurement *m)
{
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		const char *name = platform->registers[i];

		if (!name || strcmp(name, m->name) != 0 || m->value.len != 48)
			continue;
		memcpy(api->slots[i], m->value.ptr, 48);
		api->slot_known[i] = true;
	}
}

static enum tacit_status take_claims(struct tacit_api *api, const struct tacit_claims *claims,
				     struct tacit_error *err)
{
	const struct tacit_profile_platform *platform = tacit_profile_platform(claims->tee);

	if (!platform)
		return tacit_api_receipt_possible(claims->tee, err);
	api->mtype = platform->mtype;
	/* Where a test root may vouch for the hardware, nobody can say that there is any. */
	api->production = tacit_tee_is_real(claims->tee) && !claims->debug &&
			  api->options.insecure_test_root_count == 0;
	for (size_t i = 0; i < claims->measurement_count; i++)
		take_slot(api, platform, &claims->measurements[i]);
	return TACIT_OK;
}

/* Collateral, or its lack, is the client's business: it does not change what was measured. */
static enum tacit_status judge_boot(struct tacit_api *api, struct tacit_arena *arena,
				    struct tacit_error *err)
{
	const struct tacit_evidence_doc *boot = tacit_evidence_service_boot(api->options.evidence);
	/* Our own evidence, judged like a client would: who cannot check it will not talk to us. */
	struct tacit_context cx = { .now = tacit_clock_wall(),
				    .arena = arena,
				    .insecure_test_roots = api->options.insecure_test_roots,
				    .insecure_test_root_count =
					    api->options.insecure_test_root_count,
				    .insecure_no_policy = true,
				    .insecure_allow_debug = true,
				    .insecure_accept_stub = true };
	struct tacit_verdict verdict = { 0 };
	struct tacit_evidence ev;
	enum tacit_status st =
		tacit_evidence_unwrap(tacit_slice_of(boot->bytes, boot->len), arena, &ev, err);

	if (st == TACIT_OK)
		st = tacit_verify(&ev, &cx, &verdict, err);
	const struct tacit_claims *claims = tacit_verdict_genuine(&verdict);
	if (claims && (st == TACIT_OK || st == TACIT_UNDECIDED))
		return take_claims(api, claims, err);
	return st == TACIT_OK ? tacit_fail(err, TACIT_INTERNAL, "api.receipt", 0, "no claims") : st;
}

enum tacit_status tacit_api_receipt_init(struct tacit_api *api, struct tacit_error *err)
{
	static const size_t SIZE = TACIT_ARENA_TYPICAL;
	void *room = malloc(SIZE);
	struct tacit_arena arena;

	if (!room)
		return tacit_fail(err, TACIT_NOMEM, "api.receipt", 0, "out of memory");
	tacit_arena_init(&arena, room, SIZE);
	enum tacit_status st = judge_boot(api, &arena, err);
	free(room);
	return st == TACIT_OK ? st : tacit_error_wrap(err, st, "boot");
}

/* The header's bytes, from base64url; absent is fine. */
static bool read_header(const struct tacit_http_head *head, const char *name, struct tacit_mut room,
			size_t *ret_len)
{
	struct tacit_slice text = tacit_http_head_find(head, name);

	*ret_len = 0;
	return !text.ptr ||
	       (text.len > 0 && tacit_base64_decode(TACIT_BASE64URL, text, room, ret_len));
}

static void choose_document(struct tacit_api *api, struct tacit_call *call,
			    struct tacit_api_proof *ret)
{
	const uint8_t *note = tacit_call_note(call);
	const uint8_t *hash =
		note ? note : tacit_evidence_service_boot(api->options.evidence)->hash;

	memcpy(ret->doc_hash, hash, sizeof(ret->doc_hash));
}

static const char *read_nonce(const struct tacit_http_head *head, struct tacit_api_proof *ret)
{
	bool given = tacit_http_head_find(head, "Tacit-Nonce").ptr != NULL;

	if (!read_header(head, "Tacit-Nonce", tacit_mut_of(ret->nonce, sizeof(ret->nonce)),
			 &ret->nonce_len) ||
	    (given && ret->nonce_len < TACIT_AIR_NONCE_MIN))
		return "Tacit-Nonce is not 8 to 64 bytes in base64url";
	return NULL;
}

bool tacit_api_receipt_begin(struct tacit_api *api, struct tacit_call *call,
			     enum tacit_metric_endpoint endpoint, struct tacit_api_proof *ret)
{
	const struct tacit_http_head *head = tacit_call_head(call);
	size_t len;
	const char *complaint = read_nonce(head, ret);

	ret->started_us = tacit_call_started_us(call);
	if (!complaint && !read_header(head, "Tacit-Evidence",
				       tacit_mut_of(ret->doc_hash, sizeof(ret->doc_hash)), &len))
		complaint = "Tacit-Evidence is not a SHA-256 in base64url";
	if (!complaint && len != 0 && len != sizeof(ret->doc_hash))
		complaint = "Tacit-Evidence is not a SHA-256 in base64url";
	if (complaint) {
		tacit_api_error(api, call, endpoint, 400, "bad_header", complaint);
		return false;
	}
	if (len == 0)
		choose_document(api, call, ret);
	else if (!tacit_evidence_service_knows(api->options.evidence, ret->doc_hash)) {
		tacit_api_error(
			api, call, endpoint, 409, "evidence_unknown",
			"this server did not issue that evidence, or forgot it: attest again");
		return false;
	}
	return true;
}

static void fill_claims(struct tacit_api *api, const struct tacit_api_proof *proof,
			struct tacit_receipt_claims *c)
{
	c->iss = tacit_slice_str(ISSUER);
	c->iat = (uint64_t)tacit_clock_wall();
	if (proof->nonce_len)
		c->eat_nonce = tacit_slice_of(proof->nonce, proof->nonce_len);
	c->model_id = tacit_slice_str(api->options.model->id);
	c->model_version = tacit_slice_str(api->model_version);
	memcpy(c->model_hash, api->options.model->sha256, sizeof(c->model_hash));
	memcpy(c->request_hash, proof->request_hash, sizeof(c->request_hash));
	memcpy(c->attestation_doc_hash, proof->doc_hash, sizeof(c->attestation_doc_hash));
	c->measurement_type = api->mtype;
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		if (api->slot_known[i])
			c->measurements[i] = TACIT_SLICE_ARRAY(api->slots[i]);
	}
	c->policy_version = tacit_slice_str(api->policy_version);
	c->execution_time_ms = (tacit_clock_us() - proof->started_us) / 1000;
	c->memory_peak_mb = tacit_process_peak_mb();
	c->production = api->production;
	c->model_hash_scheme = tacit_slice_str(
		api->options.model_hash_scheme ? api->options.model_hash_scheme : SCHEME);
}

enum tacit_status tacit_api_receipt_sign(struct tacit_api *api, const struct tacit_api_proof *proof,
					 const uint8_t response_hash[32], struct tacit_mut room,
					 struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_receipt_claims claims = { .sequence_number = api->sequence + 1 };
	enum tacit_status st = tacit_random(tacit_mut_of(claims.cti, sizeof(claims.cti)), err);

	if (st != TACIT_OK)
		return st;
	fill_claims(api, proof, &claims);
	memcpy(claims.response_hash, response_hash, sizeof(claims.response_hash));
	st = tacit_receipt_issue(&claims, api->options.identity->receipt_key, room, ret, err);
	if (st == TACIT_OK) {
		api->sequence++;
		api->metrics.receipts++;
	}
	return st;
}

void tacit_api_receipt_reply(struct tacit_api *api, struct tacit_call *call,
			     const struct tacit_api_proof *proof, unsigned status,
			     struct tacit_slice body)
{
	uint8_t hash[32], room[TACIT_RECEIPT_ROOM], extra[TACIT_RECEIPT_ROOM * 2];
	struct writer w = wr_of(tacit_mut_of(extra, sizeof(extra)));
	struct tacit_http_answer answer = { .status = status, .type = "application/json" };
	struct tacit_slice receipt;

	if (tacit_hash(TACIT_SHA256, body, hash, NULL) == TACIT_OK &&
	    tacit_api_receipt_sign(api, proof, hash, tacit_mut_of(room, sizeof(room)), &receipt,
				   NULL) == TACIT_OK) {
		wr_text(&w, "Tacit-Receipt: ");
		tacit_stream_put_header(&w, receipt);
		wr_text(&w, "\r\n");
	}
	if (status == 429)
		wr_text(&w, "Retry-After: 1\r\n");
	/* An answer without a receipt is better than none: the client calls it unproven. */
	if (wr_finish(&w, "api.receipt", &answer.extra, NULL) != TACIT_OK)
		answer.extra = tacit_slice_of(NULL, 0);
	tacit_call_reply(call, &answer, body);
}
