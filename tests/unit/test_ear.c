/* SPDX-License-Identifier: Apache-2.0 */

/* EAR claims sets and tokens: what is read, what is refused, and what is written. */

#include "appraise/ear.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "base/writer.h"
#include "codec/jwt.h"
#include "tests/tap.h"

#define NOW 1700000100

static uint8_t room[1 << 20];
static struct tacit_arena arena;

static struct tacit_arena *fresh(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	return &arena;
}

/* ---- words --------------------------------------------------------------------------------- */

static void test_tiers(void)
{
	static const struct {
		int from, to;
		enum tacit_ear_status want;
	} ROWS[] = {
		{ -128, -97, TACIT_EAR_CONTRAINDICATED }, { -96, -33, TACIT_EAR_WARNING },
		{ -32, -2, TACIT_EAR_AFFIRMING },         { -1, 1, TACIT_EAR_NONE },
		{ 2, 31, TACIT_EAR_AFFIRMING },           { 32, 95, TACIT_EAR_WARNING },
		{ 96, 127, TACIT_EAR_CONTRAINDICATED },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		bool all = true;

		for (int v = ROWS[i].from; v <= ROWS[i].to; v++)
			all &= tacit_ear_tier((int8_t)v) == ROWS[i].want;
		ok(all, "%d to %d is %s", ROWS[i].from, ROWS[i].to,
		   tacit_ear_status_name(ROWS[i].want));
	}
}

static void test_order(void)
{
	static const enum tacit_ear_status ORDER[] = { TACIT_EAR_AFFIRMING, TACIT_EAR_NONE,
						       TACIT_EAR_WARNING,
						       TACIT_EAR_CONTRAINDICATED };
	bool all = true;

	for (size_t a = 0; a < 4; a++)
		for (size_t b = 0; b < 4; b++)
			all &= tacit_ear_worse(ORDER[a], ORDER[b]) == ORDER[a > b ? a : b];
	ok(all, "affirming, none, warning, contraindicated");

	static const struct {
		enum tacit_ear_status status;
		int8_t value;
		bool want;
	} ROWS[] = {
		{ TACIT_EAR_AFFIRMING, 2, true },
		{ TACIT_EAR_AFFIRMING, 31, true },
		{ TACIT_EAR_AFFIRMING, 0, true },
		{ TACIT_EAR_AFFIRMING, 1, false },
		{ TACIT_EAR_AFFIRMING, -1, false },
		{ TACIT_EAR_AFFIRMING, 32, false },
		{ TACIT_EAR_AFFIRMING, 97, false },
		{ TACIT_EAR_NONE, 2, true },
		{ TACIT_EAR_NONE, 1, true },
		{ TACIT_EAR_NONE, 33, false },
		{ TACIT_EAR_NONE, -97, false },
		{ TACIT_EAR_WARNING, 95, true },
		{ TACIT_EAR_WARNING, 96, false },
		{ TACIT_EAR_CONTRAINDICATED, 99, true },
		{ TACIT_EAR_CONTRAINDICATED, 2, true },
	};
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_ear_vector vector = { 0 };

		ok(tacit_ear_borne_out(ROWS[i].status, &vector), "no vector bears out anything");
		tacit_ear_set(&vector, TACIT_EAR_HARDWARE, 2);
		tacit_ear_set(&vector, TACIT_EAR_SOURCED_DATA, ROWS[i].value);
		ok(tacit_ear_borne_out(ROWS[i].status, &vector) == ROWS[i].want, "%s with %d",
		   tacit_ear_status_name(ROWS[i].status), ROWS[i].value);
	}
}

/* ---- JSON ---------------------------------------------------------------------------------- */

#define HEAD_D    "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#03\","
#define ID_D      "\"ear_verifier_id\":{\"developer\":\"d\",\"build\":\"b\"},"
#define SUB_D     "\"submods\":{\"cpu\":{\"ear_status\":\"affirming\"}}"
#define HEAD_V    "{\"eat_profile\":\"tag:github.com,2023:veraison/ear\","
#define ID_V      "\"ear.verifier-id\":{\"developer\":\"d\",\"build\":\"b\"},"
#define SUB_V     "\"submods\":{\"cpu\":{\"ear.status\":\"affirming\"}}"
#define CPU(text) HEAD_D "\"iat\":1," ID_D "\"submods\":{\"cpu\":{" text "}}}"
#define AFF       "\"ear_status\":\"affirming\""
#define VEC(text) CPU(AFF ",\"ear_trustworthiness_vector\":{" text "}")

