/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fetch_plan.h"

#include "tests/pki/azure.h"
#include "tests/unit/vectors.h"

static uint8_t room[1 << 20];
static struct tacit_arena arena;
static struct tacit_fetch_plan plan;
static struct tacit_error err;

static enum tacit_status make(struct tacit_slice evidence, const struct tacit_fetch_places *places)
{
	static const struct tacit_fetch_places usual;
	struct tacit_evidence ev = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	tacit_error_clear(&err);
	memset(&plan, 0xee, sizeof(plan));
	enum tacit_status st = tacit_evidence_unwrap(evidence, &arena, &ev, &err);
	return st == TACIT_OK
		       ? tacit_fetch_plan_make(&ev, places ? places : &usual, &arena, &plan, &err)
		       : st;
}

static void is_text(const char *got, const char *want, const char *name)
{
	if (!ok(strcmp(got, want) == 0, "%s", name))
		printf("# got  %s\n# want %s\n", got, want);
}

struct want {
	enum tacit_fetch_kind kind;
	const char *url, *file, *cache;
};

static void is_plan(enum tacit_status st, const struct want *want, size_t count, const char *name)
{
	is_status(st, TACIT_OK, name);
	if (!ok(st == TACIT_OK && plan.count == count, "%s: %zu pieces", name, count))
		return;
	for (size_t i = 0; i < count; i++) {
		ok(plan.pieces[i].kind == want[i].kind, "%s: %s", name,
		   tacit_fetch_kind_name(want[i].kind));
		is_text(plan.pieces[i].url, want[i].url, name);
		is_text(plan.pieces[i].file, want[i].file, name);
		is_text(plan.pieces[i].cache, want[i].cache ? want[i].cache : "", name);
	}
}

static void is_refused(enum tacit_status st, enum tacit_status want, const char *words,
		       const char *name)
{
	is_status(st, want, name);
	if (!ok(strstr(err.detail, words) != NULL, "%s: because of '%s'", name, words))
		printf("# got %s: %s\n", err.where, err.detail);
	ok(plan.count == 0xeeeeeeeeeeeeeeee, "%s: nothing is given out", name);
}

/* ---- Intel ---------------------------------------------------------------------------------- */

#define API "https://api.trustedservices.intel.com"

static const struct want TDX[] = {
	{ TACIT_FETCH_TCB_INFO, API "/tdx/certification/v4/tcb?fmspc=50806f000000",
	  "intel-tdx-tcb-info-50806f000000.json", NULL },
	{ TACIT_FETCH_QE_IDENTITY, API "/tdx/certification/v4/qe/identity",
	  "intel-tdx-qe-identity.json", NULL },
	{ TACIT_FETCH_PCK_CRL, API "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
	  "intel-pck-crl-platform.der", NULL },
	{ TACIT_FETCH_ROOT_CRL, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
	  "intel-root-crl.der", NULL },
};

static const struct want SGX[] = {
	{ TACIT_FETCH_TCB_INFO, API "/sgx/certification/v4/tcb?fmspc=50806f000000",
	  "intel-sgx-tcb-info-50806f000000.json", NULL },
	{ TACIT_FETCH_QE_IDENTITY, API "/sgx/certification/v4/qe/identity",
	  "intel-sgx-qe-identity.json", NULL },
	{ TACIT_FETCH_PCK_CRL, API "/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
	  "intel-pck-crl-processor.der", NULL },
	{ TACIT_FETCH_ROOT_CRL, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
	  "intel-root-crl.der", NULL },
};

