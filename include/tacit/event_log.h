/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_EVENT_LOG_H
#define TACIT_EVENT_LOG_H

/*
 * The boot event log of a TD (CCEL): what firmware and boot loader measured, in order, and what
 * the run-time registers hold after that.
 *
 *     struct tacit_event_log log;
 *     if (tacit_event_log_replay(bytes, &log, &err) == TACIT_OK)
 *             ... compare log.rtmr[0..2] with the quote's
 *
 * Firmware decides RTMR0 to RTMR2. RTMR3 belongs to the running system, which does not write its
 * extensions here: what this log says of it proves nothing either way.
 *
 * Not checked: what the events mean, and that their data are what was hashed.
 */
#include "tacit/bytes.h"
#include "tacit/status.h"

TACIT_BEGIN

#define TACIT_EVENT_LOG_MAX  1048576 /* bytes */
#define TACIT_EVENT_LOG_RTMR 4

struct tacit_event_log {
	uint8_t rtmr[TACIT_EVENT_LOG_RTMR][48]; /* SHA-384 */
	uint32_t extends[TACIT_EVENT_LOG_RTMR]; /* how many events went into each */
	uint32_t events;                        /* records in the log, its head not counted */
	size_t length;                          /* bytes up to its end mark or padding */
};

/* True when the bytes start like an event log. */
TACIT_API bool tacit_event_log_looks(struct tacit_slice in);

/*
 * Replays a log in one pass. Errors: TACIT_FORMAT, TACIT_LIMIT over TACIT_EVENT_LOG_MAX.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_event_log_replay(struct tacit_slice in, struct tacit_event_log *ret, struct tacit_error *err);

TACIT_END

#endif
