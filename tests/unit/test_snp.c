/* SPDX-License-Identifier: Apache-2.0 */

/* Reports and the certificates of their keys: what must be refused, each by its own check. */

#include "tests/pki/snp.h"
#include "tests/unit/snp_util.h"

static struct snp_bench b;

/* A change to a report that is otherwise as it should be, signed with the change in it. */
struct change {
	const char *name;
	size_t at;
	uint64_t value;
	size_t len;
	enum tacit_status status;
	const char *check;
};

static void test_accepted(void)
{
	static const struct {
		const char *name;
		enum snp_make_product product;
		uint32_t version;
		bool vlek;
	} KINDS[] = {
		{ "milan 2", SNP_MAKE_MILAN, 2, false },
		{ "milan 3", SNP_MAKE_MILAN, 3, false },
		{ "genoa 4", SNP_MAKE_GENOA, 4, false },
		{ "genoa 5", SNP_MAKE_GENOA, 5, false },
		{ "turin 5", SNP_MAKE_TURIN, 5, false },
		{ "turin 2", SNP_MAKE_TURIN, 2, false },
		{ "milan 3 vlek", SNP_MAKE_MILAN, 3, true },
		{ "turin 5 vlek", SNP_MAKE_TURIN, 5, true },
	};

	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		snp_bench_init(&b, KINDS[i].product, KINDS[i].version, KINDS[i].vlek);
		enum tacit_status st = snp_bench_judge(&b);
		snp_accepted(&b, st, KINDS[i].name);
		snp_result(&b, "snp.report.signature", TACIT_CHECK_PASS);
		snp_result(&b, "snp.ca.intermediate", TACIT_CHECK_SKIP);
	}
}

static void test_claims(void)
{
	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_accepted(&b, snp_bench_judge(&b), "turin");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	if (!claims)
		return;
	const struct tacit_snp_claims *snp = claims->snp;
	ok(claims->tee == TACIT_TEE_SNP && !claims->debug && !claims->tcb_status, "common claims");
	ok(claims->measurement_count == 1 &&
		   strcmp(claims->measurements[0].name, "measurement") == 0,
	   "one measurement");
	is_slice(claims->report_data, tacit_slice_of(b.s.report + 0x50, 64), "report data");
	ok(claims->valid_from == b.s.vek_spec.not_before &&
		   claims->valid_until == b.s.vek_spec.not_after,
	   "valid as long as the certificates");
	ok(snp->has_fmc && snp->reported.fmc == 1 && snp->reported.bootloader == 4 &&
		   snp->reported.tee == 0 && snp->reported.snp == 24 &&
		   snp->reported.microcode == 219,
	   "the layout of Turin");
	ok(snp->chip_id.len == 8 && !snp->chip_id_masked && !snp->csp_id.ptr, "8 bytes of chip id");
	ok(snp->has_mit_vectors && snp->launch_mit_vector == 0x0b &&
		   snp->current_mit_vector == 0x3f,
	   "mitigation vectors");
	ok(snp->current_firmware.major == 1 && snp->current_firmware.minor == 55 &&
		   snp->current_firmware.build == 29 && snp->committed_firmware.build == 21,
	   "firmware");
	ok(snp->guest_svn == 7 && snp->cpu_family == 0x1a && !snp->revocation_checked, "the rest");
	ok(strcmp(snp->kds_url, "https://kdsintf.amd.com/vcek/v1/Turin/c7c7c7c7c7c7c7c7?fmcSPL=1&"
				"blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219") == 0,
	   "%s", snp->kds_url);
}

static void test_vlek_claims(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 3, true);
	snp_put(&b.s, 0x008, 0x7001f, 8);
	snp_accepted(&b, snp_bench_judge(&b), "a VLEK, with a migration agent, and no policy");
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	if (!claims)
		return;
	ok(!claims->snp->chip_id.ptr && claims->snp->csp_id.len == 24, "a provider and no chip");
	ok(strcmp(claims->snp->kds_url, "https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain") == 0,
	   "%s", claims->snp->kds_url);
}

