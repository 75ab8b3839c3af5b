/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tcb_info.h"

#include "tests/pki/dcap_collateral.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t room[1 << 17];

static enum tacit_status parse_in(struct tacit_slice body, size_t size, struct tacit_tcb_info *ret,
				  struct tacit_error *err)
{
	struct tacit_intel_signed doc = { .body = body };
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, size);
	return tacit_tcb_info_parse(&doc, &arena, ret, err);
}

static enum tacit_status parse(struct tacit_slice body, struct tacit_tcb_info *ret)
{
	struct tacit_error err = { 0 };
	enum tacit_status st = parse_in(body, sizeof(room), ret, &err);

	if (st != err.status)
		ok(false, "status and error agree");
	return st;
}

static void test_tdx(void)
{
	struct tacit_tcb_info info = { 0 };

	is_status(parse(dcap_tcb_info_body(true), &info), TACIT_OK, "TDX, version 3");
	ok(info.tdx && info.version == 3 && info.doc.evaluation_number == 20, "what it is");
	ok(info.doc.issue_date == DCAP_ISSUED && info.doc.next_update == DCAP_EXPIRES,
	   "its period");
	is_slice(TACIT_SLICE_ARRAY(info.fmspc), pki_hex(DCAP_FMSPC), "FMSPC");
	ok(info.level_count == 2 && info.levels[0].pcesvn == 13 && info.levels[0].sgx[7] == 3 &&
		   info.levels[0].tdx[2] == 3 && info.levels[1].tdx[2] == 1,
	   "levels");
	ok(info.levels[1].verdict.status == TACIT_TCB_OUT_OF_DATE &&
		   info.levels[1].verdict.advisory_count == 2 &&
		   strcmp(info.levels[1].verdict.advisories[1], "INTEL-SA-00003") == 0 &&
		   info.levels[0].verdict.date == 1786492800,
	   "what they say");
	ok(info.identity_count == 2 && info.identities[0].major == 10 &&
		   info.identities[1].major == 1 && info.identities[1].levels.count == 3,
	   "modules");
	ok(info.sgx_category[2] && strcmp(info.sgx_category[2], "BIOS") == 0 &&
		   !info.sgx_category[1] && info.tdx_category[2],
	   "categories");
	ok(info.module.mask[7] == 0xff, "the module of major 0");
}

static void test_sgx(void)
{
	struct tacit_tcb_info info = { 0 };

	is_status(parse(dcap_tcb_info_body(false), &info), TACIT_OK, "SGX, version 3");
	ok(!info.tdx && info.identity_count == 0 && info.level_count == 2, "what it has");
	is_status(parse(dcap_tcb_info_v2_body(), &info), TACIT_OK, "SGX, version 2");
	ok(!info.tdx && info.version == 2 && info.level_count == 1 && info.levels[0].sgx[0] == 5 &&
		   info.levels[0].sgx[15] == 0 && info.levels[0].pcesvn == 13,
	   "components by name");
}

#define Z16 "0000000000000000"

