/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "infer/sched_impl.h"

#define PIECE_MAX 1024

/* Computing time of one token under a grammar; a large vocabulary takes a tenth of it. */
#define CHOICE_MAX_US 500000

/* --- admission ------------------------------------------------------------------------------ */

/* Tokens of the prompt that the slot's memory holds already; the last one is always computed. */
static uint32_t common_prefix(const struct tacit_slot *slot, const struct tacit_task *task)
{
	uint32_t n = 0;

	while (n < slot->kept_count && n + 1 < task->token_count &&
	       slot->kept[n] == task->tokens[n])
		n++;
	return n;
}

static struct tacit_slot *best_slot(struct tacit_sched *sched, const struct tacit_task *task)
{
	struct tacit_slot *best = NULL;
	uint32_t most = 0;

	for (uint32_t i = 0; i < sched->engine->info.parallel; i++) {
		struct tacit_slot *slot = &sched->slots[i];
		uint32_t n = slot->task ? 0 : common_prefix(slot, task);

		if (!slot->task && (!best || n > most)) {
			best = slot;
			most = n;
		}
	}
	return best;
}

static void occupy(struct tacit_sched *sched, struct tacit_slot *slot, struct tacit_task *task)
{
	task->seq = (uint32_t)(slot - sched->slots);
	task->at = common_prefix(slot, task);
	if (!tacit_engine_forget(sched->engine, task->seq, task->at)) {
		(void)tacit_engine_forget(sched->engine, task->seq, 0);
		task->at = 0;
	}
	task->result.cached_tokens = task->at;
	task->started_us = tacit_sched_now_us();
	task->output = -1;
	slot->task = task;
	slot->kept_count = 0;
	if (sched->engine->info.prompt_cache && !slot->kept)
		slot->kept = malloc(sched->engine->info.ctx * sizeof(*slot->kept));
	if (slot->kept && task->at)
		memcpy(slot->kept, task->tokens, task->at * sizeof(*slot->kept));
	sched->active++;
}

/* Under the lock: fills free slots from the queue. */
static void admit(struct tacit_sched *sched)
{
	while (sched->ready.head) {
		struct tacit_slot *slot = best_slot(sched, sched->ready.head);

		if (!slot)
			break;
		occupy(sched, slot, tacit_queue_take(&sched->ready));
		sched->stats.queued--;
		sched->stats.running++;
	}
}

/* Under the lock: moves cancelled tasks from `queue` to `out`. */
static void sweep(struct tacit_queue *queue, struct tacit_queue *out)
{
	struct tacit_queue keep;
	struct tacit_task *task;

	tacit_queue_init(&keep);
	while ((task = tacit_queue_take(queue)))
		tacit_queue_put(atomic_load(&task->cancelled) ? out : &keep, task);
	while ((task = tacit_queue_take(&keep)))
		tacit_queue_put(queue, task);
}

/* Frees the slot and ends its task. */
static void leave(struct tacit_sched *sched, struct tacit_task *task, enum tacit_finish finish)
{
	struct tacit_slot *slot = &sched->slots[task->seq];

	slot->task = NULL;
	slot->kept_count = slot->kept ? task->at : 0;
	if (!slot->kept)
		(void)tacit_engine_forget(sched->engine, task->seq, 0);
	sched->active--;
	pthread_mutex_lock(&sched->lock);
	sched->stats.running--;
	pthread_mutex_unlock(&sched->lock);
	if (finish == TACIT_FINISH_NONE)
		tacit_task_fail(sched, task);
	else
		tacit_task_end(sched, task, finish);
}

