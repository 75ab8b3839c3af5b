/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first byte chooses: the rest is a receipt, a payload to be signed with a good key (so that
 * the claims are reached), or a line of a batch.
 */

#include "codec/cose.h"
#include "codec/json.h"
#include "fuzz.h"
#include "receipt/air.h"
#include "receipt/batch.h"
#include "receipt/envelope.h"
#include "receipt/key.h"
#include "receipt/peek.h"

static const uint8_t SEED[32] = { 1, 2, 3 };

static struct tacit_receipt_key *key;
static uint8_t public_key[32];
static struct tacit_batch batch;

static void set_up(void)
{
	if (key)
		return;
	FUZZ_ASSERT(tacit_receipt_key_new(TACIT_SLICE_ARRAY(SEED), &key, NULL) == TACIT_OK);
	tacit_receipt_key_public(key, public_key);
	struct tacit_receipt_expect defaults = { .key = TACIT_SLICE_ARRAY(public_key) };
	FUZZ_ASSERT(tacit_batch_init(&batch, &defaults, TACIT_REPORT_ALL, NULL) == TACIT_OK);
}

static void check_claims(const struct tacit_receipt_claims *c, struct tacit_slice in)
{
	FUZZ_ASSERT(fuzz_inside(c->iss, in) && fuzz_inside(c->eat_nonce, in));
	FUZZ_ASSERT(fuzz_inside(c->model_id, in) && fuzz_inside(c->model_version, in));
	FUZZ_ASSERT(fuzz_inside(c->policy_version, in) && fuzz_inside(c->model_hash_scheme, in));
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++)
		FUZZ_ASSERT(fuzz_inside(c->measurements[i], in));
	FUZZ_ASSERT(c->iat && c->iss.len && c->iss.len <= 256 && c->model_id.len);
}

/* What is accepted is what issuing the same claims gives, byte for byte. */
static void check_again(const struct tacit_receipt_claims *claims, struct tacit_slice in)
{
	uint8_t room[2048];
	struct tacit_slice again;

	FUZZ_ASSERT(tacit_receipt_issue(claims, key, tacit_mut_of(room, sizeof(room)), &again,
					NULL) == TACIT_OK);
	FUZZ_ASSERT(tacit_slice_eq(again, in));
}

static void check_verdict(const struct tacit_receipt_verdict *v, enum tacit_status status,
			  const struct tacit_error *err)
{
	unsigned failed = 0;

	FUZZ_ASSERT((status == TACIT_OK) == (v->outcome == TACIT_VERIFIED));
	FUZZ_ASSERT((status == TACIT_OK) == (v->code[0] == '\0') && err->status == status);
	for (size_t i = 0; i < v->check_count; i++)
		failed += v->checks[i].result == TACIT_CHECK_FAIL;
	FUZZ_ASSERT((failed == 0) == (status == TACIT_OK) && v->outcome != TACIT_UNVERIFIED);
}

static void try_receipt(struct tacit_slice in)
{
	struct tacit_receipt_expect expect = { .key = TACIT_SLICE_ARRAY(public_key),
					       .now = 1790000000,
					       .max_age = 1000000000 };
	struct tacit_receipt_verdict v;
	struct tacit_receipt_claims claims;
	struct tacit_error err = { 0 };
	enum tacit_status status = tacit_receipt_verify(in, &expect, &v, &err);

	check_verdict(&v, status, &err);
	if (v.signed_claims) {
		check_claims(&v.claims, in);
		check_again(&v.claims, in);
	}
	if (tacit_peek_claims(in, &claims, NULL) == TACIT_OK)
		check_claims(&claims, in);
	else
		FUZZ_ASSERT(!v.signed_claims);
}

static void try_payload(struct tacit_slice payload)
{
	static uint8_t tbs_room[8192], room[8192];
	struct tacit_slice protected_bytes = TACIT_SLICE_ARRAY(tacit_envelope_protected), tbs;
	uint8_t signature[64];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	if (payload.len > 4096)
		return;
	FUZZ_ASSERT(tacit_cose_sig_structure(protected_bytes, tacit_slice_of(NULL, 0), payload,
					     tacit_mut_of(tbs_room, sizeof(tbs_room)), &tbs,
					     NULL) == TACIT_OK);
	FUZZ_ASSERT(tacit_key_sign(tacit_receipt_key_signer(key), tbs, signature, NULL) ==
		    TACIT_OK);
	tacit_cose_sign1_write(&w, protected_bytes, payload, TACIT_SLICE_ARRAY(signature));
	FUZZ_ASSERT(!w.bad);
	try_receipt(tacit_slice_of(room, w.at));
}

static void try_line(struct tacit_slice line)
{
	static uint8_t room[TACIT_BATCH_ROOM];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	json_t *doc = NULL;

	(void)tacit_batch_line(&batch, line, &w);
	FUZZ_ASSERT(!w.bad && w.at > 1 && room[w.at - 1] == '\n');
	FUZZ_ASSERT(!memchr(room, '\n', w.at - 1));
	FUZZ_ASSERT(tacit_json_parse(tacit_slice_of(room, w.at - 1), &doc, NULL) == TACIT_OK);
	json_decref(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_up();
	if (size == 0)
		return 0;
	struct tacit_slice rest = tacit_slice_of(data + 1, size - 1);
	if (data[0] % 3 == 0)
		try_receipt(rest);
	else if (data[0] % 3 == 1)
		try_payload(rest);
	else
		try_line(rest);
	return 0;
}
