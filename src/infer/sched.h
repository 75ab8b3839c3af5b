/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_SCHED_H
#define TACIT_INFER_SCHED_H

/*
 * Runs jobs on an engine: continuous batching over its sequences.
 *
 * One thread prepares (chat template, tokens, grammar), one computes. Every step takes one
 * token of each running answer and a bounded share of the prompts that wait, so that a long
 * prompt slows nobody down for long and short requests overtake nothing but the wait. What a
 * request left in the engine is forgotten when it ends; with the engine's prompt cache on, a
 * later request with the same beginning finds it, and can tell so by its speed.
 */
#include "infer/engine.h"
#include "infer/job.h"

struct tacit_sched;

struct tacit_sched_options {
	uint32_t queue_max; /* jobs that wait for their turn; 0: 64 */
};

/* Counters since the start, and the present; for metrics. */
struct tacit_sched_stats {
	uint64_t submitted;
	uint64_t rejected; /* the queue was full */
	uint64_t succeeded;
	uint64_t cancelled;
	uint64_t failed;
	uint64_t prompt_tokens;
	uint64_t cached_tokens;
	uint64_t generated_tokens;
	uint64_t steps;
	uint64_t queue_us;
	uint64_t prompt_us;
	uint64_t generate_us;
	uint32_t queued;  /* now */
	uint32_t running; /* now */
};

/* Starts the threads; the engine is the scheduler's until tacit_sched_free(). Errors: NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_sched_start(struct tacit_engine *engine,
						     const struct tacit_sched_options *options,
						     struct tacit_sched **ret_sched,
						     struct tacit_error *err);

/*
 * Queues a job; its events may come before this returns. On failure no event comes.
 * Errors: LIMIT (the queue is full: try again), DENIED (stopping), UNSUPPORTED (the model
 * cannot do this kind), NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_sched_submit(struct tacit_sched *sched,
						      const struct tacit_job *job, uint64_t *ret_id,
						      struct tacit_error *err);

/* Ends a job soon, with its `done` event; nothing happens when it has ended already. */
void tacit_sched_cancel(struct tacit_sched *sched, uint64_t id);

/*
 * Takes no more jobs, lets those that are there end for at most `grace_ms`, cancels the rest
 * and waits for it. Call it where the events do not need the calling thread.
 */
void tacit_sched_stop(struct tacit_sched *sched, uint32_t grace_ms);

/* Stops without grace if need be. NULL is fine. The engine is the caller's again. */
void tacit_sched_free(struct tacit_sched *sched);

void tacit_sched_stats(struct tacit_sched *sched, struct tacit_sched_stats *ret_stats);

#endif
