/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_request.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "base/reader.h"
#include "codec/json_read.h"

#define WHERE       "kms.request"
#define TEXT_MAX    2048
#define CONTEXT_MAX 8192 /* bytes of all its keys and values */

static const char *const NAMES[] = {
#define OP_NAME(name, text) text,
	TACIT_KMS_OP_MAP(OP_NAME)
#undef OP_NAME
};

const char *tacit_kms_op_name(enum tacit_kms_op op)
{
	return (size_t)op < TACIT_ARRAY_LEN(NAMES) ? NAMES[op] : "unknown";
}

/* ---- members -------------------------------------------------------------------------------- */

enum kind { TEXT, BASE64, NUMBER, BOOL, CONTEXT, RECIPIENT, IGNORED };

#define OF(op)      (1u << TACIT_KMS_##op)
#define USES        (OF(DECRYPT) | OF(ENCRYPT) | OF(DATA_KEY) | OF(PAIR) | OF(DERIVE))
#define WITH_SECRET (OF(DECRYPT) | OF(DATA_KEY) | OF(PAIR) | OF(RANDOM) | OF(DERIVE))

static const struct member {
	const char *name;
	enum kind kind;
	unsigned ops; /* that have it */
	size_t offset;
	size_t max; /* characters, decoded bytes, or the value */
} MEMBERS[] = {
#define MEMBER(name, kind, ops, field, max)                                     \
	{                                                                       \
		name, kind, ops, offsetof(struct tacit_kms_request, field), max \
	}
	MEMBER("KeyId", TEXT, USES | OF(PUBLIC_KEY) | OF(DESCRIBE), key_id, TEXT_MAX),
	MEMBER("CiphertextBlob", BASE64, OF(DECRYPT), ciphertext, TACIT_KMS_CIPHER_MAX),
	MEMBER("Plaintext", BASE64, OF(ENCRYPT), plaintext, TACIT_KMS_PLAIN_MAX),
	MEMBER("PublicKey", BASE64, OF(DERIVE), public_key, 8192),
	MEMBER("EncryptionContext", CONTEXT, OF(DECRYPT) | OF(ENCRYPT) | OF(DATA_KEY) | OF(PAIR),
	       context, CONTEXT_MAX),
	MEMBER("EncryptionAlgorithm", TEXT, OF(DECRYPT) | OF(ENCRYPT), algorithm, 64),
	MEMBER("KeySpec", TEXT, OF(DATA_KEY) | OF(CREATE), key_spec, 64),
	MEMBER("CustomerMasterKeySpec", TEXT, OF(CREATE), key_spec, 64),
	MEMBER("NumberOfBytes", NUMBER, OF(DATA_KEY) | OF(RANDOM), number_of_bytes, 1024),
	MEMBER("KeyPairSpec", TEXT, OF(PAIR), pair_spec, 64),
	MEMBER("KeyAgreementAlgorithm", TEXT, OF(DERIVE), agreement, 64),
	MEMBER("Recipient", RECIPIENT, WITH_SECRET, document, TACIT_KMS_DOCUMENT_MAX),
	MEMBER("DryRun", BOOL, USES, dry_run, 0),
	MEMBER("GrantTokens", IGNORED, USES | OF(PUBLIC_KEY) | OF(DESCRIBE), key_id, 0),
	MEMBER("Policy", TEXT, OF(CREATE), policy, 32768),
	MEMBER("Description", TEXT, OF(CREATE), description, 8192),
	MEMBER("KeyUsage", TEXT, OF(CREATE), usage, 64),
	MEMBER("Origin", TEXT, OF(CREATE), origin, 64),
	MEMBER("MultiRegion", BOOL, OF(CREATE), multi_region, 0),
	MEMBER("BypassPolicyLockoutSafetyCheck", BOOL, OF(CREATE), bypass, 0),
	MEMBER("Tags", IGNORED, OF(CREATE), key_id, 0),
	MEMBER("Limit", NUMBER, OF(LIST), limit, 1000),
	MEMBER("Marker", TEXT, OF(LIST), marker, 320),
};

/* A complaint about a value, kept until the whole text is known to be JSON. */
struct complaint {
	const char *member;
	const char *why;
};

struct reading {
	struct tacit_json_read json;
	struct tacit_arena *arena;
	struct complaint complaint;
	struct tacit_kms_request *to;
};

