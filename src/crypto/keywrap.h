/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_KEYWRAP_H
#define TACIT_CRYPTO_KEYWRAP_H

/* AES-256 Key Wrap [RFC 3394] of keys with 32 bytes. */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_KEYWRAP_KEY 32
#define TACIT_KEYWRAP_LEN 40

TACIT_MUST_CHECK enum tacit_status
tacit_keywrap_seal(const uint8_t kek[TACIT_AT_LEAST(TACIT_KEYWRAP_KEY)],
		   const uint8_t key[TACIT_AT_LEAST(TACIT_KEYWRAP_KEY)],
		   uint8_t ret[TACIT_AT_LEAST(TACIT_KEYWRAP_LEN)], struct tacit_error *err);

/* Errors: TACIT_SIGNATURE, also for another length. On failure `ret` is wiped. */
TACIT_MUST_CHECK enum tacit_status
tacit_keywrap_open(const uint8_t kek[TACIT_AT_LEAST(TACIT_KEYWRAP_KEY)], struct tacit_slice wrapped,
		   uint8_t ret[TACIT_AT_LEAST(TACIT_KEYWRAP_KEY)], struct tacit_error *err);

#endif
