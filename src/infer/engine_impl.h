/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_ENGINE_IMPL_H
#define TACIT_INFER_ENGINE_IMPL_H

/* The engine from inside the room: what the scheduler's thread drives. One thread at a time. */

#include <llama.h>

#include "infer/engine.h"
#include "infer/shim.h"

/* Tokens per step and per computed piece of it, as llama-server has them. */
#define TACIT_ENGINE_BATCH  2048
#define TACIT_ENGINE_UBATCH 512

#define TACIT_ENGINE_LINE   160

struct tacit_engine {
	struct tacit_engine_info info;
	struct tacit_engine_options options;
	struct tacit_image *image;
	struct llama_model *model;
	const struct llama_vocab *vocab;
	struct llama_context *ctx;       /* NULL when the model cannot generate */
	struct llama_context *embed_ctx; /* made when first asked for */
	struct llama_batch batch;
	uint32_t step_max;   /* tokens in one step */
	uint32_t step_small; /* tokens that are one computation */
	struct tacit_shim_chat *chat;
	struct ggml_threadpool *pool;
	void (*pool_free)(struct ggml_threadpool *pool);
	char last_error[TACIT_ENGINE_LINE]; /* of the loader */
};

/* Loads model and context from the image; what the trial does, too. */
TACIT_MUST_CHECK enum tacit_status tacit_engine_open(struct tacit_engine *engine, bool trial,
						     struct tacit_error *err);
void tacit_engine_close(struct tacit_engine *engine);

/* Lets a child process open the image and compute one token. Errors: FORMAT, NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_engine_try(struct tacit_engine *engine,
						    struct tacit_error *err);

/* One step: start, add any number of tokens, decode. */
void tacit_engine_step_start(struct tacit_engine *engine);
/* The token's index in the step, or -1 when the step is full. */
int32_t tacit_engine_step_add(struct tacit_engine *engine, int32_t token, uint32_t at, uint32_t seq,
			      bool output);
bool tacit_engine_step_run(struct tacit_engine *engine);

/* Forgets a sequence from position `from` on; false when only all of it can be forgotten. */
bool tacit_engine_forget(struct tacit_engine *engine, uint32_t seq, uint32_t from);

/* The text of a token; `markup` renders control tokens too. Returns its length. */
size_t tacit_engine_piece(const struct tacit_engine *engine, int32_t token, bool markup, char *room,
			  size_t size);
bool tacit_engine_ends(const struct tacit_engine *engine, int32_t token);

/* Inputs of one embedding step; every one within tacit_engine_embed_max(). */
struct tacit_embed_input {
	const int32_t *tokens;
	size_t count;
};
size_t tacit_engine_embed_max(const struct tacit_engine *engine);
/* How many of `inputs`, from the first on, fit one step. */
size_t tacit_engine_embed_fit(const struct tacit_engine *engine,
			      const struct tacit_embed_input *inputs, size_t count);
/* Writes `count` unit vectors of info.embd floats. Errors: NOMEM, INTERNAL. */
TACIT_MUST_CHECK enum tacit_status tacit_engine_embed(struct tacit_engine *engine,
						      const struct tacit_embed_input *inputs,
						      size_t count, float *ret_vectors,
						      struct tacit_error *err);

#endif
