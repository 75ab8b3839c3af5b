/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/engine_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "infer/gguf.h"
#include "sys/process.h"

/* The loader's complaints become the error's detail; the caller's sink gets warnings. */
static void take_log(enum ggml_log_level level, const char *text, void *user)
{
	struct tacit_engine *engine = user;
	char line[TACIT_ENGINE_LINE];
	size_t len = strcspn(text, "\n");

	if ((level != GGML_LOG_LEVEL_WARN && level != GGML_LOG_LEVEL_ERROR) || len == 0)
		return;
	tacit_escape(line, sizeof(line), tacit_slice_of(text, len));
	/* The first complaint is the precise one; what follows only says that loading failed. */
	if (level == GGML_LOG_LEVEL_ERROR && !engine->model && !engine->last_error[0])
		memcpy(engine->last_error, line, sizeof(line));
	if (engine->options.log)
		engine->options.log(engine->options.user, line);
}

static void drop_log(enum ggml_log_level level, const char *text, void *user)
{
	(void)level;
	(void)text;
	(void)user;
}

static enum tacit_status check_structure(struct tacit_engine *engine, struct tacit_error *err)
{
	struct tacit_gguf_type types[GGML_TYPE_COUNT];
	struct tacit_gguf gguf = { 0 };
	enum tacit_status st;

	for (int i = 0; i < GGML_TYPE_COUNT; i++) {
		types[i].block = (uint32_t)ggml_blck_size((enum ggml_type)i);
		types[i].size = types[i].block ? (uint32_t)ggml_type_size((enum ggml_type)i) : 0;
	}
	st = tacit_gguf_check(tacit_image_bytes(engine->image), types, GGML_TYPE_COUNT, &gguf, err);
	if (st)
		return st;
	tacit_escape(engine->info.architecture, sizeof(engine->info.architecture),
		     gguf.architecture);
	if (!engine->info.id[0] && gguf.name.len)
		tacit_escape(engine->info.id, sizeof(engine->info.id), gguf.name);
	return TACIT_OK;
}

static enum tacit_status load_model(struct tacit_engine *engine, bool trial,
				    struct tacit_error *err)
{
	struct llama_model_params params = llama_model_default_params();
	int fd = tacit_image_open(engine->image);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");

	if (!file)
		return tacit_fail(err, TACIT_IO, "engine.image", 0, "cannot reopen the image");
	/* The trial must not spend time on repacking weights it throws away. */
	params.use_extra_bufts = !trial;
	engine->model = llama_model_load_from_file_ptr(file, params);
	fclose(file);
	if (!engine->model)
		return tacit_fail(err, TACIT_FORMAT, "engine.model", 0, "%s",
				  engine->last_error[0] ? engine->last_error : "cannot be loaded");
	engine->vocab = llama_model_get_vocab(engine->model);
	return TACIT_OK;
}

/* True when metadata `key` of this architecture exists; its text is in `value`. */
static bool meta(const struct tacit_engine *engine, const char *key, char *value, size_t size)
{
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", engine->info.architecture, key);
	return llama_model_meta_val_str(engine->model, name, value, size) > 0;
}

static void learn_kind(struct tacit_engine *engine)
{
	struct tacit_engine_info *info = &engine->info;
	char value[16];
	bool causal = !meta(engine, "attention.causal", value, sizeof(value)) ||
		      strcmp(value, "false") != 0;
	bool pools = meta(engine, "pooling_type", value, sizeof(value)) && strcmp(value, "0") != 0;

	info->generates = causal && llama_model_has_decoder(engine->model) &&
			  !llama_model_has_encoder(engine->model) &&
			  llama_vocab_type(engine->vocab) != LLAMA_VOCAB_TYPE_NONE;
	info->embeds_by_default = pools || !info->generates;
}

/* Models that load, and then cannot do either of the things that are asked of one here. */
static enum tacit_status check_kind(const struct tacit_engine *engine, struct tacit_error *err)
{
	char value[16];

