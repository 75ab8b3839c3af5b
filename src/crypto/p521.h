/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_P521_H
#define TACIT_CRYPTO_P521_H

/* ES512, for signatures of enclave images alone: no TEE signs with it, and no key of ours is one.
 */

#include "base/error.h"

#define TACIT_P521_POINT     133 /* uncompressed */
#define TACIT_P521_SIGNATURE 132

/*
 * ECDSA with SHA-512 [RFC 9053 2.1] by an uncompressed point; `signature` is raw r | s. Errors:
 * TACIT_SIGNATURE, also for a key that is no point of the curve.
 */
TACIT_MUST_CHECK enum tacit_status tacit_p521_check(struct tacit_slice point,
						    struct tacit_slice message,
						    struct tacit_slice signature,
						    struct tacit_error *err);

#endif
