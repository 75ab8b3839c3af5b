/* SPDX-License-Identifier: Apache-2.0 */
/* The policy file: every member, every way to get one wrong, and policies we write ourselves. */
#include "tests/unit/appraise_util.h"

#include <string.h>

#include "appraise/policy.h"
#include "appraise/policy_write.h"

#define HEX16(d)          d d d d d d d d d d d d d d d d
#define HEX32(d)          HEX16(d) HEX16(d)
#define HEX48(d)          HEX32(d) HEX16(d)
#define A48               "\"" HEX48("a0") "\""
#define A32               "\"" HEX32("a0") "\""
#define ALT               "{\"platform\":\"stub\",\"measurements\":{\"pcr0\":" A48 "}}"
#define SCHEMA            "\"schema\":\"tacit.policy/1\""
#define WITH(member)      "{" SCHEMA "," member ",\"alternatives\":[" ALT "]}"
#define ALTERNATIVE(rest) "{" SCHEMA ",\"alternatives\":[{" rest "}]}"
#define STUB(member) \
	ALTERNATIVE("\"platform\":\"stub\",\"measurements\":{\"pcr0\":" A48 "}," member)
#define TDX(section)                                                                             \
	ALTERNATIVE("\"platform\":\"tdx\",\"measurements\":{\"mrtd\":" A48 "},\"tdx\":{" section \
		    "}")
#define SNP(section)                                                              \
	ALTERNATIVE("\"platform\":\"snp\",\"measurements\":{\"measurement\":" A48 \
		    "},\"snp\":{" section "}")
#define NAMED(platform, name, value) \
	ALTERNATIVE("\"platform\":\"" platform "\",\"measurements\":{\"" name "\":" value "}")
/* Beside a measurement that names code, for those that do not. */
#define BESIDE(platform, code, name, value)                                                        \
	ALTERNATIVE("\"platform\":\"" platform "\",\"measurements\":{" code ",\"" name "\":" value \
		    "}")

static uint8_t room[1 << 20];
static struct tacit_arena arena;
static struct tacit_error err;

static enum tacit_status parse(const char *json, const struct tacit_policy **ret)
{
	tacit_arena_init(&arena, room, sizeof(room));
	memset(&err, 0, sizeof(err));
	return tacit_policy_parse(tacit_slice_str(json), &arena, ret, &err);
}

static const struct tacit_policy *good(const char *json, const char *name)
{
	const struct tacit_policy *policy = NULL;

	if (!is_status(parse(json, &policy), TACIT_OK, name))
		printf("# %s\n", err.detail);
	return policy;
}

static void bad(const char *json, const char *says, const char *name)
{
	static const struct tacit_policy untouched;
	const struct tacit_policy *policy = &untouched;

	ok(parse(json, &policy) == TACIT_FORMAT && policy == &untouched, "refused: %s", name);
	if (!ok(strstr(err.detail, says) != NULL, "  naming '%s'", says))
		printf("# got %s: %s\n", err.where, err.detail);
}

static void test_defaults(void)
{
	const struct tacit_policy *p =
		good("{" SCHEMA ",\"alternatives\":[" ALT "]}", "the smallest");

	if (!p)
		return;
	ok(strcmp(tacit_policy_name(p), "") == 0, "no name");
	ok(p->max_age_seconds == 0 && p->clock_skew_seconds == 60, "no age said, and 60 s");
	ok(p->valid_from == INT64_MIN && p->valid_until == INT64_MAX, "always in force");
	ok(tacit_policy_alternatives(p) == 1, "one alternative");
	ok(tacit_policy_platform(p, 0) == TACIT_TEE_STUB, "for the stub");
	ok(tacit_policy_platform(p, 1) == TACIT_TEE_NONE, "and no second");
	ok(p->models.count == 0 && p->configs.count == 0, "no lists");
}

static void test_digest(void)
{
	/* printf '{"schema":...}' | sha256sum, for the text of this very string */
	static const char text[] = "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":"
				   "\"sgx\",\"measurements\":{\"mrenclave\":" A32 "}}]}";
	static const uint8_t want[32] = {
		0xae, 0x6d, 0xad, 0x40, 0x24, 0x39, 0xfc, 0x00, 0xa4, 0x98, 0xad,
		0x1d, 0x3b, 0xb8, 0x1f, 0x3c, 0x5e, 0xcb, 0x58, 0xc1, 0x8f, 0x8f,
		0xe2, 0xaa, 0xa6, 0xdc, 0x65, 0xfb, 0x5d, 0xec, 0x51, 0xf8,
	};
	const struct tacit_policy *p = good(text, "a policy with a known digest");

	if (p)
		is_slice(tacit_slice_of(tacit_policy_digest(p), 32), TACIT_SLICE_ARRAY(want),
			 "SHA-256 of the text");
}

