/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy_signature.h"

#include "appraise/json_out.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "codec/json.h"
#include "crypto/hash.h"

#define WHERE  "policy.signature"
#define SCHEMA "tacit.policy-signature/1"

/* Its NUL is part of it: no other text that anybody signs begins so. */
static const char PREFIX[] = SCHEMA;

#define MESSAGE_LEN (sizeof(PREFIX) + TACIT_SHA256_LEN)

static enum tacit_status make_message(struct tacit_slice policy, uint8_t *ret,
				      struct tacit_error *err)
{
	memcpy(ret, PREFIX, sizeof(PREFIX));
	return tacit_hash(TACIT_SHA256, policy, ret + sizeof(PREFIX), err);
}

enum tacit_status tacit_policy_sign(struct tacit_slice policy, const struct tacit_key *key,
				    struct tacit_policy_signature *ret, struct tacit_error *err)
{
	uint8_t message[MESSAGE_LEN], public[TACIT_PUBLIC_MAX], signature[TACIT_SIGNATURE_MAX];
	size_t len = 0;

	if (tacit_key_alg_of(key) != TACIT_ED25519)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "the key is not an Ed25519 key");
	enum tacit_status st = make_message(policy, message, err);
	if (st == TACIT_OK)
		st = tacit_key_export_public(key, public, &len, err);
	if (st == TACIT_OK)
		st = tacit_key_sign(key, TACIT_SLICE_ARRAY(message), signature, err);
	if (st != TACIT_OK)
		return st;
	memcpy(ret->key, public, sizeof(ret->key));
	memcpy(ret->signature, signature, sizeof(ret->signature));
	return TACIT_OK;
}

enum tacit_status tacit_policy_signature_verify(struct tacit_slice policy,
						const struct tacit_policy_signature *signature,
						struct tacit_error *err)
{
	uint8_t message[MESSAGE_LEN];
	struct tacit_key *key = NULL;
	enum tacit_status st = make_message(policy, message, err);

	if (st != TACIT_OK)
		return st;
	st = tacit_key_public(TACIT_ED25519, TACIT_SLICE_ARRAY(signature->key), &key, err);
	if (st != TACIT_OK)
		return st;
	st = tacit_key_verify(key, TACIT_SLICE_ARRAY(message),
			      TACIT_SLICE_ARRAY(signature->signature), err);
	tacit_key_free(key);
	return st;
}

static bool wanted(const struct tacit_policy_signature *signature, const struct tacit_slice *keys,
		   size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tacit_slice_eq(keys[i], TACIT_SLICE_ARRAY(signature->key)))
			return true;
	return false;
}

enum tacit_status tacit_policy_signed(struct tacit_slice policy,
				      const struct tacit_policy_signatures *signatures,
				      const struct tacit_slice *keys, size_t key_count,
				      struct tacit_error *err)
{
	bool named = false;

	for (size_t i = 0; i < signatures->count; i++) {
		if (!wanted(&signatures->items[i], keys, key_count))
			continue;
		named = true;
		if (tacit_policy_signature_verify(policy, &signatures->items[i], NULL) == TACIT_OK)
			return TACIT_OK;
	}
	return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
			  named ? "the signature is not one over this policy"
				: "no key that was given signed it");
}

/* ---- the file ------------------------------------------------------------------------------ */

static enum tacit_status read_hex(const json_t *object, const char *name, uint8_t *ret, size_t want,
				  struct tacit_error *err)
{
	struct tacit_slice text;
	size_t len = 0;
	enum tacit_status st = tacit_json_get_string(object, name, TACIT_JSON_REQUIRED, &text, err);

	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, WHERE);
	if (text.len != 2 * want || !tacit_hex_decode(text, tacit_mut_of(ret, want), &len))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" is not %zu bytes as hex",
				  name, want);
	return TACIT_OK;
}

static enum tacit_status read_one(json_t *object, struct tacit_policy_signature *ret,
				  struct tacit_error *err)
{
	static const char *const NAMES[] = { "key", "signature" };

	if (!json_is_object(object))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a signature is not an object");
	enum tacit_status st = tacit_json_only(object, NAMES, TACIT_ARRAY_LEN(NAMES), err);
	if (st == TACIT_OK)
		st = read_hex(object, "key", ret->key, sizeof(ret->key), err);
	if (st == TACIT_OK)
		st = read_hex(object, "signature", ret->signature, sizeof(ret->signature), err);
	return st;
}

static enum tacit_status read_all(json_t *root, struct tacit_policy_signatures *ret,
				  struct tacit_error *err)
{
	static const char *const NAMES[] = { "schema", "signatures" };
	struct tacit_slice schema;
	json_t *list = NULL;
	enum tacit_status st = tacit_json_only(root, NAMES, TACIT_ARRAY_LEN(NAMES), err);

	if (st == TACIT_OK)
		st = tacit_json_get_string(root, "schema", TACIT_JSON_REQUIRED, &schema, err);
	if (st == TACIT_OK)
		st = tacit_json_get_array(root, "signatures", TACIT_JSON_REQUIRED, &list, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, WHERE);
	if (!tacit_slice_eq(schema, tacit_slice_str(SCHEMA)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"schema\" is not " SCHEMA);
	if (json_array_size(list) > TACIT_POLICY_SIGNATURES_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d signatures",
				  TACIT_POLICY_SIGNATURES_MAX);
	for (size_t i = 0; i < json_array_size(list) && st == TACIT_OK; i++)
		st = read_one(json_array_get(list, i), &ret->items[i], err);
	ret->count = json_array_size(list);
	return st;
}

enum tacit_status tacit_policy_signatures_parse(struct tacit_slice json,
						struct tacit_policy_signatures *ret,
						struct tacit_error *err)
{
	struct tacit_policy_signatures got = { 0 };
	json_t *root = NULL;

	if (json.len > TACIT_POLICY_SIGNATURE_FILE)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "%zu bytes, at most %d", json.len,
				  TACIT_POLICY_SIGNATURE_FILE);
	enum tacit_status st = tacit_json_parse(json, &root, err);
	if (st != TACIT_OK)
		return tacit_error_wrap(err, st, WHERE);
	st = json_is_object(root) ? read_all(root, &got, err)
				  : tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not an object");
	json_decref(root);
	if (st == TACIT_OK)
		*ret = got;
	return st;
}

void tacit_policy_signatures_write(const struct tacit_policy_signatures *signatures,
				   struct writer *w)
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
	tacit_json_out_close(&j, '}');
	wr_text(w, "\n");
}
