/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_RSA_H
#define TACIT_CRYPTO_RSA_H

/* RSA as TPMs use it. AMD's is in crypto/signature.h. */

#include "base/error.h"

#define TACIT_RSA2048_LEN 256 /* bytes of a modulus, and of a signature */

/*
 * RSASSA-PKCS1-v1_5 with SHA-256 [RFC 8017 8.2], by a modulus of 256 bytes whose top bit is set
 * and the exponent 65537. Errors: TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status tacit_rsa_check_pkcs1(struct tacit_slice modulus,
							 struct tacit_slice message,
							 struct tacit_slice signature,
							 struct tacit_error *err);

#endif
