/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/engine_impl.h"

#include <math.h>
#include <stdlib.h>

/* Sequences that share one embedding step. */
#define EMBED_SEQS 32
/* An embedding's tokens are pooled in one computation, whose memory grows with this. */
#define EMBED_TOKENS_MAX 8192

void tacit_engine_step_start(struct tacit_engine *engine)
{
	engine->batch.n_tokens = 0;
}

static void batch_put(struct llama_batch *batch, int32_t token, uint32_t at, uint32_t seq,
		      bool output)
{
	int32_t i = batch->n_tokens++;

	batch->token[i] = token;
	batch->pos[i] = (llama_pos)at;
	batch->n_seq_id[i] = 1;
	batch->seq_id[i][0] = (llama_seq_id)seq;
	batch->logits[i] = output;
}

int32_t tacit_engine_step_add(struct tacit_engine *engine, int32_t token, uint32_t at, uint32_t seq,
			      bool output)
{
	if (engine->batch.n_tokens >= (int32_t)engine->step_max)
		return -1;
	batch_put(&engine->batch, token, at, seq, output);
	return engine->batch.n_tokens - 1;
}

bool tacit_engine_step_run(struct tacit_engine *engine)
{
	return tacit_shim_decode(engine->ctx, &engine->batch) == 0;
}

bool tacit_engine_forget(struct tacit_engine *engine, uint32_t seq, uint32_t from)
{
	llama_memory_t memory = llama_get_memory(engine->ctx);

	return !memory ||
	       llama_memory_seq_rm(memory, (llama_seq_id)seq, from ? (llama_pos)from : -1, -1);
}

size_t tacit_engine_piece(const struct tacit_engine *engine, int32_t token, bool markup, char *room,
			  size_t size)
{
	int32_t n = llama_token_to_piece(engine->vocab, token, room, (int32_t)size, 0, markup);

	return n > 0 ? (size_t)n : 0;
}

bool tacit_engine_ends(const struct tacit_engine *engine, int32_t token)
{
	return llama_vocab_is_eog(engine->vocab, token);
}

enum tacit_status tacit_engine_tokenize(const struct tacit_engine *engine, struct tacit_slice text,
					bool markup, int32_t **ret_tokens, size_t *ret_count,
					struct tacit_error *err)
{
	struct tacit_shim_text in = { (const char *)text.ptr, text.len };
	int32_t room = text.len < INT32_MAX - 16 ? (int32_t)text.len + 16 : 0;
	int32_t *tokens;
	int32_t n;

	if (!room)
		return tacit_fail(err, TACIT_LIMIT, "infer.tokens", 0, "text too long");
	tokens = malloc((size_t)room * sizeof(*tokens));
	if (!tokens)
		return tacit_fail(err, TACIT_NOMEM, "infer.tokens", 0, "%d tokens", room);
	n = tacit_shim_tokenize(engine->vocab, in, tokens, room, true, markup);
	if (n < 0) {
		free(tokens);
		return tacit_fail(err, TACIT_INTERNAL, "infer.tokens", 0, "cannot be tokenized");
	}
	*ret_tokens = tokens;
	*ret_count = (size_t)n;
	return TACIT_OK;
}

size_t tacit_engine_embed_max(const struct tacit_engine *engine)
{
	return engine->info.ctx < EMBED_TOKENS_MAX ? engine->info.ctx : EMBED_TOKENS_MAX;
}

/* Tokens of one step: at least one longest input, and no less than llama-server takes. */
static uint32_t embed_room(const struct tacit_engine *engine)
{
	size_t max = tacit_engine_embed_max(engine);

	return max < TACIT_ENGINE_UBATCH ? TACIT_ENGINE_UBATCH : (uint32_t)max;
}

static enum tacit_status make_embed_context(struct tacit_engine *engine, struct tacit_error *err)
{
	struct llama_context_params params = llama_context_default_params();

