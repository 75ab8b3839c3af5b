/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "codec/json.h"
#include "infer/openai_impl.h"

enum tacit_status tacit_openai_refuse(struct tacit_error *err, enum tacit_status status,
				      const char *member, const char *text)
{
	char where[TACIT_ERROR_WHERE];

	snprintf(where, sizeof(where), "request.%s", member);
	return tacit_fail(err, status, where, 0, "'%s' %s", member, text);
}

const json_t *tacit_openai_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

static enum tacit_status read_bool(const json_t *body, const char *name, bool *ret,
				   struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, name);

	if (value && !json_is_boolean(value))
		return tacit_openai_refuse(err, TACIT_FORMAT, name, "must be true or false");
	if (value)
		*ret = json_is_true(value);
	return TACIT_OK;
}

/* Numbers that go into the sampling parameters as they are. */
struct number {
	const char *name;
	enum tacit_sampling_set set;
	size_t offset;
	double min;
	double max;
};

static const struct number numbers[] = {
	{ "temperature", TACIT_SET_TEMPERATURE, offsetof(struct tacit_sampling, temperature), 0,
	  2 },
	{ "top_p", TACIT_SET_TOP_P, offsetof(struct tacit_sampling, top_p), 0, 1 },
	{ "min_p", TACIT_SET_MIN_P, offsetof(struct tacit_sampling, min_p), 0, 1 },
	{ "frequency_penalty", TACIT_SET_FREQUENCY,
	  offsetof(struct tacit_sampling, frequency_penalty), -2, 2 },
	{ "presence_penalty", TACIT_SET_PRESENCE, offsetof(struct tacit_sampling, presence_penalty),
	  -2, 2 },
};

static enum tacit_status read_number(const json_t *body, const struct number *n,
				     struct tacit_sampling *sampling, struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, n->name);
	char text[64];
	float number;

	if (!value)
		return TACIT_OK;
	snprintf(text, sizeof(text), "must be a number from %g to %g", n->min, n->max);
	if (!json_is_number(value) || !(json_number_value(value) >= n->min) ||
	    !(json_number_value(value) <= n->max))
		return tacit_openai_refuse(err, TACIT_FORMAT, n->name, text);
	number = (float)json_number_value(value);
	memcpy((uint8_t *)sampling + n->offset, &number, sizeof(number));
	sampling->set |= n->set;
	return TACIT_OK;
}

/* An integer from `min` to INT32_MAX; `*ret_found` tells whether it is there. */
static enum tacit_status read_int(const json_t *body, const char *name, int32_t min,
				  int32_t *ret_value, bool *ret_found, struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, name);
	char text[48];

	if (!value)
		return TACIT_OK;
	snprintf(text, sizeof(text), "must be an integer of at least %d", min);
	if (!json_is_integer(value) || json_integer_value(value) < min)
		return tacit_openai_refuse(err, TACIT_FORMAT, name, text);
	*ret_value = json_integer_value(value) > INT32_MAX ? INT32_MAX
							   : (int32_t)json_integer_value(value);
	*ret_found = true;
	return TACIT_OK;
}

static enum tacit_status read_seed(const json_t *body, struct tacit_sampling *sampling,
				   struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, "seed");
	uint64_t seed;

	if (!value)
		return TACIT_OK;
	if (!json_is_integer(value))
		return tacit_openai_refuse(err, TACIT_FORMAT, "seed", "must be an integer");
	seed = (uint64_t)json_integer_value(value);
	sampling->seed = (uint32_t)(seed ^ seed >> 32);
	/* The engine takes all ones for "choose one". */
	if (sampling->seed == UINT32_MAX)
		sampling->seed = 0;
	sampling->set |= TACIT_SET_SEED;
	return TACIT_OK;
}

static enum tacit_status parse_sampling(const json_t *body, struct tacit_openai_memory *memory,
					struct tacit_error *err)
{
	struct tacit_job *job = &memory->request.job;
	int32_t tokens = 0;
	bool given = false, top_k = false;
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(numbers) && !st; i++)
		st = read_number(body, &numbers[i], &job->sampling, err);
	if (!st)
		st = read_int(body, "top_k", 0, &job->sampling.top_k, &top_k, err);
	if (!st)
		st = read_seed(body, &job->sampling, err);
	if (!st)
		st = read_int(body, "max_tokens", 1, &tokens, &given, err);
	if (!st)
		st = read_int(body, "max_completion_tokens", 1, &tokens, &given, err);
	if (top_k)
		job->sampling.set |= TACIT_SET_TOP_K;
	job->max_tokens = given ? (uint32_t)tokens : 0;
	return st;
}

