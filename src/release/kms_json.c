/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms_json.h"

#include "base/base64.h"
#include "base/writer.h"
#include "codec/json.h"
#include "codec/json_read.h"

#define WHERE "kms"

/* ---- the operations ------------------------------------------------------------------------- */

enum member {
	KEY_ID = 1 << 0,
	CIPHERTEXT = 1 << 1,
	PLAINTEXT = 1 << 2,
	PUBLIC_KEY = 1 << 3,
	SPEC = 1 << 4,
	ALGORITHM = 1 << 5,
	BYTES = 1 << 6,
	CONTEXT = 1 << 7,
};

static const struct operation {
	const char *name;
	const char *secret; /* member of its answer */
	const char *spec;   /* what it calls `spec` */
	unsigned may, must; /* members of its request */
	uint32_t bytes_max;
} OPERATIONS[TACIT_KMS_OPERATIONS] = {
	[TACIT_KMS_DECRYPT] = { "Decrypt", "Plaintext", "",
				KEY_ID | CIPHERTEXT | ALGORITHM | CONTEXT, CIPHERTEXT, 0 },
	[TACIT_KMS_GENERATE_DATA_KEY] = { "GenerateDataKey", "Plaintext", "KeySpec",
					  KEY_ID | SPEC | BYTES | CONTEXT, KEY_ID,
					  TACIT_KMS_RANDOM_MAX },
	[TACIT_KMS_GENERATE_DATA_KEY_PAIR] = { "GenerateDataKeyPair", "PrivateKeyPlaintext",
					       "KeyPairSpec", KEY_ID | SPEC | CONTEXT,
					       KEY_ID | SPEC, 0 },
	[TACIT_KMS_GENERATE_RANDOM] = { "GenerateRandom", "Plaintext", "", BYTES, BYTES,
					TACIT_KMS_RANDOM_MAX },
	[TACIT_KMS_DERIVE_SHARED_SECRET] = { "DeriveSharedSecret", "SharedSecret", "",
					     KEY_ID | PUBLIC_KEY, KEY_ID | PUBLIC_KEY, 0 },
	[TACIT_KMS_ENCRYPT] = { "Encrypt", "", "", KEY_ID | PLAINTEXT | ALGORITHM | CONTEXT,
				KEY_ID | PLAINTEXT, 0 },
};

const char *tacit_kms_json_name(enum tacit_kms_operation operation)
{
	return OPERATIONS[operation].name;
}

const char *tacit_kms_json_secret(enum tacit_kms_operation operation)
{
	return OPERATIONS[operation].secret;
}

bool tacit_kms_json_find(struct tacit_slice name, enum tacit_kms_operation *ret)
{
	for (unsigned i = 0; i < TACIT_KMS_OPERATIONS; i++) {
		if (!tacit_slice_eq(name, tacit_slice_str(OPERATIONS[i].name)))
			continue;
		*ret = (enum tacit_kms_operation)i;
		return true;
	}
	return false;
}

/* ---- what is asked -------------------------------------------------------------------------- */

static unsigned given(const struct tacit_kms_request *r)
{
	return (r->key_id.len ? KEY_ID : 0u) | (r->ciphertext.len ? CIPHERTEXT : 0u) |
	       (r->plaintext.len ? PLAINTEXT : 0u) | (r->public_key.len ? PUBLIC_KEY : 0u) |
	       (r->spec.len ? SPEC : 0u) | (r->algorithm.len ? ALGORITHM : 0u) |
	       (r->bytes ? BYTES : 0u) | (r->context_count ? CONTEXT : 0u);
}