/* One edit of a good text each. */
static const struct {
	const char *from, *to;
	enum tacit_status want;
} TDX_EDITS[] = {
	{ "\"version\":3", "\"version\":4", TACIT_FORMAT },
	{ "\"version\":3", "\"version\":2", TACIT_FORMAT },
	{ "\"version\":3", "\"version\":1", TACIT_FORMAT },
	{ "\"version\":3,", "", TACIT_FORMAT },
	{ "\"version\":3", "\"version\":\"3\"", TACIT_FORMAT },
	{ "\"id\":\"TDX\"", "\"id\":\"TDX2\"", TACIT_FORMAT },
	{ "\"id\":\"TDX\"", "\"id\":\"tdx\"", TACIT_FORMAT },
	{ "\"id\":\"TDX\",", "", TACIT_FORMAT },
	{ "\"tcbType\":0", "\"tcbType\":1", TACIT_FORMAT },
	{ "\"tcbType\":0,", "", TACIT_FORMAT },
	{ "\"tcbType\":0", "\"tcbType\":null", TACIT_FORMAT },
	{ "\"fmspc\":\"", "\"fmspc\":\"00", TACIT_FORMAT },
	{ "\"fmspc\":\"50", "\"fmspc\":\"", TACIT_FORMAT },
	{ "\"fmspc\":\"50", "\"fmspc\":\"5g", TACIT_FORMAT },
	{ "\"fmspc\"", "\"fmspc2\"", TACIT_FORMAT },
	{ "\"pceId\":\"0000\",", "", TACIT_FORMAT },
	{ "\"pceId\":\"0000\"", "\"pceId\":\"00\"", TACIT_FORMAT },
	{ "\"tcbEvaluationDataNumber\":20,", "", TACIT_FORMAT },
	{ "DataNumber\":20", "DataNumber\":4294967296", TACIT_FORMAT },
	{ "DataNumber\":20", "DataNumber\":-1", TACIT_FORMAT },
	{ "\"issueDate\"", "\"issuedDate\"", TACIT_FORMAT },
	{ "\"nextUpdate\"", "\"nextUpdates\"", TACIT_FORMAT },
	{ "Z\",\"nextUpdate\"", "+00:00\",\"nextUpdate\"", TACIT_FORMAT },
	{ "Z\",\"nextUpdate\"", "z\",\"nextUpdate\"", TACIT_FORMAT },
	{ "\"issueDate\":\"2026-11-20T", "\"issueDate\":\"2026-11-20t", TACIT_FORMAT },
	{ "\"issueDate\":\"2026-11-20T", "\"issueDate\":\"2026-11-31T", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"uptodate\"", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"TCBNotSupported\"", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"TDRelaunchAdvised\"", TACIT_FORMAT },
	{ "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"ConfigurationNeeded\"", TACIT_FORMAT },
	{ ",\"tcbStatus\":\"UpToDate\"", "", TACIT_FORMAT },
	{ "\"tcbDate\":\"2026-08-12T00:00:00Z\",", "", TACIT_FORMAT },
	{ "{\"svn\":5},", "", TACIT_FORMAT },
	{ "{\"svn\":5},", "{\"svn\":5},{\"svn\":0},", TACIT_FORMAT },
	{ "\"svn\":5", "\"svn\":256", TACIT_FORMAT },
	{ "\"svn\":5", "\"svn\":-1", TACIT_FORMAT },
	{ "\"svn\":5", "\"svn\":5.0", TACIT_FORMAT },
	{ "\"svn\":5", "\"svn\":5,\"svn\":5", TACIT_FORMAT },
	{ "\"svn\":5", "\"other\":5", TACIT_FORMAT },
	{ "{\"svn\":5}", "5", TACIT_FORMAT },
	{ "\"svn\":5", "\"svn\":6", TACIT_OK },
	{ "\"pcesvn\":13", "\"pcesvn\":65536", TACIT_FORMAT },
	{ "\"pcesvn\":13,", "", TACIT_FORMAT },
	{ "\"tdxtcbcomponents\"", "\"tdxcomponents\"", TACIT_FORMAT },
	{ "\"sgxtcbcomponents\"", "\"sgxcomponents\"", TACIT_FORMAT },
	{ "\"pcesvn\":13", "\"pcesvn\":13,\"sgxtcbcomp01svn\":5", TACIT_FORMAT },
	{ "\"tcb\":{\"sgx", "\"tbc\":{\"sgx", TACIT_FORMAT },
	{ "\"tdxModule\"", "\"tdxModul\"", TACIT_FORMAT },
	{ "\"attributesMask\":\"FFFFFFFFFFFFFFFF\"}", "\"x\":0}", TACIT_FORMAT },
	{ "\"attributes\":\"" Z16 "\"", "\"attributes\":\"" Z16 "00\"", TACIT_FORMAT },
	{ "\"mrsigner\":\"00", "\"mrsigner\":\"", TACIT_FORMAT },
	{ "\"id\":\"TDX_0A\",", "", TACIT_FORMAT },
	{ "TDX_0A", "TDX_01", TACIT_FORMAT },
	{ "TDX_0A", "tdx_01", TACIT_FORMAT },
	{ "TDX_0A", "TDX_0a", TACIT_OK },
	{ "TDX_0A", "TDX_10A", TACIT_OK },
	{ "\"isvsvn\":3", "\"isvsvn\":5", TACIT_FORMAT },
	{ "\"isvsvn\":3", "\"isvsvn\":65536", TACIT_FORMAT },
	{ "\"isvsvn\":3", "\"isvsvm\":3", TACIT_FORMAT },
	{ "\"INTEL-SA-00001\"", "\"INTEL SA\"", TACIT_FORMAT },
	{ "\"INTEL-SA-00001\"", "\"\"", TACIT_FORMAT },
	{ "\"INTEL-SA-00001\"", "\"INTEL\x7f\"", TACIT_FORMAT },
	{ "\"INTEL-SA-00001\"", "\"\\u0041\"", TACIT_FORMAT },
	{ "\"INTEL-SA-00001\"", "7", TACIT_FORMAT },
	{ "[\"INTEL-SA-00001\",\"INTEL-SA-00003\"]", "[]", TACIT_OK },
	{ "[\"INTEL-SA-00001\",\"INTEL-SA-00003\"]", "null", TACIT_FORMAT },
	{ "{\"id\"", "{\"future\":{\"a\":[1,2,{}]},\"id\"", TACIT_OK },
	{ "{\"id\"", "{\"future\":{\"a\":1,\"a\":2},\"id\"", TACIT_FORMAT },
	{ "{\"id\"", "{\"id\":\"TDX\",\"id\"", TACIT_FORMAT },
	{ "\"tcbLevels\":[{\"tcb\":{\"sgx", "\"x\":[{\"tcb\":{\"sgx", TACIT_FORMAT },
};

