/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole verdict on a quote of TDX or SGX. The input is a list of pieces, each behind its
 * length in four bytes: the quote, then collateral.
 */
#include "appraise/verdict_json.h"
#include "base/reader.h"
#include "codec/pem.h"
#include "fuzz.h"
#include "tacit/sgx.h"
#include "tacit/tdx.h"
#include "tacit/verify.h"
#include "tee/dcap/quote.h"
#include "trust/x509.h"

#define NOW    1795248000
#define PIECES 9

struct input {
	struct tacit_slice piece[PIECES];
	size_t count;
};

static struct input split(struct tacit_slice in)
{
	struct input input = { 0 };
	struct reader r = rd_of(in);

	while (rd_left(&r) && input.count < PIECES) {
		uint32_t len = rd_le32(&r);
		struct tacit_slice piece = rd_take(&r, len);
		if (r.bad)
			break;
		input.piece[input.count++] = piece;
	}
	return input;
}

/* The root in the quote's own chain, so that a seed of ours is genuine and walks every step. */
static struct tacit_slice own_root(struct tacit_slice raw, struct tacit_arena *arena)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_pem_block block;
	struct tacit_dcap_quote quote;
	struct tacit_cert cert;
	size_t at = 0;

	if (tacit_dcap_quote_parse(raw, &quote, NULL) != TACIT_OK)
		return none;
	while (tacit_pem_next(quote.cert_data, &at, arena, &block, NULL))
		if (tacit_cert_parse(block.der, "fuzz", &cert, NULL) == TACIT_OK &&
		    tacit_slice_eq(cert.issuer, cert.subject))
			return cert.der;
	return none;
}

static void check_genuine(const struct tacit_claims *claims, struct tacit_slice raw)
{
	const struct tacit_dcap_claims *dcap =
		claims->tdx ? &claims->tdx->dcap : &claims->sgx->dcap;

	FUZZ_ASSERT((claims->tdx == NULL) != (claims->sgx == NULL));
	FUZZ_ASSERT(fuzz_inside(claims->report_data, raw) && claims->report_data.len == 64);
	for (size_t i = 0; i < claims->measurement_count; i++)
		FUZZ_ASSERT(fuzz_inside(claims->measurements[i].value, raw));
	FUZZ_ASSERT(claims->valid_from <= NOW + 60 && claims->valid_until >= NOW);
	FUZZ_ASSERT(dcap->test_root && dcap->pck.fmspc.len == 6);
	FUZZ_ASSERT(dcap->tcb.judged == (claims->tcb_status != NULL));
	FUZZ_ASSERT(!dcap->tcb.judged || strcmp(claims->tcb_status, "Revoked") != 0);
}

static void judge(const struct input *input, size_t arena_size, bool trust)
{
	static uint8_t room[1 << 19], json[1 << 18];
	struct tacit_evidence ev = { 0 };
	struct tacit_arena arena;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct writer w = wr_of(tacit_mut_of(json, sizeof(json)));
	struct tacit_context cx = { .now = NOW, .arena = &arena, .insecure_no_policy = true };

	tacit_arena_init(&arena, room, arena_size);
	if (tacit_evidence_detect(input->piece[0], &ev, NULL) != TACIT_OK)
		return;
	struct tacit_slice root = own_root(ev.raw, &arena);
	if (trust && root.ptr) {
		cx.insecure_test_roots = &root;
		cx.insecure_test_root_count = 1;
	}
	if (input->count > 1 && tacit_collateral_parse(input->piece + 1, input->count - 1, &arena,
						       &cx.collateral, NULL) != TACIT_OK)
		return;
	enum tacit_status st = tacit_verify(&ev, &cx, &verdict, &err);
	FUZZ_ASSERT(err.status == st && st != TACIT_INTERNAL);
	FUZZ_ASSERT((st == TACIT_OK) == (tacit_verdict_claims(&verdict) != NULL));
	/* Nobody but Intel can sign below Intel's root, and no seed is Intel's. */
	FUZZ_ASSERT(trust || !tacit_verdict_genuine(&verdict));
	const struct tacit_claims *claims = tacit_verdict_genuine(&verdict);
	if (claims && (claims->tdx || claims->sgx) &&
	    (ev.tee == TACIT_TEE_TDX || ev.tee == TACIT_TEE_SGX)) {
		check_genuine(claims, ev.raw);
		/* Collateral is never worth less than none: nothing passes without it. */
		FUZZ_ASSERT(st != TACIT_OK || claims->tcb_status);
	}
	tacit_verdict_json(&verdict, &w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = split(tacit_slice_of(data, size));

	if (input.count == 0)
		return 0;
	judge(&input, 1 << 19, true);
	judge(&input, 1 << 19, false);
	judge(&input, 5000, true);
	return 0;
}
