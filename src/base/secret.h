/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_SECRET_H
#define TACIT_BASE_SECRET_H

/*
 * Secrets: a distinct type with a fixed capacity, so that key bytes never travel as a plain
 * slice by accident. Wiped by _done, compared only in constant time, never printed.
 */

#include "tacit/bytes.h"

/* Fills with zeros in a way the compiler may not drop. `ptr` may be NULL when len is 0. */
void tacit_wipe(void *ptr, size_t len);

/* Compares without leaking where the first difference is. Lengths are public. */
bool tacit_equal_secret(struct tacit_slice a, struct tacit_slice b);

#define TACIT_SECRET_MAX 128

struct tacit_secret {
	size_t len;
	uint8_t bytes[TACIT_SECRET_MAX];
};

/* False, and an empty secret, when `bytes` is longer than TACIT_SECRET_MAX. */
bool tacit_secret_init(struct tacit_secret *secret, struct tacit_slice bytes);

/* Constant time for secrets of equal length. */
bool tacit_secret_eq(const struct tacit_secret *a, const struct tacit_secret *b);

/* Wipes; safe on a zeroed or already wiped secret. */
void tacit_secret_done(struct tacit_secret *secret);

/* A view for the crypto seam; lives as long as the secret. */
static inline struct tacit_slice tacit_secret_view(const struct tacit_secret *secret)
{
	return tacit_slice_of(secret->bytes, secret->len);
}

#endif
