/* SPDX-License-Identifier: Apache-2.0 */

/* Verdicts as JSON, receipts by the line, and claims shown without a signature. */

#include "receipt/batch.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "receipt/peek.h"
#include "tests/unit/test_receipt_kit.h"

static struct kit k;
static struct tacit_batch batch;
static struct tacit_receipt_expect defaults;
static uint8_t room[4096];
static struct tacit_slice receipt;
static char hex[8192], b64[8192], url[8192], key_hex[65];
static json_t *got;

static void issue(void)
{
	if (tacit_receipt_issue(&k.claims, k.key, tacit_mut_of(room, sizeof(room)), &receipt,
				NULL) != TACIT_OK)
		abort();
	tacit_hex_encode(receipt, hex);
	tacit_base64_encode(TACIT_BASE64, receipt, b64);
	tacit_base64_encode(TACIT_BASE64URL, receipt, url);
}

static void begin(enum tacit_report_checks checks)
{
	if (tacit_batch_init(&batch, &defaults, checks, NULL) != TACIT_OK)
		abort();
}

static const char *text(const char *name)
{
	const char *value = json_string_value(json_object_get(got, name));

	return value ? value : "";
}

/* Runs one line; its answer is parsed into `got`. */
static enum tacit_outcome run(struct tacit_slice line)
{
	static char out[TACIT_BATCH_ROOM];
	struct writer w = wr_of(tacit_mut_of(out, sizeof(out)));
	enum tacit_outcome outcome = tacit_batch_line(&batch, line, &w);

	json_decref(got);
	got = NULL;
	if (w.bad || out[w.at - 1] != '\n' || memchr(out, '\n', w.at - 1) ||
	    tacit_json_parse(tacit_slice_of(out, w.at - 1), &got, NULL) != TACIT_OK ||
	    strcmp(text("schema"), TACIT_REPORT_SCHEMA) != 0 ||
	    strcmp(text("verdict"), tacit_outcome_name(outcome)) != 0)
		ok(false, "one line of JSON with the verdict: %.*s", (int)w.at, out);
	return outcome;
}

static enum tacit_outcome run_text(const char *line)
{
	return run(tacit_slice_str(line));
}

static void verified(const char *line, const char *name)
{
	if (!ok(run_text(line) == TACIT_VERIFIED && json_is_null(json_object_get(got, "code")) &&
			strcmp(text("assurance"), "AIR-local") == 0,
		"%s", name))
		printf("# %s %s\n", text("code"), text("why"));
}

static void not_verified(const char *line, const char *code, const char *why, const char *name)
{
	enum tacit_outcome outcome = run_text(line);

	if (!ok(outcome != TACIT_VERIFIED && strcmp(text("code"), code) == 0 &&
			strstr(text("why"), why) && json_is_null(json_object_get(got, "assurance")),
		"%s: %s", name, code))
		printf("# %s: %s\n", text("code"), text("why"));
}

static const char *object(const char *members)
{
	static char line[16384];

	snprintf(line, sizeof(line), "{\"receipt\":\"%s\"%s%s}", url, *members ? "," : "", members);
	return line;
}

static void try_forms(void)
{
	defaults = kit_expect(&k);
	begin(TACIT_REPORT_FAILED);
	verified(hex, "hex");
	verified(b64, "base64");
	verified(url, "base64url");
	ok(json_is_null(json_object_get(got, "id")) &&
		   json_array_size(json_object_get(got, "checks")) == 0 &&
		   strcmp(json_string_value(json_array_get(json_object_get(got, "warnings"), 0)),
			  "no-replay-check") == 0,
	   "without id and checks, with the warning");
	verified(object(""), "an object");
	hex[0] = 'D';
	verified(hex, "hex in capitals");
	hex[0] = 'd';
	hex[1] = '0';
	not_verified(hex, "COSE_DECODE_FAILED", "COSE", "base64 by its looks, but no receipt");
	hex[1] = '2';
	not_verified("", "BAD_LINE", "not hex", "an empty line");
	not_verified("zzz!", "BAD_LINE", "not hex", "noise");
	not_verified("d28", "BAD_LINE", "not hex", "hex of odd length");
	not_verified("{", "BAD_LINE", "", "half an object");
	not_verified("{}", "BAD_LINE", "\"receipt\" is missing", "an empty object");
	not_verified("{\"receipt\":1}", "BAD_LINE", "\"receipt\" is missing", "a number");
	not_verified("{\"receipt\":\"\"}", "BAD_LINE", "not hex", "an empty receipt");
	not_verified("{\"receipt\":\"AA\",\"receipt\":\"AA\"}", "BAD_LINE", "duplicate", "twice");
	not_verified("{\"receipt\":\"AA\"} {}", "BAD_LINE", "", "two objects");
	not_verified("A2AA", "COSE_DECODE_FAILED", "COSE_DECODE", "2 in second place is not hex");
	not_verified("AAAA", "COSE_DECODE_FAILED", "COSE_DECODE", "no receipt");
	ok(json_integer_value(json_object_get(got, "layer")) == 1 &&
		   json_array_size(json_object_get(got, "checks")) == 1,
	   "with layer and check");

	static char big[TACIT_BATCH_LINE_MAX + 2];
	memset(big, 'A', sizeof(big) - 1);
	ok(run(tacit_slice_of(big, TACIT_BATCH_LINE_MAX + 1)) == TACIT_MALFORMED &&
		   strstr(text("why"), "line of more than"),
	   "a line too long");
	ok(run(tacit_slice_of(big, 87384)) == TACIT_MALFORMED && strstr(text("why"), "not hex"),
	   "a receipt too long");
	ok(run(tacit_slice_of(big, 87380)) == TACIT_MALFORMED &&
		   strcmp(text("code"), "COSE_DECODE_FAILED") == 0,
	   "nearly too long");
	tacit_batch_done(&batch);
}

