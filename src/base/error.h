/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_ERROR_H
#define TACIT_BASE_ERROR_H

/* Raising and wrapping errors; the public half is tacit/status.h. */

#include "tacit/bytes.h"
#include "tacit/status.h"

/*
 * Fills `err` (may be NULL) unless it already holds a failure, and returns `status`, so that
 * raising is one line: return tacit_fail(err, TACIT_LIMIT, "tdx.quote", at, "length %u", n);
 * The detail is made printable: bytes outside ASCII become '?'.
 */
enum tacit_status tacit_fail(struct tacit_error *err, enum tacit_status status, const char *where,
			     uint64_t offset, const char *fmt, ...) TACIT_PRINTF(5, 6);

/* Prefixes `where` with "outer." and returns the error's status; for callers that pass one on. */
enum tacit_status tacit_error_wrap(struct tacit_error *err, enum tacit_status status,
				   const char *outer);

/* Forgets a failure, so that the object can take the next one. */
void tacit_error_clear(struct tacit_error *err);

/*
 * Writes `text` into `room` as printable ASCII for messages: other bytes become \xNN, and an
 * overlong text is cut with "...". Always terminates; `size` must be at least 8. Returns room.
 */
char *tacit_escape(char *room, size_t size, struct tacit_slice text);

#endif
