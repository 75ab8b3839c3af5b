/* SPDX-License-Identifier: Apache-2.0 */

/* Section "snp" of a policy against one report. */

#include "tests/pki/snp.h"
#include "tests/unit/snp_util.h"

#include "appraise/verdict_json.h"

static struct snp_bench b;

#define MEASUREMENT                                        \
	"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" \
	"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define ZEROS48                                            \
	"000000000000000000000000000000000000000000000000" \
	"000000000000000000000000000000000000000000000000"
#define ONES48                                             \
	"1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e" \
	"1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"
#define CHIP8  "c7c7c7c7c7c7c7c7"
#define CHIP64 CHIP8 CHIP8 CHIP8 CHIP8 CHIP8 CHIP8 CHIP8 CHIP8
#define ZERO8  "0000000000000000"

/* Judges what is made already under a section; NULL: without one. */
static enum tacit_status judge_section(const char *section)
{
	char json[2048];

	snprintf(json, sizeof(json),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"snp\","
		 "\"measurements\":{\"measurement\":\"" MEASUREMENT "\"}%s%s}]}",
		 section ? ",\"snp\":" : "", section ? section : "");
	b.cx.policy = NULL;
	tacit_arena_wipe(&b.arena);
	memset(&b.err, 0, sizeof(b.err));
	enum tacit_status st =
		tacit_policy_parse(tacit_slice_str(json), &b.arena, &b.cx.policy, &b.err);
	if (!ok(st == TACIT_OK, "the policy parses: %s", section ? section : "no section")) {
		printf("# %s\n", b.err.detail);
		return st;
	}
	b.cx.insecure_no_policy = false;
	b.cx.any_age = true;
	return snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report));
}

struct row {
	const char *section;
	const char *check; /* NULL: accepted */
};

static void judge_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum tacit_status st = judge_section(rows[i].section);

		if (rows[i].check)
			snp_refused(&b, st, TACIT_POLICY, rows[i].check, rows[i].section);
		else
			snp_accepted(&b, st, rows[i].section);
	}
}

#define ROWS(rows) judge_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void make(enum snp_make_product product, uint32_t version, bool vlek)
{
	snp_bench_init(&b, product, version, vlek);
	(void)snp_bench_judge(&b);
}

/* Chip c7.., TCB bl 4 tee 0 snp 24 ucode 219 everywhere, policy 0x3001f, firmware 1.55.29/21. */
static void test_milan(void)
{
	static const struct row LIST[] = {
		{ "{}", NULL },
		{ "{\"products\":[\"milan\"]}", NULL },
		{ "{\"products\":[\"genoa\",\"turin\",\"venice\"]}", "policy.snp.product" },
		{ "{\"signing_keys\":[\"vcek\",\"vlek\"]}", NULL },
		{ "{\"signing_keys\":[\"vlek\"]}", "policy.snp.signing_key" },
		{ "{\"chip_ids\":[\"" CHIP64 "\"]}", NULL },
		{ "{\"chip_ids\":[\"" CHIP8 "\"]}", "policy.snp.chip" },
		{ "{\"csp_ids\":[\"CN=cc-test-1.example.com\"]}", "policy.snp.csp" },
		{ "{\"id_key_digests\":[\"" ZEROS48 "\",\"" ONES48 "\"]}", NULL },
		{ "{\"id_key_digests\":[\"" ZEROS48 "\"]}", "policy.snp.id_key" },
		{ "{\"author_key_digests\":[\"" ZEROS48 "\"]}", "policy.snp.author_key" },
		{ "{\"min_guest_svn\":7}", NULL },
		{ "{\"min_guest_svn\":8}", "policy.snp.guest_svn" },
		{ "{\"vmpl\":0}", NULL },
		{ "{\"vmpl\":1}", "policy.snp.vmpl" },
		{ "{\"host_data\":\"0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d"
		  "0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d\"}",
		  NULL },
		{ "{\"host_data\":\"0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d"
		  "0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0e\"}",
		  "policy.snp.host_data" },
		{ "{\"family_id\":\"f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1\"}", NULL },
		{ "{\"family_id\":\"f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f0\"}", "policy.snp.family_id" },
		{ "{\"image_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\"}", NULL },
		{ "{\"image_id\":\"0d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\"}", "policy.snp.image_id" },
		{ "{\"require_alias_check\":true}", NULL },
		{ "{\"require_mitigations\":\"" ZERO8 "\"}", "policy.snp.mitigations" },
		{ "{\"min_firmware\":{\"major\":1,\"minor\":55,\"build\":21}}", NULL },
		{ "{\"min_firmware\":{\"major\":1,\"minor\":54,\"build\":99}}", NULL },
		{ "{\"min_firmware\":{\"major\":1,\"minor\":55,\"build\":22}}",
		  "policy.snp.firmware" },
		{ "{\"min_firmware\":{\"major\":1,\"minor\":56}}", "policy.snp.firmware" },
		{ "{\"min_firmware\":{\"major\":2}}", "policy.snp.firmware" },
	};

	make(SNP_MAKE_MILAN, 3, false);
	snp_accepted(&b, judge_section(NULL), "no section");
	ROWS(LIST);
}

