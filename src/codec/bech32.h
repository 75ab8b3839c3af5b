/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_BECH32_H
#define TACIT_CODEC_BECH32_H

/*
 * Bech32 [BIP 173] as age uses it for keys: any length of text, all in one case, the remaining
 * bits of the last group zero. It finds slips of the hand, not forgeries.
 */

#include "base/error.h"

#define TACIT_BECH32_MAX   512 /* characters of a text */
#define TACIT_BECH32_BYTES 256 /* of what it holds */

/*
 * The bytes of `text`, whose part before the last '1' must be `name` (in the case of `text`,
 * which is either). `out` is room for TACIT_BECH32_BYTES. Errors: TACIT_FORMAT, without quoting
 * the text, which may be a secret.
 */
TACIT_MUST_CHECK enum tacit_status tacit_bech32_decode(struct tacit_slice text, const char *name,
						       uint8_t out[TACIT_AT_LEAST(256)],
						       size_t *ret_len, struct tacit_error *err);

/* `name` in lower case. Writes lower-case text and a NUL. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_bech32_encode(struct tacit_slice bytes, const char *name,
						       char *text, size_t size,
						       struct tacit_error *err);

#endif