static const struct {
	const char *name, *text;
	const char *want; /* the overall status, or NULL when it is refused */
} JSON[] = {
	{ "the draft's names", HEAD_D "\"iat\":1," ID_D SUB_D "}", "affirming" },
	{ "Veraison's names", HEAD_V "\"iat\":1," ID_V SUB_V "}", "affirming" },
	{ "Trustee's profile",
	  "{\"eat_profile\":\"tag:github.com,2024:confidential-containers/Trustee\",\"iat\":1," ID_V
		  SUB_V "}",
	  "affirming" },
	{ "the profile last",
	  "{" SUB_V ",\"iat\":1," ID_V "\"eat_profile\":\"tag:github.com,2023:veraison/ear\"}",
	  "affirming" },
	{ "unknown members", HEAD_D "\"x\":[1.5,{\"y\":null}],\"iat\":1," ID_D SUB_D "}",
	  "affirming" },
	{ "a number as status", CPU("\"ear_status\":32"), "warning" },
	{ "zero as status", CPU("\"ear_status\":0"), "none" },
	{ "the worst of two",
	  HEAD_D "\"iat\":1," ID_D "\"submods\":{\"a\":{\"ear_status\":\"contraindicated\"},"
		 "\"b\":{" AFF "}}}",
	  "contraindicated" },
	{ "none beside affirming",
	  HEAD_D "\"iat\":1," ID_D "\"submods\":{\"a\":{" AFF "},\"b\":{\"ear_status\":\"none\"}}}",
	  "none" },
	{ "a vector", VEC("\"hardware\":2,\"file-system\":-2,\"sourced-data\":0"), "affirming" },
	{ "an empty vector", VEC(""), "affirming" },
	{ "policies", CPU(AFF ",\"ear_appraisal_policy_ids\":[\"a\",\"b\"]"), "affirming" },
	{ "a real as time, of Veraison", HEAD_V "\"iat\":1.666529184e+09," ID_V SUB_V "}",
	  "affirming" },
	{ "a time before 1970", HEAD_V "\"iat\":-5.5," ID_V SUB_V "}", "affirming" },

	{ "a real as time, of the draft", HEAD_D "\"iat\":1.0," ID_D SUB_D "}", NULL },
	{ "an exponent, of the draft", HEAD_D "\"iat\":1e9," ID_D SUB_D "}", NULL },
	{ "no digits behind the e", HEAD_V "\"iat\":1e," ID_V SUB_V "}", NULL },
	{ "no digits behind the point", HEAD_V "\"iat\":1.," ID_V SUB_V "}", NULL },
	{ "a sign alone", HEAD_V "\"iat\":-," ID_V SUB_V "}", NULL },
	{ "a text as time", HEAD_D "\"iat\":\"1\"," ID_D SUB_D "}", NULL },
	{ "a time beyond all", HEAD_D "\"iat\":9223372036854775808," ID_D SUB_D "}", NULL },
	{ "a real beyond all", HEAD_V "\"iat\":1e30," ID_V SUB_V "}", NULL },
	{ "an exponent beyond all", HEAD_V "\"iat\":1e99999999999999999999," ID_V SUB_V "}", NULL },
	{ "exp as text", HEAD_D "\"iat\":1,\"exp\":\"2\"," ID_D SUB_D "}", NULL },
	{ "nbf as text", HEAD_D "\"iat\":1,\"nbf\":\"2\"," ID_D SUB_D "}", NULL },
	{ "no profile", "{\"iat\":1," ID_D SUB_D "}", NULL },
	{ "another profile",
	  "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iat\":1," ID_D SUB_D "}", NULL },
	{ "a profile that is no text", "{\"eat_profile\":1,\"iat\":1," ID_D SUB_D "}", NULL },
	{ "the profile twice",
	  HEAD_D "\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"iat\":1," ID_D SUB_D "}",
	  NULL },
	{ "Veraison's names in the draft's profile", HEAD_D "\"iat\":1," ID_V SUB_V "}", NULL },
	{ "the draft's names in Veraison's", HEAD_V "\"iat\":1," ID_D SUB_D "}", NULL },
	{ "both verifiers", HEAD_D "\"iat\":1," ID_D ID_V SUB_D "}", NULL },
	{ "both statuses", CPU(AFF ",\"ear.status\":\"affirming\""), NULL },
	{ "the other vector", CPU(AFF ",\"ear.trustworthiness-vector\":{\"hardware\":97}"), NULL },
	{ "the other policy", CPU(AFF ",\"ear.appraisal-policy-id\":\"x\""), NULL },
	{ "the other raw evidence", HEAD_D "\"iat\":1,\"ear.raw-evidence\":\"\"," ID_D SUB_D "}",
	  NULL },
	{ "raw evidence that is no text", HEAD_D "\"iat\":1,\"ear_raw_evidence\":1," ID_D SUB_D "}",
	  NULL },
	{ "no time", HEAD_D ID_D SUB_D "}", NULL },
	{ "no verifier", HEAD_D "\"iat\":1," SUB_D "}", NULL },
	{ "a verifier without a build",
	  HEAD_D "\"iat\":1,\"ear_verifier_id\":{\"developer\":\"d\"}," SUB_D "}", NULL },
	{ "a verifier without a developer",
	  HEAD_D "\"iat\":1,\"ear_verifier_id\":{\"build\":\"d\"}," SUB_D "}", NULL },
	{ "a verifier that is a text", HEAD_D "\"iat\":1,\"ear_verifier_id\":\"d\"," SUB_D "}",
	  NULL },
	{ "no submodules", HEAD_D "\"iat\":1," ID_D "\"x\":1}", NULL },
	{ "an empty list of them", HEAD_D "\"iat\":1," ID_D "\"submods\":{}}", NULL },
	{ "a list", HEAD_D "\"iat\":1," ID_D "\"submods\":[]}", NULL },
	{ "a submodule that is a token", HEAD_D "\"iat\":1," ID_D "\"submods\":{\"a\":\"ey\"}}",
	  NULL },
	{ "a submodule twice",
	  HEAD_D "\"iat\":1," ID_D "\"submods\":{\"a\":{" AFF "},\"a\":{" AFF "}}}", NULL },
	{ "no status", CPU("\"ear_trustworthiness_vector\":{}"), NULL },
	{ "an unknown status", CPU("\"ear_status\":\"great\""), NULL },
	{ "a status in capitals", CPU("\"ear_status\":\"Affirming\""), NULL },
	{ "an unknown number", CPU("\"ear_status\":3"), NULL },
	{ "a real", CPU("\"ear_status\":2.0"), NULL },
	{ "a negative number", CPU("\"ear_status\":-2"), NULL },
	{ "a status that is true", CPU("\"ear_status\":true"), NULL },
	{ "a status twice", CPU("\"ear_status\":\"none\"," AFF), NULL },
	{ "better than its vector", VEC("\"hardware\":97"), NULL },
	{ "better than a warning", VEC("\"hardware\":32"), NULL },
	{ "none over a warning",
	  CPU("\"ear_status\":\"none\",\"ear_trustworthiness_vector\":{\"hardware\":32}"), NULL },
	{ "better than a vector before it",
	  CPU("\"ear_trustworthiness_vector\":{\"hardware\":97}," AFF), NULL },
	{ "a claim of 128", VEC("\"hardware\":128"), NULL },
	{ "a claim of -129", VEC("\"hardware\":-129"), NULL },
	{ "a claim of 2.0", VEC("\"hardware\":2.0"), NULL },
	{ "a claim as text", VEC("\"hardware\":\"2\""), NULL },
	{ "a claim by number", VEC("\"4\":2"), NULL },
	{ "a claim that there is not", VEC("\"software\":2"), NULL },
	{ "a claim twice", VEC("\"hardware\":2,\"hardware\":2"), NULL },
	{ "a vector as list", CPU(AFF ",\"ear_trustworthiness_vector\":[2]"), NULL },
	{ "policies as text", CPU(AFF ",\"ear_appraisal_policy_ids\":\"a\""), NULL },
	{ "nine policies",
	  CPU(AFF ",\"ear_appraisal_policy_ids\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]"),
	  NULL },
	{ "trailing bytes", HEAD_D "\"iat\":1," ID_D SUB_D "}x", NULL },
	{ "a list of claims", "[]", NULL },
	{ "nothing", "", NULL },
};

