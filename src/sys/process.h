/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_PROCESS_H
#define TACIT_SYS_PROCESS_H

/* This process: its limits, what it tells the service manager, how much memory it took. */

#include "base/error.h"

/*
 * Keeps keys and prompts out of core files and away from other processes of the same user, and
 * ignores SIGPIPE: a peer that is gone shows as a failed write.
 */
TACIT_MUST_CHECK enum tacit_status tacit_process_harden(struct tacit_error *err);

/* Raises the limit of open files towards `want`; returns the limit in force. */
uint64_t tacit_process_raise_files(uint64_t want);

/* Cores that this process may use; 1 when the system does not say. */
unsigned tacit_process_cores(void);

/* Peak resident memory in MiB, rounded up; 0 when the system does not say. */
uint64_t tacit_process_peak_mb(void);

/* Tells the service manager ("READY=1", sd_notify(3)) when NOTIFY_SOCKET names one. */
void tacit_process_notify(const char *state);

#endif