static void test_quotes(void)
{
	const struct dcap_world *w = dcap_world();
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);

	is_plan(make(dcap_quote(&spec), NULL), TDX, 4, "a TD's quote");
	spec = dcap_quote_spec(5, TACIT_DCAP_BODY_TD15);
	is_plan(make(dcap_quote(&spec), NULL), TDX, 4, "of version 5");
	spec = dcap_quote_spec(3, TACIT_DCAP_BODY_SGX);
	spec.pck = w->pck_processor;
	spec.chain = dcap_chain(w->pck_processor, w->processor_ca, w->root);
	is_plan(make(dcap_quote(&spec), NULL), SGX, 4, "an enclave's under the Processor CA");
	spec.chain = dcap_chain(w->root, w->pck_processor, w->processor_ca);
	is_plan(make(dcap_quote(&spec), NULL), SGX, 4, "with the chain in another order");
	spec.chain = dcap_chain(w->root, w->platform_ca, w->processor_ca);
	is_refused(make(dcap_quote(&spec), NULL), TACIT_FORMAT, "no PCK certificate",
		   "a chain without a PCK");
	spec.chain = dcap_chain(dcap_pck(w->root, &w->platform, NULL), w->platform_ca, w->root);
	is_refused(make(dcap_quote(&spec), NULL), TACIT_FORMAT, "none of Intel's CAs",
		   "a PCK that the root issued");
	struct dcap_platform platform = dcap_platform();
	platform.leave_out = 1 << 4;
	spec.chain = dcap_chain(dcap_pck(w->platform_ca, &platform, NULL), w->platform_ca, w->root);
	is_refused(make(dcap_quote(&spec), NULL), TACIT_FORMAT, "missing", "a PCK without FMSPC");
	spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	spec.cert_type = 3;
	is_refused(make(dcap_quote(&spec), NULL), TACIT_UNSUPPORTED, "encrypted id",
		   "a quote with an encrypted PPID");
}

static void test_options(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	struct tacit_slice quote = pki_copy(dcap_quote(&spec));
	struct tacit_fetch_places places = { .update = "early" };

	is_status(make(quote, &places), TACIT_OK, "the early recovery");
	is_text(plan.pieces[0].url, API "/tdx/certification/v4/tcb?fmspc=50806f000000&update=early",
		"of the TCB info");
	is_text(plan.pieces[1].url, API "/tdx/certification/v4/qe/identity?update=early",
		"and of the QE identity");
	is_text(plan.pieces[2].url, TDX[2].url, "not of lists");
	places = (struct tacit_fetch_places){ .evaluation_number = 4294967295u };
	is_status(make(quote, &places), TACIT_OK, "a number");
	is_text(plan.pieces[0].url,
		API "/tdx/certification/v4/tcb?fmspc=50806f000000"
		    "&tcbEvaluationDataNumber=4294967295",
		"of the TCB info");
	is_text(plan.pieces[1].url,
		API "/tdx/certification/v4/qe/identity?tcbEvaluationDataNumber=4294967295",
		"and of the QE identity");
	places = (struct tacit_fetch_places){ .pcs = "https://pcs.example/a/",
					      .root_crl = "https://ca.example/root.crl" };
	is_status(make(quote, &places), TACIT_OK, "other places");
	is_text(plan.pieces[1].url, "https://pcs.example/a/tdx/certification/v4/qe/identity",
		"a service");
	is_text(plan.pieces[3].url, "https://ca.example/root.crl", "and where its root is");
	places = (struct tacit_fetch_places){ .pccs = "https://[::1]:8081/sgx/certification/v4/" };
	is_status(make(quote, &places), TACIT_OK, "a PCCS as Intel's clients name it");
	is_text(plan.pieces[0].url,
		"https://[::1]:8081/tdx/certification/v4/tcb?fmspc=50806f000000", "its TCB info");
	is_text(plan.pieces[3].url, "https://[::1]:8081/sgx/certification/v4/rootcacrl",
		"its list of the root");
}

