/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/batch.h"

#include "base/base64.h"
#include "base/bounds.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/time.h"
#include "codec/json.h"

#define WHERE "line"

/* One line on its way: what it asks for, and the bytes behind that. */
struct ask {
	struct tacit_receipt_expect expect;
	struct tacit_slice receipt;
	json_t *id; /* borrowed; NULL when there is none */
	uint8_t key[32];
	uint8_t nonce[TACIT_AIR_NONCE_MAX];
	uint8_t hashes[4][32];
};

enum tacit_status tacit_batch_init(struct tacit_batch *batch,
				   const struct tacit_receipt_expect *defaults,
				   enum tacit_report_checks checks, struct tacit_error *err)
{
	struct tacit_slice key = defaults->key;

	batch->defaults = *defaults;
	batch->checks = checks;
	batch->ready = NULL;
	if (!key.ptr && defaults->evidence && defaults->evidence->has_binding)
		key = TACIT_SLICE_ARRAY(defaults->evidence->binding.receipt_key);
	batch->has_default_key = key.ptr != NULL;
	if (!key.ptr)
		return TACIT_OK;
	enum tacit_status status = tacit_receipt_verifier_new(key, &batch->ready, err);
	if (status != TACIT_OK)
		return status;
	memcpy(batch->default_key, key.ptr, sizeof(batch->default_key));
	memcpy(batch->ready_key, key.ptr, sizeof(batch->ready_key));
	return TACIT_OK;
}

void tacit_batch_done(struct tacit_batch *batch)
{
	tacit_receipt_verifier_free(batch->ready);
	batch->ready = NULL;
}

static enum tacit_status bad(struct tacit_error *err, const char *name, const char *why)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" %s", name, why);
}

/* --- the receipt's text --- */

static bool has_any(struct tacit_slice text, const char *set)
{
	for (; *set; set++) {
		if (text.len && memchr(text.ptr, *set, text.len))
			return true;
	}
	return false;
}

/*
 * A receipt begins with D2 84, so hex begins with "d2"; base64 that begins so is no receipt, and
 * the two base64 forms differ only where they hold a sign of their own.
 */
static enum tacit_status decode(struct tacit_batch *batch, struct tacit_slice text,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_mut room = tacit_mut_of(batch->receipt, sizeof(batch->receipt));
	bool hex = text.len > 2 && (text.ptr[0] | 0x20) == 'd' && text.ptr[1] == '2';
	size_t len = 0;
	bool good;

	if (hex)
		good = tacit_hex_decode(text, room, &len);
	else if (has_any(text, "+/="))
		good = tacit_base64_decode(TACIT_BASE64, text, room, &len);
	else
		good = tacit_base64_decode(TACIT_BASE64URL, text, room, &len);
	if (!good || len == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "receipt is not hex, base64 or base64url of 1 to %d bytes",
				  TACIT_RECEIPT_MAX_LEN);
	*ret = tacit_slice_of(batch->receipt, len);
	return TACIT_OK;
}

/* --- members --- */

static struct tacit_slice text_of(json_t *value)
{
	return tacit_slice_of(json_string_value(value), json_string_length(value));
}

/* Sets an expectation, or holds it against the one that is there. */
static enum tacit_status demand(struct tacit_slice *expect, struct tacit_slice value,
				const char *name, struct tacit_error *err)
{
	if (expect->ptr && !tacit_slice_eq(*expect, value))
		return bad(err, name, "differs from what all receipts must have");
	*expect = value;
	return TACIT_OK;
}

static enum tacit_status read_hex(json_t *value, const char *name, struct tacit_mut room,
				  struct tacit_slice *expect, struct tacit_error *err)
{
	size_t len = 0;

	if (!json_is_string(value) || !tacit_hex_decode(text_of(value), room, &len) || len == 0)
		return bad(err, name, "is not a string of hex digits of the right length");
	return demand(expect, tacit_slice_of(room.ptr, len), name, err);
}

