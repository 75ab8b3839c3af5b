/* SPDX-License-Identifier: Apache-2.0 */
#include "release/manifest_sign.h"

#include "appraise/json_out.h"
#include "base/time.h"
#include "codec/json_read.h"

#define WHERE  "model.signature"
#define SCHEMA "tacit.model-signatures/1"

/* Their NULs are part of them: no other text that anybody signs begins so. */
static const char SIGNATURE_PREFIX[] = "tacit.model-signature/1";
static const char SUCCESSION_PREFIX[] = "tacit.model-succession/1";

#define SIGNATURE_LEN  (sizeof(SIGNATURE_PREFIX) + TACIT_SHA256_LEN)
#define SUCCESSION_LEN (sizeof(SUCCESSION_PREFIX) + 2 * TACIT_PUBLISHER_KEY + 8)

static void signature_message(const uint8_t *manifest, uint8_t ret[static SIGNATURE_LEN])
{
	memcpy(ret, SIGNATURE_PREFIX, sizeof(SIGNATURE_PREFIX));
	memcpy(ret + sizeof(SIGNATURE_PREFIX), manifest, TACIT_SHA256_LEN);
}

static void succession_message(const struct tacit_model_succession *s,
			       uint8_t ret[static SUCCESSION_LEN])
{
	struct writer w = wr_of(tacit_mut_of(ret, SUCCESSION_LEN));

	wr_bytes(&w, TACIT_SLICE_ARRAY(SUCCESSION_PREFIX));
	wr_bytes(&w, TACIT_SLICE_ARRAY(s->from));
	wr_bytes(&w, TACIT_SLICE_ARRAY(s->to));
	wr_be64(&w, (uint64_t)s->until);
}

static enum tacit_status sign(const struct tacit_key *key, struct tacit_slice message,
			      uint8_t ret_key[static TACIT_PUBLISHER_KEY],
			      uint8_t ret_signature[static TACIT_PUBLISHER_SIGNATURE],
			      struct tacit_error *err)
{
	uint8_t public[TACIT_PUBLIC_MAX], signature[TACIT_SIGNATURE_MAX];
	size_t len = 0;

	if (tacit_key_alg_of(key) != TACIT_ED25519)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the key is not an Ed25519 key");
	enum tacit_status st = tacit_key_export_public(key, public, &len, err);
	if (st == TACIT_OK)
		st = tacit_key_sign(key, message, signature, err);
	if (st != TACIT_OK)
		return st;
	memcpy(ret_key, public, TACIT_PUBLISHER_KEY);
	memcpy(ret_signature, signature, TACIT_PUBLISHER_SIGNATURE);
	return TACIT_OK;
}

enum tacit_status tacit_model_sign(const uint8_t manifest_sha256[static TACIT_SHA256_LEN],
				   const struct tacit_key *key, struct tacit_model_signature *ret,
				   struct tacit_error *err)
{
	uint8_t message[SIGNATURE_LEN];

	signature_message(manifest_sha256, message);
	return sign(key, TACIT_SLICE_ARRAY(message), ret->key, ret->signature, err);
}

enum tacit_status tacit_model_succeed(const struct tacit_key *from,
				      const uint8_t to[static TACIT_PUBLISHER_KEY], int64_t until,
				      struct tacit_model_succession *ret, struct tacit_error *err)
{
	struct tacit_model_succession s = { .until = until };
	uint8_t message[SUCCESSION_LEN], public[TACIT_PUBLIC_MAX];
	size_t len = 0;
	enum tacit_status st = tacit_key_export_public(from, public, &len, err);

	if (st != TACIT_OK)
		return st;
	memcpy(s.from, public, sizeof(s.from));
	memcpy(s.to, to, sizeof(s.to));
	succession_message(&s, message);
	st = sign(from, TACIT_SLICE_ARRAY(message), s.from, s.signature, err);
	if (st == TACIT_OK)
		*ret = s;
	return st;
}

/* ---- judging ------------------------------------------------------------------------------- */

