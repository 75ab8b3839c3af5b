/* SPDX-License-Identifier: Apache-2.0 */

/* Real, hostile and synthetic quotes of TDX and SGX of the shared folder, with their outcomes. */

#include "tests/unit/vectors.h"

#include "base/compiler.h"
#include "tacit/tdx.h"
#include "tacit/verify.h"

#define PIECES 12

/* One verdict: evidence and collateral by path below the shared folder "tdx". */
struct set {
	char dir[4096];
	struct tacit_slice evidence;
	struct tacit_slice piece[PIECES];
	size_t pieces;
	struct tacit_slice root;
	uint8_t room[1 << 20];
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
};

static struct set s;

static struct tacit_slice load(const char *path)
{
	char whole[8192];

	snprintf(whole, sizeof(whole), "%s/tdx/%s", s.dir, path);
	return vector_file(whole);
}

static void start(int64_t now)
{
	struct tacit_context fresh = { .now = now, .arena = &s.arena, .insecure_no_policy = true };

	vector_done(s.evidence);
	vector_done(s.root);
	for (size_t i = 0; i < s.pieces; i++)
		vector_done(s.piece[i]);
	s.pieces = 0;
	memset(&s.evidence, 0, sizeof(s.evidence));
	memset(&s.root, 0, sizeof(s.root));
	tacit_arena_init(&s.arena, s.room, sizeof(s.room));
	s.cx = fresh;
}

/* Adds a piece of collateral; one that is not there is left out. */
static bool add(const char *path)
{
	struct tacit_slice file = load(path);

	if (!file.ptr)
		return false;
	if (s.pieces == PIECES) {
		printf("Bail out! too many pieces\n");
		exit(1);
	}
	s.piece[s.pieces++] = file;
	return true;
}

/* The status of detection, of the collateral or of the verdict: whichever stops it. */
static enum tacit_status run(void)
{
	const struct tacit_collateral *collateral = NULL;
	struct tacit_verdict none = { 0 };
	struct tacit_evidence ev = { 0 };

	s.verdict = none;
	memset(&s.err, 0, sizeof(s.err));
	enum tacit_status st = tacit_evidence_detect(s.evidence, &ev, &s.err);
	if (st == TACIT_OK && s.pieces)
		st = tacit_collateral_parse(s.piece, s.pieces, &s.arena, &collateral, &s.err);
	if (st != TACIT_OK)
		return st;
	s.cx.collateral = collateral;
	s.cx.insecure_test_roots = s.root.ptr ? &s.root : NULL;
	s.cx.insecure_test_root_count = s.root.ptr ? 1 : 0;
	return tacit_verify(&ev, &s.cx, &s.verdict, &s.err);
}

static bool is_verdict(enum tacit_status got, enum tacit_status want, const char *check,
		       const char *name)
{
	bool right = got == want && (!check || strcmp(s.err.where, check) == 0);

	if (!ok(right, "%s: %s%s%s", name, tacit_status_name(want), check ? " by " : "",
		check ? check : ""))
		printf("# got %s by %s: %s\n", tacit_status_name(got), s.err.where, s.err.detail);
	return right;
}

static const char *status_of(void)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(&s.verdict);

	return claims && claims->tcb_status ? claims->tcb_status : "none";
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

/* ---- real quotes --------------------------------------------------------------------------- */

/* Where the outcome is not "verified, with the stated status". */
static const struct outcome {
	const char *name;
	enum tacit_status status;
	const char *check;
} OUTCOMES[] = {
	{ "sgx-v3-DEBUG-swhardening-2023-06", TACIT_POLICY, "policy.debug" },
	{ "sgx-v3-corrupted-fortanix", TACIT_SIGNATURE, "sgx.quote.signature" },
	{ "sgx-v3-e3-00906ea1-fortanix", TACIT_POLICY, "policy.debug" },
	{ "sgx-v3-eppid-type3-oasis", TACIT_UNDECIDED, "sgx.quote.certification" },
	{ "sgx-v3-icx-00606a-oasis-2022-12", TACIT_UNDECIDED, "sgx.crl.root" },
	{ "sgx-v3-icx-00606a-occlum", TACIT_POLICY, "policy.debug" },
	{ "sgx-v3-misordered-chain-fortanix", TACIT_POLICY, "policy.debug" },
	{ "tdx-v4-DEBUG-50806f-2026-03", TACIT_POLICY, "policy.debug" },
	{ "tdx-v4-perfmon-90c06f", TACIT_UNDECIDED, "policy.tdx.collateral" },
	{ "tdx-v4-sbx-root", TACIT_CHAIN, "tdx.pck.root" },
	{ "tdx-v4-spr-50806f-google-2023-06", TACIT_POLICY, "tdx.tcb.level" },
	{ "tdx-v4-spr-c0806f-2024-09", TACIT_UNDECIDED, "tdx.crl.pck" },
	{ "tdx-v4-spr-c0806f-trailing", TACIT_UNDECIDED, "policy.tdx.collateral" },
	{ "tdx-v5-90c06f-2025-06", TACIT_POLICY, "tdx.tcb.level" },
	{ "tdx-v5-emr-90c06f-outdated", TACIT_POLICY, "tdx.tcb.level" },
};

