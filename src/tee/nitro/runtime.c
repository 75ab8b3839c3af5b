/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/runtime.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "crypto/hash.h"

static const uint8_t ZEROS[TACIT_NITRO_PCR_BYTES];

enum tacit_status tacit_nitro_runtime_data(struct tacit_slice model, struct tacit_slice config,
					   uint8_t ret[static TACIT_NITRO_PCR_BYTES],
					   struct tacit_error *err)
{
	static const uint8_t PURPOSE[] = "tacit/pcr16/1"; /* its NUL is hashed too */
	const struct tacit_slice parts[] = {
		TACIT_SLICE_ARRAY(PURPOSE),
		model.ptr ? model : tacit_slice_of(ZEROS, TACIT_SHA256_LEN),
		config,
	};

	if (model.ptr && model.len != TACIT_SHA256_LEN)
		return tacit_fail(err, TACIT_USAGE, "nitro.pcr16", 0, "the model is no SHA-256");
	return tacit_hash_parts(TACIT_SHA384, parts, TACIT_ARRAY_LEN(parts), ret, err);
}

enum tacit_status tacit_nitro_extended(const uint8_t data[static TACIT_NITRO_PCR_BYTES],
				       uint8_t ret[static TACIT_NITRO_PCR_BYTES],
				       struct tacit_error *err)
{
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(ZEROS),
					     tacit_slice_of(data, TACIT_NITRO_PCR_BYTES) };

	return tacit_hash_parts(TACIT_SHA384, parts, TACIT_ARRAY_LEN(parts), ret, err);
}
