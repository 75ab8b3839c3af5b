/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_HASH_H
#define TACIT_CRYPTO_HASH_H

/* SHA-2 [FIPS 180-4], HMAC [RFC 2104] and HKDF [RFC 5869]. */

#include "base/error.h"

#define TACIT_SHA256_LEN 32
#define TACIT_SHA384_LEN 48
#define TACIT_SHA512_LEN 64
#define TACIT_HASH_MAX   64

enum tacit_hash_alg {
	TACIT_SHA256,
	TACIT_SHA384,
	TACIT_SHA512,
};

/* Digest length in bytes. */
size_t tacit_hash_len(enum tacit_hash_alg alg);

/* Hashes the concatenation of `count` parts; writes tacit_hash_len(alg) bytes to `ret`. */
TACIT_MUST_CHECK enum tacit_status tacit_hash_parts(enum tacit_hash_alg alg,
						    const struct tacit_slice *parts, size_t count,
						    uint8_t *ret, struct tacit_error *err);

/* Hashes one slice. */
TACIT_MUST_CHECK enum tacit_status tacit_hash(enum tacit_hash_alg alg, struct tacit_slice in,
					      uint8_t *ret, struct tacit_error *err);

/* An incremental hash; NULL when out of memory. Updates that fail make _final fail. */
struct tacit_hasher;
struct tacit_hasher *tacit_hasher_new(enum tacit_hash_alg alg);
void tacit_hasher_update(struct tacit_hasher *hasher, struct tacit_slice in);
/* The digest of everything so far, and then a fresh start. */
TACIT_MUST_CHECK enum tacit_status tacit_hasher_final(struct tacit_hasher *hasher, uint8_t *ret,
						      struct tacit_error *err);
/* The digest of everything so far; the hasher goes on. */
TACIT_MUST_CHECK enum tacit_status tacit_hasher_peek(const struct tacit_hasher *hasher,
						     uint8_t *ret, struct tacit_error *err);
void tacit_hasher_free(struct tacit_hasher *hasher);

/* Writes tacit_hash_len(alg) bytes. */
TACIT_MUST_CHECK enum tacit_status tacit_hmac(enum tacit_hash_alg alg, struct tacit_slice key,
					      struct tacit_slice in, uint8_t *ret,
					      struct tacit_error *err);

/* The same over the concatenation of `count` parts. */
TACIT_MUST_CHECK enum tacit_status tacit_hmac_parts(enum tacit_hash_alg alg, struct tacit_slice key,
						    const struct tacit_slice *parts, size_t count,
						    uint8_t *ret, struct tacit_error *err);

/* prk is tacit_hash_len(alg) bytes. */
TACIT_MUST_CHECK enum tacit_status tacit_hkdf_extract(enum tacit_hash_alg alg,
						      struct tacit_slice salt,
						      struct tacit_slice ikm, uint8_t *ret_prk,
						      struct tacit_error *err);

/* Fills `out`; at most 255 digests long, else TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_hkdf_expand(enum tacit_hash_alg alg,
						     struct tacit_slice prk,
						     struct tacit_slice info, struct tacit_mut out,
						     struct tacit_error *err);

/* The same with an info of `info_count` parts. */
TACIT_MUST_CHECK enum tacit_status tacit_hkdf_expand_parts(enum tacit_hash_alg alg,
							   struct tacit_slice prk,
							   const struct tacit_slice *info,
							   size_t info_count, struct tacit_mut out,
							   struct tacit_error *err);

#endif
