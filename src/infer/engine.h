/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_ENGINE_H
#define TACIT_INFER_ENGINE_H

/*
 * The model and the machine that runs it: one loaded GGUF behind the seam to llama.cpp.
 *
 * Loading is done once, before the process serves anything: the file is read into sealed
 * memory and hashed (image.h), its structure is judged (gguf.h), a child process tries it out,
 * so that a hostile file can only kill the child, and only then does this process load it.
 * Requests go through a scheduler (sched.h), which owns the engine while it runs.
 *
 * What this does not check: whether the model is the one that was wanted. Compare
 * tacit_engine_info()->sha256.
 */
#include "infer/image.h"

struct tacit_engine;

/* The zero value asks for the defaults. */
struct tacit_engine_options {
	uint32_t ctx;      /* tokens of prompt and answer; 0: the model's, at most 4096 */
	uint32_t parallel; /* requests that run at the same time; 0: 4 */
	uint32_t threads;  /* 0: one per core this process may use */
	bool prompt_cache; /* keep prompts for the next request: leaks their presence by time */
	bool trust_model;  /* skip the trial in a child process */
	const char *name;  /* the model's id; NULL: from the file's metadata, else its name */
	tacit_image_progress progress;
	/* Warnings of the engine, one line each, on any thread; never request content. */
	void (*log)(void *user, const char *line);
	void *user; /* for progress and log */
};

#define TACIT_ENGINE_CTX_DEFAULT      4096
#define TACIT_ENGINE_PARALLEL_DEFAULT 4
#define TACIT_ENGINE_PARALLEL_MAX     64
#define TACIT_ENGINE_ID_LEN           128

struct tacit_engine_info {
	char id[TACIT_ENGINE_ID_LEN];
	char architecture[32];
	uint8_t sha256[32]; /* of the whole file */
	uint64_t size;      /* of the whole file, in bytes */
	uint64_t parameters;
	uint32_t ctx; /* tokens one request may use */
	uint32_t ctx_train;
	uint32_t parallel;
	uint32_t threads;
	uint32_t vocab;
	uint32_t embd;          /* length of an embedding */
	bool chat_template;     /* the model brings its own; a plain one is used otherwise */
	bool generates;         /* false: embeddings only */
	bool embeds_by_default; /* made for embeddings */
	bool prompt_cache;
};

/*
 * Loads a GGUF file. Call before starting threads: the trial forks.
 * Errors: IO (the file), FORMAT, LIMIT, UNSUPPORTED (not a model that can run), NOMEM, DENIED.
 */
TACIT_MUST_CHECK enum tacit_status tacit_engine_load(const char *path,
						     const struct tacit_engine_options *options,
						     struct tacit_engine **ret_engine,
						     struct tacit_error *err);

/* The same from a sealed image, which the engine takes over when it succeeds. */
TACIT_MUST_CHECK enum tacit_status
tacit_engine_load_image(struct tacit_image *image, const struct tacit_engine_options *options,
			struct tacit_engine **ret_engine, struct tacit_error *err);

void tacit_engine_free(struct tacit_engine *engine);

const struct tacit_engine_info *tacit_engine_info(const struct tacit_engine *engine);

/* Tokens of a text; free() them. Errors: LIMIT, NOMEM, INTERNAL. Safe on any thread. */
TACIT_MUST_CHECK enum tacit_status tacit_engine_tokenize(const struct tacit_engine *engine,
							 struct tacit_slice text, bool markup,
							 int32_t **ret_tokens, size_t *ret_count,
							 struct tacit_error *err);

#endif
