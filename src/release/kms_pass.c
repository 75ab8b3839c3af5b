/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms_pass.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "base/writer.h"
#include "codec/json_read.h"

#define WHERE     "kms"
#define PREFIX    "TrentService."
#define RECIPIENT "CiphertextForRecipient"

static bool is_named(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool take_prefix(struct tacit_slice *target)
{
	size_t len = strlen(PREFIX);

	if (target->len <= len || memcmp(target->ptr, PREFIX, len) != 0)
		return false;
	*target = tacit_slice_of(target->ptr + len, target->len - len);
	return true;
}

/* Besides ours: what uses keys, or looks at them. */
static bool passes(struct tacit_slice operation)
{
	static const char *const NAMES[] = {
		"DescribeKey",
		"GenerateDataKeyPairWithoutPlaintext",
		"GenerateDataKeyWithoutPlaintext",
		"GenerateMac",
		"GetPublicKey",
		"ListAliases",
		"ListKeys",
		"Sign",
		"Verify",
		"VerifyMac",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++)
		if (is_named(operation, NAMES[i]))
			return true;
	return false;
}

enum tacit_status tacit_kms_pass_look(struct tacit_slice target, struct tacit_slice body,
				      struct tacit_arena *arena, struct tacit_kms_pass *ret,
				      struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	struct tacit_kms_pass found = { .operation = TACIT_KMS_OPERATIONS };
	bool attests = false;
	struct tacit_slice name;

	if (!take_prefix(&target))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "X-Amz-Target is not " PREFIX "OPERATION");
	found.secret = tacit_kms_json_find(target, &found.operation) &&
		       tacit_kms_json_secret(found.operation)[0];
	if (found.operation == TACIT_KMS_OPERATIONS && !passes(target))
		return tacit_fail(err, TACIT_POLICY, WHERE, 0,
				  "this endpoint passes on what uses keys, and no other operation");
	if (body.len > TACIT_KMS_BODY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "request of %zu bytes, at most %d",
				  body.len, TACIT_KMS_BODY_MAX);
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		/* KMS takes a null for none. */
		attests |= is_named(name, "Recipient") &&
			   tacit_json_read_peek(&j) == TACIT_JSON_OBJECT;
		if (is_named(name, "KeyId") && tacit_json_read_peek(&j) == TACIT_JSON_STRING)
			found.key_id = tacit_json_read_text(&j, arena);
		else
			(void)tacit_json_read_skip(&j);
	}
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);

	if (st != TACIT_OK)
		return st;
	found.opens = found.secret && !attests;
	*ret = found;
	return TACIT_OK;
}

static void put_base64(struct writer *w, struct tacit_slice bytes)
{
	size_t len = tacit_base64_size(TACIT_BASE64, bytes.len);

	if (w->bad || len + 1 > w->out.len - w->at) /* the encoder ends with a NUL */
		w->bad = true;
	else
		tacit_base64_encode(TACIT_BASE64, bytes, (char *)w->out.ptr + w->at);
	w->at += len;
}

/* Members as they came, in a new object that is left open; those of the two names are left out. */
static enum tacit_status copy_members(struct writer *w, struct tacit_slice body,
				      const char *without, const char *nor, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	const char *separator = "";
	struct tacit_slice name;

	wr_text(w, "{");
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		struct tacit_slice value = tacit_json_read_skip(&j);

		if (is_named(name, without) || is_named(name, nor))
			continue;
		wr_text(w, separator);
		wr_text(w, "\"");
		wr_bytes(w, name);
		wr_text(w, "\":");
		wr_bytes(w, value);
		separator = ",";
	}
	wr_text(w, separator);
	return tacit_json_read_finish(&j, WHERE, err);
}

enum tacit_status tacit_kms_pass_request(struct tacit_slice body, struct tacit_slice document,
					 struct tacit_mut room, struct tacit_slice *ret,
					 struct tacit_error *err)
{
	struct writer w = wr_of(room);
	enum tacit_status st = copy_members(&w, body, "Recipient", "Recipient", err);

	if (st != TACIT_OK)
		return st;
	wr_text(&w, "\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
		    "\"AttestationDocument\":\"");
	put_base64(&w, document);
	wr_text(&w, "\"}}");
	return wr_finish(&w, WHERE, ret, err);
}

/* ---- answers -------------------------------------------------------------------------------- */

enum tacit_status tacit_kms_pass_answer(enum tacit_kms_operation operation, struct tacit_slice body,
					struct tacit_slice plain, struct tacit_mut room,
					struct tacit_slice *ret, struct tacit_error *err)
{
	const char *secret = tacit_kms_json_secret(operation);
	struct writer w = wr_of(room);
	enum tacit_status st = copy_members(&w, body, RECIPIENT, secret, err);

	if (st != TACIT_OK)
		return st;
	wr_text(&w, "\"");
	wr_text(&w, secret);
	wr_text(&w, "\":\"");
	put_base64(&w, plain);
	wr_text(&w, "\"}");
	return wr_finish(&w, WHERE, ret, err);
}