static void test_tcb(void)
{
	static const char *const NAMES[] = { "min_tcb", "min_current_tcb", "min_committed_tcb",
					     "min_launch_tcb" };
	static const char *const CHECKS[] = { "policy.snp.tcb", "policy.snp.tcb_current",
					      "policy.snp.tcb_committed", "policy.snp.tcb_launch" };
	static const struct {
		const char *part;
		int has;
	} PARTS[] = {
		{ "fmc", 1 }, { "bootloader", 4 }, { "tee", 0 }, { "snp", 24 }, { "microcode", 219 }
	};
	static const size_t PLACES[] = { 0x180, 0x038, 0x1e0, 0x1f0 };
	char section[128];

	make(SNP_MAKE_TURIN, 5, false);
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 5; k++) {
			snprintf(section, sizeof(section), "{\"%s\":{\"%s\":%d}}", NAMES[i],
				 PARTS[k].part, PARTS[k].has);
			snp_accepted(&b, judge_section(section), section);
			snprintf(section, sizeof(section), "{\"%s\":{\"%s\":%d}}", NAMES[i],
				 PARTS[k].part, PARTS[k].has + 1);
			snp_refused(&b, judge_section(section), TACIT_POLICY, CHECKS[i], section);
		}
	}
	/* Each minimum reads its own field: raise the other three. */
	for (size_t i = 1; i < 4; i++) {
		snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
		for (size_t k = 1; k < 4; k++)
			if (k != i)
				snp_put(&b.s, PLACES[k] + 7, 230, 1);
		(void)snp_bench_judge(&b);
		snprintf(section, sizeof(section), "{\"%s\":{\"microcode\":220}}", NAMES[i]);
		snp_refused(&b, judge_section(section), TACIT_POLICY, CHECKS[i], section);
	}
	/* Part by part: a higher one does not make up for a lower. */
	make(SNP_MAKE_MILAN, 3, false);
	snp_refused(&b, judge_section("{\"min_tcb\":{\"bootloader\":5,\"microcode\":1}}"),
		    TACIT_POLICY, "policy.snp.tcb", "boot loader 4, microcode 219");
	snp_refused(&b, judge_section("{\"min_tcb\":{\"fmc\":1}}"), TACIT_POLICY, "policy.snp.tcb",
		    "FMC on Milan");
}