static const char *const REAL[] = {
	"sgx-v3-DEBUG-swhardening-2023-06",
	"sgx-v3-corrupted-fortanix",
	"sgx-v3-e3-00906ea1-fortanix",
	"sgx-v3-e3-00a06711-phala",
	"sgx-v3-eppid-type3-oasis",
	"sgx-v3-icx-00606a-automata-2025-06",
	"sgx-v3-icx-00606a-oasis-2022-12",
	"sgx-v3-icx-00606a-occlum",
	"sgx-v3-misordered-chain-fortanix",
	"sgx-v3-swhardening-tcbv2-2023-05",
	"tdx-v4-DEBUG-50806f-2026-03",
	"tdx-v4-azure-00806f05-module-outofdate",
	"tdx-v4-azure-90c06f-2025-06",
	"tdx-v4-azure-90c06f-2025-12",
	"tdx-v4-azure-90c06f-2026-03",
	"tdx-v4-emr-90c06f-2025-06",
	"tdx-v4-emr-b0c06f-phala",
	"tdx-v4-gcp-00806f05-2025-07",
	"tdx-v4-gcp-00806f05-2026-01",
	"tdx-v4-gcp-cos113-2024-12",
	"tdx-v4-gcp-teepot-2024-12",
	"tdx-v4-gnr-00a06d08-2025-11",
	"tdx-v4-perfmon-90c06f",
	"tdx-v4-sbx-root",
	"tdx-v4-spr-50806f-google-2023-06",
	"tdx-v4-spr-c0806f-2024-09",
	"tdx-v4-spr-c0806f-trailing",
	"tdx-v5-90c06f-2025-06",
	"tdx-v5-emr-90c06f-outdated",
};

static const char *const FILES[] = {
	"tcbinfo.json",          "qeidentity.json",
	"tcb_signing_chain.pem", "qe_identity_signing_chain.pem",
	"pck_crl.der",           "pck_crl_issuer_chain.pem",
	"root_ca_crl.der",
};

/* The collateral of a folder, but for the file named, which `instead` stands for. */
static void add_folder(const char *name, const char *but, const char *instead)
{
	char path[512];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(FILES); i++) {
		snprintf(path, sizeof(path), "%s/%s", name, FILES[i]);
		if (but && strcmp(but, FILES[i]) == 0)
			ok(add(instead), "%s is read", instead);
		else
			(void)add(path);
	}
}

static void load_evidence(const char *path)
{
	s.evidence = load(path);
	if (!s.evidence.ptr)
		ok(false, "%s is read", path);
}

/* A measurement of the verdict against the hex that the vector states. */
static void compare(const json_t *quote, const char *member, const char *measurement,
		    const char *name)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(&s.verdict);
	struct tacit_slice got = { NULL, 0 };
	char hex[97 * 2] = "";

	if (!json_object_get(quote, member))
		return;
	for (size_t i = 0; i < claims->measurement_count; i++)
		if (strcmp(claims->measurements[i].name, measurement) == 0)
			got = claims->measurements[i].value;
	if (strcmp(measurement, "report_data") == 0)
		got = claims->report_data;
	if (got.len <= 64)
		tacit_hex_encode(got, hex);
	ok(strcmp(hex, text(quote, member)) == 0, "%s: %s", name, measurement);
}