static void complain(struct reading *r, const char *member, const char *why)
{
	if (!r->complaint.why) {
		r->complaint.member = member;
		r->complaint.why = why;
	}
}

static struct tacit_slice read_text(struct reading *r, const char *name, size_t max)
{
	struct tacit_slice text = tacit_json_read_text(&r->json, r->arena);

	if (text.len > max)
		complain(r, name, "is too long");
	/* An empty text is there and not absent. */
	return text.ptr ? text : tacit_slice_str("");
}

static struct tacit_slice read_base64(struct reading *r, const char *name, size_t max)
{
	struct tacit_slice text = tacit_json_read_text(&r->json, r->arena);
	size_t room = text.len / 4 * 3, len = 0;

	if (room > max + 2) {
		complain(r, name, "is too long");
		return tacit_slice_str("");
	}
	uint8_t *bytes = tacit_arena_alloc(r->arena, room ? room : 1);
	if (!bytes) {
		tacit_json_read_full(&r->json);
		return tacit_slice_str("");
	}
	if (!tacit_base64_decode(TACIT_BASE64, text, tacit_mut_of(bytes, room), &len))
		complain(r, name, "is no base64");
	else if (len == 0 || len > max)
		complain(r, name, len ? "is too long" : "is empty");
	return tacit_slice_of(bytes, len);
}

/* In order of the keys, so that it has one form. Order and doubles are the object's business:
 * names come once, from the reader. */
static void insert_pair(struct tacit_kms_request *to, struct tacit_slice key,
			struct tacit_slice value)
{
	size_t at = to->context_count++;

	while (at > 0) {
		struct tacit_slice before = to->context[at - 1].key;
		size_t shorter = before.len < key.len ? before.len : key.len;
		int order = shorter ? memcmp(before.ptr, key.ptr, shorter) : 0;

		if (order < 0 || (order == 0 && before.len < key.len))
			break;
		to->context[at] = to->context[at - 1];
		at--;
	}
	to->context[at].key = key;
	to->context[at].value = value;
}

static void read_context(struct reading *r, const char *name, size_t max)
{
	struct tacit_slice key;
	size_t total = 0;

	tacit_json_read_object(&r->json);
	while (tacit_json_read_member(&r->json, &key)) {
		struct tacit_slice value = tacit_json_read_text(&r->json, r->arena);

		total += key.len + value.len;
		if (r->to->context_count == TACIT_KEYD_CONTEXT_MAX || total > max) {
			complain(r, name, "has too many or too long pairs");
			continue;
		}
		insert_pair(r->to, key, value);
	}
}

static void read_recipient(struct reading *r, size_t max)
{
	struct tacit_slice name;

	r->to->has_recipient = true;
	tacit_json_read_object(&r->json);
	while (tacit_json_read_member(&r->json, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("AttestationDocument")))
			r->to->document = read_base64(r, "AttestationDocument", max);
		else if (tacit_slice_eq(name, tacit_slice_str("KeyEncryptionAlgorithm")))
			r->to->recipient_algorithm = read_text(r, "KeyEncryptionAlgorithm", 64);
		else
			tacit_json_read_reject(&r->json, "a member that Recipient does not have");
	}
}

static void read_value(struct reading *r, const struct member *member)
{
	void *field = (uint8_t *)r->to + member->offset;

	switch (member->kind) {
	case TEXT:
		*(struct tacit_slice *)field = read_text(r, member->name, member->max);
		break;
	case BASE64:
		*(struct tacit_slice *)field = read_base64(r, member->name, member->max);
		break;
	case NUMBER: {
		uint64_t value = tacit_json_read_uint(&r->json, UINT32_MAX);

		if (value == 0 || value > member->max)
			complain(r, member->name, "is out of range");
		*(uint64_t *)field = value;
		break;
	}
	case BOOL:
		*(bool *)field = tacit_json_read_bool(&r->json);
		break;
	case CONTEXT:
		read_context(r, member->name, member->max);
		break;
	case RECIPIENT:
		read_recipient(r, member->max);
		break;
	case IGNORED:
		tacit_json_read_skip(&r->json);
		break;
	}
}

static const struct member *find_member(struct tacit_slice name, enum tacit_kms_op op)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MEMBERS); i++)
		if ((MEMBERS[i].ops & 1u << op) &&
		    tacit_slice_eq(name, tacit_slice_str(MEMBERS[i].name)))
			return &MEMBERS[i];
	return NULL;
}