static bool verifies(const uint8_t *key_bytes, struct tacit_slice message, const uint8_t *signature)
{
	struct tacit_key *key = NULL;

	if (tacit_key_public(TACIT_ED25519, tacit_slice_of(key_bytes, TACIT_PUBLISHER_KEY), &key,
			     NULL) != TACIT_OK)
		return false;
	enum tacit_status st = tacit_key_verify(
		key, message, tacit_slice_of(signature, TACIT_PUBLISHER_SIGNATURE), NULL);
	tacit_key_free(key);
	return st == TACIT_OK;
}

static bool succeeds(const struct tacit_model_succession *s, const uint8_t *from, int64_t now)
{
	uint8_t message[SUCCESSION_LEN];

	if (now >= s->until || memcmp(s->from, from, TACIT_PUBLISHER_KEY) != 0)
		return false;
	succession_message(s, message);
	return verifies(s->from, TACIT_SLICE_ARRAY(message), s->signature);
}

struct judging {
	const struct tacit_model_signatures *signatures;
	uint8_t message[SIGNATURE_LEN];
	int64_t now;
	bool named; /* a key that counts is there, with whatever signature */
};

static bool signed_by(struct judging *j, const uint8_t *key)
{
	for (size_t i = 0; i < j->signatures->count; i++) {
		const struct tacit_model_signature *s = &j->signatures->items[i];

		if (memcmp(s->key, key, TACIT_PUBLISHER_KEY) != 0)
			continue;
		j->named = true;
		if (verifies(s->key, TACIT_SLICE_ARRAY(j->message), s->signature))
			return true;
	}
	return false;
}

/*
 * The keys that count, those that were given first; each succession in force adds one. There are
 * at most as many as successions, so hostile ones cannot make this long.
 */
static bool by_successor(struct judging *j, const uint8_t *pinned)
{
	const uint8_t *line[TACIT_MODEL_SUCCESSIONS_MAX + 1] = { pinned };
	unsigned depth[TACIT_MODEL_SUCCESSIONS_MAX + 1] = { 0 };
	bool used[TACIT_MODEL_SUCCESSIONS_MAX] = { false };
	size_t count = 1;

	for (size_t at = 0; at < count; at++) {
		if (signed_by(j, line[at]))
			return true;
		for (size_t i = 0; i < j->signatures->succession_count; i++) {
			const struct tacit_model_succession *s = &j->signatures->successions[i];

			if (used[i] || depth[at] == TACIT_SUCCESSION_DEPTH ||
			    !succeeds(s, line[at], j->now))
				continue;
			used[i] = true;
			depth[count] = depth[at] + 1;
			line[count++] = s->to;
		}
	}
	return false;
}

enum tacit_status tacit_model_signed(const uint8_t manifest_sha256[static TACIT_SHA256_LEN],
				     const struct tacit_model_signatures *signatures,
				     const struct tacit_slice *keys, size_t key_count, int64_t now,
				     struct tacit_error *err)
{
	struct judging j = { .signatures = signatures, .now = now };

	signature_message(manifest_sha256, j.message);
	for (size_t i = 0; i < key_count; i++)
		if (keys[i].len == TACIT_PUBLISHER_KEY && by_successor(&j, keys[i].ptr))
			return TACIT_OK;
	return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
			  j.named ? "the signature is not one over this manifest"
				  : "no publisher's key that was given signed it");
}

#define LIST_MAX TACIT_MODEL_SIGNATURES_MAX
_Static_assert(LIST_MAX == TACIT_MODEL_SUCCESSIONS_MAX, "both lists are read alike");

/* ---- the file ------------------------------------------------------------------------------ */

static bool is(struct tacit_slice name, const char *what)
{
	return tacit_slice_eq(name, tacit_slice_str(what));
}

static void read_signature(struct tacit_json_read *j, struct tacit_model_signature *ret)
{
	struct tacit_slice name;
	unsigned seen = 0;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "key")) {
			tacit_json_read_hex(j, ret->key, sizeof(ret->key));
			seen |= 1;
		} else if (is(name, "signature")) {
			tacit_json_read_hex(j, ret->signature, sizeof(ret->signature));
			seen |= 2;
		} else {
			tacit_json_read_reject(j, "a member that is not known");
		}
	}
	if (seen != 3)
		tacit_json_read_reject(j, "a signature without its key or itself");
}

