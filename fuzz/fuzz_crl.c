/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "trust/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_crl c;

	if (tacit_crl_parse(in, "f", &c, NULL) != TACIT_OK)
		return 0;

	const struct tacit_slice parts[] = { c.tbs, c.issuer, c.revoked,
					     c.aki, c.number, c.signature };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		FUZZ_ASSERT(fuzz_inside(parts[i], in));
	FUZZ_ASSERT((c.revoked_count == 0) == (c.revoked.ptr == NULL));
	FUZZ_ASSERT(c.sig_alg != TACIT_SIG_NONE && c.issuer.len > 2);

	/* SEQUENCE { INTEGER ...: with few entries the first one's serial is at a known place. */
	if (c.revoked_count && c.revoked.ptr[1] < 0x80) {
		size_t len = c.revoked.ptr[3];

		FUZZ_ASSERT(tacit_crl_revokes(&c, tacit_slice_of(c.revoked.ptr + 4, len)));
		FUZZ_ASSERT(!tacit_crl_revokes(&c, tacit_slice_of(NULL, 0)));
	}
	struct tacit_cert issuer = { .subject = c.issuer };
	FUZZ_ASSERT(tacit_crl_check(&c, &issuer, NULL, NULL) == TACIT_CHAIN);
	return 0;
}
