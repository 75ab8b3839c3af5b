/* SPDX-License-Identifier: Apache-2.0 */
#include "tee_option.h"

#include <string.h>

static bool has_attester(enum tacit_tee tee)
{
	return tee == TACIT_TEE_STUB || tee == TACIT_TEE_NITRO || tee == TACIT_TEE_TDX ||
	       tee == TACIT_TEE_SNP || tee == TACIT_TEE_AZURE_SNP || tee == TACIT_TEE_AZURE_TDX;
}

int cli_tee_option(const char *text, enum tacit_tee *ret)
{
	enum tacit_tee tee = TACIT_TEE_NONE;

	if (text && strcmp(text, "auto") != 0) {
		tee = tacit_tee_find(tacit_slice_str(text));
		if (!has_attester(tee))
			return cli_usage("--tee is " CLI_TEES ", not '%.32s'", text);
	}
	*ret = tee;
	return 0;
}
