/* SPDX-License-Identifier: Apache-2.0 */
#include "shim.h"

#include <climits>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chat.h"
#include "common.h"
#include "json-schema-to-grammar.h"
#include "json.h"
#include "llama.h"
#include "log.h"
#include "sampling.h"

struct tacit_shim_chat {
	common_chat_templates_ptr templates;
};

struct tacit_shim_plan {
	std::string prompt;
	common_grammar grammar;
	bool grammar_lazy = false;
	std::vector<common_grammar_trigger> triggers;
	std::set<llama_token> kept;
	std::string generation_prompt;

	bool parses = false;
	bool plain_tools = false; /* the template knows no tools: see plan_plain_tools() */
	common_chat_parser_params parser;
	std::string output;
	common_chat_msg message;
	std::string reasoning_delta;
	std::string content_delta;

	std::string call_prefix;
	std::string tool_calls;
};

struct tacit_shim_sampler {
	common_sampler_ptr common;
	bool greedy = false;
	bool guided = false; /* by a grammar */
	int32_t n_vocab = 0;
	int64_t spent_us = 0; /* of this thread's time, choosing `chosen` tokens */
	int64_t chosen = 0;
};

namespace
{

/* What choosing under a grammar may take: in all, and for each token. */
const int64_t GUIDED_US = 1000 * 1000;
const int64_t GUIDED_TOKEN_US = 20 * 1000;

void explain(struct tacit_shim_why *why, const char *text)
{
	if (!why)
		return;
	strncpy(why->text, text, sizeof(why->text) - 1);
	why->text[sizeof(why->text) - 1] = '\0';
}

/* The one place where exceptions end. */
template <typename F> bool guarded(struct tacit_shim_why *why, F body)
{
	try {
		body();
		return true;
	} catch (const std::bad_alloc &) {
		explain(why, "out of memory");
	} catch (const std::exception &e) {
		explain(why, e.what());
	} catch (...) {
		explain(why, "unknown failure");
	}
	return false;
}

std::string string_of(struct tacit_shim_text text)
{
	return text.ptr ? std::string(text.ptr, text.len) : std::string();
}

struct tacit_shim_text text_of(const std::string &s)
{
	return { s.data(), s.size() };
}

void keep_tokens(struct tacit_shim_plan *plan, const llama_vocab *vocab,
		 const std::vector<std::string> &texts)
{
	for (const auto &text : texts) {
		auto ids = common_tokenize(vocab, text, false, true);
		if (ids.size() == 1)
			plan->kept.insert(ids[0]);
	}
}

/* A trigger word that is one token is matched as that token. */
void add_trigger(struct tacit_shim_plan *plan, const llama_vocab *vocab,
		 common_grammar_trigger trigger)
{
	if (trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD) {
		auto ids = common_tokenize(vocab, trigger.value, false, true);
		if (ids.size() == 1 && plan->kept.count(ids[0])) {
			trigger.type = COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN;
			trigger.token = ids[0];
		}
	}
	plan->triggers.push_back(std::move(trigger));
}

common_chat_templates_inputs inputs_of(const struct tacit_shim_request &request)
{
	common_chat_templates_inputs in;

	in.messages =
		common_chat_msgs_parse_oaicompat(common_json::parse(string_of(request.messages)));
	if (request.tools.ptr)
		in.tools = common_chat_tools_parse_oaicompat(
			common_json::parse(string_of(request.tools)));
	if (request.tool_choice.ptr)
		in.tool_choice =
			common_chat_tool_choice_parse_oaicompat(string_of(request.tool_choice));
	in.json_schema = string_of(request.schema);
	in.parallel_tool_calls = request.parallel_tools;
	in.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
	return in;
}

void take_parser(struct tacit_shim_plan *plan, const common_chat_params &params, bool tools)
{
	/* Plain content needs no parser, and streams at no cost per token. */
	plan->parses = tools || params.supports_thinking;
	plan->parser = common_chat_parser_params(params);
	plan->parser.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
	plan->parser.parse_tool_calls = tools;
	if (!params.parser.empty())
		plan->parser.parser.load(params.parser);
	else
		plan->parses = false;
}

/* {"type":"object","properties":{MEMBER:SCHEMA},"required":[MEMBER]} */
std::string object_schema(const std::string &member, const std::string &schema)
{
	return "{\"type\":\"object\",\"properties\":{\"" + member + "\":" + schema +
	       "},\"required\":[\"" + member + "\"],\"additionalProperties\":false}";
}

/* The schema of one call of any of the tools. */
std::string call_schema(const std::vector<common_chat_tool> &tools)
{
	std::string any;

	for (const auto &tool : tools) {
		auto parameters =
			tool.parameters.empty() ? "{\"type\":\"object\"}" : tool.parameters;
		any += any.empty() ? "" : ",";
		any += "{\"type\":\"object\",\"properties\":{\"name\":{\"const\":" +
		       common_json::make(tool.name).dump() + "},\"arguments\":" + parameters +
		       "},\"required\":[\"name\",\"arguments\"],\"additionalProperties\":false}";
	}
	return object_schema("tool_call", "{\"anyOf\":[" + any + "]}");
}

/*
 * Tools for a model whose template has no place for them: a system message lists them, and a
 * grammar leaves it only one call or one reply as JSON.
 */
void plan_plain_tools(struct tacit_shim_plan *plan, common_chat_templates_inputs &in)
{
	common_chat_msg message;
	std::string schema = call_schema(in.tools);

	message.role = "system";
	message.content = "Answer in JSON, with \"tool_call\" to call one of these tools";
	if (in.tool_choice != COMMON_CHAT_TOOL_CHOICE_REQUIRED) {
		message.content += ", or with \"response\" to reply";
		schema = "{\"anyOf\":[" + schema + "," +
			 object_schema("response", "{\"type\":\"string\"}") + "]}";
	}
	message.content += ".\nTools: " + common_chat_tools_to_json_oaicompat(in.tools).dump();
	in.messages.insert(in.messages.begin(), message);
	in.tools.clear();
	in.json_schema = schema;
	plan->plain_tools = true;
}

/* Reads what plan_plain_tools() asked for; an answer that was cut off has nothing to read. */
void read_plain_tools(struct tacit_shim_plan *plan)
{
	auto value = common_json::parse_no_throw(plan->output);

	if (value.is_discarded() || !value.is_object())
		return;
	if (value.contains("response"))
		plan->content_delta = value.at("response").get<std::string>();
	if (value.contains("tool_call")) {
		common_chat_tool_call call;
		call.name = value.at("tool_call").at("name").get<std::string>();
		call.arguments = value.at("tool_call").at("arguments").dump();
		plan->message.tool_calls.push_back(call);
	}
}

void plan_chat(struct tacit_shim_plan *plan, const struct tacit_shim_chat *chat,
	       const llama_vocab *vocab, const struct tacit_shim_request &request)
{
	auto in = inputs_of(request);
	bool tools = !in.tools.empty() && in.tool_choice != COMMON_CHAT_TOOL_CHOICE_NONE;
	auto caps = common_chat_templates_get_caps(chat->templates.get());

	if (tools && !caps["supports_tools"])
		plan_plain_tools(plan, in);
	auto params = common_chat_templates_apply(chat->templates.get(), in);

	plan->prompt = params.prompt;
	plan->generation_prompt = params.generation_prompt;
	plan->grammar_lazy = params.grammar_lazy;
	if (!params.grammar.empty())
		plan->grammar = common_grammar(COMMON_GRAMMAR_TYPE_TOOL_CALLS, params.grammar);
	keep_tokens(plan, vocab, params.preserved_tokens);
	for (const auto &trigger : params.grammar_triggers)
		add_trigger(plan, vocab, trigger);
	take_parser(plan, params, tools && !plan->plain_tools);
	plan->parses = plan->parses || plan->plain_tools;
}

void plan_completion(struct tacit_shim_plan *plan, const struct tacit_shim_request &request)
{
	if (!request.schema.ptr)
		return;
	auto schema = common_json::parse(string_of(request.schema));
	plan->grammar =
		common_grammar(COMMON_GRAMMAR_TYPE_USER, json_schema_to_grammar(schema, true));
}

/* llama.cpp's parsers may take a step back while the text is incomplete; deltas never do. */
void add_growth(std::string &delta, const std::string &before, std::string &now)
{
	if (now.size() >= before.size() && now.compare(0, before.size(), before) == 0)
		delta.assign(now, before.size(), std::string::npos);
	else
		now = before;
}

void read_message(struct tacit_shim_plan *plan, bool last)
{
	auto next = common_chat_parse(plan->output, !last, plan->parser);

	add_growth(plan->reasoning_delta, plan->message.reasoning_content, next.reasoning_content);
	add_growth(plan->content_delta, plan->message.content, next.content);
	plan->message = std::move(next);
}

common_params_sampling sampling_of(const struct tacit_shim_plan *plan,
				   const struct tacit_shim_sampling &s)
{
	common_params_sampling out;

	out.no_perf = true;
	if (s.set & TACIT_SHIM_SEED)
		out.seed = s.seed;
	if (s.set & TACIT_SHIM_FREQUENCY)
		out.penalty_freq = s.frequency_penalty;
	if (s.set & TACIT_SHIM_PRESENCE)
		out.penalty_present = s.presence_penalty;
	out.grammar = plan->grammar;
	out.grammar_lazy = plan->grammar_lazy;
	out.grammar_triggers = plan->triggers;
	out.preserved_tokens = plan->kept;
	out.generation_prompt = plan->generation_prompt;
	return out;
}

void model_default(const llama_model *model, enum llama_model_meta_key key, float *value)
{
	char text[64];

	if (llama_model_meta_val_str(model, llama_model_meta_key_str(key), text, sizeof(text)) > 0)
		*value = strtof(text, nullptr);
}

/* What the request says, else what the model's metadata recommends, else llama.cpp's value. */
void choose_sampling(const llama_model *model, const struct tacit_shim_sampling &s,
		     common_params_sampling &out)
{
	float top_k = (float)out.top_k;

	model_default(model, LLAMA_MODEL_META_KEY_SAMPLING_TEMP, &out.temp);
	model_default(model, LLAMA_MODEL_META_KEY_SAMPLING_TOP_P, &out.top_p);
	model_default(model, LLAMA_MODEL_META_KEY_SAMPLING_MIN_P, &out.min_p);
	model_default(model, LLAMA_MODEL_META_KEY_SAMPLING_TOP_K, &top_k);
	out.top_k = (int32_t)top_k;
	if (s.set & TACIT_SHIM_TEMPERATURE)
		out.temp = s.temperature;
	if (s.set & TACIT_SHIM_TOP_P)
		out.top_p = s.top_p;
	if (s.set & TACIT_SHIM_MIN_P)
		out.min_p = s.min_p;
	if (s.set & TACIT_SHIM_TOP_K)
		out.top_k = s.top_k;
}

/* At temperature 0 without a grammar the best token needs no candidate list. */
llama_token best_token(const struct tacit_shim_sampler *sampler, llama_context *ctx, int32_t index)
{
	const float *logits = llama_get_logits_ith(ctx, index);
	llama_token best = 0;

	if (!logits)
		throw std::runtime_error("no logits for this output");
	for (llama_token i = 1; i < sampler->n_vocab; i++)
		if (logits[i] > logits[best])
			best = i;
	return best;
}

int64_t thread_us()
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * A grammar can have ever more ways to go on, and every stream waits while they are followed.
 * Schemas are weighed before; this ends the one that was misjudged.
 */
void charge(struct tacit_shim_sampler *sampler, int64_t us)
{
	sampler->spent_us += us;
	sampler->chosen++;
	if (sampler->spent_us > GUIDED_US + sampler->chosen * GUIDED_TOKEN_US)
		throw std::runtime_error("the schema leaves too many ways to answer");
}

} // namespace

