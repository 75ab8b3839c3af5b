/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/collateral_parts.h"

#include "base/compiler.h"
#include "base/hex.h"
#include "trust/qe_identity.h"
#include "trust/tcb_info.h"

#define WHERE "collateral"

bool tacit_collateral_is_json(struct tacit_slice piece)
{
	struct tacit_slice text = tacit_collateral_trim(piece);

	return text.len > 0 && text.ptr[0] == '{';
}

static enum tacit_status add_tcb_info(struct tacit_collateral_build *b,
				      const struct tacit_intel_signed *doc, struct tacit_error *err)
{
	const struct tacit_tcb_info *have = b->tcb_infos.items;
	struct tacit_tcb_info info;

	for (size_t i = 0; i < b->tcb_infos.count; i++)
		if (memcmp(have[i].doc.digest, doc->digest, sizeof(doc->digest)) == 0 &&
		    memcmp(have[i].doc.signature, doc->signature, sizeof(doc->signature)) == 0)
			return TACIT_OK;
	enum tacit_status st = tacit_tcb_info_parse(doc, b->arena, &info, err);
	if (st != TACIT_OK)
		return st;
	return tacit_collateral_push(b, &b->tcb_infos, tacit_slice_of(&info, sizeof(info)), err);
}

static enum tacit_status add_qe_identity(struct tacit_collateral_build *b,
					 const struct tacit_intel_signed *doc,
					 struct tacit_error *err)
{
	const struct tacit_qe_identity *have = b->qe_identities.items;
	struct tacit_qe_identity qe;

	for (size_t i = 0; i < b->qe_identities.count; i++)
		if (memcmp(have[i].doc.digest, doc->digest, sizeof(doc->digest)) == 0 &&
		    memcmp(have[i].doc.signature, doc->signature, sizeof(doc->signature)) == 0)
			return TACIT_OK;
	enum tacit_status st = tacit_qe_identity_parse(doc, b->arena, &qe, err);
	if (st != TACIT_OK)
		return st;
	return tacit_collateral_push(b, &b->qe_identities, tacit_slice_of(&qe, sizeof(qe)), err);
}

/* Intel's documents: the name of the signed member, and what becomes of it. */
static const struct document {
	const char *name;
	enum tacit_status (*add)(struct tacit_collateral_build *b,
				 const struct tacit_intel_signed *doc, struct tacit_error *err);
} DOCUMENTS[] = {
	{ "tcbInfo", add_tcb_info },
	{ "enclaveIdentity", add_qe_identity },
};

enum part {
	PART_PIECE, /* recognised by itself */
	PART_TCB_INFO,
	PART_TCB_INFO_SIGNATURE,
	PART_QE_IDENTITY,
	PART_QE_IDENTITY_SIGNATURE,
	PARTS,
};

/*
 * Members of the bundles met in practice: the fields of Intel's quote collateral structure as
 * verifiers write them to JSON, and answers of the PCS with the chain of their header.
 */
static const struct {
	const char *name;
	enum part part;
} MEMBERS[] = {
	{ "collateral", PART_PIECE },
	{ "quote_collateral", PART_PIECE },
	{ "pck_crl_issuer_chain", PART_PIECE },
	{ "pckCrlIssuerChain", PART_PIECE },
	{ "root_ca_crl", PART_PIECE },
	{ "rootCaCrl", PART_PIECE },
	{ "pck_crl", PART_PIECE },
	{ "pckCrl", PART_PIECE },
	{ "crl_data", PART_PIECE },
	{ "tcb_info_issuer_chain", PART_PIECE },
	{ "tcbInfoIssuerChain", PART_PIECE },
	{ "qe_identity_issuer_chain", PART_PIECE },
	{ "qeIdentityIssuerChain", PART_PIECE },
	{ "issuer_chain", PART_PIECE },
	{ "pck_certificate_chain", PART_PIECE },
	{ "pck_cert_chain", PART_PIECE },
	{ "root_ca", PART_PIECE },
	{ "tcb_signing_ca", PART_PIECE },
	{ "tcb_info", PART_TCB_INFO },
	{ "tcbInfo", PART_TCB_INFO },
	{ "tcb_info_json", PART_TCB_INFO },
	{ "tcb_info_signature", PART_TCB_INFO_SIGNATURE },
	{ "tcbInfoSignature", PART_TCB_INFO_SIGNATURE },
	{ "qe_identity", PART_QE_IDENTITY },
	{ "qeIdentity", PART_QE_IDENTITY },
	{ "enclave_identity_json", PART_QE_IDENTITY },
	{ "qe_identity_signature", PART_QE_IDENTITY_SIGNATURE },
	{ "qeIdentitySignature", PART_QE_IDENTITY_SIGNATURE },
};

/*
 * The document whose form the text has: a member of that name. In bundles the same name holds
 * text.
 */
static const struct document *find_document(struct tacit_slice text)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	const struct document *found = NULL;
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (!found && tacit_json_read_member(&j, &name)) {
		enum tacit_json_kind kind = tacit_json_read_peek(&j);

		for (size_t i = 0; i < TACIT_ARRAY_LEN(DOCUMENTS); i++)
			if (tacit_slice_eq(name, tacit_slice_str(DOCUMENTS[i].name)) &&
			    kind != TACIT_JSON_STRING && kind != TACIT_JSON_ARRAY)
				found = &DOCUMENTS[i];
		tacit_json_read_skip(&j);
	}
	return found;
}

