/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "infer/openai_impl.h"
#include "infer/text.h"
#include "tests/tap.h"

static const struct tacit_engine_info info = { .id = "demo \"model\"", .embd = 3 };

static const char *const HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

static enum tacit_status parse(enum tacit_openai_call call, const char *body,
			       struct tacit_openai_request **ret, struct tacit_error *err)
{
	memset(err, 0, sizeof(*err));
	return tacit_openai_parse(call, &info, tacit_slice_str(body), ret, err);
}

/* A chat body with one more member. */
static enum tacit_status parse_with(const char *member, struct tacit_openai_request **ret,
				    struct tacit_error *err)
{
	char body[2048];

	snprintf(body, sizeof(body), "{%s,%s}", HELLO, member);
	return parse(TACIT_OPENAI_CHAT, body, ret, err);
}

struct refusal {
	enum tacit_openai_call call;
	const char *body;
	const char *where;
};

/* Every one is refused with status 400 and names the member. */
static const struct refusal refusals[] = {
	{ TACIT_OPENAI_CHAT, "", "request" },
	{ TACIT_OPENAI_CHAT, "[]", "request" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[]", "request" },
	{ TACIT_OPENAI_CHAT, "{\"a\":1,\"a\":2}", "request" },
	{ TACIT_OPENAI_CHAT, "{\"a\":\"\\ud800\"}", "request" },
	{ TACIT_OPENAI_CHAT, "{\"a\":\"\xff\"}", "request" },
	{ TACIT_OPENAI_CHAT, "{}", "request.messages" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":null}", "request.messages" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":\"hi\"}", "request.messages" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[]}", "request.messages" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[1]}", "request.messages[0]" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"content\":\"x\"}]}", "request.messages[0].role" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"boss\",\"content\":\"x\"}]}",
	  "request.messages[0].role" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\"}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":null}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":5}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":[\"x\"]}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT,
	  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT,
	  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]}]}",
	  "request.messages[0].content" },
	{ TACIT_OPENAI_CHAT,
	  "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"}]}]}",
	  "request.messages[0].tool_calls" },
	{ TACIT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"name\":1}]}",
	  "request.messages[0]" },
	{ TACIT_OPENAI_COMPLETION, "{}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":null}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":{}}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":[]}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":[\"a\",\"b\"]}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":[1,-2]}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":[1,\"a\"]}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":[99999999999]}", "request.prompt" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":\"a\",\"echo\":true}", "request.echo" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":\"a\",\"echo\":1}", "request.echo" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":\"a\",\"suffix\":\"b\"}", "request.suffix" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":\"a\",\"best_of\":2}", "request.best_of" },
	{ TACIT_OPENAI_COMPLETION, "{\"prompt\":\"a\",\"logprobs\":3}", "request.logprobs" },
	{ TACIT_OPENAI_EMBEDDING, "{}", "request.input" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":[]}", "request.input" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":[[]]}", "request.input" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":[[1],[\"a\"]]}", "request.input" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":\"a\",\"encoding_format\":\"hex\"}",
	  "request.encoding_format" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":\"a\",\"encoding_format\":1}",
	  "request.encoding_format" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":\"a\",\"dimensions\":4}", "request.dimensions" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":\"a\",\"dimensions\":\"3\"}", "request.dimensions" },
	{ TACIT_OPENAI_EMBEDDING, "{\"input\":\"a\",\"model\":7}", "request.model" },
};

