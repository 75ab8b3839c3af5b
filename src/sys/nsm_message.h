/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_NSM_MESSAGE_H
#define TACIT_SYS_NSM_MESSAGE_H

/*
 * The messages of the Nitro Secure Module: CBOR, an enum tagged from outside. A request is a bare
 * name or {name: map}; an answer {name: map}, a bare name, or {"Error": code}. Requests have the
 * member order that AWS's library writes; answers are read whatever their order and lengths are,
 * since the firmware has changed its style before. Answers come from the hypervisor: bounded and
 * checked like everything else.
 */

#include "base/error.h"
#include "base/writer.h"

#define TACIT_NSM_REQUEST_MAX  4096  /* bytes that the driver takes */
#define TACIT_NSM_RESPONSE_MAX 12288 /* bytes that it gives; a longer answer is cut silently */
#define TACIT_NSM_PCR_LEN      48
#define TACIT_NSM_PCRS         32
#define TACIT_NSM_RANDOM_MAX   256

struct tacit_nsm_description {
	uint16_t version_major, version_minor, version_patch;
	struct tacit_slice module_id; /* these two point into the answer */
	struct tacit_slice digest;
	uint16_t max_pcrs;
	uint32_t locked_pcrs; /* bit n: PCR n is locked */
};

/* Requests; judge with wr_finish(). Absent slices become null. */
void tacit_nsm_put_plain(struct writer *w, const char *name); /* DescribeNSM, GetRandom */
void tacit_nsm_put_index(struct writer *w, const char *name, const char *member, uint16_t index);
void tacit_nsm_put_extend(struct writer *w, uint16_t index, struct tacit_slice data);
void tacit_nsm_put_attestation(struct writer *w, struct tacit_slice user_data,
			       struct tacit_slice nonce, struct tacit_slice public_key);

/*
 * Answers. All fail with TACIT_PEER for anything but the answer to that request, and with the
 * status of the device's own complaint (TACIT_DENIED for a locked PCR, TACIT_LIMIT for too much
 * input, TACIT_USAGE for a bad index or argument, TACIT_IO for the rest), which is named.
 * Slices point into `in`.
 */
TACIT_MUST_CHECK enum tacit_status tacit_nsm_read_done(struct tacit_slice in, const char *name,
						       struct tacit_error *err);
/* The one byte string `member` of the answer `name`, `min` to `max` bytes long. */
struct tacit_nsm_member {
	const char *name, *member;
	size_t min, max;
};
TACIT_MUST_CHECK enum tacit_status tacit_nsm_read_bytes(struct tacit_slice in,
							const struct tacit_nsm_member *want,
							struct tacit_slice *ret,
							struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_nsm_read_pcr(struct tacit_slice in, bool *ret_locked,
						      struct tacit_slice *ret_data,
						      struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_nsm_read_description(struct tacit_slice in,
							      struct tacit_nsm_description *ret,
							      struct tacit_error *err);

#endif