static void read_succession(struct tacit_json_read *j, struct tacit_model_succession *ret)
{
	struct tacit_slice name;
	unsigned seen = 0;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "from")) {
			tacit_json_read_hex(j, ret->from, sizeof(ret->from));
			seen |= 1;
		} else if (is(name, "to")) {
			tacit_json_read_hex(j, ret->to, sizeof(ret->to));
			seen |= 2;
		} else if (is(name, "until")) {
			if (!tacit_time_parse(tacit_json_read_string(j), &ret->until))
				tacit_json_read_reject(j, "not a time");
			seen |= 4;
		} else if (is(name, "signature")) {
			tacit_json_read_hex(j, ret->signature, sizeof(ret->signature));
			seen |= 8;
		} else {
			tacit_json_read_reject(j, "a member that is not known");
		}
	}
	if (seen != 15)
		tacit_json_read_reject(j, "a succession that lacks something");
}

static void read_lists(struct tacit_json_read *j, struct tacit_slice name,
		       struct tacit_model_signatures *ret)
{
	bool successions = is(name, "successions");
	size_t *count = successions ? &ret->succession_count : &ret->count;

	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		if (*count == LIST_MAX) {
			tacit_json_read_reject(j, "too many");
			return;
		}
		if (successions)
			read_succession(j, &ret->successions[(*count)++]);
		else
			read_signature(j, &ret->items[(*count)++]);
	}
}

enum tacit_status tacit_model_signatures_parse(struct tacit_slice json,
					       struct tacit_model_signatures *ret,
					       struct tacit_error *err)
{
	struct tacit_model_signatures got = { 0 };
	struct tacit_slice name;
	bool schema = false;

	if (json.len > TACIT_MODEL_SIGNATURES_FILE)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes of signatures", json.len);
	struct tacit_json_read j = tacit_json_read_of(json);
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "schema")) {
			schema = is(tacit_json_read_string(&j), SCHEMA);
		} else if (is(name, "signatures") || is(name, "successions")) {
			read_lists(&j, name, &got);
		} else {
			tacit_json_read_reject(&j, "a member that is not known");
		}
	}
	if (!schema)
		tacit_json_read_reject(&j, "not a " SCHEMA);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK)
		*ret = got;
	return st;
}

void tacit_model_signatures_write(const struct tacit_model_signatures *signatures, struct writer *w)
{
	struct tacit_json_out j = { w, 0, true };

	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "schema", SCHEMA);
	tacit_json_out_open(&j, "signatures", '[');
	for (size_t i = 0; i < signatures->count; i++) {
		tacit_json_out_open(&j, NULL, '{');
		tacit_json_out_hex(&j, "key", TACIT_SLICE_ARRAY(signatures->items[i].key));
		tacit_json_out_hex(&j, "signature",
				   TACIT_SLICE_ARRAY(signatures->items[i].signature));
		tacit_json_out_close(&j, '}');
	}
	tacit_json_out_close(&j, ']');
	tacit_json_out_open(&j, "successions", '[');
	for (size_t i = 0; i < signatures->succession_count; i++) {
		const struct tacit_model_succession *s = &signatures->successions[i];

		tacit_json_out_open(&j, NULL, '{');
		tacit_json_out_hex(&j, "from", TACIT_SLICE_ARRAY(s->from));
		tacit_json_out_hex(&j, "to", TACIT_SLICE_ARRAY(s->to));
		tacit_json_out_time(&j, "until", s->until);
		tacit_json_out_hex(&j, "signature", TACIT_SLICE_ARRAY(s->signature));
		tacit_json_out_close(&j, '}');
	}
	tacit_json_out_close(&j, ']');
	tacit_json_out_close(&j, '}');
	wr_text(w, "\n");
}