static void test_json(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(JSON); i++) {
		struct tacit_ear ear = { 0 };
		struct tacit_error err = { 0 };
		enum tacit_status st =
			tacit_ear_parse_json(tacit_slice_str(JSON[i].text), fresh(), &ear, &err);

		if (JSON[i].want)
			ok(st == TACIT_OK && strcmp(tacit_ear_status_name(tacit_ear_overall(&ear)),
						    JSON[i].want) == 0,
			   "JSON: %s", JSON[i].name);
		else
			ok(st == TACIT_FORMAT && !ear.submods, "JSON refused: %s", JSON[i].name);
		if (st != TACIT_OK && JSON[i].want)
			printf("# %s: %s\n", err.where, err.detail);
	}
	struct tacit_ear ear = { 0 };
	ok(tacit_ear_parse_json(tacit_slice_str(JSON[12].text), fresh(), &ear, NULL) == TACIT_OK &&
		   ear.issued == 1666529184,
	   "a real is cut to seconds");
	ok(tacit_ear_parse_json(tacit_slice_str(JSON[13].text), fresh(), &ear, NULL) == TACIT_OK &&
		   ear.issued == -5,
	   "on either side of 1970");
}

/* ---- CBOR ---------------------------------------------------------------------------------- */

#define PROFILE "190109781d7461673a696574662e6f72672c323032363a726174732f656172233033"
#define VERIFIER             \
	"1903eca20061640161" \
	"62"
