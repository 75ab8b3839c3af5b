/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_AEAD_STREAM_H
#define TACIT_CRYPTO_AEAD_STREAM_H

/*
 * One message of an AEAD that is too long for memory, opened piece by piece. Formats of others
 * have such; ours do not, because what comes out is not checked before the end: until _final says
 * OK it must not be used.
 */

#include "crypto/aead.h"

struct tacit_aead_stream;

/* NULL when out of memory or for a key or nonce of a wrong length. */
struct tacit_aead_stream *tacit_aead_stream_new(enum tacit_aead_alg alg, struct tacit_slice key,
						struct tacit_slice nonce);
void tacit_aead_stream_free(struct tacit_aead_stream *stream);

/* Opens the next bytes into as many at `out`, which may be where they are. */
TACIT_MUST_CHECK enum tacit_status tacit_aead_stream_update(struct tacit_aead_stream *stream,
							    struct tacit_slice sealed, uint8_t *out,
							    struct tacit_error *err);

/* Errors: TACIT_SIGNATURE. */
TACIT_MUST_CHECK enum tacit_status
tacit_aead_stream_final(struct tacit_aead_stream *stream,
			const uint8_t tag[TACIT_AT_LEAST(TACIT_AEAD_TAG_LEN)],
			struct tacit_error *err);

#endif
