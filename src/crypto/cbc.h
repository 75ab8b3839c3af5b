/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_CBC_H
#define TACIT_CRYPTO_CBC_H

/*
 * AES-256-CBC with the padding of PKCS #7 [SP 800-38A 6.2, RFC 5652 6.3]: for what AWS KMS seals,
 * and for nothing of ours, since nothing vouches for what it encrypts.
 */

#include "base/error.h"

#define TACIT_CBC_KEY_LEN 32
#define TACIT_CBC_BLOCK   16 /* and bytes of the iv */

/* Bytes of the ciphertext of `len` bytes. */
static inline size_t tacit_cbc_len(size_t len)
{
	return len - len % TACIT_CBC_BLOCK + TACIT_CBC_BLOCK;
}

/* Writes tacit_cbc_len(plain.len) bytes to `out`, which has exactly that room. */
TACIT_MUST_CHECK enum tacit_status tacit_cbc_seal(struct tacit_slice key, struct tacit_slice iv,
						  struct tacit_slice plain, struct tacit_mut out,
						  struct tacit_error *err);

/*
 * Opens into `out`, which has room for sealed.len; `ret_len` is what is left without the padding,
 * whose bytes are wiped. The padding is looked at in constant time. Errors: TACIT_SIGNATURE for a
 * padding that is none, with `out` wiped; TACIT_FORMAT for a wrong length.
 */
TACIT_MUST_CHECK enum tacit_status tacit_cbc_open(struct tacit_slice key, struct tacit_slice iv,
						  struct tacit_slice sealed, struct tacit_mut out,
						  size_t *ret_len, struct tacit_error *err);

#endif