#define A2 "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define B2 "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define C3 "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"
#define D4 "d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4"

static void try_members(void)
{
	static const struct {
		const char *members;
		const char *code; /* NULL: verified */
		const char *why;
	} CASES[] = {
		{ "\"nonce\":\"6e6f6e63656e6f6e6365\"", NULL, "" },
		{ "\"nonce\":\"6e6f6e63656e6f6e6366\"", "NONCE_MISMATCH", "NONCE" },
		{ "\"nonce\":\"\"", "BAD_LINE", "\"nonce\" is not" },
		{ "\"nonce\":\"0\"", "BAD_LINE", "\"nonce\" is not" },
		{ "\"nonce\":null", "BAD_LINE", "\"nonce\" is not" },
		{ "\"model_hash\":\"" A2 "\"", NULL, "" },
		{ "\"model_hash\":\"" B2 "\"", "MODEL_HASH_MISMATCH", "" },
		{ "\"model_hash\":\"a1\"", "BAD_LINE", "64 hex digits" },
		{ "\"model_hash\":\"" A2 "a1\"", "BAD_LINE", "64 hex digits" },
		{ "\"model_hash\":5", "BAD_LINE", "64 hex digits" },
		{ "\"request_hash\":\"" B2 "\",\"response_hash\":\"" C3 "\",\"doc_hash\":\"" D4
		  "\"",
		  NULL, "" },
		{ "\"request_hash\":\"" C3 "\"", "REQUEST_HASH_MISMATCH", "" },
		{ "\"response_hash\":\"" B2 "\"", "RESPONSE_HASH_MISMATCH", "" },
		{ "\"doc_hash\":\"" B2 "\"", "ATTESTATION_DOC_HASH_MISMATCH", "" },
		{ "\"model_id\":\"demo\"", NULL, "" },
		{ "\"model_id\":\"Demo\"", "MODEL_ID_MISMATCH", "" },
		{ "\"model_id\":\"\"", "MODEL_ID_MISMATCH", "" },
		{ "\"model_id\":1", "BAD_LINE", "is not a text" },
		{ "\"now\":1790000010,\"max_age\":10", NULL, "" },
		{ "\"now\":\"2026-09-21T14:13:30Z\",\"max_age\":10", NULL, "" },
		{ "\"now\":1790000011,\"max_age\":10", "TIMESTAMP_STALE", "" },
		{ "\"now\":1789999000", "TIMESTAMP_FUTURE", "" },
		{ "\"max_age\":10", "CLOCK_ERROR", "" },
		{ "\"max_age\":0", "BAD_LINE", "positive" },
		{ "\"max_age\":-1", "BAD_LINE", "positive" },
		{ "\"max_age\":\"10\"", "BAD_LINE", "positive" },
		{ "\"now\":0", "BAD_LINE", "after 1970" },
		{ "\"now\":true", "BAD_LINE", "not a time" },
		{ "\"now\":1790000010.0", "BAD_LINE", "not a time" },
		{ "\"now\":\"yesterday\"", "BAD_LINE", "not a time" },
		{ "\"received_at\":\"x\",\"server\":1,\"verdict\":null", NULL, "" },
		{ "\"nonse\":\"00\"", "BAD_LINE", "unknown member \"nonse\"" },
		{ "\"Nonce\":\"00\"", "BAD_LINE", "unknown member" },
		{ "\"require_production\":true", "BAD_LINE", "unknown member" },
		{ "\"key\":\"00\"", "BAD_LINE", "64 hex digits" },
		{ "\"key\":\"" A2 "\"", "BAD_LINE", "\"key\" differs" },
	};

	defaults = kit_expect(&k);
	begin(TACIT_REPORT_FAILED);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CASES); i++) {
		if (CASES[i].code)
			not_verified(object(CASES[i].members), CASES[i].code, CASES[i].why,
				     CASES[i].members);
		else
			verified(object(CASES[i].members), CASES[i].members);
	}
	tacit_batch_done(&batch);
}

