/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_IMAGE_FACTS_H
#define TACIT_CMD_IMAGE_FACTS_H

/* What clients need to know of an image: a policy that takes it and no other, its measurements. */

#include <jansson.h>

#include "eif.h"
#include "tee/nitro/runtime.h"

struct image_facts {
	char model_id[257];
	uint8_t model_hash[TACIT_SHA256_LEN]; /* of the manifest, when it is sealed */
	struct eif_registers registers;
	bool has_config; /* what the server will say of itself is known: the next two */
	uint8_t config_hash[TACIT_SHA256_LEN];
	uint8_t pcr16[TACIT_NITRO_PCR_BYTES];
};

/* The configuration of a server with these options and no others, and PCR16 with it. */
TACIT_MUST_CHECK enum tacit_status image_facts_config(struct image_facts *facts, uint64_t ctx,
						      uint64_t parallel, struct tacit_error *err);

/* Into the file at `path`; `name` is the policy's (NULL: the model's). */
TACIT_MUST_CHECK enum tacit_status image_facts_policy(const struct image_facts *facts,
						      const char *name, const char *path,
						      struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status image_facts_measurements(const struct image_facts *facts,
							    const char *path,
							    struct tacit_error *err);

/* nitro-cli's shape, with the register that the server will extend. Owns: json_decref(). */
json_t *image_facts_json(const struct image_facts *facts);

#endif
