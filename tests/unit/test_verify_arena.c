/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every platform with too little room: the answer is TACIT_LIMIT and no claims, wherever in the
 * judgement the arena ends.
 */

#include "tests/pki/azure.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/unit/azure_util.h"
#include "tests/unit/nitro_util.h"
#include "tests/unit/snp_util.h"

#include "appraise/verdict_json.h"
#include "base/writer.h"
#include "tacit/cache.h"

#define ROOM (1u << 18)

static struct tacit_cache *cache;
static struct tacit_verdict verdict;

/* The arena ends with its block, so that a step beyond it is seen. */
static enum tacit_status run(const struct tacit_evidence *ev, const struct tacit_context *given,
			     size_t size)
{
	static uint8_t room[ROOM];
	struct tacit_context cx = *given;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room + ROOM - size, size);
	cx.arena = &arena;
	cx.cache = cache;
	return tacit_verify(ev, &cx, &verdict, NULL);
}

/* All that the verdict says, claims included. */
static struct tacit_slice said(uint8_t *out, size_t size)
{
	struct writer w = wr_of(tacit_mut_of(out, size));

	tacit_verdict_json(&verdict, &w);
	return tacit_slice_of(out, w.bad ? 0 : w.at);
}

static size_t least(const struct tacit_evidence *ev, const struct tacit_context *cx,
		    enum tacit_status want)
{
	size_t low = 0, high = ROOM;

	while (low + 8 < high) {
		size_t middle = (low + high) / 2 & ~(size_t)7;

		if (run(ev, cx, middle) == want)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static void sweep(const char *name, enum tacit_tee tee, struct tacit_slice raw,
		  const struct tacit_context *cx, enum tacit_status want)
{
	struct tacit_evidence ev = { .tee = tee, .raw = raw };
	static uint8_t whole[ROOM], close[ROOM];
	size_t wrong = 0;

	if (!ok(run(&ev, cx, ROOM) == want, "%s: %s with enough room", name,
		tacit_status_name(want)))
		return;
	struct tacit_slice all = said(whole, sizeof(whole));
	size_t enough = least(&ev, cx, want);
	(void)!run(&ev, cx, enough);
	ok(all.len != 0 && tacit_slice_eq(all, said(close, sizeof(close))),
	   "%s: nothing is left out with %zu bytes", name, enough);
	for (size_t size = 0; size < enough; size += 8)
		wrong += run(&ev, cx, size) != TACIT_LIMIT || tacit_verdict_genuine(&verdict);
	ok(wrong == 0, "%s: TACIT_LIMIT with less than %zu bytes", name, enough);
}

static void test_nitro(void)
{
	static struct nitro_bench b;
	struct nitro_spec spec = { 0 };

	nitro_start(&b);
	sweep("nitro", TACIT_TEE_NITRO, nitro_document(&b.pki, &spec), &b.cx, TACIT_OK);
}

static void test_snp(void)
{
	static struct snp_bench b;

	snp_bench_init(&b, SNP_MAKE_MILAN, 3, false);
	is_status(snp_bench_judge(&b), TACIT_OK, "snp: a report");
	sweep("snp", TACIT_TEE_SNP, TACIT_SLICE_ARRAY(b.s.report), &b.cx, TACIT_OK);
	sweep("snp with its table", TACIT_TEE_SNP, snp_evidence(&b.s, snp_usual_table(&b.s)), &b.cx,
	      TACIT_OK);
}

static void test_dcap(bool tdx)
{
	struct dcap_collateral all = dcap_collateral(tdx);
	struct tacit_slice pieces[DCAP_PIECES], root = dcap_world()->root->der;
	struct dcap_quote_spec spec =
		dcap_quote_spec(tdx ? 5 : 3, tdx ? TACIT_DCAP_BODY_TD15 : TACIT_DCAP_BODY_SGX);
	static uint8_t room[1 << 17];
	struct tacit_arena arena;
	struct tacit_context cx = {
		.now = DCAP_NOW,
		.insecure_no_policy = true,
		.insecure_test_roots = &root,
		.insecure_test_root_count = 1,
	};

	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_collateral_parse(pieces, dcap_pieces(&all, pieces), &arena, &cx.collateral,
					 NULL),
		  TACIT_OK, "collateral");
	sweep(tdx ? "tdx" : "sgx", tdx ? TACIT_TEE_TDX : TACIT_TEE_SGX, dcap_quote(&spec), &cx,
	      TACIT_OK);
}

static void test_azure(bool tdx)
{
	static struct azure_spec a;
	static struct azure_bench b;
	struct tacit_slice root;

	azure_init(&a, tdx);
	azure_make(&a);
	azure_start(&b, AZURE_NOW);
	root = tdx ? dcap_world()->root->der : a.snp.ark->der;
	b.collateral.quotes = &a.td_quote;
	b.collateral.quote_count = tdx ? 1 : 0;
	b.collateral.tpm.message = a.message;
	b.collateral.tpm.signature = a.signature;
	azure_pcrs(&b, a.pcr_values);
	if (!tdx) {
		azure_cert(&b, a.snp.vek->der);
		azure_cert(&b, a.snp.ica->der);
		azure_cert(&b, a.snp.ark->der);
	}
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	sweep(tdx ? "azure-tdx" : "azure-snp", tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP,
	      a.hcl, &b.cx, tdx ? TACIT_UNDECIDED : TACIT_OK);
	b.collateral.tpm.pcr_count = 0;
	sweep(tdx ? "azure-tdx without PCRs" : "azure-snp without PCRs",
	      tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP, a.hcl, &b.cx,
	      tdx ? TACIT_UNDECIDED : TACIT_OK);
}

int main(void)
{
	static uint8_t room[TACIT_CACHE_TYPICAL];

	cache = tacit_cache_init(room, sizeof(room));
	test_nitro();
	test_snp();
	test_dcap(false);
	test_dcap(true);
	test_azure(false);
	test_azure(true);
	pki_done();
	return done();
}
