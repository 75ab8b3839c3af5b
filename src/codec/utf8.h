/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_UTF8_H
#define TACIT_CODEC_UTF8_H

/* UTF-8 [RFC 3629]: no overlong forms, no surrogates, nothing above U+10FFFF. */

#include "tacit/bytes.h"

/* Bytes of the character at text.ptr[at], 1..4, or 0 when it is not valid there; at < len. */
size_t tacit_utf8_step(struct tacit_slice text, size_t at, uint32_t *ret_point);

bool tacit_utf8_valid(struct tacit_slice text);

/*
 * Characters that act on the reader's terminal or reorder the line: controls, C1 controls too,
 * line separators, bidirectional controls [UAX #9], the byte order mark.
 */
bool tacit_utf8_is_control(uint32_t point);

#endif