static enum tacit_status check_sizes(const struct tacit_kms_request *r, const struct operation *o,
				     struct tacit_error *err)
{
	if (r->ciphertext.len > TACIT_KMS_CIPHER_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "ciphertext of %zu bytes, at most %d",
				  r->ciphertext.len, TACIT_KMS_CIPHER_MAX);
	if (r->plaintext.len > TACIT_KMS_PLAIN_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "plaintext of %zu bytes, at most %d",
				  r->plaintext.len, TACIT_KMS_PLAIN_MAX);
	if (r->public_key.len > TACIT_KMS_PEER_KEY_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "public key of %zu bytes, at most %d",
				  r->public_key.len, TACIT_KMS_PEER_KEY_MAX);
	if (r->bytes > o->bytes_max)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%u bytes, at most %u", r->bytes,
				  o->bytes_max);
	if (r->context_count > TACIT_KMS_CONTEXT_MAX)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "encryption context of %zu pairs, at most %d", r->context_count,
				  TACIT_KMS_CONTEXT_MAX);
	return TACIT_OK;
}

enum tacit_status tacit_kms_json_check(const struct tacit_kms_request *request,
				       struct tacit_error *err)
{
	const struct operation *o = &OPERATIONS[request->operation];
	unsigned has = given(request);

	if ((has & o->must) != o->must || (has & ~o->may) != 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "%s is asked with other members than it has", o->name);
	if (request->operation == TACIT_KMS_GENERATE_DATA_KEY && !(has & SPEC) == !(has & BYTES))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "a data key has either a spec or a number of bytes");
	return check_sizes(request, o, err);
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

static void put_name(struct writer *w, const char *name)
{
	wr_text(w, w->at > 1 ? ",\"" : "\"");
	wr_text(w, name);
	wr_text(w, "\":");
}

static void put_bytes(struct writer *w, const char *name, struct tacit_slice bytes)
{
	if (bytes.len == 0)
		return;
	put_name(w, name);
	wr_text(w, "\"");
	put_base64(w, bytes);
	wr_text(w, "\"");
}

static void put_string(struct writer *w, const char *name, struct tacit_slice text)
{
	if (text.len == 0)
		return;
	put_name(w, name);
	tacit_json_put_string(w, text);
}

static void put_number(struct writer *w, const char *name, uint32_t value)
{
	char digits[11];
	size_t at = sizeof(digits);

	if (value == 0)
		return;
	for (; value; value /= 10)
		digits[--at] = (char)('0' + value % 10);
	put_name(w, name);
	wr_bytes(w, tacit_slice_of(digits + at, sizeof(digits) - at));
}

static void put_context(struct writer *w, const struct tacit_kms_request *r)
{
	if (r->context_count == 0)
		return;
	put_name(w, "EncryptionContext");
	wr_text(w, "{");
	for (size_t i = 0; i < r->context_count; i++) {
		wr_text(w, i ? "," : "");
		tacit_json_put_string(w, r->context[i].name);
		wr_text(w, ":");
		tacit_json_put_string(w, r->context[i].value);
	}
	wr_text(w, "}");
}

static void put_recipient(struct writer *w, struct tacit_slice document)
{
	if (document.len == 0)
		return;
	put_name(w, "Recipient");
	wr_text(w, "{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
		   "\"AttestationDocument\":\"");
	put_base64(w, document);
	wr_text(w, "\"}");
}

enum tacit_status tacit_kms_json_write(const struct tacit_kms_request *request,
				       struct tacit_slice document, struct tacit_mut room,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	const struct operation *o = &OPERATIONS[request->operation];
	struct writer w = wr_of(room);

	wr_text(&w, "{");
	put_string(&w, "KeyId", request->key_id);
	put_bytes(&w, "CiphertextBlob", request->ciphertext);
	put_bytes(&w, "Plaintext", request->plaintext);
	put_bytes(&w, "PublicKey", request->public_key);
	if (request->operation == TACIT_KMS_DERIVE_SHARED_SECRET)
		put_string(&w, "KeyAgreementAlgorithm", tacit_slice_str("ECDH"));
	put_string(&w, o->spec, request->spec);
	put_string(&w, "EncryptionAlgorithm", request->algorithm);
	put_number(&w, "NumberOfBytes", request->bytes);
	put_context(&w, request);
	put_recipient(&w, document);
	wr_text(&w, "}");
	return wr_finish(&w, WHERE, ret, err);
}

/* ---- what is answered ----------------------------------------------------------------------- */

static struct tacit_slice take_text(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };

	if (tacit_json_read_peek(j) == TACIT_JSON_NULL) {
		(void)tacit_json_read_skip(j);
		return none;
	}
	return tacit_json_read_text(j, arena);
}

