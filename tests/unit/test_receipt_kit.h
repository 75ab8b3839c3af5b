/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_RECEIPT_KIT_H
#define TESTS_RECEIPT_KIT_H

/*
 * Receipts to break: a good set of claims, its payload cut into claims that a test can change,
 * drop, repeat or reorder, and an envelope whose every part a test can replace. Everything is
 * signed again afterwards, so that it is the changed rule that refuses and not the signature.
 */

#include "base/hex.h"
#include "codec/cose.h"
#include "receipt/air.h"
#include "receipt/envelope.h"
#include "receipt/key.h"
#include "tests/tap.h"

#define KIT_NOW 1790000000
#define KIT_MAX 70000

static const uint8_t KIT_SEED[32] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
				      7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 };
static uint8_t kit_registers[TACIT_RECEIPT_SLOTS][48];

struct kit {
	struct tacit_receipt_key *key;
	uint8_t public_key[32];
	struct tacit_receipt_claims claims;
	struct tacit_receipt_verdict verdict;
	struct tacit_error err;
};

static inline struct tacit_receipt_claims kit_claims(void)
{
	struct tacit_receipt_claims c = { .iss = tacit_slice_str("tacit.example"),
					  .iat = KIT_NOW,
					  .eat_nonce = tacit_slice_str("noncenonce"),
					  .model_id = tacit_slice_str("demo"),
					  .model_version = tacit_slice_str("1"),
					  .measurement_type = TACIT_MTYPE_NITRO,
					  .policy_version = tacit_slice_str("p1"),
					  .sequence_number = 24,
					  .execution_time_ms = 65536,
					  .memory_peak_mb = 0,
					  .model_hash_scheme = tacit_slice_str("sha256-single") };

	for (uint8_t i = 0; i < 16; i++)
		c.cti[i] = i;
	memset(c.model_hash, 0xa1, 32);
	memset(c.request_hash, 0xb2, 32);
	memset(c.response_hash, 0xc3, 32);
	memset(c.attestation_doc_hash, 0xd4, 32);
	for (uint8_t i = 0; i < TACIT_RECEIPT_SLOTS; i++) {
		memset(kit_registers[i], i + 1, 48);
		if (i < 3)
			c.measurements[i] = TACIT_SLICE_ARRAY(kit_registers[i]);
	}
	return c;
}

/* The same on SNP, of the profile there. */
static inline struct tacit_receipt_claims kit_snp_claims(void)
{
	struct tacit_receipt_claims c = kit_claims();

	c.measurement_type = TACIT_MTYPE_SNP;
	c.measurements[1] = c.measurements[2] = tacit_slice_of(NULL, 0);
	return c;
}

static inline void kit_init(struct kit *k)
{
	memset(k, 0, sizeof(*k));
	k->claims = kit_claims();
	if (tacit_receipt_key_new(TACIT_SLICE_ARRAY(KIT_SEED), &k->key, NULL) != TACIT_OK)
		abort();
	tacit_receipt_key_public(k->key, k->public_key);
}

static inline struct tacit_receipt_expect kit_expect(const struct kit *k)
{
	struct tacit_receipt_expect e = { .key = TACIT_SLICE_ARRAY(k->public_key) };

	return e;
}

/* One claim's key and value, encoded. */
struct kit_piece {
	uint8_t bytes[1024];
	size_t len;
};

struct kit_payload {
	struct kit_piece pieces[TACIT_AIR_CLAIMS + 4];
	size_t count;
	uint8_t head[9]; /* replaces the map's head when head_len is set */
	size_t head_len;
	struct tacit_slice tail; /* after the map */
};

/* The good payload, with every claim present, cut at its claims. */
static inline void kit_cut(const struct tacit_receipt_claims *claims, struct kit_payload *p)
{
	static uint8_t room[4096];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	memset(p, 0, sizeof(*p));
	tacit_air_encode(claims, &w);
	struct tacit_cbor c = tacit_cbor_of(tacit_slice_of(room, w.at), TACIT_CBOR_STRICT);
	p->count = (size_t)tacit_cbor_map(&c);
	for (size_t i = 0; i < p->count; i++) {
		size_t start = c.r.at;

		(void)tacit_cbor_item(&c);
		(void)tacit_cbor_item(&c);
		p->pieces[i].len = c.r.at - start;
		memcpy(p->pieces[i].bytes, room + start, p->pieces[i].len);
	}
	if (w.bad || tacit_cbor_finish(&c, "kit", NULL) != TACIT_OK)
		abort();
}

static inline struct tacit_slice kit_join(const struct kit_payload *p, uint8_t *room, size_t size)
{
	struct writer w = wr_of(tacit_mut_of(room, size));

	if (p->head_len)
		wr_bytes(&w, tacit_slice_of(p->head, p->head_len));
	else
		tacit_cbor_put_map(&w, p->count);
	for (size_t i = 0; i < p->count; i++)
		wr_bytes(&w, tacit_slice_of(p->pieces[i].bytes, p->pieces[i].len));
	wr_bytes(&w, p->tail);
	if (w.bad)
		abort();
	return tacit_slice_of(room, w.at);
}

/* Replaces claim i by `key_value`, in hex without spaces. */
static inline void kit_set_hex(struct kit_payload *p, size_t i, const char *key_value)
{
	if (!tacit_hex_decode(tacit_slice_str(key_value),
			      tacit_mut_of(p->pieces[i].bytes, sizeof(p->pieces[i].bytes)),
			      &p->pieces[i].len))
		abort();
}

