/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_PEEK_H
#define TACIT_RECEIPT_PEEK_H

/*
 * What a receipt says, whoever said it: for `tacit receipt show`, and to find the evidence and
 * the key that a verification needs. Nothing here is verified. Never decide on these claims.
 */

#include "base/error.h"
#include "tacit/receipt.h"

/*
 * The claims of a receipt whose envelope and claims follow a profile; the signature is not looked
 * at. Slices point into `in`. Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_POLICY (layer 3).
 */
TACIT_MUST_CHECK enum tacit_status
tacit_peek_claims(struct tacit_slice in, struct tacit_receipt_claims *ret, struct tacit_error *err);

#endif