static void test_full(void)
{
	const struct tacit_policy *p = good(
		"{" SCHEMA ",\"name\":\"prod\",\"comment\":\"why\","
		"\"valid_from\":\"2026-01-01T00:00:00Z\",\"valid_until\":\"2027-01-01T00:00:00Z\","
		"\"max_age_seconds\":600,\"clock_skew_seconds\":5,"
		"\"models\":[{\"id\":\"m\",\"sha256\":" A32 "},{\"sha256\":" A32 "}],"
		"\"configs\":[" A32 "],"
		"\"alternatives\":[" ALT ",{\"name\":\"two\",\"platform\":\"nitro\","
		"\"measurements\":{\"pcr0\":" A48 ",\"pcr31\":" A48 "},\"debug\":false,"
		"\"models\":[{\"sha256\":" A32 "}],\"configs\":[" A32 "],"
		"\"nitro\":{\"regions\":[\"eu-central-1\"],\"max_enclave_age_seconds\":3600}}]}",
		"every common member");

	if (!p)
		return;
	ok(strcmp(tacit_policy_name(p), "prod") == 0 && strcmp(p->comment, "why") == 0, "texts");
	ok(p->valid_from == 1767225600 && p->valid_until == 1798761600, "times");
	ok(p->max_age_seconds == 600 && p->clock_skew_seconds == 5, "ages");
	ok(p->models.count == 2 && !p->models.items[1].id.ptr, "models");
	is_slice(p->models.items[0].id, tacit_slice_str("m"), "a model's id");
	ok(p->configs.count == 1 && p->configs.items[0].len == 32, "configurations");
	const struct tacit_policy_alternative *two = &p->alternatives[1];
	ok(strcmp(two->name, "two") == 0 && two->measurement_count == 2, "the second alternative");
	ok(two->models.count == 1 && two->configs.count == 1, "its own lists");
	ok(two->sections.nitro && !two->sections.tdx, "its own section alone");
	is_slice(two->sections.nitro->regions.items[0], tacit_slice_str("eu-central-1"), "region");
	ok(two->sections.nitro->max_enclave_age_seconds.set &&
		   two->sections.nitro->max_enclave_age_seconds.value == 3600,
	   "enclave age");
}