static enum tacit_status read_hash(json_t *value, const char *name, uint8_t room[static 32],
				   struct tacit_slice *expect, struct tacit_error *err)
{
	if (json_string_length(value) != 64)
		return bad(err, name, "is not 64 hex digits");
	return read_hex(value, name, tacit_mut_of(room, 32), expect, err);
}

static enum tacit_status read_now(json_t *value, struct tacit_receipt_expect *expect,
				  struct tacit_error *err)
{
	int64_t now = json_integer_value(value);

	if (json_is_string(value) && !tacit_time_parse(text_of(value), &now))
		return bad(err, "now", "is not a time");
	if (!json_is_string(value) && !json_is_integer(value))
		return bad(err, "now", "is not a time");
	if (now <= 0)
		return bad(err, "now", "is not after 1970");
	if (expect->now && expect->now != now)
		return bad(err, "now", "differs from what all receipts must have");
	expect->now = now;
	return TACIT_OK;
}

static enum tacit_status read_max_age(json_t *value, struct tacit_receipt_expect *expect,
				      struct tacit_error *err)
{
	uint64_t age = (uint64_t)json_integer_value(value);

	if (!json_is_integer(value) || json_integer_value(value) <= 0)
		return bad(err, "max_age", "is not a positive number of seconds");
	if (expect->max_age && expect->max_age != age)
		return bad(err, "max_age", "differs from what all receipts must have");
	expect->max_age = age;
	return TACIT_OK;
}

static enum tacit_status read_id(json_t *value, struct ask *ask, struct tacit_error *err)
{
	bool text = json_is_string(value) && json_string_length(value) <= TACIT_BATCH_ID_MAX;

	if (!text && (!json_is_integer(value) || json_integer_value(value) < 0))
		return bad(err, "id", "is neither a short text nor a number");
	ask->id = value;
	return TACIT_OK;
}

static enum tacit_status read_model(json_t *value, struct ask *ask, struct tacit_error *err)
{
	if (!json_is_string(value))
		return bad(err, "model_id", "is not a text");
	return demand(&ask->expect.model_id, text_of(value), "model_id", err);
}

static bool passed_over(const char *name)
{
	static const char *const NAMES[] = { "receipt", "key", "received_at", "server", "verdict" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		if (strcmp(NAMES[i], name) == 0)
			return true;
	}
	return false;
}

static enum tacit_status read_member(const char *name, json_t *value, struct ask *ask,
				     struct tacit_error *err)
{
	static const char *const HASHES[] = { "model_hash", "request_hash", "response_hash",
					      "doc_hash" };
	struct tacit_receipt_expect *e = &ask->expect;
	struct tacit_slice *expects[] = { &e->model_hash, &e->request_hash, &e->response_hash,
					  &e->doc_hash };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(HASHES); i++) {
		if (strcmp(HASHES[i], name) == 0)
			return read_hash(value, name, ask->hashes[i], expects[i], err);
	}
	if (strcmp(name, "id") == 0)
		return read_id(value, ask, err);
	if (strcmp(name, "nonce") == 0)
		return read_hex(value, name, tacit_mut_of(ask->nonce, sizeof(ask->nonce)),
				&e->nonce, err);
	if (strcmp(name, "model_id") == 0)
		return read_model(value, ask, err);
	if (strcmp(name, "now") == 0)
		return read_now(value, e, err);
	if (strcmp(name, "max_age") == 0)
		return read_max_age(value, e, err);
	if (!passed_over(name))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "unknown member \"%.40s\"", name);
	return TACIT_OK;
}

/* Makes the key of this line ready, unless it is the one of the line before. */
static enum tacit_status choose_key(struct tacit_batch *batch, json_t *value, struct ask *ask,
				    struct tacit_error *err)
{
	struct tacit_slice key = { NULL, 0 };

