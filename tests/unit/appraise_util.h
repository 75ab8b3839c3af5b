/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_APPRAISE_UTIL_H
#define TESTS_UNIT_APPRAISE_UTIL_H

/* Evidence of the stub and policies for it, as the tests of several files need them. */

#include "tests/tap.h"

#include "base/bounds.h"
#include "base/hex.h"
#include "tacit/verify.h"
#include "tee/binding.h"
#include "tee/stub/stub.h"

#define NOW 1795248000 /* 2026-11-21T08:00:00Z */

struct bench {
	uint8_t room[TACIT_ARENA_TYPICAL * 4];
	struct tacit_arena arena;
	uint8_t hpke[TACIT_HPKE_CONFIG_LEN];
	uint8_t binding_room[TACIT_BINDING_MAX];
	uint8_t evidence_room[TACIT_STUB_MAX];
	struct tacit_binding binding;
	struct tacit_stub_doc doc;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
};

static inline void bench_init(struct bench *b)
{
	uint8_t x25519[32];

	memset(b, 0, sizeof(*b));
	tacit_arena_init(&b->arena, b->room, sizeof(b->room));
	memset(x25519, 0x11, sizeof(x25519));
	tacit_binding_hpke_write(1, x25519, b->hpke);
	b->binding.hpke_config = TACIT_SLICE_ARRAY(b->hpke);
	b->binding.model_id = tacit_slice_str("demo");
	memset(b->binding.nonce, 0x33, 32);
	memset(b->binding.tls_spki, 0x55, 32);
	memset(b->binding.receipt_key, 0x22, 32);
	memset(b->binding.model_hash, 0x66, 32);
	memset(b->binding.config_hash, 0x77, 32);
	for (size_t i = 0; i < TACIT_STUB_PCRS; i++)
		memset(b->doc.pcr[i], (int)(0xa0 + i), TACIT_STUB_PCR_LEN);
	b->doc.timestamp_ms = (uint64_t)NOW * 1000;
	b->doc.nonce = TACIT_SLICE_ARRAY(b->binding.nonce);
	b->cx.now = NOW;
	b->cx.arena = &b->arena;
	b->cx.insecure_accept_stub = true;
	b->cx.insecure_no_policy = true;
}

/* Encodes the binding and puts it into the document. */
static inline void bench_bind(struct bench *b)
{
	if (tacit_binding_encode(&b->binding,
				 tacit_mut_of(b->binding_room, sizeof(b->binding_room)),
				 &b->doc.user_data, NULL))
		ok(false, "binding of a test encodes");
}

static inline struct tacit_slice bench_evidence(struct bench *b)
{
	struct tacit_slice raw = { NULL, 0 };

	if (tacit_stub_encode(&b->doc, tacit_mut_of(b->evidence_room, sizeof(b->evidence_room)),
			      &raw, NULL))
		ok(false, "evidence of a test encodes");
	return raw;
}

/* Judges bytes as stub evidence, whatever they are. */
static inline enum tacit_status bench_judge(struct bench *b, struct tacit_slice raw)
{
	struct tacit_evidence ev = { .tee = TACIT_TEE_STUB, .raw = raw };

	memset(&b->err, 0, sizeof(b->err));
	return tacit_verify(&ev, &b->cx, &b->verdict, &b->err);
}

static inline enum tacit_status bench_verify(struct bench *b)
{
	return bench_judge(b, bench_evidence(b));
}

static inline const struct tacit_policy *bench_policy(struct bench *b, const char *json)
{
	const struct tacit_policy *policy = NULL;
	struct tacit_error err = { 0 };

	if (tacit_policy_parse(tacit_slice_str(json), &b->arena, &policy, &err))
		ok(false, "policy of a test parses: %s", err.detail);
	return policy;
}

static inline bool is_check(const struct tacit_verdict *v, const char *name, enum tacit_result want)
{
	const struct tacit_check *check = tacit_verdict_find(v, name);

	if (ok(check && check->result == want, "%s is %s", name, tacit_result_name(want)))
		return true;
	if (check)
		printf("# got %s: %s\n", tacit_result_name(check->result),
		       check->why ? check->why : "");
	return false;
}

/* The verdict is a refusal whose first failure has this name, and gives no claims. */
static inline void is_refused(struct bench *b, enum tacit_status got, enum tacit_status want,
			      const char *check, const char *name)
{
	is_status(got, want, name);
	is_check(&b->verdict, check, TACIT_CHECK_FAIL);
	if (!ok(strcmp(b->err.where, check) == 0, "the error names %s", check))
		printf("# got %s: %s\n", b->err.where, b->err.detail);
	ok(!tacit_verdict_claims(&b->verdict), "no claims come out");
	if (strncmp(check, "stub.", 5) == 0)
		ok(!tacit_verdict_genuine(&b->verdict), "nor any that are genuine");
}

#endif
