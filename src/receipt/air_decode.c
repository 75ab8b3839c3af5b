/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/air.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "codec/cbor.h"
#include "receipt/air_table.h"

/* Text bounds: the draft leaves them to the implementation (it recommends at most 1,024). */
#define ANY_LENGTH SIZE_MAX

const struct tacit_air_row tacit_air_table[TACIT_AIR_CLAIMS] = {
	{ 1, "iss", AIR_TEXT, 1, 256, true },
	{ 6, "iat", AIR_UINT, 1, 0, true },
	{ 7, "cti", AIR_BYTES, 0, ANY_LENGTH, true },
	{ 10, "eat_nonce", AIR_BYTES, TACIT_AIR_NONCE_MIN, TACIT_AIR_NONCE_MAX, false },
	{ 265, "eat_profile", AIR_TEXT, 0, ANY_LENGTH, true },
	{ -65537, "model_id", AIR_TEXT, 1, TACIT_MODEL_ID_MAX, true },
	{ -65538, "model_version", AIR_TEXT, 1, 128, true },
	{ -65539, "model_hash", AIR_HASH, 32, 32, true },
	{ -65540, "request_hash", AIR_HASH, 32, 32, true },
	{ -65541, "response_hash", AIR_HASH, 32, 32, true },
	{ -65542, "attestation_doc_hash", AIR_HASH, 32, 32, true },
	{ -65543, "enclave_measurements", AIR_REGISTERS, 0, 0, true },
	{ -65544, "policy_version", AIR_TEXT, 1, 256, true },
	{ -65545, "sequence_number", AIR_UINT, 0, 0, true },
	{ -65546, "execution_time_ms", AIR_UINT, 0, 0, true },
	{ -65547, "memory_peak_mb", AIR_UINT, 0, 0, true },
	{ -65548, "security_mode", AIR_TEXT, 0, ANY_LENGTH, true },
	{ -65549, "model_hash_scheme", AIR_TEXT, 0, ANY_LENGTH, false },
};

#define TYPE_KEY "measurement_type" /* it sorts last, being the longest key */

/*
 * Faults of meaning do not end the walk: the bytes must be a well-formed map before it is worth
 * saying which claim in it is wrong.
 */
struct walk {
	struct tacit_cbor c;
	struct tacit_air_payload *p;
	struct tacit_air_finding first;
};

static void complain(struct walk *w, const char *code, const char *name, const char *why)
{
	if (w->first.result != TACIT_CHECK_FAIL)
		w->first = tacit_air_refuse(code, tacit_slice_str(name), why);
}

/* Skips a value of the wrong type; true when the next one has the right type. */
static bool want(struct walk *w, enum tacit_cbor_type type, const char *name)
{
	if (tacit_cbor_peek(&w->c) == type)
		return true;
	complain(w, "WRONG_TYPE", name, "claim has the wrong type");
	(void)tacit_cbor_item(&w->c);
	return false;
}

/* The slot of that key; TACIT_RECEIPT_SLOTS for measurement_type, one more for any other. */
static size_t find_slot(const struct tacit_profile *profile, struct tacit_slice key)
{
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS && profile->keys[i]; i++) {
		if (tacit_slice_eq(tacit_slice_str(profile->keys[i]), key))
			return i;
	}
	return tacit_slice_eq(tacit_slice_str(TYPE_KEY), key) ? TACIT_RECEIPT_SLOTS
							      : TACIT_RECEIPT_SLOTS + 1;
}

/* A key of a closed map went by: once only, and below it none that comes later in the order. */
static bool enter(struct walk *w, uint32_t *seen, size_t i, size_t count)
{
	if (i >= count || (*seen >> i & 1)) {
		tacit_cbor_reject(&w->c, i >= count ? "unknown key" : "key twice");
		return false;
	}
	if (*seen >> i)
		w->p->unsorted = true;
	*seen |= 1u << i;
	return true;
}

