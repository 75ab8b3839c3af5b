/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole verification of Nitro documents. The root that rides in the input is made a test root,
 * so that whatever is well-formed gets as far as its signatures; nobody has a key to forge those.
 */
#include "appraise/verdict_json.h"
#include "fuzz.h"
#include "tee/nitro/nitro.h"

#define NOW 1795248000 /* when the seeds were made */

static void check_genuine(const struct tacit_claims *claims, struct tacit_slice in)
{
	const struct tacit_nitro_claims *n = claims->nitro;

	FUZZ_ASSERT(n && (claims->tee == TACIT_TEE_NITRO || claims->tee == TACIT_TEE_NITROTPM));
	FUZZ_ASSERT(fuzz_inside(claims->user_data, in) && fuzz_inside(claims->nonce, in));
	FUZZ_ASSERT(fuzz_inside(claims->public_key, in) && fuzz_inside(n->module_id, in));
	FUZZ_ASSERT(fuzz_inside(n->region, in) && fuzz_inside(n->instance_id, in));
	FUZZ_ASSERT(claims->measurement_count >= 1 && claims->measurement_count <= 32);
	for (size_t i = 0; i < claims->measurement_count; i++)
		FUZZ_ASSERT(fuzz_inside(claims->measurements[i].value, in));
	FUZZ_ASSERT(claims->valid_from <= NOW + 60 && claims->valid_until >= NOW);
}

/* Everything that the verdict says must agree with what it returns. */
static void judge(const struct tacit_evidence *ev, struct tacit_context *cx, size_t arena_size)
{
	static uint8_t room[TACIT_ARENA_TYPICAL], json[1 << 18];
	struct tacit_arena arena;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct writer w = wr_of(tacit_mut_of(json, sizeof(json)));

	tacit_arena_init(&arena, room, arena_size);
	cx->arena = &arena;
	enum tacit_status st = tacit_verify(ev, cx, &verdict, &err);
	FUZZ_ASSERT(err.status == st && st != TACIT_INTERNAL);
	FUZZ_ASSERT((st == TACIT_OK) == (tacit_verdict_claims(&verdict) != NULL));
	if (tacit_verdict_genuine(&verdict))
		check_genuine(tacit_verdict_genuine(&verdict), ev->raw);
	tacit_verdict_json(&verdict, &w);
	FUZZ_ASSERT(!w.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_evidence ev = { .tee = TACIT_TEE_NITRO, .raw = in };
	struct tacit_context cx = { .now = NOW, .insecure_no_policy = true };
	static _Alignas(max_align_t) uint8_t cache_room[65536];
	static struct tacit_cache *cache;
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;

	/* The certificates of the seeds come again and again: their signatures are known. */
	if (!cache)
		cache = tacit_cache_init(cache_room, sizeof(cache_room));
	cx.cache = cache;
	judge(&ev, &cx, TACIT_ARENA_TYPICAL);
	if (tacit_nitro_envelope(in, &envelope, NULL) == TACIT_OK &&
	    tacit_nitro_payload(envelope.payload, &doc, NULL) == TACIT_OK) {
		cx.insecure_test_roots = &doc.cabundle[0];
		cx.insecure_test_root_count = 1;
		ev.tee = doc.tpm ? TACIT_TEE_NITROTPM : TACIT_TEE_NITRO;
	}
	judge(&ev, &cx, TACIT_ARENA_TYPICAL);
	judge(&ev, &cx, 4096);
	return 0;
}
