/* SPDX-License-Identifier: Apache-2.0 */

/* Real evidence of Azure's confidential VMs, with the outcomes that the shared vectors state. */

#include "tests/unit/azure_util.h"

#define FILES_MAX 32

static const char *DIR;

/* What one test has read, until it is over. */
static struct tacit_slice files_read[FILES_MAX];
static size_t files_count;

static struct tacit_slice load(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", DIR, name);
	struct tacit_slice file = vector_file(path);
	if (files_count < FILES_MAX)
		files_read[files_count++] = file;
	return file;
}

static void over(void)
{
	while (files_count)
		vector_done(files_read[--files_count]);
}

static struct tacit_slice load_of(const char *id, const char *folder, const char *suffix)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s%s", folder, id, suffix);
	struct tacit_slice file = load(path);
	if (!file.ptr)
		ok(false, "%s is read", path);
	return file;
}

/* 2025-09-01, within the life of every certificate here. */
#define SNP_NOW 1756684800

static void snp_start(struct azure_bench *b, const char *id)
{
	char report[64];

	azure_start(b, SNP_NOW);
	snprintf(report, sizeof(report), "milan-v3-%s", id);
	azure_cert(b, load_of(report, "snp/reports", ".vek.der"));
	azure_cert(b, load("snp/ca/milan_ask.der"));
	azure_cert(b, load("snp/ca/milan_ark.der"));
}

static void snp_quote(struct azure_bench *b, const char *id)
{
	b->collateral.tpm.message = load_of(id, "snp/azure", ".tpm-quote.msg");
	b->collateral.tpm.signature = load_of(id, "snp/azure", ".tpm-quote.sig");
	azure_pcrs(b, load_of(id, "snp/azure", ".pcrs.bin"));
}

static void test_snp(const char *id, const char *nonce)
{
	static struct azure_bench b;
	struct tacit_slice hcl = load_of(id, "snp/azure", ".hcl.bin");

	snp_start(&b, id);
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl), TACIT_OK, id);
	azure_diag(&b);
	const struct tacit_claims *claims = tacit_verdict_claims(&b.verdict);
	ok(claims && claims->azure && !claims->azure->quoted && claims->snp,
	   "%s alone: guest state unproven", id);
	ok(claims && !claims->nonce.ptr && !azure_measurement(claims, "pcr0").ptr,
	   "%s alone: no nonce, no PCRs", id);
	snp_start(&b, id);
	snp_quote(&b, id);
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl), TACIT_OK, "  with its TPM quote");
	azure_diag(&b);
	claims = tacit_verdict_claims(&b.verdict);
	ok(claims && claims->azure->quoted && claims->azure->pcr_mask == 0xffffff,
	   "  all PCRs are quoted");
	ok(claims && azure_measurement(claims, "pcr23").len == 32 &&
		   azure_measurement(claims, "measurement").len == 48,
	   "  PCRs and the launch digest are measurements");
	if (*nonce)
		ok(claims && tacit_slice_eq(claims->nonce, tacit_slice_str(nonce)),
		   "  the nonce is the quote's");
	else
		ok(claims && !claims->nonce.ptr, "  an empty nonce is none");
	over();
}

/* One quote's message, another's AK; PCRs of another. */
static void test_mixed(void)
{
	static struct azure_bench b;
	struct tacit_slice hcl = load_of("azure-c", "snp/azure", ".hcl.bin");

	snp_start(&b, "azure-c");
	snp_quote(&b, "azure-a");
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl), TACIT_SIGNATURE,
		  "the quote of another VM's key");
	azure_failed(&b, "azure.quote.signature");
	snp_start(&b, "azure-c");
	snp_quote(&b, "azure-c");
	azure_pcrs(&b, load_of("azure-a", "snp/azure", ".pcrs.bin"));
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl), TACIT_BINDING, "PCRs of another VM");
	azure_failed(&b, "azure.quote.pcrs");
	over();
}

/* No VCEK of this machine is known; the one beside it in its repository is of another. */
static void test_hcl2048(void)
{
	static struct azure_bench b;
	struct tacit_slice hcl = load_of("azure-hcl2048", "snp/azure", ".hcl.bin");

	azure_start(&b, SNP_NOW);
	is_status(azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl), TACIT_UNDECIDED,
		  "the old 2048-byte form without a VCEK");
	azure_passed(&b, "azure.hcl.data");
	azure_cert(&b, load("snp/reports/milan-v2-azure-hcl2048.wrong-vek.der"));
	azure_cert(&b, load("snp/ca/milan_ask.der"));
	azure_cert(&b, load("snp/ca/milan_ark.der"));
	enum tacit_status st = azure_judge(&b, TACIT_TEE_AZURE_SNP, hcl);
	ok(st != TACIT_OK && !tacit_verdict_genuine(&b.verdict),
	   "and with the VCEK of another chip: %s", tacit_status_name(st));
	over();
}