static struct tacit_slice read_bytes(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };
	size_t room = tacit_json_read_count(j), count = 0;
	uint8_t *bytes = room ? tacit_arena_alloc(arena, room) : NULL;

	if (room && !bytes) {
		tacit_json_read_full(j);
		return none;
	}
	tacit_json_read_array(j);
	while (tacit_json_read_item(j) && count < room)
		bytes[count++] = (uint8_t)tacit_json_read_uint(j, UINT8_MAX);
	return tacit_slice_of(bytes, count);
}

/* A member's value as bytes: text, an array of bytes, or an object as it was received. */
static struct tacit_slice read_value(struct tacit_json_read *j, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };

	switch (tacit_json_read_peek(j)) {
	case TACIT_JSON_STRING:
		return tacit_json_read_text(j, arena);
	case TACIT_JSON_ARRAY:
		return read_bytes(j, arena);
	case TACIT_JSON_OBJECT:
		return tacit_json_read_skip(j);
	case TACIT_JSON_NUMBER:
	case TACIT_JSON_BOOL:
	case TACIT_JSON_NULL:
	case TACIT_JSON_END:
		break;
	}
	tacit_json_read_skip(j);
	return none;
}

/* Index into MEMBERS, or its length. */
static size_t find_member(struct tacit_slice name)
{
	size_t i = 0;

	while (i < TACIT_ARRAY_LEN(MEMBERS) &&
	       !tacit_slice_eq(name, tacit_slice_str(MEMBERS[i].name)))
		i++;
	return i;
}

/* A signature in hex text, or as its bytes. */
static bool take_signature(struct tacit_slice text, uint8_t ret[static TACIT_TCB_SIGNATURE])
{
	size_t len;

	if (text.len == TACIT_TCB_SIGNATURE) {
		memcpy(ret, text.ptr, TACIT_TCB_SIGNATURE);
		return true;
	}
	return text.len == 2 * TACIT_TCB_SIGNATURE &&
	       tacit_hex_decode(text, tacit_mut_of(ret, TACIT_TCB_SIGNATURE), &len);
}

/* A document in a bundle: whole as the PCS gives it, or body and signature apart. */
static enum tacit_status add_document(struct tacit_collateral_build *b,
				      const struct document *document, struct tacit_slice text,
				      struct tacit_slice signature, struct tacit_error *err)
{
	struct tacit_intel_signed doc = { 0 };

	if (!text.len && !signature.len)
		return TACIT_OK;
	if (find_document(text))
		return tacit_collateral_add(b, text, err);
	if (!text.len || !take_signature(signature, doc.signature))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%s without its signature",
				  document->name);
	doc.body = tacit_collateral_trim(text);
	enum tacit_status st = tacit_hash(TACIT_SHA256, doc.body, doc.digest, err);
	return st == TACIT_OK ? document->add(b, &doc, err) : st;
}

static enum tacit_status add_bundle(struct tacit_collateral_build *b, struct tacit_slice text,
				    struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(text);
	struct tacit_slice parts[PARTS] = { { NULL, 0 } }, name;
	enum tacit_status st = TACIT_OK;
	size_t known = 0;

	tacit_json_read_object(&j);
	while (st == TACIT_OK && tacit_json_read_member(&j, &name)) {
		size_t i = find_member(name);

		if (i == TACIT_ARRAY_LEN(MEMBERS)) {
			tacit_json_read_skip(&j);
			continue;
		}
		struct tacit_slice value = read_value(&j, b->arena);
		enum part part = MEMBERS[i].part;
		known++;
		if (part != PART_PIECE && parts[part].ptr)
			tacit_json_read_reject(&j, "one document under two names");
		parts[part] = value;
		if (part == PART_PIECE && value.len > 0 && !j.why)
			st = tacit_collateral_add(b, value, err);
	}
	if (st == TACIT_OK)
		st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK && known == 0)
		st = tacit_fail(err, TACIT_FORMAT, WHERE, 0, "JSON without a member we know");
	if (st == TACIT_OK)
		st = add_document(b, &DOCUMENTS[0], parts[PART_TCB_INFO],
				  parts[PART_TCB_INFO_SIGNATURE], err);
	if (st == TACIT_OK)
		st = add_document(b, &DOCUMENTS[1], parts[PART_QE_IDENTITY],
				  parts[PART_QE_IDENTITY_SIGNATURE], err);
	return st;
}

enum tacit_status tacit_collateral_json(struct tacit_collateral_build *b, struct tacit_slice piece,
					struct tacit_error *err)
{
	struct tacit_slice text = tacit_collateral_trim(piece);
	const struct document *document = find_document(text);
	struct tacit_intel_signed doc;

	if (!document)
		return add_bundle(b, text, err);
	enum tacit_status st = tacit_intel_open(text, document->name, &doc, err);
	return st == TACIT_OK ? document->add(b, &doc, err) : st;
}