static void test_changes(void)
{
	static const struct change CHANGES[] = {
		{ "version 0", 0x000, 0, 4, TACIT_FORMAT, "snp.report.version" },
		{ "version 1", 0x000, 1, 4, TACIT_FORMAT, "snp.report.version" },
		{ "version 6", 0x000, 6, 4, TACIT_FORMAT, "snp.report.version" },
		{ "version in the high bytes", 0x000, 0x10003, 4, TACIT_FORMAT,
		  "snp.report.version" },
		{ "algorithm 0", 0x034, 0, 4, TACIT_FORMAT, "snp.report.algorithm" },
		{ "algorithm 2", 0x034, 2, 4, TACIT_FORMAT, "snp.report.algorithm" },
		{ "masked key", 0x048, 2, 4, TACIT_SIGNATURE, "snp.report.signer" },
		{ "no signing key", 0x048, 7 << 2, 4, TACIT_SIGNATURE, "snp.report.signer" },
		{ "reserved key 2", 0x048, 2 << 2, 4, TACIT_SIGNATURE, "snp.report.signer" },
		{ "reserved key 6", 0x048, 6 << 2, 4, TACIT_SIGNATURE, "snp.report.signer" },
		{ "reserved flag", 0x048, 1 << 5, 4, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved flag 31", 0x048, 1u << 31, 4, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 4c", 0x04c, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 4f", 0x04f, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 18b", 0x18b, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 19f", 0x19f, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 1eb", 0x1eb, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 1ef", 0x1ef, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "vectors before version 5", 0x1f8, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "vectors before version 5", 0x207, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 208", 0x208, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "reserved 29f", 0x29f, 1, 1, TACIT_FORMAT, "snp.report.reserved" },
		{ "policy without bit 17", 0x008, 0x1001f, 8, TACIT_FORMAT,
		  "snp.report.guest_policy" },
		{ "policy bit 26", 0x008, 0x3001f | 1 << 26, 8, TACIT_FORMAT,
		  "snp.report.guest_policy" },
		{ "policy bit 63", 0x008, 0x3001f | 1ull << 63, 8, TACIT_FORMAT,
		  "snp.report.guest_policy" },
		{ "level 4", 0x030, 4, 4, TACIT_FORMAT, "snp.report.requester" },
		{ "asked by the host", 0x030, 0xffffffff, 4, TACIT_POLICY, "snp.report.requester" },
		{ "family 17h", 0x188, 0x17, 1, TACIT_CHAIN, "snp.product" },
		{ "model 20h", 0x189, 0x20, 1, TACIT_CHAIN, "snp.product" },
		{ "model b0h", 0x189, 0xb0, 1, TACIT_CHAIN, "snp.product" },
		{ "Genoa's processor", 0x189, 0x11, 1, TACIT_CHAIN, "snp.vek.product" },
		{ "Turin's processor", 0x188, 0x021a, 2, TACIT_CHAIN, "snp.vek.product" },
		{ "current TCB byte 2", 0x03a, 1, 1, TACIT_FORMAT, "snp.report.tcb" },
		{ "reported TCB byte 3", 0x183, 1, 1, TACIT_FORMAT, "snp.report.tcb" },
		{ "committed TCB byte 4", 0x1e4, 1, 1, TACIT_FORMAT, "snp.report.tcb" },
		{ "launch TCB byte 5", 0x1f5, 1, 1, TACIT_FORMAT, "snp.report.tcb" },
		{ "reported boot loader", 0x180, 5, 1, TACIT_BINDING, "snp.vek.tcb" },
		{ "reported TEE", 0x181, 1, 1, TACIT_BINDING, "snp.vek.tcb" },
		{ "reported SNP", 0x186, 25, 1, TACIT_BINDING, "snp.vek.tcb" },
		{ "reported SNP, lower", 0x186, 23, 1, TACIT_BINDING, "snp.vek.tcb" },
		{ "reported microcode", 0x187, 220, 1, TACIT_BINDING, "snp.vek.tcb" },
		{ "another chip", 0x1a0, 0xc8, 1, TACIT_BINDING, "snp.vek.chip" },
		{ "another chip's last byte", 0x1df, 0xc8, 1, TACIT_BINDING, "snp.vek.chip" },
		{ "debug", 0x008, 0xb001f, 8, TACIT_POLICY, "policy.debug" },
	};

	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
		const struct change *c = &CHANGES[i];

		snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
		snp_put(&b.s, c->at, c->value, c->len);
		snp_refused(&b, snp_bench_judge(&b), c->status, c->check, c->name);
	}
}

