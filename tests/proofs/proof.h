/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROOFS_PROOF_H
#define TESTS_PROOFS_PROOF_H

/*
 * Proofs of memory safety with CBMC: a proof calls the code under any input up to a length, and
 * CBMC shows that no pointer, bound, shift or signed sum goes wrong in any run, or how one does.
 * The first line of each file says how (tools/prove): the sources, and how far loops unwind; that
 * no loop goes further is proved too.
 */

#include <stdlib.h>

#include "base/error.h"

/* Any value: CBMC knows these by their names. */
size_t nondet_size(void);
uint8_t nondet_byte(void);
uint64_t nondet_number(void);
_Bool nondet_bool(void);

#define ASSUME(what) __CPROVER_assume(what)
#define PROVE(what)  __CPROVER_assert(what, #what)

/* A block of exactly as many bytes as it says, of any content; the absent slice too. */
static inline struct tacit_slice any_slice(size_t max)
{
	size_t len = nondet_size();
	struct tacit_slice none = { NULL, 0 };

	ASSUME(len <= max);
	if (len == 0 && nondet_bool())
		return none;
	uint8_t *bytes = malloc(len);
	ASSUME(bytes != NULL);
	return tacit_slice_of(bytes, len);
}

/* Messages are not what is proved. */
enum tacit_status tacit_fail(struct tacit_error *err, enum tacit_status status, const char *where,
			     uint64_t offset, const char *fmt, ...)
{
	(void)err;
	(void)where;
	(void)offset;
	(void)fmt;
	return status;
}

/* In bounds of `whole`, or absent. */
static inline _Bool inside(struct tacit_slice part, struct tacit_slice whole)
{
	if (part.ptr == NULL)
		return part.len == 0;
	return __CPROVER_same_object(part.ptr, whole.ptr) && part.ptr >= whole.ptr &&
	       part.len <= whole.len && (size_t)(part.ptr - whole.ptr) <= whole.len - part.len;
}

#endif
