/* SPDX-License-Identifier: Apache-2.0 */

/* What stands above a report's key: roots, intermediates, dates, revocation. */

#include "tests/pki/snp.h"
#include "tests/unit/snp_util.h"
#include "tests/unit/vectors.h"

static struct snp_bench b;

#define DAY 86400

static void test_roots(void)
{
	struct tacit_slice other;

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	snp_accepted(&b, snp_bench_judge(&b), "under the test root");
	struct tacit_slice raw = TACIT_SLICE_ARRAY(b.s.report);
	b.cx.insecure_test_root_count = 0;
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_CHAIN, "snp.ca.root", "AMD's name alone");
	b.cx.insecure_test_root_count = 1;
	other = b.s.ica->der;
	b.cx.insecure_test_roots = &other;
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_CHAIN, "snp.ca.root", "another test root");

	/* A root of the same name and key, in a certificate that nobody pinned. */
	b.cx.insecure_test_roots = &b.root;
	b.s.ark_spec.not_after += DAY;
	b.s.ark_spec.serial = "010009";
	struct pki_cert *twin = pki_cert(&b.s.ark_spec);
	b.collateral.cert_count = 0;
	snp_bench_cert(&b, twin->der);
	snp_bench_cert(&b, b.s.ica->der);
	snp_bench_cert(&b, b.s.vek->der);
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_CHAIN, "snp.ca.root", "a twin of the root");
	snp_bench_cert(&b, b.s.ark->der);
	snp_accepted(&b, snp_bench_raw(&b, raw), "twin and root");
}

/* Certificates with the right names by other keys. */
static void test_forged(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.vek_spec.signer = pki_key(PKI_RSA4096);
	snp_refused(&b, snp_bench_judge(&b), TACIT_SIGNATURE, "snp.chain.signatures",
		    "a forged VEK");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ica_spec.signer = b.s.vek_spec.key;
	snp_refused(&b, snp_bench_judge(&b), TACIT_SIGNATURE, "snp.chain.signatures",
		    "a forged ASK");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ica_spec.issuer_name = b.s.ica_spec.subject;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.ca.root", "a self-issued ASK");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.vek_spec.sig = PKI_SIG_PSS_SHA256;
	snp_make(&b.s);
	struct tacit_cert cert;
	ok(tacit_cert_parse(b.s.vek->der, "vek", &cert, NULL) == TACIT_FORMAT, "PSS with SHA-256");

	/* Two of one name: the one that signed is found, in either order. */
	for (size_t first = 0; first < 2; first++) {
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		(void)snp_bench_judge(&b);
		b.s.ica_spec.key = pki_key(PKI_RSA4096);
		while (EVP_PKEY_eq(b.s.ica_spec.key, b.s.ica->key) == 1)
			b.s.ica_spec.key = pki_key(PKI_RSA4096);
		struct pki_cert *twin = pki_cert(&b.s.ica_spec);
		b.collateral.cert_count = 0;
		snp_bench_cert(&b, first ? twin->der : b.s.ica->der);
		snp_bench_cert(&b, first ? b.s.ica->der : twin->der);
		snp_bench_cert(&b, b.s.vek->der);
		snp_bench_cert(&b, b.s.ark->der);
		snp_accepted(&b, snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report)), "two ASKs");
	}
}

static void test_authority(void)
{
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ica_spec.ca = b.s.ica_spec.limited = false;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names",
		    "an ASK that is no CA");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ica_spec.key_usage = TACIT_KU_CRL_SIGN;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names",
		    "an ASK without usage");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ark_spec.ca = false;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names",
		    "an ARK that is no CA");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ark_spec.limited = true;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names", "a path too long");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.vek_spec.ca = true;
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names", "a VEK that is a CA");
	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.s.ica_spec.aki = tacit_slice_str("01234567890123456789");
	snp_refused(&b, snp_bench_judge(&b), TACIT_CHAIN, "snp.chain.names",
		    "another ARK's key id");
}

/* ---- dates --------------------------------------------------------------------------------- */

static struct pki_spec *spec_of(size_t level)
{
	return level == 0 ? &b.s.ark_spec : level == 1 ? &b.s.ica_spec : &b.s.vek_spec;
}