static void test_guest_policy(void)
{
	static const struct row LIST[] = {
		{ "{\"guest_policy\":{\"min_abi_minor\":31}}", NULL },
		{ "{\"guest_policy\":{\"min_abi_minor\":32}}", "policy.snp.guest_policy" },
		{ "{\"guest_policy\":{\"min_abi_major\":1}}", "policy.snp.guest_policy" },
		{ "{\"guest_policy\":{\"forbid_smt\":false}}", NULL },
		{ "{\"guest_policy\":{\"forbid_smt\":true}}", "policy.snp.guest_policy" },
		{ "{\"guest_policy\":{\"require_single_socket\":true}}",
		  "policy.snp.guest_policy" },
		{ "{\"guest_policy\":{\"require_ciphertext_hiding\":true}}",
		  "policy.snp.guest_policy" },
	};
	static const struct row STRICT[] = {
		{ "{\"guest_policy\":{\"min_abi_major\":1,\"min_abi_minor\":2,\"forbid_smt\":true,"
		  "\"require_single_socket\":true,\"require_ciphertext_hiding\":true}}",
		  NULL },
		{ "{\"guest_policy\":{\"min_abi_major\":1,\"min_abi_minor\":3}}",
		  "policy.snp.guest_policy" },
	};

	make(SNP_MAKE_MILAN, 3, false);
	ROWS(LIST);
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_put(&b.s, 0x008, 1 << 24 | 1 << 20 | 1 << 17 | 0x102, 8);
	(void)snp_bench_judge(&b);
	ROWS(STRICT);
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_put(&b.s, 0x008, 0x7001f, 8);
	(void)snp_bench_judge(&b);
	snp_refused(&b, judge_section(NULL), TACIT_POLICY, "policy.snp.migration", "no section");
	snp_refused(&b, judge_section("{}"), TACIT_POLICY, "policy.snp.migration", "a section");
	snp_accepted(&b, judge_section("{\"allow_migration_agent\":true}"), "allowed");
}

static void test_levels(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x030, 2, 4);
	(void)snp_bench_judge(&b);
	snp_refused(&b, judge_section(NULL), TACIT_POLICY, "policy.snp.vmpl", "level 2");
	snp_refused(&b, judge_section("{}"), TACIT_POLICY, "policy.snp.vmpl", "level 2");
	snp_accepted(&b, judge_section("{\"vmpl\":2}"), "level 2, as asked");
	snp_refused(&b, judge_section("{\"vmpl\":3}"), TACIT_POLICY, "policy.snp.vmpl", "3 asked");
}

static void test_keys_and_chips(void)
{
	static const struct row VLEK[] = {
		{ "{\"csp_ids\":[\"CN=cc-test-1.example.com\"]}", NULL },
		{ "{\"csp_ids\":[\"CN=cc-test-2.example.com\"]}", "policy.snp.csp" },
		{ "{\"chip_ids\":[\"" CHIP64 "\"]}", "policy.snp.chip" },
		{ "{\"signing_keys\":[\"vcek\"]}", "policy.snp.signing_key" },
	};
	static const struct row TURIN[] = {
		{ "{\"chip_ids\":[\"" CHIP8 "\"]}", NULL },
		{ "{\"chip_ids\":[\"" CHIP8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 "\"]}",
		  NULL },
		{ "{\"chip_ids\":[\"" CHIP64 "\"]}", "policy.snp.chip" },
		{ "{\"chip_ids\":[\"" CHIP8 "00\"]}", "policy.snp.chip" },
		{ "{\"require_mitigations\":\"000000000000000b\"}", NULL },
		{ "{\"require_mitigations\":\"000000000000000f\"}", "policy.snp.mitigations" },
		{ "{\"require_mitigations\":\"0b00000000000000\"}", "policy.snp.mitigations" },
	};
	static const struct row MASKED[] = {
		{ NULL, "policy.snp.chip_mask" },
		{ "{}", "policy.snp.chip_mask" },
		{ "{\"allow_masked_chip_id\":true}", NULL },
		{ "{\"allow_masked_chip_id\":true,\"chip_ids\":[\"" CHIP64 "\"]}", NULL },
		{ "{\"allow_masked_chip_id\":true,\"chip_ids\":[\"" CHIP8 "\"]}",
		  "policy.snp.chip" },
	};

	make(SNP_MAKE_GENOA, 3, true);
	ROWS(VLEK);
	make(SNP_MAKE_TURIN, 5, false);
	ROWS(TURIN);
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	memset(b.s.report + 0x1a0, 0, 64);
	(void)snp_bench_judge(&b);
	ROWS(MASKED);

	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	snp_put(&b.s, 0x048, 1, 4);
	memset(b.s.report + 0x110, 0x1e, 48);
	(void)snp_bench_judge(&b);
	snp_accepted(&b, judge_section("{\"author_key_digests\":[\"" ONES48 "\"]}"), "author key");
	snp_refused(&b, judge_section("{\"require_alias_check\":true}"), TACIT_POLICY,
		    "policy.snp.alias_check", "version 2 does not say");
}

