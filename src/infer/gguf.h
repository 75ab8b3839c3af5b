/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_GGUF_H
#define TACIT_INFER_GGUF_H

/*
 * Judges the structure of a GGUF file before the engine sees it.
 *
 * The engine's own loader trusts more than a host adversary deserves: some malformed files make
 * it abort the process. This reader is strict and bounded, reads in place and allocates one
 * small table. It accepts nothing that llama.cpp refuses for its structure; whether names,
 * shapes and hyperparameters make a model is the engine's business.
 */
#include "base/error.h"

#define TACIT_GGUF_KEYS_MAX    65536
#define TACIT_GGUF_TENSORS_MAX 65536
#define TACIT_GGUF_NAME_MAX    64 /* GGML_MAX_NAME, the NUL included */
#define TACIT_GGUF_KEY_MAX     1024
#define TACIT_GGUF_ARRAY_MAX   (16 * 1024 * 1024)
#define TACIT_GGUF_ALIGN_MAX   65536
#define TACIT_GGUF_RANK_MAX    4

/* One element type of tensors: `block` elements take `size` bytes; size 0 is no type. */
struct tacit_gguf_type {
	uint32_t block;
	uint32_t size;
};

/* What a file says about itself; slices point into the file and are absent where it is silent. */
struct tacit_gguf {
	uint32_t version;
	uint32_t alignment;
	uint64_t keys;
	uint64_t tensors;
	uint64_t data_at; /* offset of the tensor data in the file */
	struct tacit_slice architecture;
	struct tacit_slice name;
};

/*
 * Reads the whole structure of `file`; `types` is indexed by the file's tensor type numbers.
 * Errors: FORMAT (what and where), LIMIT, UNSUPPORTED (another version or byte order), NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_gguf_check(struct tacit_slice file,
						    const struct tacit_gguf_type *types,
						    size_t type_count, struct tacit_gguf *ret_gguf,
						    struct tacit_error *err);

#endif