static void test_dates(void)
{
	const char *check = "snp.chain.validity";

	for (size_t level = 0; level < 3; level++) {
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		spec_of(level)->not_after = SNP_NOW;
		snp_accepted(&b, snp_bench_judge(&b), "the last second");
		ok(tacit_verdict_claims(&b.verdict)->valid_until == SNP_NOW, "which is said");
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		spec_of(level)->not_after = SNP_NOW - 1;
		snp_refused(&b, snp_bench_judge(&b), TACIT_EXPIRED, check, "a second late");
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		spec_of(level)->not_before = SNP_NOW + 60;
		snp_accepted(&b, snp_bench_judge(&b), "ahead by the skew");
		snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
		spec_of(level)->not_before = SNP_NOW + 61;
		snp_refused(&b, snp_bench_judge(&b), TACIT_EXPIRED, check, "a second further");
	}
}

/* What a cache remembers is a signature, never a date. */
static void test_cache(void)
{
	static _Alignas(64) uint8_t room[TACIT_CACHE_TYPICAL];

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.cx.cache = tacit_cache_init(room, sizeof(room));
	snp_accepted(&b, snp_bench_judge(&b), "cold");
	struct tacit_slice raw = TACIT_SLICE_ARRAY(b.s.report);
	snp_accepted(&b, snp_bench_raw(&b, raw), "warm");
	b.cx.now = b.s.vek_spec.not_after + 1;
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_EXPIRED, "snp.chain.validity",
		    "warm and late");
	b.cx.now = SNP_NOW;
	b.s.report[0x50] ^= 1;
	snp_refused(&b, snp_bench_raw(&b, raw), TACIT_SIGNATURE, "snp.report.signature",
		    "warm and changed");
}

/* ---- revocation ---------------------------------------------------------------------------- */

/* Judges with a list of the ARK of `s`; `hosted`: in the certificate table. */
static enum tacit_status judge_crl(const struct pki_crl_spec *spec, bool hosted)
{
	struct pki_crl_spec full = *spec;

	if (!full.issuer)
		full.issuer = b.s.ark;
	struct tacit_slice crl = pki_crl(&full);
	b.collateral.crl_count = 0;
	tacit_arena_wipe(&b.arena);
	if (!hosted) {
		snp_bench_crl(&b, crl);
		return snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report));
	}
	struct snp_entry entry = { .kind = SNP_ENTRY_CRL, .content = crl };
	return snp_bench_raw(&b, snp_evidence(&b.s, snp_table(&entry, 1, 0)));
}

static void test_crl_current(bool hosted)
{
	static const char *const ASK[] = { "7f", "010001" }, *const ARK[] = { "010000" };
	static const char *const VEK[] = { "00", "01" };
	struct pki_crl_spec usual = { .this_update = SNP_NOW - DAY,
				      .next_update = SNP_NOW + DAY,
				      .number = 3 };
	const char *check = "snp.chain.revocation";

	snp_accepted(&b, judge_crl(&usual, hosted), "an empty list");
	snp_result(&b, check, TACIT_CHECK_PASS);
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims->snp->revocation_checked && claims->valid_until == SNP_NOW + DAY,
	   "until the next list");
	struct pki_crl_spec spec = usual;
	spec.serials = VEK;
	spec.serial_count = 2;
	snp_accepted(&b, judge_crl(&spec, hosted), "serials of VEKs, which are all the same");
	spec.serials = ASK;
	snp_refused(&b, judge_crl(&spec, hosted), TACIT_REVOKED, check, "the ASK");
	spec.serials = ARK;
	spec.serial_count = 1;
	snp_refused(&b, judge_crl(&spec, hosted), TACIT_REVOKED, check, "the ARK");
	spec.this_update = SNP_NOW - 3 * DAY;
	spec.next_update = SNP_NOW - 2 * DAY;
	snp_refused(&b, judge_crl(&spec, hosted), TACIT_REVOKED, check, "the ARK, long ago");
	spec = usual;
	spec.signer = b.s.vek_spec.key;
	snp_refused(&b, judge_crl(&spec, hosted), TACIT_SIGNATURE, check, "a forged list");
	spec = usual;
	spec.issuer = b.s.ica;
	snp_accepted(&b, judge_crl(&spec, hosted), "a list of another issuer");
	snp_result(&b, check, TACIT_CHECK_SKIP);
}

