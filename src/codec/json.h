/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_JSON_H
#define TACIT_CODEC_JSON_H

/*
 * The one seam to jansson, for policies, requests and reports (never for evidence). Strict:
 * refuses duplicate members, invalid UTF-8, lone surrogates, numbers out of range, trailing
 * bytes, and nesting over TACIT_JSON_NESTING_MAX, which is checked before jansson recurses.
 */

#include <jansson.h>

#include "base/error.h"

/* Parses any JSON text up to TACIT_JSON_MAX bytes; the caller owns the value (json_decref). */
TACIT_MUST_CHECK enum tacit_status tacit_json_parse(struct tacit_slice text, json_t **ret,
						    struct tacit_error *err);

/*
 * Writes `text` as a JSON string with its quotes. Text that is not UTF-8 has its bad bytes
 * replaced by U+FFFD, so that the output is always valid JSON.
 */
struct writer;
void tacit_json_put_string(struct writer *w, struct tacit_slice text);

#endif
