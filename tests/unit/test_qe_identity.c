/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/qe_identity.h"

#include "tests/pki/dcap_collateral.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t room[1 << 16];

static enum tacit_status parse_in(struct tacit_slice body, size_t size,
				  struct tacit_qe_identity *ret)
{
	struct tacit_intel_signed doc = { .body = body };
	struct tacit_error err = { 0 };
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, size);
	enum tacit_status st = tacit_qe_identity_parse(&doc, &arena, ret, &err);
	if (st != err.status)
		ok(false, "status and error agree");
	return st;
}

static void test_good(void)
{
	struct tacit_qe_identity qe = { 0 };

	is_status(parse_in(dcap_qe_identity_body(true), sizeof(room), &qe), TACIT_OK, "TD_QE");
	ok(qe.id == TACIT_QE_TDX && qe.isvprodid == 2 && qe.doc.evaluation_number == 20,
	   "what it is");
	ok(qe.doc.issue_date == DCAP_ISSUED && qe.doc.next_update == DCAP_EXPIRES, "its period");
	ok(qe.mrsigner[31] == 0xdc && qe.attributes[0] == 0x11 && qe.attributes_mask[0] == 0xfb &&
		   qe.miscselect[0] == 0 && qe.miscselect_mask[3] == 0xff,
	   "what it asks for");
	ok(qe.levels.count == 3 && qe.levels.items[2].verdict.status == TACIT_TCB_REVOKED &&
		   qe.levels.items[1].verdict.advisory_count == 2,
	   "its levels");
	is_status(parse_in(dcap_qe_identity_body(false), sizeof(room), &qe), TACIT_OK, "QE");
	ok(qe.id == TACIT_QE_SGX && qe.isvprodid == 1, "what it is");
	is_status(parse_in(dcap_edit(dcap_qe_identity_body(false), "\"QE\"", "\"QVE\""),
			   sizeof(room), &qe),
		  TACIT_OK, "QVE");
	ok(qe.id == TACIT_QE_OTHER, "which makes no quotes");
}

static const struct {
	const char *from, *to;
	enum tacit_status want;
} EDITS[] = {
	{ "\"id\":\"TD_QE\"", "\"id\":\"TD_QE2\"", TACIT_FORMAT },
	{ "\"id\":\"TD_QE\"", "\"id\":\"td_qe\"", TACIT_FORMAT },
	{ "\"id\":\"TD_QE\",", "", TACIT_FORMAT },
	{ "\"version\":2", "\"version\":1", TACIT_FORMAT },
	{ "\"version\":2", "\"version\":3", TACIT_FORMAT },
	{ "\"version\":2,", "", TACIT_FORMAT },
	{ "\"issueDate\"", "\"issueDat\"", TACIT_FORMAT },
	{ "\"nextUpdate\"", "\"nextUpdat\"", TACIT_FORMAT },
	{ "\"tcbEvaluationDataNumber\":20,", "", TACIT_FORMAT },
	{ "\"miscselect\":\"00000000\",", "", TACIT_FORMAT },
	{ "\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\"", TACIT_FORMAT },
	{ "\"miscselectMask\":\"FFFFFFFF\",", "", TACIT_FORMAT },
	{ "\"attributes\":\"11", "\"attributes\":\"1100", TACIT_FORMAT },
	{ "\"attributesMask\":\"FB", "\"attributesMask\":\"", TACIT_FORMAT },
	{ "\"mrsigner\":\"DC", "\"mrsigner\":\"", TACIT_FORMAT },
	{ "\"mrsigner\"", "\"mrsigned\"", TACIT_FORMAT },
	{ "\"isvprodid\":2,", "", TACIT_FORMAT },
	{ "\"isvprodid\":2", "\"isvprodid\":65536", TACIT_FORMAT },
	{ "\"isvprodid\":2", "\"isvprodid\":65535", TACIT_OK },
	{ "\"tcbLevels\"", "\"tcbLevel\"", TACIT_FORMAT },
	{ "\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":[", TACIT_FORMAT },
	{ "\"isvsvn\":5", "\"isvsvn\":8", TACIT_FORMAT },
	{ "\"isvsvn\":5", "\"isvsvn\":9", TACIT_OK },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"ConfigurationNeeded\"", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"SWHardeningNeeded\"", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"OutOfDateConfigurationNeeded\"",
	  TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Revoked\"", TACIT_OK },
	{ ",\"tcbStatus\":\"UpToDate\"", "", TACIT_FORMAT },
	{ "\"tcb\":{\"isvsvn\":8},", "", TACIT_FORMAT },
	{ "{\"isvsvn\":8}", "8", TACIT_FORMAT },
	{ "{\"id\"", "{\"future\":null,\"id\"", TACIT_OK },
	{ "{\"id\"", "{\"isvprodid\":1,\"id\"", TACIT_FORMAT },
};

static void test_edits(void)
{
	for (size_t i = 0; i < COUNT(EDITS); i++) {
		struct tacit_qe_identity qe = { .isvprodid = 777 };
		struct tacit_slice text =
			dcap_edit(dcap_qe_identity_body(true), EDITS[i].from, EDITS[i].to);
		enum tacit_status st = parse_in(text, sizeof(room), &qe);

		is_status(st, EDITS[i].want, EDITS[i].to);
		ok((st == TACIT_OK) == (qe.isvprodid != 777), "untouched on failure alone");
	}
	struct tacit_qe_identity qe;
	is_status(parse_in(tacit_slice_str("{\"tcbLevels\":[]}"), sizeof(room), &qe), TACIT_FORMAT,
		  "no levels");
}

static void test_limits(void)
{
	struct tacit_slice body = dcap_qe_identity_body(true);
	struct tacit_qe_identity qe;
	size_t full = 0, refused = 0, size = 0;

	for (; parse_in(body, size, &qe) != TACIT_OK && size < sizeof(room); size += 8)
		full += parse_in(body, size, &qe) == TACIT_LIMIT;
	ok(full == size / 8 && size < 1024, "arenas up to %zu bytes end in TACIT_LIMIT", size);
	for (size_t len = 0; len < body.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, body.ptr, len);
		refused += parse_in(tacit_slice_of(copy, len), sizeof(room), &qe) == TACIT_FORMAT;
		free(copy);
	}
	ok(refused == body.len, "every truncation is refused");
}

int main(void)
{
	test_good();
	test_edits();
	test_limits();
	pki_done();
	return done();
}