static void drop_cancelled(struct tacit_sched *sched)
{
	struct tacit_queue out;
	struct tacit_task *task;

	if (!atomic_exchange(&sched->cancel_seen, false))
		return;
	tacit_queue_init(&out);
	pthread_mutex_lock(&sched->lock);
	sweep(&sched->ready, &out);
	sweep(&sched->embeds, &out);
	for (task = out.head; task; task = task->next)
		sched->stats.queued--;
	pthread_mutex_unlock(&sched->lock);
	while ((task = tacit_queue_take(&out)))
		tacit_task_end(sched, task, TACIT_FINISH_CANCELLED);
	for (uint32_t i = 0; i < sched->engine->info.parallel; i++) {
		task = sched->slots[i].task;
		if (task && atomic_load(&task->cancelled))
			leave(sched, task, TACIT_FINISH_CANCELLED);
	}
}

/* --- one step ------------------------------------------------------------------------------- */

static bool answers(const struct tacit_task *task)
{
	return task->at >= task->token_count;
}

/* Adds the next `share` tokens of a task to the step. */
static void add_part(struct tacit_sched *sched, struct tacit_task *task, uint32_t share)
{
	struct tacit_slot *slot = &sched->slots[task->seq];

	task->before = task->at;
	task->share = share;
	task->output = -1;
	for (uint32_t i = 0; i < share; i++) {
		int32_t token = answers(task) ? task->last : task->tokens[task->at];
		bool output = task->at + 1 >= task->token_count;
		int32_t index =
			tacit_engine_step_add(sched->engine, token, task->at, task->seq, output);

		if (output)
			task->output = index;
		if (slot->kept)
			slot->kept[task->at] = token;
		task->at++;
	}
}

/* One token of every running answer. Returns how many prompts are not read to their end. */
static uint32_t add_answers(struct tacit_sched *sched)
{
	uint32_t reading = 0;

	for (uint32_t i = 0; i < sched->engine->info.parallel; i++) {
		struct tacit_task *task = sched->slots[i].task;

		if (!task)
			continue;
		task->share = 0;
		if (answers(task))
			add_part(sched, task, 1);
		else
			reading++;
	}
	return reading;
}

/*
 * Shares the rest of the step among the prompts, whoever's turn it is first. While answers are
 * streaming a step stays small enough to be one computation, so that they do not stall.
 */
static void add_prompts(struct tacit_sched *sched, uint32_t reading)
{
	uint32_t parallel = sched->engine->info.parallel;
	uint32_t streaming = sched->active - reading;
	uint32_t most = streaming ? sched->engine->step_small : sched->engine->step_max;
	uint32_t room = most > streaming ? most - streaming : 0;

	for (uint32_t i = 0; i < parallel && reading; i++) {
		struct tacit_task *task = sched->slots[(sched->turn + i) % parallel].task;
		uint32_t share, left;

		if (!task || answers(task) || task->share)
			continue;
		left = (uint32_t)task->token_count - task->at;
		share = room / reading--;
		share = share < left ? share : left;
		add_part(sched, task, share);
		sched->prompted += share;
		room -= share;
	}
	sched->turn = (sched->turn + 1) % parallel;
}

/* Gives text to the client; false when the output cannot be read, with the error set. */
static bool deliver(struct tacit_task *task, struct tacit_slice raw, bool last)
{
	const struct tacit_job *job = task->job;
	struct tacit_shim_text text = { (const char *)raw.ptr, raw.len };
	struct tacit_shim_delta delta = { { NULL, 0 }, { NULL, 0 } };
	struct tacit_shim_why why = { "" };

	if (!tacit_shim_plan_parses(task->plan)) {
		if (raw.len && job->events->text)
			job->events->text(job->user, raw);
		return true;
	}
	if (!raw.len && !last)
		return true;
	if (!tacit_shim_plan_feed(task->plan, text, last, &delta, &why)) {
		(void)tacit_fail(&task->result.error, TACIT_INTERNAL, "infer.output", 0,
				 "the model's output cannot be read: %s", why.text);
		return false;
	}
	if (delta.reasoning.len && job->events->reasoning)
		job->events->reasoning(job->user,
				       tacit_slice_of(delta.reasoning.ptr, delta.reasoning.len));
	if (delta.content.len && job->events->text)
		job->events->text(job->user, tacit_slice_of(delta.content.ptr, delta.content.len));
	return true;
}

