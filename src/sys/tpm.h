/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_TPM_H
#define TACIT_SYS_TPM_H

/*
 * A TPM 2.0: the kernel's device with its resource manager, or a socket that takes bare commands,
 * as the emulator swtpm has one. Any thread may call; a TPM does one thing at a time, and callers
 * queue here. Every wait has a limit. A TPM that let it pass is given that time again by the next
 * caller, who throws the late answer away: no answer is ever taken for another command's.
 *
 * Errors of all: those of sys/tpm_message.h; TACIT_IO when the device fails, TACIT_PEER when it
 * answers too late or not at all.
 */

#include "sys/tpm_message.h"

struct tacit_tpm;

#define TACIT_TPM_DEVICE   "/dev/tpmrm0"
#define TACIT_TPM_LIMIT_MS 20000 /* of one command */

/*
 * A device's path, or an address of sys/address.h ("unix:PATH"). Errors: TACIT_UNSUPPORTED without
 * such a device, TACIT_DENIED, TACIT_USAGE for another address, TACIT_PEER, TACIT_IO, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_open(const char *address, struct tacit_tpm **ret,
						  struct tacit_error *err);
/* Over a descriptor, which is closed with it or at once; for tests that stand in for a TPM. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_open_fd(int fd, unsigned limit_ms,
						     struct tacit_tpm **ret,
						     struct tacit_error *err);
/* NULL is fine. */
void tacit_tpm_close(struct tacit_tpm *tpm);

/*
 * All that an index holds. Errors: TACIT_UNSUPPORTED when there is no such index, TACIT_LIMIT when
 * it does not fit.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_nv_read(struct tacit_tpm *tpm, uint32_t index,
						     struct tacit_mut room, struct tacit_slice *ret,
						     struct tacit_error *err);

/* Makes the index when it is not there, for the owner to read and write. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_nv_need(struct tacit_tpm *tpm, uint32_t index,
						     uint16_t size, struct tacit_error *err);

/* From the beginning of an index that is there; up to TACIT_TPM_NV_PIECE bytes. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_nv_write(struct tacit_tpm *tpm, uint32_t index,
						      struct tacit_slice data,
						      struct tacit_error *err);

/* A quote over all PCRs of the SHA-256 bank, and their values. */
struct tacit_tpm_quoted {
	struct tacit_tpm_bank bank;
	struct tacit_slice message;   /* TPMS_ATTEST; these two point into `room` */
	struct tacit_slice signature; /* TPMT_SIGNATURE */
	uint8_t room[TACIT_TPM_ANSWER_MAX];
};

/* Errors: TACIT_USAGE for `extra` over TACIT_TPM_EXTRA_MAX bytes. The values may be newer or older
 * than the quote's, when somebody extends one meanwhile. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_make_quote(struct tacit_tpm *tpm, uint32_t key,
						   struct tacit_slice extra,
						   struct tacit_tpm_quoted *ret,
						   struct tacit_error *err);

#endif
