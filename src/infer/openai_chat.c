/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "infer/openai_impl.h"

static enum tacit_status refuse_at(struct tacit_error *err, enum tacit_status status, size_t i,
				   const char *member, const char *text)
{
	char name[56];

	snprintf(name, sizeof(name), "messages[%zu]%s", i, member);
	return tacit_openai_refuse(err, status, name, text);
}

static bool text_is(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool known_role(const json_t *role)
{
	static const char *const roles[] = { "system",    "developer", "user",
					     "assistant", "tool",      "function" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(roles); i++)
		if (text_is(role, roles[i]))
			return true;
	return false;
}

static enum tacit_status check_parts(const json_t *parts, size_t at, struct tacit_error *err)
{
	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);
		const json_t *type = json_object_get(part, "type");

		if (!json_is_string(type))
			return refuse_at(err, TACIT_FORMAT, at, ".content",
					 "must hold objects with a type");
		if (!text_is(type, "text"))
			return refuse_at(err, TACIT_UNSUPPORTED, at, ".content",
					 "can only hold text here");
		if (!json_is_string(json_object_get(part, "text")))
			return refuse_at(err, TACIT_FORMAT, at, ".content",
					 "must hold a text in every part");
	}
	return TACIT_OK;
}

static enum tacit_status check_content(const json_t *message, size_t i, struct tacit_error *err)
{
	const json_t *content = tacit_openai_member(message, "content");
	bool calls = text_is(json_object_get(message, "role"), "assistant") &&
		     tacit_openai_member(message, "tool_calls");

	if (json_is_string(content) || (!content && calls))
		return TACIT_OK;
	if (json_is_array(content))
		return check_parts(content, i, err);
	return refuse_at(err, TACIT_FORMAT, i, ".content", "must be a string or an array of parts");
}

static bool good_call(const json_t *call)
{
	const json_t *function = json_object_get(call, "function");
	const json_t *id = tacit_openai_member(call, "id");

	return (!id || json_is_string(id)) && json_is_string(json_object_get(function, "name")) &&
	       json_is_string(json_object_get(function, "arguments"));
}

static enum tacit_status check_calls(const json_t *message, size_t at, struct tacit_error *err)
{
	const json_t *calls = tacit_openai_member(message, "tool_calls");

	if (!calls)
		return TACIT_OK;
	if (!json_is_array(calls) || json_array_size(calls) > TACIT_OPENAI_TOOLS_MAX)
		return refuse_at(err, TACIT_FORMAT, at, ".tool_calls", "must be a short array");
	for (size_t i = 0; i < json_array_size(calls); i++)
		if (!good_call(json_array_get(calls, i)))
			return refuse_at(err, TACIT_FORMAT, at, ".tool_calls",
					 "must hold functions with a name and arguments as text");
	return TACIT_OK;
}

static enum tacit_status check_message(const json_t *message, size_t i, struct tacit_error *err)
{
	static const char *const texts[] = { "name", "tool_call_id", "reasoning_content" };
	enum tacit_status st;

	if (!json_is_object(message))
		return refuse_at(err, TACIT_FORMAT, i, "", "must be an object");
	if (!known_role(json_object_get(message, "role")))
		return refuse_at(err, TACIT_FORMAT, i, ".role",
				 "must be system, developer, user, assistant or tool");
	for (size_t k = 0; k < TACIT_ARRAY_LEN(texts); k++) {
		const json_t *value = tacit_openai_member(message, texts[k]);

		if (value && !json_is_string(value))
			return refuse_at(err, TACIT_FORMAT, i, "",
					 "has a member that must be a string");
	}
	st = check_calls(message, i, err);
	return st ? st : check_content(message, i, err);
}

static enum tacit_status keep_text(const json_t *value, size_t max, const char *member,
				   char **ret_text, struct tacit_slice *ret,
				   struct tacit_error *err)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text)
		return tacit_fail(err, TACIT_NOMEM, "request", 0, "out of memory");
	*ret_text = text;
	*ret = tacit_slice_str(text);
	if (max && ret->len > max)
		return tacit_openai_refuse(err, TACIT_LIMIT, member, "is too large");
	return TACIT_OK;
}

enum tacit_status tacit_openai_parse_messages(const json_t *body,
					      struct tacit_openai_memory *memory,
					      struct tacit_error *err)
{
	const json_t *messages = tacit_openai_member(body, "messages");
	enum tacit_status st = TACIT_OK;

	if (!json_is_array(messages) || json_array_size(messages) == 0)
		return tacit_openai_refuse(err, TACIT_FORMAT, "messages",
					   "must be a non-empty array");
	if (json_array_size(messages) > TACIT_OPENAI_MESSAGES_MAX)
		return tacit_openai_refuse(err, TACIT_LIMIT, "messages", "has too many elements");
	for (size_t i = 0; i < json_array_size(messages) && !st; i++)
		st = check_message(json_array_get(messages, i), i, err);
	if (st)
		return st;
	return keep_text(messages, 0, "messages", &memory->messages, &memory->request.job.messages,
			 err);
}

