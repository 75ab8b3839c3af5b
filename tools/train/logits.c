/* SPDX-License-Identifier: Apache-2.0 */
/* Print what llama.cpp makes of a text, for compare.py.
 *
 *     logits MODEL.gguf TEXT OUT.bin
 *
 * The token ids go to standard output; OUT.bin receives the logits of every
 * position as native floats, one row of the vocabulary's size for each token.
 */
#include <llama.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	static llama_token ids[1024];

	if (argc != 4) {
		fprintf(stderr, "usage: logits MODEL.gguf TEXT OUT.bin\n");
		return 2;
	}
	llama_backend_init();
	struct llama_model *model =
	    llama_model_load_from_file(argv[1], llama_model_default_params());
	if (!model)
		return 1;
	const struct llama_vocab *vocab = llama_model_get_vocab(model);
	int n = llama_tokenize(vocab, argv[2], (int)strlen(argv[2]), ids, 1024, true, true);
	if (n <= 0)
		return 1;
	for (int i = 0; i < n; i++)
		printf("%d%c", (int)ids[i], i + 1 < n ? ' ' : '\n');

	struct llama_context_params cp = llama_context_default_params();
	cp.n_ctx = cp.n_batch = cp.n_ubatch = 1024;
	cp.type_k = cp.type_v = GGML_TYPE_F32;
	cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
	struct llama_context *ctx = llama_init_from_model(model, cp);
	struct llama_batch batch = llama_batch_init(n, 0, 1);
	if (!ctx)
		return 1;
	for (int i = 0; i < n; i++) {
		batch.token[i] = ids[i];
		batch.pos[i] = i;
		batch.n_seq_id[i] = 1;
		batch.seq_id[i][0] = 0;
		batch.logits[i] = 1;
	}
	batch.n_tokens = n;
	FILE *out = fopen(argv[3], "wb");
	if (!out || llama_decode(ctx, batch))
		return 1;
	size_t width = (size_t)llama_vocab_n_tokens(vocab);
	for (int i = 0; i < n; i++)
		if (fwrite(llama_get_logits_ith(ctx, i), sizeof(float), width, out) != width)
			return 1;
	return fclose(out) != 0;
}