#define SUBMODS(text) \
	"19010aa161"  \
	"61" text
#define WHOLE(sub)     \
	"a4"           \
	"0601" PROFILE \
	SUBMODS(sub)   \
	VERIFIER

static const struct {
	const char *name, *hex, *want;
} CBOR[] = {
	{ "a status", WHOLE("a11903e802"), "affirming" },
	{ "none", WHOLE("a11903e800"), "none" },
	{ "contraindicated", WHOLE("a11903e81860"), "contraindicated" },
	{ "a vector", WHOLE("a21903e8021903e9a204020721"), "affirming" },
	{ "policies",
	  WHOLE("a21903e8021903eb826161"
		"6162"),
	  "affirming" },
	{ "policies without end",
	  WHOLE("a21903e8021903eb9f6161"
		"6162ff"),
	  "affirming" },
	{ "unknown members", WHOLE("a21903e80219fde8a10102"), "affirming" },
	{ "text members", WHOLE("a21903e8026178f6"), "affirming" },
	{ "a map without end", "bf0601" PROFILE SUBMODS("bf1903e802ff") VERIFIER "ff",
	  "affirming" },
	{ "any order", "a4" VERIFIER SUBMODS("a11903e802") PROFILE "0601", "affirming" },
	{ "exp and nbf",
	  "a6"
	  "0401"
	  "0502"
	  "0601" PROFILE SUBMODS("a11903e802") VERIFIER,
	  "affirming" },

	{ "a status as text",
	  WHOLE("a11903e869616666697"
		"26d696e67"),
	  NULL },
	{ "an unknown status", WHOLE("a11903e803"), NULL },
	{ "a negative status", WHOLE("a11903e821"), NULL },
	{ "no status", WHOLE("a0"), NULL },
	{ "better than its vector", WHOLE("a21903e8021903e9a1041861"), NULL },
	{ "claim 8", WHOLE("a21903e8021903e9a10802"), NULL },
	{ "claim -1", WHOLE("a21903e8021903e9a12002"), NULL },
	{ "a claim by name",
	  WHOLE("a21903e8021903e9a1"
		"616802"),
	  NULL },
	{ "a claim of 128", WHOLE("a21903e8021903e9a1041880"), NULL },
	{ "a claim of -129", WHOLE("a21903e8021903e9a1043880"), NULL },
	{ "a claim as real", WHOLE("a21903e8021903e9a104f94000"), NULL },
	{ "a claim twice", WHOLE("a21903e8021903e9a204020402"), NULL },
	{ "a claim twice, not side by side", WHOLE("a21903e8021903e9a3040200020402"), NULL },
	{ "a claim twice, the longer way", WHOLE("a21903e8021903e9a20402180402"), NULL },
	{ "a status twice", WHOLE("a21903e8181903e802"), NULL },
	{ "a text key twice", WHOLE("a31903e8026178f66178f6"), NULL },
	{ "policies as text", WHOLE("a21903e8021903eb6161"), NULL },
	{ "a policy that is bytes", WHOLE("a21903e8021903eb814161"), NULL },
	{ "nine policies",
	  WHOLE("a21903e8021903eb89"
		"606060606060606060"),
	  NULL },
	{ "a submodule named by number", "a40601" PROFILE "19010aa101a11903e802" VERIFIER, NULL },
	{ "a submodule twice", "a40601" PROFILE "19010aa26161a11903e8026161a11903e802" VERIFIER,
	  NULL },
	{ "no submodule", "a40601" PROFILE "19010aa0" VERIFIER, NULL },
	{ "no submodules", "a30601" PROFILE VERIFIER, NULL },
	{ "no profile", "a30601" SUBMODS("a11903e802") VERIFIER, NULL },
	{ "another profile",
	  "a40601"
	  "1901096178" SUBMODS("a11903e802") VERIFIER,
	  NULL },
	{ "no time", "a3" PROFILE SUBMODS("a11903e802") VERIFIER, NULL },
	{ "a time as real", "a406f93c00" PROFILE SUBMODS("a11903e802") VERIFIER, NULL },
	{ "no verifier", "a30601" PROFILE SUBMODS("a11903e802"), NULL },
	{ "a verifier without a build", "a40601" PROFILE SUBMODS("a11903e802") "1903eca1006164",
	  NULL },
	{ "a verifier without a developer", "a40601" PROFILE SUBMODS("a11903e802") "1903eca1016164",
	  NULL },
	{ "raw evidence as text", "a50601" PROFILE SUBMODS("a11903e802") "1903ea6161" VERIFIER,
	  NULL },
	{ "trailing bytes", WHOLE("a11903e802") "00", NULL },
	{ "a list", "80", NULL },
	{ "nothing", "", NULL },
};

