/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_JWK_H
#define TACIT_CRYPTO_JWK_H

#include "crypto/key.h"

/*
 * A public key as JSON [RFC 7517]: EC of P-256 or P-384, OKP of Ed25519 [RFC 8037]. An "alg" that
 * is not the one of its curve is refused; a private part is not read. Errors: TACIT_FORMAT,
 * TACIT_UNSUPPORTED for other types.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_key_jwk(struct tacit_slice json, struct tacit_key **ret_key, struct tacit_error *err);

#endif
