/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "infer/engine.h"
#include "tests/tap.h"

#define MODEL "models/demo.gguf"

static uint8_t *model;
static size_t model_len;

static bool read_model(void)
{
	FILE *f = fopen(MODEL, "rb");
	long size;

	if (!f)
		return false;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	model_len = (size_t)size;
	model = malloc(model_len);
	size = (long)fread(model, 1, model_len, f);
	fclose(f);
	return (size_t)size == model_len;
}

static enum tacit_status load(const uint8_t *bytes, size_t len, struct tacit_error *err)
{
	struct tacit_engine_options options = { .ctx = 64, .parallel = 1, .threads = 1 };
	struct tacit_engine *engine = NULL;
	struct tacit_image *image = NULL;
	enum tacit_status st;

	memset(err, 0, sizeof(*err));
	st = tacit_image_new(0, &image, err);
	if (st)
		return st;
	st = tacit_image_write(image, tacit_slice_of(bytes, len / 2), err);
	if (!st)
		st = tacit_image_write(image, tacit_slice_of(bytes + len / 2, len - len / 2), err);
	if (!st)
		st = tacit_image_seal(image, err);
	if (!st)
		st = tacit_engine_load_image(image, &options, &engine, err);
	if (st)
		tacit_image_free(image);
	else
		tacit_engine_free(engine);
	return st;
}

static bool count_progress(void *user, uint64_t done, uint64_t total)
{
	unsigned *calls = user;

	(*calls)++;
	return done <= total;
}

static bool give_up(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	return done >= total;
}

static void test_load(void)
{
	unsigned calls = 0;
	struct tacit_engine_options options = {
		.ctx = 64, .parallel = 2, .threads = 1, .progress = count_progress, .user = &calls
	};
	struct tacit_engine *engine = NULL;
	struct tacit_error err = { 0 };
	const struct tacit_engine_info *info;
	uint8_t digest[32];

	if (!ok(tacit_engine_load(MODEL, &options, &engine, &err) == TACIT_OK, "the demo model: %s",
		err.detail))
		return;
	info = tacit_engine_info(engine);
	(void)!tacit_hash(TACIT_SHA256, tacit_slice_of(model, model_len), digest, &err);
	is_slice(TACIT_SLICE_ARRAY(info->sha256), TACIT_SLICE_ARRAY(digest), "its hash");
	ok(info->size == model_len && calls > 1, "its size and progress");
	ok(info->generates && !info->embeds_by_default && info->ctx == 64 && info->parallel == 2,
	   "what it can do");
	ok(strcmp(info->architecture, "llama") == 0 && info->id[0], "what it is: %s", info->id);
	tacit_engine_free(engine);
}

static void test_tokens(void)
{
	struct tacit_engine_options options = {
		.ctx = 64, .parallel = 1, .trust_model = true, .name = "given"
	};
	struct tacit_engine *engine = NULL;
	struct tacit_error err = { 0 };
	int32_t *tokens = NULL;
	size_t n = 0;

	if (!ok(tacit_engine_load(MODEL, &options, &engine, &err) == TACIT_OK, "trusted"))
		return;
	ok(strcmp(tacit_engine_info(engine)->id, "given") == 0, "a given name wins");
	is_status(tacit_engine_tokenize(engine, tacit_slice_str("Hello \xff\xfe\x80 world"), false,
					&tokens, &n, &err),
		  TACIT_OK, "text that is not UTF-8 has tokens, too");
	ok(n > 2, "%zu of them", n);
	free(tokens);
	is_status(
		tacit_engine_tokenize(engine, tacit_slice_of("a\0b", 3), false, &tokens, &n, &err),
		TACIT_OK, "and so has a NUL");
	free(tokens);
	tacit_engine_free(engine);
}

