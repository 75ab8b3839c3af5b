/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_SANDBOX_IOCTL_H
#define TACIT_SYS_SANDBOX_IOCTL_H

/*
 * The part of a server's sandbox that libseccomp cannot say: every ioctl is refused but for a few
 * requests. By request and not by descriptor, since a descriptor can be copied.
 */

#include "base/error.h"
#include "tacit/evidence.h"

/* The requests that attesters make: what each device is asked for, and nothing else of it. */
#define TACIT_IOCTL_NSM                0xc0200a00u /* [linux/nsm.h] */
#define TACIT_IOCTL_SEV_GUEST_REPORT   0xc0205300u /* [linux/sev-guest.h] */
#define TACIT_IOCTL_SEV_GUEST_EXTENDED 0xc0205302u
#define TACIT_IOCTL_TDX_GUEST_REPORT0  0xc4405401u /* [linux/tdx-guest.h] */

/*
 * From here on all threads may make the requests of that TEE's attester, and those with which
 * libraries look at files and sockets; others fail with EPERM. The process has given up gaining
 * privileges before. *ret_holds is false in a kernel without filters. Errors: TACIT_INTERNAL.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sandbox_ioctl(enum tacit_tee tee, bool *ret_holds,
						       struct tacit_error *err);

#endif
