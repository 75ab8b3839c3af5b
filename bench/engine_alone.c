/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The engine and nothing else: llama.cpp's own API with the settings that tacit serve gives it.
 * Says "ready" and waits for its input to end, so that its memory can be looked at.
 *
 *     engine_alone MODEL CTX PARALLEL THREADS
 */

#include <llama.h>
#include <stdio.h>
#include <stdlib.h>

#include "infer/shim.h"

static void quiet(enum ggml_log_level level, const char *text, void *user)
{
	(void)user;
	if (level == GGML_LOG_LEVEL_ERROR)
		fputs(text, stderr);
}

int main(int argc, char **argv)
{
	struct llama_context_params params = llama_context_default_params();
	struct llama_model *model;
	struct llama_context *ctx;

	if (argc != 5)
		return 2;
	params.n_seq_max = (uint32_t)strtoul(argv[3], NULL, 10);
	params.n_ctx = (uint32_t)strtoul(argv[2], NULL, 10) * params.n_seq_max;
	params.n_batch = 2048;
	params.n_ubatch = 512;
	params.n_threads = (int32_t)strtol(argv[4], NULL, 10);
	params.n_threads_batch = params.n_threads;
	tacit_shim_init();
	llama_log_set(quiet, NULL);
	llama_backend_init();
	model = llama_model_load_from_file(argv[1], llama_model_default_params());
	ctx = model ? llama_init_from_model(model, params) : NULL;
	if (!ctx)
		return 1;
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	llama_free(ctx);
	llama_model_free(model);
	return 0;
}