static void test_sections(void)
{
	const struct tacit_policy *p =
		good(TDX("\"collateral\":\"signature-only\",\"tcb_status\":[\"UpToDate\","
			 "\"SWHardeningNeeded\"],"
			 "\"allow_advisories\":[\"INTEL-SA-00837\"],\"fmspc\":[\"00806f050000\"],"
			 "\"min_tcb_evaluation_data_number\":18,\"min_tee_tcb_svn\":"
			 "\"04010700000000000000000000000000\",\"xfam\":\"e702060000000000\","
			 "\"allow_sept_ve\":true,\"allow_migratable\":false"),
		     "every member of tdx");
	if (p) {
		const struct tacit_policy_tdx *t = p->alternatives[0].sections.tdx;

		ok(t->collateral == TACIT_COLLATERAL_SIGNATURE_ONLY && t->tcb_status.count == 2 &&
			   t->min_tcb_evaluation_data_number.value == 18 && t->allow_sept_ve &&
			   !t->allow_migratable && t->xfam.len == 8 && t->min_tee_tcb_svn.len == 16,
		   "are kept");
	}
	p = good(SNP("\"products\":[\"milan\",\"turin\"],\"signing_keys\":[\"vcek\"],"
		     "\"chip_ids\":[\"0011223344556677\"],\"csp_ids\":[\"x\"],"
		     "\"id_key_digests\":[" A48 "],\"author_key_digests\":[" A48 "],"
		     "\"min_tcb\":{\"fmc\":1,\"bootloader\":7,\"tee\":0,\"snp\":14,\"microcode\":"
		     "72},"
		     "\"guest_policy\":{\"min_abi_major\":1,\"min_abi_minor\":55,\"forbid_smt\":"
		     "true,"
		     "\"require_single_socket\":true,\"require_ciphertext_hiding\":true},"
		     "\"min_guest_svn\":2,\"vmpl\":3,\"host_data\":" A32 ","
		     "\"family_id\":\"00112233445566778899aabbccddeeff\","
		     "\"image_id\":\"00112233445566778899aabbccddeeff\","
		     "\"require_alias_check\":true,\"allow_migration_agent\":false"),
		 "every member of snp");
	if (p) {
		const struct tacit_policy_snp *s = p->alternatives[0].sections.snp;

		ok(s->products.count == 2 && s->min_tcb.bootloader.value == 7 &&
			   s->min_tcb.tee.set && s->guest_policy.forbid_smt && s->vmpl.value == 3 &&
			   s->chip_ids.items[0].len == 8 && s->require_alias_check,
		   "are kept");
	}
	p = good(ALTERNATIVE(
			 "\"platform\":\"sgx\",\"measurements\":{\"mrsigner\":" A32 "},"
			 "\"sgx\":{\"isv_prod_id\":1,\"min_isv_svn\":2,\"collateral\":\"required\","
			 "\"tcb_status\":[\"OutOfDate\"],\"min_tcb_evaluation_data_number\":0}"),
		 "sgx by signer");
	ok(p && p->alternatives[0].sections.sgx->min_isv_svn.value == 2, "is kept");
	good(ALTERNATIVE("\"platform\":\"azure-snp\",\"measurements\":{\"measurement\":" A48
			 ",\"pcr23\":" A32 "},\"snp\":{}"),
	     "azure-snp with snp's section");
	good(ALTERNATIVE("\"platform\":\"azure-tdx\",\"measurements\":{\"mrtd\":" A48
			 "},\"tdx\":{}"),
	     "azure-tdx with tdx's section");
	good(ALTERNATIVE("\"platform\":\"nitrotpm\",\"measurements\":{\"pcr4\":" A48 "},"
			 "\"nitro\":{\"instances\":[\"i-0123\"]}"),
	     "nitrotpm with nitro's section");
	good(ALTERNATIVE(
		     "\"platform\":\"nvidia\",\"measurements\":{\"vbios\":" A48 "},"
		     "\"nvidia\":{\"architectures\":[\"hopper\"],\"driver_versions\":[\"550.90\"],"
		     "\"vbios_versions\":[\"96.00\"],\"device_ids\":[\"1\"],\"gpus\":8}"),
	     "every member of nvidia");
	good(ALTERNATIVE("\"platform\":\"gcp-token\",\"measurements\":{\"image_digest\":" A32 "},"
			 "\"gcp-token\":{\"audiences\":[\"a\"],\"hardware\":[\"GCP_INTEL_TDX\"],"
			 "\"project_ids\":[\"p\"],\"zones\":[\"z\"],\"service_accounts\":[\"s\"],"
			 "\"support\":[\"STABLE\"],\"require_gpu_cc\":true}"),
	     "every member of gcp-token");
}

static void test_form(void)
{
	bad("", "", "nothing");
	bad("[]", "not an object", "a list");
	bad("null", "not an object", "null");
	bad("{}", "schema: required", "an empty object");
	bad("{" SCHEMA "}", "alternatives: required", "no alternatives");
	bad("{\"alternatives\":[" ALT "]}", "schema: required", "no schema");
	bad("{\"schema\":\"tacit.policy/2\",\"alternatives\":[" ALT "]}", "schema:", "schema 2");
	bad("{\"schema\":1,\"alternatives\":[" ALT "]}", "schema:", "a schema that is a number");
	bad(WITH("\"maxage\":3"), "maxage: unknown member", "an unknown member");
	bad(WITH("\"Name\":\"x\""), "Name: unknown member", "a member in capitals");
	bad(WITH("\"name\":\"a\",\"name\":\"b\""), "", "a member twice");
	bad("{" SCHEMA ",\"alternatives\":[" ALT "]} x", "", "text after the policy");
	bad("{" SCHEMA ",\"alternatives\":[" ALT "],}", "", "a comma too many");
	bad(WITH("\"name\":\"\\ud800\""), "", "a lone surrogate");
	bad(WITH("\"name\":\"a\\u0000b\""), "", "a NUL");
	bad(WITH("\"name\":\"a\\u001bb\""), "name: has a control", "an escape");
	bad(WITH("\"name\":\"\\n\""), "name: has a control", "a new line in a name");
	bad(WITH("\"name\":\"a\\u009b31m\""), "name: has a control", "a C1 control");
	bad(WITH("\"name\":\"a\xe2\x80\xae\""), "name: has a control", "a turn of direction");
	bad(WITH("\"name\":7"), "name: not a string", "a name that is a number");
	bad(WITH("\"name\":null"), "name: not a string", "a name that is null");
}

