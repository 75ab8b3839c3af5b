/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_HEX_H
#define TACIT_BASE_HEX_H

#include "tacit/bytes.h"

/* Writes 2 * bytes.len lower-case digits and a NUL to `text`. */
void tacit_hex_encode(struct tacit_slice bytes, char *text);

/*
 * Decodes exactly text.len / 2 bytes into `out`; either case. False, with `out` untouched, on
 * an odd length, any other character or too little room.
 */
bool tacit_hex_decode(struct tacit_slice text, struct tacit_mut out, size_t *ret_len);

#endif
