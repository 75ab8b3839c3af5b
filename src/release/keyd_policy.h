/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_POLICY_H
#define TACIT_RELEASE_KEYD_POLICY_H

/*
 * Key policies in the form that AWS KMS takes: Version "2012-10-17" and statements of Effect,
 * Principal, Action, Resource and Condition. A request is allowed when a statement allows it and
 * none denies it.
 *
 * Operators: StringEquals, StringEqualsIgnoreCase, StringLike with their negations, Bool, Null,
 * DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals; each also with
 * IfExists, StringEquals and StringLike also behind ForAllValues: and ForAnyValue:.
 *
 * Condition keys (of a real document alone, never of the caller's words):
 *     kms:RecipientAttestation:ImageSha384   PCR0 of an enclave, hex
 *     kms:RecipientAttestation:PCR<n>        any register of an enclave
 *     kms:RecipientAttestation:NitroTPMPCR<n>
 *     kms:EncryptionContext:<key>, kms:EncryptionContextKeys
 *     aws:CurrentTime, aws:PrincipalArn
 *     tacit:Platform, tacit:TcbStatus, tacit:Measurement:<name>   of any evidence
 *     tacit:FreshNonce                       whether the document answers a nonce of this broker
 *
 * A key that a request does not have fails what wants a value of it, and holds for what wants
 * another. So a statement that allows takes no key of evidence with Not, IfExists or
 * ForAllValues:, and EncryptionContextKeys is for ForAnyValue: and ForAllValues: alone. What is
 * not known here (an operator, a key, NotAction, ...) makes the whole policy one
 * that allows nothing: it is refused when it is set.
 */

#include "codec/json.h"
#include "tacit/verify.h"

#define TACIT_KEYD_CONTEXT_MAX 32 /* pairs of an encryption context */

struct tacit_keyd_pair {
	struct tacit_slice key, value;
};

struct tacit_keyd_ask {
	const char *action;           /* "kms:Decrypt" */
	struct tacit_slice principal; /* ARN of who asks */
	struct tacit_slice resource;  /* ARN of the key */
	struct tacit_slice account;
	const struct tacit_claims *claims; /* of evidence that was verified; NULL without any */
	bool fresh_nonce;
	const struct tacit_keyd_pair *context;
	size_t context_count;
	int64_t now;
};

/* Whether it is a policy, and one that is understood whole. Errors: TACIT_FORMAT. */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_policy_check(struct tacit_slice text,
							   struct tacit_error *err);

/*
 * Whether it allows what is asked. Errors: TACIT_POLICY, naming the condition that came nearest;
 * TACIT_FORMAT, TACIT_LIMIT for what is no policy.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_policy_allows(struct tacit_slice text,
							    const struct tacit_keyd_ask *ask,
							    struct tacit_error *err);

#endif
