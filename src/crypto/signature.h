/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_SIGNATURE_H
#define TACIT_CRYPTO_SIGNATURE_H

/*
 * Signatures checked with a raw public key that is used once: no handle is made, which costs a
 * good part of a check. Keys and signatures are as in crypto/key.h.
 */

#include "crypto/key.h"

#define TACIT_RSA4096_LEN 512 /* bytes of a modulus, and of a signature */

/*
 * ECDSA by the uncompressed point `key` (P-256 with SHA-256, P-384 with SHA-384). Errors:
 * TACIT_SIGNATURE, also for a key that is no point of the curve and for other algorithms.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_signature_check(enum tacit_key_alg alg, struct tacit_slice key, struct tacit_slice message,
		      struct tacit_slice signature, struct tacit_error *err);

/*
 * RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes [RFC 8017 8.1], by a modulus
 * of 512 bytes whose top bit is set and the exponent 65537. Errors: TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status tacit_signature_check_pss(struct tacit_slice modulus,
							     struct tacit_slice message,
							     struct tacit_slice signature,
							     struct tacit_error *err);

#endif