/* Bytes that versions and products reserve, or give a meaning. */
static void test_layouts(void)
{
	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	snp_put(&b.s, 0x188, 0x19, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.report.reserved",
		    "CPUID in version 2");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x208, 1, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.report.reserved", "reserved in 5");

	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_put(&b.s, 0x186, 1, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.report.tcb", "byte 6 on Turin");

	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_put(&b.s, 0x180, 2, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_BINDING, "snp.vek.tcb", "FMC on Turin");

	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_put(&b.s, 0x1a8, 1, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_BINDING, "snp.vek.chip", "a long chip on Turin");

	snp_bench_init(&b, SNP_MAKE_GENOA, 3, false);
	snp_put(&b.s, 0x189, 0xa0, 1);
	snp_accepted(&b, snp_bench_judge(&b), "Siena under Genoa's root");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x040, 0xffffffffffffff65u, 8);
	snp_accepted(&b, snp_bench_judge(&b), "unknown bits of the platform");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_put(&b.s, 0x030, 3, 4);
	snp_accepted(&b, snp_bench_judge(&b), "level 3, without a policy");
}

static void test_signature(void)
{
	/* The order of P-384, little-endian. */
	static const uint8_t ORDER[48] = {
		0x73, 0x29, 0xc5, 0xcc, 0x6a, 0x19, 0xec, 0xec, 0x7a, 0xa7, 0xb0, 0x48,
		0xb2, 0x0d, 0x1a, 0x58, 0xdf, 0x2d, 0x37, 0xf4, 0x81, 0x4d, 0x63, 0xc7,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	};
	static const size_t NUMBERS[] = { 0x2a0, 0x2e8 };
	uint8_t good[SNP_REPORT_LEN];
	const char *form = "snp.report.signature_form";

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_accepted(&b, snp_bench_judge(&b), "as signed");
	memcpy(good, b.s.report, sizeof(good));
	for (size_t i = 0; i < 2; i++) {
		uint8_t *number = b.s.report + NUMBERS[i];
		struct tacit_slice raw = TACIT_SLICE_ARRAY(b.s.report);

		memset(number, 0, 48);
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_SIGNATURE, form, "zero");
		memcpy(number, ORDER, 48);
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_SIGNATURE, form, "the order");
		number[0]--;
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_SIGNATURE, "snp.report.signature",
			    "one below the order");
		memset(number, 0xff, 48);
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_SIGNATURE, form, "above the order");
		memcpy(number, good + NUMBERS[i], 48);
		number[48] = 1;
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_FORMAT, form, "49 bytes");
		number[48] = 0;
		number[71] = 1;
		snp_refused(&b, snp_bench_raw(&b, raw), TACIT_FORMAT, form, "72 bytes");
		number[71] = 0;
		for (size_t k = 0; k < 24; k++) {
			uint8_t swap = number[k];

			number[k] = number[47 - k];
			number[47 - k] = swap;
		}
		ok(snp_bench_raw(&b, raw) == TACIT_SIGNATURE, "big-endian");
		memcpy(b.s.report, good, sizeof(good));
		snp_accepted(&b, snp_bench_raw(&b, raw), "as it was");
		tacit_arena_wipe(&b.arena);
	}
	b.s.report[0x330] = 1;
	snp_refused(&b, snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report)), TACIT_FORMAT,
		    "snp.report.reserved", "a byte that nobody signed");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.signer = pki_key(PKI_P384);
	snp_refused(&b, snp_bench_judge(&b), TACIT_SIGNATURE, "snp.report.signature",
		    "another key's signature");
}

/* ---- the certificate of the key ------------------------------------------------------------ */

static void test_missing_extensions(void)
{
	static const char *const PARTS[] = { "3.1", "3.2", "3.3", "3.8", "3.9" };
	char name[64];

	for (size_t i = 0; i < 5; i++) {
		snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
		snp_drop_ext(&b.s, PARTS[i]);
		snprintf(name, sizeof(name), "without %s", PARTS[i]);
		snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.tcb", name);
	}
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_drop_ext(&b.s, "4");
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "without hwID");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_drop_ext(&b.s, "5");
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "without cspID");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_drop_ext(&b.s, "1");
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product",
		    "without structVersion");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	for (size_t i = 4; i <= 7; i++) {
		snprintf(name, sizeof(name), "3.%zu", i);
		snp_drop_ext(&b.s, name);
	}
	snp_drop_ext(&b.s, "2");
	snp_accepted(&b, snp_bench_judge(&b), "without the reserved ones");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_add_ext(&b.s, "4.1", tacit_slice_of(b.s.report, 64));
	snp_add_ext(&b.s, "3.10", snp_integer(1));
	snp_add_ext(&b.s, "6", snp_integer(1));
	snp_accepted(&b, snp_bench_judge(&b), "with others that mean nothing here");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_ext(&b.s, "5")->value = tacit_slice_of("\x16\x00", 2);
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.chip", "an empty cspID");
}