static enum tacit_status add_stop(const json_t *value, struct tacit_openai_memory *memory,
				  struct tacit_error *err)
{
	struct tacit_job *job = &memory->request.job;
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len > TACIT_STOP_LEN_MAX)
		return tacit_openai_refuse(err, TACIT_FORMAT, "stop",
					   "must be strings of at most 256 bytes");
	if (len == 0)
		return TACIT_OK;
	memory->stops[job->stop_count++] = tacit_slice_of(json_string_value(value), len);
	job->stops = memory->stops;
	return TACIT_OK;
}

static enum tacit_status parse_stops(const json_t *body, struct tacit_openai_memory *memory,
				     struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, "stop");
	enum tacit_status st = TACIT_OK;

	if (!value)
		return TACIT_OK;
	if (!json_is_array(value))
		return add_stop(value, memory, err);
	if (json_array_size(value) > TACIT_STOPS_MAX)
		return tacit_openai_refuse(err, TACIT_LIMIT, "stop", "has more than 16 strings");
	for (size_t i = 0; i < json_array_size(value) && !st; i++)
		st = add_stop(json_array_get(value, i), memory, err);
	return st;
}

static enum tacit_status parse_stream(const json_t *body, struct tacit_openai_memory *memory,
				      struct tacit_error *err)
{
	struct tacit_openai_request *request = &memory->request;
	const json_t *options = tacit_openai_member(body, "stream_options");
	enum tacit_status st = read_bool(body, "stream", &request->stream, err);

	if (st || !options)
		return st;
	if (!json_is_object(options))
		return tacit_openai_refuse(err, TACIT_FORMAT, "stream_options",
					   "must be an object");
	if (!request->stream)
		return tacit_openai_refuse(err, TACIT_FORMAT, "stream_options",
					   "needs 'stream' to be true");
	return read_bool(options, "include_usage", &request->include_usage, err);
}

/* Members that ask for what is not done here; leaving them out in silence would lie. */
static enum tacit_status refuse_unsupported(const json_t *body, struct tacit_openai_memory *memory,
					    struct tacit_error *err)
{
	static const char *const members[] = { "logit_bias", "functions", "function_call", "suffix",
					       "audio",      "logprobs",  "top_logprobs" };
	static const char *const ones[] = { "n", "best_of" };
	const json_t *value;

	(void)memory;
	for (size_t i = 0; i < TACIT_ARRAY_LEN(members); i++) {
		value = tacit_openai_member(body, members[i]);
		/* What stands for "no": false, 0 and what is empty. */
		if (!value || json_is_false(value) ||
		    (json_is_object(value) && !json_object_size(value)) ||
		    (json_is_string(value) && !json_string_length(value)) ||
		    (json_is_integer(value) && !json_integer_value(value)))
			continue;
		return tacit_openai_refuse(err, TACIT_UNSUPPORTED, members[i], "is not supported");
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ones); i++) {
		value = tacit_openai_member(body, ones[i]);
		if (value && !json_is_integer(value))
			return tacit_openai_refuse(err, TACIT_FORMAT, ones[i],
						   "must be an integer");
		if (value && json_integer_value(value) != 1)
			return tacit_openai_refuse(err, TACIT_UNSUPPORTED, ones[i],
						   "can only be 1 here");
	}
	return TACIT_OK;
}

static enum tacit_status parse_model(const json_t *body, struct tacit_openai_memory *memory,
				     struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, "model");

	if (!value)
		return TACIT_OK;
	if (!json_is_string(value))
		return tacit_openai_refuse(err, TACIT_FORMAT, "model", "must be a string");
	memory->request.model = tacit_slice_of(json_string_value(value), json_string_length(value));
	return TACIT_OK;
}

static enum tacit_status parse_completion_prompt(const json_t *body,
						 struct tacit_openai_memory *memory,
						 struct tacit_error *err)
{
	bool echo = false;
	enum tacit_status st = read_bool(body, "echo", &echo, err);

	if (!st && echo)
		st = tacit_openai_refuse(err, TACIT_UNSUPPORTED, "echo", "is not supported");
	if (!st)
		st = tacit_openai_parse_prompts(body, "prompt", 1, memory, err);
	return st;
}

static enum tacit_status parse_input(const json_t *body, struct tacit_openai_memory *memory,
				     struct tacit_error *err)
{
	const json_t *format = tacit_openai_member(body, "encoding_format");
	const char *name = json_string_value(format);

	if (format && (!name || (strcmp(name, "float") != 0 && strcmp(name, "base64") != 0)))
		return tacit_openai_refuse(err, TACIT_FORMAT, "encoding_format",
					   "must be \"float\" or \"base64\"");
	memory->request.base64 = name && strcmp(name, "base64") == 0;
	return tacit_openai_parse_prompts(body, "input", TACIT_OPENAI_INPUTS_MAX, memory, err);
}