static void test_numbers(void)
{
	bad(WITH("\"max_age_seconds\":0"), "max_age_seconds: number", "no age at all");
	bad(WITH("\"max_age_seconds\":-1"), "max_age_seconds: number", "a negative age");
	bad(WITH("\"max_age_seconds\":31536001"), "max_age_seconds: number", "over a year");
	bad(WITH("\"max_age_seconds\":300.0"), "max_age_seconds: not a whole", "a fraction");
	bad(WITH("\"max_age_seconds\":3e2"), "max_age_seconds: not a whole", "an exponent");
	bad(WITH("\"max_age_seconds\":\"300\""), "max_age_seconds: not a whole",
	    "a number as text");
	bad(WITH("\"max_age_seconds\":true"), "max_age_seconds: not a whole", "true for a number");
	bad(WITH("\"max_age_seconds\":18446744073709551616"), "", "a number over 64 bits");
	bad(WITH("\"clock_skew_seconds\":3601"), "clock_skew_seconds: number", "skew over an hour");
	good(WITH("\"max_age_seconds\":31536000"), "a year is the longest age");
	good(WITH("\"clock_skew_seconds\":3600"), "an hour the largest skew");
	good(WITH("\"clock_skew_seconds\":0"), "and none the smallest");
}

static void test_times(void)
{
	bad(WITH("\"valid_from\":1"), "valid_from: not an RFC", "a time that is a number");
	bad(WITH("\"valid_from\":\"2026-13-01T00:00:00Z\""), "valid_from: not an RFC", "month 13");
	bad(WITH("\"valid_until\":\"tomorrow\""), "valid_until: not an RFC", "a word for a time");
	bad(WITH("\"valid_from\":\"2027-01-01T00:00:00Z\",\"valid_until\":\"2026-01-01T00:00:"
		 "00Z\""),
	    "valid_until is before", "an end before its start");
}

static void test_alternatives(void)
{
	bad("{" SCHEMA ",\"alternatives\":[]}", "alternatives: a list of 1", "no alternative");
	bad("{" SCHEMA ",\"alternatives\":{}}", "alternatives: not a list",
	    "an object for the list");
	bad("{" SCHEMA ",\"alternatives\":[" ALT ",7]}", "alternatives[1]: not an object",
	    "a number");
	bad(ALTERNATIVE("\"measurements\":{\"pcr0\":" A48 "}"),
	    "alternatives[0].platform: required", "no platform");
	bad(ALTERNATIVE("\"platform\":\"stub\""), "alternatives[0].measurements: required",
	    "no measurements");
	bad(ALTERNATIVE("\"platform\":\"stub\",\"measurements\":{}"), "an object of 1",
	    "empty measurements");
	bad(ALTERNATIVE("\"platform\":\"stub\",\"measurements\":[]"), "an object of 1",
	    "a list of measurements");
	bad(ALTERNATIVE("\"platform\":\"none\",\"measurements\":{\"pcr0\":" A48 "}"),
	    "platform: not a platform", "platform none");
	bad(ALTERNATIVE("\"platform\":\"Stub\",\"measurements\":{\"pcr0\":" A48 "}"),
	    "platform: not a platform", "platform Stub");
	bad(ALTERNATIVE("\"platform\":1,\"measurements\":{\"pcr0\":" A48 "}"),
	    "platform: not a platform", "a platform that is a number");
	bad(STUB("\"x\":1"), "alternatives[0].x: unknown member", "an unknown member");
	bad(STUB("\"debug\":true"), "debug: a policy cannot", "accepting debug");
	bad(STUB("\"debug\":null"), "debug: a policy cannot", "debug that is null");
	good(STUB("\"debug\":false"), "debug false changes nothing");
}

