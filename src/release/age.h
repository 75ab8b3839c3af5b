/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_AGE_H
#define TACIT_RELEASE_AGE_H

/*
 * The header of an age file [AGE v1]: one stanza per recipient, each with the file key wrapped
 * for it, and a MAC under the file key over all of them. What comes behind the header is in
 * age_stream.h.
 *
 *     parse -> unwrap the file key of one stanza (recipient_kind.h) -> check the MAC -> stream
 *
 * Strict: one encoding, no white space to spare, unpadded canonical base64. Bounded by the
 * limits below, which are generous against what recipients really write. Parsing allocates from
 * the caller's arena only. A header says nothing until its MAC is checked.
 */

#include "base/error.h"
#include "base/writer.h"
#include "tacit/arena.h"

#define TACIT_AGE_FILE_KEY     16
#define TACIT_AGE_HEADER_MAX   (256 * 1024)
#define TACIT_AGE_STANZAS_MAX  256
#define TACIT_AGE_ARGS_MAX     32
#define TACIT_AGE_BODY_MAX     65536
#define TACIT_AGE_MAC          32
#define TACIT_AGE_HEADER_ARENA (TACIT_AGE_HEADER_MAX + 256 * 1024) /* enough for any header */

struct tacit_age_stanza {
	size_t arg_count; /* at least one: the type */
	struct tacit_slice args[TACIT_AGE_ARGS_MAX];
	struct tacit_slice body; /* decoded */
};

struct tacit_age_header {
	size_t stanza_count; /* at least one */
	const struct tacit_age_stanza *stanzas;
	struct tacit_slice covered; /* what the MAC is over: all up to and with "---" */
	uint8_t mac[TACIT_AGE_MAC];
	size_t len; /* of the whole header; the payload begins here */
};

/* Whether the stanza's type is `name`. */
bool tacit_age_stanza_is(const struct tacit_age_stanza *stanza, const char *name);

/*
 * Reads the header that `in` begins with; slices point into `in` and the arena. Errors:
 * TACIT_FORMAT; TACIT_UNSUPPORTED for another version of age; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_age_header_parse(struct tacit_slice in,
							  struct tacit_arena *arena,
							  struct tacit_age_header *ret,
							  struct tacit_error *err);

/* Whether the header was made by somebody with the file key. Errors: TACIT_SIGNATURE. */
TACIT_MUST_CHECK enum tacit_status
tacit_age_header_check(const struct tacit_age_header *header,
		       const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
		       struct tacit_error *err);

/*
 * Writes a header of these stanzas. `pad_to`, unless 0, makes its length the next multiple of
 * that, with at least as much again to spare by a stanza "tacit-pad" that every reader skips: so
 * a later header for other recipients fits into the same room and the payload stays in its place.
 * Errors: TACIT_LIMIT, TACIT_USAGE for a stanza that cannot be written.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_age_header_write(const struct tacit_age_stanza *stanzas, size_t count, size_t pad_to,
		       const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
		       struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* Unpadded base64 as age writes it, canonical. False when it is not or does not fit. */
bool tacit_age_base64(struct tacit_slice text, struct tacit_mut out, size_t *ret_len);
void tacit_age_base64_write(struct writer *w, struct tacit_slice bytes);

#endif
