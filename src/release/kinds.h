/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KINDS_H
#define TACIT_RELEASE_KINDS_H

/* The ways to wrap a file key, each in a file of its own; the table is in keyring.c. */

#include "release/recipient_kind.h"

extern const struct tacit_recipient_kind tacit_kind_x25519;     /* kind_x25519.c */
extern const struct tacit_recipient_kind tacit_kind_passphrase; /* kind_passphrase.c */

/*
 * An object of tacit_kind_x25519 from one line of a key file: an identity or a recipient. A
 * recipient cannot unwrap. Errors: TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kind_x25519_line(struct tacit_slice line, void **ret_self,
							  struct tacit_error *err);

/* What is on either side the same: a file key under a key of 32 bytes, with a nonce of zeros. */
TACIT_MUST_CHECK enum tacit_status tacit_kind_seal_key(struct tacit_slice wrap_key,
						       const uint8_t file_key[TACIT_AGE_FILE_KEY],
						       struct tacit_arena *arena,
						       struct tacit_slice *ret_body,
						       struct tacit_error *err);
/* Errors: TACIT_DENIED when the key is another. */
TACIT_MUST_CHECK enum tacit_status tacit_kind_open_key(struct tacit_slice wrap_key,
						       struct tacit_slice body,
						       uint8_t ret_file_key[TACIT_AGE_FILE_KEY],
						       struct tacit_error *err);

/* `bytes` as an argument of a stanza; absent when the arena is full. */
struct tacit_slice tacit_kind_argument(struct tacit_arena *arena, struct tacit_slice bytes);

/* Reads a small file that may hold a secret; _file_done wipes and frees it. */
TACIT_MUST_CHECK enum tacit_status tacit_kind_file(const char *path, struct tacit_mut *ret,
						   struct tacit_error *err);
void tacit_kind_file_done(struct tacit_mut *file);

#endif