static struct tacit_slice from_hex(const char *hex)
{
	static uint8_t bytes[4096];
	size_t len = 0;

	if (!tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(bytes, sizeof(bytes)), &len))
		ok(false, "hex of a test");
	return tacit_slice_of(bytes, len);
}

static void test_cbor(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CBOR); i++) {
		struct tacit_ear ear = { 0 };
		struct tacit_error err = { 0 };
		struct tacit_slice in = from_hex(CBOR[i].hex);
		enum tacit_status st = tacit_ear_parse_cbor(in, fresh(), &ear, &err);

		if (CBOR[i].want)
			ok(st == TACIT_OK && strcmp(tacit_ear_status_name(tacit_ear_overall(&ear)),
						    CBOR[i].want) == 0,
			   "CBOR: %s", CBOR[i].name);
		else
			ok(st == TACIT_FORMAT && !ear.submods, "CBOR refused: %s", CBOR[i].name);
		if (st != TACIT_OK && CBOR[i].want)
			printf("# %s: %s\n", err.where, err.detail);
	}
}

/* ---- tokens -------------------------------------------------------------------------------- */

static struct tacit_ear_submod submods[2];

static struct tacit_ear sample(enum tacit_ear_names names)
{
	struct tacit_ear ear = {
		.names = names,
		.issued = NOW,
		.developer = tacit_slice_str("a \"developer\""),
		.build = tacit_slice_str("1.0"),
		.raw_evidence = tacit_slice_str("evidence of more than one group of characters, "
						"so that the parts are joined"),
		.nonce = tacit_slice_str("12345678"),
		.submod_count = 2,
		.submods = submods,
	};

