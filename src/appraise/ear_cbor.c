/* SPDX-License-Identifier: Apache-2.0 */

/* Claims sets as CBOR: any well-formed encoding is read, the deterministic one is written. */

#include "appraise/ear.h"
#include "codec/cbor.h"

#define WHERE    "ear"
#define KEYS_MAX 64 /* of one map */

/* Labels [RFC 8392 4, draft-ietf-rats-ear 8]. */
enum label {
	LABEL_EXPIRY = 4,
	LABEL_START = 5,
	LABEL_ISSUED = 6,
	LABEL_NONCE = 10,
	LABEL_PROFILE = 265,
	LABEL_SUBMODS = 266,
	LABEL_STATUS = 1000,
	LABEL_VECTOR = 1001,
	LABEL_RAW_EVIDENCE = 1002,
	LABEL_POLICIES = 1003,
	LABEL_VERIFIER = 1004,
};

enum verifier_label { VERIFIER_DEVELOPER, VERIFIER_BUILD };

/* ---- maps ---------------------------------------------------------------------------------- */

/* The keys of one map as they go by: numbers and texts, each once. */
struct map {
	struct tacit_cbor *c;
	uint64_t left;
	size_t count;
	struct {
		int64_t number;
		struct tacit_slice text; /* absent for a number */
	} keys[KEYS_MAX];
};

static void enter(struct map *m, struct tacit_cbor *c)
{
	m->c = c;
	m->count = 0;
	m->left = tacit_cbor_map(c);
}

static bool is_seen(const struct map *m, int64_t number, struct tacit_slice text)
{
	for (size_t i = 0; i < m->count; i++) {
		bool both_text = text.ptr && m->keys[i].text.ptr;
		bool both_numbers = !text.ptr && !m->keys[i].text.ptr;

		if ((both_text && tacit_slice_eq(m->keys[i].text, text)) ||
		    (both_numbers && m->keys[i].number == number))
			return true;
	}
	return false;
}

static bool at_end(struct map *m)
{
	if (m->c->r.bad)
		return true;
	if (m->left == TACIT_CBOR_INDEFINITE)
		return tacit_cbor_at_break(m->c);
	return m->left-- == 0;
}

