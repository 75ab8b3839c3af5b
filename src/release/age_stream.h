/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_AGE_STREAM_H
#define TACIT_RELEASE_AGE_STREAM_H

/*
 * The payload of an age file [AGE v1, payload]: a nonce of 16 bytes, and then chunks of 64 KiB,
 * each ChaCha20-Poly1305 under one key with its number and whether it is the last as the nonce.
 * So every chunk can be opened alone, on any core and in any order, and none can be cut off,
 * moved, repeated or exchanged without failing.
 */

#include "crypto/hash.h"
#include "release/age.h"

#define TACIT_AGE_NONCE  16
#define TACIT_AGE_CHUNK  65536u
#define TACIT_AGE_TAG    16u
#define TACIT_AGE_SEALED (TACIT_AGE_CHUNK + TACIT_AGE_TAG)

struct tacit_age_stream {
	uint8_t key[32]; /* secret: wipe with _done */
};

TACIT_MUST_CHECK enum tacit_status tacit_age_stream_init(
	struct tacit_age_stream *stream, const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
	const uint8_t nonce[TACIT_AT_LEAST(TACIT_AGE_NONCE)], struct tacit_error *err);
void tacit_age_stream_done(struct tacit_age_stream *stream);

/*
 * Chunk `number`, which is the last or is not. Only the last may be shorter than 64 KiB, and only
 * an only one may be empty. Errors: TACIT_SIGNATURE, TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_age_chunk_open(const struct tacit_age_stream *stream, uint64_t number, bool last,
		     struct tacit_slice sealed, struct tacit_mut out, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_age_chunk_seal(const struct tacit_age_stream *stream, uint64_t number, bool last,
		     struct tacit_slice plain, struct tacit_mut out, struct tacit_error *err);

/*
 * Lengths of a whole payload, its nonce included. False when no payload has such a length, or a
 * plaintext would not fit the format's arithmetic.
 */
bool tacit_age_plain_len(uint64_t payload, uint64_t *ret_plain);
bool tacit_age_payload_len(uint64_t plain, uint64_t *ret_payload);

/* Chunks of a plaintext; at least one. */
uint64_t tacit_age_chunks(uint64_t plain);

#endif
