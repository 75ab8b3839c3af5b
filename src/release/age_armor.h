/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_AGE_ARMOR_H
#define TACIT_RELEASE_AGE_ARMOR_H

/* The text form of an age file [AGE v1, ASCII armor]: PEM with nothing left to choose. */

#include "base/error.h"

/* Whether the first line that holds anything is the beginning of armor. */
bool tacit_age_armor_looks(struct tacit_slice text);

/*
 * The bytes of an armored file into `room`, which as many bytes as the text has are enough for.
 * Errors: TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_age_armor_decode(struct tacit_slice text,
							  struct tacit_mut room,
							  struct tacit_slice *ret,
							  struct tacit_error *err);

#endif
