/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bounds.h"
#include "fuzz.h"
#include "tee/detect.h"
#include "tee/tee.h"
#include "tee/unwrap.h"

static void check_wrapper(const struct tacit_wrapper *w)
{
	FUZZ_ASSERT(w->layer_count >= 1 && w->layer_count <= TACIT_WRAPPER_LAYERS);
	FUZZ_ASSERT(w->cert_count <= TACIT_WRAPPER_CERTS);
	FUZZ_ASSERT(w->tpm.pcr_count <= TACIT_TPM_PCRS);
	for (size_t i = 0; i < w->tpm.pcr_count; i++)
		FUZZ_ASSERT(w->tpm.pcrs[i].len == TACIT_TPM_PCR_LEN);
	if (w->eml.present)
		FUZZ_ASSERT(w->eml.handshake_key.len == 32 && w->eml.nonce.len == 32 &&
			    w->eml.receipt_key.len == 32 &&
			    (!w->eml.evidence_hash.ptr || w->eml.evidence_hash.len == 32));
}

static void judge(const struct tacit_evidence *ev, struct tacit_arena *arena)
{
	struct tacit_verdict verdict = { 0 };
	struct tacit_context cx = {
		.now = 1795248000,
		.arena = arena,
		.insecure_no_policy = true,
		.insecure_accept_stub = true,
	};

	enum tacit_status st = tacit_verify(ev, &cx, &verdict, NULL);
	FUZZ_ASSERT((st == TACIT_OK) == (tacit_verdict_claims(&verdict) != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[4 * TACIT_EVIDENCE_MAX];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_evidence ev = { 0 }, again = { 0 };
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, 2 * size + 16384);
	enum tacit_status st = tacit_evidence_unwrap(in, &arena, &ev, &err);
	FUZZ_ASSERT(err.status == st);
	if (st != TACIT_OK) {
		FUZZ_ASSERT(!ev.raw.ptr);
		return 0;
	}
	FUZZ_ASSERT(tacit_tee_row(ev.tee) && tacit_detect_tee(ev.raw) == ev.tee);
	FUZZ_ASSERT(!ev.received.ptr || tacit_slice_eq(ev.received, in));
	FUZZ_ASSERT(ev.received.ptr || !ev.wrapper);
	if (ev.wrapper)
		check_wrapper(ev.wrapper);
	/* What was unwrapped is bare: unwrapping it again changes nothing. */
	FUZZ_ASSERT(tacit_evidence_unwrap(ev.raw, &arena, &again, NULL) != TACIT_OK ||
		    (tacit_slice_eq(again.raw, ev.raw) && again.tee == ev.tee));
	tacit_arena_init(&arena, room + 2 * TACIT_EVIDENCE_MAX, TACIT_EVIDENCE_MAX);
	judge(&ev, &arena);
	return 0;
}
