/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "release/manifest.c" /* not part of libtacit, so the target brings it along */

#define ROOM (1u << 20)

/* What is taken is the one text of what it says, and in order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM], text[ROOM];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	struct tacit_manifest m;
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	if (tacit_manifest_arena(size) > sizeof(room))
		return 0;
	/* An arena of the size that is promised is always enough. */
	tacit_arena_init(&arena, room, tacit_manifest_arena(size));
	enum tacit_status st = tacit_manifest_parse(in, &arena, &m, &err);
	FUZZ_ASSERT(err.status == st);
	if (st != TACIT_OK)
		return 0;
	tacit_manifest_write(&m, &w);
	FUZZ_ASSERT(!w.bad && w.at == size && memcmp(text, data, size) == 0);
	FUZZ_ASSERT(tacit_manifest_check(&m, NULL) == TACIT_OK);
	for (size_t i = 0; i < m.file_count; i++) {
		FUZZ_ASSERT(tacit_manifest_name_ok(m.files[i].name));
		FUZZ_ASSERT(m.files[i].segment_count == tacit_manifest_segments(m.files[i].size));
	}
	return 0;
}
