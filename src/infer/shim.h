/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_SHIM_H
#define TACIT_INFER_SHIM_H

/*
 * What llama.cpp's C API lacks and its common library has: chat templates, JSON schema to
 * grammar, sampling under a grammar, parsing tool calls. JSON goes in and out as text.
 *
 * C++ stays behind this header and no exception leaves it: a function that can fail returns
 * false and writes a sentence into `why`. The sentence may quote the request, so it goes back
 * to the client who sent it and never into a log.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct llama_batch;
struct llama_context;
struct llama_model;
struct llama_vocab;

#define TACIT_SHIM_WHY 160

struct tacit_shim_why {
	char text[TACIT_SHIM_WHY];
};

/* Bytes inside an object of the shim. */
struct tacit_shim_text {
	const char *ptr;
	size_t len;
};

/* Starts the engine's libraries and stops them from writing anything anywhere; before all else. */
void tacit_shim_init(void);

/* llama_decode, or llama_encode for models without memory; 0 is success, -99 an exception. */
int32_t tacit_shim_decode(struct llama_context *ctx, const struct llama_batch *batch);

/* llama_tokenize; INT32_MIN on an exception. */
int32_t tacit_shim_tokenize(const struct llama_vocab *vocab, struct tacit_shim_text text,
			    int32_t *tokens, int32_t room, bool add_special, bool parse_special);

/* The model's chat template, compiled once. */
struct tacit_shim_chat;
bool tacit_shim_chat_new(const struct llama_model *model, struct tacit_shim_chat **ret_chat,
			 struct tacit_shim_why *why);
void tacit_shim_chat_free(struct tacit_shim_chat *chat);

/* One request. Absent texts have a NULL ptr; without messages it is a plain completion. */
struct tacit_shim_request {
	struct tacit_shim_text messages;    /* JSON array */
	struct tacit_shim_text tools;       /* JSON array */
	struct tacit_shim_text tool_choice; /* "auto", "none", "required" */
	struct tacit_shim_text schema;      /* JSON schema the answer must obey */
	struct tacit_shim_text call_prefix; /* ids of tool calls: prefix, underscore, number */
	bool parallel_tools;
};

/* What a request becomes: the prompt, and how to read the model's output. */
struct tacit_shim_plan;
bool tacit_shim_plan_new(const struct tacit_shim_chat *chat, const struct llama_vocab *vocab,
			 const struct tacit_shim_request *request,
			 struct tacit_shim_plan **ret_plan, struct tacit_shim_why *why);
void tacit_shim_plan_free(struct tacit_shim_plan *plan);
struct tacit_shim_text tacit_shim_plan_prompt(const struct tacit_shim_plan *plan);

/* True where the output has structure, and has to go through tacit_shim_plan_feed(). */
bool tacit_shim_plan_parses(const struct tacit_shim_plan *plan);

/* True for the control tokens whose text the output parser wants to see. */
bool tacit_shim_plan_keeps(const struct tacit_shim_plan *plan, int32_t token);

/* Takes more output; what it added lives until the next call. */
struct tacit_shim_delta {
	struct tacit_shim_text reasoning;
	struct tacit_shim_text content;
};
bool tacit_shim_plan_feed(struct tacit_shim_plan *plan, struct tacit_shim_text text, bool last,
			  struct tacit_shim_delta *ret_delta, struct tacit_shim_why *why);

/* The finished tool calls as a JSON array in OpenAI's form, or an absent text. */
struct tacit_shim_text tacit_shim_plan_tool_calls(struct tacit_shim_plan *plan);

/* Members that were not set keep the model's own recommendation, else llama.cpp's default. */
enum tacit_shim_set {
	TACIT_SHIM_TEMPERATURE = 1 << 0,
	TACIT_SHIM_TOP_P = 1 << 1,
	TACIT_SHIM_MIN_P = 1 << 2,
	TACIT_SHIM_TOP_K = 1 << 3,
	TACIT_SHIM_SEED = 1 << 4,
	TACIT_SHIM_FREQUENCY = 1 << 5,
	TACIT_SHIM_PRESENCE = 1 << 6,
};

struct tacit_shim_sampling {
	unsigned set;
	float temperature;
	float top_p;
	float min_p;
	float frequency_penalty;
	float presence_penalty;
	int32_t top_k;
	uint32_t seed;
};

/* Chooses tokens under the plan's grammar, if it has one. */
struct tacit_shim_sampler;
bool tacit_shim_sampler_new(const struct llama_model *model, const struct tacit_shim_plan *plan,
			    const struct tacit_shim_sampling *sampling,
			    struct tacit_shim_sampler **ret_sampler, struct tacit_shim_why *why);
void tacit_shim_sampler_free(struct tacit_shim_sampler *sampler);

/* Chooses from the logits of the batch's output `index` and takes note of the choice. */
bool tacit_shim_sampler_next(struct tacit_shim_sampler *sampler, struct llama_context *ctx,
			     int32_t index, int32_t *ret_token, struct tacit_shim_why *why);

#ifdef __cplusplus
}
#endif

#endif
