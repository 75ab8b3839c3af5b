/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_AZURE_UTIL_H
#define TESTS_AZURE_UTIL_H

/* A context for Azure evidence with collateral put together by hand. */

#include "tests/unit/vectors.h"

#include "tee/azure/azure.h"
#include "trust/collateral.h"

#define AZURE_CERTS 8

struct azure_bench {
	uint8_t room[1 << 18];
	struct tacit_arena arena;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
	struct tacit_cert certs[AZURE_CERTS];
	struct tacit_collateral collateral;
};

static inline void azure_start(struct azure_bench *b, int64_t now)
{
	memset(b, 0, sizeof(*b));
	tacit_arena_init(&b->arena, b->room, sizeof(b->room));
	b->cx.arena = &b->arena;
	b->cx.now = now;
	b->cx.insecure_no_policy = true;
	b->cx.collateral = &b->collateral;
	b->collateral.certs = b->certs;
}

static inline void azure_cert(struct azure_bench *b, struct tacit_slice der)
{
	if (tacit_cert_parse(der, "bench", &b->certs[b->collateral.cert_count], NULL) == TACIT_OK)
		b->collateral.cert_count++;
	else
		ok(false, "a certificate of the bench is read");
}

static inline void azure_pcrs(struct azure_bench *b, struct tacit_slice all)
{
	struct tacit_tpm_evidence *tpm = &b->collateral.tpm;

	tpm->pcr_count = all.len / TACIT_TPM_PCR_LEN;
	for (size_t i = 0; i < tpm->pcr_count && i < TACIT_TPM_PCRS; i++)
		tpm->pcrs[i] = tacit_slice_of(all.ptr + i * TACIT_TPM_PCR_LEN, TACIT_TPM_PCR_LEN);
}

static inline enum tacit_status azure_judge_ev(struct azure_bench *b,
					       const struct tacit_evidence *ev)
{
	memset(&b->err, 0, sizeof(b->err));
	return tacit_verify(ev, &b->cx, &b->verdict, &b->err);
}

static inline enum tacit_status azure_judge(struct azure_bench *b, enum tacit_tee tee,
					    struct tacit_slice raw)
{
	struct tacit_evidence ev = { .tee = tee, .raw = raw };

	return azure_judge_ev(b, &ev);
}

/* What failed, when something did. */
static inline void azure_diag(const struct azure_bench *b)
{
	if (b->err.status != TACIT_OK)
		printf("# %s: %s\n", b->err.where, b->err.detail);
}

static inline void azure_failed(const struct azure_bench *b, const char *name)
{
	const struct tacit_check *check = tacit_verdict_find(&b->verdict, name);

	bool genuine = strncmp(name, "azure.", 6) != 0 || !tacit_verdict_genuine(&b->verdict);

	if (!ok(check && check->result == TACIT_CHECK_FAIL && strcmp(b->err.where, name) == 0 &&
			genuine,
		"  %s says no", name))
		azure_diag(b);
}

static inline void azure_passed(const struct azure_bench *b, const char *name)
{
	const struct tacit_check *check = tacit_verdict_find(&b->verdict, name);

	if (!ok(check && check->result == TACIT_CHECK_PASS, "  %s passed", name))
		azure_diag(b);
}

static inline struct tacit_slice azure_measurement(const struct tacit_claims *claims,
						   const char *name)
{
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < claims->measurement_count; i++)
		if (strcmp(claims->measurements[i].name, name) == 0)
			return claims->measurements[i].value;
	return none;
}

#endif
