/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_STUB_STUB_H
#define TACIT_TEE_STUB_STUB_H

/*
 * The software stand-in: the code path of a TEE without a TEE. See README.md in this folder.
 * Its signing key is public on purpose, so its evidence proves nothing about hardware.
 */

#include "tee/check.h"

#define TACIT_STUB_FORMAT    "tacit-stub/1"
#define TACIT_STUB_WARNING   "NOT a TEE: software stand-in, proves nothing about hardware"
#define TACIT_STUB_PCRS      3
#define TACIT_STUB_PCR_LEN   48
#define TACIT_STUB_MAX       4096 /* one document */
#define TACIT_STUB_NONCE_MAX 64
#define TACIT_STUB_DATA_MAX  1024             /* user_data, public_key */
#define TACIT_STUB_TIME_MAX  253402300799999u /* 9999-12-31T23:59:59.999Z in ms */

struct tacit_stub_doc {
	uint64_t timestamp_ms;
	struct tacit_slice nonce; /* these three: absent, or 1 byte up to their bound */
	struct tacit_slice user_data;
	struct tacit_slice public_key;
	uint8_t pcr[TACIT_STUB_PCRS][TACIT_STUB_PCR_LEN];
	bool debug;
};

/* Every check of the stub, in order. */
#define TACIT_STUB_CHECKS 5
extern const struct tacit_check_row tacit_stub_checks[TACIT_STUB_CHECKS];

/* The seed of the stub's root: anyone can sign stub evidence. */
extern const uint8_t tacit_stub_seed[32];

/* Encodes and signs. Errors: TACIT_FORMAT when a field is out of range, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_stub_encode(const struct tacit_stub_doc *doc,
						     struct tacit_mut room, struct tacit_slice *ret,
						     struct tacit_error *err);

/* Reads a payload; slices point into it. Nothing is verified. Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status
tacit_stub_payload(struct tacit_slice payload, struct tacit_stub_doc *ret, struct tacit_error *err);

bool tacit_stub_detect(struct tacit_slice in);

bool tacit_stub_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		       struct tacit_check_list *list, struct tacit_claims *ret_claims);

#endif