/* Sends what was held back, then the tool calls, then the end. */
static void finish_answer(struct tacit_sched *sched, struct tacit_task *task,
			  enum tacit_finish finish)
{
	const struct tacit_job *job = task->job;
	struct tacit_shim_text calls;
	bool complete = finish == TACIT_FINISH_STOP;

	if (!deliver(task, tacit_text_rest(&task->text), complete)) {
		leave(sched, task, TACIT_FINISH_NONE);
		return;
	}
	calls = tacit_shim_plan_tool_calls(task->plan);
	if (calls.len && complete) {
		finish = TACIT_FINISH_TOOL_CALLS;
		if (job->events->tool_calls)
			job->events->tool_calls(job->user, tacit_slice_of(calls.ptr, calls.len));
	}
	leave(sched, task, finish);
}

static uint64_t thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Under a grammar a client wrote, which may be slow to follow: then only its request ends. */
static bool choose_constrained(struct tacit_sched *sched, struct tacit_task *task)
{
	struct tacit_shim_why why = { "the grammar is too slow to follow" };
	uint64_t start = thread_us();

	if (tacit_shim_sampler_next(task->sampler, sched->engine->ctx, task->output, &task->last,
				    &why) &&
	    thread_us() - start < CHOICE_MAX_US)
		return true;
	(void)tacit_fail(&task->result.error, TACIT_LIMIT, "infer.schema", 0, "%s", why.text);
	return false;
}

static bool choose_token(struct tacit_sched *sched, struct tacit_task *task)
{
	struct tacit_shim_why why = { "" };

	if (task->job->schema.len || task->job->tools.len)
		return choose_constrained(sched, task);
	if (tacit_shim_sampler_next(task->sampler, sched->engine->ctx, task->output, &task->last,
				    &why))
		return true;
	(void)tacit_fail(&task->result.error, TACIT_INTERNAL, "infer.sample", 0, "%s", why.text);
	return false;
}

/* Turns the chosen token into text; false when that failed, with the error set. */
static bool add_text(struct tacit_sched *sched, struct tacit_task *task)
{
	bool markup = tacit_shim_plan_keeps(task->plan, task->last);
	char piece[PIECE_MAX];
	size_t len = tacit_engine_piece(sched->engine, task->last, markup, piece, sizeof(piece));
	struct tacit_slice out = { NULL, 0 };

	if (tacit_text_add(&task->text, tacit_slice_of(piece, len), &out, &task->result.error))
		return false;
	return deliver(task, out, false);
}

/* After a step: the task's next token, if the step computed one. */
static void advance(struct tacit_sched *sched, struct tacit_task *task)
{
	if (task->output < 0)
		return;
	if (!choose_token(sched, task)) {
		leave(sched, task, TACIT_FINISH_NONE);
		return;
	}
	if (!task->first_us)
		task->first_us = tacit_sched_now_us();
	if (tacit_engine_ends(sched->engine, task->last)) {
		finish_answer(sched, task, TACIT_FINISH_STOP);
		return;
	}
	task->result.completion_tokens++;
	sched->generated++;
	if (!add_text(sched, task))
		leave(sched, task, TACIT_FINISH_NONE);
	else if (task->text.stopped)
		finish_answer(sched, task, TACIT_FINISH_STOP);
	else if (task->result.completion_tokens >= task->limit)
		finish_answer(sched, task, TACIT_FINISH_LENGTH);
}

/* A task's part of a failed step once more and alone, so that only the culprit fails. */
static void retry_alone(struct tacit_sched *sched, struct tacit_task *task)
{
	uint32_t share = task->share;

	task->at = task->before;
	if (tacit_engine_forget(sched->engine, task->seq, task->at)) {
		tacit_engine_step_start(sched->engine);
		add_part(sched, task, share);
		if (tacit_engine_step_run(sched->engine)) {
			advance(sched, task);
			return;
		}
	}
	task->at = 0;
	(void)tacit_engine_forget(sched->engine, task->seq, 0);
	(void)tacit_fail(&task->result.error, TACIT_INTERNAL, "infer.decode", 0,
			 "the engine could not compute this request");
	leave(sched, task, TACIT_FINISH_NONE);
}

