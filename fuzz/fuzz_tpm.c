/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "tee/azure/azure.h"
#include "trust/collateral.h"

/* Any bytes serve as PCR values, from one to all of them. */
static void check_pcrs(const struct tacit_tpm_quote *quote, struct tacit_slice in)
{
	struct tacit_tpm_evidence tpm = { .message = in };
	struct tacit_slice values[TACIT_TPM_PCRS];

	while (in.len >= TACIT_TPM_PCR_LEN && tpm.pcr_count < TACIT_TPM_PCRS) {
		tpm.pcrs[tpm.pcr_count++] = tacit_slice_of(in.ptr, TACIT_TPM_PCR_LEN);
		in = tacit_slice_of(in.ptr + TACIT_TPM_PCR_LEN, in.len - TACIT_TPM_PCR_LEN);
		if (tacit_tpm_pcrs(quote, &tpm, values, NULL) != TACIT_OK)
			continue;
		for (size_t i = 0; i < TACIT_TPM_PCRS; i++)
			FUZZ_ASSERT(!values[i].ptr == !(quote->pcr_mask >> i & 1));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[65536];
	struct tacit_slice in = tacit_slice_of(data, size), signature;
	const struct tacit_collateral *collateral;
	struct tacit_tpm_quote quote;
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	enum tacit_status st = tacit_tpm_quote_parse(in, &quote, &err);
	FUZZ_ASSERT(err.status == st);
	if (st == TACIT_OK) {
		FUZZ_ASSERT(fuzz_inside(quote.nonce, in) && fuzz_inside(quote.signer, in) &&
			    fuzz_inside(quote.pcr_digest, in));
		FUZZ_ASSERT(quote.pcr_digest.len == 32 && quote.pcr_mask &&
			    quote.pcr_mask >> TACIT_TPM_PCRS == 0);
		check_pcrs(&quote, in);
	}
	if (tacit_tpm_signature(in, &signature, NULL) == TACIT_OK)
		FUZZ_ASSERT(fuzz_inside(signature, in) && signature.len == TACIT_AZURE_RSA_LEN);
	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_collateral_parse(&in, 1, &arena, &collateral, NULL) == TACIT_OK)
		FUZZ_ASSERT(collateral->tpm.pcr_count <= TACIT_TPM_PCRS);
	return 0;
}