/* Members of a chat body, each wrong in its own way. */
static const char *const wrong_members[][2] = {
	{ "\"model\":1", "request.model" },
	{ "\"stream\":\"yes\"", "request.stream" },
	{ "\"stream\":1", "request.stream" },
	{ "\"stream_options\":{\"include_usage\":true}", "request.stream_options" },
	{ "\"stream\":true,\"stream_options\":[]", "request.stream_options" },
	{ "\"stream\":true,\"stream_options\":{\"include_usage\":1}", "request.include_usage" },
	{ "\"temperature\":\"hot\"", "request.temperature" },
	{ "\"temperature\":-0.1", "request.temperature" },
	{ "\"temperature\":2.1", "request.temperature" },
	{ "\"temperature\":[]", "request.temperature" },
	{ "\"top_p\":1.5", "request.top_p" },
	{ "\"min_p\":-1", "request.min_p" },
	{ "\"frequency_penalty\":3", "request.frequency_penalty" },
	{ "\"presence_penalty\":-3", "request.presence_penalty" },
	{ "\"top_k\":1.5", "request.top_k" },
	{ "\"top_k\":-1", "request.top_k" },
	{ "\"seed\":1.5", "request.seed" },
	{ "\"seed\":\"1\"", "request.seed" },
	{ "\"max_tokens\":0", "request.max_tokens" },
	{ "\"max_tokens\":1.0", "request.max_tokens" },
	{ "\"max_completion_tokens\":-5", "request.max_completion_tokens" },
	{ "\"stop\":1", "request.stop" },
	{ "\"stop\":[1]", "request.stop" },
	{ "\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"a\",\"b\",\"c\",\"d\","
	  "\"e\",\"f\",\"g\",\"h\"]",
	  "request.stop" },
	{ "\"n\":2", "request.n" },
	{ "\"n\":\"1\"", "request.n" },
	{ "\"logprobs\":true", "request.logprobs" },
	{ "\"top_logprobs\":2", "request.top_logprobs" },
	{ "\"logit_bias\":{\"5\":1}", "request.logit_bias" },
	{ "\"functions\":[{}]", "request.functions" },
	{ "\"response_format\":\"json\"", "request.response_format" },
	{ "\"response_format\":{\"type\":\"xml\"}", "request.response_format" },
	{ "\"response_format\":{\"type\":\"json_schema\"}", "request.response_format" },
	{ "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":[]}}",
	  "request.response_format" },
	{ "\"tools\":{}", "request.tools" },
	{ "\"tools\":[{\"type\":\"function\"}]", "request.tools" },
	{ "\"tools\":[{\"type\":\"web\",\"function\":{\"name\":\"a\"}}]", "request.tools" },
	{ "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":1}}]",
	  "request.tools" },
	{ "\"tool_choice\":\"maybe\"", "request.tool_choice" },
	{ "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}}",
	  "request.tool_choice" },
	{ "\"parallel_tool_calls\":\"no\"", "request.parallel_tool_calls" },
};

static void test_refusals(void)
{
	struct tacit_openai_request *request = NULL;
	struct tacit_error err;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		bool refused = parse(r->call, r->body, &request, &err) != TACIT_OK;

		ok(refused && strcmp(err.where, r->where) == 0 && tacit_openai_http(&err) == 400,
		   "refused at %s (%s): %.60s", r->where, err.where, r->body);
	}
	for (size_t i = 0; i < sizeof(wrong_members) / sizeof(wrong_members[0]); i++) {
		bool refused = parse_with(wrong_members[i][0], &request, &err) != TACIT_OK;

		ok(refused && strcmp(err.where, wrong_members[i][1]) == 0, "%s refuses %.60s",
		   wrong_members[i][1], wrong_members[i][0]);
	}
	ok(request == NULL, "a refused body leaves the output alone");
}

/* Inputs are few enough when their vectors fit into one answer. */
static void test_many_inputs(void)
{
	const struct tacit_engine_info wide = { .id = "wide", .embd = 1u << 18 };
	struct tacit_openai_request *request = NULL;
	struct tacit_slice four = tacit_slice_str("{\"input\":[\"a\",\"b\",\"c\",\"d\"]}");
	struct tacit_slice five = tacit_slice_str("{\"input\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}");
	struct tacit_error err = { 0 };

	is_status(tacit_openai_parse(TACIT_OPENAI_EMBEDDING, &wide, four, &request, &err), TACIT_OK,
		  "four inputs of a wide model");
	tacit_openai_request_free(request);
	request = NULL;
	is_status(tacit_openai_parse(TACIT_OPENAI_EMBEDDING, &wide, five, &request, &err),
		  TACIT_LIMIT, "five are too many");
	ok(strcmp(err.where, "request.input") == 0 && tacit_openai_http(&err) == 400 && !request,
	   "and say so (%s: %s)", err.where, err.detail);
}

