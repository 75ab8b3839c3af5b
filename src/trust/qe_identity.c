/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/qe_identity.h"

#include "base/compiler.h"

#define WHERE "qe_identity"

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

static enum tacit_qe_id read_id(struct tacit_json_read *j)
{
	static const struct {
		const char *text;
		enum tacit_qe_id id;
	} IDS[] = {
		{ "QE", TACIT_QE_SGX },
		{ "TD_QE", TACIT_QE_TDX },
		{ "QVE", TACIT_QE_OTHER },
		{ "QAE", TACIT_QE_OTHER },
	};
	struct tacit_slice text = tacit_json_read_string(j);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(IDS); i++)
		if (is(text, IDS[i].text))
			return IDS[i].id;
	tacit_json_read_reject(j, "an unknown enclave");
	return TACIT_QE_NONE;
}

/* The members that are fixed bytes in hex; false when `name` is none of them. */
static bool read_bytes(struct tacit_json_read *j, struct tacit_slice name,
		       struct tacit_qe_identity *qe)
{
	const struct {
		const char *name;
		uint8_t *ret;
		size_t len;
	} BYTES[] = {
		{ "miscselect", qe->miscselect, sizeof(qe->miscselect) },
		{ "miscselectMask", qe->miscselect_mask, sizeof(qe->miscselect_mask) },
		{ "attributes", qe->attributes, sizeof(qe->attributes) },
		{ "attributesMask", qe->attributes_mask, sizeof(qe->attributes_mask) },
		{ "mrsigner", qe->mrsigner, sizeof(qe->mrsigner) },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(BYTES); i++) {
		if (is(name, BYTES[i].name)) {
			tacit_json_read_hex(j, BYTES[i].ret, BYTES[i].len);
			return true;
		}
	}
	return false;
}

static void read_member(struct tacit_json_read *j, struct tacit_slice name,
			struct tacit_arena *arena, struct tacit_qe_identity *qe)
{
	if (is(name, "version")) {
		if (tacit_json_read_uint(j, UINT32_MAX) != 2)
			tacit_json_read_reject(j, "an enclave identity that is not version 2");
	} else if (is(name, "id")) {
		qe->id = read_id(j);
	} else if (is(name, "isvprodid")) {
		qe->isvprodid = (uint16_t)tacit_json_read_uint(j, UINT16_MAX);
	} else if (is(name, "tcbLevels")) {
		qe->levels = tacit_svn_levels_read(j, arena);
	} else if (!read_bytes(j, name, qe) && !tacit_intel_member(j, name, &qe->doc)) {
		tacit_json_read_skip(j);
	}
}

enum tacit_status tacit_qe_identity_parse(const struct tacit_intel_signed *doc,
					  struct tacit_arena *arena, struct tacit_qe_identity *ret,
					  struct tacit_error *err)
{
	static const char *const REQUIRED[] = {
		"id",
		"version",
		"issueDate",
		"nextUpdate",
		"tcbEvaluationDataNumber",
		"miscselect",
		"miscselectMask",
		"attributes",
		"attributesMask",
		"mrsigner",
		"isvprodid",
		"tcbLevels",
	};
	struct tacit_json_read j = tacit_json_read_of(doc->body);
	struct tacit_qe_identity qe = { .doc = *doc };
	struct tacit_slice name;
	size_t found = 0;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		for (size_t i = 0; i < TACIT_ARRAY_LEN(REQUIRED); i++)
			found += is(name, REQUIRED[i]);
		read_member(&j, name, arena, &qe);
	}
	/* No name comes twice, so counting is enough. */
	if (found != TACIT_ARRAY_LEN(REQUIRED))
		tacit_json_read_reject(&j, "a member is missing");
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st == TACIT_OK)
		*ret = qe;
	return st;
}
