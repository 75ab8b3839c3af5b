/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_KDF_H
#define TACIT_CRYPTO_KDF_H

/* Keys from passphrases. */

#include "base/error.h"

#define TACIT_SCRYPT_LOG_N_MAX 20 /* with r = 8 that is 1 GiB of memory */

/*
 * scrypt [RFC 7914] with N = 2^log_n and p = 1; takes 128 * r * N bytes of memory for as long as
 * it runs. Errors: TACIT_LIMIT for a cost over the bound, NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_scrypt(struct tacit_slice passphrase,
						struct tacit_slice salt, unsigned log_n, uint32_t r,
						struct tacit_mut out, struct tacit_error *err);

#endif
