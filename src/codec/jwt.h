/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_JWT_H
#define TACIT_CODEC_JWT_H

/*
 * Compact JWS [RFC 7515 7.1] that carries JSON, as JWTs do: structure only. The caller says which
 * algorithm the signature must be of, because its key has one; what the token asks for is never
 * followed, only compared [RFC 8725 3.1].
 */

#include "base/error.h"
#include "base/writer.h"
#include "tacit/arena.h"

#define TACIT_JWT_MAX        (2 * 1024 * 1024) /* characters */
#define TACIT_JWT_HEADER_MAX 8192              /* of the header, decoded */

struct tacit_jwt {
	struct tacit_slice message;   /* what is signed: "header.payload", in the token */
	struct tacit_slice header;    /* JSON; this and the rest are in the arena */
	struct tacit_slice payload;   /* what was signed; not yet known to be JSON */
	struct tacit_slice signature; /* raw, as in JOSE */
};

/*
 * Splits a token whose header says `alg`, and nothing after it. Refused: another algorithm, none,
 * a header that is no strict JSON object, any "crit" since we know none, padding, white space.
 * Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_SIGNATURE for another algorithm.
 */
TACIT_MUST_CHECK enum tacit_status tacit_jwt_parse(struct tacit_slice token, const char *alg,
						   struct tacit_arena *arena, struct tacit_jwt *ret,
						   struct tacit_error *err);

/* Characters of a token that is signed with `signature_len` bytes, and a NUL for the encoder. */
size_t tacit_jwt_size(const char *alg, size_t payload_len, size_t signature_len);

/*
 * Writes "header.payload", which is to be signed, into `room`; the signature goes behind it with
 * tacit_jwt_add_signature(). Errors: TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_jwt_write(const char *alg, struct tacit_slice payload,
						   struct tacit_mut room, struct tacit_slice *ret,
						   struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_jwt_add_signature(struct tacit_slice message, struct tacit_slice signature,
			struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

#endif
