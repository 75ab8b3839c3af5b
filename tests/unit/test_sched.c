/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "infer/out.h"
#include "infer/sched.h"
#include "infer/text.h"
#include "tests/tap.h"

/* The engine's inside, where the build lets tests see its headers. */
#if defined(__has_include)
#	if __has_include(<llama.h>)
#		include "infer/engine_impl.h"
#		define CAN_BREAK
#	endif
#endif

#define MODEL "models/demo.gguf"

/* One submitted job and what came back. */
struct run {
	struct tacit_job job;
	struct tacit_prompt prompt;
	struct tacit_slice stop;
	struct tacit_out text;
	struct tacit_out tools;
	struct tacit_job_result result;
	uint64_t id;
	unsigned events;
	bool split; /* an event ended inside a character */
	unsigned cancel_after;
	unsigned vectors;
	float first[8];
	bool done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct tacit_engine *engine;
static struct tacit_sched *sched;

static void take_text(void *user, struct tacit_slice text)
{
	struct run *run = user;

	tacit_out_bytes(&run->text, text);
	run->split = run->split || tacit_text_cut(text);
	pthread_mutex_lock(&lock);
	run->events++;
	pthread_mutex_unlock(&lock);
	if (run->cancel_after && run->events == run->cancel_after)
		tacit_sched_cancel(sched, run->id);
}

static void take_tools(void *user, struct tacit_slice json)
{
	struct run *run = user;

	tacit_out_bytes(&run->tools, json);
}

static void take_vector(void *user, size_t index, const float *vector, size_t count)
{
	struct run *run = user;

	(void)count;
	if (index == run->vectors)
		run->vectors++;
	if (index < 8)
		run->first[index] = vector[0];
}

static void take_done(void *user, const struct tacit_job_result *result)
{
	struct run *run = user;

	pthread_mutex_lock(&lock);
	run->result = *result;
	run->done = true;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

static const struct tacit_job_events events = {
	.text = take_text,
	.tool_calls = take_tools,
	.embedding = take_vector,
	.done = take_done,
};

static void prepare(struct run *run, const char *prompt, uint32_t max_tokens)
{
	memset(run, 0, sizeof(*run));
	run->prompt.text = tacit_slice_str(prompt);
	run->job.kind = TACIT_JOB_COMPLETION;
	run->job.prompts = &run->prompt;
	run->job.prompt_count = 1;
	run->job.max_tokens = max_tokens;
	run->job.sampling.set = TACIT_SET_TEMPERATURE | TACIT_SET_SEED;
	run->job.sampling.seed = 1;
	run->job.events = &events;
	run->job.user = run;
}

/* An answer that cannot end early: the model may not stop before the array is full. */
static void prepare_long(struct run *run)
{
	prepare(run, "In the beginning", 0);
	run->job.schema = tacit_slice_str("{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},"
					  "\"minItems\":200,\"maxItems\":200}");
}

static enum tacit_status submit(struct run *run)
{
	struct tacit_error err = { 0 };

	return tacit_sched_submit(sched, &run->job, &run->id, &err);
}

static void await(struct run *run)
{
	pthread_mutex_lock(&lock);
	while (!run->done)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
}

static void run_done(struct run *run)
{
	tacit_out_done(&run->text);
	tacit_out_done(&run->tools);
}

static bool start(uint32_t ctx, uint32_t parallel, uint32_t queue_max, bool cache)
{
	struct tacit_engine_options options = {
		.ctx = ctx, .parallel = parallel, .threads = 2, .prompt_cache = cache
	};
	struct tacit_sched_options so = { .queue_max = queue_max };
	struct tacit_error err = { 0 };

	if (tacit_engine_load(MODEL, &options, &engine, &err) ||
	    tacit_sched_start(engine, &so, &sched, &err)) {
		printf("# %s: %s\n", err.where, err.detail);
		return false;
	}
	return true;
}

static void stop(void)
{
	tacit_sched_free(sched);
	tacit_engine_free(engine);
	sched = NULL;
	engine = NULL;
}

/* The answer to a prompt when nothing else runs. */
static void test_alone(struct tacit_out *ret_text)
{
	struct run a, b;

	prepare(&a, "And the king said", 40);
	is_status(submit(&a), TACIT_OK, "submit");
	await(&a);
	ok(a.result.status == TACIT_OK && a.result.finish == TACIT_FINISH_LENGTH &&
		   a.result.completion_tokens == 40,
	   "40 tokens (%u, finish %d)", a.result.completion_tokens, a.result.finish);
	ok(a.events > 20 && !a.split, "streamed in %u events", a.events);
	prepare(&b, "And the king said", 40);
	is_status(submit(&b), TACIT_OK, "submit again");
	await(&b);
	is_slice(tacit_out_view(&b.text), tacit_out_view(&a.text), "temperature 0 repeats itself");
	ok(b.result.cached_tokens == 0, "nothing is kept between requests");
	*ret_text = a.text;
	a.text.ptr = NULL;
	run_done(&a);
	run_done(&b);
}

/* Eight jobs of different length on four sequences; each ends as if it were alone. */
static void test_together(const struct tacit_out *alone)
{
	struct run runs[8];
	unsigned good = 0;

	for (unsigned i = 0; i < 8; i++) {
		prepare(&runs[i], i % 2 ? "And the king said" : "Once upon a time there was a",
			i % 2 ? 40 : 5 + 7 * i);
		good += submit(&runs[i]) == TACIT_OK;
	}
	ok(good == 8, "eight jobs are taken");
	good = 0;
	for (unsigned i = 0; i < 8; i++) {
		await(&runs[i]);
		good += runs[i].result.status == TACIT_OK &&
			(runs[i].result.completion_tokens == runs[i].job.max_tokens ||
			 runs[i].result.finish == TACIT_FINISH_STOP);
	}
	ok(good == 8, "each generates what it asked for, or ends by itself");
	good = 0;
	/* Batches of other sizes round differently: the first words must agree, not all. */
	for (unsigned i = 1; i < 8; i += 2)
		good += runs[i].text.len > 12 && memcmp(runs[i].text.ptr, alone->ptr, 12) == 0;
	ok(good == 4, "company changes no answer (%u of 4 agree)", good);
	for (unsigned i = 0; i < 8; i++)
		run_done(&runs[i]);
}

static void test_stop_string(const struct tacit_out *alone)
{
	struct run run;
	/* From the middle of the answer, so that it crosses tokens. */
	struct tacit_slice stop = tacit_slice_of(alone->ptr + 21, 7);

	prepare(&run, "And the king said", 40);
	run.stop = stop;
	run.job.stops = &run.stop;
	run.job.stop_count = 1;
	is_status(submit(&run), TACIT_OK, "submit with a stop string");
	await(&run);
	ok(run.result.finish == TACIT_FINISH_STOP && run.result.completion_tokens < 40,
	   "it stops early");
	ok(!run.text.len || !memmem(run.text.ptr, run.text.len, stop.ptr, stop.len),
	   "the stop string is not in the answer");
	ok(run.text.len <= 21 && memcmp(run.text.ptr, alone->ptr, run.text.len) == 0,
	   "what comes before it is");
	run_done(&run);
}

static void test_cancel(void)
{
	struct run a, b;

	prepare_long(&a);
	a.cancel_after = 3;
	prepare(&b, "And the king said", 30);
	is_status(submit(&a), TACIT_OK, "submit one to cancel");
	is_status(submit(&b), TACIT_OK, "and one beside it");
	await(&a);
	await(&b);
	ok(a.result.finish == TACIT_FINISH_CANCELLED && a.result.completion_tokens < 50,
	   "cancelled in mid-stream after %u tokens", a.result.completion_tokens);
	ok(b.result.status == TACIT_OK && b.result.completion_tokens == 30,
	   "the other goes on to its end");
	tacit_sched_cancel(sched, a.id);
	tacit_sched_cancel(sched, 999999);
	ok(true, "cancelling what is gone does nothing");
	run_done(&a);
	run_done(&b);
}

static void expect_failure(struct run *run, enum tacit_status status, const char *where,
			   const char *name)
{
	is_status(submit(run), TACIT_OK, name);
	await(run);
	ok(run->result.status == status && strcmp(run->result.error.where, where) == 0,
	   "%s fails (%s %s: %s)", name, tacit_status_name(run->result.status),
	   run->result.error.where, run->result.error.detail);
	run_done(run);
}

static void test_bad_jobs(void)
{
	static char longest[20000];
	static const int32_t unknown[] = { 5, 1 << 20 };
	struct run run;

	memset(longest, 'x', sizeof(longest) - 1);
	prepare(&run, longest, 5);
	expect_failure(&run, TACIT_LIMIT, "infer.context", "a prompt longer than the context");
	prepare(&run, "", 5);
	run.prompt.tokens = unknown;
	run.prompt.count = 2;
	expect_failure(&run, TACIT_FORMAT, "infer.tokens", "a token outside the vocabulary");
	prepare(&run, "x", 5);
	run.job.schema = tacit_slice_str("{\"type\":\"nonsense\"}");
	expect_failure(&run, TACIT_FORMAT, "infer.request", "a schema of no known type");
	prepare(&run, "x", 5);
	run.job.schema = tacit_slice_str("{\"$ref\":\"#/nowhere\"}");
	expect_failure(&run, TACIT_FORMAT, "infer.request", "a schema that points nowhere");
	prepare(&run, NULL, 5);
	run.job.kind = TACIT_JOB_CHAT;
	run.job.messages = tacit_slice_str("[{\"role\":\"user\"");
	expect_failure(&run, TACIT_FORMAT, "infer.request", "messages that are not JSON");
}

/* The answer of a chat under a schema, parsed. */
static json_t *constrained(const char *schema, struct run *run)
{
	prepare(run, NULL, 200);
	run->job.kind = TACIT_JOB_CHAT;
	run->job.messages =
		tacit_slice_str("[{\"role\":\"user\",\"content\":\"Tell me about the king.\"}]");
	run->job.schema = tacit_slice_str(schema);
	run->job.sampling.temperature = 0.8f;
	if (submit(run))
		return NULL;
	await(run);
	return json_loadb((char *)run->text.ptr, run->text.len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

static void test_grammar(void)
{
	struct run run;
	json_t *value = constrained("{\"type\":\"object\",\"properties\":{\"age\":{\"type\":"
				    "\"integer\",\"maximum\":99},\"ok\":{\"type\":\"boolean\"}},"
				    "\"required\":[\"age\",\"ok\"],\"additionalProperties\":false}",
				    &run);

	ok(json_is_integer(json_object_get(value, "age")) &&
		   json_is_boolean(json_object_get(value, "ok")) && json_object_size(value) == 2,
	   "an answer obeys its schema");
	ok(run.result.finish == TACIT_FINISH_STOP, "and ends by itself");
	json_decref(value);
	run_done(&run);
	value = constrained("{\"enum\":[\"yes\",\"no\"]}", &run);
	ok(json_is_string(value) && (strcmp(json_string_value(value), "yes") == 0 ||
				     strcmp(json_string_value(value), "no") == 0),
	   "an enum");
	json_decref(value);
	run_done(&run);
}

static void test_tools(void)
{
	struct run run;
	json_t *calls, *function;

	prepare(&run, NULL, 300);
	run.job.kind = TACIT_JOB_CHAT;
	run.job.id = tacit_slice_str("call_x");
	run.job.messages = tacit_slice_str("[{\"role\":\"user\",\"content\":\"The weather?\"}]");
	run.job.tools = tacit_slice_str(
		"[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":"
		"{\"type\":\"object\",\"properties\":{\"warm\":{\"type\":\"boolean\"}},"
		"\"required\":[\"warm\"]}}}]");
	run.job.tool_choice = tacit_slice_str("required");
	is_status(submit(&run), TACIT_OK, "submit with a tool that must be called");
	await(&run);
	calls = json_loadb((char *)run.tools.ptr, run.tools.len, 0, NULL);
	function = json_object_get(json_array_get(calls, 0), "function");
	ok(run.result.finish == TACIT_FINISH_TOOL_CALLS && function &&
		   strcmp(json_string_value(json_object_get(function, "name")), "weather") == 0,
	   "the model calls it: %.*s (%d, %u tokens, %s)", (int)run.tools.len,
	   (char *)run.tools.ptr, run.result.finish, run.result.completion_tokens,
	   run.result.error.detail);
	json_decref(calls);
	run_done(&run);
}

/* Schemas whose grammars explode; without limits each would stop every other request. */
static void test_explosions(void)
{
	static char nested[8192];
	struct run run, beside;
	int n;

	prepare(&beside, "And the king said", 20);
	is_status(submit(&beside), TACIT_OK, "one that has nothing to do with it");
	prepare(&run, "x", 50);
	run.job.schema =
		tacit_slice_str("{\"type\":\"string\",\"pattern\":\"^(((a?){30}){30}){30}$\"}");
	expect_failure(&run, TACIT_LIMIT, "infer.schema", "a pattern of 27000 optional letters");
	n = snprintf(nested, sizeof(nested), "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
	for (int i = 0; i < 40; i++)
		n += snprintf(nested + n, sizeof(nested) - (size_t)n,
			      "\"d%d\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":"
			      "\"#/$defs/d%d\"},\"minItems\":1},{\"type\":\"array\",\"items\":"
			      "{\"$ref\":\"#/$defs/d%d\"},\"minItems\":2}]},",
			      i, i + 1, i + 1);
	snprintf(nested + n, sizeof(nested) - (size_t)n, "\"d40\":{\"type\":\"string\"}}}");
	prepare(&run, "x", 400);
	run.job.schema = tacit_slice_str(nested);
	expect_failure(&run, TACIT_LIMIT, "infer.schema",
		       "arrays that are ambiguous at every level");
	await(&beside);
	ok(beside.result.status == TACIT_OK, "it ends well");
	run_done(&beside);
}

static void test_embeddings(void)
{
	struct tacit_prompt inputs[40];
	struct run run, text;

	prepare(&run, NULL, 0);
	for (size_t i = 0; i < 40; i++) {
		memset(&inputs[i], 0, sizeof(inputs[i]));
		inputs[i].text = tacit_slice_str(i % 2 ? "the king" : "a little girl in a wood");
	}
	run.job.kind = TACIT_JOB_EMBEDDING;
	run.job.prompts = inputs;
	run.job.prompt_count = 40;
	prepare(&text, "And the king said", 20);
	is_status(submit(&text), TACIT_OK, "an answer");
	is_status(submit(&run), TACIT_OK, "and 40 embeddings beside it");
	await(&run);
	await(&text);
	ok(run.result.status == TACIT_OK && run.vectors == 40, "40 vectors in order (%u, %s)",
	   run.vectors, run.result.error.detail);
	ok(run.first[0] == run.first[2] && run.first[0] != run.first[1],
	   "equal inputs have equal vectors");
	ok(text.result.completion_tokens == 20, "the answer is whole");
	run_done(&run);
	run_done(&text);
}

#ifdef CAN_BREAK
/* Breaks the computation for as long as it is set. */
static bool broken(void *user)
{
	return *(bool *)user;
}

static void test_failure(void)
{
	bool down = true;
	struct run a, b;

	llama_set_abort_callback(engine->ctx, broken, &down);
	prepare(&a, "And the king said", 10);
	is_status(submit(&a), TACIT_OK, "submit while the engine fails");
	await(&a);
	is_status(a.result.status, TACIT_INTERNAL, "the request fails");
	down = false;
	prepare(&b, "And the king said", 10);
	is_status(submit(&b), TACIT_OK, "submit after it");
	await(&b);
	ok(b.result.status == TACIT_OK && b.result.completion_tokens == 10,
	   "the next one does not");
	llama_set_abort_callback(engine->ctx, NULL, NULL);
	run_done(&a);
	run_done(&b);
}
#else
static void test_failure(void)
{
	skip("a computation that fails", "the engine's headers are not visible to tests");
}
#endif

static void test_queue(void)
{
	struct run runs[8];
	struct tacit_sched_stats stats;
	enum tacit_status st = TACIT_OK;
	unsigned taken = 0;

	while (taken < 8 && !st) {
		prepare_long(&runs[taken]);
		st = submit(&runs[taken]);
		taken += !st;
	}
	is_status(st, TACIT_LIMIT, "a full queue says so");
	ok(taken >= 2 && taken <= 4, "after %u jobs", taken);
	tacit_sched_cancel(sched, runs[taken - 1].id);
	await(&runs[taken - 1]);
	ok(runs[taken - 1].result.finish == TACIT_FINISH_CANCELLED &&
		   runs[taken - 1].result.completion_tokens == 0,
	   "one that waits can be cancelled");
	for (unsigned i = 0; i + 1 < taken; i++)
		await(&runs[i]);
	tacit_sched_stats(sched, &stats);
	ok(stats.rejected == 1 && stats.queued == 0, "it is counted");
	for (unsigned i = 0; i < taken; i++)
		run_done(&runs[i]);
}

static bool has_begun(const struct run *run)
{
	pthread_mutex_lock(&lock);
	bool begun = run->events || run->done;
	pthread_mutex_unlock(&lock);
	return begun;
}

static void test_stop(void)
{
	struct run a, b;

	prepare_long(&a);
	is_status(submit(&a), TACIT_OK, "submit a long one");
	while (!has_begun(&a))
		usleep(1000);
	tacit_sched_stop(sched, 20);
	ok(a.done && a.result.finish == TACIT_FINISH_CANCELLED,
	   "stopping cancels it after the grace");
	prepare(&b, "x", 1);
	is_status(submit(&b), TACIT_DENIED, "nothing is taken after that");
	run_done(&a);
}

static void test_cache(void)
{
	struct run a, b;
	const char *prompt = "And the king said unto him, What hast thou done? And he said,";

	prepare(&a, prompt, 12);
	is_status(submit(&a), TACIT_OK, "with the prompt cache");
	await(&a);
	prepare(&b, prompt, 12);
	is_status(submit(&b), TACIT_OK, "the same prompt again");
	await(&b);
	ok(b.result.cached_tokens + 1 == b.result.prompt_tokens,
	   "%u of %u tokens come from the cache", b.result.cached_tokens, b.result.prompt_tokens);
	is_slice(tacit_out_view(&b.text), tacit_out_view(&a.text), "and the answer is the same");
	run_done(&a);
	run_done(&b);
}

static void test_context_full(void)
{
	struct run run;

	prepare(&run, "In the beginning", 0);
	is_status(submit(&run), TACIT_OK, "no limit on tokens");
	await(&run);
	ok(run.result.finish == TACIT_FINISH_STOP ||
		   run.result.prompt_tokens + run.result.completion_tokens == 64,
	   "ends when the context is full (%u + %u)", run.result.prompt_tokens,
	   run.result.completion_tokens);
	run_done(&run);
}

int main(void)
{
	struct tacit_out alone = { 0 };

	if (!ok(start(1024, 4, 0, false), "start"))
		return done();
	test_alone(&alone);
	test_together(&alone);
	test_stop_string(&alone);
	test_cancel();
	test_bad_jobs();
	test_grammar();
	test_tools();
	test_explosions();
	test_embeddings();
	test_failure();
	test_stop();
	stop();
	if (ok(start(256, 1, 2, false), "start with one sequence and a short queue"))
		test_queue();
	stop();
	if (ok(start(64, 1, 0, true), "start with the prompt cache")) {
		test_cache();
		test_context_full();
	}
	stop();
	tacit_out_done(&alone);
	return done();
}