static void try_ids(void)
{
	static char long_id[TACIT_BATCH_ID_MAX + 32];

	defaults = kit_expect(&k);
	begin(TACIT_REPORT_FAILED);
	verified(object("\"id\":\"r \\u0001 \\\"7\\\"\""), "a text as id");
	ok(strcmp(text("id"), "r \x01 \"7\"") == 0, "comes back");
	verified(object("\"id\":9007199254740993"), "a number as id");
	ok(json_integer_value(json_object_get(got, "id")) == 9007199254740993, "comes back");
	not_verified(object("\"id\":\"x\",\"bad\":1"), "BAD_LINE", "unknown member", "a bad line");
	ok(strcmp(text("id"), "x") == 0, "still has its id");
	not_verified(object("\"id\":-1"), "BAD_LINE", "\"id\"", "a negative id");
	not_verified(object("\"id\":{}"), "BAD_LINE", "\"id\"", "an object as id");
	snprintf(long_id, sizeof(long_id), "\"id\":\"%0*d\"", TACIT_BATCH_ID_MAX, 7);
	verified(object(long_id), "an id at its longest");
	snprintf(long_id, sizeof(long_id), "\"id\":\"%0*d\"", TACIT_BATCH_ID_MAX + 1, 7);
	not_verified(object(long_id), "BAD_LINE", "\"id\"", "one longer");
	tacit_batch_done(&batch);
}

static void try_keys(void)
{
	char members[200];
	struct tacit_error err = { 0 };
	static const uint8_t SMALL[32] = { 1 };

	memset(&defaults, 0, sizeof(defaults));
	begin(TACIT_REPORT_FAILED);
	not_verified(url, "BAD_LINE", "no key", "no key at all");
	snprintf(members, sizeof(members), "\"key\":\"%s\"", key_hex);
	verified(object(members), "a key in the line");
	not_verified(url, "BAD_LINE", "no key", "it does not stay for the next line");
	verified(object(members), "the same key again");
	not_verified(object("\"key\":\"" A2 "\""), "SIG_FAILED", "SIG", "another key");
	not_verified(object("\"key\":\"0100000000000000000000000000000000000000000000000000000000"
			    "000000\""),
		     "SIG_FAILED", "not usable", "a key of small order");
	verified(object(members), "the good key after bad ones");
	tacit_batch_done(&batch);

	defaults.key = TACIT_SLICE_ARRAY(SMALL);
	is_status(tacit_batch_init(&batch, &defaults, TACIT_REPORT_ALL, &err), TACIT_FORMAT,
		  "a default key of small order is refused at once");
}

static void try_defaults(void)
{
	char members[200];

	snprintf(members, sizeof(members), "\"key\":\"%s\"", key_hex);
	defaults = kit_expect(&k);
	defaults.request_hash = TACIT_SLICE_ARRAY(k.claims.request_hash);
	defaults.now = KIT_NOW;
	defaults.max_age = 5;
	begin(TACIT_REPORT_FAILED);
	verified(object(members), "the default key, said again");
	verified(object("\"request_hash\":\"" B2 "\",\"now\":1790000000,\"max_age\":5"),
		 "what holds for all, said again");
	not_verified(object("\"request_hash\":\"" C3 "\""), "BAD_LINE", "differs",
		     "a line cannot ask for another hash");
	not_verified(object("\"max_age\":50"), "BAD_LINE", "differs", "nor for another age");
	not_verified(object("\"now\":1790000001"), "BAD_LINE", "differs", "nor for another time");
	defaults.request_hash = TACIT_SLICE_ARRAY(k.claims.response_hash);
	tacit_batch_done(&batch);
	begin(TACIT_REPORT_FAILED);
	not_verified(url, "REQUEST_HASH_MISMATCH", "RHASH", "defaults hold for bare lines");
	tacit_batch_done(&batch);
}

