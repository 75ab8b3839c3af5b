/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/platform.h"

#include "appraise/azure.h"
#include "appraise/dcap.h"
#include "appraise/nitro.h"
#include "appraise/snp.h"

/* In the order of enum tacit_tee. */
static const struct tacit_platform_row ROWS[] = {
	{ TACIT_TEE_NITRO, tacit_nitro_policy_checks, TACIT_NITRO_POLICY_CHECKS,
	  tacit_nitro_policy_judge, tacit_nitro_put_claims },
	{ TACIT_TEE_NITROTPM, tacit_nitro_policy_checks, TACIT_NITRO_POLICY_CHECKS,
	  tacit_nitro_policy_judge, tacit_nitro_put_claims },
	{ TACIT_TEE_TDX, tacit_tdx_policy_checks, TACIT_TDX_POLICY_CHECKS, tacit_tdx_policy_judge,
	  tacit_tdx_put_claims },
	{ TACIT_TEE_SGX, tacit_sgx_policy_checks, TACIT_SGX_POLICY_CHECKS, tacit_sgx_policy_judge,
	  tacit_sgx_put_claims },
	{ TACIT_TEE_SNP, tacit_snp_policy_checks, TACIT_SNP_POLICY_CHECKS, tacit_snp_policy_judge,
	  tacit_snp_put_claims },
	{ TACIT_TEE_AZURE_SNP, tacit_snp_policy_checks, TACIT_SNP_POLICY_CHECKS,
	  tacit_snp_policy_judge, tacit_azure_put_claims },
	{ TACIT_TEE_AZURE_TDX, tacit_tdx_policy_checks, TACIT_TDX_POLICY_CHECKS,
	  tacit_tdx_policy_judge, tacit_azure_put_claims },
};

const struct tacit_platform_row *tacit_platform_row(enum tacit_tee tee)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		if (tee != TACIT_TEE_NONE && ROWS[i].tee == tee)
			return &ROWS[i];
	return NULL;
}
