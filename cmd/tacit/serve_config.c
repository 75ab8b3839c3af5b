/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_config.h"

#include <stdio.h>

enum tacit_status serve_config_write(const struct serve_config *config,
				     char text[static SERVE_CONFIG_ROOM],
				     uint8_t ret_hash[static TACIT_SHA256_LEN],
				     struct tacit_error *err)
{
	int n = snprintf(text, SERVE_CONFIG_ROOM,
			 "tacit.serve-config/1\nversion=%s\nmodel_id=%s\nctx=%u\nparallel=%u\n"
			 "prompt_cache=%s\nmax_body=%llu\n",
			 TACIT_VERSION, config->model_id, config->ctx, config->parallel,
			 config->prompt_cache ? "on" : "off", (unsigned long long)config->max_body);

	if (n < 0 || n >= SERVE_CONFIG_ROOM)
		return tacit_fail(err, TACIT_LIMIT, "serve.config", 0, "too long");
	return tacit_hash(TACIT_SHA256, tacit_slice_str(text), ret_hash, err);
}
