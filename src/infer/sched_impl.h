/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_SCHED_IMPL_H
#define TACIT_INFER_SCHED_IMPL_H

/*
 * The scheduler from inside. A task is owned by one thread at a time: by a queue under the
 * lock, by the preparer, or by the runner. Only `cancelled` is touched from elsewhere.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "infer/engine_impl.h"
#include "infer/sched.h"
#include "infer/text.h"

#define TACIT_SCHED_QUEUE_DEFAULT 64

struct tacit_task {
	struct tacit_task *next;     /* in its queue */
	struct tacit_task *all_next; /* in the list of living tasks */
	struct tacit_task **all_link;
	uint64_t id;
	const struct tacit_job *job;
	atomic_bool cancelled;

	/* Made by the preparer. */
	struct tacit_shim_plan *plan;
	struct tacit_shim_sampler *sampler;
	int32_t *tokens; /* the prompt, or all inputs of an embedding job one after another */
	size_t token_count;
	struct tacit_embed_input *inputs;
	size_t next_input;

	/* The runner's. */
	uint32_t seq;
	uint32_t at;     /* tokens in the engine's memory */
	uint32_t before; /* `at` when the step began */
	uint32_t share;  /* tokens in this step */
	uint32_t limit;  /* tokens to generate */
	int32_t last;    /* the token chosen last */
	int32_t output;  /* index in the step whose logits choose the next one, or -1 */
	struct tacit_text text;

	uint64_t submitted_us;
	uint64_t started_us;
	uint64_t first_us;
	struct tacit_job_result result;
};

struct tacit_queue {
	struct tacit_task *head;
	struct tacit_task **tail;
};

/* One sequence of the engine. `kept` is what its memory holds between tasks. */
struct tacit_slot {
	struct tacit_task *task;
	int32_t *kept;
	uint32_t kept_count;
};

struct tacit_sched {
	struct tacit_engine *engine;
	uint32_t queue_max;
	pthread_t preparer;
	pthread_t runner;

	pthread_mutex_t lock;
	pthread_cond_t prepare; /* `incoming` or `quit` changed */
	pthread_cond_t run;     /* `ready`, a cancellation or `quit` */
	pthread_cond_t empty;   /* the last task ended */
	struct tacit_queue incoming;
	struct tacit_queue ready;  /* wait for a slot */
	struct tacit_queue embeds; /* embedding jobs, one step each in turn */
	struct tacit_task *all;
	uint64_t last_id;
	bool stopping;
	bool quit;
	atomic_bool cancel_seen; /* some task was cancelled since the runner last looked */
	struct tacit_sched_stats stats;

	/* The runner's alone. */
	struct tacit_slot slots[TACIT_ENGINE_PARALLEL_MAX];
	uint32_t turn; /* the slot whose prompt goes first in the next step */
	uint32_t active;
	uint64_t generated; /* since the counters were last published */
	uint64_t prompted;
	uint64_t steps;
};

uint64_t tacit_sched_now_us(void);

/* Queues; the lock protects all but the runner's own. */
void tacit_queue_init(struct tacit_queue *queue);
void tacit_queue_put(struct tacit_queue *queue, struct tacit_task *task);
struct tacit_task *tacit_queue_take(struct tacit_queue *queue);

/* Fills in what the runner needs. A failure is in task->result. */
enum tacit_status tacit_task_prepare(struct tacit_engine *engine, struct tacit_task *task);

/* Sends `done`, counts, and frees the task. */
void tacit_task_end(struct tacit_sched *sched, struct tacit_task *task, enum tacit_finish finish);

/* Ends it with the failure in task->result.error. */
void tacit_task_fail(struct tacit_sched *sched, struct tacit_task *task);

/* The thread that computes. */
void *tacit_sched_run(void *sched);

#endif
