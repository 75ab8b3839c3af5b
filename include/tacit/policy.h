/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_POLICY_H
#define TACIT_POLICY_H

/*
 * A policy: what a relying party accepts, as JSON ("schema": "tacit.policy/1").
 *
 * The form is defined in docs/policy.md and tacit-policy(5). Its heart is a list of
 * alternatives. Each alternative is a *set* of values that belong together (one build on one
 * platform); evidence must match one alternative whole. There are no independent lists, so PCR0
 * of one image with PCR2 of another never passes. A policy can only restrict: what it does not
 * mention stays at the strict default. An unknown member is an error.
 *
 * The parsed policy lives in the caller's arena and points into nothing else.
 */
#include "tacit/arena.h"
#include "tacit/bytes.h"
#include "tacit/evidence.h"
#include "tacit/status.h"

TACIT_BEGIN

struct tacit_policy;

/* Errors: TACIT_FORMAT (names the member), TACIT_LIMIT, TACIT_NOMEM. */
TACIT_API TACIT_MUST_CHECK enum tacit_status tacit_policy_parse(struct tacit_slice json,
								struct tacit_arena *arena,
								const struct tacit_policy **ret,
								struct tacit_error *err);

/* The policy's own name; "" when it has none. */
TACIT_API const char *tacit_policy_name(const struct tacit_policy *policy);

/* SHA-256 of the policy text as it was parsed. */
TACIT_API const uint8_t *tacit_policy_digest(const struct tacit_policy *policy);

/* Number of alternatives, and the platform of each. */
TACIT_API size_t tacit_policy_alternatives(const struct tacit_policy *policy);
TACIT_API enum tacit_tee tacit_policy_platform(const struct tacit_policy *policy, size_t i);

TACIT_END

#endif
