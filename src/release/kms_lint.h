/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_LINT_H
#define TACIT_RELEASE_KMS_LINT_H

/*
 * Known mistakes in key policies of AWS KMS whose keys are meant for enclaves. It says what the
 * policy lets through, not what IAM and grants add to it: with the account's root among the
 * principals those decide, too.
 *
 * The names of findings are stable:
 *
 *     debug-zeros      a register is zeros, which every enclave in debug mode has
 *     bad-register     a value that no document can have
 *     only-signer      PCR8 alone: any image that was ever signed so
 *     no-image         registers that say nothing of the image
 *     no-document      decrypting without a document
 *     optional         a condition that holds as well when there is no document
 *     no-context       no encryption context: one ciphertext can stand in for another
 *     anybody          every account may ask
 *     open-policy      more than a few named roles may change the policy
 *     own-policy       whoever decrypts may change the policy
 *     grants           grants can be made, which hold without the conditions
 *     negated          NotAction or NotPrincipal, which lets through all that is not thought of
 */

#include <jansson.h>

#include "base/error.h"

struct tacit_kms_finding {
	const char *name;
	size_t statement; /* from 0 */
	const char *sid;  /* NULL without one */
	const char *why;  /* a sentence */
};

typedef void tacit_kms_lint_found(void *user, const struct tacit_kms_finding *finding);

/*
 * Reports each finding once per statement, in order. `policy` is the document itself. Errors:
 * TACIT_FORMAT when it is none.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kms_lint(const json_t *policy, tacit_kms_lint_found *found,
						  void *user, struct tacit_error *err);

#endif
