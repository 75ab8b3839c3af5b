/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/openai.h"

#include <stdlib.h>

#include "base/base64.h"

/* The order of enum tacit_finish; a cancelled answer has nobody to read it. */
static const char *const finish_names[] = { "stop", "stop", "length", "tool_calls", "stop" };

static void put_member(struct tacit_out *out, const char *name, const char *value)
{
	tacit_out_text(out, ",\"");
	tacit_out_text(out, name);
	tacit_out_text(out, "\":");
	tacit_out_string(out, tacit_slice_str(value));
}

static const char *object_name(const struct tacit_openai_reply *reply, bool stream)
{
	if (reply->call != TACIT_OPENAI_CHAT)
		return "text_completion";
	return stream ? "chat.completion.chunk" : "chat.completion";
}

/* {"id":...,"object":...,"created":...,"model":...,"system_fingerprint":... */
static void put_head(const struct tacit_openai_reply *reply, bool stream, struct tacit_out *out)
{
	tacit_out_text(out, "{\"id\":");
	tacit_out_string(out, tacit_slice_str(reply->id));
	put_member(out, "object", object_name(reply, stream));
	tacit_out_text(out, ",\"created\":");
	tacit_out_uint(out, reply->created);
	put_member(out, "model", reply->model);
	if (reply->fingerprint)
		put_member(out, "system_fingerprint", reply->fingerprint);
}

/* An event up to the inside of its one choice. */
static void open_event(const struct tacit_openai_reply *reply, struct tacit_out *out)
{
	tacit_out_text(out, "data: ");
	put_head(reply, true, out);
	tacit_out_text(out, ",\"choices\":[{\"index\":0,");
}

static void close_event(const struct tacit_openai_reply *reply, const char *finish,
			struct tacit_out *out)
{
	tacit_out_text(out, reply->call == TACIT_OPENAI_CHAT ? "" : ",\"logprobs\":null");
	tacit_out_text(out, ",\"finish_reason\":");
	if (finish)
		tacit_out_string(out, tacit_slice_str(finish));
	else
		tacit_out_text(out, "null");
	tacit_out_text(out, "}]");
	/* With usage asked for, every event before the last has it as null. */
	tacit_out_text(out, reply->include_usage ? ",\"usage\":null}\n\n" : "}\n\n");
}

void tacit_openai_stream_start(const struct tacit_openai_reply *reply, struct tacit_out *out)
{
	if (reply->call != TACIT_OPENAI_CHAT)
		return;
	open_event(reply, out);
	tacit_out_text(out, "\"delta\":{\"role\":\"assistant\",\"content\":\"\"}");
	close_event(reply, NULL, out);
}

static void put_delta(const struct tacit_openai_reply *reply, const char *member,
		      struct tacit_slice text, struct tacit_out *out)
{
	open_event(reply, out);
	tacit_out_text(out, "\"delta\":{\"");
	tacit_out_text(out, member);
	tacit_out_text(out, "\":\"");
	tacit_out_escaped(out, text);
	tacit_out_text(out, "\"}");
	close_event(reply, NULL, out);
}

void tacit_openai_stream_text(const struct tacit_openai_reply *reply, struct tacit_slice text,
			      struct tacit_out *out)
{
	if (reply->call == TACIT_OPENAI_CHAT) {
		put_delta(reply, "content", text, out);
		return;
	}
	open_event(reply, out);
	tacit_out_text(out, "\"text\":");
	tacit_out_string(out, text);
	close_event(reply, NULL, out);
}

void tacit_openai_stream_reasoning(const struct tacit_openai_reply *reply, struct tacit_slice text,
				   struct tacit_out *out)
{
	put_delta(reply, "reasoning_content", text, out);
}

void tacit_openai_stream_tools(const struct tacit_openai_reply *reply, struct tacit_slice json,
			       struct tacit_out *out)
{
	open_event(reply, out);
	tacit_out_text(out, "\"delta\":{\"tool_calls\":");
	tacit_out_bytes(out, json);
	tacit_out_text(out, "}");
	close_event(reply, NULL, out);
}

static void put_usage(const struct tacit_job_result *result, struct tacit_out *out)
{
	tacit_out_text(out, "{\"prompt_tokens\":");
	tacit_out_uint(out, result->prompt_tokens);
	tacit_out_text(out, ",\"completion_tokens\":");
	tacit_out_uint(out, result->completion_tokens);
	tacit_out_text(out, ",\"total_tokens\":");
	tacit_out_uint(out, (uint64_t)result->prompt_tokens + result->completion_tokens);
	tacit_out_text(out, ",\"prompt_tokens_details\":{\"cached_tokens\":");
	tacit_out_uint(out, result->cached_tokens);
	tacit_out_text(out, "}}");
}

void tacit_openai_stream_end(const struct tacit_openai_reply *reply,
			     const struct tacit_job_result *result, struct tacit_out *out)
{
	if (result->status) {
		tacit_out_text(out, "data: ");
		tacit_openai_write_error(&result->error, out);
		tacit_out_text(out, "\n\n");
		return;
	}
	open_event(reply, out);
	tacit_out_text(out, reply->call == TACIT_OPENAI_CHAT ? "\"delta\":{}" : "\"text\":\"\"");
	close_event(reply, finish_names[result->finish], out);
	if (!reply->include_usage)
		return;
	tacit_out_text(out, "data: ");
	put_head(reply, true, out);
	tacit_out_text(out, ",\"choices\":[],\"usage\":");
	put_usage(result, out);
	tacit_out_text(out, "}\n\n");
}

