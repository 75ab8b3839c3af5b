/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_TPM_CODE_H
#define TACIT_SYS_TPM_CODE_H

/* What a TPM complains about [TPM2 Part 2, 6.6], and what that means for whoever asked. */

#include "base/error.h"

#define TACIT_TPM_CODE_TEXT 96

/* "TPM_RC_HANDLE (handle 1)", "TPM_RC_LOCKOUT", "0x00000999". Returns `room`. */
char *tacit_tpm_code_text(uint32_t code, char room[static TACIT_TPM_CODE_TEXT]);

/* Whether the same command may succeed shortly. */
bool tacit_tpm_code_is_busy(uint32_t code);

/* Whether it says that the handle that was named is not there. */
bool tacit_tpm_code_is_absent(uint32_t code);

/*
 * Fails, naming the code: TACIT_DENIED for a right that is missing, TACIT_UNSUPPORTED for what is
 * not there, TACIT_USAGE for what this TPM does not take, TACIT_IO for the rest.
 */
enum tacit_status tacit_tpm_code_fail(uint32_t code, struct tacit_error *err);

#endif
