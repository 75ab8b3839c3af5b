/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "infer/sched.h"
#include "tests/tap.h"

/*
 * Whoever asks with a long prompt must not stall those whose answers are streaming. Time says
 * little about that on a busy machine, so this counts steps: it looks into the scheduler, from
 * events, which come in the thread that computes.
 */
#if defined(__has_include)
#	if __has_include(<llama.h>)
#		include "infer/sched_impl.h"
#		define CAN_LOOK
#	endif
#endif

#ifdef CAN_LOOK

#define MODEL	   "models/demo.gguf"
#define CTX	   4096
#define LONG_WORDS 2100

struct asker {
	struct tacit_job job;
	struct tacit_prompt prompt;
	struct tacit_job_result result;
	uint64_t id;
	uint64_t end_step;
	uint32_t end_tokens; /* of the stream, when this one's first token came */
	bool done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct tacit_engine *engine;
static struct tacit_sched *sched;

static struct asker stream, askers[2];
static unsigned asker_count, sent;
static char long_text[LONG_WORDS * 4 + 1];

/* When the askers came, and what steps held since. */
static uint64_t start_step;
static uint32_t start_tokens;
static uint32_t largest_step;
static bool left_out; /* a prompt got nothing of a step */

static uint64_t steps_now(void)
{
	pthread_mutex_lock(&sched->lock);
	uint64_t published = sched->stats.steps;
	pthread_mutex_unlock(&sched->lock);
	return published + sched->steps;
}

static const struct tacit_task *task_of(const struct asker *a)
{
	for (size_t i = 0; i < TACIT_ENGINE_PARALLEL_MAX; i++)
		if (sched->slots[i].task && sched->slots[i].task->job == &a->job)
			return sched->slots[i].task;
	return NULL;
}

static uint32_t stream_tokens(void)
{
	const struct tacit_task *task = task_of(&stream);

	return task ? task->result.completion_tokens : 0;
}

static unsigned count_ready(void)
{
	unsigned n = 0;

	pthread_mutex_lock(&sched->lock);
	for (const struct tacit_task *task = sched->ready.head; task; task = task->next)
		n++;
	pthread_mutex_unlock(&sched->lock);
	return n;
}

/* The computing thread stands still meanwhile, so all of them are in the next step. */
static void send_askers(void)
{
	struct tacit_error err = { 0 };

	for (unsigned i = 0; i < asker_count; i++)
		sent += !tacit_sched_submit(sched, &askers[i].job, &askers[i].id, &err);
	while (count_ready() < sent)
		usleep(1000);
	start_step = steps_now();
	start_tokens = stream_tokens();
}

static void look_at_step(void)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < TACIT_ENGINE_PARALLEL_MAX; i++) {
		const struct tacit_task *task = sched->slots[i].task;

		sum += task ? task->share : 0;
		left_out = left_out || (task && task->share == 0);
	}
	largest_step = sum > largest_step ? sum : largest_step;
}

static void take_text(void *user, struct tacit_slice text)
{
	(void)text;
	if (user != &stream)
		return;
	if (start_step)
		look_at_step();
	else
		send_askers();
}

static void take_done(void *user, const struct tacit_job_result *result)
{
	struct asker *a = user;

	pthread_mutex_lock(&lock);
	a->result = *result;
	pthread_mutex_unlock(&lock);
	a->end_step = steps_now();
	a->end_tokens = stream_tokens();
	pthread_mutex_lock(&lock);
	a->done = true;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

static void await(struct asker *a)
{
	pthread_mutex_lock(&lock);
	while (!a->done)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
}

static const struct tacit_job_events events = { .text = take_text, .done = take_done };

static void prepare(struct asker *a, const char *text, uint32_t max_tokens)
{
	memset(a, 0, sizeof(*a));
	a->prompt.text = tacit_slice_str(text);
	a->job.kind = TACIT_JOB_COMPLETION;
	a->job.prompts = &a->prompt;
	a->job.prompt_count = 1;
	a->job.max_tokens = max_tokens;
	a->job.sampling.set = TACIT_SET_TEMPERATURE | TACIT_SET_SEED;
	a->job.events = &events;
	a->job.user = a;
}

/* A stream that cannot end early, and `count` prompts that come together while it runs. */
static void run(unsigned count)
{
	struct tacit_error err = { 0 };

	start_step = 0;
	sent = 0;
	largest_step = 0;
	left_out = false;
	asker_count = count;
	for (unsigned i = 0; i < count; i++)
		prepare(&askers[i], long_text, 1);
	prepare(&stream, "In the beginning", 0);
	stream.job.schema = tacit_slice_str("{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},"
					    "\"minItems\":200,\"maxItems\":200}");
	is_status(tacit_sched_submit(sched, &stream.job, &stream.id, &err), TACIT_OK, "a stream");
	await(&stream);
	ok(sent == count, "%u long prompts came while it ran", count);
	for (unsigned i = 0; i < sent; i++)
		await(&askers[i]);
}

/* Steps that `count` such prompts need when no step is more than one computation. */
static uint64_t pieces(unsigned count)
{
	return (uint64_t)count * askers[0].result.prompt_tokens / engine->step_small;
}

static void test_one(void)
{
	run(1);
	uint64_t steps = askers[0].end_step - start_step;
	uint32_t tokens = askers[0].end_tokens - start_tokens;

	ok(askers[0].result.status == TACIT_OK && askers[0].result.completion_tokens == 1,
	   "the long prompt is answered (%s)", askers[0].result.error.detail);
	ok(pieces(1) >= 4, "it is long: %u tokens, steps of %u", askers[0].result.prompt_tokens,
	   engine->step_small);
	ok(steps >= pieces(1), "it is read in pieces: %llu steps", (unsigned long long)steps);
	ok(steps <= pieces(1) + 2, "and in no more than it needs");
	ok(tokens == steps, "the stream had a token of each step meanwhile: %u", tokens);
	ok(largest_step <= engine->step_small, "no step was more than one computation: %u tokens",
	   largest_step);
}

static void test_two(void)
{
	run(2);
	uint64_t first = askers[0].end_step - start_step, second = askers[1].end_step - start_step;
	uint64_t last = first > second ? first : second;
	uint32_t tokens = (first > second ? askers[0] : askers[1]).end_tokens - start_tokens;

	ok(askers[0].result.status == TACIT_OK && askers[1].result.status == TACIT_OK,
	   "two long prompts are answered");
	ok(last >= pieces(2) && last <= pieces(2) + 3, "in %llu steps", (unsigned long long)last);
	ok(tokens == last, "the stream had a token of each: %u", tokens);
	ok(first + 1 >= second && second + 1 >= first,
	   "neither waits for the other: %llu and %llu steps", (unsigned long long)first,
	   (unsigned long long)second);
	ok(!left_out, "no step left one of them out");
	ok(largest_step <= engine->step_small, "no step was more than one computation: %u tokens",
	   largest_step);
}

int main(void)
{
	struct tacit_engine_options options = { .ctx = CTX, .parallel = 3, .threads = 1 };
	struct tacit_sched_options so = { 0 };
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < LONG_WORDS; i++)
		memcpy(long_text + 4 * i, "and ", 4);
	if (!ok(!tacit_engine_load(MODEL, &options, &engine, &err) &&
			!tacit_sched_start(engine, &so, &sched, &err),
		"start (%s)", err.detail))
		return done();
	test_one();
	test_two();
	tacit_sched_free(sched);
	tacit_engine_free(engine);
	return done();
}

#else

int main(void)
{
	skip("steps while a long prompt is read", "the engine's headers are not visible to tests");
	return done();
}

#endif