/* The key comes from the binding, and every receipt is held against the evidence. */
static void try_evidence(void)
{
	static const uint8_t RAW[] = "raw evidence";
	struct tacit_claims evidence = { .tee = TACIT_TEE_STUB, .has_binding = true };
	struct tacit_measurement registers[3];
	uint8_t hash[TACIT_HASH_MAX];

	for (size_t i = 0; i < 3; i++) {
		registers[i].name = tacit_profile_key(tacit_profile_of(TACIT_MTYPE_NITRO), i);
		registers[i].value = TACIT_SLICE_ARRAY(kit_registers[i]);
	}
	evidence.measurements = registers;
	evidence.measurement_count = 3;
	evidence.binding.model_id = tacit_slice_str("demo");
	memset(evidence.binding.model_hash, 0xa1, 32);
	memcpy(evidence.binding.receipt_key, k.public_key, 32);
	memset(&defaults, 0, sizeof(defaults));
	defaults.evidence = &evidence;
	defaults.evidence_raw = TACIT_SLICE_ARRAY(RAW);
	begin(TACIT_REPORT_FAILED);
	not_verified(url, "ATTESTATION_DOC_HASH_MISMATCH", "E2E_DOC_HASH", "other evidence");
	if (tacit_hash(TACIT_SHA256, TACIT_SLICE_ARRAY(RAW), hash, NULL) != TACIT_OK)
		abort();
	memcpy(k.claims.attestation_doc_hash, hash, 32);
	issue();
	ok(run_text(url) == TACIT_VERIFIED && strcmp(text("assurance"), "end-to-end") == 0,
	   "end to end with the key of the binding");
	not_verified(object("\"key\":\"" A2 "\""), "BAD_LINE", "differs", "no other key");
	tacit_batch_done(&batch);
	k.claims = kit_claims();
	issue();
}

