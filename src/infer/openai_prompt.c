/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "infer/openai_impl.h"

/* The four forms a prompt comes in: text, texts, tokens, arrays of tokens. */

static bool is_tokens(const json_t *value)
{
	if (!json_is_array(value) || json_array_size(value) == 0)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *token = json_array_get(value, i);

		if (!json_is_integer(token) || json_integer_value(token) < 0 ||
		    json_integer_value(token) > INT32_MAX)
			return false;
	}
	return true;
}

static bool is_prompt(const json_t *value)
{
	return json_is_string(value) || is_tokens(value);
}

static size_t count_tokens(const json_t *list)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += json_array_size(json_array_get(list, i));
	return n;
}

/* Writes one prompt; `next` is where its tokens go. Returns where the next one's go. */
static int32_t *put_prompt(const json_t *value, struct tacit_prompt *prompt, int32_t *next)
{
	if (json_is_string(value)) {
		prompt->text = tacit_slice_of(json_string_value(value), json_string_length(value));
		return next;
	}
	prompt->tokens = next;
	prompt->count = json_array_size(value);
	for (size_t i = 0; i < prompt->count; i++)
		*next++ = (int32_t)json_integer_value(json_array_get(value, i));
	return next;
}

static enum tacit_status put_prompts(const json_t *list, struct tacit_openai_memory *memory,
				     struct tacit_error *err)
{
	size_t n = json_array_size(list);
	int32_t *next;

	memory->prompts = calloc(n, sizeof(*memory->prompts));
	memory->tokens = calloc(count_tokens(list) + 1, sizeof(*memory->tokens));
	if (!memory->prompts || !memory->tokens)
		return tacit_fail(err, TACIT_NOMEM, "request", 0, "out of memory");
	next = memory->tokens;
	for (size_t i = 0; i < n; i++)
		next = put_prompt(json_array_get(list, i), &memory->prompts[i], next);
	memory->request.job.prompts = memory->prompts;
	memory->request.job.prompt_count = n;
	return TACIT_OK;
}

static enum tacit_status check_list(const json_t *list, const char *name, size_t max,
				    struct tacit_error *err)
{
	if (json_array_size(list) == 0)
		return tacit_openai_refuse(err, TACIT_FORMAT, name, "is empty");
	if (json_array_size(list) > max)
		return tacit_openai_refuse(err, max == 1 ? TACIT_UNSUPPORTED : TACIT_LIMIT, name,
					   max == 1 ? "can only be one prompt here"
						    : "has too many elements");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!is_prompt(json_array_get(list, i)))
			return tacit_openai_refuse(err, TACIT_FORMAT, name,
						   "must be text or tokens, or arrays of them");
	return TACIT_OK;
}

enum tacit_status tacit_openai_parse_prompts(const json_t *body, const char *name, size_t max,
					     struct tacit_openai_memory *memory,
					     struct tacit_error *err)
{
	json_t *value = json_object_get(body, name);
	json_t *list;
	enum tacit_status st;

	if (!value || (!json_is_string(value) && !json_is_array(value)))
		return tacit_openai_refuse(err, TACIT_FORMAT, name, "must be a string or an array");
	list = is_prompt(value) ? json_pack("[O]", value) : json_incref(value);
	if (!list)
		return tacit_fail(err, TACIT_NOMEM, "request", 0, "out of memory");
	st = check_list(list, name, max, err);
	if (!st)
		st = put_prompts(list, memory, err);
	json_decref(list);
	return st;
}
