/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_NONCE_H
#define TACIT_RELEASE_KEYD_NONCE_H

/*
 * Nonces of the broker, which need no memory until they are used: when it was given out (8 bytes),
 * 8 random bytes, and 16 bytes of HMAC-SHA-256 over both under a key of this process. So nobody
 * can fill a table by asking for them. That one is used once is what the store sees to.
 */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_KEYD_NONCE_LEN  32
#define TACIT_KEYD_NONCE_LIFE 120 /* seconds */

struct tacit_keyd_nonces {
	uint8_t key[32];
};

TACIT_MUST_CHECK enum tacit_status tacit_keyd_nonces_init(struct tacit_keyd_nonces *ret,
							  struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status
tacit_keyd_nonce_make(const struct tacit_keyd_nonces *nonces, int64_t now,
		      uint8_t ret[TACIT_AT_LEAST(TACIT_KEYD_NONCE_LEN)], struct tacit_error *err);

/* Errors: TACIT_BINDING for one that is not of this process, TACIT_EXPIRED. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_nonce_check(const struct tacit_keyd_nonces *nonces,
							  struct tacit_slice nonce, int64_t now,
							  struct tacit_error *err);

#endif