static json_t *check_of(const char *name)
{
	json_t *checks = json_object_get(got, "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check)
	{
		if (strcmp(json_string_value(json_object_get(check, "name")), name) == 0)
			return check;
	}
	return NULL;
}

static void try_report(void)
{
	json_t *claims, *meas;

	defaults = kit_expect(&k);
	begin(TACIT_REPORT_ALL);
	verified(url, "all checks");
	ok(json_array_size(json_object_get(got, "checks")) == 33, "33 of them");
	json_t *sig = check_of("SIG"), *replay = check_of("REPLAY");
	ok(sig && strcmp(json_string_value(json_object_get(sig, "result")), "pass") == 0 &&
		   json_integer_value(json_object_get(sig, "layer")) == 2 &&
		   json_is_null(json_object_get(sig, "code")) && json_object_size(sig) == 4,
	   "SIG passed");
	ok(replay && strcmp(json_string_value(json_object_get(replay, "result")), "skip") == 0,
	   "REPLAY was skipped");
	claims = json_object_get(got, "claims");
	meas = json_object_get(claims, "enclave_measurements");
	ok(json_object_size(claims) == 19 && json_object_size(meas) == 4, "19 claims");
	ok(json_integer_value(json_object_get(claims, "iat")) == KIT_NOW &&
		   strcmp(json_string_value(json_object_get(claims, "iat_time")),
			  "2026-09-21T14:13:20Z") == 0 &&
		   strcmp(json_string_value(json_object_get(claims, "cti")),
			  "000102030405060708090a0b0c0d0e0f") == 0 &&
		   strcmp(json_string_value(json_object_get(claims, "model_hash")), A2) == 0 &&
		   strcmp(json_string_value(json_object_get(claims, "eat_nonce")),
			  "6e6f6e63656e6f6e6365") == 0 &&
		   strcmp(json_string_value(json_object_get(claims, "security_mode")),
			  "evaluation") == 0 &&
		   strcmp(json_string_value(json_object_get(meas, "measurement_type")),
			  "nitro-pcr") == 0 &&
		   strlen(json_string_value(json_object_get(meas, "pcr2"))) == 96,
	   "with their values");

	k.claims = kit_snp_claims();
	issue();
	verified(url, "a receipt of SNP");
	claims = json_object_get(got, "claims");
	meas = json_object_get(claims, "enclave_measurements");
	ok(json_object_size(meas) == 2 &&
		   strcmp(json_string_value(json_object_get(claims, "eat_profile")),
			  TACIT_RECEIPT_PROFILE_SNP) == 0 &&
		   strcmp(json_string_value(json_object_get(meas, "measurement_type")),
			  "snp-launch-digest") == 0 &&
		   strncmp(json_string_value(json_object_get(meas, "measurement")), "0101", 4) == 0,
	   "with its profile and its launch digest");
	k.claims = kit_claims();

	k.claims.eat_nonce = k.claims.model_hash_scheme = tacit_slice_of(NULL, 0);
	k.claims.iat = UINT64_MAX / 2 + 1;
	k.claims.model_id = tacit_slice_str("a\x01\"\xe2\x80\xae");
	issue();
	verified(url, "an iat beyond int64, texts that act on terminals");
	claims = json_object_get(got, "claims");
	ok(strcmp(json_string_value(json_object_get(claims, "iat")), "9223372036854775808") == 0 &&
		   json_is_null(json_object_get(claims, "iat_time")) &&
		   json_is_null(json_object_get(claims, "eat_nonce")) &&
		   json_is_null(json_object_get(claims, "model_hash_scheme")) &&
		   strcmp(json_string_value(json_object_get(claims, "model_id")),
			  "a\x01\"\xe2\x80\xae") == 0,
	   "are told");
	k.claims.iat = UINT64_MAX;
	k.claims.sequence_number = INT64_MAX;
	issue();
	verified(url, "the ends of numbers");
	claims = json_object_get(got, "claims");
	ok(strcmp(json_string_value(json_object_get(claims, "iat")), "18446744073709551615") == 0 &&
		   json_integer_value(json_object_get(claims, "sequence_number")) == INT64_MAX,
	   "are told");
	tacit_batch_done(&batch);
	k.claims = kit_claims();
	issue();
}

/* The longest of everything fits the room that the header promises. */
static void try_room(void)
{
	static uint8_t ones[256], nonce[64];
	static char line[8192], out[TACIT_BATCH_ROOM];
	struct writer w = wr_of(tacit_mut_of(out, sizeof(out)));
	char *at = line;

	memset(ones, 1, sizeof(ones));
	k.claims.iss = k.claims.model_id = k.claims.policy_version = TACIT_SLICE_ARRAY(ones);
	k.claims.model_version = tacit_slice_of(ones, 128);
	k.claims.eat_nonce = TACIT_SLICE_ARRAY(nonce);
	for (size_t i = 0; i < TACIT_RECEIPT_SLOTS; i++)
		k.claims.measurements[i] = TACIT_SLICE_ARRAY(kit_registers[i]);
	issue();
	at += snprintf(line, sizeof(line), "{\"receipt\":\"%s\",\"id\":\"", url);
	for (size_t i = 0; i < TACIT_BATCH_ID_MAX; i++)
		at += snprintf(at, sizeof(line) - (size_t)(at - line), "\\u0001");
	snprintf(at, sizeof(line) - (size_t)(at - line), "\"}");
	defaults = kit_expect(&k);
	begin(TACIT_REPORT_ALL);
	enum tacit_outcome outcome = tacit_batch_line(&batch, tacit_slice_str(line), &w);
	ok(outcome == TACIT_VERIFIED && !w.bad, "the longest answer has %zu bytes", w.at);
	tacit_batch_done(&batch);
	k.claims = kit_claims();
	issue();
}

static void try_peek(void)
{
	struct tacit_receipt_claims claims = { .iat = 5 };
	struct tacit_error err = { 0 };

	is_status(tacit_peek_claims(receipt, &claims, NULL), TACIT_OK, "claims without a key");
	ok(claims.iat == KIT_NOW && tacit_slice_eq(claims.model_id, k.claims.model_id),
	   "are there");
	room[receipt.len - 1] ^= 1;
	is_status(tacit_peek_claims(receipt, &claims, NULL), TACIT_OK, "whatever the signature");
	claims.iat = 5;
	is_status(tacit_peek_claims(tacit_slice_of(room, receipt.len - 1), &claims, &err),
		  TACIT_FORMAT, "but not of a cut receipt");
	ok(claims.iat == 5 && strstr(err.detail, "COSE_DECODE"), "output untouched");
	room[16] ^= 0x80;
	is_status(tacit_peek_claims(receipt, &claims, NULL), TACIT_FORMAT, "nor of broken claims");
	issue();
}

int main(void)
{
	kit_init(&k);
	issue();
	tacit_hex_encode(TACIT_SLICE_ARRAY(k.public_key), key_hex);
	try_forms();
	try_members();
	try_ids();
	try_keys();
	try_defaults();
	try_evidence();
	try_report();
	try_room();
	try_peek();
	json_decref(got);
	tacit_receipt_key_free(k.key);
	return done();
}
