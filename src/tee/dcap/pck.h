/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_PCK_H
#define TACIT_TEE_DCAP_PCK_H

/* The SGX extension of a PCK certificate [PCK-CERT 1.2.840.113741.1.13.1]. */

#include "tacit/dcap.h"
#include "trust/x509.h"

/*
 * Reads the extension of `cert`: 5 members (Processor CA) or 7 (Platform CA), each once. Slices
 * point into the certificate. Errors: TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_dcap_pck_parse(const struct tacit_cert *cert,
							struct tacit_dcap_pck *ret,
							struct tacit_error *err);

#endif