/*
 * The static initialisers of the engine's libraries, in their order. tools/deps/llama.sh takes them
 * out of those that run before main, since a verdict needs none of them (docs/adr/0007).
 */
extern "C" {
typedef void (*engine_initialiser)(void);
extern const engine_initialiser __start_tacit_engine_init[] __attribute__((weak));
extern const engine_initialiser __stop_tacit_engine_init[] __attribute__((weak));
}

static void run_initialisers()
{
	for (const engine_initialiser *i = __start_tacit_engine_init; i != __stop_tacit_engine_init; i++)
		(*i)();
}

void tacit_shim_init(void)
{
	static std::once_flag once;

	std::call_once(once, run_initialisers);
	common_log_set_verbosity_thold(INT_MIN);
}

int32_t tacit_shim_decode(struct llama_context *ctx, const struct llama_batch *batch)
{
	int32_t rc = -99;

	guarded(nullptr, [&] {
		rc = llama_get_memory(ctx) ? llama_decode(ctx, *batch) : llama_encode(ctx, *batch);
	});
	return rc;
}

int32_t tacit_shim_tokenize(const struct llama_vocab *vocab, struct tacit_shim_text text,
			    int32_t *tokens, int32_t room, bool add_special, bool parse_special)
{
	int32_t n = INT32_MIN;

	if (text.len > INT32_MAX)
		return n;
	guarded(nullptr, [&] {
		n = llama_tokenize(vocab, text.ptr ? text.ptr : "", (int32_t)text.len, tokens, room,
				   add_special, parse_special);
	});
	return n;
}

