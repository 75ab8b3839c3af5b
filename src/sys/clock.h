/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_CLOCK_H
#define TACIT_SYS_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps; for durations and deadlines. */
uint64_t tacit_clock_ms(void);

/* The same in microseconds. */
uint64_t tacit_clock_us(void);

/* Seconds since 1970 as the host tells them: inside a TEE the host can lie about this one. */
int64_t tacit_clock_wall(void);

#endif