static void compare_claims(const json_t *quote, const char *name)
{
	static const char *const NAMES[][2] = {
		{ "mrtd", "mrtd" },
		{ "rtmr0", "rtmr0" },
		{ "rtmr1", "rtmr1" },
		{ "rtmr2", "rtmr2" },
		{ "rtmr3", "rtmr3" },
		{ "mrseam", "mrseam" },
		{ "mrconfigid", "mrconfigid" },
		{ "mrowner", "mrowner" },
		{ "mrenclave", "mrenclave" },
		{ "mrsigner", "mrsigner" },
		{ "reportdata", "report_data" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++)
		compare(quote, NAMES[i][0], NAMES[i][1], name);
}

static void compare_advisories(const json_t *expected, const char *name)
{
	const struct tacit_claims *claims = tacit_verdict_genuine(&s.verdict);
	const json_t *ids = json_object_get(expected, "advisory_ids");
	size_t found = 0;

	for (size_t i = 0; i < json_array_size(ids); i++) {
		const char *id = json_string_value(json_array_get(ids, i));
		bool has = false;

		for (size_t k = 0; k < claims->advisory_count; k++)
			has |= strcmp(claims->advisory_ids[k], id) == 0;
		found += has;
	}
	ok(found == json_array_size(ids), "%s: every stated advisory", name);
}

static void test_real(void)
{
	char path[512];

	for (size_t i = 0; i < TACIT_ARRAY_LEN(REAL); i++) {
		struct outcome want = { REAL[i], TACIT_OK, NULL };

		snprintf(path, sizeof(path), "tdx/%s/expect.json", REAL[i]);
		json_t *expect = vector_json(path);
		const json_t *expected = json_object_get(expect, "expected");
		double now =
			json_number_value(json_object_get(expected, "suggested_verification_unix"));

		for (size_t k = 0; k < TACIT_ARRAY_LEN(OUTCOMES); k++)
			if (strcmp(OUTCOMES[k].name, REAL[i]) == 0)
				want = OUTCOMES[k];
		start(now > 0 ? (int64_t)now : 1735689600);
		snprintf(path, sizeof(path), "%s/quote.bin", REAL[i]);
		load_evidence(path);
		add_folder(REAL[i], NULL, NULL);
		is_verdict(run(), want.status, want.check, REAL[i]);
		if (tacit_verdict_genuine(&s.verdict))
			compare_claims(json_object_get(expect, "quote"), REAL[i]);
		if (strcmp(status_of(), "none") != 0) {
			ok(strcmp(status_of(), text(expected, "converged_tcb_status")) == 0,
			   "%s: TCB status %s", REAL[i], status_of());
			compare_advisories(expected, REAL[i]);
		}
		json_decref(expect);
	}
}

/* ---- a root that is not quite Intel's ------------------------------------------------------ */

/* The text of the quote's last certificate, which is the root. */
static struct tacit_slice root_text(struct tacit_slice quote)
{
	static const char BEGIN[] = "-----BEGIN CERTIFICATE-----\n", END[] = "-----END";
	struct tacit_slice found = { NULL, 0 };

	for (size_t at = 0; at + sizeof(BEGIN) <= quote.len; at++) {
		if (memcmp(quote.ptr + at, BEGIN, sizeof(BEGIN) - 1) == 0)
			found = tacit_slice_of(quote.ptr + at + sizeof(BEGIN) - 1, 0);
		else if (found.ptr && memcmp(quote.ptr + at, END, sizeof(END) - 1) == 0 &&
			 !found.len)
			found.len = (size_t)(quote.ptr + at - found.ptr);
	}
	return found;
}

/*
 * The key is what is pinned, so whoever changes another part of the root, such as its dates, must
 * fail by the root's own signature.
 */
static void test_changed_root(void)
{
	size_t accepted = 0, by_signature = 0;

	start(1774995607);
	load_evidence("tdx-v4-azure-90c06f-2026-03/quote.bin");
	add_folder("tdx-v4-azure-90c06f-2026-03", NULL, NULL);
	is_status(run(), TACIT_OK, "a quote with Intel's root");
	struct tacit_slice text = root_text(s.evidence);
	uint8_t *at = (uint8_t *)(uintptr_t)text.ptr;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t was = at[i];

		at[i] = was == 'B' ? 'C' : 'B';
		if (was == '\n')
			at[i] = was;
		tacit_arena_init(&s.arena, s.room, sizeof(s.room));
		accepted += at[i] != was && run() == TACIT_OK;
		by_signature += strcmp(s.err.where, "tdx.pck.signatures") == 0;
		at[i] = was;
	}
	ok(text.len > 800 && accepted == 0, "none with a letter of its root changed");
	ok(by_signature > 100, "%zu of them by signatures", by_signature);
}

