/* SPDX-License-Identifier: Apache-2.0 */
#include "tee_option.h"

#include <string.h>

int cli_tee_option(const char *text, enum tacit_tee *ret)
{
	enum tacit_tee tee = TACIT_TEE_NONE;

	if (text && strcmp(text, "auto") != 0) {
		tee = tacit_tee_find(tacit_slice_str(text));
		if (tee != TACIT_TEE_STUB && tee != TACIT_TEE_NITRO && tee != TACIT_TEE_TDX &&
		    tee != TACIT_TEE_SNP)
			return cli_usage("--tee is auto, stub, nitro, tdx or snp, not '%.32s'",
					 text);
	}
	*ret = tee;
	return 0;
}
