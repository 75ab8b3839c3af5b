/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_NITRO_RUNTIME_H
#define TACIT_TEE_NITRO_RUNTIME_H

/*
 * PCR16: what a server of ours runs, beside the image it runs from. The register is extended once
 * with the SHA-384 of model and configuration and locked before the first document, so that one
 * condition of a key policy (kms:RecipientAttestation:PCR16) covers both.
 */

#include "base/error.h"

#define TACIT_NITRO_RUNTIME_PCR 16
#define TACIT_NITRO_PCR_BYTES   48

/*
 * What the register is extended with: SHA-384("tacit/pcr16/1" | 0 | SHA-256 of the model, or 32
 * zeros without one | configuration). Errors: TACIT_USAGE when `model` is neither absent nor 32
 * bytes long.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_nitro_runtime_data(struct tacit_slice model, struct tacit_slice config,
			 uint8_t ret[TACIT_AT_LEAST(TACIT_NITRO_PCR_BYTES)],
			 struct tacit_error *err);

/* The register's value after extending zeros with `data`: SHA-384(48 zeros | data). */
TACIT_MUST_CHECK enum tacit_status
tacit_nitro_extended(const uint8_t data[TACIT_AT_LEAST(TACIT_NITRO_PCR_BYTES)],
		     uint8_t ret[TACIT_AT_LEAST(TACIT_NITRO_PCR_BYTES)], struct tacit_error *err);

#endif