static bool good_tool(const json_t *tool)
{
	const json_t *function = json_object_get(tool, "function");
	const json_t *about = tacit_openai_member(function, "description");
	const json_t *parameters = tacit_openai_member(function, "parameters");

	return text_is(json_object_get(tool, "type"), "function") &&
	       json_is_string(json_object_get(function, "name")) &&
	       (!about || json_is_string(about)) && (!parameters || json_is_object(parameters));
}

/* {"type":"function","function":{"name":...}}: only that tool is left, and must be called. */
static enum tacit_status choose_tool(const json_t *choice, const json_t *tools,
				     struct tacit_openai_memory *memory, struct tacit_error *err)
{
	const json_t *name = json_object_get(json_object_get(choice, "function"), "name");
	struct tacit_job *job = &memory->request.job;
	enum tacit_status st;

	for (size_t i = 0; json_is_string(name) && i < json_array_size(tools); i++) {
		json_t *tool = json_array_get(tools, i);
		json_t *one;

		if (!json_equal(json_object_get(json_object_get(tool, "function"), "name"), name))
			continue;
		job->tool_choice = tacit_slice_str("required");
		one = json_pack("[O]", tool);
		st = keep_text(one, TACIT_OPENAI_SCHEMA_MAX, "tools", &memory->tools, &job->tools,
			       err);
		json_decref(one);
		return st;
	}
	return tacit_openai_refuse(err, TACIT_FORMAT, "tool_choice", "names none of the tools");
}

static enum tacit_status parse_choice(const json_t *choice, struct tacit_openai_memory *memory,
				      struct tacit_error *err)
{
	static const char *const names[] = { "auto", "none", "required" };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(names); i++)
		if (text_is(choice, names[i])) {
			memory->request.job.tool_choice = tacit_slice_str(names[i]);
			return TACIT_OK;
		}
	return tacit_openai_refuse(err, TACIT_FORMAT, "tool_choice",
				   "must be auto, none, required or a function");
}

enum tacit_status tacit_openai_parse_tools(const json_t *body, struct tacit_openai_memory *memory,
					   struct tacit_error *err)
{
	const json_t *tools = tacit_openai_member(body, "tools");
	const json_t *choice = tacit_openai_member(body, "tool_choice");
	const json_t *parallel = tacit_openai_member(body, "parallel_tool_calls");
	struct tacit_job *job = &memory->request.job;

	if (parallel && !json_is_boolean(parallel))
		return tacit_openai_refuse(err, TACIT_FORMAT, "parallel_tool_calls",
					   "must be true or false");
	job->parallel_tools = !json_is_false(parallel);
	if (tools && (!json_is_array(tools) || json_array_size(tools) > TACIT_OPENAI_TOOLS_MAX))
		return tacit_openai_refuse(err, TACIT_FORMAT, "tools",
					   "must be an array of at most 128");
	for (size_t i = 0; i < json_array_size(tools); i++)
		if (!good_tool(json_array_get(tools, i)))
			return tacit_openai_refuse(
				err, TACIT_FORMAT, "tools",
				"must hold functions with a name and parameters as an object");
	enum tacit_status st = tacit_openai_weigh_tools(tools, err);
	if (st)
		return st;
	if (json_array_size(tools) && job->schema.len)
		return tacit_openai_refuse(err, TACIT_UNSUPPORTED, "response_format",
					   "cannot go with tools");
	if (json_is_object(choice))
		return choose_tool(choice, tools, memory, err);
	if (choice)
		st = parse_choice(choice, memory, err);
	if (st || !json_array_size(tools))
		return st;
	return keep_text(tools, TACIT_OPENAI_SCHEMA_MAX, "tools", &memory->tools, &job->tools, err);
}

static enum tacit_status keep_schema(const json_t *schema, struct tacit_openai_memory *memory,
				     struct tacit_error *err)
{
	enum tacit_status st;
	json_t *any;

	if (schema && !json_is_object(schema))
		return tacit_openai_refuse(err, TACIT_FORMAT, "response_format",
					   "must have an object as its schema");
	if (schema && json_object_size(schema)) {
		st = keep_text(schema, TACIT_OPENAI_SCHEMA_MAX, "response_format", &memory->schema,
			       &memory->request.job.schema, err);
		return st ? st : tacit_openai_weigh_schema(schema, "response_format", err);
	}
	any = json_pack("{s:s}", "type", "object");
	st = keep_text(any, 0, "response_format", &memory->schema, &memory->request.job.schema,
		       err);
	json_decref(any);
	return st;
}

enum tacit_status tacit_openai_parse_format(const json_t *body, struct tacit_openai_memory *memory,
					    struct tacit_error *err)
{
	const json_t *format = tacit_openai_member(body, "response_format");
	const json_t *type = json_object_get(format, "type");
	const json_t *wrapper = tacit_openai_member(format, "json_schema");

	if (!format || text_is(type, "text"))
		return TACIT_OK;
	if (text_is(type, "json_object"))
		return keep_schema(tacit_openai_member(format, "schema"), memory, err);
	if (!text_is(type, "json_schema"))
		return tacit_openai_refuse(err, TACIT_FORMAT, "response_format",
					   "must be of type text, json_object or json_schema");
	if (!json_is_object(wrapper))
		return tacit_openai_refuse(err, TACIT_FORMAT, "response_format",
					   "must have an object json_schema");
	return keep_schema(tacit_openai_member(wrapper, "schema"), memory, err);
}
