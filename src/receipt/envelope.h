/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_ENVELOPE_H
#define TACIT_RECEIPT_ENVELOPE_H

#include <stdint.h>

/* {1: -8, 3: 61}: EdDSA over application/cwt, the only protected header of AIR v1. */
#define TACIT_ENVELOPE_PROTECTED_LEN 6
extern const uint8_t tacit_envelope_protected[TACIT_ENVELOPE_PROTECTED_LEN];
#define TACIT_ENVELOPE_ALG          (-8)
#define TACIT_ENVELOPE_CONTENT_TYPE 61

/* More than what a Sig_structure [RFC 9052 4.4] adds to its payload. */
#define TACIT_ENVELOPE_SIG_OVERHEAD 64

#endif
