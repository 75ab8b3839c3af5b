/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "infer/sched_impl.h"

/* llama.cpp matches trigger patterns with a recursive engine: room for long answers. */
#define THREAD_STACK (64u * 1024 * 1024)

uint64_t tacit_sched_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void tacit_queue_init(struct tacit_queue *queue)
{
	queue->head = NULL;
	queue->tail = &queue->head;
}

void tacit_queue_put(struct tacit_queue *queue, struct tacit_task *task)
{
	task->next = NULL;
	*queue->tail = task;
	queue->tail = &task->next;
}

struct tacit_task *tacit_queue_take(struct tacit_queue *queue)
{
	struct tacit_task *task = queue->head;

	if (!task)
		return NULL;
	queue->head = task->next;
	if (!queue->head)
		queue->tail = &queue->head;
	return task;
}

static void task_free(struct tacit_task *task)
{
	tacit_shim_sampler_free(task->sampler);
	tacit_shim_plan_free(task->plan);
	tacit_text_done(&task->text);
	free(task->inputs);
	free(task->tokens);
	free(task);
}

static void count_end(struct tacit_sched_stats *stats, const struct tacit_job_result *result)
{
	if (result->status)
		stats->failed++;
	else if (result->finish == TACIT_FINISH_CANCELLED)
		stats->cancelled++;
	else
		stats->succeeded++;
	stats->queue_us += result->queue_us;
	stats->prompt_us += result->prompt_us;
	stats->generate_us += result->generate_us;
	stats->cached_tokens += result->cached_tokens;
}

static void set_times(struct tacit_task *task)
{
	uint64_t now = tacit_sched_now_us();
	uint64_t started = task->started_us ? task->started_us : now;
	uint64_t first = task->first_us ? task->first_us : now;

	task->result.queue_us = started - task->submitted_us;
	task->result.prompt_us = first - started;
	task->result.generate_us = now - first;
}

void tacit_task_end(struct tacit_sched *sched, struct tacit_task *task, enum tacit_finish finish)
{
	task->result.finish = finish;
	set_times(task);
	task->job->events->done(task->job->user, &task->result);
	pthread_mutex_lock(&sched->lock);
	count_end(&sched->stats, &task->result);
	*task->all_link = task->all_next;
	if (task->all_next)
		task->all_next->all_link = task->all_link;
	if (!sched->all)
		pthread_cond_broadcast(&sched->empty);
	pthread_mutex_unlock(&sched->lock);
	task_free(task);
}

void tacit_task_fail(struct tacit_sched *sched, struct tacit_task *task)
{
	task->result.status = task->result.error.status;
	tacit_task_end(sched, task, TACIT_FINISH_NONE);
}

/* Under the lock: hands a prepared task to the runner. */
static void hand_on(struct tacit_sched *sched, struct tacit_task *task)
{
	bool embedding = task->job->kind == TACIT_JOB_EMBEDDING;

	tacit_queue_put(embedding ? &sched->embeds : &sched->ready, task);
	pthread_cond_signal(&sched->run);
}

static void prepare_one(struct tacit_sched *sched, struct tacit_task *task)
{
	bool failed = tacit_task_prepare(sched->engine, task) != TACIT_OK;
	bool cancelled;

	pthread_mutex_lock(&sched->lock);
	cancelled = atomic_load(&task->cancelled);
	if (failed || cancelled)
		sched->stats.queued--;
	else
		hand_on(sched, task);
	pthread_mutex_unlock(&sched->lock);
	if (cancelled)
		tacit_task_end(sched, task, TACIT_FINISH_CANCELLED);
	else if (failed)
		tacit_task_fail(sched, task);
}

static void *prepare_main(void *arg)
{
	struct tacit_sched *sched = arg;

	pthread_mutex_lock(&sched->lock);
	for (;;) {
		struct tacit_task *task = tacit_queue_take(&sched->incoming);

		if (!task && sched->quit)
			break;
		if (!task) {
			pthread_cond_wait(&sched->prepare, &sched->lock);
			continue;
		}
		pthread_mutex_unlock(&sched->lock);
		prepare_one(sched, task);
		pthread_mutex_lock(&sched->lock);
	}
	pthread_mutex_unlock(&sched->lock);
	return NULL;
}

static enum tacit_status may_submit(struct tacit_sched *sched, const struct tacit_job *job,
				    struct tacit_error *err)
{
	if (job->kind != TACIT_JOB_EMBEDDING && !sched->engine->info.generates)
		return tacit_fail(err, TACIT_UNSUPPORTED, "infer.model", 0,
				  "this model makes embeddings, it does not generate text");
	if (job->stop_count > TACIT_STOPS_MAX ||
	    (job->kind == TACIT_JOB_COMPLETION && job->prompt_count != 1))
		return tacit_fail(err, TACIT_USAGE, "infer.job", 0, "impossible job");
	if (sched->stopping)
		return tacit_fail(err, TACIT_DENIED, "infer.queue", 0, "the server is stopping");
	if (sched->stats.queued >= sched->queue_max) {
		sched->stats.rejected++;
		return tacit_fail(err, TACIT_LIMIT, "infer.queue", 0,
				  "%u requests are waiting, try again later", sched->queue_max);
	}
	return TACIT_OK;
}

