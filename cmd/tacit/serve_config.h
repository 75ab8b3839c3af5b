/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_SERVE_CONFIG_H
#define TACIT_CMD_SERVE_CONFIG_H

/* The configuration that evidence binds: of a server, and of an image that a server runs from. */

#include "base/error.h"
#include "crypto/hash.h"

#define SERVE_CONFIG_ROOM 1024
#define SERVE_MAX_BODY    (8u << 20) /* when nothing else was said */
#define SERVE_PARALLEL    4

struct serve_config {
	const char *model_id;
	uint32_t ctx, parallel;
	bool prompt_cache;
	uint64_t max_body;
};

/*
 * What a client can rely on, one fact a line in a fixed order; its hash goes into the binding.
 * Left out is what changes no answer and what differs between machines of one fleet: address,
 * threads, queue, connections, grace, logging.
 */
TACIT_MUST_CHECK enum tacit_status serve_config_write(const struct serve_config *config,
						      char text[static SERVE_CONFIG_ROOM],
						      uint8_t ret_hash[static TACIT_SHA256_LEN],
						      struct tacit_error *err);

#endif