static struct tacit_slice take_bytes(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice text = take_text(j, arena), none = { NULL, 0 };
	size_t len = 0, room = text.len / 4 * 3;

	if (text.len == 0)
		return none;
	uint8_t *bytes = tacit_arena_alloc(arena, room + 1);

	if (!bytes) {
		tacit_json_read_full(j);
		return none;
	}
	if (!tacit_base64_decode(TACIT_BASE64, text, tacit_mut_of(bytes, room), &len))
		tacit_json_read_reject(j, "not base64");
	return tacit_slice_of(bytes, len);
}

/* Where the bytes or the text of a member belong. */
struct place {
	const char *name;
	struct tacit_slice *bytes, *text;
};

static void take_member(struct tacit_json_read *j, struct tacit_slice name,
			struct tacit_arena *arena, struct tacit_kms_fields *f)
{
	static const char *const SECRET[] = { "Plaintext", "PrivateKeyPlaintext", "SharedSecret" };
	const struct place places[] = {
		{ "CiphertextForRecipient", &f->recipient, NULL },
		{ "CiphertextBlob", &f->ciphertext, NULL },
		{ "PrivateKeyCiphertextBlob", &f->ciphertext, NULL },
		{ "PublicKey", &f->public_key, NULL },
		{ "KeyId", NULL, &f->key_id },
		{ "KeySpec", NULL, &f->spec },
		{ "KeyPairSpec", NULL, &f->spec },
		{ "EncryptionAlgorithm", NULL, &f->algorithm },
		{ "KeyOrigin", NULL, &f->origin },
	};

	/* With a Recipient they are null or empty. */
	for (size_t i = 0; i < sizeof(SECRET) / sizeof(SECRET[0]); i++) {
		if (!tacit_slice_eq(name, tacit_slice_str(SECRET[i])))
			continue;
		f->has_plaintext |= take_text(j, arena).len > 0;
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!tacit_slice_eq(name, tacit_slice_str(places[i].name)))
			continue;
		if (places[i].bytes)
			*places[i].bytes = take_bytes(j, arena);
		else
			*places[i].text = take_text(j, arena);
		return;
	}
	(void)tacit_json_read_skip(j);
}

enum tacit_status tacit_kms_json_parse(struct tacit_slice json, struct tacit_arena *arena,
				       struct tacit_kms_fields *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_kms_fields found = { 0 };
	struct tacit_slice name;

	if (json.len > TACIT_KMS_BODY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "answer of %zu bytes, at most %d",
				  json.len, TACIT_KMS_BODY_MAX);
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name))
		take_member(&j, name, arena, &found);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);

	if (st == TACIT_OK)
		*ret = found;
	return st;
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* "com.amazonaws.kms#NotFoundException" has the name behind its mark. */
static struct tacit_slice bare_type(struct tacit_slice type)
{
	const uint8_t *mark = type.len ? memchr(type.ptr, '#', type.len) : NULL;

	if (!mark)
		return type;
	return tacit_slice_of(mark + 1, type.len - (size_t)(mark + 1 - type.ptr));
}

void tacit_kms_json_refusal(struct tacit_slice body, unsigned status, struct tacit_kms_refusal *ret)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	struct tacit_slice name, type = { NULL, 0 }, message = { NULL, 0 };
	struct tacit_arena arena;
	uint8_t room[4096];

	tacit_arena_init(&arena, room, sizeof(room));
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("__type")))
			type = take_text(&j, &arena);
		else if (tacit_slice_eq(name, tacit_slice_str("message")) ||
			 tacit_slice_eq(name, tacit_slice_str("Message")))
			message = take_text(&j, &arena);
		else
			(void)tacit_json_read_skip(&j);
	}
	if (tacit_json_read_finish(&j, WHERE, NULL) != TACIT_OK)
		type = message = tacit_slice_of(NULL, 0);
	ret->status = status;
	tacit_escape(ret->type, sizeof(ret->type), bare_type(type));
	tacit_escape(ret->message, sizeof(ret->message), message);
}