static void test_edits(void)
{
	for (size_t i = 0; i < COUNT(TDX_EDITS); i++) {
		struct tacit_tcb_info info = { .version = 77 };
		struct tacit_slice text =
			dcap_edit(dcap_tcb_info_body(true), TDX_EDITS[i].from, TDX_EDITS[i].to);
		enum tacit_status st = parse(text, &info);

		is_status(st, TDX_EDITS[i].want, TDX_EDITS[i].to);
		ok((st == TACIT_OK) == (info.version != 77), "untouched on failure alone");
	}
}

/* Version 2 has every component by its name, once, and no arrays. */
static void test_v2_edits(void)
{
	static const struct {
		const char *from, *to;
		enum tacit_status want;
	} EDITS[] = {
		{ "\"sgxtcbcomp16svn\":0,", "", TACIT_FORMAT },
		{ "\"sgxtcbcomp16svn\"", "\"sgxtcbcomp17svn\"", TACIT_FORMAT },
		{ "\"sgxtcbcomp16svn\"", "\"sgxtcbcomp00svn\"", TACIT_FORMAT },
		{ "\"sgxtcbcomp16svn\"", "\"sgxtcbcomp1:svn\"", TACIT_FORMAT },
		{ "\"sgxtcbcomp16svn\"", "\"sgxtcbcomp15svn\"", TACIT_FORMAT },
		{ "\"sgxtcbcomp16svn\":0", "\"sgxtcbcomp16svn\":256", TACIT_FORMAT },
		{ "\"version\":2", "\"version\":3,\"id\":\"SGX\"", TACIT_FORMAT },
		{ "\"version\":2", "\"version\":2,\"id\":\"TDX\"", TACIT_FORMAT },
		{ "\"version\":2", "\"version\":2,\"id\":\"SGX\"", TACIT_OK },
	};

	for (size_t i = 0; i < COUNT(EDITS); i++) {
		struct tacit_tcb_info info;

		is_status(parse(dcap_edit(dcap_tcb_info_v2_body(), EDITS[i].from, EDITS[i].to),
				&info),
			  EDITS[i].want, EDITS[i].to);
	}
}

/* Levels in any order come out falling; one twice is refused. */
static void test_order(void)
{
	struct tacit_tcb_info info = { 0 };
	struct tacit_slice body = dcap_tcb_info_body(false);

	body = dcap_edit(body, "[{\"svn\":5}", "[{\"svn\":0}");
	is_status(parse(body, &info), TACIT_OK, "rising levels");
	ok(info.levels[0].sgx[0] == 1 && info.levels[1].sgx[0] == 0 &&
		   info.levels[1].verdict.status == TACIT_TCB_UP_TO_DATE,
	   "are sorted");
	body = dcap_edit(body, "[{\"svn\":0}", "[{\"svn\":1}");
	is_status(parse(body, &info), TACIT_FORMAT, "a level twice");
	body = dcap_edit(body, "\"pcesvn\":13", "\"pcesvn\":12");
	is_status(parse(body, &info), TACIT_OK, "but for its PCE");
	ok(info.levels[0].pcesvn == 13, "the higher first");
	body = dcap_edit(dcap_tcb_info_body(true), "\"isvsvn\":3", "\"isvsvn\":9");
	is_status(parse(body, &info), TACIT_OK, "rising levels of a module");
	ok(info.identities[1].levels.items[0].isvsvn == 9 &&
		   info.identities[1].levels.items[2].isvsvn == 1,
	   "are sorted");
	ok(tacit_svn_level_find(&info.identities[1].levels, 8)->isvsvn == 5 &&
		   !tacit_svn_level_find(&info.identities[1].levels, 0),
	   "and searched");
}