	if (engine->info.ctx == 0 || engine->info.vocab == 0 || engine->info.embd == 0)
		return tacit_fail(err, TACIT_FORMAT, "engine.model", 0,
				  "no vocabulary, no context or no width");
	/* A ranking's vector has another length. */
	if (meta(engine, "pooling_type", value, sizeof(value)) && strcmp(value, "4") == 0)
		return tacit_fail(err, TACIT_UNSUPPORTED, "engine.model", 0,
				  "ranking models are not supported");
	if (llama_model_has_encoder(engine->model) && llama_model_has_decoder(engine->model))
		return tacit_fail(err, TACIT_UNSUPPORTED, "engine.model", 0,
				  "models of encoder and decoder are not supported");
	return TACIT_OK;
}

static void learn_info(struct tacit_engine *engine)
{
	struct tacit_engine_info *info = &engine->info;
	const struct tacit_engine_options *o = &engine->options;
	uint32_t limit;

	info->size = tacit_image_bytes(engine->image).len;
	memcpy(info->sha256, tacit_image_sha256(engine->image), sizeof(info->sha256));
	info->parameters = llama_model_n_params(engine->model);
	info->ctx_train = (uint32_t)llama_model_n_ctx_train(engine->model);
	info->vocab = (uint32_t)llama_vocab_n_tokens(engine->vocab);
	info->embd = (uint32_t)llama_model_n_embd_out(engine->model);
	info->chat_template = llama_model_chat_template(engine->model, NULL) != NULL;
	info->prompt_cache = o->prompt_cache;
	learn_kind(engine);
	limit = info->ctx_train < TACIT_ENGINE_CTX_DEFAULT ? info->ctx_train
							   : TACIT_ENGINE_CTX_DEFAULT;
	info->ctx = o->ctx ? o->ctx : limit;
	/* Learned positions end where training ended. */
	if (!info->generates && info->ctx > info->ctx_train)
		info->ctx = info->ctx_train;
}

/* One pool for the whole life of the engine, as llama-server has it. */
static void start_pool(struct tacit_engine *engine)
{
	ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
	ggml_backend_reg_t reg = cpu ? ggml_backend_dev_backend_reg(cpu) : NULL;
	struct ggml_threadpool *(*pool_new)(struct ggml_threadpool_params *);
	struct ggml_threadpool_params params;
	void *sym_new = reg ? ggml_backend_reg_get_proc_address(reg, "ggml_threadpool_new") : NULL;
	void *sym_free =
		reg ? ggml_backend_reg_get_proc_address(reg, "ggml_threadpool_free") : NULL;

	if (!sym_new || !sym_free)
		return;
	memcpy(&pool_new, &sym_new, sizeof(pool_new));
	memcpy(&engine->pool_free, &sym_free, sizeof(engine->pool_free));
	ggml_threadpool_params_init(&params, (int)engine->info.threads);
	/* Spinning bridges the gap between two steps; the default goes on for a third of a second,
	 * and keeps a core from those who bring the next request. */
	params.poll = 1;
	engine->pool = pool_new(&params);
}

static enum tacit_status make_context(struct tacit_engine *engine, bool trial,
				      struct tacit_error *err)
{
	struct llama_context_params params = llama_context_default_params();

	params.n_seq_max = trial ? 1 : engine->info.parallel;
	params.n_ctx = trial ? 256 : engine->info.ctx * engine->info.parallel;
	params.n_batch = trial ? 32 : TACIT_ENGINE_BATCH;
	params.n_ubatch = trial ? 32 : TACIT_ENGINE_UBATCH;
	params.n_threads = (int32_t)engine->info.threads;
	params.n_threads_batch = params.n_threads;
	params.no_perf = true;
	engine->ctx = llama_init_from_model(engine->model, params);
	if (!engine->ctx)
		return tacit_fail(err, TACIT_NOMEM, "engine.context", 0,
				  "no context of %u times %u tokens", params.n_seq_max,
				  engine->info.ctx);
	/* llama.cpp aborts on a step larger than it settled for, which a small context makes less.
	 */
	engine->step_max = llama_n_batch(engine->ctx);
	engine->step_small = llama_n_ubatch(engine->ctx);
	engine->batch = llama_batch_init((int32_t)engine->step_max, 0, 1);
	if (engine->pool)
		llama_attach_threadpool(engine->ctx, engine->pool, NULL);
	return TACIT_OK;
}