/* The next key: a text, or a number with `ret_text` absent. False at the end. */
static bool next_key(struct map *m, int64_t *ret_number, struct tacit_slice *ret_text)
{
	*ret_text = tacit_slice_of(NULL, 0);
	*ret_number = 0;
	if (at_end(m))
		return false;
	if (tacit_cbor_peek(m->c) == TACIT_CBOR_TEXT) {
		*ret_text = tacit_cbor_text(m->c);
		if (!ret_text->ptr)
			*ret_text = tacit_slice_of("", 0);
	} else {
		*ret_number = tacit_cbor_int(m->c);
	}
	if (m->c->r.bad)
		return false;
	if (is_seen(m, *ret_number, *ret_text))
		tacit_cbor_reject(m->c, "a key twice");
	else if (m->count == KEYS_MAX)
		tacit_cbor_reject(m->c, "too many keys");
	if (m->c->r.bad)
		return false;
	m->keys[m->count].number = *ret_number;
	m->keys[m->count++].text = *ret_text;
	return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void take_status(struct tacit_cbor *c, struct tacit_ear_submod *submod)
{
	int64_t number = tacit_cbor_int(c);

	if (!tacit_ear_status_name(number))
		tacit_cbor_reject(c, "no such status");
	else
		submod->status = (enum tacit_ear_status)number;
}

static void take_vector(struct tacit_cbor *c, struct tacit_ear_vector *vector)
{
	struct map m;
	struct tacit_slice text;
	int64_t claim;

	enter(&m, c);
	while (next_key(&m, &claim, &text)) {
		int64_t value = tacit_cbor_int(c);

		if (text.ptr || claim < 0 || claim >= TACIT_EAR_CLAIMS)
			tacit_cbor_reject(c, "no such claim of trustworthiness");
		else if (value < INT8_MIN || value > INT8_MAX)
			tacit_cbor_reject(c, "a claim out of range");
		else
			tacit_ear_set(vector, (enum tacit_ear_claim)claim, (int8_t)value);
	}
}

static void take_policies(struct tacit_cbor *c, struct tacit_ear_submod *submod)
{
	uint64_t left = tacit_cbor_array(c);

	while (!c->r.bad) {
		if (left == TACIT_CBOR_INDEFINITE ? tacit_cbor_at_break(c) : left-- == 0)
			return;
		struct tacit_slice id = tacit_cbor_text(c);
		if (submod->policy_count == TACIT_EAR_POLICIES)
			tacit_cbor_reject(c, "too many policies");
		else
			submod->policies[submod->policy_count++] = id;
	}
}

static void take_submod(struct tacit_cbor *c, struct tacit_ear_submod *submod)
{
	struct map m;
	struct tacit_slice text;
	int64_t label;
	bool rated = false;

	enter(&m, c);
	while (next_key(&m, &label, &text)) {
		if (!text.ptr && label == LABEL_STATUS) {
			take_status(c, submod);
			rated = true;
		} else if (!text.ptr && label == LABEL_VECTOR) {
			take_vector(c, &submod->vector);
		} else if (!text.ptr && label == LABEL_POLICIES) {
			take_policies(c, submod);
		} else {
			(void)tacit_cbor_item(c);
		}
	}
	if (!rated)
		tacit_cbor_reject(c, "a submodule without a status");
	else if (!tacit_ear_borne_out(submod->status, &submod->vector))
		tacit_cbor_reject(c, "a status better than its vector");
}

static bool take_submods(struct tacit_cbor *c, struct tacit_arena *arena, struct tacit_ear *ear)
{
	struct map m;
	struct tacit_slice name;
	int64_t number;

	ear->submods = tacit_arena_alloc(arena, TACIT_EAR_SUBMODS_MAX * sizeof(*ear->submods));
	if (!ear->submods)
		return false;
	enter(&m, c);
	while (next_key(&m, &number, &name)) {
		if (!name.ptr) {
			tacit_cbor_reject(c, "the name of a submodule is not a text");
		} else if (ear->submod_count == TACIT_EAR_SUBMODS_MAX) {
			tacit_cbor_reject(c, "too many submodules");
		} else {
			struct tacit_ear_submod *submod = &ear->submods[ear->submod_count++];

			submod->name = name;
			take_submod(c, submod);
		}
	}
	if (ear->submod_count == 0)
		tacit_cbor_reject(c, "no submodule");
	return true;
}

static void take_verifier(struct tacit_cbor *c, struct tacit_ear *ear)
{
	struct map m;
	struct tacit_slice text;
	int64_t label;

	enter(&m, c);
	while (next_key(&m, &label, &text)) {
		if (!text.ptr && label == VERIFIER_DEVELOPER)
			ear->developer = tacit_cbor_text(c);
		else if (!text.ptr && label == VERIFIER_BUILD)
			ear->build = tacit_cbor_text(c);
		else
			(void)tacit_cbor_item(c);
	}
	if (!ear->developer.ptr || !ear->build.ptr)
		tacit_cbor_reject(c, "a verifier without developer or build");
}

/* The value of a label; false when the arena is full. */
static bool take_claim(struct tacit_cbor *c, int64_t label, struct tacit_arena *arena,
		       struct tacit_ear *ear, bool *issued)
{
	switch (label) {
	case LABEL_ISSUED:
		ear->issued = tacit_cbor_int(c);
		*issued = true;
		break;
	case LABEL_EXPIRY:
		ear->expiry = tacit_cbor_int(c);
		ear->expires = true;
		break;
	case LABEL_START:
		ear->start = tacit_cbor_int(c);
		ear->starts = true;
		break;
	case LABEL_PROFILE:
		ear->profile = tacit_cbor_text(c);
		break;
	case LABEL_RAW_EVIDENCE:
		ear->raw_evidence = tacit_cbor_bytes(c);
		break;
	case LABEL_VERIFIER:
		take_verifier(c, ear);
		break;
	case LABEL_SUBMODS:
		return take_submods(c, arena, ear);
	default:
		(void)tacit_cbor_item(c);
	}
	return true;
}

enum tacit_status tacit_ear_parse_cbor(struct tacit_slice bytes, struct tacit_arena *arena,
				       struct tacit_ear *ret, struct tacit_error *err)
{
	struct tacit_cbor c = tacit_cbor_of(bytes, TACIT_CBOR_LAX);
	struct tacit_ear ear = { 0 };
	struct tacit_slice text;
	int64_t label;
	bool issued = false;
	struct map m;

	enter(&m, &c);
	while (next_key(&m, &label, &text)) {
		if (text.ptr)
			(void)tacit_cbor_item(&c);
		else if (!take_claim(&c, label, arena, &ear, &issued))
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "no room for submodules");
	}
	if (!tacit_ear_profile_find(ear.profile, &ear.names))
		tacit_cbor_reject(&c, "it has no profile that is known here");
	if (!issued)
		tacit_cbor_reject(&c, "no time of issue");
	if (!ear.developer.ptr)
		tacit_cbor_reject(&c, "no verifier");
	if (!ear.submods)
		tacit_cbor_reject(&c, "no submodule");
	enum tacit_status st = tacit_cbor_finish(&c, WHERE, err);
	if (st == TACIT_OK)
		*ret = ear;
	return st;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put_vector(struct writer *w, const struct tacit_ear_vector *vector)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		count += vector->given >> i & 1;
	tacit_cbor_put_map(w, count);
	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++) {
		if (!(vector->given >> i & 1))
			continue;
		tacit_cbor_put_uint(w, i);
		tacit_cbor_put_int(w, vector->value[i]);
	}
}

