/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_BASE64_H
#define TACIT_BASE_BASE64_H

/* Base64 [RFC 4648 4, 5], strict: no whitespace, no stray bits in the last character. */

#include "tacit/bytes.h"

enum tacit_base64 {
	TACIT_BASE64,    /* + / with padding required */
	TACIT_BASE64URL, /* - _ without padding */
};

/* Characters for `len` bytes, without the NUL. */
size_t tacit_base64_size(enum tacit_base64 form, size_t len);

/* Writes tacit_base64_size() characters and a NUL to `text`. */
void tacit_base64_encode(enum tacit_base64 form, struct tacit_slice bytes, char *text);

/* False, with `out` untouched, on anything the encoder would not have written, or no room. */
bool tacit_base64_decode(enum tacit_base64 form, struct tacit_slice text, struct tacit_mut out,
			 size_t *ret_len);

#endif
