/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_SEV_GUEST_H
#define TACIT_SYS_SEV_GUEST_H

/*
 * /dev/sev-guest: reports of SNP guests whose kernel has no configfs-tsm (before Linux 6.7), and
 * keys that the firmware derives for a guest. The host may put certificates beside a report; where
 * it does not, or what it says of them makes no sense, there is the report alone.
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

/* ---- derived keys [SNP-ABI 7.2] ------------------------------------------------------------- */

#define TACIT_SEV_GUEST_KEY_LEN 32

enum tacit_sev_guest_root {
	TACIT_SEV_GUEST_VCEK, /* of the chip, or of its provider (VLEK) where it has such a key */
	TACIT_SEV_GUEST_VMRK, /* of the virtual machine: goes along when it migrates */
};

/* What of the guest goes into its key. */
#define TACIT_SEV_GUEST_POLICY      (UINT64_C(1) << 0)
#define TACIT_SEV_GUEST_IMAGE_ID    (UINT64_C(1) << 1)
#define TACIT_SEV_GUEST_FAMILY_ID   (UINT64_C(1) << 2)
#define TACIT_SEV_GUEST_MEASUREMENT (UINT64_C(1) << 3)
#define TACIT_SEV_GUEST_SVN         (UINT64_C(1) << 4) /* `guest_svn`, not above the guest's own */
#define TACIT_SEV_GUEST_TCB         (UINT64_C(1) << 5) /* `tcb`, not above the committed one */
#define TACIT_SEV_GUEST_FIELDS      (UINT64_C(0x3f))

/*
 * Every guest on this chip that says the same gets the same key. So a key that is to keep a secret
 * names the measurement, and the policy too: else the host starts a guest of its own, or this one
 * with debugging allowed.
 */
struct tacit_sev_guest_key_request {
	enum tacit_sev_guest_root root;
	uint64_t fields;
	uint32_t vmpl; /* not below the one that asks */
	uint32_t guest_svn;
	uint64_t tcb;
};

/*
 * Derives the key into `ret`; wipe it when it has served. Errors: TACIT_USAGE for fields or values
 * that there are not; TACIT_UNSUPPORTED without the device, TACIT_DENIED, TACIT_PEER when the
 * firmware or the host refuses or there is no key in the answer, TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_sev_guest_key(const char *device, const struct tacit_sev_guest_key_request *request,
		    uint8_t ret[TACIT_AT_LEAST(TACIT_SEV_GUEST_KEY_LEN)], struct tacit_error *err);

/* The same through `call`. */
TACIT_MUST_CHECK enum tacit_status
tacit_sev_guest_key_with(tacit_sev_guest_call *call, void *user,
			 const struct tacit_sev_guest_key_request *request,
			 uint8_t ret[TACIT_AT_LEAST(TACIT_SEV_GUEST_KEY_LEN)],
			 struct tacit_error *err);

#endif
