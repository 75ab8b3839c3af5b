/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_PEM_H
#define TACIT_CODEC_PEM_H

/*
 * Textual encoding of certificates and lists [RFC 7468]. Lines may end in LF or CRLF; words
 * between the blocks are skipped; a NUL ends the text, as quotes carry it.
 */

#include "base/error.h"
#include "tacit/arena.h"

struct tacit_pem_block {
	struct tacit_slice label; /* "CERTIFICATE"; points into the text */
	struct tacit_slice der;   /* in the arena */
};

/* Whether there is a PEM block to read. */
bool tacit_pem_looks(struct tacit_slice text);

/*
 * Decodes the next block of `text` from `*at` on, which moves behind it. False at the end, with
 * `err` set when what is left is a broken block.
 */
bool tacit_pem_next(struct tacit_slice text, size_t *at, struct tacit_arena *arena,
		    struct tacit_pem_block *ret, struct tacit_error *err);

#endif
