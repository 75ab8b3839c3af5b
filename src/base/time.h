/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_BASE_TIME_H
#define TACIT_BASE_TIME_H

/* Seconds since 1970-01-01T00:00:00Z and their RFC 3339 form; no clock is read here. */

#include "tacit/bytes.h"

#define TACIT_TIME_TEXT 21 /* "2026-11-21T07:39:00Z" and a NUL */

/* Years 0000 to 9999; anything outside gives "out of range". */
void tacit_time_format(int64_t seconds, char text[TACIT_AT_LEAST(TACIT_TIME_TEXT)]);

/* RFC 3339 date-time with any offset; a fraction of a second is read and dropped. */
bool tacit_time_parse(struct tacit_slice text, int64_t *ret_seconds);

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; month 1..12, day 1..31. */
int64_t tacit_time_days(int64_t year, unsigned month, unsigned day);

#endif