static void test_places(void)
{
	static const struct {
		struct tacit_fetch_places places;
		const char *words;
	} BAD[] = {
		{ { .pcs = "http://x" }, "--pcs" },
		{ { .pccs = "HTTPS://x" }, "--pccs" },
		{ { .kds = "https://" }, "--kds" },
		{ { .kds = "https:///x" }, "--kds" },
		{ { .root_crl = "" }, "--root-crl" },
		{ { .pcs = "https://x?y" }, "character" },
		{ { .pcs = "https://x#y" }, "character" },
		{ { .pcs = "https://u@x" }, "character" },
		{ { .pcs = "https://x y" }, "character" },
		{ { .pcs = "https://x\ny" }, "character" },
		{ { .pcs = "https://x\xc3\xa9" }, "character" },
		{ { .pcs = "https://x\\y" }, "character" },
		{ { .pcs = "https://x", .pccs = "https://y" }, "takes the place" },
		{ { .root_crl = "https://x", .pccs = "https://y" }, "takes the place" },
		{ { .update = "Early" }, "standard or early" },
		{ { .update = "" }, "standard or early" },
		{ { .update = "early", .evaluation_number = 1 }, "exclude each other" },
		{ { .product = "Milan" }, "milan, genoa or turin" },
		{ { .product = "venice" }, "milan, genoa or turin" },
	};
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	struct tacit_slice quote = pki_copy(dcap_quote(&spec));
	char url[210];

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_refused(make(quote, &BAD[i].places), TACIT_USAGE, BAD[i].words, BAD[i].words);
	memset(url, 'x', sizeof(url));
	memcpy(url, "https://", 8);
	url[200] = 0;
	struct tacit_fetch_places places = { .pccs = url };
	is_status(make(quote, &places), TACIT_OK, "a URL of 200 bytes");
	ok(strlen(plan.pieces[0].url) == 200 + strlen(TDX[0].url) - strlen(API), "is not cut");
	url[200] = 'x';
	url[201] = 0;
	is_refused(make(quote, &places), TACIT_USAGE, "--pccs", "one of 201");
}

/* ---- AMD ------------------------------------------------------------------------------------ */

#define KDS  "https://kdsintf.amd.com"
#define C716 "c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7"
#define C764 C716 C716 C716 C716

static struct snp_evidence snp;

static struct tacit_slice report(enum snp_make_product product, unsigned version, bool vlek)
{
	snp_init(&snp, product, version, vlek);
	return TACIT_SLICE_ARRAY(snp.report);
}

static const struct want GENOA[] = {
	{ TACIT_FETCH_AMD_CHAIN, KDS "/vcek/v1/Genoa/cert_chain", "amd-vcek-chain-genoa.pem",
	  "genoa/vcek-chain.pem" },
	{ TACIT_FETCH_VCEK, KDS "/vcek/v1/Genoa/" C764 "?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219",
	  "amd-vcek-genoa-" C764 "-04000000000018db.der", "genoa/" C764 "-04000000000018db.der" },
	{ TACIT_FETCH_AMD_CRL, KDS "/vcek/v1/Genoa/crl", "amd-vcek-crl-genoa.der",
	  "genoa/vcek-crl.der" },
};

static const struct want TURIN[] = {
	{ TACIT_FETCH_AMD_CHAIN, KDS "/vcek/v1/Turin/cert_chain", "amd-vcek-chain-turin.pem",
	  "turin/vcek-chain.pem" },
	{ TACIT_FETCH_VCEK,
	  KDS "/vcek/v1/Turin/c7c7c7c7c7c7c7c7?fmcSPL=1&blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219",
	  "amd-vcek-turin-c7c7c7c7c7c7c7c7-01040018000000db.der",
	  "turin/c7c7c7c7c7c7c7c7-01040018000000db.der" },
	{ TACIT_FETCH_AMD_CRL, KDS "/vcek/v1/Turin/crl", "amd-vcek-crl-turin.der",
	  "turin/vcek-crl.der" },
};

static const struct want MILAN_VLEK[] = {
	{ TACIT_FETCH_AMD_CHAIN, KDS "/vlek/v1/Milan/cert_chain", "amd-vlek-chain-milan.pem",
	  "milan/vlek-chain.pem" },
	{ TACIT_FETCH_AMD_CRL, KDS "/vlek/v1/Milan/crl", "amd-vlek-crl-milan.der",
	  "milan/vlek-crl.der" },
};