/* What only levels of the platform can get wrong, and what must not be empty. */
static void test_platform_levels(void)
{
	static const char *const STATUSES[] = { "TDRelaunchAdvised", "TCBNotSupported",
						"TDRelaunchAdvisedConfigurationNeeded", "" };
	struct tacit_slice body = dcap_tcb_info_body(false);
	struct tacit_tcb_info info;
	char text[128];

	for (size_t i = 0; i < COUNT(STATUSES); i++) {
		snprintf(text, sizeof(text), "\"tcbStatus\":\"%s\"", STATUSES[i]);
		is_status(parse(dcap_edit(body, "\"tcbStatus\":\"UpToDate\"", text), &info),
			  TACIT_FORMAT, text);
	}
	is_status(parse(dcap_edit(body, "\"tcbStatus\":\"UpToDate\"",
				  "\"tcbStatus\":\"ConfigurationNeeded\""),
			&info),
		  TACIT_OK, "a status that only platforms have");
	is_status(parse(dcap_edit(body, "\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":["), &info),
		  TACIT_FORMAT, "no levels");
	is_status(parse(dcap_edit(dcap_tcb_info_body(true), "\"tcbLevels\":[{\"tcb\":{\"isv",
				  "\"tcbLevels\":[],\"x\":[{\"tcb\":{\"isv"),
			&info),
		  TACIT_FORMAT, "no levels of a module");
	is_status(parse(dcap_edit(body, "{\"tcb\":{", "{\"x\":{"), &info), TACIT_FORMAT,
		  "a level without SVNs");
	is_status(parse(dcap_edit(body, "\"pcesvn\":13", "\"x\":13"), &info), TACIT_FORMAT,
		  "a level without the PCE's");
	static char many[120000];
	size_t len = (size_t)snprintf(many, sizeof(many), "\"sgxtcbcomponents\":[");
	while (len < sizeof(many) - 16)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "{\"svn\":9},");
	is_status(parse(dcap_edit(body, "\"sgxtcbcomponents\":[", many), &info), TACIT_FORMAT,
		  "ten thousand components");
	char *cut = malloc(18);
	memcpy(cut, "{\"issueDate\":\"20\"", 18);
	is_status(parse(tacit_slice_of(cut, 18), &info), TACIT_FORMAT,
		  "a date that ends too early");
	free(cut);
}

/* `from` followed by `count` times `item`, and once as many as may be. */
static void too_many(bool tdx, const char *from, const char *item, size_t most, const char *why)
{
	static char text[1 << 16];
	struct tacit_tcb_info info;

	for (size_t more = 0; more <= 1; more++) {
		struct tacit_error err = { 0 };
		size_t len = (size_t)snprintf(text, sizeof(text), "%s", from);

		for (size_t i = 0; i < most + more; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						i ? "," : "", item);
		snprintf(text + len, sizeof(text) - len, "],\"unread\":[");
		is_status(parse_in(dcap_edit(dcap_tcb_info_body(tdx), from, text), sizeof(room),
				   &info, &err),
			  TACIT_FORMAT, from);
		ok((strstr(err.detail, why) != NULL) == (more == 1), "%zu are %s", most + more,
		   more ? "too many" : "not");
	}
}

static void test_counts(void)
{
	too_many(false, "\"tcbLevels\":[", "{}", TACIT_TCB_LEVELS_MAX, "too many");
	too_many(true, "\"tdxModuleIdentities\":[", "{}", TACIT_TCB_IDENTITIES_MAX, "too many");
	too_many(false, "\"advisoryIDs\":[", "7", TACIT_TCB_ADVISORIES_MAX, "too many");
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str("[]"));
	struct tacit_arena arena;
	tacit_arena_init(&arena, room, sizeof(room));
	(void)tacit_svn_levels_read(&j, &arena);
	ok(tacit_json_read_finish(&j, "levels", NULL) == TACIT_FORMAT, "no levels of a module");
	static char many[(TACIT_TCB_LEVELS_MAX + 1) * 3 + 2] = "[{}";
	for (size_t i = 0; i < TACIT_TCB_LEVELS_MAX; i++)
		memcpy(many + 3 + 3 * i, ",{}", 3);
	many[sizeof(many) - 2] = ']';
	struct tacit_error err = { 0 };
	j = tacit_json_read_of(tacit_slice_of(many, sizeof(many) - 1));
	(void)tacit_svn_levels_read(&j, &arena);
	ok(tacit_json_read_finish(&j, "levels", &err) == TACIT_FORMAT &&
		   strstr(err.detail, "too many"),
	   "and too many of them");
}

static void test_limits(void)
{
	struct tacit_slice body = dcap_tcb_info_body(true);
	struct tacit_tcb_info info;
	size_t full = 0, refused = 0, size;

	for (size = 0; parse_in(body, size, &info, NULL) != TACIT_OK && size < sizeof(room);
	     size += 8)
		full += parse_in(body, size, &info, NULL) == TACIT_LIMIT;
	ok(full == size / 8, "every arena that is too small ends in TACIT_LIMIT");
	ok(size < 4096, "%zu bytes will do", size);
	for (size_t len = 0; len < body.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, body.ptr, len);
		refused += parse(tacit_slice_of(copy, len), &info) == TACIT_FORMAT;
		free(copy);
	}
	ok(refused == body.len, "every truncation is refused");
	is_status(parse(dcap_edit(body, "]}", "]} "), &info), TACIT_OK,
		  "white space is no matter here");
	is_status(parse(tacit_slice_str("{}"), &info), TACIT_FORMAT, "an empty object");
	is_status(parse(tacit_slice_str("null"), &info), TACIT_FORMAT, "null");
	is_status(parse(tacit_slice_str("[]"), &info), TACIT_FORMAT, "an array");
}