enum tacit_status tacit_engine_open(struct tacit_engine *engine, bool trial,
				    struct tacit_error *err)
{
	struct tacit_shim_why why = { "" };
	enum tacit_status st = load_model(engine, trial, err);

	if (st)
		return st;
	learn_info(engine);
	st = check_kind(engine, err);
	if (st)
		return st;
	if (!tacit_shim_chat_new(engine->model, &engine->chat, &why))
		return tacit_fail(err, TACIT_FORMAT, "engine.chat_template", 0, "%s", why.text);
	if (!trial)
		start_pool(engine);
	if (!engine->info.generates)
		return TACIT_OK;
	return make_context(engine, trial, err);
}

void tacit_engine_close(struct tacit_engine *engine)
{
	llama_free(engine->ctx);
	llama_free(engine->embed_ctx);
	if (engine->batch.token)
		llama_batch_free(engine->batch);
	if (engine->pool)
		engine->pool_free(engine->pool);
	tacit_shim_chat_free(engine->chat);
	llama_model_free(engine->model);
	engine->ctx = NULL;
	engine->embed_ctx = NULL;
	engine->pool = NULL;
	engine->chat = NULL;
	engine->model = NULL;
	memset(&engine->batch, 0, sizeof(engine->batch));
}

static enum tacit_status load_checked(struct tacit_engine *engine, struct tacit_error *err)
{
	enum tacit_status st = check_structure(engine, err);

	if (!st && !engine->options.trust_model)
		st = tacit_engine_try(engine, err);
	if (!st)
		st = tacit_engine_open(engine, false, err);
	return st;
}

enum tacit_status tacit_engine_load_image(struct tacit_image *image,
					  const struct tacit_engine_options *options,
					  struct tacit_engine **ret_engine, struct tacit_error *err)
{
	struct tacit_engine *engine;
	enum tacit_status st;

	if (options->parallel > TACIT_ENGINE_PARALLEL_MAX)
		return tacit_fail(err, TACIT_USAGE, "engine.parallel", 0, "at most %d",
				  TACIT_ENGINE_PARALLEL_MAX);
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return tacit_fail(err, TACIT_NOMEM, "engine", 0, "handle");
	engine->options = *options;
	engine->image = image;
	engine->info.parallel =
		options->parallel ? options->parallel : TACIT_ENGINE_PARALLEL_DEFAULT;
	engine->info.threads = options->threads ? options->threads : tacit_process_cores();
	if (options->name)
		snprintf(engine->info.id, sizeof(engine->info.id), "%s", options->name);
	tacit_shim_init();
	llama_log_set(take_log, engine);
	llama_backend_init();
	st = load_checked(engine, err);
	if (st) {
		engine->image = NULL;
		tacit_engine_free(engine);
		return st;
	}
	*ret_engine = engine;
	return TACIT_OK;
}

void tacit_engine_free(struct tacit_engine *engine)
{
	if (!engine)
		return;
	tacit_engine_close(engine);
	llama_log_set(drop_log, NULL);
	tacit_image_free(engine->image);
	free(engine);
}

/* Without metadata the id is the file's name, less its ending. */
static void name_after(struct tacit_engine *engine, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(base);

	if (engine->info.id[0])
		return;
	if (len > 5 && strcmp(base + len - 5, ".gguf") == 0)
		len -= 5;
	tacit_escape(engine->info.id, sizeof(engine->info.id), tacit_slice_of(base, len));
}

enum tacit_status tacit_engine_load(const char *path, const struct tacit_engine_options *options,
				    struct tacit_engine **ret_engine, struct tacit_error *err)
{
	struct tacit_image *image = NULL;
	enum tacit_status st =
		tacit_image_load(path, options->progress, options->user, &image, err);

	if (st)
		return st;
	st = tacit_engine_load_image(image, options, ret_engine, err);
	if (st) {
		tacit_image_free(image);
		return st;
	}
	name_after(*ret_engine, path);
	return TACIT_OK;
}

const struct tacit_engine_info *tacit_engine_info(const struct tacit_engine *engine)
{
	return &engine->info;
}
