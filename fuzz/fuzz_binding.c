/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bounds.h"
#include "codec/cbor.h"
#include "fuzz.h"
#include "tee/binding.h"

/* One form only: what is accepted is what the encoder writes. */
static void check_again(const struct tacit_binding *b, struct tacit_slice in)
{
	uint8_t room[TACIT_BINDING_MAX];
	struct tacit_slice out;

	FUZZ_ASSERT(tacit_binding_encode(b, tacit_mut_of(room, sizeof(room)), &out, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(tacit_slice_eq(out, in));
	FUZZ_ASSERT(tacit_binding_encode(b, tacit_mut_of(room, in.len - 1), &out, NULL) ==
		    TACIT_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size), purpose;
	struct tacit_binding b;
	uint8_t report[64];

	bool ours = tacit_binding_purpose(in, &purpose);
	if (ours)
		FUZZ_ASSERT(fuzz_inside(purpose, in));
	enum tacit_status st = tacit_binding_parse(in, &b, NULL);
	enum tacit_status hashed = tacit_binding_report_data("tdx", in, report, NULL);
	FUZZ_ASSERT((st == TACIT_OK) == (hashed == TACIT_OK));
	if (st != TACIT_OK)
		return 0;
	FUZZ_ASSERT(ours && tacit_slice_eq(purpose, tacit_slice_str(TACIT_BINDING_PURPOSE)));
	FUZZ_ASSERT(fuzz_inside(b.model_id, in) && fuzz_inside(b.hpke_config, in));
	FUZZ_ASSERT(b.model_id.len > 0 && b.hpke_config.len == TACIT_HPKE_CONFIG_LEN);
	FUZZ_ASSERT(tacit_cbor_check(in, TACIT_CBOR_STRICT, NULL) == TACIT_OK);
	check_again(&b, in);
	return 0;
}
