/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include "crypto/openssl.h"

#define WHERE "crypto.scrypt"
#define R_MAX 16

enum tacit_status tacit_scrypt(struct tacit_slice passphrase, struct tacit_slice salt,
			       unsigned log_n, uint32_t r, struct tacit_mut out,
			       struct tacit_error *err)
{
	if (log_n < 1 || log_n > TACIT_SCRYPT_LOG_N_MAX || r < 1 || r > R_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a work factor of 2^%u", log_n);

	uint64_t n = UINT64_C(1) << log_n;
	/* What it needs and a little for the library's own rows. */
	uint64_t memory = 128 * (uint64_t)r * (n + 16);

	if (EVP_PBE_scrypt((const char *)(passphrase.len ? passphrase.ptr : (const uint8_t *)""),
			   passphrase.len, salt.ptr, salt.len, n, r, 1, memory, out.ptr,
			   out.len) == 1)
		return TACIT_OK;
	return tacit_openssl_fail(err, TACIT_NOMEM, WHERE, "no key from a passphrase");
}