static void test_depth(void)
{
	struct tacit_openai_request *request = NULL;
	struct tacit_error err;
	char member[512] = "\"x\":";

	for (int i = 0; i < 80; i++)
		strcat(member, "[");
	for (int i = 0; i < 80; i++)
		strcat(member, "]");
	ok(parse_with(member, &request, &err) != TACIT_OK, "deep nesting is refused");
}

static void test_chat(void)
{
	struct tacit_openai_request *r = NULL;
	struct tacit_error err;
	enum tacit_status st = parse_with(
		"\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
		"\"temperature\":0.5,\"top_p\":null,\"top_k\":7,\"seed\":-1,\"max_tokens\":5,"
		"\"stop\":[\"\",\"END\"],\"n\":1,\"logprobs\":false,\"logit_bias\":{},\"user\":1,"
		"\"unknown\":{\"a\":[1]}",
		&r, &err);

	if (!ok(st == TACIT_OK, "a full body is taken: %s", err.detail))
		return;
	ok(r->stream && r->include_usage, "stream and usage");
	is_slice(r->model, tacit_slice_str("m"), "model");
	ok(r->job.sampling.set == (TACIT_SET_TEMPERATURE | TACIT_SET_TOP_K | TACIT_SET_SEED),
	   "null leaves a parameter alone");
	ok(r->job.sampling.temperature == 0.5f && r->job.sampling.top_k == 7, "numbers");
	ok(r->job.sampling.seed != UINT32_MAX, "no seed means \"choose one\" to the engine");
	ok(r->job.max_tokens == 5 && r->job.stop_count == 1, "limits");
	is_slice(r->job.stops[0], tacit_slice_str("END"), "empty stop strings are dropped");
	is_slice(r->job.messages, tacit_slice_str("[{\"role\":\"user\",\"content\":\"hi\"}]"),
		 "messages");
	tacit_openai_request_free(r);
}

static void test_tools(void)
{
	struct tacit_openai_request *r = NULL;
	struct tacit_error err;
	const char *tools =
		"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}},"
		"{\"type\":\"function\",\"function\":{\"name\":\"b\",\"parameters\":{}}}],"
		"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}}";

	if (ok(parse_with(tools, &r, &err) == TACIT_OK, "a chosen tool: %s", err.detail)) {
		is_slice(r->job.tool_choice, tacit_slice_str("required"), "it must be called");
		is_slice(r->job.tools,
			 tacit_slice_str("[{\"type\":\"function\",\"function\":"
					 "{\"name\":\"b\",\"parameters\":{}}}]"),
			 "and is the only one left");
		ok(r->job.parallel_tools, "parallel calls unless told otherwise");
		tacit_openai_request_free(r);
	}
	if (ok(parse_with("\"response_format\":{\"type\":\"json_object\"}", &r, &err) == TACIT_OK,
	       "json_object")) {
		is_slice(r->job.schema, tacit_slice_str("{\"type\":\"object\"}"), "is any object");
		tacit_openai_request_free(r);
	}
}

static void test_prompts(void)
{
	struct tacit_openai_request *r = NULL;
	struct tacit_error err;

	if (ok(parse(TACIT_OPENAI_COMPLETION, "{\"prompt\":[5,6]}", &r, &err) == TACIT_OK,
	       "a prompt of tokens")) {
		ok(r->job.prompt_count == 1 && r->job.prompts[0].count == 2 &&
			   r->job.prompts[0].tokens[1] == 6,
		   "is one prompt");
		tacit_openai_request_free(r);
	}
	if (ok(parse(TACIT_OPENAI_EMBEDDING,
		     "{\"input\":[\"a\",[1,2],\"\\u0000b\"],\"dimensions\":3,"
		     "\"encoding_format\":\"base64\"}",
		     &r, &err) == TACIT_OK,
	       "mixed inputs")) {
		ok(r->job.prompt_count == 3 && r->job.prompts[1].count == 2 && r->base64,
		   "are three prompts");
		is_slice(r->job.prompts[2].text, tacit_slice_of("\0b", 2), "NUL in text survives");
		tacit_openai_request_free(r);
	}
}

