/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/verdict_json.h"
#include "fuzz.h"
#include "tee/snp/snp.h"

#define NOW 1795248000

/* The root of the input's own table, so that a seed of ours is genuine and walks every step. */
static struct tacit_slice own_root(struct tacit_slice in, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 }, der;
	struct tacit_snp_table table;

	if (in.len <= TACIT_SNP_REPORT_LEN)
		return none;
	struct tacit_slice rest = { in.ptr + TACIT_SNP_REPORT_LEN, in.len - TACIT_SNP_REPORT_LEN };
	if (tacit_snp_table_parse(rest, &table, NULL) != TACIT_OK || !table.ark.ptr ||
	    tacit_snp_table_der(table.ark, arena, &der, NULL) != TACIT_OK)
		return none;
	return der;
}

static void check_genuine(const struct tacit_claims *claims, struct tacit_slice in)
{
	const struct tacit_snp_claims *snp = claims->snp;

	FUZZ_ASSERT(claims->tee == TACIT_TEE_SNP && snp && claims->measurement_count == 1);
	FUZZ_ASSERT(claims->measurements[0].value.ptr == in.ptr + 0x90);
	FUZZ_ASSERT(claims->report_data.ptr == in.ptr + 0x50 && claims->report_data.len == 64);
	FUZZ_ASSERT(claims->valid_from <= NOW + 60 && claims->valid_until >= NOW);
	FUZZ_ASSERT(snp->version >= 2 && snp->version <= 5 && snp->vmpl <= 3);
	FUZZ_ASSERT(fuzz_inside(snp->host_data, in) && fuzz_inside(snp->report_id, in));
	FUZZ_ASSERT((snp->chip_id.ptr == NULL) == (snp->csp_id.ptr != NULL));
	FUZZ_ASSERT(claims->debug == ((snp->policy & TACIT_SNP_POLICY_DEBUG) != 0));
}

static void judge(struct tacit_slice in, size_t arena_size, bool trust)
{
	static uint8_t room[TACIT_ARENA_TYPICAL], json[1 << 18];
	struct tacit_evidence ev = { .tee = TACIT_TEE_SNP, .raw = in };
	struct tacit_arena arena;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct writer w = wr_of(tacit_mut_of(json, sizeof(json)));

	tacit_arena_init(&arena, room, arena_size);
	struct tacit_slice root = own_root(in, &arena);
	struct tacit_context cx = { .now = NOW, .arena = &arena, .insecure_no_policy = true };
	if (trust && root.ptr) {
		cx.insecure_test_roots = &root;
		cx.insecure_test_root_count = 1;
	}
	enum tacit_status st = tacit_verify(&ev, &cx, &verdict, &err);
	FUZZ_ASSERT(err.status == st);
	FUZZ_ASSERT((st == TACIT_OK) == (tacit_verdict_claims(&verdict) != NULL));
	/* Nobody but AMD can sign below AMD's roots, and no seed is AMD's. */
	FUZZ_ASSERT(trust || (st != TACIT_OK && !tacit_verdict_genuine(&verdict)));
	if (tacit_verdict_genuine(&verdict))
		check_genuine(tacit_verdict_genuine(&verdict), in);
	tacit_verdict_json(&verdict, &w);
	FUZZ_ASSERT(!w.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_snp_report report;

	if (size >= TACIT_SNP_REPORT_LEN)
		FUZZ_ASSERT(tacit_snp_report_parse(tacit_slice_of(data, TACIT_SNP_REPORT_LEN),
						   &report, NULL) == TACIT_OK);
	FUZZ_ASSERT(!tacit_snp_detect(in) || size >= TACIT_SNP_REPORT_LEN);
	judge(in, TACIT_ARENA_TYPICAL, true);
	judge(in, TACIT_ARENA_TYPICAL, false);
	judge(in, 8192, true);
	return 0;
}