static void put_submod(struct writer *w, const struct tacit_ear_submod *submod)
{
	tacit_cbor_put_text(w, submod->name);
	tacit_cbor_put_map(w, 1u + (submod->vector.given != 0) + (submod->policy_count != 0));
	tacit_cbor_put_uint(w, LABEL_STATUS);
	tacit_cbor_put_uint(w, (uint64_t)submod->status);
	if (submod->vector.given) {
		tacit_cbor_put_uint(w, LABEL_VECTOR);
		put_vector(w, &submod->vector);
	}
	if (submod->policy_count == 0)
		return;
	tacit_cbor_put_uint(w, LABEL_POLICIES);
	tacit_cbor_put_array(w, submod->policy_count);
	for (size_t i = 0; i < submod->policy_count; i++)
		tacit_cbor_put_text(w, submod->policies[i]);
}

void tacit_ear_put_cbor(struct writer *w, const struct tacit_ear *ear)
{
	tacit_cbor_put_map(w, 4u + ear->expires + (ear->nonce.ptr != NULL) +
				      (ear->raw_evidence.ptr != NULL));
	if (ear->expires) {
		tacit_cbor_put_uint(w, LABEL_EXPIRY);
		tacit_cbor_put_int(w, ear->expiry);
	}
	tacit_cbor_put_uint(w, LABEL_ISSUED);
	tacit_cbor_put_int(w, ear->issued);
	if (ear->nonce.ptr) {
		tacit_cbor_put_uint(w, LABEL_NONCE);
		tacit_cbor_put_bytes(w, ear->nonce);
	}
	tacit_cbor_put_uint(w, LABEL_PROFILE);
	tacit_cbor_put_text(w, tacit_slice_str(tacit_ear_profile(ear->names)));
	tacit_cbor_put_uint(w, LABEL_SUBMODS);
	tacit_cbor_put_map(w, ear->submod_count);
	for (size_t i = 0; i < ear->submod_count; i++)
		put_submod(w, &ear->submods[i]);
	if (ear->raw_evidence.ptr) {
		tacit_cbor_put_uint(w, LABEL_RAW_EVIDENCE);
		tacit_cbor_put_bytes(w, ear->raw_evidence);
	}
	tacit_cbor_put_uint(w, LABEL_VERIFIER);
	tacit_cbor_put_map(w, 2);
	tacit_cbor_put_uint(w, VERIFIER_DEVELOPER);
	tacit_cbor_put_text(w, ear->developer);
	tacit_cbor_put_uint(w, VERIFIER_BUILD);
	tacit_cbor_put_text(w, ear->build);
}