/* Parses what follows "data: " of the `n`th event. */
static json_t *event(const struct tacit_out *out, size_t n)
{
	struct tacit_slice s = tacit_out_view(out);
	const char *at = (const char *)s.ptr;
	const char *end = at + s.len;

	for (; at && n > 0; n--) {
		at = memmem(at, (size_t)(end - at), "\n\n", 2);
		at = at ? at + 2 : NULL;
	}
	if (!at || end - at < 6 || memcmp(at, "data: ", 6) != 0)
		return NULL;
	return json_loadb(at + 6, (size_t)(end - at) - 6, JSON_DISABLE_EOF_CHECK, NULL);
}

static const char *text_at(json_t *value, const char *member)
{
	return json_string_value(json_object_get(value, member));
}

static json_t *choice_of(json_t *event)
{
	return json_array_get(json_object_get(event, "choices"), 0);
}

static void test_stream(void)
{
	struct tacit_openai_reply reply = { TACIT_OPENAI_CHAT, "id-1", "m\"x", "fp", 7, true };
	struct tacit_job_result result = { .finish = TACIT_FINISH_LENGTH,
					   .prompt_tokens = 3,
					   .completion_tokens = 2 };
	struct tacit_out out = { 0 };
	json_t *e;

	tacit_openai_stream_start(&reply, &out);
	tacit_openai_stream_text(&reply, tacit_slice_str("a\"\\\n\x01\xc3\xa4\xff"), &out);
	tacit_openai_stream_tools(&reply, tacit_slice_str("[{\"index\":0}]"), &out);
	tacit_openai_stream_end(&reply, &result, &out);
	e = event(&out, 0);
	ok(e && strcmp(text_at(json_object_get(choice_of(e), "delta"), "role"), "assistant") == 0,
	   "the first event names the role");
	ok(e && strcmp(text_at(e, "model"), "m\"x") == 0 &&
		   strcmp(text_at(e, "object"), "chat.completion.chunk") == 0,
	   "head");
	json_decref(e);
	e = event(&out, 1);
	ok(e && strcmp(text_at(json_object_get(choice_of(e), "delta"), "content"),
		       "a\"\\\n\x01\xc3\xa4\xef\xbf\xbd") == 0,
	   "text is escaped, bytes that are not UTF-8 are replaced");
	ok(e && json_is_null(json_object_get(e, "usage")), "usage is null until the end");
	json_decref(e);
	e = event(&out, 2);
	ok(json_array_size(json_object_get(json_object_get(choice_of(e), "delta"), "tool_calls")) ==
		   1,
	   "tool calls");
	json_decref(e);
	e = event(&out, 3);
	ok(e && strcmp(text_at(choice_of(e), "finish_reason"), "length") == 0, "finish reason");
	json_decref(e);
	e = event(&out, 4);
	ok(json_integer_value(json_object_get(json_object_get(e, "usage"), "total_tokens")) == 5,
	   "usage in an event of its own");
	json_decref(e);
	tacit_out_done(&out);
}

