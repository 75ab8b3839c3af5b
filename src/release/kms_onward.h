/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_ONWARD_H
#define TACIT_RELEASE_KMS_ONWARD_H

#include "release/kms.h"

/*
 * Sends the request of an SDK on to KMS, with a Recipient where its answer has a secret, and gives
 * what KMS answered as the SDK expects it [release/kms_pass.h]. message->region is where the SDK
 * thinks that it is, for keys without an ARN. OK for any answer of KMS, with its status; the body
 * is in the arena, which the caller wipes. Errors: as tacit_kms_call.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kms_onward(struct tacit_kms *kms,
						    const struct tacit_kms_message *message,
						    struct tacit_arena *arena, unsigned *ret_status,
						    struct tacit_slice *ret_body,
						    struct tacit_error *err);

#endif
