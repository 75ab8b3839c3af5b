/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_WORKER_H
#define TACIT_SYS_WORKER_H

/* One thread that does what would hold up an event loop, in the order it is given. */

#include "base/error.h"

struct tacit_worker;

/* The caller's, unchanged until `run` is called on the worker's thread; it may free it. */
struct tacit_worker_task {
	struct tacit_worker_task *next;
	void (*run)(struct tacit_worker_task *task);
};

/* Starts the thread, with all signals blocked. Errors: TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_worker_new(struct tacit_worker **ret,
						    struct tacit_error *err);

/* From any thread; never after tacit_worker_free() was called. */
void tacit_worker_give(struct tacit_worker *worker, struct tacit_worker_task *task);

/* Does what was given and ends. NULL is fine. */
void tacit_worker_free(struct tacit_worker *worker);

#endif
