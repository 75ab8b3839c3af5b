/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/verdict_json.h"
#include "base/bounds.h"
#include "codec/cose.h"
#include "fuzz.h"
#include "tee/stub/stub.h"
#include "tee/tee.h"

/* Whoever signs with the published seed is genuine, so only its own re-encoding can vouch. */
static void check_genuine(const struct tacit_claims *claims, struct tacit_slice in)
{
	struct tacit_cose_sign1 cose;
	struct tacit_stub_doc doc;
	uint8_t room[TACIT_STUB_MAX];
	struct tacit_slice out;

	FUZZ_ASSERT(claims->tee == TACIT_TEE_STUB && claims->measurement_count == 3);
	FUZZ_ASSERT(fuzz_inside(claims->user_data, in) && fuzz_inside(claims->nonce, in));
	FUZZ_ASSERT(tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &cose, NULL) == TACIT_OK);
	FUZZ_ASSERT(tacit_stub_payload(cose.payload, &doc, NULL) == TACIT_OK);
	/* Ed25519 is deterministic and malleable forms are refused: the bytes are the only ones. */
	FUZZ_ASSERT(tacit_stub_encode(&doc, tacit_mut_of(room, sizeof(room)), &out, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(tacit_slice_eq(out, in));
}

static void judge(const struct tacit_evidence *ev, size_t arena_size, bool strict)
{
	static uint8_t room[TACIT_ARENA_TYPICAL], json[1 << 18];
	struct tacit_arena arena;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct writer w = wr_of(tacit_mut_of(json, sizeof(json)));

	tacit_arena_init(&arena, room, arena_size);
	struct tacit_context cx = { .now = 1795248000,
				    .arena = &arena,
				    .insecure_no_policy = !strict,
				    .insecure_accept_stub = !strict };
	enum tacit_status st = tacit_verify(ev, &cx, &verdict, &err);
	FUZZ_ASSERT(err.status == st);
	FUZZ_ASSERT((st == TACIT_OK) == (verdict.outcome == TACIT_VERIFIED));
	FUZZ_ASSERT((st == TACIT_OK) == (tacit_verdict_claims(&verdict) != NULL));
	FUZZ_ASSERT(!strict || st != TACIT_OK);
	if (tacit_verdict_genuine(&verdict))
		check_genuine(tacit_verdict_genuine(&verdict), ev->raw);
	tacit_verdict_json(&verdict, &w);
	FUZZ_ASSERT(!w.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_evidence ev = { .tee = TACIT_TEE_STUB, .raw = in };
	struct tacit_evidence seen = { .tee = TACIT_TEE_NONE };

	if (tacit_evidence_detect(in, &seen, NULL) == TACIT_OK) {
		FUZZ_ASSERT(tacit_tee_row(seen.tee) && tacit_slice_eq(seen.raw, in));
		judge(&seen, TACIT_ARENA_TYPICAL, false);
		judge(&seen, TACIT_ARENA_TYPICAL, true);
	}
	judge(&ev, TACIT_ARENA_TYPICAL, false);
	judge(&ev, TACIT_ARENA_TYPICAL, true);
	judge(&ev, 2048, false);
	return 0;
}