static void test_measurements(void)
{
	bad(NAMED("stub", "pcr3", A48), "pcr3: no measurement", "pcr3 of the stub");
	bad(NAMED("stub", "mrtd", A48), "mrtd: no measurement", "mrtd of the stub");
	bad(NAMED("stub", "PCR0", A48), "PCR0: no measurement", "PCR0 in capitals");
	bad(NAMED("stub", "pcr00", A48), "pcr00: no measurement", "pcr00");
	bad(NAMED("stub", "pcr", A48), "pcr: no measurement", "pcr without a number");
	bad(NAMED("nitro", "pcr32", A48), "pcr32: no measurement", "pcr32 of nitro");
	bad(NAMED("nitro", "pcr99", A48), "pcr99: no measurement", "pcr99 of nitro");
	bad(NAMED("nitro", "pcr100", A48), "pcr100: no measurement", "pcr100 of nitro");
	bad(NAMED("nitro", "pcr4294967297", A48), "pcr4294967297: no measurement",
	    "a number that is 1 in 32 bits");
	bad(NAMED("nitro", "pcr-1", A48), "pcr-1: no measurement", "pcr-1 of nitro");
	bad(NAMED("nitro", "pcr:", A48), "pcr:: no measurement", "a character after 9");
	bad(NAMED("nitro", "pcr1/", A48), "pcr1/: no measurement", "a character before 0");
	bad(NAMED("tdx", "rtmr4", A48), "rtmr4: no measurement", "rtmr4");
	bad(NAMED("tdx", "rtmr", A48), "rtmr: no measurement", "rtmr without a number");
	bad(NAMED("sgx", "mrenclave", A48), "mrenclave: hex of the wrong", "48 bytes for sgx");
	bad(NAMED("stub", "pcr0", A32), "pcr0: hex of the wrong", "32 bytes for the stub");
	bad(NAMED("stub", "pcr0", "\"\""), "pcr0: hex of the wrong", "an empty measurement");
	bad(NAMED("stub", "pcr0", "\"" HEX48("zz") "\""), "pcr0: not hex", "letters past f");
	bad(NAMED("stub", "pcr0", "\"" HEX48("a0") "0\""), "pcr0: not hex",
	    "an odd number of digits");
	bad(NAMED("stub", "pcr0", "7"), "pcr0: not a string", "a measurement that is a number");
	bad(NAMED("stub", "pcr0", "[" A48 "]"), "pcr0: not a string", "a list of values for one");
	bad(NAMED("stub", "pcr0", A48 ",\"pcr0\":" A48), "", "a measurement twice");
	bad(NAMED("stub", "pcr1", A48), "says what code runs", "only a configuration");
	bad(NAMED("nitro", "pcr3", A48), "says what code runs", "only a role");
	bad(NAMED("tdx", "mrseam", A48), "says what code runs", "only the TDX module");
	bad(NAMED("stub", "pcr0", "\"" HEX48("00") "\""), "says what code runs", "only zeros");
	bad(NAMED("azure-snp", "pcr0", A32), "says what code runs", "only a PCR of the vTPM");
	good(BESIDE("stub", "\"pcr0\":" A48, "pcr1", A48), "a configuration beside code");
	good(BESIDE("nitro", "\"pcr8\":" A48, "pcr3", "\"" HEX48("00") "\""), "zeros beside code");
	good(NAMED("tdx", "rtmr3", "\"" HEX48("A0") "\""), "capital hex digits");
}

