/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/bundle.h"
#include "fuzz.h"

/* tacit_bundle_parse, tacit_bundle_encode: one form only, and everything inside the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[8192];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_arena arena;
	struct tacit_bundle b;

	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_bundle_parse(in, &arena, &b, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(tacit_bundle_looks(in));
	FUZZ_ASSERT(fuzz_inside(b.evidence, in));
	for (size_t i = 0; i < b.collateral_count; i++)
		FUZZ_ASSERT(fuzz_inside(b.collateral[i], in));
	for (size_t i = 0; i < b.root_count; i++)
		FUZZ_ASSERT(fuzz_inside(b.roots[i], in));
	uint8_t *again = malloc(size);
	struct writer w = wr_of(tacit_mut_of(again, size));
	tacit_bundle_encode(&b, &w);
	FUZZ_ASSERT(!w.bad && tacit_slice_eq(tacit_slice_of(again, w.at), in));
	free(again);
	return 0;
}
