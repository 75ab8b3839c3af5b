/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_NSM_H
#define TACIT_SYS_NSM_H

/*
 * /dev/nsm, the Nitro Secure Module, by its one ioctl. Any thread may call; the device does one
 * thing at a time, and so do we: callers queue here rather than in the driver, whose lock the
 * kernel's random source shares.
 *
 * Errors of all: those of sys/nsm_message.h; TACIT_IO when the driver fails (it waits 120 s for
 * a silent device).
 */

#include "sys/nsm_message.h"

struct tacit_nsm;

#define TACIT_NSM_DEVICE "/dev/nsm"

/* Errors: TACIT_UNSUPPORTED without such a device, TACIT_DENIED, TACIT_IO, TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_open(const char *path, struct tacit_nsm **ret,
						  struct tacit_error *err);
void tacit_nsm_close(struct tacit_nsm *nsm);

/* How a request reaches the module, for tests that stand in for it: fills `*len` bytes. */
typedef int tacit_nsm_call(void *user, struct tacit_slice request, uint8_t *response, size_t *len);
TACIT_MUST_CHECK enum tacit_status tacit_nsm_open_call(tacit_nsm_call *call, void *user,
						       struct tacit_nsm **ret,
						       struct tacit_error *err);

/* Writes the document to `room`. Absent slices are left out. */
TACIT_MUST_CHECK enum tacit_status
tacit_nsm_attest(struct tacit_nsm *nsm, struct tacit_slice user_data, struct tacit_slice nonce,
		 struct tacit_slice public_key, struct tacit_mut room, struct tacit_slice *ret,
		 struct tacit_error *err);

/* `response` has room for TACIT_NSM_RESPONSE_MAX and holds what `ret` points to. */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_describe(struct tacit_nsm *nsm, uint8_t *response,
						      struct tacit_nsm_description *ret,
						      struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status tacit_nsm_pcr(struct tacit_nsm *nsm, uint16_t index,
						 uint8_t ret[static TACIT_NSM_PCR_LEN],
						 bool *ret_locked, struct tacit_error *err);
/* new = SHA-384(old | data); `data` up to about 4,000 bytes. */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_extend(struct tacit_nsm *nsm, uint16_t index,
						    struct tacit_slice data,
						    uint8_t ret[static TACIT_NSM_PCR_LEN],
						    struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_nsm_lock(struct tacit_nsm *nsm, uint16_t index,
						  struct tacit_error *err);
/* Locks PCR 0 to count - 1. */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_lock_below(struct tacit_nsm *nsm, uint16_t count,
							struct tacit_error *err);
/* 1 to TACIT_NSM_RANDOM_MAX bytes of the module's own randomness; how many goes to *ret_len. */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_random(struct tacit_nsm *nsm,
						    uint8_t ret[static TACIT_NSM_RANDOM_MAX],
						    size_t *ret_len, struct tacit_error *err);

#endif
