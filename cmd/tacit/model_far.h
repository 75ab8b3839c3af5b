/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_MODEL_FAR_H
#define TACIT_CMD_MODEL_FAR_H

/* The files of a sealed model that lies in a store. */

#include "release/sealed.h"
#include "release/source_ahead.h"

/* Zero-initialised means not open. */
struct model_far {
	struct tacit_source *source;
	struct tacit_source_ahead *ahead;
};

/* Threads that may open a file of a store: one a core, and few, since each wants memory. */
unsigned model_far_threads(void);

/* Whether `where` names a folder in a store: it ends in a slash. */
bool model_far_is(const char *where);

TACIT_MUST_CHECK enum tacit_status model_far_open(struct tacit_store *store, const char *where,
						  struct model_far *ret, struct tacit_error *err);
void model_far_close(struct model_far *far);
struct tacit_sealed_in model_far_in(struct model_far *far);

/* A small file whole, as cli_read_file. Errors: TACIT_LIMIT, those of tacit_source_open(). */
TACIT_MUST_CHECK enum tacit_status model_far_read(struct tacit_store *store, const char *where,
						  size_t max, struct tacit_slice *ret,
						  struct tacit_error *err);

#endif