static void test_section_errors(void)
{
	bad(STUB("\"tdx\":{}"), "alternatives[0].tdx: section of another", "tdx for the stub");
	bad(STUB("\"nitro\":{}"), "nitro: section of another", "nitro for the stub");
	bad(ALTERNATIVE("\"platform\":\"tdx\",\"measurements\":{\"mrtd\":" A48 "},\"snp\":{}"),
	    "snp: section of another", "snp for tdx");
	bad(TDX("\"tcb\":1"), "alternatives[0].tdx.tcb: unknown", "an unknown member of a section");
	bad(TDX("\"tcb_status\":[]"), "tcb_status: a list of 1", "an empty list");
	bad(TDX("\"tcb_status\":[\"Revoked\"]"), "tcb_status[0]: not a word", "accepting Revoked");
	bad(TDX("\"tcb_status\":[\"uptodate\"]"), "tcb_status[0]: not a word", "a status in small");
	bad(TDX("\"tcb_status\":[\"UpToDate\",\"UpToDate\"]"), "tcb_status[1]: is there twice",
	    "a status twice");
	bad(TDX("\"tcb_status\":\"UpToDate\""), "tcb_status: not a list", "text for a list");
	bad(TDX("\"tcb_status\":[7]"), "tcb_status[0]: not a string", "a status that is a number");
	bad(TDX("\"allow_advisories\":[\"\"]"), "allow_advisories[0]: too short", "an empty text");
	bad(TDX("\"allow_advisories\":[\"123456789012345678901234567890123\"]"),
	    "allow_advisories[0]: too long", "a text of 33 bytes");
	bad(TDX("\"allow_advisories\":[\"a\\tb\"]"), "allow_advisories[0]: has a control", "a tab");
	bad(TDX("\"allow_advisories\":[null]"), "allow_advisories[0]: not a string",
	    "null for a text");
	bad(TDX("\"fmspc\":[6]"), "fmspc[0]: not a string", "a number for hex");
	bad(TDX("\"collateral\":1"), "collateral: not a string", "a number for a word");
	bad(TDX("\"collateral\":\"none\""), "collateral: neither", "another word");
	bad(TDX("\"fmspc\":[\"0080\"]"), "fmspc[0]: hex of the wrong", "a short fmspc");
	bad(TDX("\"allow_sept_ve\":1"), "allow_sept_ve: not true", "a number for a flag");
	bad(SNP("\"vmpl\":4"), "vmpl: number out", "vmpl 4");
	bad(SNP("\"min_tcb\":{\"snp\":256}"), "min_tcb.snp: number out", "a TCB part over a byte");
	bad(SNP("\"min_tcb\":{\"psp\":1}"), "min_tcb.psp: unknown", "an unknown TCB part");
	bad(SNP("\"min_tcb\":7"), "min_tcb: not an object", "a TCB as one number");
	bad(SNP("\"guest_policy\":{\"debug\":true}"), "guest_policy.debug: unknown",
	    "allowing debug");
	bad(SNP("\"products\":[\"rome\"]"), "products[0]: not a word", "an unknown product");
	bad(SNP("\"chip_ids\":[\"00\"]"), "chip_ids[0]: hex of the wrong", "a short chip id");
	bad(ALTERNATIVE("\"platform\":\"sgx\",\"measurements\":{\"mrsigner\":" A32 "}"),
	    "mrsigner alone", "a signer without product and version");
	bad(ALTERNATIVE("\"platform\":\"sgx\",\"measurements\":{\"mrsigner\":" A32 "},"
			"\"sgx\":{\"isv_prod_id\":1}"),
	    "mrsigner alone", "a signer without a version");
	good(ALTERNATIVE("\"platform\":\"sgx\",\"measurements\":{\"mrsigner\":" A32
			 ",\"mrenclave\":" A32 "}"),
	     "a signer with the enclave itself");
}

static void test_lists(void)
{
	bad(WITH("\"models\":[]"), "models: a list of 1", "no models");
	bad(WITH("\"models\":[{}]"), "models[0].sha256: required", "a model without a hash");
	bad(WITH("\"models\":[{\"id\":\"\",\"sha256\":" A32 "}]"), "models[0].id: too short",
	    "an empty id");
	bad(WITH("\"models\":[{\"sha256\":" A48 "}]"), "models[0].sha256: hex of", "a longer hash");
	bad(WITH("\"models\":[{\"sha256\":" A32 ",\"x\":1}]"), "models[0].x: unknown",
	    "an extra member");
	bad(WITH("\"models\":{}"), "models: not a list", "an object of models");
	bad(WITH("\"configs\":[" A32 "," A32 "]"), "configs[1]: is there twice", "one hash twice");
	bad(WITH("\"configs\":[]"), "configs: a list of 1", "no configurations");
	bad(WITH("\"configs\":" A32), "configs: not a list", "one hash without a list");
}

/* Longest texts, most alternatives, largest file. */
static void test_bounds(void)
{
	static char text[TACIT_POLICY_MAX + 2];
	const struct tacit_policy *policy = NULL;
	char name[130];

	memset(name, 'n', sizeof(name));
	snprintf(text, sizeof(text), WITH("\"name\":\"%.128s\""), name);
	good(text, "a name of 128 bytes");
	snprintf(text, sizeof(text), WITH("\"name\":\"%.129s\""), name);
	bad(text, "name: too long", "a name of 129");
	for (size_t count = 256; count <= 257; count++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "{" SCHEMA ",\"alternatives\":[");

		for (size_t i = 0; i < count; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s" ALT,
					       i ? "," : "");
		snprintf(text + at, sizeof(text) - at, "]}");
		if (count == 256)
			good(text, "256 alternatives");
		else
			bad(text, "alternatives: a list of 1 to 256", "257 alternatives");
	}
	memset(text, ' ', TACIT_POLICY_MAX);
	memcpy(text, WITH("\"name\":\"p\""), sizeof(WITH("\"name\":\"p\"")) - 1);
	text[TACIT_POLICY_MAX] = '\0';
	good(text, "a text of 1 MiB");
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_status(parse(text, &policy), TACIT_LIMIT, "a text over 1 MiB is a limit");
	memset(text, '[', 100000);
	text[100000] = '\0';
	is_status(parse(text, &policy), TACIT_LIMIT, "deep nesting is a limit");
	is_status(parse("{\"schema\"", &policy), TACIT_FORMAT, "half a member is malformed");
	ok(!strstr(err.detail, "not an object"), "and the reader says why (%s)", err.detail);
}

