/* SPDX-License-Identifier: Apache-2.0 */

/* Claims sets as JSON, with the names of the draft or of Veraison. */

#include "appraise/ear.h"
#include "appraise/json_out.h"
#include "base/base64.h"
#include "codec/json_read.h"

#define WHERE "ear"

/* Every member that one set of names has; the other set's are refused as a contradiction. */
struct names {
	const char *verifier, *raw, *status, *vector, *policy;
};

static const struct names NAMES[] = {
	[TACIT_EAR_DRAFT] = { "ear_verifier_id", "ear_raw_evidence", "ear_status",
			      "ear_trustworthiness_vector", "ear_appraisal_policy_ids" },
	[TACIT_EAR_VERAISON] = { "ear.verifier-id", "ear.raw-evidence", "ear.status",
				 "ear.trustworthiness-vector", "ear.appraisal-policy-id" },
};

/* ---- reading numbers ----------------------------------------------------------------------- */

/* A number on its way: value * 10^scale. */
struct number {
	bool negative, bad;
	int64_t value;
	int64_t scale;
};

static bool is_digit(struct tacit_slice text, size_t at)
{
	return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

static size_t take_digits(struct tacit_slice text, size_t at, int64_t *value, bool *bad)
{
	for (; is_digit(text, at); at++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, text.ptr[at] - '0', value))
			*bad = true;
	return at;
}

static struct number split_number(struct tacit_slice text)
{
	struct number n = { 0 };
	int64_t exponent = 0;
	size_t at = 0;

	if (at < text.len && text.ptr[at] == '-') {
		n.negative = true;
		at++;
	}
	at = take_digits(text, at, &n.value, &n.bad);
	if (at < text.len && text.ptr[at] == '.') {
		size_t point = ++at;

		at = take_digits(text, at, &n.value, &n.bad);
		n.scale = -(int64_t)(at - point);
	}
	if (at == text.len)
		return n;
	bool down = text.ptr[++at] == '-'; /* behind the e that the grammar has here */
	if (down || text.ptr[at] == '+')
		at++;
	take_digits(text, at, &exponent, &n.bad);
	if (exponent > 64)
		n.bad = true;
	n.scale += down ? -exponent : exponent;
	return n;
}

/* The whole part of a number; without `real` it must be written as an integer. */
static int64_t take_number(struct tacit_json_read *j, bool real, int64_t max)
{
	if (tacit_json_read_peek(j) != TACIT_JSON_NUMBER) {
		tacit_json_read_reject(j, "not a number");
		return 0;
	}
	struct tacit_slice text = tacit_json_read_skip(j);
	if (j->why)
		return 0;
	struct number n = split_number(text);
	bool plain = !memchr(text.ptr, '.', text.len) && !memchr(text.ptr, 'e', text.len) &&
		     !memchr(text.ptr, 'E', text.len);

	if (!real && !plain)
		n.bad = true;
	for (; n.scale > 0 && n.value && !n.bad; n.scale--)
		n.bad = __builtin_mul_overflow(n.value, 10, &n.value);
	for (; n.scale < 0 && n.value; n.scale++)
		n.value /= 10;
	if (n.bad || n.value > max + n.negative) {
		tacit_json_read_reject(j, "a number out of range");
		return 0;
	}
	return n.negative ? -n.value : n.value;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool is(struct tacit_slice name, const char *want)
{
	return tacit_slice_eq(name, tacit_slice_str(want));
}

static void take_status(struct tacit_json_read *j, struct tacit_ear_submod *submod)
{
	/* Go's and Trustee's verifiers write the number of the CBOR form. */
	if (tacit_json_read_peek(j) == TACIT_JSON_NUMBER) {
		int64_t number = take_number(j, false, INT8_MAX);

		if (!tacit_ear_status_name(number))
			tacit_json_read_reject(j, "no such status");
		else
			submod->status = (enum tacit_ear_status)number;
	} else if (!tacit_ear_status_find(tacit_json_read_string(j), &submod->status)) {
		tacit_json_read_reject(j, "no such status");
	}
}

static void take_vector(struct tacit_json_read *j, struct tacit_ear_vector *vector)
{
	struct tacit_slice name;
	enum tacit_ear_claim claim;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		int64_t value = take_number(j, false, INT8_MAX);

		if (!tacit_ear_claim_find(name, &claim))
			tacit_json_read_reject(j, "no such claim of trustworthiness");
		else
			tacit_ear_set(vector, claim, (int8_t)value);
	}
}

