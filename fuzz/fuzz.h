/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

/*
 * A fuzz target feeds bytes to a parser and aborts when an invariant is broken. The same file
 * links with libFuzzer, or with replay.c to run a corpus under any compiler and valgrind.
 */

#include <stdio.h>
#include <stdlib.h>

#include "tacit/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(what)                                                                  \
	do {                                                                               \
		if (!(what)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/* True when `part` lies within `whole`, or is absent. */
static inline bool fuzz_inside(struct tacit_slice part, struct tacit_slice whole)
{
	if (!part.ptr)
		return part.len == 0;
	return part.ptr >= whole.ptr && part.ptr <= whole.ptr + whole.len &&
	       part.len <= (size_t)(whole.ptr + whole.len - part.ptr);
}

#endif
