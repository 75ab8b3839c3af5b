/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_PAIR_H
#define TACIT_CRYPTO_PAIR_H

/* Key pairs that are made to be given away, as DER. */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_PAIR_PRIVATE_MAX 3072 /* PKCS #8 of RSA with 4096 bits has 2,376 */
#define TACIT_PAIR_PUBLIC_MAX  600

/*
 * Makes a pair of the kind that AWS KMS calls `spec` ("RSA_2048", "ECC_NIST_P256", ...): PKCS #8
 * [RFC 5208] and SubjectPublicKeyInfo. The caller wipes the private one. Errors: TACIT_UNSUPPORTED,
 * TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_pair_generate(struct tacit_slice spec, struct tacit_mut private,
		    struct tacit_slice *ret_private, struct tacit_mut public,
		    struct tacit_slice *ret_public, struct tacit_error *err);

#endif