static void step(struct tacit_sched *sched)
{
	bool computed;

	tacit_engine_step_start(sched->engine);
	add_prompts(sched, add_answers(sched));
	computed = tacit_engine_step_run(sched->engine);
	sched->steps++;
	for (uint32_t i = 0; i < sched->engine->info.parallel; i++) {
		struct tacit_task *task = sched->slots[i].task;

		if (!task || !task->share)
			continue;
		if (computed)
			advance(sched, task);
		else
			retry_alone(sched, task);
	}
}

/* --- embeddings ----------------------------------------------------------------------------- */

static bool embed_some(struct tacit_sched *sched, struct tacit_task *task)
{
	const struct tacit_job *job = task->job;
	size_t left = job->prompt_count - task->next_input;
	const struct tacit_embed_input *inputs = task->inputs + task->next_input;
	size_t n = tacit_engine_embed_fit(sched->engine, inputs, left);
	size_t embd = sched->engine->info.embd;
	float *vectors = calloc((n ? n : 1) * embd, sizeof(*vectors));
	struct tacit_error *err = &task->result.error;
	enum tacit_status st;

	if (!vectors)
		st = tacit_fail(err, TACIT_NOMEM, "infer.embed", 0, "vectors");
	else
		st = tacit_engine_embed(sched->engine, inputs, n, vectors, err);
	for (size_t i = 0; i < n && !st; i++)
		if (job->events->embedding)
			job->events->embedding(job->user, task->next_input + i, vectors + i * embd,
					       embd);
	free(vectors);
	task->next_input += n;
	return !st;
}

/* One step of the embedding job whose turn it is. */
static void embed_step(struct tacit_sched *sched)
{
	struct tacit_task *task;
	bool good, more;

	pthread_mutex_lock(&sched->lock);
	task = tacit_queue_take(&sched->embeds);
	pthread_mutex_unlock(&sched->lock);
	if (!task)
		return;
	if (!task->started_us)
		task->started_us = tacit_sched_now_us();
	good = embed_some(sched, task);
	sched->steps++;
	more = good && task->next_input < task->job->prompt_count;
	pthread_mutex_lock(&sched->lock);
	if (more)
		tacit_queue_put(&sched->embeds, task);
	else
		sched->stats.queued--;
	pthread_mutex_unlock(&sched->lock);
	if (more)
		return;
	sched->prompted += task->token_count;
	if (good)
		tacit_task_end(sched, task, TACIT_FINISH_STOP);
	else
		tacit_task_fail(sched, task);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Under the lock. */
static void publish(struct tacit_sched *sched)
{
	sched->stats.generated_tokens += sched->generated;
	sched->stats.prompt_tokens += sched->prompted;
	sched->stats.steps += sched->steps;
	sched->generated = 0;
	sched->prompted = 0;
	sched->steps = 0;
}

/* Waits for something to do; false when the scheduler quits. */
static bool collect(struct tacit_sched *sched)
{
	bool go_on = true;

	pthread_mutex_lock(&sched->lock);
	publish(sched);
	for (;;) {
		admit(sched);
		if (sched->active || sched->embeds.head || atomic_load(&sched->cancel_seen))
			break;
		if (sched->quit) {
			go_on = false;
			break;
		}
		pthread_cond_wait(&sched->run, &sched->lock);
	}
	pthread_mutex_unlock(&sched->lock);
	return go_on;
}

void *tacit_sched_run(void *arg)
{
	struct tacit_sched *sched = arg;

	while (collect(sched)) {
		drop_cancelled(sched);
		embed_step(sched);
		if (sched->active)
			step(sched);
	}
	return NULL;
}
