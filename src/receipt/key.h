/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_KEY_H
#define TACIT_RECEIPT_KEY_H

/* What stands behind the handles of tacit/receipt.h. */

#include "crypto/key.h"
#include "tacit/receipt.h"

const struct tacit_key *tacit_receipt_key_signer(const struct tacit_receipt_key *key);
const struct tacit_key *tacit_receipt_key_checker(const struct tacit_receipt_verifier *verifier);

#endif