static void test_wrong_extensions(void)
{
	static const uint8_t BAD[][4] = { { 0x02, 0x02, 0x00, 0x04 }, /* not minimal */
					  { 0x02, 0x01, 0x84, 0x00 }, /* negative, and one more */
					  { 0x04, 0x01, 0x04, 0x00 } };
	char name[8];

	for (size_t i = 4; i <= 7; i++) {
		snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
		snprintf(name, sizeof(name), "3.%zu", i);
		snp_ext(&b.s, name)->value = snp_integer(1);
		snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.tcb", name);
	}
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_add_ext(&b.s, "3.9", snp_integer(1));
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.tcb", "FMC on Milan");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_ext(&b.s, "3.8")->value = snp_integer(256);
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.tcb", "256");
	for (size_t i = 0; i < 3; i++) {
		snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
		snp_ext(&b.s, "3.1")->value = TACIT_SLICE_ARRAY(BAD[i]);
		snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.tcb", "no number");
	}
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_ext(&b.s, "1")->value = snp_integer(1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product",
		    "Turin's structVersion");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_add_ext(&b.s, "5",
		    tacit_slice_str("\x16\x03"
				    "CN="));
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "a VCEK with a cspID");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_add_ext(&b.s, "4", tacit_slice_of(b.s.report + 0x50, 64));
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "a VLEK with a hwID");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_ext(&b.s, "5")->value = tacit_slice_str("\x16\x02"
						    "a\n");
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.chip", "a cspID of two lines");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_ext(&b.s, "5")->value = tacit_slice_str("\x16\x02"
						    "a\x7f");
	snp_refused(&b, snp_bench_judge(&b), TACIT_FORMAT, "snp.vek.chip", "a cspID with a DEL");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_put(&b.s, 0x1df, 1, 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_BINDING, "snp.vek.chip", "a VLEK and a chip");
}

/* What is taken for a report at all: each field that decides it. */
static void test_shape(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *name;
	} WRONG[] = {
		{ 0x000, 0, "version 0" },
		{ 0x001, 1, "version 256 and more" },
		{ 0x035, 1, "algorithm 256" },
		{ 0x00c, 1, "a policy with its upper half" },
		{ 0x00a, 0, "a policy without its bit 17" },
		{ 0x049, 1, "flags beyond the first byte" },
	};
	static const uint8_t ZEROS[9];
	struct tacit_snp_tcb tcb;

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	ok(tacit_snp_detect(TACIT_SLICE_ARRAY(b.s.report)), "a report has the shape of one");
	ok(!tacit_snp_detect(tacit_slice_of(b.s.report, TACIT_SNP_REPORT_LEN - 1)),
	   "one that is cut has not");
	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		uint8_t was = b.s.report[WRONG[i].at];

		b.s.report[WRONG[i].at] = WRONG[i].value;
		ok(!tacit_snp_detect(TACIT_SLICE_ARRAY(b.s.report)), "%s has not", WRONG[i].name);
		b.s.report[WRONG[i].at] = was;
	}
	ok(tacit_snp_tcb_read(tacit_slice_of(ZEROS, 8), false, &tcb) &&
		   !tacit_snp_tcb_read(tacit_slice_of(ZEROS, 7), false, &tcb) &&
		   !tacit_snp_tcb_read(tacit_slice_of(ZEROS, 9), true, &tcb),
	   "a TCB has eight bytes");
}

static void test_hwid(void)
{
	struct pki_buf wrapped = { 0 };

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	pki_put(&wrapped, 0x04, snp_ext(&b.s, "4")->value);
	struct tacit_slice value = pki_take(&wrapped);
	snp_ext(&b.s, "4")->value = value;
	snp_accepted(&b, snp_bench_judge(&b), "hwID in an OCTET STRING");

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_ext(&b.s, "4")->value = tacit_slice_of(value.ptr, value.len - 1);
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "a hwID cut short");

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_ext(&b.s, "4")->value.len = 8;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "8 bytes on Milan");

	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	snp_ext(&b.s, "4")->value = tacit_slice_of(b.s.report + 0x1a0, 64);
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.chip", "64 bytes on Turin");

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	memset(b.s.report + 0x1a0, 0, 64);
	snp_refused(&b, snp_bench_judge(&b), TACIT_POLICY, "policy.snp.chip_mask", "a masked chip");
	ok(tacit_verdict_genuine(&b.verdict) != NULL, "which is genuine all the same");
}

