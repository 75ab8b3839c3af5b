/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_SEV_GUEST_H
#define TACIT_SYS_SEV_GUEST_H

/*
 * /dev/sev-guest: reports of SNP guests whose kernel has no configfs-tsm (before Linux 6.7). The
 * host may put certificates beside a report; where it does not, or what it says of them makes no
 * sense, there is the report alone.
 */

#include "sys/tsm.h"

#define TACIT_SEV_GUEST_DEVICE "/dev/sev-guest"

/* ioctl(2) on the device, for tests that stand in for it: 0, or an errno value. */
typedef int tacit_sev_guest_call(void *user, unsigned long request, void *argument);

/*
 * Asks for a report over `input`, at VMPL 0, in `room`. A host that throttles is asked again for
 * a few seconds. Errors: TACIT_UNSUPPORTED without the device, TACIT_DENIED, TACIT_PEER when the
 * firmware or the host refuses, TACIT_IO, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sev_guest_report(const char *device, const uint8_t *input,
							  struct tacit_mut room,
							  struct tacit_tsm_report *ret,
							  struct tacit_error *err);

/* The same through `call`. */
TACIT_MUST_CHECK enum tacit_status
tacit_sev_guest_report_with(tacit_sev_guest_call *call, void *user, const uint8_t *input,
			    struct tacit_mut room, struct tacit_tsm_report *ret,
			    struct tacit_error *err);

#endif