/* ---- hostile sets -------------------------------------------------------------------------- */

/* Both answers can be defended: these are ours, and docs say so. */
static const struct choice {
	const char *name;
	bool accept;
} CHOICES[] = {
	{ "chain-reversed.bin", true },       /* places follow from who issued whom */
	{ "chain-extra-text.bin", true },     /* words between PEM blocks mean nothing [RFC 7468] */
	{ "chain-crlf.bin", true },           /* the same text */
	{ "chain-64k.bin", false },           /* a chain of three certificates needs 4 KB */
	{ "trailing-nonzero.bin", true },     /* counted, never read: real carriers leave such */
	{ "tcbinfo-whitespace.json", false }, /* signed bytes are verified as they are */
	{ "qe-reportdata-tail", false },      /* nothing may stand beside the binding */
	{ "auth-0", true },                   /* well bound, and within bounds */
	{ "auth-1000", true },
	{ "tdattr-reserved", false },
	{ "cpusvn-disagrees", false },
	{ "pck-not-yet", false },
	{ "tcbinfo-future", false },
	{ "tcbinfo-id-lower", true },         /* a hexadecimal number in either case */
	{ "tcbinfo-levels-ascending", true }, /* sorted: UpToDate, as it should be */
	{ "tcbinfo-svn-256", false },
	{ "relaunch-current-worse", true }, /* but as OutOfDate */
	{ "relaunch-current-revoked", false },
};

static bool chosen(const char *name)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CHOICES); i++)
		if (strcmp(CHOICES[i].name, name) == 0)
			return CHOICES[i].accept;
	ok(false, "%s: a choice is written down", name);
	return false;
}

static bool wanted(const char *expected, const char *name)
{
	if (strcmp(expected, "policy") == 0 || strcmp(expected, "POLICY") == 0)
		return chosen(name);
	return strncmp(expected, "accept", 6) == 0;
}

static bool is_answer(enum tacit_status st, bool accept, const char *folder, const char *name)
{
	bool right = (st == TACIT_OK) == accept && st != TACIT_INTERNAL && st != TACIT_NOMEM &&
		     (accept || !tacit_verdict_claims(&s.verdict));

	if (!ok(right, "%s/%s: %s (%s)", folder, name, accept ? "accepted" : "refused",
		tacit_status_name(st)))
		printf("# %s: %s\n", s.err.where, s.err.detail);
	return right;
}

/* Quotes made hostile: evidence from the folder, collateral of the vector it was made from. */
static void test_hostile(const char *folder)
{
	char path[512];

	snprintf(path, sizeof(path), "tdx/%s/index.json", folder);
	json_t *index = vector_json(path);
	const json_t *cases = json_object_get(index, "cases");
	int64_t now = (int64_t)json_number_value(json_object_get(index, "verification_unix_time"));

	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *item = json_array_get(cases, i);
		const char *file = text(item, "file");

		start(now);
		snprintf(path, sizeof(path), "%s/%s", folder, file);
		load_evidence(path);
		add_folder(text(index, "derived_from"), NULL, NULL);
		is_answer(run(), wanted(text(item, "expected"), file), folder, file);
	}
	ok(json_array_size(cases) > 70, "%s has its cases", folder);
	json_decref(index);
}

/* Collateral made hostile, beside a good quote. */
static void test_hostile_collateral(void)
{
	char path[512];
	json_t *index = vector_json("tdx/hostile-collateral-v4/index.json");
	const json_t *cases = json_object_get(index, "cases");
	int64_t now = (int64_t)json_number_value(json_object_get(index, "verification_unix_time"));

	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *item = json_array_get(cases, i);
		const char *file = text(item, "file"), *from = text(index, "derived_from");

		start(now);
		snprintf(path, sizeof(path), "%s/quote.bin", from);
		load_evidence(path);
		snprintf(path, sizeof(path), "hostile-collateral-v4/%s", file);
		add_folder(from, text(item, "replaces"), path);
		is_answer(run(), wanted(text(item, "expected"), file), "hostile-collateral-v4",
			  file);
	}
	ok(json_array_size(cases) == 28, "28 pieces of hostile collateral");
	json_decref(index);
}