static void enqueue(struct tacit_sched *sched, struct tacit_task *task)
{
	task->id = ++sched->last_id;
	task->all_next = sched->all;
	task->all_link = &sched->all;
	if (sched->all)
		sched->all->all_link = &task->all_next;
	sched->all = task;
	sched->stats.submitted++;
	sched->stats.queued++;
	tacit_queue_put(&sched->incoming, task);
	pthread_cond_signal(&sched->prepare);
}

enum tacit_status tacit_sched_submit(struct tacit_sched *sched, const struct tacit_job *job,
				     uint64_t *ret_id, struct tacit_error *err)
{
	struct tacit_task *task = calloc(1, sizeof(*task));
	enum tacit_status st;

	if (!task)
		return tacit_fail(err, TACIT_NOMEM, "infer.queue", 0, "task");
	task->job = job;
	task->submitted_us = tacit_sched_now_us();
	pthread_mutex_lock(&sched->lock);
	st = may_submit(sched, job, err);
	if (!st) {
		enqueue(sched, task);
		*ret_id = task->id;
	}
	pthread_mutex_unlock(&sched->lock);
	if (st)
		task_free(task);
	return st;
}

/* Under the lock. */
static void cancel_task(struct tacit_sched *sched, struct tacit_task *task)
{
	atomic_store(&task->cancelled, true);
	atomic_store(&sched->cancel_seen, true);
	pthread_cond_signal(&sched->run);
}

void tacit_sched_cancel(struct tacit_sched *sched, uint64_t id)
{
	pthread_mutex_lock(&sched->lock);
	for (struct tacit_task *task = sched->all; task; task = task->all_next)
		if (task->id == id)
			cancel_task(sched, task);
	pthread_mutex_unlock(&sched->lock);
}

/* Under the lock: waits until no task is left; false when the time is over. */
static bool wait_empty(struct tacit_sched *sched, uint32_t grace_ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace_ms / 1000;
	until.tv_nsec += (long)(grace_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (sched->all && rc == 0)
		rc = pthread_cond_timedwait(&sched->empty, &sched->lock, &until);
	return !sched->all;
}

void tacit_sched_stop(struct tacit_sched *sched, uint32_t grace_ms)
{
	bool joined;

	pthread_mutex_lock(&sched->lock);
	joined = sched->quit;
	sched->stopping = true;
	if (!wait_empty(sched, grace_ms))
		for (struct tacit_task *task = sched->all; task; task = task->all_next)
			cancel_task(sched, task);
	while (sched->all)
		pthread_cond_wait(&sched->empty, &sched->lock);
	sched->quit = true;
	pthread_cond_broadcast(&sched->prepare);
	pthread_cond_broadcast(&sched->run);
	pthread_mutex_unlock(&sched->lock);
	if (joined)
		return;
	pthread_join(sched->preparer, NULL);
	pthread_join(sched->runner, NULL);
}

static void release(struct tacit_sched *sched)
{
	for (size_t i = 0; i < TACIT_ENGINE_PARALLEL_MAX; i++)
		free(sched->slots[i].kept);
	pthread_cond_destroy(&sched->prepare);
	pthread_cond_destroy(&sched->run);
	pthread_cond_destroy(&sched->empty);
	pthread_mutex_destroy(&sched->lock);
	free(sched);
}

void tacit_sched_free(struct tacit_sched *sched)
{
	if (!sched)
		return;
	tacit_sched_stop(sched, 0);
	release(sched);
}

void tacit_sched_stats(struct tacit_sched *sched, struct tacit_sched_stats *ret_stats)
{
	pthread_mutex_lock(&sched->lock);
	*ret_stats = sched->stats;
	pthread_mutex_unlock(&sched->lock);
}

static void init(struct tacit_sched *sched, struct tacit_engine *engine,
		 const struct tacit_sched_options *options)
{
	pthread_condattr_t monotonic;

	sched->engine = engine;
	sched->queue_max = options->queue_max ? options->queue_max : TACIT_SCHED_QUEUE_DEFAULT;
	pthread_mutex_init(&sched->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&sched->prepare, NULL);
	pthread_cond_init(&sched->run, NULL);
	pthread_cond_init(&sched->empty, &monotonic);
	pthread_condattr_destroy(&monotonic);
	tacit_queue_init(&sched->incoming);
	tacit_queue_init(&sched->ready);
	tacit_queue_init(&sched->embeds);
}

static bool start_threads(struct tacit_sched *sched)
{
	pthread_attr_t attr;
	bool runner, preparer;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	runner = pthread_create(&sched->runner, &attr, tacit_sched_run, sched) == 0;
	preparer = runner && pthread_create(&sched->preparer, &attr, prepare_main, sched) == 0;
	pthread_attr_destroy(&attr);
	if (runner && !preparer) {
		pthread_mutex_lock(&sched->lock);
		sched->quit = true;
		pthread_cond_broadcast(&sched->run);
		pthread_mutex_unlock(&sched->lock);
		pthread_join(sched->runner, NULL);
	}
	return preparer;
}

enum tacit_status tacit_sched_start(struct tacit_engine *engine,
				    const struct tacit_sched_options *options,
				    struct tacit_sched **ret_sched, struct tacit_error *err)
{
	struct tacit_sched *sched = calloc(1, sizeof(*sched));

	if (!sched)
		return tacit_fail(err, TACIT_NOMEM, "infer.sched", 0, "handle");
	init(sched, engine, options);
	if (!start_threads(sched)) {
		release(sched);
		return tacit_fail(err, TACIT_NOMEM, "infer.sched", 0, "threads");
	}
	*ret_sched = sched;
	return TACIT_OK;
}