bool tacit_shim_chat_new(const struct llama_model *model, struct tacit_shim_chat **ret_chat,
			 struct tacit_shim_why *why)
{
	return guarded(why, [&] {
		auto chat = std::make_unique<tacit_shim_chat>();
		chat->templates = common_chat_templates_init(model, "");
		*ret_chat = chat.release();
	});
}

void tacit_shim_chat_free(struct tacit_shim_chat *chat)
{
	delete chat;
}

bool tacit_shim_plan_new(const struct tacit_shim_chat *chat, const struct llama_vocab *vocab,
			 const struct tacit_shim_request *request,
			 struct tacit_shim_plan **ret_plan, struct tacit_shim_why *why)
{
	return guarded(why, [&] {
		auto plan = std::make_unique<tacit_shim_plan>();
		plan->call_prefix = string_of(request->call_prefix);
		if (request->messages.ptr)
			plan_chat(plan.get(), chat, vocab, *request);
		else
			plan_completion(plan.get(), *request);
		*ret_plan = plan.release();
	});
}

void tacit_shim_plan_free(struct tacit_shim_plan *plan)
{
	delete plan;
}

struct tacit_shim_text tacit_shim_plan_prompt(const struct tacit_shim_plan *plan)
{
	return text_of(plan->prompt);
}