static inline void kit_drop(struct kit_payload *p, size_t i)
{
	memmove(&p->pieces[i], &p->pieces[i + 1], (p->count - i - 1) * sizeof(p->pieces[0]));
	p->count--;
}

/* Moves claims from i up by one and puts `key_value` (hex) there. */
static inline void kit_insert_hex(struct kit_payload *p, size_t i, const char *key_value)
{
	memmove(&p->pieces[i + 1], &p->pieces[i], (p->count - i) * sizeof(p->pieces[0]));
	p->count++;
	kit_set_hex(p, i, key_value);
}

/* An envelope in parts; an absent part is the right one. All parts are encoded items. */
struct kit_envelope {
	struct tacit_slice before;          /* tag and array head */
	struct tacit_slice protected_bytes; /* content of the bstr */
	struct tacit_slice protected_head;  /* head of that bstr */
	struct tacit_slice unprotected;
	struct tacit_slice payload_head;
	struct tacit_slice signature; /* the whole item */
	struct tacit_slice after;
};

static inline void kit_sign(const struct kit *k, struct tacit_slice protected_bytes,
			    struct tacit_slice payload, uint8_t signature[64])
{
	static uint8_t room[KIT_MAX];
	struct tacit_slice tbs;

	if (tacit_cose_sig_structure(protected_bytes, tacit_slice_of(NULL, 0), payload,
				     tacit_mut_of(room, sizeof(room)), &tbs, NULL) != TACIT_OK ||
	    tacit_key_sign(tacit_receipt_key_signer(k->key), tbs, signature, NULL) != TACIT_OK)
		abort();
}

static inline void kit_part(struct writer *w, struct tacit_slice part, struct tacit_slice usual)
{
	wr_bytes(w, part.ptr ? part : usual);
}

static inline struct tacit_slice kit_seal(const struct kit *k, const struct kit_envelope *e,
					  struct tacit_slice payload)
{
	static uint8_t room[KIT_MAX];
	static const uint8_t BEFORE[] = { 0xd2, 0x84 }, EMPTY_MAP[] = { 0xa0 };
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	uint8_t signature[66] = { 0x58, 0x40 };
	struct tacit_slice protected_bytes = e->protected_bytes.ptr
						     ? e->protected_bytes
						     : TACIT_SLICE_ARRAY(tacit_envelope_protected);

	kit_sign(k, protected_bytes, payload, signature + 2);
	kit_part(&w, e->before, TACIT_SLICE_ARRAY(BEFORE));
	if (e->protected_head.ptr) {
		wr_bytes(&w, e->protected_head);
		wr_bytes(&w, protected_bytes);
	} else {
		tacit_cbor_put_bytes(&w, protected_bytes);
	}
	kit_part(&w, e->unprotected, TACIT_SLICE_ARRAY(EMPTY_MAP));
	if (e->payload_head.ptr) {
		wr_bytes(&w, e->payload_head);
		wr_bytes(&w, payload);
	} else {
		tacit_cbor_put_bytes(&w, payload);
	}
	kit_part(&w, e->signature, TACIT_SLICE_ARRAY(signature));
	wr_bytes(&w, e->after);
	if (w.bad)
		abort();
	return tacit_slice_of(room, w.at);
}

static inline struct tacit_slice kit_seal_payload(const struct kit *k, const struct kit_payload *p)
{
	static uint8_t room[KIT_MAX];
	struct kit_envelope usual = { 0 };

	return kit_seal(k, &usual, kit_join(p, room, sizeof(room)));
}

static inline enum tacit_status kit_verify(struct kit *k, struct tacit_slice receipt,
					   const struct tacit_receipt_expect *expect)
{
	tacit_error_clear(&k->err);
	return tacit_receipt_verify(receipt, expect, &k->verdict, &k->err);
}

/* The check that failed first; "" when none did. */
static inline const struct tacit_receipt_check *kit_failed(const struct kit *k)
{
	static const struct tacit_receipt_check NONE = { 0, "", TACIT_CHECK_SKIP, "" };

	for (size_t i = 0; i < k->verdict.check_count; i++) {
		if (k->verdict.checks[i].result == TACIT_CHECK_FAIL)
			return &k->verdict.checks[i];
	}
	return &NONE;
}

/* Refused in `layer` by `check` with `code`, with a status, a detail and an outcome to match. */
static inline bool kit_refused(struct kit *k, struct tacit_slice receipt,
			       const struct tacit_receipt_expect *expect, const char *want,
			       const char *name)
{
	char got[200];
	enum tacit_status status = kit_verify(k, receipt, expect);
	const struct tacit_receipt_check *failed = kit_failed(k);

	snprintf(got, sizeof(got), "L%u %s %s", failed->layer, failed->name, k->verdict.code);
	bool malformed = status == TACIT_FORMAT || status == TACIT_LIMIT;
	bool good = strcmp(got, want) == 0 && status != TACIT_OK && k->err.status == status &&
		    k->err.detail[0] &&
		    k->verdict.outcome == (malformed ? TACIT_MALFORMED : TACIT_REFUSED) &&
		    k->verdict.signed_claims == (failed->layer > 3) && !k->verdict.end_to_end;
	for (size_t i = 0; i < k->verdict.check_count; i++) {
		if (k->verdict.checks[i].layer > failed->layer)
			good = good && k->verdict.checks[i].result == TACIT_CHECK_SKIP;
	}
	if (!ok(good, "%s: %s", name, want))
		printf("# got %s, status %s, %s: %s\n", got, tacit_status_name(status),
		       k->err.where, k->err.detail);
	return good;
}

#endif