	params.n_ctx = embed_room(engine);
	params.n_batch = params.n_ctx;
	params.n_ubatch = params.n_ctx;
	params.n_seq_max = EMBED_SEQS;
	params.n_threads = (int32_t)engine->info.threads;
	params.n_threads_batch = params.n_threads;
	params.embeddings = true;
	params.kv_unified = true;
	params.no_perf = true;
	/* A model that was not made for embeddings is averaged over its tokens. */
	if (!engine->info.embeds_by_default)
		params.pooling_type = LLAMA_POOLING_TYPE_MEAN;
	engine->embed_ctx = llama_init_from_model(engine->model, params);
	if (!engine->embed_ctx)
		return tacit_fail(err, TACIT_NOMEM, "engine.embed", 0, "no context");
	if (engine->pool)
		llama_attach_threadpool(engine->embed_ctx, engine->pool, NULL);
	return TACIT_OK;
}

size_t tacit_engine_embed_fit(const struct tacit_engine *engine,
			      const struct tacit_embed_input *inputs, size_t count)
{
	size_t left = embed_room(engine);
	size_t n = 0;

	while (n < count && n < EMBED_SEQS && inputs[n].count <= left)
		left -= inputs[n++].count;
	return n;
}

static void put_unit(const float *from, float *to, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)from[i] * (double)from[i];
	sum = sum > 0 ? 1 / sqrt(sum) : 0;
	for (size_t i = 0; i < n; i++)
		to[i] = (float)(from[i] * sum);
}

static enum tacit_status take_vectors(struct tacit_engine *engine, size_t count, float *vectors,
				      int32_t last[static EMBED_SEQS], struct tacit_error *err)
{
	struct llama_context *ctx = engine->embed_ctx;
	bool pooled = llama_pooling_type(ctx) != LLAMA_POOLING_TYPE_NONE;

	for (size_t i = 0; i < count; i++) {
		const float *v = pooled ? llama_get_embeddings_seq(ctx, (llama_seq_id)i)
					: llama_get_embeddings_ith(ctx, last[i]);
		if (!v)
			return tacit_fail(err, TACIT_INTERNAL, "engine.embed", i, "no vector");
		put_unit(v, vectors + i * engine->info.embd, engine->info.embd);
	}
	return TACIT_OK;
}

static enum tacit_status embed_batch(struct tacit_engine *engine, struct llama_batch *batch,
				     const struct tacit_embed_input *inputs, size_t count,
				     float *vectors, struct tacit_error *err)
{
	llama_memory_t memory = llama_get_memory(engine->embed_ctx);
	int32_t last[EMBED_SEQS] = { 0 };

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < inputs[i].count; k++)
			batch_put(batch, inputs[i].tokens[k], (uint32_t)k, (uint32_t)i, true);
		last[i] = batch->n_tokens - 1;
	}
	if (memory)
		llama_memory_clear(memory, true);
	if (tacit_shim_decode(engine->embed_ctx, batch))
		return tacit_fail(err, TACIT_INTERNAL, "engine.embed", 0, "computation failed");
	return take_vectors(engine, count, vectors, last, err);
}

enum tacit_status tacit_engine_embed(struct tacit_engine *engine,
				     const struct tacit_embed_input *inputs, size_t count,
				     float *ret_vectors, struct tacit_error *err)
{
	struct llama_batch batch;
	enum tacit_status st = TACIT_OK;

	if (count > EMBED_SEQS || tacit_engine_embed_fit(engine, inputs, count) != count)
		return tacit_fail(err, TACIT_LIMIT, "engine.embed", 0, "%zu inputs", count);
	if (!engine->embed_ctx)
		st = make_embed_context(engine, err);
	if (st)
		return st;
	batch = llama_batch_init((int32_t)embed_room(engine), 0, 1);
	st = embed_batch(engine, &batch, inputs, count, ret_vectors, err);
	llama_batch_free(batch);
	return st;
}
