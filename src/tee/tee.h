/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_TEE_H
#define TACIT_TEE_TEE_H

/* The platforms that this build can judge: one row each, in one const table (tee.c). */

#include "tacit/verify.h"
#include "tee/check.h"

struct tacit_tee_row {
	enum tacit_tee tee;
	/* True when the bytes have this platform's shape; says nothing about their worth. */
	bool (*detect)(struct tacit_slice in);
	/*
	 * Decides the rows of `checks` as far as it gets. True, with `ret_claims` filled, only
	 * when the evidence is genuine.
	 */
	bool (*verify)(const struct tacit_evidence *ev, const struct tacit_context *cx,
		       struct tacit_check_list *list, struct tacit_claims *ret_claims);
	const struct tacit_check_row *checks;
	size_t check_count;
};

/* The row, or NULL when this build cannot judge the platform. */
const struct tacit_tee_row *tacit_tee_row(enum tacit_tee tee);

/* The platform whose document lies within, and whose checks come too; TACIT_TEE_NONE mostly. */
enum tacit_tee tacit_tee_inner(enum tacit_tee tee);

/* The i-th row, or NULL past the end. */
const struct tacit_tee_row *tacit_tee_row_at(size_t i);

#endif