/* Lists at their longest and one over; measurements all that there are. */
static void test_list_bounds(void)
{
	static char text[64 * 1024];

	for (size_t count = 256; count <= 257; count++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "{" SCHEMA ",\"models\":[");

		for (size_t i = 0; i < count; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       "%s{\"sha256\":" A32 "}", i ? "," : "");
		at += (size_t)snprintf(text + at, sizeof(text) - at, "],\"configs\":[");
		for (size_t i = 0; i < count; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%064zx\"",
					       i ? "," : "", i);
		snprintf(text + at, sizeof(text) - at, "],\"alternatives\":[" ALT "]}");
		if (count == 256)
			good(text, "256 models and configurations");
		else
			bad(text, ": a list of 1 to 256", "257 models");
	}
	size_t at = (size_t)snprintf(text, sizeof(text), "{" SCHEMA ",\"configs\":[");
	for (size_t i = 0; i < 257; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%064zx\"", i ? "," : "",
				       i);
	snprintf(text + at, sizeof(text) - at, "],\"alternatives\":[" ALT "]}");
	bad(text, "configs: a list of 1 to 256", "257 configurations");
	at = (size_t)snprintf(text, sizeof(text), "{" SCHEMA ",\"alternatives\":[{");
	at += (size_t)snprintf(text + at, sizeof(text) - at,
			       "\"platform\":\"nitro\",\"measurements\":{");
	for (int i = 0; i < 32; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"pcr%d\":" A48,
				       i ? "," : "", i);
	snprintf(text + at, sizeof(text) - at, "}}]}");
	good(text, "all 32 registers of nitro");
	good(WITH("\"valid_from\":\"2026-01-01T00:00:00Z\",\"valid_until\":\"2026-01-01T00:00:"
		  "00Z\""),
	     "a policy for one second");
}

static void test_cuts_and_flips(void)
{
	static const char whole[] = WITH("\"name\":\"p\",\"max_age_seconds\":300");
	char text[sizeof(whole)];
	const struct tacit_policy *policy = NULL;
	size_t cut = 0, same = 0;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		cut += parse(text, &policy) != TACIT_OK;
	}
	ok(cut == sizeof(whole) - 1, "every truncation is refused");
	good(whole, "the whole");
	for (size_t bit = 0; bit < (sizeof(whole) - 1) * 8; bit++) {
		memcpy(text, whole, sizeof(whole));
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		tacit_arena_init(&arena, room, sizeof(room));
		if (tacit_policy_parse(tacit_slice_of(text, sizeof(text) - 1), &arena, &policy,
				       NULL))
			continue;
		/* Accepted: then it is another value somewhere, and the digest says so. */
		same += memcmp(whole, text, sizeof(whole)) == 0;
		if (policy->alternative_count != 1 ||
		    policy->alternatives[0].measurement_count != 1)
			same++;
	}
	ok(same == 0, "no bit flip changes the shape");
}

static void test_arena_sizes(void)
{
	static const char text[] = WITH("\"models\":[{\"id\":\"m\",\"sha256\":" A32 "}]");
	const struct tacit_policy *policy = NULL;
	bool only_limit = true;
	size_t size = 0;

	for (; size < sizeof(room); size += 8) {
		tacit_arena_init(&arena, room, size);
		enum tacit_status st =
			tacit_policy_parse(tacit_slice_str(text), &arena, &policy, NULL);
		if (st == TACIT_OK)
			break;
		only_limit &= st == TACIT_LIMIT && !policy;
	}
	ok(only_limit && policy, "too small an arena is a limit at every size (%zu needed)", size);
}

/* ---- policies we write --------------------------------------------------------------------- */

static struct bench b;