/* The answer of one request is held whole, and a wide model makes much of many inputs. */
static enum tacit_status check_inputs(const struct tacit_job *job,
				      const struct tacit_engine_info *info, struct tacit_error *err)
{
	size_t most = TACIT_OPENAI_NUMBERS_MAX / (info->embd ? info->embd : 1);
	char text[64];

	if (job->prompt_count <= most)
		return TACIT_OK;
	snprintf(text, sizeof(text), "has more than %zu inputs, for this model", most);
	return tacit_openai_refuse(err, TACIT_LIMIT, "input", text);
}

static enum tacit_status check_dimensions(const json_t *body, const struct tacit_engine_info *info,
					  struct tacit_error *err)
{
	const json_t *value = tacit_openai_member(body, "dimensions");
	char text[64];

	if (!value)
		return TACIT_OK;
	snprintf(text, sizeof(text), "can only be %u with this model", info->embd);
	if (!json_is_integer(value) || json_integer_value(value) != (json_int_t)info->embd)
		return tacit_openai_refuse(err, TACIT_UNSUPPORTED, "dimensions", text);
	return TACIT_OK;
}

static enum tacit_status run_parts(tacit_openai_part *const *parts, const json_t *body,
				   struct tacit_openai_memory *memory, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; parts[i] && !st; i++)
		st = parts[i](body, memory, err);
	return st;
}

static tacit_openai_part *const chat_parts[] = { parse_model,
						 tacit_openai_parse_messages,
						 refuse_unsupported,
						 parse_stream,
						 parse_sampling,
						 parse_stops,
						 tacit_openai_parse_format,
						 tacit_openai_parse_tools,
						 NULL };
static tacit_openai_part *const completion_parts[] = { parse_model,
						       parse_completion_prompt,
						       refuse_unsupported,
						       parse_stream,
						       parse_sampling,
						       parse_stops,
						       tacit_openai_parse_format,
						       NULL };
static tacit_openai_part *const embedding_parts[] = { parse_model, parse_input, NULL };

static enum tacit_status parse_body(struct tacit_openai_memory *memory,
				    const struct tacit_engine_info *info, struct tacit_error *err)
{
	static tacit_openai_part *const *const parts[] = { chat_parts, completion_parts,
							   embedding_parts };
	enum tacit_openai_call call = memory->request.call;
	enum tacit_status st;

	if (!json_is_object(memory->root))
		return tacit_fail(err, TACIT_FORMAT, "request", 0, "the body must be an object");
	st = run_parts(parts[call], memory->root, memory, err);
	if (!st && call == TACIT_OPENAI_EMBEDDING)
		st = check_dimensions(memory->root, info, err);
	if (!st && call == TACIT_OPENAI_EMBEDDING)
		st = check_inputs(&memory->request.job, info, err);
	return st;
}

/* Tokens are copied; only texts are pointed to. */
static void drop_tokens(json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			json_array_set_new(value, i, json_null());
}

/*
 * Frees what the job does not point to: values can take fifty times the room of their text, and
 * a job may wait long.
 */
static void drop_rest(struct tacit_openai_memory *memory)
{
	static const char *const prompts[] = { "", "prompt", "input" };
	const char *prompt = prompts[memory->request.call];
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(memory->root, next, name, value)
	{
		if (strcmp(name, prompt) == 0)
			drop_tokens(value);
		else if (strcmp(name, "model") != 0 && strcmp(name, "stop") != 0)
			json_object_del(memory->root, name);
	}
	if (memory->request.call == TACIT_OPENAI_EMBEDDING)
		json_object_del(memory->root, "stop");
}

enum tacit_status tacit_openai_parse(enum tacit_openai_call call,
				     const struct tacit_engine_info *info, struct tacit_slice body,
				     struct tacit_openai_request **ret_request,
				     struct tacit_error *err)
{
	static const enum tacit_job_kind kinds[] = { TACIT_JOB_CHAT, TACIT_JOB_COMPLETION,
						     TACIT_JOB_EMBEDDING };
	struct tacit_openai_memory *memory = calloc(1, sizeof(*memory));
	struct tacit_error json_err = { 0 };
	enum tacit_status st;

	if (!memory)
		return tacit_fail(err, TACIT_NOMEM, "request", 0, "out of memory");
	memory->request.memory = memory;
	memory->request.call = call;
	memory->request.job.kind = kinds[call];
	st = tacit_json_parse(body, &memory->root, &json_err);
	if (st)
		st = tacit_fail(err, st, "request", json_err.offset,
				"the body is not valid JSON: %s", json_err.detail);
	else
		st = parse_body(memory, info, err);
	if (st) {
		tacit_openai_request_free(&memory->request);
		return st;
	}
	drop_rest(memory);
	*ret_request = &memory->request;
	return TACIT_OK;
}

void tacit_openai_request_free(struct tacit_openai_request *request)
{
	struct tacit_openai_memory *memory = request ? request->memory : NULL;

	if (!memory)
		return;
	json_decref(memory->root);
	free(memory->messages);
	free(memory->tools);
	free(memory->schema);
	free(memory->prompts);
	free(memory->tokens);
	free(memory);
}
