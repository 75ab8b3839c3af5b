/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy_signature.h"
#include "fuzz.h"

/* What is read is written and read again as it was; nobody's signature is one over other bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[TACIT_POLICY_SIGNATURE_FILE];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_policy_signatures got, again;
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_policy_signatures_parse(in, &got, &err);
	FUZZ_ASSERT(err.status == st);
	if (st != TACIT_OK)
		return 0;
	FUZZ_ASSERT(got.count <= TACIT_POLICY_SIGNATURES_MAX);
	tacit_policy_signatures_write(&got, &w);
	FUZZ_ASSERT(!w.bad);
	FUZZ_ASSERT(tacit_policy_signatures_parse(tacit_slice_of(text, w.at), &again, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(again.count == got.count);
	FUZZ_ASSERT(memcmp(again.items, got.items, got.count * sizeof(got.items[0])) == 0);
	return 0;
}
