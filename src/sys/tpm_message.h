/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_TPM_MESSAGE_H
#define TACIT_SYS_TPM_MESSAGE_H

/*
 * The few commands of a TPM 2.0 that attesting needs, and their answers [TPM2 Part 3], as
 * docs/adr/0012-tpm-commands.md argues. Every command is authorised by an empty password, as the
 * paravisor of Azure sets it. A virtual TPM belongs to whoever runs the machine until its key was
 * seen in a hardware report: answers are bounded and checked like everything else.
 */

#include "base/reader.h"
#include "base/writer.h"
#include "trust/tpm_evidence.h"

#define TACIT_TPM_COMMAND_MAX 2048
#define TACIT_TPM_ANSWER_MAX  4096 /* MAX_RESPONSE_SIZE of every platform profile */
#define TACIT_TPM_NV_PIECE    512  /* what TPMs of PCs read and write at once, or more */
#define TACIT_TPM_EXTRA_MAX   50   /* TPM2B_DATA, where SHA-384 is the longest hash [TPM2 10.4.3] */

/* A command: head, handles, authorisation, parameters. Judge with tacit_tpm_command(). */
void tacit_tpm_put_nv_public(struct writer *w, uint32_t index);
void tacit_tpm_put_nv_read(struct writer *w, uint32_t index, uint16_t size, uint16_t offset);
void tacit_tpm_put_nv_write(struct writer *w, uint32_t index, struct tacit_slice data);
/* A plain index that the owner may read and write. */
void tacit_tpm_put_nv_define(struct writer *w, uint32_t index, uint16_t size);
/* Bits of `mask` are PCRs of the SHA-256 bank. */
void tacit_tpm_put_pcr_read(struct writer *w, uint32_t mask);
/* RSASSA with SHA-256; `extra` up to TACIT_TPM_EXTRA_MAX bytes. */
void tacit_tpm_put_quote(struct writer *w, uint32_t key, struct tacit_slice extra, uint32_t mask);

/* The whole command, its length filled in. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_command(struct writer *w, struct tacit_slice *ret,
						     struct tacit_error *err);

/*
 * Answers. All fail with TACIT_PEER for anything but the answer to that command, and with the
 * status of the TPM's own complaint (sys/tpm_code.h), which is named. Slices point into `in`.
 */

#define TACIT_TPM_HEAD 10

/* The length that the head of an answer gives; 0 when that cannot be one. */
size_t tacit_tpm_answer_len(const uint8_t head[static TACIT_TPM_HEAD]);

/* The response code of an answer, whatever else is in it; TACIT_PEER without a head. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_code(struct tacit_slice in, uint32_t *ret,
						       struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_done(struct tacit_slice in,
						       struct tacit_error *err);

/* How many bytes the index holds. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_nv_public(struct tacit_slice in, uint32_t index,
							    size_t *ret_size,
							    struct tacit_error *err);
/* Exactly `want` bytes. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_nv(struct tacit_slice in, size_t want,
						     struct tacit_slice *ret,
						     struct tacit_error *err);

/* A TPM gives some of the PCRs that it is asked for at a time: `ret_mask` says which. */
struct tacit_tpm_bank {
	uint32_t counter; /* changes with every PCR that is extended */
	uint32_t mask;
	uint8_t values[TACIT_TPM_PCRS][TACIT_TPM_PCR_LEN];
};
/* Takes those of the answer, which must be among `asked` and at least one, into `pcrs`. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_bank(struct tacit_slice in, uint32_t asked,
						       struct tacit_tpm_bank *pcrs,
						       struct tacit_error *err);

/* TPMS_ATTEST and TPMT_SIGNATURE, unread. */
TACIT_MUST_CHECK enum tacit_status tacit_tpm_read_quote(struct tacit_slice in,
							struct tacit_slice *ret_message,
							struct tacit_slice *ret_signature,
							struct tacit_error *err);

#endif