static void test_bodies(void)
{
	struct tacit_openai_reply reply = { TACIT_OPENAI_CHAT, "id", "m", NULL, 7, false };
	struct tacit_openai_answer answer = { tacit_slice_str("hi"), { NULL, 0 }, { NULL, 0 } };
	struct tacit_job_result result = { .finish = TACIT_FINISH_STOP };
	struct tacit_out out = { 0 };
	float vector[3] = { 1.0f, -0.1f, NAN };
	json_t *body;

	tacit_openai_write_body(&reply, &answer, &result, &out);
	body = json_loadb((char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	ok(body && strcmp(text_at(json_object_get(choice_of(body), "message"), "content"), "hi") ==
			   0,
	   "a whole chat answer");
	json_decref(body);
	tacit_out_reset(&out);
	reply.call = TACIT_OPENAI_COMPLETION;
	tacit_openai_write_body(&reply, &answer, &result, &out);
	body = json_loadb((char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	ok(body && strcmp(text_at(choice_of(body), "text"), "hi") == 0, "a whole completion");
	json_decref(body);
	tacit_out_reset(&out);
	tacit_openai_embed_start(&out);
	tacit_openai_embed_add(0, vector, 3, false, &out);
	tacit_openai_embed_add(1, vector, 1, true, &out);
	tacit_openai_embed_end(&reply, &result, &out);
	body = json_loadb((char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	ok(body && strcmp(text_at(json_array_get(json_object_get(body, "data"), 1), "embedding"),
			  "AACAPw==") == 0,
	   "embeddings as numbers and base64");
	json_decref(body);
	tacit_out_reset(&out);
	tacit_openai_write_models(&info, 9, &out);
	body = json_loadb((char *)out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
	ok(body && strcmp(text_at(json_array_get(json_object_get(body, "data"), 0), "id"),
			  "demo \"model\"") == 0,
	   "models");
	json_decref(body);
	tacit_out_done(&out);
}

static void test_errors(void)
{
	static const struct {
		struct tacit_error err;
		int http;
	} cases[] = {
		{ { TACIT_LIMIT, "infer.queue", 0, "" }, 429 },
		{ { TACIT_DENIED, "infer.queue", 0, "" }, 503 },
		{ { TACIT_LIMIT, "infer.context", 0, "" }, 400 },
		{ { TACIT_FORMAT, "infer.schema", 0, "" }, 400 },
		{ { TACIT_UNSUPPORTED, "infer.model", 0, "" }, 400 },
		{ { TACIT_INTERNAL, "infer.decode", 0, "" }, 500 },
		{ { TACIT_NOMEM, "infer.tokens", 0, "" }, 503 },
	};
	struct tacit_error err = { TACIT_FORMAT, "request.top_p", 0, "\"x\"" };
	struct tacit_out out = { 0 };
	json_t *body, *inner;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(tacit_openai_http(&cases[i].err) == cases[i].http, "%s %s is %d",
		   tacit_status_name(cases[i].err.status), cases[i].err.where, cases[i].http);
	tacit_openai_write_error(&err, &out);
	body = json_loadb((char *)out.ptr, out.len, 0, NULL);
	inner = json_object_get(body, "error");
	ok(inner && strcmp(text_at(inner, "param"), "top_p") == 0 &&
		   strcmp(text_at(inner, "type"), "invalid_request_error") == 0,
	   "an error in OpenAI's form");
	json_decref(body);
	tacit_out_done(&out);
}

/* What a request holds while it waits. */
static void is_kept(enum tacit_openai_call call, const char *body, const char *want)
{
	struct tacit_openai_request *r = NULL;
	struct tacit_error err;

	if (!ok(parse(call, body, &r, &err) == TACIT_OK, "parses: %.60s", body))
		return;
	char *kept = json_dumps(r->memory->root, JSON_COMPACT | JSON_SORT_KEYS);
	ok(kept && strcmp(kept, want) == 0, "  and keeps %s of it", kept);
	free(kept);
	tacit_openai_request_free(r);
}

static void test_kept(void)
{
	is_kept(TACIT_OPENAI_CHAT,
		"{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"zz\":[{},{}],\"prompt\":["
		"{}],"
		"\"input\":[{}],\"model\":\"m\",\"stop\":[\"a\"],\"temperature\":1}",
		"{\"model\":\"m\",\"stop\":[\"a\"]}");
	is_kept(TACIT_OPENAI_COMPLETION, "{\"prompt\":\"p\",\"input\":[{}],\"zz\":{}}",
		"{\"prompt\":\"p\"}");
	is_kept(TACIT_OPENAI_COMPLETION, "{\"prompt\":[1,2]}", "{\"prompt\":[null,null]}");
	is_kept(TACIT_OPENAI_EMBEDDING, "{\"input\":[\"a\",[1,2]],\"prompt\":[{}],\"stop\":[{}]}",
		"{\"input\":[\"a\",null]}");
}

int main(void)
{
	test_refusals();
	test_many_inputs();
	test_depth();
	test_chat();
	test_tools();
	test_prompts();
	test_stream();
	test_bodies();
	test_errors();
	test_kept();
	return done();
}
