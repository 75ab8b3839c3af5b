/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYRING_H
#define TACIT_RELEASE_KEYRING_H

/*
 * Recipients of a file key, or identities that may get one out of a header again. Texts are
 * those of recipient_kind.h. Recipients and identities are never in one ring.
 */

#include "release/recipient_kind.h"

#define TACIT_KEYRING_MAX 64

struct tacit_keyring;

/* NULL when out of memory. */
struct tacit_keyring *tacit_keyring_new(bool for_wrap);
void tacit_keyring_free(struct tacit_keyring *ring);
size_t tacit_keyring_count(const struct tacit_keyring *ring);

/* What the kind of this prefix gets to open its objects with; before _add. */
void tacit_keyring_env(struct tacit_keyring *ring, const char *prefix, void *env);

/*
 * Adds what the text names: for identities also the plain name of a file of them. Errors:
 * TACIT_USAGE, TACIT_FORMAT, TACIT_IO, TACIT_LIMIT; whatever the kind says.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyring_add(struct tacit_keyring *ring, const char *text,
						     struct tacit_error *err);

/*
 * A stanza for every recipient into `ret`, room for TACIT_KEYRING_MAX. Errors: TACIT_USAGE when
 * there is none, or one that must be alone is not.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_keyring_wrap(struct tacit_keyring *ring, const struct tacit_key_use *use,
		   const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
		   struct tacit_arena *arena, struct tacit_age_stanza *ret,
		   struct tacit_error *err);

/* Whether some recipient of the ring must be the only one of a file. */
bool tacit_keyring_alone(const struct tacit_keyring *ring);

/*
 * The file key of a header, which is checked with it. Stanzas that no identity knows are passed
 * over. Errors: TACIT_DENIED when none is for us; TACIT_SIGNATURE when the header was changed;
 * TACIT_FORMAT; whatever a key service answers.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_keyring_unwrap(struct tacit_keyring *ring, const struct tacit_key_use *use,
		     const struct tacit_age_header *header,
		     uint8_t ret_file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
		     struct tacit_error *err);

#endif
