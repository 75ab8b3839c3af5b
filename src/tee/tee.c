/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tee.h"

#include "base/compiler.h"
#include "tee/azure/azure.h"
#include "tee/nitro/nitro.h"
#include "tee/sgx/sgx.h"
#include "tee/snp/snp.h"
#include "tee/stub/stub.h"
#include "tee/tdx/tdx.h"

struct name_row {
	const char *name;
	const char *label;
	bool real;
};

static const struct name_row NAMES[] = { { "none", "none", false },
#define NAME_ROW(name, text, real) { text, (real) ? text : text " (NOT a TEE)", real },
					 TACIT_TEE_MAP(NAME_ROW)
#undef NAME_ROW
};

static const struct tacit_tee_row ROWS[] = {
	{ TACIT_TEE_NITRO, tacit_nitro_detect, tacit_nitro_verify, tacit_nitro_checks,
	  TACIT_NITRO_CHECKS },
	{ TACIT_TEE_NITROTPM, tacit_nitrotpm_detect, tacit_nitro_verify, tacit_nitro_checks,
	  TACIT_NITRO_CHECKS },
	{ TACIT_TEE_TDX, tacit_tdx_detect, tacit_tdx_verify, tacit_tdx_checks, TACIT_TDX_CHECKS },
	{ TACIT_TEE_SGX, tacit_sgx_detect, tacit_sgx_verify, tacit_sgx_checks, TACIT_SGX_CHECKS },
	{ TACIT_TEE_SNP, tacit_snp_detect, tacit_snp_verify, tacit_snp_checks, TACIT_SNP_CHECKS },
	{ TACIT_TEE_AZURE_SNP, tacit_azure_snp_detect, tacit_azure_snp_verify,
	  tacit_azure_snp_checks, TACIT_AZURE_SNP_CHECKS },
	{ TACIT_TEE_AZURE_TDX, tacit_azure_tdx_detect, tacit_azure_tdx_verify,
	  tacit_azure_tdx_checks, TACIT_AZURE_TDX_CHECKS },
	{ TACIT_TEE_STUB, tacit_stub_detect, tacit_stub_verify, tacit_stub_checks,
	  TACIT_STUB_CHECKS },
};

static const struct name_row *name_row(enum tacit_tee tee)
{
	return (size_t)tee < TACIT_ARRAY_LEN(NAMES) ? &NAMES[tee] : &NAMES[TACIT_TEE_NONE];
}

const char *tacit_tee_name(enum tacit_tee tee)
{
	return name_row(tee)->name;
}

const char *tacit_tee_label(enum tacit_tee tee)
{
	return name_row(tee)->label;
}

bool tacit_tee_is_real(enum tacit_tee tee)
{
	return name_row(tee)->real;
}

enum tacit_tee tacit_tee_find(struct tacit_slice name)
{
	for (size_t i = TACIT_TEE_NONE + 1; i < TACIT_ARRAY_LEN(NAMES); i++)
		if (tacit_slice_eq(name, tacit_slice_str(NAMES[i].name)))
			return (enum tacit_tee)i;
	return TACIT_TEE_NONE;
}

const struct tacit_tee_row *tacit_tee_row_at(size_t i)
{
	return i < TACIT_ARRAY_LEN(ROWS) ? &ROWS[i] : NULL;
}

const struct tacit_tee_row *tacit_tee_row(enum tacit_tee tee)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		if (ROWS[i].tee == tee)
			return &ROWS[i];
	return NULL;
}

enum tacit_tee tacit_tee_inner(enum tacit_tee tee)
{
	if (tee == TACIT_TEE_AZURE_SNP)
		return TACIT_TEE_SNP;
	return tee == TACIT_TEE_AZURE_TDX ? TACIT_TEE_TDX : TACIT_TEE_NONE;
}
