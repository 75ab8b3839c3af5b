/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_CLAIMS_H
#define TACIT_TEE_DCAP_CLAIMS_H

/* The part of the claims that SGX and TDX share. */

#include "tee/dcap/signature.h"

/* What the quote says of its making, and the platform's state, as claims. */
struct tacit_dcap_claims tacit_dcap_claims_of(const struct tacit_dcap_signed *s,
					      const struct tacit_dcap_tcb *tcb);

/* The common members that follow from those: TCB status, advisories and dates. */
void tacit_dcap_claims_put(const struct tacit_dcap_claims *dcap, struct tacit_claims *claims);

#endif
