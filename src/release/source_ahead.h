/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SOURCE_AHEAD_H
#define TACIT_RELEASE_SOURCE_AHEAD_H

/*
 * Small reads of a source by several threads, each going forward through a part of its own, as a
 * sealed model is opened. Ranges are fetched whole and before they are wanted, as many at a time
 * as the store has connections. Memory: a chunk for each reader and each connection.
 */

#include "release/source.h"

#define TACIT_SOURCE_READERS_MAX 16

struct tacit_source_ahead;

/*
 * Starts threads, which are gone after _free. `readers` threads may read at the same time; the
 * source is this one's until then. Errors: TACIT_NOMEM, TACIT_USAGE for too many readers.
 */
TACIT_MUST_CHECK enum tacit_status tacit_source_ahead_new(struct tacit_source *source,
							  unsigned readers,
							  struct tacit_source_ahead **ret,
							  struct tacit_error *err);

/* As tacit_source_read. Bytes may be read again, which costs another request. */
TACIT_MUST_CHECK enum tacit_status tacit_source_ahead_read(struct tacit_source_ahead *ahead,
							   uint64_t offset, struct tacit_mut room,
							   struct tacit_error *err);

/* Ends what is being fetched; the source cannot be read any more. NULL is fine. */
void tacit_source_ahead_free(struct tacit_source_ahead *ahead);

#endif
