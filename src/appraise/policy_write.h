/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_POLICY_WRITE_H
#define TACIT_APPRAISE_POLICY_WRITE_H

#include "base/error.h"
#include "tacit/verify.h"

/* What to make of claims that somebody decided to trust; NULL texts are left out. */
struct tacit_policy_draft {
	const char *name;
	const char *comment; /* say where the values came from */
	bool pin_model;      /* name the bound model */
	bool pin_config;     /* name the bound configuration */
	bool pin_all;        /* every measurement of the claims, not only those of the code */
	int64_t valid_until; /* seconds; 0 leaves it out */
};

/*
 * A policy with one alternative: the platform and every measurement that tells builds apart.
 * Errors: TACIT_FORMAT when the claims have nothing to pin (no measurement, or no binding where
 * one is to be pinned), TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_policy_write(const struct tacit_claims *claims, const struct tacit_policy_draft *draft,
		   struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

#endif
