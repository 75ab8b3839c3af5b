/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_RTMR_H
#define TACIT_SYS_RTMR_H

/*
 * RTMR3 of a TDX guest, the register that is left to programs: it can be extended and never set
 * back. Kernels since Linux 6.16 offer it as a file [Documentation/ABI/testing/
 * sysfs-devices-virtual-misc-tdx_guest]; vendors' kernels before that by an ioctl of
 * /dev/tdx_guest. Nothing here passes through the host.
 */

#include "base/error.h"

#define TACIT_RTMR_FILE "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384"
#define TACIT_RTMR_LEN  48

enum tacit_rtmr_state {
	TACIT_RTMR_EXTENDED, /* it was zero, and has been extended */
	TACIT_RTMR_HELD,     /* it held just that already: a server that starts again */
	TACIT_RTMR_CHAINED,  /* it held something else, and has been extended on top of that */
};

struct tacit_rtmr_result {
	enum tacit_rtmr_state state;
	uint8_t value[TACIT_RTMR_LEN]; /* what it holds now */
};

/* "extended", "held", "chained" */
const char *tacit_rtmr_state_name(enum tacit_rtmr_state state);

/* A way to the register, for tests that stand in for it. Both answer 0 or an errno value. */
struct tacit_rtmr_way {
	int (*read)(void *user, uint8_t ret[TACIT_AT_LEAST(TACIT_RTMR_LEN)]);
	int (*extend)(void *user, const uint8_t data[TACIT_AT_LEAST(TACIT_RTMR_LEN)]);
	void *user;
};

/*
 * Sees to it that RTMR3 vouches for `data`: extends it, unless nothing but `data` was ever
 * extended to it. Afterwards it is read again and must hold what it should. Through `file` where
 * that is there, else through `device`. Errors: TACIT_UNSUPPORTED when the kernel offers neither,
 * TACIT_DENIED, TACIT_IO; TACIT_BINDING when another value came out.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_rtmr_fill(const char *file, const char *device,
		const uint8_t data[TACIT_AT_LEAST(TACIT_RTMR_LEN)], struct tacit_rtmr_result *ret,
		struct tacit_error *err);

/* The same by one way. */
TACIT_MUST_CHECK enum tacit_status
tacit_rtmr_fill_with(const struct tacit_rtmr_way *way,
		     const uint8_t data[TACIT_AT_LEAST(TACIT_RTMR_LEN)],
		     struct tacit_rtmr_result *ret, struct tacit_error *err);

#endif
