/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SIGV4_TEXT_H
#define TACIT_RELEASE_SIGV4_TEXT_H

/* Texts as signatures have them; shared by the files of sigv4. */

#include "base/writer.h"
#include "release/sigv4.h"

/* ASCII without case. */
bool tacit_sigv4_text_same(struct tacit_slice a, struct tacit_slice b);

/* Order of bytes, the shorter first: below, at or above 0. */
int tacit_sigv4_text_order(struct tacit_slice a, struct tacit_slice b);

/* The part before the next `mark`, which is taken off `rest` with it; the last part has none. */
struct tacit_slice tacit_sigv4_text_part(struct tacit_slice *rest, char mark);

/* One byte, as it is when unreserved [RFC 3986 2.3], else as %XX. */
void tacit_sigv4_text_put(struct writer *w, uint8_t byte);

/* The next byte of a query, its escape undone; false for an escape that is none. */
bool tacit_sigv4_text_byte(struct tacit_slice *rest, uint8_t *ret);

#endif
