/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_UNWRAP_PARTS_H
#define TACIT_TEE_UNWRAP_PARTS_H

/* Taking layers off, shared by the files that know one kind of layer each. */

#include "base/arena.h"
#include "tee/unwrap.h"

#define TACIT_WRAPPER_WHERE "wrapper"

struct tacit_unwrap {
	struct tacit_arena *arena;
	struct tacit_wrapper *wrapper;
	struct tacit_slice in; /* what is left to look at */
	struct tacit_error *err;
};

/*
 * Each takes one layer off `u->in` when it is of its kind: true with `ret_st`, false to let
 * others look.
 */
bool tacit_unwrap_eml(struct tacit_unwrap *u, enum tacit_status *ret_st);
bool tacit_unwrap_marker(struct tacit_unwrap *u, enum tacit_status *ret_st);
bool tacit_unwrap_json(struct tacit_unwrap *u, enum tacit_status *ret_st);
bool tacit_unwrap_text(struct tacit_unwrap *u, enum tacit_status *ret_st);

/* Notes one more layer. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_unwrap_layer(struct tacit_unwrap *u,
						      enum tacit_wrapper_form form);

/* Notes the platform that a layer names. Errors: TACIT_FORMAT when another one named another. */
TACIT_MUST_CHECK enum tacit_status tacit_unwrap_name(struct tacit_unwrap *u, enum tacit_tee tee);

/* Takes certificates in: PEM, or DER one behind the other. Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_unwrap_certs(struct tacit_unwrap *u,
						      struct tacit_slice certs);

/*
 * Puts an SNP report together that serde wrote as an object, and its list of certificates (absent
 * without) as a table behind it. Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_unwrap_snp(struct tacit_unwrap *u, struct tacit_slice report, struct tacit_slice chain);

#endif
