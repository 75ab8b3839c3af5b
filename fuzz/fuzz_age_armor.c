/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "fuzz.h"
#include "release/age_armor.c" /* not part of libtacit, so the target brings it along */

/* No more bytes than characters; the room is left alone beyond them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *room = malloc(size + 1);
	struct tacit_slice in = tacit_slice_of(data, size), got = { NULL, 0 };
	struct tacit_error err = { 0 };

	FUZZ_ASSERT(room);
	room[size] = 0x5a;
	enum tacit_status st = tacit_age_armor_decode(in, tacit_mut_of(room, size), &got, &err);
	FUZZ_ASSERT(err.status == st);
	FUZZ_ASSERT(room[size] == 0x5a);
	if (st == TACIT_OK) {
		FUZZ_ASSERT(tacit_age_armor_looks(in));
		FUZZ_ASSERT(got.len < size);
	}
	free(room);
	return 0;
}
