/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SGX_SGX_H
#define TACIT_TEE_SGX_SGX_H

/* Intel SGX quotes made by DCAP. See README.md in this folder. */

#include "tacit/sgx.h"
#include "tee/check.h"
#include "tee/dcap/collateral.h"
#include "tee/dcap/signature.h"

/* Every check of SGX, in order; the module's row is TDX alone. */
#define TACIT_SGX_CHECKS (TACIT_DCAP_QUOTE_ROWS + 1 + TACIT_DCAP_ROWS - 1)
extern const struct tacit_check_row tacit_sgx_checks[TACIT_SGX_CHECKS];

bool tacit_sgx_detect(struct tacit_slice in);

bool tacit_sgx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims);

#endif
