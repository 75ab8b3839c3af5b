/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "release/manifest_sign.c" /* not part of libtacit, so the target brings it along */

/* What is read is written and read again as it was; nobody signed a hash that nobody signed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[2 * TACIT_MODEL_SIGNATURES_FILE];
	static const uint8_t HASH[TACIT_SHA256_LEN] = { 0xf0, 0x0d };
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_model_signatures got, again;
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_model_signatures_parse(in, &got, &err);
	FUZZ_ASSERT(err.status == st);
	if (st != TACIT_OK)
		return 0;
	FUZZ_ASSERT(got.count <= TACIT_MODEL_SIGNATURES_MAX);
	FUZZ_ASSERT(got.succession_count <= TACIT_MODEL_SUCCESSIONS_MAX);
	tacit_model_signatures_write(&got, &w);
	FUZZ_ASSERT(!w.bad);
	FUZZ_ASSERT(tacit_model_signatures_parse(tacit_slice_of(text, w.at), &again, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(memcmp(&again, &got, sizeof(got)) == 0);
	for (size_t i = 0; i < got.count; i++) {
		struct tacit_slice key = TACIT_SLICE_ARRAY(got.items[i].key);

		FUZZ_ASSERT(tacit_model_signed(HASH, &got, &key, 1, 0, NULL) == TACIT_SIGNATURE);
	}
	return 0;
}
