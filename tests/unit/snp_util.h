/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SNP_UTIL_H
#define TESTS_UNIT_SNP_UTIL_H

/* Reports of our own PKI, judged with what they need as collateral. */

#include "tests/pki/snp.h"
#include "tests/tap.h"

#include "tacit/verify.h"
#include "tee/snp/snp.h"
#include "trust/collateral.h"

#define SNP_PIECES 8

struct snp_bench {
	struct snp_evidence s;
	uint8_t room[1 << 16];
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_cert certs[SNP_PIECES];
	struct tacit_crl crls[SNP_PIECES];
	struct tacit_collateral collateral;
	struct tacit_slice root;
	struct tacit_verdict verdict;
	struct tacit_error err;
};

static inline void snp_bench_init(struct snp_bench *b, enum snp_make_product product,
				  uint32_t version, bool vlek)
{
	memset(b, 0, sizeof(*b));
	snp_init(&b->s, product, version, vlek);
	tacit_arena_init(&b->arena, b->room, sizeof(b->room));
	b->cx.arena = &b->arena;
	b->cx.now = SNP_NOW;
	b->cx.insecure_no_policy = true;
	b->cx.collateral = &b->collateral;
	b->collateral.certs = b->certs;
	b->collateral.crls = b->crls;
}

static inline void snp_bench_cert(struct snp_bench *b, struct tacit_slice der)
{
	if (tacit_cert_parse(der, "piece", &b->certs[b->collateral.cert_count], &b->err) ==
	    TACIT_OK)
		b->collateral.cert_count++;
	else
		ok(false, "a certificate of a test parses: %s", b->err.detail);
}

static inline void snp_bench_crl(struct snp_bench *b, struct tacit_slice der)
{
	if (tacit_crl_parse(der, "piece", &b->crls[b->collateral.crl_count], &b->err) == TACIT_OK)
		b->collateral.crl_count++;
	else
		ok(false, "a list of a test parses: %s", b->err.detail);
}

static inline void snp_bench_trust(struct snp_bench *b)
{
	b->root = b->s.ark->der;
	b->cx.insecure_test_roots = &b->root;
	b->cx.insecure_test_root_count = 1;
}

/* Judges what is there: the arena starts again. */
static inline enum tacit_status snp_bench_raw(struct snp_bench *b, struct tacit_slice raw)
{
	struct tacit_evidence ev = { .tee = TACIT_TEE_SNP, .raw = raw };

	memset(&b->err, 0, sizeof(b->err));
	return tacit_verify(&ev, &b->cx, &b->verdict, &b->err);
}

/* Makes everything, trusts the root, and judges with all three certificates as collateral. */
static inline enum tacit_status snp_bench_judge(struct snp_bench *b)
{
	snp_make(&b->s);
	snp_bench_trust(b);
	b->collateral.cert_count = 0;
	snp_bench_cert(b, b->s.ark->der);
	snp_bench_cert(b, b->s.ica->der);
	snp_bench_cert(b, b->s.vek->der);
	return snp_bench_raw(b, TACIT_SLICE_ARRAY(b->s.report));
}

/* A refusal by that check, without claims, or with genuine ones that a policy refuses. */
static inline void snp_refused(struct snp_bench *b, enum tacit_status got, enum tacit_status want,
			       const char *check, const char *name)
{
	const struct tacit_check *found = tacit_verdict_find(&b->verdict, check);
	bool right = got == want && strcmp(b->err.where, check) == 0 && found &&
		     found->result == TACIT_CHECK_FAIL && !tacit_verdict_claims(&b->verdict) &&
		     (strncmp(check, "snp.", 4) != 0 || !tacit_verdict_genuine(&b->verdict));

	if (!ok(right, "%s: %s by %s", name, tacit_status_name(want), check))
		printf("# got %s by %s: %s\n", tacit_status_name(got), b->err.where, b->err.detail);
}

static inline void snp_accepted(struct snp_bench *b, enum tacit_status got, const char *name)
{
	if (!ok(got == TACIT_OK && tacit_verdict_claims(&b->verdict), "%s is accepted", name))
		printf("# got %s by %s: %s\n", tacit_status_name(got), b->err.where, b->err.detail);
}

static inline void snp_result(struct snp_bench *b, const char *check, enum tacit_result want)
{
	const struct tacit_check *found = tacit_verdict_find(&b->verdict, check);

	if (!ok(found && found->result == want, "%s: %s", check, tacit_result_name(want)) && found)
		printf("# got %s: %s\n", tacit_result_name(found->result),
		       found->why ? found->why : "");
}

#endif