	memset(submods, 0, sizeof(submods));
	submods[0].name = tacit_slice_str("tdx");
	submods[0].status = TACIT_EAR_WARNING;
	submods[0].policies[0] = tacit_slice_str("ni:///sha-256;x");
	submods[0].policy_count = 1;
	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		tacit_ear_set(&submods[0].vector, i, (int8_t)(i * 10 - 20));
	submods[1].name = tacit_slice_str("gpu");
	submods[1].status = TACIT_EAR_AFFIRMING;
	return ear;
}

static bool same(const struct tacit_ear *a, const struct tacit_ear *b)
{
	bool all = a->names == b->names && a->issued == b->issued && a->expires == b->expires &&
		   a->expiry == b->expiry && tacit_slice_eq(a->developer, b->developer) &&
		   tacit_slice_eq(a->build, b->build) && a->submod_count == b->submod_count;

	for (size_t i = 0; all && i < a->submod_count; i++) {
		const struct tacit_ear_submod *x = &a->submods[i], *y = &b->submods[i];

		all = tacit_slice_eq(x->name, y->name) && x->status == y->status &&
		      memcmp(&x->vector, &y->vector, sizeof(x->vector)) == 0 &&
		      x->policy_count == y->policy_count;
		for (size_t k = 0; all && k < x->policy_count; k++)
			all = tacit_slice_eq(x->policies[k], y->policies[k]);
	}
	return all;
}

static const enum tacit_key_alg ALGS[] = { TACIT_P256, TACIT_P384, TACIT_ED25519 };
static struct tacit_key *keys[3], *others[3];

static void test_round_trip(void)
{
	for (size_t k = 0; k < 3; k++) {
		for (int form = 0; form < 2; form++) {
			for (int names = 0; names < 2; names++) {
				struct tacit_ear ear = sample((enum tacit_ear_names)names), got;
				struct tacit_slice token;
				struct tacit_error err = { 0 };

				ear.expires = k == 0;
				ear.expiry = k == 0 ? NOW + 10 : 0;
				enum tacit_status st =
					tacit_ear_sign(&ear, (enum tacit_ear_form)form, keys[k],
						       fresh(), &token, &err);
				is_status(st, TACIT_OK, "a token is signed");
				ok(st == TACIT_OK && (int)tacit_ear_form_of(token) == form,
				   "of the form that was asked for");
				st = tacit_ear_verify(token, keys[k], NOW, &arena, &got, &err);
				ok(st == TACIT_OK && same(&ear, &got), "and says the same");
				if (st != TACIT_OK)
					printf("# %s: %s\n", err.where, err.detail);
				for (size_t o = 0; o < 3; o++)
					ok(tacit_ear_verify(token, others[o], NOW, &arena, &got,
							    NULL) == TACIT_SIGNATURE,
					   "but not by another key");
			}
		}
	}
}

static void test_times(void)
{
	static const struct {
		const char *name;
		int64_t now, issued, expiry; /* 0: no expiry */
		enum tacit_status want;
	} ROWS[] = {
		{ "now", NOW, NOW, 0, TACIT_OK },
		{ "long ago", NOW, 1, 0, TACIT_OK },
		{ "within the skew", NOW, NOW + 60, 0, TACIT_OK },
		{ "from the future", NOW, NOW + 61, 0, TACIT_EXPIRED },
		{ "in its last second", NOW, NOW - 10, NOW, TACIT_OK },
		{ "a second later", NOW, NOW - 10, NOW - 1, TACIT_EXPIRED },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		for (int form = 0; form < 2; form++) {
			struct tacit_ear ear = sample(TACIT_EAR_DRAFT), got = { 0 };
			struct tacit_slice token = { NULL, 0 };

			ear.issued = ROWS[i].issued;
			ear.expires = ROWS[i].expiry != 0;
			ear.expiry = ROWS[i].expiry;
			is_status(tacit_ear_sign(&ear, (enum tacit_ear_form)form, keys[2], fresh(),
						 &token, NULL),
				  TACIT_OK, "signed");
			is_status(tacit_ear_verify(token, keys[2], ROWS[i].now, &arena, &got, NULL),
				  ROWS[i].want, ROWS[i].name);
			ok(ROWS[i].want == TACIT_OK || !got.submods, "nothing comes out");
		}
	}
}

