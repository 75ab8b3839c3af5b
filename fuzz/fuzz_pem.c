/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/error.h"
#include "codec/pem.h"
#include "fuzz.h"

static uint8_t room[1 << 20];

/* What is decoded is what Base64 without its newlines decodes to. */
static void check_block(const struct tacit_pem_block *block, struct tacit_slice span)
{
	char *text = malloc(tacit_base64_size(TACIT_BASE64, block->der.len) + 1);
	size_t found = 0;

	FUZZ_ASSERT(text);
	tacit_base64_encode(TACIT_BASE64, block->der, text);
	/* Its digits stand in the span in this order. */
	for (size_t i = 0; text[found] && i < span.len; i++)
		found += span.ptr[i] == (uint8_t)text[found];
	FUZZ_ASSERT(!text[found]);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_error err = { 0 };
	struct tacit_pem_block block;
	struct tacit_arena arena;
	size_t at = 0, before = 0, count = 0;

	tacit_arena_init(&arena, room, sizeof(room));
	while (tacit_pem_next(in, &at, &arena, &block, &err)) {
		FUZZ_ASSERT(at > before && at <= size && err.status == TACIT_OK);
		FUZZ_ASSERT(fuzz_inside(block.label, in));
		check_block(&block, tacit_slice_of(block.label.ptr + block.label.len,
						   (size_t)(data + at - block.label.ptr) -
							   block.label.len));
		before = at;
		count++;
	}
	FUZZ_ASSERT(at == before);
	FUZZ_ASSERT(tacit_pem_looks(in) == (count > 0 || err.status != TACIT_OK));
	return 0;
}