static void read_registers(struct walk *w, const char *name)
{
	if (!want(w, TACIT_CBOR_MAP, name))
		return;

	const char *const *keys = w->p->profile->keys;
	uint64_t pairs = tacit_cbor_map(&w->c);
	uint32_t *seen = &w->p->slots_present;
	for (uint64_t n = 0; n < pairs && !w->c.r.bad; n++) {
		size_t slot = find_slot(w->p->profile, tacit_cbor_text(&w->c));

		if (!enter(w, seen, slot, TACIT_RECEIPT_SLOTS + 1))
			return;
		if (slot == TACIT_RECEIPT_SLOTS && want(w, TACIT_CBOR_TEXT, TYPE_KEY))
			w->p->measurement_type = tacit_cbor_text(&w->c);
		else if (slot < TACIT_RECEIPT_SLOTS && want(w, TACIT_CBOR_BYTES, keys[slot]))
			w->p->slots[slot] = tacit_cbor_bytes(&w->c);
	}
	for (size_t i = 0; i < w->p->profile->required; i++) {
		if (!(*seen >> i & 1))
			complain(w, "MISSING_CLAIM", keys[i], "required register is missing");
	}
	if (!(*seen >> TACIT_RECEIPT_SLOTS & 1))
		complain(w, "MISSING_CLAIM", TYPE_KEY, "required claim is missing");
}

static void read_string(struct walk *w, const struct tacit_air_row *row, size_t i)
{
	bool text = row->kind == AIR_TEXT;

	if (!want(w, text ? TACIT_CBOR_TEXT : TACIT_CBOR_BYTES, row->name))
		return;
	struct tacit_slice s = text ? tacit_cbor_text(&w->c) : tacit_cbor_bytes(&w->c);
	w->p->bytes[i] = s;
	if (s.len >= row->least && s.len <= row->most)
		return;
	if (row->kind == AIR_HASH)
		complain(w, "BAD_HASH_LENGTH", row->name, "hash is not 32 bytes long");
	else
		complain(w, "WRONG_TYPE", row->name, "claim is too short or too long");
}

static void read_number(struct walk *w, const struct tacit_air_row *row, size_t i)
{
	if (!want(w, TACIT_CBOR_UINT, row->name))
		return;
	w->p->number[i] = tacit_cbor_uint(&w->c);
	if (w->p->number[i] < row->least)
		complain(w, "WRONG_TYPE", row->name, "claim must not be zero");
}

static void read_claim(struct walk *w, size_t i)
{
	const struct tacit_air_row *row = &tacit_air_table[i];

	if (row->kind == AIR_REGISTERS)
		read_registers(w, row->name);
	else if (row->kind == AIR_UINT)
		read_number(w, row, i);
	else
		read_string(w, row, i);
}

static void read_map(struct walk *w)
{
	uint64_t pairs = tacit_cbor_map(&w->c);

	for (uint64_t n = 0; n < pairs && !w->c.r.bad; n++) {
		int64_t key = tacit_cbor_int(&w->c);
		size_t i = 0;

		while (i < TACIT_AIR_CLAIMS && tacit_air_table[i].key != key)
			i++;
		if (!enter(w, &w->p->present, i, TACIT_AIR_CLAIMS))
			return;
		read_claim(w, i);
	}
}

/*
 * Which profile the payload is of decides which measurements it may have, so that is found first,
 * wherever it stands. One that is none of ours is read as AIR v1, and refused by the rules.
 */
static const struct tacit_profile *find_profile(struct tacit_slice payload)
{
	struct tacit_cbor c = tacit_cbor_of(payload, TACIT_CBOR_STRICT);
	const struct tacit_profile *found = NULL;
	uint64_t pairs = tacit_cbor_map(&c);

	for (uint64_t n = 0; n < pairs && !c.r.bad && !found; n++) {
		if (tacit_cbor_int(&c) == tacit_air_table[TACIT_AIR_EAT_PROFILE].key)
			found = tacit_profile_find(tacit_cbor_text(&c));
		else
			(void)tacit_cbor_item(&c);
	}
	return found ? found : tacit_profile_of(TACIT_MTYPE_NITRO);
}

struct tacit_air_finding tacit_air_decode(struct tacit_slice payload, struct tacit_air_payload *ret,
					  struct tacit_error *inner)
{
	struct walk w = { .c = tacit_cbor_of(payload, TACIT_CBOR_STRICT),
			  .p = ret,
			  .first = tacit_air_pass() };

	memset(ret, 0, sizeof(*ret));
	ret->profile = find_profile(payload);
	read_map(&w);
	if (tacit_cbor_finish(&w.c, "payload", inner) != TACIT_OK)
		return tacit_air_refuse("PAYLOAD_NOT_MAP", tacit_slice_of(NULL, 0),
					"payload is not a closed map of AIR's claims");
	for (size_t i = 0; i < TACIT_AIR_CLAIMS; i++) {
		if (tacit_air_table[i].required && !(ret->present >> i & 1))
			complain(&w, "MISSING_CLAIM", tacit_air_table[i].name,
				 "required claim is missing");
	}
	return w.first;
}