static void take_policies(struct tacit_json_read *j, struct tacit_arena *arena,
			  enum tacit_ear_names names, struct tacit_ear_submod *submod)
{
	if (names == TACIT_EAR_VERAISON) {
		submod->policies[submod->policy_count++] = tacit_json_read_text(j, arena);
		return;
	}
	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		struct tacit_slice id = tacit_json_read_text(j, arena);

		if (submod->policy_count == TACIT_EAR_POLICIES)
			tacit_json_read_reject(j, "too many policies");
		else
			submod->policies[submod->policy_count++] = id;
	}
}

static void take_submod(struct tacit_json_read *j, struct tacit_arena *arena,
			enum tacit_ear_names names, struct tacit_ear_submod *submod)
{
	const struct names *want = &NAMES[names], *other = &NAMES[!names];
	struct tacit_slice name;
	bool rated = false;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, want->status)) {
			take_status(j, submod);
			rated = true;
		} else if (is(name, want->vector)) {
			take_vector(j, &submod->vector);
		} else if (is(name, want->policy)) {
			take_policies(j, arena, names, submod);
		} else if (is(name, other->status) || is(name, other->vector) ||
			   is(name, other->policy)) {
			tacit_json_read_reject(j, "a name of another profile");
		} else {
			tacit_json_read_skip(j);
		}
	}
	if (!rated)
		tacit_json_read_reject(j, "a submodule without a status");
	else if (!tacit_ear_borne_out(submod->status, &submod->vector))
		tacit_json_read_reject(j, "a status better than its vector");
}

static void take_submods(struct tacit_json_read *j, struct tacit_arena *arena,
			 struct tacit_ear *ear)
{
	struct tacit_slice name;

	ear->submods = tacit_arena_alloc(arena, TACIT_EAR_SUBMODS_MAX * sizeof(*ear->submods));
	if (!ear->submods) {
		tacit_json_read_full(j);
		return;
	}
	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (ear->submod_count == TACIT_EAR_SUBMODS_MAX) {
			tacit_json_read_reject(j, "too many submodules");
			return;
		}
		struct tacit_ear_submod *submod = &ear->submods[ear->submod_count++];
		submod->name = name;
		take_submod(j, arena, ear->names, submod);
	}
	if (ear->submod_count == 0)
		tacit_json_read_reject(j, "no submodule");
}

static void take_verifier(struct tacit_json_read *j, struct tacit_arena *arena,
			  struct tacit_ear *ear)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "developer"))
			ear->developer = tacit_json_read_text(j, arena);
		else if (is(name, "build"))
			ear->build = tacit_json_read_text(j, arena);
		else
			tacit_json_read_skip(j);
	}
	if (!ear->developer.ptr || !ear->build.ptr)
		tacit_json_read_reject(j, "a verifier without developer or build");
}

/* The profile says how the rest is read, wherever it stands. */
static void find_profile(struct tacit_slice text, struct tacit_arena *arena, struct tacit_ear *ear)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "eat_profile"))
			ear->profile = tacit_json_read_text(&j, arena);
		else
			tacit_json_read_skip(&j);
	}
}

/* True when the member is one of the times, which Veraison writes as reals too. */
static bool take_time(struct tacit_json_read *j, struct tacit_slice name, struct tacit_ear *ear,
		      bool *issued)
{
	bool real = ear->names == TACIT_EAR_VERAISON;

	if (is(name, "iat")) {
		ear->issued = take_number(j, real, INT64_MAX / 2);
		*issued = true;
	} else if (is(name, "exp")) {
		ear->expiry = take_number(j, real, INT64_MAX / 2);
		ear->expires = true;
	} else if (is(name, "nbf")) {
		ear->start = take_number(j, real, INT64_MAX / 2);
		ear->starts = true;
	} else {
		return false;
	}
	return true;
}

static void take_claims(struct tacit_json_read *j, struct tacit_arena *arena, struct tacit_ear *ear)
{
	const struct names *want = &NAMES[ear->names], *other = &NAMES[!ear->names];
	struct tacit_slice name;
	bool issued = false;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (take_time(j, name, ear, &issued))
			continue;
		if (is(name, "submods"))
			take_submods(j, arena, ear);
		else if (is(name, want->verifier))
			take_verifier(j, arena, ear);
		else if (is(name, want->raw))
			ear->raw_evidence = tacit_json_read_string(j);
		else if (is(name, other->verifier) || is(name, other->raw))
			tacit_json_read_reject(j, "a name of another profile");
		else
			tacit_json_read_skip(j);
	}
	if (!issued)
		tacit_json_read_reject(j, "no time of issue");
	if (!ear->developer.ptr)
		tacit_json_read_reject(j, "no verifier");
	if (!ear->submods)
		tacit_json_read_reject(j, "no submodule");
}