/* A JWT over any claims; the way others write them. */
static struct tacit_slice jwt_of(const char *claims)
{
	static uint8_t out[8192];
	struct tacit_slice message = { NULL, 0 }, token = { NULL, 0 };
	uint8_t signature[TACIT_SIGNATURE_MAX];
	struct tacit_mut to = tacit_mut_of(out, sizeof(out));

	if (tacit_jwt_write("EdDSA", tacit_slice_str(claims), to, &message, NULL) ||
	    tacit_key_sign(keys[2], message, signature, NULL) ||
	    tacit_jwt_add_signature(message, tacit_slice_of(signature, 64), to, &token, NULL))
		ok(false, "a token of a test");
	return token;
}

static void test_not_before(void)
{
	struct tacit_ear got;

	is_status(tacit_ear_verify(jwt_of(HEAD_D "\"iat\":1,\"nbf\":1000," ID_D SUB_D "}"), keys[2],
				   940, fresh(), &got, NULL),
		  TACIT_OK, "nbf within the skew");
	is_status(tacit_ear_verify(jwt_of(HEAD_D "\"iat\":1,\"nbf\":1000," ID_D SUB_D "}"), keys[2],
				   939, fresh(), &got, NULL),
		  TACIT_EXPIRED, "a second before");
	is_status(tacit_ear_verify(jwt_of(HEAD_D "\"iat\":1," ID_V SUB_V "}"), keys[2], NOW,
				   fresh(), &got, NULL),
		  TACIT_FORMAT, "a signed set of claims is read as strictly");
	is_status(tacit_ear_verify(jwt_of("{}"), keys[2], NOW, fresh(), &got, NULL), TACIT_FORMAT,
		  "and must be one");
}

