/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "tee/azure/azure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[65536];
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_arena arena;
	struct tacit_hcl hcl;
	struct tacit_hcl_data json;
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_hcl_parse(in, &hcl, &err);
	FUZZ_ASSERT(err.status == st);
	if (st == TACIT_OK) {
		FUZZ_ASSERT(tacit_hcl_looks(in) == (uint32_t)hcl.kind);
		FUZZ_ASSERT(hcl.area.len == TACIT_HCL_AREA_LEN && hcl.bound.len == 64);
		FUZZ_ASSERT(fuzz_inside(hcl.area, in) && fuzz_inside(hcl.data, in) &&
			    fuzz_inside(hcl.bound, hcl.area));
		(void)!tacit_hcl_bound(&hcl, NULL);
		in = hcl.data;
	}
	/* The JSON on its own too, so that the fuzzer need not keep lengths in order. */
	struct tacit_error broken = { 0 };
	st = tacit_hcl_data_parse(in, &arena, &json, &broken);
	FUZZ_ASSERT(broken.status == st);
	if (st == TACIT_OK) {
		FUZZ_ASSERT(json.ak_modulus.len == TACIT_AZURE_RSA_LEN &&
			    (json.ak_modulus.ptr[0] & 0x80));
		FUZZ_ASSERT(!json.user_data.ptr || json.user_data.len == 64);
		FUZZ_ASSERT(fuzz_inside(json.vm_id, in));
	}
	return 0;
}