static void test_open(void)
{
	static const char NAME[] = "tcbInfo";
	struct tacit_slice body = dcap_tcb_info_body(true), text = dcap_document(NAME, body, NULL);
	struct tacit_intel_signed doc = { 0 };
	static const struct {
		const char *from, *to;
	} EDITS[] = {
		{ "{\"tcbInfo\":", "{\"extra\":1,\"tcbInfo\":" },
		{ "{\"tcbInfo\":", "{\"tcbInfo\":{},\"tcbInfo\":" },
		{ ",\"signature\":\"", ",\"signature\":\"00" },
		{ ",\"signature\"", ",\"signatures\"" },
		{ "{\"tcbInfo\":", "{\"tcbinfo\":" },
	};
	char alone[256];

	is_status(tacit_intel_open(text, NAME, &doc, NULL), TACIT_OK, "opened");
	ok(doc.body.ptr == text.ptr + 11 && tacit_slice_eq(doc.body, body),
	   "the body lies in place");
	is_status(tacit_intel_check(&doc, pki_point(dcap_world()->tcb_signer->key), NULL, NULL),
		  TACIT_OK, "and was signed");
	is_status(tacit_intel_check(&doc, pki_point(pki_key(PKI_P256)), NULL, NULL),
		  TACIT_SIGNATURE, "not by anybody");
	doc.signature[63] ^= 1;
	is_status(tacit_intel_check(&doc, pki_point(dcap_world()->tcb_signer->key), NULL, NULL),
		  TACIT_SIGNATURE, "nor so");
	is_status(tacit_intel_open(tacit_slice_str("{\"tcbInfo\":{}}"), NAME, &doc, NULL),
		  TACIT_FORMAT, "a document without signature");
	snprintf(alone, sizeof(alone), "{\"signature\":\"%0128d\"}", 0);
	is_status(tacit_intel_open(tacit_slice_str(alone), NAME, &doc, NULL), TACIT_FORMAT,
		  "a signature without document");
	for (size_t i = 0; i < COUNT(EDITS); i++)
		is_status(tacit_intel_open(dcap_edit(text, EDITS[i].from, EDITS[i].to), NAME, &doc,
					   NULL),
			  TACIT_FORMAT, EDITS[i].to);
}

int main(void)
{
	test_tdx();
	test_sgx();
	test_edits();
	test_v2_edits();
	test_order();
	test_platform_levels();
	test_counts();
	test_limits();
	test_open();
	pki_done();
	return done();
}
