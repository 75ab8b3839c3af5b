/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "infer/sched_impl.h"

static struct tacit_shim_text shim_text(struct tacit_slice s)
{
	struct tacit_shim_text text = { (const char *)s.ptr, s.len };

	return text;
}

static enum tacit_status make_plan(struct tacit_engine *engine, struct tacit_task *task,
				   struct tacit_error *err)
{
	const struct tacit_job *job = task->job;
	struct tacit_shim_why why = { "" };
	struct tacit_shim_request request = {
		.tools = shim_text(job->tools),
		.tool_choice = shim_text(job->tool_choice),
		.schema = shim_text(job->schema),
		.call_prefix = shim_text(job->id),
		.parallel_tools = job->parallel_tools,
	};

	if (job->kind == TACIT_JOB_CHAT)
		request.messages = shim_text(job->messages);
	if (!tacit_shim_plan_new(engine->chat, engine->vocab, &request, &task->plan, &why))
		return tacit_fail(err, TACIT_FORMAT, "infer.request", 0, "%s", why.text);
	return TACIT_OK;
}

static enum tacit_status make_sampler(struct tacit_engine *engine, struct tacit_task *task,
				      struct tacit_error *err)
{
	const struct tacit_sampling *s = &task->job->sampling;
	struct tacit_shim_why why = { "" };
	struct tacit_shim_sampling sampling = {
		.set = s->set, /* the same bits */
		.temperature = s->temperature,
		.top_p = s->top_p,
		.min_p = s->min_p,
		.frequency_penalty = s->frequency_penalty,
		.presence_penalty = s->presence_penalty,
		.top_k = s->top_k,
		.seed = s->seed,
	};

	if (!tacit_shim_sampler_new(engine->model, task->plan, &sampling, &task->sampler, &why))
		return tacit_fail(err, TACIT_FORMAT, "infer.schema", 0,
				  "the schema makes no usable grammar: %s", why.text);
	return TACIT_OK;
}

static enum tacit_status check_tokens(const struct tacit_engine *engine, const int32_t *tokens,
				      size_t count, struct tacit_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (tokens[i] < 0 || (uint32_t)tokens[i] >= engine->info.vocab)
			return tacit_fail(err, TACIT_FORMAT, "infer.tokens", i,
					  "token %d is not in the vocabulary", tokens[i]);
	return TACIT_OK;
}

/* Owned tokens of a prompt, whichever form it came in. */
static enum tacit_status prompt_tokens(const struct tacit_engine *engine,
				       const struct tacit_prompt *prompt, int32_t **ret_tokens,
				       size_t *ret_count, struct tacit_error *err)
{
	enum tacit_status st;
	int32_t *copy;

	if (!prompt->tokens)
		return tacit_engine_tokenize(engine, prompt->text, true, ret_tokens, ret_count,
					     err);
	st = check_tokens(engine, prompt->tokens, prompt->count, err);
	if (st)
		return st;
	copy = malloc((prompt->count + 1) * sizeof(*copy));
	if (!copy)
		return tacit_fail(err, TACIT_NOMEM, "infer.tokens", 0, "copy");
	if (prompt->count)
		memcpy(copy, prompt->tokens, prompt->count * sizeof(*copy));
	*ret_tokens = copy;
	*ret_count = prompt->count;
	return TACIT_OK;
}

static enum tacit_status too_long(struct tacit_error *err, size_t got, size_t max)
{
	return tacit_fail(err, TACIT_LIMIT, "infer.context", 0,
			  "the prompt has %zu tokens, the model takes %zu", got, max);
}

static enum tacit_status prepare_text(struct tacit_engine *engine, struct tacit_task *task,
				      struct tacit_error *err)
{
	const struct tacit_job *job = task->job;
	struct tacit_prompt rendered = { .text = { NULL, 0 } };
	const struct tacit_prompt *prompt = job->prompts;
	enum tacit_status st = make_plan(engine, task, err);

	if (!st)
		st = make_sampler(engine, task, err);
	if (st)
		return st;
	if (job->kind == TACIT_JOB_CHAT) {
		struct tacit_shim_text text = tacit_shim_plan_prompt(task->plan);

		rendered.text = tacit_slice_of(text.ptr, text.len);
		prompt = &rendered;
	}
	st = prompt_tokens(engine, prompt, &task->tokens, &task->token_count, err);
	if (st)
		return st;
	if (task->token_count == 0)
		return tacit_fail(err, TACIT_FORMAT, "infer.prompt", 0, "the prompt is empty");
	if (task->token_count >= engine->info.ctx)
		return too_long(err, task->token_count, engine->info.ctx - 1);
	task->limit = engine->info.ctx - (uint32_t)task->token_count;
	if (job->max_tokens && job->max_tokens < task->limit)
		task->limit = job->max_tokens;
	task->result.prompt_tokens = (uint32_t)task->token_count;
	tacit_text_init(&task->text, job->stops, job->stop_count);
	return TACIT_OK;
}

/* Appends one input's tokens; the inputs are offsets until all are in. */
static enum tacit_status add_input(struct tacit_engine *engine, struct tacit_task *task, size_t i,
				   struct tacit_error *err)
{
	int32_t *tokens = NULL;
	int32_t *all;
	size_t count = 0;
	enum tacit_status st = prompt_tokens(engine, &task->job->prompts[i], &tokens, &count, err);

	if (st)
		return st;
	if (count == 0)
		st = tacit_fail(err, TACIT_FORMAT, "infer.prompt", i, "input %zu is empty", i);
	else if (count > tacit_engine_embed_max(engine))
		st = too_long(err, count, tacit_engine_embed_max(engine));
	all = st ? NULL : realloc(task->tokens, (task->token_count + count) * sizeof(*all));
	if (!st && !all)
		st = tacit_fail(err, TACIT_NOMEM, "infer.tokens", 0, "inputs");
	if (!st) {
		task->tokens = all;
		memcpy(all + task->token_count, tokens, count * sizeof(*all));
		task->token_count += count;
		task->inputs[i].count = count;
	}
	free(tokens);
	return st;
}

static enum tacit_status prepare_embedding(struct tacit_engine *engine, struct tacit_task *task,
					   struct tacit_error *err)
{
	size_t n = task->job->prompt_count;
	const int32_t *at;
	enum tacit_status st = TACIT_OK;

	task->inputs = calloc(n ? n : 1, sizeof(*task->inputs));
	if (!task->inputs)
		return tacit_fail(err, TACIT_NOMEM, "infer.prompt", 0, "inputs");
	for (size_t i = 0; i < n && !st; i++) {
		if (atomic_load_explicit(&task->cancelled, memory_order_relaxed))
			break;
		st = add_input(engine, task, i, err);
	}
	at = task->tokens;
	for (size_t i = 0; i < n && !st; i++) {
		task->inputs[i].tokens = at;
		at = at ? at + task->inputs[i].count : NULL;
	}
	task->result.prompt_tokens = (uint32_t)task->token_count;
	return st;
}

enum tacit_status tacit_task_prepare(struct tacit_engine *engine, struct tacit_task *task)
{
	struct tacit_error *err = &task->result.error;

	if (task->job->kind == TACIT_JOB_EMBEDDING)
		return prepare_embedding(engine, task, err);
	return prepare_text(engine, task, err);
}