/* Every bit of a token counts, and so does its end. */
static void test_flips(void)
{
	for (int form = 0; form < 2; form++) {
		struct tacit_ear ear = sample(TACIT_EAR_DRAFT), got;
		struct tacit_slice token = { NULL, 0 };
		static uint8_t copy[4096];
		size_t accepted = 0, cut = 0;

		ear.raw_evidence = tacit_slice_of(NULL, 0);
		is_status(tacit_ear_sign(&ear, (enum tacit_ear_form)form, keys[2], fresh(), &token,
					 NULL),
			  TACIT_OK, "signed");
		size_t used = arena.used;
		memcpy(copy, token.ptr, token.len);
		for (size_t bit = 0; bit < 8 * token.len; bit++) {
			arena.used = used;
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			accepted += tacit_ear_verify(tacit_slice_of(copy, token.len), keys[2], NOW,
						     &arena, &got, NULL) == TACIT_OK;
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		ok(accepted == 0, "no bit of it can change");
		for (size_t len = 0; len < token.len; len++) {
			arena.used = used;
			cut += tacit_ear_verify(tacit_slice_of(copy, len), keys[2], NOW, &arena,
						&got, NULL) == TACIT_OK;
		}
		ok(cut == 0, "nor can it be cut");
		copy[token.len] = form == TACIT_EAR_CWT ? 0 : 'A';
		arena.used = used;
		ok(tacit_ear_verify(tacit_slice_of(copy, token.len + 1), keys[2], NOW, &arena, &got,
				    NULL) != TACIT_OK,
		   "nor be longer");
	}
}

/* The envelope of a CWT: its tags, its algorithm, its payload. */
static void test_cwt_envelope(void)
{
	struct tacit_ear ear = sample(TACIT_EAR_DRAFT), got;
	struct tacit_slice token = { NULL, 0 };
	static uint8_t copy[4096];

	is_status(tacit_ear_sign(&ear, TACIT_EAR_CWT, keys[2], fresh(), &token, NULL), TACIT_OK,
		  "signed");
	memcpy(copy + 2, token.ptr, token.len);
	copy[0] = 0xd8;
	copy[1] = 61;
	is_status(tacit_ear_verify(tacit_slice_of(copy, token.len + 2), keys[2], NOW, &arena, &got,
				   NULL),
		  TACIT_OK, "with the tag of a CWT");
	is_status(tacit_ear_verify(tacit_slice_of(copy + 3, token.len - 1), keys[2], NOW, &arena,
				   &got, NULL),
		  TACIT_OK, "without any tag");
	memmove(copy + 2, token.ptr + 1, token.len - 1);
	is_status(tacit_ear_verify(tacit_slice_of(copy, token.len + 1), keys[2], NOW, &arena, &got,
				   NULL),
		  TACIT_FORMAT, "with that tag alone");
	copy[1] = 60;
	is_status(tacit_ear_verify(tacit_slice_of(copy, token.len + 1), keys[2], NOW, &arena, &got,
				   NULL),
		  TACIT_FORMAT, "with another tag");
	is_status(tacit_ear_verify(from_hex("d28443a10127a0f64101"), keys[2], NOW, &arena, &got,
				   NULL),
		  TACIT_FORMAT, "without a payload");
	is_status(tacit_ear_verify(from_hex("d28440a041a04101"), keys[2], NOW, &arena, &got, NULL),
		  TACIT_SIGNATURE, "without an algorithm");
	is_status(tacit_ear_verify(from_hex("d28440a1012741a04101"), keys[2], NOW, &arena, &got,
				   NULL),
		  TACIT_SIGNATURE, "with one that is not signed");
}

static void test_arena_and_keys(void)
{
	struct tacit_key *agree = NULL;
	struct tacit_ear ear = sample(TACIT_EAR_DRAFT), got;
	struct tacit_slice token;
	bool all = true;

	for (int form = 0; form < 2; form++) {
		size_t size = 0;
		enum tacit_status st = TACIT_LIMIT;

		for (; st == TACIT_LIMIT && size < 8192; size += 16) {
			tacit_arena_init(&arena, room, size);
			st = tacit_ear_sign(&ear, (enum tacit_ear_form)form, keys[1], &arena,
					    &token, NULL);
		}
		all &= st == TACIT_OK && size > 500;
		static uint8_t copy[8192];
		memcpy(copy, token.ptr, token.len);
		token.ptr = copy;
		st = TACIT_LIMIT;
		for (size = 0; st == TACIT_LIMIT && size < 16384; size += 16) {
			tacit_arena_init(&arena, room, size);
			st = tacit_ear_verify(token, keys[1], NOW, &arena, &got, NULL);
		}
		all &= st == TACIT_OK && size > 500;
	}
	ok(all, "every arena that is too small is a limit");
	if (tacit_key_generate(TACIT_X25519, &agree, NULL) != TACIT_OK)
		ok(false, "a key of a test");
	is_status(tacit_ear_sign(&ear, TACIT_EAR_JWT, agree, fresh(), &token, NULL), TACIT_USAGE,
		  "a key for agreement signs nothing");
	is_status(tacit_ear_verify(token, agree, NOW, fresh(), &got, NULL), TACIT_USAGE,
		  "and verifies nothing");
	tacit_key_free(agree);
}

int main(void)
{
	for (size_t i = 0; i < 3; i++)
		if (tacit_key_generate(ALGS[i], &keys[i], NULL) != TACIT_OK ||
		    tacit_key_generate(ALGS[i], &others[i], NULL) != TACIT_OK)
			return 1;
	test_tiers();
	test_order();
	test_json();
	test_cbor();
	test_round_trip();
	test_times();
	test_not_before();
	test_flips();
	test_cwt_envelope();
	test_arena_and_keys();
	for (size_t i = 0; i < 3; i++) {
		tacit_key_free(keys[i]);
		tacit_key_free(others[i]);
	}
	return done();
}