	if (batch->has_default_key)
		key = TACIT_SLICE_ARRAY(batch->default_key);
	if (value) {
		enum tacit_status status = read_hash(value, "key", ask->key, &key, err);
		if (status != TACIT_OK)
			return status;
	}
	if (!key.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no key for this receipt");
	if (!batch->ready || memcmp(batch->ready_key, key.ptr, 32) != 0) {
		struct tacit_receipt_verifier *next = NULL;

		/* A key that is none is told by the check of the signature. */
		if (tacit_receipt_verifier_new(key, &next, NULL) == TACIT_OK)
			memcpy(batch->ready_key, key.ptr, 32);
		tacit_receipt_verifier_free(batch->ready);
		batch->ready = next;
	}
	ask->expect.verifier = batch->ready;
	ask->expect.key = key;
	return TACIT_OK;
}

static enum tacit_status read_object(struct tacit_batch *batch, json_t *object, struct ask *ask,
				     struct tacit_error *err)
{
	json_t *receipt = json_object_get(object, "receipt"), *value;
	const char *name;

	/* First of all, so that a complaint about the rest comes back with it. */
	if (json_object_get(object, "id")) {
		enum tacit_status status = read_id(json_object_get(object, "id"), ask, err);
		if (status != TACIT_OK)
			return status;
	}
	json_object_foreach(object, name, value)
	{
		enum tacit_status status = read_member(name, value, ask, err);
		if (status != TACIT_OK)
			return status;
	}
	if (!json_is_string(receipt))
		return bad(err, "receipt", "is missing or not a string");
	enum tacit_status status = choose_key(batch, json_object_get(object, "key"), ask, err);
	if (status != TACIT_OK)
		return status;
	return decode(batch, text_of(receipt), &ask->receipt, err);
}

static enum tacit_status read_line(struct tacit_batch *batch, struct tacit_slice line,
				   struct ask *ask, json_t **ret_doc, struct tacit_error *err)
{
	if (line.len > TACIT_BATCH_LINE_MAX)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "line of more than %d bytes",
				  TACIT_BATCH_LINE_MAX);
	if (line.len == 0 || line.ptr[0] != '{') {
		enum tacit_status status = choose_key(batch, NULL, ask, err);
		if (status != TACIT_OK)
			return status;
		return decode(batch, line, &ask->receipt, err);
	}
	enum tacit_status status = tacit_json_parse(line, ret_doc, err);
	if (status != TACIT_OK)
		return status;
	return read_object(batch, *ret_doc, ask, err);
}

/* --- the answer --- */

static void put_id(struct tacit_json_out *j, const struct ask *ask)
{
	if (!ask->id)
		tacit_json_out_null(j, "id");
	else if (json_is_string(ask->id))
		tacit_json_out_slice(j, "id", text_of(ask->id));
	else
		tacit_json_out_uint(j, "id", (uint64_t)json_integer_value(ask->id));
}

static void put_bad_line(struct tacit_json_out *j, const struct tacit_error *err)
{
	tacit_json_out_text(j, "verdict", tacit_outcome_name(TACIT_MALFORMED));
	tacit_json_out_text(j, "code", "BAD_LINE");
	tacit_json_out_uint(j, "layer", 0);
	tacit_json_out_text(j, "why", err->detail);
	tacit_json_out_null(j, "assurance");
	tacit_json_out_open(j, "warnings", '[');
	tacit_json_out_close(j, ']');
	tacit_json_out_open(j, "checks", '[');
	tacit_json_out_close(j, ']');
	tacit_json_out_null(j, "claims");
}

enum tacit_outcome tacit_batch_line(struct tacit_batch *batch, struct tacit_slice line,
				    struct writer *w)
{
	struct ask ask = { .expect = batch->defaults };
	struct tacit_receipt_verdict verdict;
	struct tacit_error err = { 0 };
	json_t *doc = NULL;
	bool readable = read_line(batch, line, &ask, &doc, &err) == TACIT_OK;

	verdict.outcome = TACIT_MALFORMED;
	if (readable)
		(void)!tacit_receipt_verify(ask.receipt, &ask.expect, &verdict, &err);

	struct tacit_json_out j = { w, -1, true };
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_text(&j, "schema", TACIT_REPORT_SCHEMA);
	put_id(&j, &ask);
	if (readable)
		tacit_report_verdict(&j, &verdict, &err, batch->checks);
	else
		put_bad_line(&j, &err);
	tacit_json_out_close(&j, '}');
	wr_u8(w, '\n');
	json_decref(doc);
	return verdict.outcome;
}