static void put_message(const struct tacit_openai_answer *answer, struct tacit_out *out)
{
	tacit_out_text(out, "\"message\":{\"role\":\"assistant\",\"content\":");
	if (answer->tools.len && !answer->text.len)
		tacit_out_text(out, "null");
	else
		tacit_out_string(out, answer->text);
	if (answer->reasoning.len) {
		tacit_out_text(out, ",\"reasoning_content\":");
		tacit_out_string(out, answer->reasoning);
	}
	if (answer->tools.len) {
		tacit_out_text(out, ",\"tool_calls\":");
		tacit_out_bytes(out, answer->tools);
	}
	tacit_out_text(out, ",\"refusal\":null}");
}

void tacit_openai_write_body(const struct tacit_openai_reply *reply,
			     const struct tacit_openai_answer *answer,
			     const struct tacit_job_result *result, struct tacit_out *out)
{
	put_head(reply, false, out);
	tacit_out_text(out, ",\"choices\":[{\"index\":0,");
	if (reply->call == TACIT_OPENAI_CHAT) {
		put_message(answer, out);
	} else {
		tacit_out_text(out, "\"text\":");
		tacit_out_string(out, answer->text);
	}
	tacit_out_text(out, ",\"logprobs\":null,\"finish_reason\":\"");
	tacit_out_text(out, finish_names[result->finish]);
	tacit_out_text(out, "\"}],\"usage\":");
	put_usage(result, out);
	tacit_out_text(out, "}");
}

void tacit_openai_embed_start(struct tacit_out *out)
{
	tacit_out_text(out, "{\"object\":\"list\",\"data\":[");
}

/* Little-endian floats, as OpenAI's clients expect behind base64. */
static void put_base64(const float *vector, size_t count, struct tacit_out *out)
{
	size_t len = count * 4;
	char *text = malloc(len + tacit_base64_size(TACIT_BASE64, len) + 1);
	uint8_t *bytes = (uint8_t *)text;

	if (!text) {
		out->bad = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &vector[i], sizeof(bits));
		for (size_t k = 0; k < 4; k++)
			bytes[i * 4 + k] = (uint8_t)(bits >> 8 * k);
	}
	tacit_base64_encode(TACIT_BASE64, tacit_slice_of(bytes, len), text + len);
	tacit_out_text(out, "\"");
	tacit_out_text(out, text + len);
	tacit_out_text(out, "\"");
	free(text);
}

void tacit_openai_embed_add(size_t index, const float *vector, size_t count, bool base64,
			    struct tacit_out *out)
{
	tacit_out_text(out, index ? ",{" : "{");
	tacit_out_text(out, "\"object\":\"embedding\",\"index\":");
	tacit_out_uint(out, index);
	tacit_out_text(out, ",\"embedding\":");
	if (base64) {
		put_base64(vector, count, out);
	} else {
		for (size_t i = 0; i < count; i++) {
			tacit_out_text(out, i ? "," : "[");
			tacit_out_float(out, vector[i]);
		}
		tacit_out_text(out, "]");
	}
	tacit_out_text(out, "}");
}

void tacit_openai_embed_end(const struct tacit_openai_reply *reply,
			    const struct tacit_job_result *result, struct tacit_out *out)
{
	tacit_out_text(out, "],\"model\":");
	tacit_out_string(out, tacit_slice_str(reply->model));
	tacit_out_text(out, ",\"usage\":{\"prompt_tokens\":");
	tacit_out_uint(out, result->prompt_tokens);
	tacit_out_text(out, ",\"total_tokens\":");
	tacit_out_uint(out, result->prompt_tokens);
	tacit_out_text(out, "}}");
}

void tacit_openai_write_models(const struct tacit_engine_info *info, uint64_t created,
			       struct tacit_out *out)
{
	tacit_out_text(out, "{\"object\":\"list\",\"data\":[{\"id\":");
	tacit_out_string(out, tacit_slice_str(info->id));
	tacit_out_text(out, ",\"object\":\"model\",\"created\":");
	tacit_out_uint(out, created);
	tacit_out_text(out, ",\"owned_by\":\"tacit\"}]}");
}

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int tacit_openai_http(const struct tacit_error *err)
{
	if (starts(err->where, "infer.queue"))
		return err->status == TACIT_LIMIT ? 429 : 503;
	if (err->status == TACIT_NOMEM)
		return 503;
	return err->status == TACIT_INTERNAL || err->status == TACIT_IO ? 500 : 400;
}

static const char *error_type(int http)
{
	if (http == 429)
		return "rate_limit_error";
	return http == 400 ? "invalid_request_error" : "server_error";
}

static const char *error_code(const struct tacit_error *err, int http)
{
	if (http == 429)
		return "queue_full";
	if (starts(err->where, "infer.context"))
		return "context_length_exceeded";
	return err->status == TACIT_UNSUPPORTED ? "unsupported" : NULL;
}

static void put_or_null(struct tacit_out *out, const char *text)
{
	if (text)
		tacit_out_string(out, tacit_slice_str(text));
	else
		tacit_out_text(out, "null");
}

void tacit_openai_write_error(const struct tacit_error *err, struct tacit_out *out)
{
	int http = tacit_openai_http(err);
	const char *param = starts(err->where, "request.") ? err->where + 8 : NULL;

	tacit_out_text(out, "{\"error\":{\"message\":");
	tacit_out_string(out, tacit_slice_str(err->detail));
	put_member(out, "type", error_type(http));
	tacit_out_text(out, ",\"param\":");
	put_or_null(out, param);
	tacit_out_text(out, ",\"code\":");
	put_or_null(out, error_code(err, http));
	tacit_out_text(out, "}}");
}
