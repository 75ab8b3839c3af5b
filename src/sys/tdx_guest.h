/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_TDX_GUEST_H
#define TACIT_SYS_TDX_GUEST_H

/*
 * /dev/tdx_guest and the quote generation service of the host: quotes of TDX guests whose kernel
 * has no configfs-tsm (before Linux 6.7). The device gives a report that the processor alone can
 * check; the host's service makes a quote of it, and is asked over vsock. It is trusted with
 * nothing: whoever calls holds the quote against what was asked for.
 */

#include "sys/tsm.h"

#define TACIT_TDX_GUEST_DEVICE  "/dev/tdx_guest"
#define TACIT_TDX_GUEST_SERVICE "vsock:2:4050" /* [DCAP tdx-attest.conf] */

/*
 * A quote over `input` in `room`. Errors: TACIT_UNSUPPORTED without the device or without vsock,
 * TACIT_DENIED, TACIT_PEER when the service cannot be reached, fails or answers nonsense,
 * TACIT_LIMIT, TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tdx_guest_quote(const char *device, const char *service,
							 const uint8_t *input,
							 struct tacit_mut room,
							 struct tacit_tsm_report *ret,
							 struct tacit_error *err);

#define TACIT_TDX_GUEST_REPORT 1024

/* The processor's part alone, of an open device: a TDREPORT over `input`. An errno value. */
int tacit_tdx_guest_report(int fd, const uint8_t input[static TACIT_TSM_INPUT],
			   uint8_t ret[static TACIT_TDX_GUEST_REPORT]);

/*
 * The service's part alone: a quote of a report, over a connected socket, within `timeout_ms`.
 * Errors: as above.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_tdx_guest_ask(int fd, unsigned timeout_ms, const uint8_t *report, struct tacit_mut room,
		    struct tacit_slice *ret, struct tacit_error *err);

#endif