static void test_reports(void)
{
	struct tacit_slice raw = report(SNP_MAKE_GENOA, 5, false);

	is_plan(make(raw, NULL), GENOA, 3, "a Genoa's report");
	snp.report[0x189] = 0xa0;
	is_plan(make(raw, NULL), GENOA, 3, "a Bergamo's or Siena's");
	snp.report[0x189] = 0xaf;
	is_plan(make(raw, NULL), GENOA, 3, "and the last of its models");
	is_plan(make(report(SNP_MAKE_TURIN, 5, false), NULL), TURIN, 3, "a Turin's");
	struct tacit_fetch_places places = { .product = "milan" };
	is_plan(make(raw, &places), TURIN, 3, "which says so itself");
	places = (struct tacit_fetch_places){ .kds = "https://kds.example/x//" };
	is_status(make(report(SNP_MAKE_GENOA, 5, false), &places), TACIT_OK, "another service");
	is_text(plan.pieces[0].url, "https://kds.example/x/vcek/v1/Genoa/cert_chain", "its chain");
	is_text(plan.pieces[2].url, "https://kds.example/x/vcek/v1/Genoa/crl", "and its list");
}

static void test_old_reports(void)
{
	struct tacit_fetch_places places = { .kds = NULL };
	struct tacit_slice raw = report(SNP_MAKE_MILAN, 2, false);

	is_status(make(raw, NULL), TACIT_OK, "version 2");
	is_text(plan.pieces[0].url, KDS "/vcek/v1/Milan/cert_chain", "is taken to be Milan's");
	places.product = "genoa";
	is_plan(make(raw, &places), GENOA, 3, "unless one says Genoa");
	places.product = "turin";
	is_refused(make(raw, &places), TACIT_FORMAT, "'turin'", "Turin's TCB has another layout");
	memset(snp.report + 0x1a8, 0, 56);
	snp_put(&snp, 0x180, 0xdb00000018000401, 8);
	is_plan(make(raw, NULL), TURIN, 3, "a chip id of eight bytes is Turin's");
}

static void test_no_service(void)
{
	struct tacit_slice raw = report(SNP_MAKE_GENOA, 5, false);

	snp.report[0x1a0] ^= 0xff;
	is_status(make(raw, NULL), TACIT_OK, "another chip");
	memset(snp.report + 0x1a0, 0, 64);
	is_refused(make(raw, NULL), TACIT_UNDECIDED, "masks the chip's id", "a masked chip id");
	raw = report(SNP_MAKE_GENOA, 5, false);
	snp_put(&snp, 0x048, 7 << 2, 4);
	is_refused(make(raw, NULL), TACIT_FORMAT, "neither a VCEK nor a VLEK", "no key at all");
	snp_put(&snp, 0x048, 2 << 2, 4);
	is_refused(make(raw, NULL), TACIT_FORMAT, "neither a VCEK nor a VLEK", "a reserved key");
	raw = report(SNP_MAKE_GENOA, 5, false);
	snp.report[0x188] = 0x1a;
	snp.report[0x189] = 0x50;
	is_refused(make(raw, NULL), TACIT_UNSUPPORTED, "'venice'", "a product without a root");
	snp.report[0x189] = 0xff;
	is_refused(make(raw, NULL), TACIT_UNSUPPORTED, "'unknown'", "an unknown product");
	raw = report(SNP_MAKE_GENOA, 5, false);
	snp.report[0x182] = 1;
	is_refused(make(raw, NULL), TACIT_FORMAT, "'genoa'", "a TCB of another layout");
	is_refused(make(report(SNP_MAKE_MILAN, 3, true), NULL), TACIT_UNDECIDED,
		   "cloud provider alone", "a VLEK without its certificate");
}