static void test_kinds(void)
{
	static const enum pki_kind WRONG[] = { PKI_P256, PKI_RSA4096 };

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_put(&b.s, 0x048, 1 << 2, 4);
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.kind",
		    "a VCEK for a VLEK's report");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	snp_put(&b.s, 0x048, 0, 4);
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.kind",
		    "a VLEK for a VCEK's report");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	b.s.ica_spec.subject = "CN=SEV-VLEK-Milan";
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product",
		    "a VCEK under an ASVK");
	snp_bench_init(&b, SNP_MAKE_MILAN, 3, true);
	b.s.ica_spec.subject = "CN=SEV-Milan";
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product", "a VLEK under an ASK");
	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	b.s.ica_spec.subject = "CN=SEV-Rome";
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product", "an unknown product");
	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	b.s.ica_spec.subject = "CN=ABC-Milan";
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product", "another company's");
	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	b.s.ica_spec.subject = "CN=SEV-";
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.product", "no product");
	for (size_t i = 0; i < 2; i++) {
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		b.s.vek_spec.key = pki_key(WRONG[i]);
		b.s.signer = pki_key(PKI_P384);
		snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.vek.key",
			    "a wrong kind of key");
	}
}

static void test_missing(void)
{
	const struct tacit_check *check;

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_make(&b.s);
	snp_bench_trust(&b);
	struct tacit_slice raw = TACIT_SLICE_ARRAY(b.s.report);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.vek.found", "no certificate");
	check = tacit_verdict_find(&b.verdict, "snp.vek.found");
	ok(strstr(check->why, "https://kdsintf.amd.com/vcek/v1/Genoa/c7c7") &&
		   strstr(check->why, "?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219"),
	   "says where it is: %s", check->why);
	b.cx.collateral = NULL;
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.vek.found", "no collateral");
	b.cx.collateral = &b.collateral;
	snp_bench_cert(&b, b.s.vek->der);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.ca.found", "no ASK");
	check = tacit_verdict_find(&b.verdict, "snp.ca.found");
	ok(strstr(check->why, "https://kdsintf.amd.com/vcek/v1/Genoa/cert_chain") != NULL,
	   "says where it is: %s", check->why);
	snp_bench_cert(&b, b.s.ica->der);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.ca.found", "no ARK");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, true);
	snp_make(&b.s);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.vek.found", "no VLEK");
	check = tacit_verdict_find(&b.verdict, "snp.vek.found");
	ok(strstr(check->why, "only the cloud provider") != NULL, "says who has it: %s",
	   check->why);

	snp_bench_init(&b, SNP_MAKE_MILAN, 2, false);
	snp_make(&b.s);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_UNDECIDED, "snp.vek.found", "version 2");
	check = tacit_verdict_find(&b.verdict, "snp.vek.found");
	ok(strstr(check->why, "may be another") != NULL, "says that it guesses: %s", check->why);
}

/* Of several certificates the one that fits is judged, wherever it stands. */
static void test_choice(void)
{
	for (size_t i = 0; i < 10; i++) {
		snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
		(void)snp_bench_judge(&b);
		struct pki_cert *right = b.s.vek;
		switch (i / 2) {
		case 0:
			b.s.vek_spec.subject = "CN=SEV-VLEK";
			break;
		case 1:
			snp_ext(&b.s, "4")->value = tacit_slice_of(b.s.report, 64);
			break;
		case 2:
			snp_ext(&b.s, "3.8")->value = snp_integer(218);
			break;
		case 3:
			b.s.vek_spec.not_after = SNP_NOW - 1;
			break;
		default:
			b.s.vek_spec.not_before = SNP_NOW + 3600;
			break;
		}
		struct pki_cert *wrong = pki_cert(&b.s.vek_spec);
		b.collateral.cert_count = 0;
		snp_bench_cert(&b, b.s.ark->der);
		snp_bench_cert(&b, i % 2 ? right->der : wrong->der);
		snp_bench_cert(&b, i % 2 ? wrong->der : right->der);
		snp_bench_cert(&b, b.s.ica->der);
		enum tacit_status st = snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report));
		snp_accepted(&b, st, i % 2 ? "the right one first" : "the right one last");
	}
}

int main(void)
{
	test_accepted();
	test_claims();
	test_vlek_claims();
	test_changes();
	test_layouts();
	test_signature();
	test_missing_extensions();
	test_wrong_extensions();
	test_hwid();
	test_shape();
	test_kinds();
	test_missing();
	test_choice();
	pki_done();
	return done();
}