static void test_revocation(void)
{
	make(SNP_MAKE_GENOA, 5, false);
	snp_refused(&b, judge_section("{\"require_crl\":true}"), TACIT_UNDECIDED,
		    "policy.snp.revocation", "no list");
	struct pki_crl_spec spec = {
		.issuer = b.s.ark, .this_update = SNP_NOW, .next_update = SNP_NOW + 60, .number = 1
	};
	snp_bench_crl(&b, pki_crl(&spec));
	snp_accepted(&b, judge_section("{\"require_crl\":true}"), "a list");
}

/* Members that are none, and values out of range. */
static void test_refused_policies(void)
{
	static const char *const BAD[] = {
		"{\"min_tcb\":{\"microcode\":256}}",
		"{\"vmpl\":4}",
		"{\"products\":[\"rome\"]}",
		"{\"min_launch_tcb\":{\"spl4\":0}}",
		"{\"min_firmware\":{\"patch\":1}}",
		"{\"require_mitigations\":\"0b\"}",
		"{\"require_crl\":1}",
		"{\"host_data\":\"00\"}",
	};
	char json[1024];

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		const struct tacit_policy *policy = NULL;

		snprintf(json, sizeof(json),
			 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"snp\","
			 "\"measurements\":{\"measurement\":\"" MEASUREMENT "\"},\"snp\":%s}]}",
			 BAD[i]);
		tacit_arena_wipe(&b.arena);
		ok(tacit_policy_parse(tacit_slice_str(json), &b.arena, &policy, NULL) != TACIT_OK,
		   "%s is no policy", BAD[i]);
	}
}

static void test_json(void)
{
	static const char *const WANT[] = {
		"\"product\":\"turin\"",
		"\"signing_key\":\"vcek\"",
		"\"vmpl\":0",
		"\"value\":\"000000000003001f\"",
		"\"abi_minor\":31",
		"\"smt\":true",
		"\"alias_check_complete\":true",
		"\"unknown\":\"0000000000000040\"",
		"\"chip_id\":\"" CHIP8 "\"",
		"\"csp_id\":null",
		"\"author_key_digest\":null",
		"\"launch_mit_vector\":\"000000000000000b\"",
		"\"revocation_checked\":false",
		"\"build\":29",
		"\"fmc\":1",
	};
	static uint8_t room[1 << 16];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	make(SNP_MAKE_TURIN, 5, false);
	tacit_verdict_json(&b.verdict, &w);
	ok(!w.bad, "the verdict is written");
	room[w.at < sizeof(room) ? w.at : sizeof(room) - 1] = 0;
	for (size_t i = 0; i < sizeof(WANT) / sizeof(WANT[0]); i++)
		ok(strstr((const char *)room, WANT[i]) != NULL, "it has %s", WANT[i]);
}

int main(void)
{
	test_milan();
	test_tcb();
	test_guest_policy();
	test_levels();
	test_keys_and_chips();
	test_revocation();
	test_refused_policies();
	test_json();
	pki_done();
	return done();
}