bool tacit_shim_plan_parses(const struct tacit_shim_plan *plan)
{
	return plan->parses;
}

bool tacit_shim_plan_keeps(const struct tacit_shim_plan *plan, int32_t token)
{
	return !plan->kept.empty() && plan->kept.count(token) > 0;
}

bool tacit_shim_plan_feed(struct tacit_shim_plan *plan, struct tacit_shim_text text, bool last,
			  struct tacit_shim_delta *ret_delta, struct tacit_shim_why *why)
{
	return guarded(why, [&] {
		plan->output.append(text.ptr ? text.ptr : "", text.len);
		plan->reasoning_delta.clear();
		plan->content_delta.clear();
		if (!plan->plain_tools)
			read_message(plan, last);
		else if (last)
			read_plain_tools(plan);
		ret_delta->reasoning = text_of(plan->reasoning_delta);
		ret_delta->content = text_of(plan->content_delta);
	});
}

struct tacit_shim_text tacit_shim_plan_tool_calls(struct tacit_shim_plan *plan)
{
	struct tacit_shim_text none = { nullptr, 0 };
	const auto &calls = plan->message.tool_calls;

	if (calls.empty())
		return none;
	bool made = guarded(nullptr, [&] {
		std::string out = "[";
		for (size_t i = 0; i < calls.size(); i++) {
			auto id = plan->call_prefix + "_" + std::to_string(i);
			out += (i ? ",{\"index\":" : "{\"index\":") + std::to_string(i);
			out += ",\"id\":" + common_json::make(id).dump();
			out += ",\"type\":\"function\",\"function\":{\"name\":";
			out += common_json::make(calls[i].name).dump() + ",\"arguments\":";
			out += common_json::make(calls[i].arguments).dump() + "}}";
		}
		plan->tool_calls = out + "]";
	});
	return made ? text_of(plan->tool_calls) : none;
}

bool tacit_shim_sampler_new(const struct llama_model *model, const struct tacit_shim_plan *plan,
			    const struct tacit_shim_sampling *sampling,
			    struct tacit_shim_sampler **ret_sampler, struct tacit_shim_why *why)
{
	return guarded(why, [&] {
		auto sampler = std::make_unique<tacit_shim_sampler>();
		auto params = sampling_of(plan, *sampling);
		choose_sampling(model, *sampling, params);
		sampler->n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
		sampler->greedy = params.temp <= 0 && params.grammar.empty() &&
				  params.penalty_freq == 0 && params.penalty_present == 0;
		sampler->guided = !params.grammar.empty();
		if (!sampler->greedy)
			sampler->common.reset(common_sampler_init(model, params));
		*ret_sampler = sampler.release();
	});
}

void tacit_shim_sampler_free(struct tacit_shim_sampler *sampler)
{
	delete sampler;
}

bool tacit_shim_sampler_next(struct tacit_shim_sampler *sampler, struct llama_context *ctx,
			     int32_t index, int32_t *ret_token, struct tacit_shim_why *why)
{
	return guarded(why, [&] {
		if (sampler->greedy) {
			*ret_token = best_token(sampler, ctx, index);
			return;
		}
		int64_t start = sampler->guided ? thread_us() : 0;
		auto token = common_sampler_sample(sampler->common.get(), ctx, index);
		common_sampler_accept(sampler->common.get(), token, true);
		if (sampler->guided)
			charge(sampler, thread_us() - start);
		*ret_token = token;
	});
}
