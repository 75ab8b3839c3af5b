/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_MASTER_H
#define TACIT_RELEASE_KEYD_MASTER_H

/*
 * The broker's master key and what is wrapped under it. Everything secret in the broker's store is
 *
 *     nonce (12) | AES-256-GCM ciphertext | tag (16)
 *
 * under a key derived from the master key [RFC 5869], with what it is, whose it is and which
 * version as associated data: a row that is moved to another id or version does not open.
 */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_KEYD_MASTER_LEN 32
#define TACIT_KEYD_WRAP_EXTRA 28 /* bytes that wrapping adds */

struct tacit_keyd_master {
	uint8_t wrap[32]; /* what the store's secrets are wrapped under */
	uint8_t seal[32]; /* what its rows are sealed under */
};

/*
 * From the content of a master key file: 32 bytes, or 64 hex digits, or base64 of 32 bytes, the
 * latter two perhaps with a line break. Errors: TACIT_FORMAT. Owns: tacit_keyd_master_done.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_master_read(struct tacit_slice content,
							  struct tacit_keyd_master *ret,
							  struct tacit_error *err);

/* Wipes. */
void tacit_keyd_master_done(struct tacit_keyd_master *master);

/* Which secret a wrapped one is. */
struct tacit_keyd_label {
	const char *kind; /* "key", "credential", ... */
	struct tacit_slice id;
	uint32_t version;
};

/* Writes secret.len + TACIT_KEYD_WRAP_EXTRA bytes to `out`, which is exactly that long. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_wrap(const struct tacit_keyd_master *master,
						   const struct tacit_keyd_label *label,
						   struct tacit_slice secret, struct tacit_mut out,
						   struct tacit_error *err);

/* Opens into `out`, exactly the secret's length. Errors: TACIT_SIGNATURE, TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_unwrap(const struct tacit_keyd_master *master,
						     const struct tacit_keyd_label *label,
						     struct tacit_slice wrapped,
						     struct tacit_mut out, struct tacit_error *err);

#endif