static void test_tables(void)
{
	(void)report(SNP_MAKE_GENOA, 5, false);
	snp_make(&snp);
	is_plan(make(snp_evidence(&snp, snp_usual_table(&snp)), NULL), GENOA + 2, 1,
		"with all certificates in the table");
	struct snp_entry entries[] = {
		{ .kind = SNP_ENTRY_VCEK, .content = snp.vek->der },
		{ .kind = SNP_ENTRY_ASK, .content = snp.ica->der },
		{ .kind = SNP_ENTRY_ARK, .content = snp.ark->der },
	};
	const struct want no_vek[] = { GENOA[1], GENOA[2] }, no_ca[] = { GENOA[0], GENOA[2] };
	is_plan(make(snp_evidence(&snp, snp_table(entries + 1, 2, 0)), NULL), no_vek, 2,
		"without the VCEK");
	is_plan(make(snp_evidence(&snp, snp_table(entries, 2, 0)), NULL), no_ca, 2,
		"without the ARK");
	is_plan(make(snp_evidence(&snp, snp_table(entries, 1, 0)), NULL), no_ca, 2,
		"without both above it");
	memset(snp.report + 0x1a0, 0, 64);
	is_plan(make(snp_evidence(&snp, snp_table(entries, 1, 0)), NULL), no_ca, 2,
		"a masked chip whose certificate is there");
	entries[0].placed = true;
	entries[0].offset = 100000;
	entries[0].length = 10;
	is_refused(make(snp_evidence(&snp, snp_table(entries, 3, 0)), NULL), TACIT_FORMAT, "",
		   "a table that is broken");
	(void)report(SNP_MAKE_MILAN, 3, true);
	snp_make(&snp);
	struct snp_entry vlek = { .kind = SNP_ENTRY_VLEK, .content = snp.vek->der };
	is_plan(make(snp_evidence(&snp, snp_table(&vlek, 1, 0)), NULL), MILAN_VLEK, 2,
		"a VLEK alone");
	is_plan(make(snp_evidence(&snp, snp_usual_table(&snp)), NULL), MILAN_VLEK + 1, 1,
		"a VLEK with its chain");
}

static void test_azure(void)
{
	struct azure_spec azure;

	azure_init(&azure, false);
	azure_make(&azure);
	is_status(make(azure.hcl, NULL), TACIT_OK, "a paravisor's report");
	ok(plan.document.tee == TACIT_TEE_SNP && plan.count == 3, "needs what is in it needs");
	azure_init(&azure, true);
	azure_make(&azure);
	is_refused(make(azure.hcl, NULL), TACIT_UNDECIDED, "give the quote", "of a TD, alone");
	struct tacit_slice json = azure_agent_json(&azure, "");
	is_plan(make(json, NULL), TDX, 4, "with the TD's quote");
	ok(plan.document.tee == TACIT_TEE_TDX && !plan.document.wrapper, "which is what is judged");
}

/* ---- real evidence -------------------------------------------------------------------------- */

