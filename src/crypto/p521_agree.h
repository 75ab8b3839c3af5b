/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_P521_AGREE_H
#define TACIT_CRYPTO_P521_AGREE_H

/* ECDH over P-521, which Trustee's guests may ask for; no key of ours that lasts is one. */

#include "crypto/p521.h"

#define TACIT_P521_SCALAR 66

/* A fresh key: its uncompressed point and its scalar, which the caller wipes. */
TACIT_MUST_CHECK enum tacit_status
tacit_p521_generate(uint8_t ret_scalar[TACIT_AT_LEAST(TACIT_P521_SCALAR)],
		    uint8_t ret_point[TACIT_AT_LEAST(TACIT_P521_POINT)], struct tacit_error *err);

/* Errors: TACIT_FORMAT for a point that is not on the curve, or a scalar that is none. */
TACIT_MUST_CHECK enum tacit_status tacit_p521_agree(struct tacit_slice scalar,
						    struct tacit_slice point,
						    uint8_t ret[TACIT_AT_LEAST(TACIT_P521_SCALAR)],
						    struct tacit_error *err);

#endif