/* ---- TDX ----------------------------------------------------------------------------------- */

static const char *const PIECES[] = {
	"tcbinfo.json", "qeidentity.json", "tcb_signing_chain.pem",
	"pck_crl.der",  "root_ca_crl.der", "pck_crl_issuer_chain.pem",
	"quote.bin",    "tpm_quote.json",
};

#define PIECE_COUNT (sizeof(PIECES) / sizeof(PIECES[0]))

struct td {
	const char *id;
	int64_t now;
	size_t pieces; /* the first so many of the table */
	enum tacit_status expected;
	const char *check; /* that fails, when one does */
	const char *what;
};

static const struct td TDS[] = {
	{ "tdx-v4-azure-90c06f-2025-12", 1772718607, 7, TACIT_OK, NULL, "report and quote" },
	{ "tdx-v4-azure-90c06f-2025-12", 1772718607, 6, TACIT_UNDECIDED, "azure.tdx.quote",
	  "the report alone" },
	/* Out of date: a policy would have to accept that, and here there is none. */
	{ "tdx-v4-azure-00806f05-module-outofdate", 1770801952, 8, TACIT_OK, NULL,
	  "report, quote and TPM quote" },
	{ "tdx-v4-azure-00806f05-module-outofdate", 1770801952, 7, TACIT_OK, NULL,
	  "without TPM quote" },
};

static void test_td(const struct td *td)
{
	static struct azure_bench b;
	struct tacit_slice files[PIECE_COUNT];
	char folder[128];

	azure_start(&b, td->now);
	snprintf(folder, sizeof(folder), "tdx/%s", td->id);
	for (size_t i = 0; i < td->pieces; i++)
		files[i] = load_of(PIECES[i], folder, "");
	is_status(tacit_collateral_parse(files, td->pieces, &b.arena, &b.cx.collateral, &b.err),
		  TACIT_OK, td->id);
	azure_diag(&b);
	struct tacit_slice hcl = load_of("hcl_report.bin", folder, "");
	is_status(azure_judge(&b, TACIT_TEE_AZURE_TDX, hcl), td->expected, td->what);
	if (td->check)
		azure_failed(&b, td->check);
	else
		azure_diag(&b);
	const struct tacit_claims *claims = tacit_verdict_genuine(&b.verdict);
	ok(!claims == (td->expected == TACIT_UNDECIDED), "  it is genuine, or cannot be said");
	if (claims) {
		ok(claims->tdx && azure_measurement(claims, "mrtd").len == 48, "  it has an MRTD");
		ok(claims->tcb_status && (strcmp(claims->tcb_status, "UpToDate") == 0) ==
						 (strstr(td->id, "outofdate") == NULL),
		   "  its status is the stated one");
		ok(azure_measurement(claims, "pcr0").len == (td->pieces == 8 ? 32 : 0),
		   "  and PCRs with the TPM's quote alone");
	}
	over();
}

/* The quote of one TD beside the report of another. */
static void test_other_td(void)
{
	static struct azure_bench b;
	struct tacit_slice quote = load("tdx/tdx-v4-azure-90c06f-2026-03/quote.bin");
	struct tacit_slice hcl = load("tdx/tdx-v4-azure-90c06f-2025-12/hcl_report.bin");

	azure_start(&b, 1772718607);
	b.collateral.quotes = &quote;
	b.collateral.quote_count = 1;
	is_status(azure_judge(&b, TACIT_TEE_AZURE_TDX, hcl), TACIT_BINDING,
		  "the quote of another TD");
	azure_failed(&b, "azure.tdx.report");
	over();
}

int main(void)
{
	DIR = tap_vectors();
	if (!DIR) {
		skip("real evidence of Azure VMs", "no shared vectors (TACIT_VECTORS)");
		return done();
	}
	test_snp("azure-a", "challenge");
	test_snp("azure-b", "challenge");
	test_snp("azure-c", "");
	test_mixed();
	test_hcl2048();
	for (size_t i = 0; i < sizeof(TDS) / sizeof(TDS[0]); i++)
		test_td(&TDS[i]);
	test_other_td();
	return done();
}
