/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A SEV-SNP report with its certificate table against OpenSSL's bare operations under it, in the
 * same run: one P-384 verification where the chain is known, two RSA-4096 ones more where it is
 * not. Then everything but signatures, which the linker's --wrap takes out of this program alone.
 */

#include <stdio.h>

#include "bare.h"
#include "tacit/verify.h"
#include "tests/pki/snp.h"

struct setup {
	struct snp_evidence s;
	struct tacit_evidence ev;
	struct tacit_slice root;
	struct tacit_context cx;
	struct tacit_arena arena;
	uint8_t room[TACIT_ARENA_TYPICAL];
};

static void verify(void *user)
{
	struct setup *s = user;
	struct tacit_verdict verdict = { 0 };

	s->arena.used = 0;
	if (tacit_verify(&s->ev, &s->cx, &verdict, NULL) != TACIT_OK)
		bench_die("verify");
}

static void prepare(struct setup *s)
{
	snp_init(&s->s, SNP_MAKE_GENOA, 5, false);
	snp_make(&s->s);
	s->ev.tee = TACIT_TEE_SNP;
	s->ev.raw = snp_evidence(&s->s, snp_usual_table(&s->s));
	s->root = s->s.ark->der;
	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	s->cx.now = SNP_NOW;
	s->cx.arena = &s->arena;
	s->cx.insecure_no_policy = true;
	s->cx.insecure_test_roots = &s->root;
	s->cx.insecure_test_root_count = 1;
	bare_of(verify, s);
	if (bare.count != 3)
		bench_die("finding the signatures");
}

int main(void)
{
	static _Alignas(64) uint8_t cache[TACIT_CACHE_TYPICAL];
	static struct setup s;

	prepare(&s);
	bench_print("snp cold, 1 P-384 and 2 RSA-4096", bench_against(bare_cold, verify, &s, 100),
		    1.25);
	s.cx.cache = tacit_cache_init(cache, sizeof(cache));
	bench_print("snp warm, 1 P-384", bench_against(bare_warm, verify, &s, 100), 1.10);
	signatures.stubbed = true;
	bench_time(verify, &s, 1000);
	double alone = bench_median_time(verify, &s, 1000) * 1e6;
	printf("%-34s %9.2f us (target 5.00)%s\n", "snp parse and appraise alone", alone,
	       alone <= 5 ? "" : "  MISSED");
	bare_done();
	pki_done();
	return 0;
}