static bool find_op(struct tacit_slice target, enum tacit_kms_op *ret)
{
	static const char SERVICE[] = "TrentService.";
	struct reader r = rd_of(target);
	struct tacit_slice service = rd_take(&r, sizeof(SERVICE) - 1);
	struct tacit_slice name = rd_take(&r, rd_left(&r));

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		if (tacit_slice_eq(service, tacit_slice_str(SERVICE)) &&
		    tacit_slice_eq(name, tacit_slice_str(NAMES[i]))) {
			*ret = (enum tacit_kms_op)i;
			return true;
		}
	}
	return false;
}

/* ---- what must be there --------------------------------------------------------------------- */

static const char *missing(const struct tacit_kms_request *q)
{
	unsigned op = 1u << q->op;

	if ((op & (OF(ENCRYPT) | OF(DATA_KEY) | OF(PAIR) | OF(DERIVE) | OF(PUBLIC_KEY) |
		   OF(DESCRIBE))) &&
	    !q->key_id.len)
		return "KeyId";
	if (q->op == TACIT_KMS_DECRYPT && !q->ciphertext.ptr)
		return "CiphertextBlob";
	if (q->op == TACIT_KMS_ENCRYPT && !q->plaintext.ptr)
		return "Plaintext";
	if (q->op == TACIT_KMS_PAIR && !q->pair_spec.ptr)
		return "KeyPairSpec";
	if (q->op == TACIT_KMS_DERIVE && !q->public_key.ptr)
		return "PublicKey";
	if (q->op == TACIT_KMS_DERIVE && !q->agreement.ptr)
		return "KeyAgreementAlgorithm";
	if (q->has_recipient && !q->document.ptr)
		return "AttestationDocument";
	return NULL;
}

static const char *contradiction(const struct tacit_kms_request *q)
{
	static const char SYMMETRIC[] = "SYMMETRIC_DEFAULT";

	if (q->op == TACIT_KMS_DATA_KEY && (q->key_spec.ptr != NULL) == (q->number_of_bytes != 0))
		return "one of KeySpec and NumberOfBytes is wanted";
	if (q->algorithm.ptr && !tacit_slice_eq(q->algorithm, tacit_slice_str(SYMMETRIC)))
		return "EncryptionAlgorithm must be SYMMETRIC_DEFAULT";
	if (q->agreement.ptr && !tacit_slice_eq(q->agreement, tacit_slice_str("ECDH")))
		return "KeyAgreementAlgorithm must be ECDH";
	if (q->has_recipient &&
	    !tacit_slice_eq(q->recipient_algorithm, tacit_slice_str("RSAES_OAEP_SHA_256")))
		return "KeyEncryptionAlgorithm must be RSAES_OAEP_SHA_256";
	if (q->multi_region)
		return "MultiRegion is not offered";
	if (q->origin.ptr && !tacit_slice_eq(q->origin, tacit_slice_str("AWS_KMS")))
		return "Origin must be AWS_KMS";
	return NULL;
}

static void read_members(struct reading *r)
{
	struct tacit_slice name;

	tacit_json_read_object(&r->json);
	while (tacit_json_read_member(&r->json, &name)) {
		const struct member *member = find_member(name, r->to->op);

		if (member)
			read_value(r, member);
		else
			tacit_json_read_reject(&r->json,
					       "a member that this operation does not have");
	}
}

enum tacit_status tacit_kms_request_parse(struct tacit_slice target, struct tacit_slice body,
					  struct tacit_arena *arena, struct tacit_kms_request *ret,
					  struct tacit_error *err)
{
	struct tacit_kms_request request = { 0 };
	struct reading r = { .json = tacit_json_read_of(body), .arena = arena, .to = &request };

	if (!find_op(target, &request.op))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "no such operation");
	if (body.len > TACIT_KMS_BODY_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a body of %zu bytes", body.len);
	read_members(&r);
	enum tacit_status st = tacit_json_read_finish(&r.json, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (r.complaint.why)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s %s", r.complaint.member,
				  r.complaint.why);
	const char *name = missing(&request);
	if (name)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s is missing", name);
	const char *why = contradiction(&request);
	if (why)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s", why);
	*ret = request;
	return TACIT_OK;
}