/* ---- synthetic cases under a test root ----------------------------------------------------- */

/* How the vectors call what we call by Intel's words of the PCS. */
static const char *our_word(const char *expected)
{
	if (strcmp(expected, "TD_RELAUNCH_ADVISED") == 0)
		return "TDRelaunchAdvised";
	if (strcmp(expected, "TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED") == 0)
		return "TDRelaunchAdvisedConfigurationNeeded";
	return expected;
}

static void judge_synthetic(const json_t *item)
{
	const char *name = text(item, "name"), *expected = text(item, "expected");
	enum tacit_status st = run();

	if (strcmp(expected, "REJECT") == 0) {
		is_answer(st, false, "synthetic-a", name);
	} else if (strcmp(expected, "TCB_NOT_SUPPORTED") == 0) {
		is_answer(st, false, "synthetic-a", name);
		ok(strstr(s.err.where, ".tcb.level") != NULL, "%s: no level (%s)", name,
		   s.err.where);
	} else if (strcmp(expected, "Revoked") == 0) {
		is_verdict(st, TACIT_REVOKED, NULL, name);
		ok(strstr(s.err.where, ".tcb.status") != NULL, "%s: by its status (%s)", name,
		   s.err.where);
	} else if (strcmp(expected, "POLICY") == 0) {
		is_answer(st, chosen(name), "synthetic-a", name);
	} else {
		is_answer(st, true, "synthetic-a", name);
		ok(strcmp(status_of(), our_word(expected)) == 0, "%s: %s, want %s", name,
		   status_of(), our_word(expected));
	}
	if (strcmp(name, "relaunch-current-worse") == 0)
		ok(strcmp(status_of(), "OutOfDate") == 0, "%s is OutOfDate", name);
	if (strcmp(name, "tcbinfo-levels-ascending") == 0)
		ok(strcmp(status_of(), "UpToDate") == 0, "%s is UpToDate", name);
}

static void test_synthetic(void)
{
	static const char *const PARTS[] = { "tcbinfo",           "qeid",
					     "pck_crl",           "root_ca_crl",
					     "tcb_signing_chain", "pck_crl_issuer_chain" };
	char path[512];
	json_t *index = vector_json("tdx/synthetic-a/index.json");
	const json_t *cases = json_object_get(index, "cases");

	for (size_t i = 0; i < json_array_size(cases); i++) {
		const json_t *item = json_array_get(cases, i);

		start((int64_t)json_number_value(json_object_get(item, "verification_unix")));
		snprintf(path, sizeof(path), "synthetic-a/%s", text(item, "quote"));
		load_evidence(path);
		for (size_t k = 0; k < TACIT_ARRAY_LEN(PARTS); k++) {
			snprintf(path, sizeof(path), "synthetic-a/%s", text(item, PARTS[k]));
			if (!add(path))
				ok(false, "%s is read", path);
		}
		s.root = load("synthetic-a/pki/root.der");
		judge_synthetic(item);
	}
	ok(json_array_size(cases) == 127, "127 synthetic cases");

	start(1780272000);
	load_evidence("synthetic-a/quote/ok.bin");
	is_verdict(run(), TACIT_CHAIN, "tdx.pck.root", "without its root it is nothing");
	json_decref(index);
}

/* ---- event logs, and the rest -------------------------------------------------------------- */

static void test_event_logs(void)
{
	static const char COS[] = "tdx-v4-gcp-cos113-2024-12";
	const struct tacit_claims *claims;

	start(1734396600);
	load_evidence("tdx-v4-gcp-cos113-2024-12/quote.bin");
	add_folder(COS, NULL, NULL);
	ok(add("ccel/google-cos113.bin"), "the log is read");
	is_verdict(run(), TACIT_OK, NULL, "cos113 with its own event log");
	claims = tacit_verdict_claims(&s.verdict);
	ok(claims && claims->tdx->events.replayed && claims->tdx->events.rtmr3_matches &&
		   claims->tdx->events.log.events == 43 && claims->tdx->events.log.length == 18101,
	   "43 events, which end at byte 18101");

	start(1734396600);
	load_evidence("tdx-v4-gcp-teepot-2024-12/quote.bin");
	add_folder("tdx-v4-gcp-teepot-2024-12", NULL, NULL);
	ok(add("ccel/google-cos113.bin"), "the log is read");
	is_verdict(run(), TACIT_BINDING, "tdx.event_log.replay", "the log of another guest");
	ok(tacit_verdict_claims(&s.verdict) == NULL, "and no claims to decide on");
}