static void test_crl_dates(void)
{
	static const struct {
		int64_t from, until;
		bool current;
	} DATES[] = {
		{ -DAY, 0, true },
		{ -DAY, -1, false },
		{ 60, DAY, true },
		{ 61, DAY, false },
	};
	const char *check = "snp.chain.revocation";

	for (size_t i = 0; i < sizeof(DATES) / sizeof(DATES[0]); i++) {
		struct pki_crl_spec spec = { .this_update = SNP_NOW + DATES[i].from,
					     .next_update = SNP_NOW + DATES[i].until,
					     .number = 3 };
		enum tacit_status st = judge_crl(&spec, false);
		if (DATES[i].current)
			snp_accepted(&b, st, "in force");
		else
			snp_refused(&b, st, TACIT_UNDECIDED, check, "out of date");
		st = judge_crl(&spec, true);
		snp_accepted(&b, st, "the host's");
		snp_result(&b, check, DATES[i].current ? TACIT_CHECK_PASS : TACIT_CHECK_SKIP);
	}
	/* A "no" further on outweighs a list out of date. */
	struct pki_crl_spec stale = { .this_update = SNP_NOW - 2 * DAY,
				      .next_update = SNP_NOW - DAY,
				      .number = 3 };
	b.s.report[0x51] ^= 1;
	snp_refused(&b, judge_crl(&stale, false), TACIT_SIGNATURE, "snp.report.signature",
		    "out of date, and a wrong signature");
	snp_result(&b, check, TACIT_CHECK_FAIL);
}

static void test_revocation(void)
{
	for (int vlek = 0; vlek < 2; vlek++) {
		snp_bench_init(&b, SNP_MAKE_MILAN, 3, vlek);
		snp_accepted(&b, snp_bench_judge(&b), "without a list");
		snp_result(&b, "snp.chain.revocation", TACIT_CHECK_SKIP);
		test_crl_current(false);
		test_crl_current(true);
	}
	test_crl_dates();
}

/* ---- AMD's own ----------------------------------------------------------------------------- */

static struct tacit_slice load(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/snp/%s", dir, name);
	return vector_file(path);
}

/* Real certificates and lists: pins by product and kind, and who may stand where. */
static void test_pins(const char *dir)
{
	struct tacit_slice report = load(dir, "reports/genoa-v3-tav.report.bin");
	struct tacit_slice vek = load(dir, "reports/genoa-v3-tav.vek.der");
	struct tacit_slice ask = load(dir, "ca/genoa_ask.der"), ark = load(dir, "ca/genoa_ark.der");
	struct tacit_slice crl = load(dir, "ca/genoa_crl.der");

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_bench_cert(&b, vek);
	snp_bench_cert(&b, ask);
	snp_bench_cert(&b, ark);
	b.cx.now = 1772323200; /* 2026-03-01 */
	snp_accepted(&b, snp_bench_raw(&b, report), "a real report");
	snp_result(&b, "snp.ca.intermediate", TACIT_CHECK_PASS);
	snp_bench_crl(&b, crl);
	snp_accepted(&b, snp_bench_raw(&b, report), "with AMD's list");
	snp_result(&b, "snp.chain.revocation", TACIT_CHECK_PASS);
	b.cx.now = SNP_NOW;
	snp_refused(&b, snp_bench_raw(&b, report), TACIT_UNDECIDED, "snp.chain.revocation",
		    "with AMD's list, out of date");
	/* An ASK of the right name, key and all that is signed, but not the one that is pinned. */
	b.collateral.crl_count = 0;
	uint8_t *twin = pki_alloc(ask.len);
	memcpy(twin, ask.ptr, ask.len);
	twin[ask.len - 1] ^= 1;
	b.collateral.cert_count = 0;
	snp_bench_cert(&b, vek);
	snp_bench_cert(&b, tacit_slice_of(twin, ask.len));
	snp_bench_cert(&b, ark);
	snp_refused(&b, snp_bench_raw(&b, report), TACIT_CHAIN, "snp.ca.intermediate",
		    "an ASK that is not pinned");
	b.collateral.cert_count = 0;
	snp_bench_cert(&b, vek);
	snp_bench_cert(&b, ask);
	snp_bench_cert(&b, ark);
	/* The real root as a test root of itself: then nothing below is pinned. */
	b.collateral.crl_count = 0;
	b.cx.insecure_test_roots = &ark;
	b.cx.insecure_test_root_count = 1;
	snp_accepted(&b, snp_bench_raw(&b, report), "the real root as a test root");
	snp_result(&b, "snp.ca.intermediate", TACIT_CHECK_SKIP);
	vector_done(report);
	vector_done(vek);
	vector_done(ask);
	vector_done(ark);
	vector_done(crl);
}

int main(void)
{
	const char *dir = tap_vectors();

	test_roots();
	test_forged();
	test_authority();
	test_dates();
	test_cache();
	test_revocation();
	if (dir)
		test_pins(dir);
	else
		skip("AMD's certificates", "no shared vectors (TACIT_VECTORS)");
	pki_done();
	return done();
}
