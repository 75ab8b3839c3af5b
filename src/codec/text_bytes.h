/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_TEXT_BYTES_H
#define TACIT_CODEC_TEXT_BYTES_H

/*
 * Bytes as people and programs write them into text: hex of either case, perhaps behind "0x";
 * base64 of either alphabet, padded or not [RFC 4648]; white space anywhere. Text of hex digits
 * alone, an even number of them, is always hex, so that a text has one meaning.
 */

#include "codec/json_read.h"

enum tacit_text_form {
	TACIT_TEXT_NEITHER,
	TACIT_TEXT_HEX,
	TACIT_TEXT_BASE64,
	TACIT_TEXT_NO_ROOM, /* the arena is full */
};

/* What the text is, with its bytes in the arena when it is either. */
enum tacit_text_form tacit_text_bytes(struct tacit_slice text, struct tacit_arena *arena,
				      struct tacit_slice *ret);

/*
 * The next JSON value as bytes: a text as above, PEM text as it is, an array of numbers; null is
 * absent. Anything else is rejected.
 */
struct tacit_slice tacit_text_bytes_json(struct tacit_json_read *j, struct tacit_arena *arena);

#endif
