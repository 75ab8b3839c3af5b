/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/azure.h"

#include "appraise/dcap.h"
#include "appraise/snp.h"
#include "tacit/azure.h"

/* As 16 hex digits: numbers beyond 2^53 do not survive every reader of JSON. */
static void put_wide(struct tacit_json_out *j, const char *name, uint64_t value)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> 8 * (sizeof(bytes) - 1 - i));
	tacit_json_out_hex(j, name, TACIT_SLICE_ARRAY(bytes));
}

static void put_vm(struct tacit_json_out *j, const struct tacit_azure_claims *azure)
{
	tacit_json_out_open(j, "vm", '{');
	tacit_json_out_slice(j, "id", azure->vm_id);
	tacit_json_out_bool(j, "secure_boot", azure->secure_boot);
	tacit_json_out_bool(j, "tpm_enabled", azure->tpm_enabled);
	tacit_json_out_bool(j, "tpm_persisted", azure->tpm_persisted);
	tacit_json_out_bool(j, "console_enabled", azure->console_enabled);
	tacit_json_out_close(j, '}');
}

static void put_pcrs(struct tacit_json_out *j, uint32_t mask)
{
	tacit_json_out_open(j, "pcrs", '[');
	for (unsigned i = 0; i < 32; i++)
		if (mask >> i & 1)
			tacit_json_out_uint(j, NULL, i);
	tacit_json_out_close(j, ']');
}

static void put_quote(struct tacit_json_out *j, const struct tacit_azure_claims *azure)
{
	if (!azure->quoted) {
		tacit_json_out_null(j, "tpm_quote");
		return;
	}
	tacit_json_out_open(j, "tpm_quote", '{');
	tacit_json_out_hex(j, "nonce", azure->quote_nonce);
	put_pcrs(j, azure->pcr_mask);
	tacit_json_out_hex(j, "pcr_digest", azure->pcr_digest);
	tacit_json_out_bool(j, "pcr_values", azure->has_pcrs);
	put_wide(j, "clock_ms", azure->clock_ms);
	tacit_json_out_bool(j, "clock_safe", azure->clock_safe);
	tacit_json_out_uint(j, "reset_count", azure->reset_count);
	tacit_json_out_uint(j, "restart_count", azure->restart_count);
	put_wide(j, "firmware", azure->tpm_firmware);
	tacit_json_out_close(j, '}');
}

void tacit_azure_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	const struct tacit_azure_claims *azure = claims->azure;

	if (claims->snp)
		tacit_snp_put_claims(j, claims);
	if (claims->tdx)
		tacit_tdx_put_claims(j, claims);
	if (!azure)
		return;
	tacit_json_out_open(j, "azure", '{');
	tacit_json_out_uint(j, "hcl_version", azure->hcl_version);
	tacit_json_out_text(j, "hash", azure->hash);
	tacit_json_out_text(j, "guest_state", azure->quoted ? "quoted" : "unproven");
	tacit_json_out_hex(j, "ak_modulus", azure->ak_modulus);
	tacit_json_out_hex(j, "user_data", azure->user_data);
	put_vm(j, azure);
	put_quote(j, azure);
	tacit_json_out_close(j, '}');
}