struct log_case {
	const char *path;
	uint32_t events;
	size_t length;
	const char *rtmr[4]; /* first 16 digits */
};

static void test_replay(void)
{
	static const struct log_case LOGS[] = {
		{ "ccel/google-cos113.bin",
		  43,
		  18101,
		  { "3fa2f61f395b7f5f", "f62dbc072bd5d3f3", "4969684dc87381fc",
		    "0000000000000000" } },
		{ "ccel/ccapi-sbx.bin",
		  98,
		  15812,
		  { "c15727cac1f57d0e", "61e958c6f954ce23", "58bc48d5c4866725",
		    "0000000000000000" } },
		{ "ccel/trustee-aael-alibaba.bin",
		  87,
		  11707,
		  { "b796e1c11396c198", "3b0b906140fcea68", "35f2801338c1b5fc",
		    "5e4ecd49d3c7983d" } },
		{ "ccel/trustee-gke-grub.bin",
		  35,
		  21897,
		  { "bc9945139042cf2c", "c17cb288a4dee302", "334aeba2c985f888",
		    "0000000000000000" } },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(LOGS); i++) {
		struct tacit_slice file = load(LOGS[i].path);
		struct tacit_event_log log = { 0 };
		struct tacit_error err = { 0 };
		char hex[97];
		bool same = true;

		is_status(tacit_event_log_replay(file, &log, &err), TACIT_OK, LOGS[i].path);
		for (size_t k = 0; k < 4; k++) {
			tacit_hex_encode(TACIT_SLICE_ARRAY(log.rtmr[k]), hex);
			same &= strncmp(hex, LOGS[i].rtmr[k], 16) == 0;
		}
		ok(same, "%s: all registers", LOGS[i].path);
		ok(log.events == LOGS[i].events && log.length == LOGS[i].length,
		   "%s: %u events, %zu bytes", LOGS[i].path, (unsigned)log.events, log.length);
		vector_done(file);
	}
	struct tacit_slice table = load("ccel/google-cos113-acpi-table.bin");
	struct tacit_event_log log;
	is_status(tacit_event_log_replay(table, &log, NULL), TACIT_FORMAT,
		  "the ACPI table is no log");
	vector_done(table);
}

/* Collateral that was found broken elsewhere, beside quotes it could be for. */
static void test_negative_collateral(void)
{
	static const char *const PIECES_OF[] = {
		"negative-collateral/fortanix-corrupt_qe3_identity.json",
		"negative-collateral/fortanix-qe3_identity.json", /* of 2020 */
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(PIECES_OF); i++) {
		start(1751624924);
		load_evidence("sgx-v3-e3-00a06711-phala/quote.bin");
		add_folder("sgx-v3-e3-00a06711-phala", "qeidentity.json", PIECES_OF[i]);
		is_answer(run(), false, "sgx-v3-e3-00a06711-phala with", PIECES_OF[i]);
	}
	start(1672614773);
	load_evidence("sgx-v3-icx-00606a-oasis-2022-12/quote.bin");
	add_folder("sgx-v3-icx-00606a-oasis-2022-12", "tcb_signing_chain.pem",
		   "negative-collateral/oasis-certs_bad.pem");
	is_answer(run(), false, "sgx-v3-icx-00606a-oasis-2022-12 with", "certs_bad.pem");
}

int main(void)
{
	const char *dir = tap_vectors();

	if (!dir) {
		skip("quotes of TDX and SGX", "no shared vectors (TACIT_VECTORS)");
		return done();
	}
	snprintf(s.dir, sizeof(s.dir), "%s", dir);
	test_real();
	test_changed_root();
	test_hostile("hostile-v4");
	test_hostile("hostile-v3");
	test_hostile_collateral();
	test_synthetic();
	test_event_logs();
	test_replay();
	test_negative_collateral();
	start(0);
	return done();
}