static void test_write(void)
{
	char text[8192];
	struct tacit_slice json = { NULL, 0 };
	struct tacit_policy_draft draft = { .name = "first \"use\"",
					    .comment = "seen once",
					    .pin_model = true,
					    .pin_config = true,
					    .valid_until = NOW + 86400 };

	bench_init(&b);
	bench_bind(&b);
	is_status(bench_verify(&b), TACIT_OK, "a server is seen");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	is_status(tacit_policy_write(claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		  TACIT_OK, "its policy is written");
	const struct tacit_policy *policy = NULL;
	is_status(tacit_policy_parse(json, &b.arena, &policy, NULL), TACIT_OK, "and parses");
	ok(policy && strcmp(policy->name, draft.name) == 0, "with its name");
	ok(policy && strcmp(policy->comment, draft.comment) == 0, "its comment");
	ok(policy && policy->valid_until == draft.valid_until, "its end");
	ok(policy && strcmp(policy->alternatives[0].name, draft.name) == 0,
	   "and the name of its alternative");
	b.cx.policy = policy;
	b.cx.insecure_no_policy = false;
	is_status(bench_verify(&b), TACIT_OK, "it accepts that server");
	b.doc.pcr[0][47] ^= 1;
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.measurements", "and no other build");
	b.doc.pcr[0][47] ^= 1;
	b.binding.model_hash[0] ^= 1;
	bench_bind(&b);
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.model", "and no other model");
	b.binding.model_hash[0] ^= 1;
	b.binding.config_hash[0] ^= 1;
	bench_bind(&b);
	is_refused(&b, bench_verify(&b), TACIT_POLICY, "policy.config",
		   "and no other configuration");
}

/* What a draft pins of a platform whose registers also name instances and roles. */
static void test_write_code(void)
{
	uint8_t value[48];
	struct tacit_slice full = tacit_slice_of(memset(value, 0xa0, 48), 48);
	struct tacit_measurement m[] = { { "pcr0", full }, { "pcr4", full }, { "serial", full } };
	struct tacit_claims claims = { .tee = TACIT_TEE_NITRO,
				       .measurement_count = 3,
				       .measurements = m };
	struct tacit_policy_draft draft = { 0 };
	struct tacit_slice json = { NULL, 0 };
	char text[1024];

	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_OK, "a policy for nitro");
	text[json.len] = '\0';
	ok(strstr(text, "\"pcr0\"") && !strstr(text, "\"pcr4\"") && !strstr(text, "serial"),
	   "names the code, and neither the instance nor what no policy can name");
	claims.tee = TACIT_TEE_SNP;
	m[0].name = "measurement";
	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_OK, "a policy for snp");
	text[json.len] = '\0';
	ok(strstr(text, "\"measurement\"") && !strstr(text, "pcr4") && !strstr(text, "serial"),
	   "likewise");
}

static void test_write_form(void)
{
	static const char want[] = "{\n"
				   "  \"schema\": \"tacit.policy/1\",\n"
				   "  \"alternatives\": [\n"
				   "    {\n"
				   "      \"platform\": \"sgx\",\n"
				   "      \"measurements\": {\n"
				   "        \"mrenclave\": " A32 "\n"
				   "      }\n"
				   "    }\n"
				   "  ]\n"
				   "}\n";
	char text[1024];
	uint8_t value[32];
	struct tacit_slice json = { NULL, 0 };
	struct tacit_policy_draft draft = { 0 };
	struct tacit_measurement m = { "mrenclave", tacit_slice_of(memset(value, 0xa0, 32), 32) };
	struct tacit_claims claims = { .tee = TACIT_TEE_SGX,
				       .measurement_count = 1,
				       .measurements = &m };

	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_OK, "a policy for sgx");
	is_slice(json, tacit_slice_str(want), "is laid out for people");
	bool limit = true;
	for (size_t n = 0; n < sizeof(want) - 1; n++)
		limit &= tacit_policy_write(&claims, &draft, tacit_mut_of(text, n), &json, NULL) ==
			 TACIT_LIMIT;
	ok(limit, "too little room is a limit");
	memset(value, 0, 32);
	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_FORMAT, "zeros are nothing to pin");
	value[0] = 1;
	draft.pin_model = true;
	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_FORMAT, "nor is a model that is not bound");
	draft.pin_model = false;
	claims.measurement_count = 0;
	is_status(
		tacit_policy_write(&claims, &draft, tacit_mut_of(text, sizeof(text)), &json, NULL),
		TACIT_FORMAT, "nor is nothing at all");
}

int main(void)
{
	test_defaults();
	test_digest();
	test_full();
	test_sections();
	test_form();
	test_numbers();
	test_times();
	test_alternatives();
	test_measurements();
	test_section_errors();
	test_lists();
	test_bounds();
	test_list_bounds();
	test_cuts_and_flips();
	test_arena_sizes();
	test_write();
	test_write_form();
	test_write_code();
	return done();
}