enum tacit_status tacit_ear_parse_json(struct tacit_slice text, struct tacit_arena *arena,
				       struct tacit_ear *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	struct tacit_ear ear = { 0 };

	find_profile(text, arena, &ear);
	if (!tacit_ear_profile_find(ear.profile, &ear.names))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "it has no profile that is known here");
	take_claims(&j, arena, &ear);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK)
		*ret = ear;
	return st;
}

/* ---- writing ------------------------------------------------------------------------------- */

#define GROUP 48 /* bytes that are encoded at once: a multiple of three */

static void put_base64(struct writer *w, const char *name, struct tacit_slice bytes)
{
	char text[GROUP / 3 * 4 + 1];

	wr_text(w, ",\"");
	wr_text(w, name);
	wr_text(w, "\":\"");
	for (size_t at = 0; at < bytes.len; at += GROUP) {
		size_t len = bytes.len - at < GROUP ? bytes.len - at : GROUP;

		tacit_base64_encode(TACIT_BASE64URL, tacit_slice_of(bytes.ptr + at, len), text);
		wr_text(w, text);
	}
	wr_text(w, "\"");
}

static void put_submod(struct tacit_json_out *j, const struct names *names, bool list,
		       const struct tacit_ear_submod *submod)
{
	tacit_json_out_text(j, names->status, tacit_ear_status_name(submod->status));
	if (submod->vector.given) {
		tacit_json_out_open(j, names->vector, '{');
		for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
			if (submod->vector.given >> i & 1)
				tacit_json_out_int(j, tacit_ear_claim_name(i),
						   submod->vector.value[i]);
		tacit_json_out_close(j, '}');
	}
	if (!list && submod->annotated.ptr) {
		wr_text(j->w, ",\"ear.veraison.annotated-evidence\":");
		wr_bytes(j->w, submod->annotated);
	}
	if (submod->policy_count == 0)
		return;
	if (!list) {
		tacit_json_out_slice(j, names->policy, submod->policies[0]);
		return;
	}
	tacit_json_out_open(j, names->policy, '[');
	for (size_t i = 0; i < submod->policy_count; i++)
		tacit_json_out_slice(j, NULL, submod->policies[i]);
	tacit_json_out_close(j, ']');
}

void tacit_ear_put_json(struct writer *w, const struct tacit_ear *ear)
{
	const struct names *names = &NAMES[ear->names];
	struct tacit_json_out j = { w, -1, true };

	tacit_json_out_open(&j, NULL, '{');
	if (ear->profile.ptr)
		tacit_json_out_slice(&j, "eat_profile", ear->profile);
	else
		tacit_json_out_text(&j, "eat_profile", tacit_ear_profile(ear->names));
	if (ear->issuer.ptr)
		tacit_json_out_slice(&j, "iss", ear->issuer);
	if (ear->subject.ptr)
		tacit_json_out_slice(&j, "sub", ear->subject);
	tacit_json_out_int(&j, "iat", ear->issued);
	if (ear->expires)
		tacit_json_out_int(&j, "exp", ear->expiry);
	tacit_json_out_open(&j, names->verifier, '{');
	tacit_json_out_slice(&j, "developer", ear->developer);
	tacit_json_out_slice(&j, "build", ear->build);
	tacit_json_out_close(&j, '}');
	if (ear->nonce.ptr)
		put_base64(w, "eat_nonce", ear->nonce);
	if (ear->raw_evidence.ptr)
		put_base64(w, names->raw, ear->raw_evidence);
	tacit_json_out_open(&j, "submods", '{');
	for (size_t i = 0; i < ear->submod_count; i++) {
		char name[64] = { 0 };
		size_t len = ear->submods[i].name.len;

		memcpy(name, ear->submods[i].name.ptr, len < 63 ? len : 63);
		tacit_json_out_open(&j, name, '{');
		put_submod(&j, names, ear->names == TACIT_EAR_DRAFT, &ear->submods[i]);
		tacit_json_out_close(&j, '}');
	}
	tacit_json_out_close(&j, '}');
	tacit_json_out_close(&j, '}');
}