static void test_files(void)
{
	struct tacit_engine_options options = { .progress = give_up };
	struct tacit_engine *engine = NULL;
	struct tacit_error err = { 0 };

	is_status(tacit_engine_load("/nonexistent", &options, &engine, &err), TACIT_IO, "no file");
	memset(&err, 0, sizeof(err));
	is_status(tacit_engine_load("/dev/null", &options, &engine, &err), TACIT_IO, "a device");
	memset(&err, 0, sizeof(err));
	is_status(tacit_engine_load("/", &options, &engine, &err), TACIT_IO, "a folder");
	memset(&err, 0, sizeof(err));
	is_status(tacit_engine_load(MODEL, &options, &engine, &err), TACIT_DENIED, "called off");
	memset(&err, 0, sizeof(err));
	options.progress = NULL;
	options.parallel = 1000;
	is_status(tacit_engine_load(MODEL, &options, &engine, &err), TACIT_USAGE,
		  "a thousand sequences");
	ok(engine == NULL, "failures leave the output alone");
}

static void test_cut(void)
{
	struct tacit_error err;
	size_t bad = 0, n = 0;

	for (size_t len = 0; len < model_len; len = len < 64 ? len + 1 : len * 5 / 4) {
		bad += load(model, len, &err) == TACIT_FORMAT;
		n++;
	}
	bad += load(model, model_len - 1, &err) == TACIT_FORMAT;
	ok(bad == n + 1, "cut at %zu places, malformed each time (%zu)", n + 1, bad);
}

/* Where the value of a scalar key begins, or 0. */
static size_t value_of(const char *key)
{
	const uint8_t *at = memmem(model, model_len, key, strlen(key));

	return at ? (size_t)(at - model) + strlen(key) + 4 : 0;
}

static const struct {
	const char *key;
	uint32_t value;
} hostile[] = {
	{ "llama.block_count", 0 },
	{ "llama.block_count", 1 },
	{ "llama.block_count", 100000 },
	{ "llama.block_count", UINT32_MAX },
	{ "llama.embedding_length", 0 },
	{ "llama.embedding_length", 255 },
	{ "llama.embedding_length", 1 << 30 },
	{ "llama.attention.head_count", 0 },
	{ "llama.attention.head_count", 7 },
	{ "llama.attention.head_count", 1 << 20 },
	{ "llama.feed_forward_length", 0 },
	{ "llama.feed_forward_length", UINT32_MAX },
	{ "llama.attention.head_count_kv", 0 },
	{ "llama.attention.head_count_kv", 3 },
	{ "llama.rope.dimension_count", 0 },
	{ "llama.rope.dimension_count", 31 },
	{ "llama.rope.dimension_count", UINT32_MAX },
	{ "llama.context_length", 0 },
	{ "tokenizer.ggml.bos_token_id", UINT32_MAX },
	{ "tokenizer.ggml.eos_token_id", 1 << 30 },
	{ "llama.attention.layer_norm_rms_epsilon", 0x7fc00000 },
};

/* A value the engine may refuse, crash on or live with: this process lives in any case. */
static void test_hostile(void)
{
	struct tacit_error err;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		size_t at = value_of(hostile[i].key);
		uint8_t saved[4];
		enum tacit_status st;

		if (!at)
			continue;
		memcpy(saved, model + at, 4);
		for (int k = 0; k < 4; k++)
			model[at + (size_t)k] = (uint8_t)(hostile[i].value >> 8 * k);
		st = load(model, model_len, &err);
		ok(st == TACIT_OK || st == TACIT_FORMAT || st == TACIT_NOMEM, "%s = %u: %s %s: %s",
		   hostile[i].key, hostile[i].value, tacit_status_name(st), err.where, err.detail);
		memcpy(model + at, saved, 4);
	}
}

/* Random damage to the metadata. */
static void test_damage(unsigned rounds)
{
	uint64_t seed = 7;
	struct tacit_error err;
	unsigned refused = 0;

	for (unsigned i = 0; i < rounds; i++) {
		uint8_t saved;
		size_t at;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at = 24 + (seed >> 33) % 2048;
		saved = model[at];
		model[at] ^= (uint8_t)(1 << (seed >> 61));
		refused += load(model, model_len, &err) != TACIT_OK;
		model[at] = saved;
	}
	ok(true, "%u of %u damaged models are refused, none does harm", refused, rounds);
}

int main(void)
{
	const char *rounds = getenv("TACIT_DAMAGE_ROUNDS");

	if (!ok(read_model(), "read the model"))
		return done();
	test_load();
	test_tokens();
	test_files();
	test_cut();
	test_hostile();
	test_damage(rounds ? (unsigned)atoi(rounds) : 10);
	free(model);
	return done();
}
