/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SEGMENTS_H
#define TACIT_RELEASE_SEGMENTS_H

/* Pieces of a file worked on by all cores: each piece by one thread, in no order. */

#include "release/sealed.h"

/* Chunks that are read at a time: few enough to be in the cache still when they are opened. */
#define TACIT_SEGMENTS_BATCH 4u

/* What one thread has for itself; wiped at the end. */
struct tacit_segments_room {
	uint8_t sealed[TACIT_SEGMENTS_BATCH * TACIT_AGE_SEALED];
	uint8_t plain[TACIT_SEGMENTS_BATCH * TACIT_AGE_CHUNK];
	struct tacit_hasher *hasher;
};

struct tacit_segments;

/* One piece. A failure ends the work of all. */
typedef enum tacit_status (*tacit_segments_work)(void *user, struct tacit_segments_room *room,
						 uint64_t index, struct tacit_segments *run,
						 struct tacit_error *err);

/* Says that so many plain bytes are done. Errors: TACIT_DENIED when it was called off. */
TACIT_MUST_CHECK enum tacit_status tacit_segments_done(struct tacit_segments *run, uint64_t bytes,
						       struct tacit_error *err);

/*
 * Works on pieces 0 to count - 1; returns when all threads are gone, with the first failure in
 * time. Errors: TACIT_NOMEM; those of `work`.
 */
TACIT_MUST_CHECK enum tacit_status tacit_segments_run(uint64_t count, uint64_t total,
						      tacit_segments_work work, void *user,
						      const struct tacit_sealed_options *options,
						      struct tacit_error *err);

#endif