static void test_real_quotes(const char *dir)
{
	static const struct {
		const char *name, *start;
		enum tacit_status status;
	} REAL[] = {
		{ "sgx-v3-e3-00a06711-phala", "/sgx/certification/v4/tcb?fmspc=00a067110000", 0 },
		{ "sgx-v3-icx-00606a-occlum", "/sgx/certification/v4/tcb?fmspc=00606a000000", 0 },
		{ "sgx-v3-misordered-chain-fortanix",
		  "/sgx/certification/v4/tcb?fmspc=00906ea10000", 0 },
		{ "sgx-v3-eppid-type3-oasis", NULL, TACIT_UNSUPPORTED },
		{ "tdx-v4-azure-90c06f-2026-03", "/tdx/certification/v4/tcb?fmspc=90c06f000000",
		  0 },
		{ "tdx-v4-gnr-00a06d08-2025-11", "/tdx/certification/v4/tcb?fmspc=00a06d080000",
		  0 },
		{ "tdx-v4-sbx-root", "/tdx/certification/v4/tcb?fmspc=10806f070000", 0 },
		{ "tdx-v4-spr-c0806f-trailing", "/tdx/certification/v4/tcb?fmspc=c0806f000000", 0 },
		{ "tdx-v5-emr-90c06f-outdated", "/tdx/certification/v4/tcb?fmspc=90c06f000000", 0 },
	};

	for (size_t i = 0; i < sizeof(REAL) / sizeof(REAL[0]); i++) {
		char path[4096], url[512];

		snprintf(path, sizeof(path), "%s/tdx/%s/quote.bin", dir, REAL[i].name);
		snprintf(url, sizeof(url), API "%s", REAL[i].start ? REAL[i].start : "");
		struct tacit_slice quote = vector_file(path);
		is_status(make(quote, NULL), REAL[i].status, REAL[i].name);
		if (REAL[i].status == TACIT_OK)
			is_text(plan.pieces[0].url, url, REAL[i].name);
		/* Processor CA: the one whose family is Coffee Lake E3 and older. */
		const char *ca = strstr(REAL[i].name, "-e3-") || strstr(REAL[i].name, "misordered")
					 ? "ca=processor"
					 : "ca=platform";
		if (REAL[i].status == TACIT_OK)
			ok(strstr(plan.pieces[2].url, ca) != NULL, "%s: %s", REAL[i].name, ca);
		vector_done(quote);
	}
}

static int part(const json_t *row, const char *name)
{
	return (int)json_number_value(json_object_get(json_object_get(row, "reported_tcb"), name));
}

static void test_real_report(const char *dir, const json_t *row)
{
	const char *id = json_string_value(json_object_get(row, "id"));
	const char *product = json_string_value(json_object_get(row, "product"));
	const char *chip = json_string_value(json_object_get(row, "chip_id"));
	bool turin = strcmp(product, "Turin") == 0;
	char path[4096], url[512], fmc[16] = "";

	snprintf(path, sizeof(path), "%s/snp/reports/%s.report.bin", dir, id);
	struct tacit_slice raw = vector_file(path);
	enum tacit_status st = make(raw, NULL);
	vector_done(raw);
	if (strcmp(json_string_value(json_object_get(row, "signing_key")), "VLEK") == 0) {
		is_refused(st, TACIT_UNDECIDED, "cloud provider alone", id);
		return;
	}
	if (turin)
		snprintf(fmc, sizeof(fmc), "fmcSPL=%d&", part(row, "fmc"));
	snprintf(url, sizeof(url),
		 KDS "/vcek/v1/%s/%.*s?%sblSPL=%d&teeSPL=%d&snpSPL=%d&ucodeSPL=%d", product,
		 turin ? 16 : 128, chip, fmc, part(row, "bl"), part(row, "tee"), part(row, "snp"),
		 part(row, "ucode"));
	is_status(st, TACIT_OK, id);
	if (ok(st == TACIT_OK && plan.count == 3, "%s: three pieces", id))
		is_text(plan.pieces[1].url, url, id);
}

static void test_vectors(void)
{
	json_t *rows = vector_json("snp/index.json"), *row;
	size_t i;

	if (!rows)
		return;
	json_array_foreach(rows, i, row) test_real_report(tap_vectors(), row);
	json_decref(rows);
	test_real_quotes(tap_vectors());
}

int main(void)
{
	test_quotes();
	test_options();
	test_places();
	test_reports();
	test_old_reports();
	test_no_service();
	test_tables();
	test_azure();
	is_status(make(tacit_slice_str("hello"), NULL), TACIT_FORMAT, "no evidence");
	ok(strcmp(tacit_fetch_kind_name(TACIT_FETCH_KINDS), "unknown") == 0 &&
		   tacit_fetch_kind_max(TACIT_FETCH_KINDS) == 0,
	   "no kind of piece");
	test_vectors();
	pki_done();
	return done();
}
