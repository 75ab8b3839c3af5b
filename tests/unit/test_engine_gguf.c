/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "infer/gguf.h"
#include "tests/tap.h"

/* F32 and one made-up quantised type of 32 elements in 18 bytes. */
static const struct tacit_gguf_type types[] = { { 1, 4 }, { 1, 2 }, { 32, 18 }, { 0, 0 } };
#define TYPES (sizeof(types) / sizeof(types[0]))

struct builder {
	uint8_t bytes[4096];
	size_t len;
};

static void put(struct builder *b, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		b->bytes[b->len++] = (uint8_t)(value >> 8 * i);
}

static void put_text(struct builder *b, const char *text)
{
	size_t n = strlen(text);

	put(b, n, 8);
	memcpy(b->bytes + b->len, text, n);
	b->len += n;
}

static void put_header(struct builder *b, uint32_t version, uint64_t tensors, uint64_t keys)
{
	memcpy(b->bytes, "GGUF", 4);
	b->len = 4;
	put(b, version, 4);
	put(b, tensors, 8);
	put(b, keys, 8);
}

static void put_string_key(struct builder *b, const char *key, const char *value)
{
	put_text(b, key);
	put(b, 8, 4);
	put_text(b, value);
}

static void put_u32_key(struct builder *b, const char *key, uint32_t value)
{
	put_text(b, key);
	put(b, 4, 4);
	put(b, value, 4);
}

static void put_tensor(struct builder *b, const char *name, uint64_t rows, uint32_t type,
		       uint64_t offset)
{
	put_text(b, name);
	put(b, 2, 4);
	put(b, 32, 8);
	put(b, rows, 8);
	put(b, type, 4);
	put(b, offset, 8);
}

static void put_padding(struct builder *b, size_t align, size_t data)
{
	while (b->len % align)
		put(b, 0, 1);
	for (size_t i = 0; i < data; i++)
		put(b, 0xaa, 1);
}

static enum tacit_status check(const struct builder *b, struct tacit_gguf *ret,
			       struct tacit_error *err)
{
	memset(err, 0, sizeof(*err));
	return tacit_gguf_check(tacit_slice_of(b->bytes, b->len), types, TYPES, ret, err);
}

/* Six keys of different kinds, two tensors, data. */
static void build_good(struct builder *b)
{
	memset(b, 0, sizeof(*b));
	put_header(b, 3, 2, 6);
	put_string_key(b, "general.architecture", "llama");
	put_string_key(b, "general.name", "tiny");
	put_u32_key(b, "general.alignment", 64);
	put_text(b, "flag");
	put(b, 7, 4);
	put(b, 1, 1);
	put_text(b, "list");
	put(b, 9, 4);
	put(b, 6, 4);
	put(b, 3, 8);
	put(b, 0, 8);
	put(b, 0, 4);
	put_text(b, "words");
	put(b, 9, 4);
	put(b, 8, 4);
	put(b, 2, 8);
	put_text(b, "one");
	put_text(b, "");
	put_tensor(b, "a", 2, 0, 0);
	put_tensor(b, "b", 1, 2, 256);
	put_padding(b, 64, 256 + 18);
}

static void test_good(void)
{
	struct builder b;
	struct tacit_gguf gguf;
	struct tacit_error err;

	build_good(&b);
	if (!is_status(check(&b, &gguf, &err), TACIT_OK, "a good file"))
		printf("# %s: %s\n", err.where, err.detail);
	is_slice(gguf.architecture, tacit_slice_str("llama"), "architecture");
	is_slice(gguf.name, tacit_slice_str("tiny"), "name");
	ok(gguf.alignment == 64 && gguf.data_at % 64 == 0 && gguf.tensors == 2 && gguf.keys == 6,
	   "numbers");
}

/* Copied to the heap so that reading past the end shows under the sanitizers and valgrind. */
static enum tacit_status check_copy(const uint8_t *bytes, size_t len)
{
	struct tacit_gguf gguf;
	struct tacit_error err = { 0 };
	uint8_t *copy = malloc(len ? len : 1);
	enum tacit_status st;

	if (!copy)
		return TACIT_NOMEM;
	memcpy(copy, bytes, len);
	st = tacit_gguf_check(tacit_slice_of(copy, len), types, TYPES, &gguf, &err);
	free(copy);
	return st;
}

static void test_truncations(void)
{
	struct builder b;
	size_t refused = 0;

	build_good(&b);
	for (size_t len = 0; len < b.len; len++)
		refused += check_copy(b.bytes, len) == TACIT_FORMAT;
	ok(refused == b.len, "every truncation is malformed (%zu of %zu)", refused, b.len);
}

static void test_flips(void)
{
	struct builder b;
	size_t bits = 0, accepted = 0;

	build_good(&b);
	for (size_t at = 0; at < b.len - (256 + 18); at++) {
		for (int bit = 0; bit < 8; bit++) {
			b.bytes[at] ^= (uint8_t)(1 << bit);
			accepted += check_copy(b.bytes, b.len) == TACIT_OK;
			b.bytes[at] ^= (uint8_t)(1 << bit);
			bits++;
		}
	}
	/* Names and values may be anything; all that gives structure is a third of the bits. */
	ok(accepted < bits * 3 / 4, "%zu of %zu single-bit flips are refused", bits - accepted,
	   bits);
}

/* Random damage: counts, lengths and types become anything. */
static void test_damage(void)
{
	uint64_t seed = 42;
	struct builder b;
	size_t runs = 0;

	for (int round = 0; round < 20000; round++) {
		build_good(&b);
		for (int hits = 0; hits < 1 + round % 4; hits++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			b.bytes[(seed >> 33) % (b.len - 274)] = (uint8_t)(seed >> 20);
		}
		(void)check_copy(b.bytes, b.len);
		runs++;
	}
	ok(runs == 20000, "random damage never breaks the reader");
}

static void expect(const struct builder *b, enum tacit_status want, const char *where,
		   const char *name)
{
	struct tacit_gguf gguf;
	struct tacit_error err;
	enum tacit_status got = check(b, &gguf, &err);

	ok(got == want && strcmp(err.where, where) == 0, "%s (%s %s: %s)", name,
	   tacit_status_name(got), err.where, err.detail);
}

static void test_header(void)
{
	struct builder b = { 0 };

	put_header(&b, 3, 0, 0);
	b.bytes[0] = 'g';
	expect(&b, TACIT_FORMAT, "gguf.magic", "wrong magic");
	put_header(&b, 1, 0, 0);
	expect(&b, TACIT_UNSUPPORTED, "gguf.version", "version 1");
	put_header(&b, 4, 0, 0);
	expect(&b, TACIT_UNSUPPORTED, "gguf.version", "version 4");
	put_header(&b, 0x03000000, 0, 0);
	expect(&b, TACIT_UNSUPPORTED, "gguf.version", "big endian");
	put_header(&b, 3, UINT64_MAX, 0);
	expect(&b, TACIT_LIMIT, "gguf.tensors", "2^64-1 tensors");
	put_header(&b, 3, 0, UINT64_MAX);
	expect(&b, TACIT_LIMIT, "gguf.keys", "2^64-1 keys");
	put_header(&b, 3, 0, TACIT_GGUF_KEYS_MAX);
	expect(&b, TACIT_FORMAT, "gguf.key", "as many keys as allowed, and none there");
	put_header(&b, 3, TACIT_GGUF_TENSORS_MAX + 1, 0);
	expect(&b, TACIT_LIMIT, "gguf.tensors", "one tensor too many");
}

static struct builder *start_key(struct builder *b, const char *key, uint32_t type)
{
	put_header(b, 3, 0, 1);
	put_text(b, key);
	put(b, type, 4);
	return b;
}

static void test_keys(void)
{
	struct builder b = { 0 };

	put_header(&b, 3, 0, 1);
	put(&b, UINT64_MAX, 8);
	expect(&b, TACIT_FORMAT, "gguf.key", "a key of 2^64-1 bytes");
	put(start_key(&b, "", 4), 0, 4);
	expect(&b, TACIT_FORMAT, "gguf.key", "an empty key");
	put(start_key(&b, "k", 13), 0, 8);
	expect(&b, TACIT_FORMAT, "gguf.key", "an unknown type");
	put(start_key(&b, "k", 8), UINT64_MAX - 7, 8);
	expect(&b, TACIT_FORMAT, "gguf.key.value", "a string of nearly 2^64 bytes");
	put(start_key(&b, "k", 7), 2, 1);
	expect(&b, TACIT_FORMAT, "gguf.key.value", "a bool that is 2");
	put(start_key(&b, "k", 9), 9, 4);
	put(&b, 1, 8);
	expect(&b, TACIT_FORMAT, "gguf.key.array", "an array of arrays");
	put(start_key(&b, "k", 9), 4, 4);
	put(&b, 1ull << 62, 8);
	expect(&b, TACIT_LIMIT, "gguf.key.array", "an array of 2^62 elements");
	put(start_key(&b, "k", 9), 8, 4);
	put(&b, TACIT_GGUF_ARRAY_MAX, 8);
	expect(&b, TACIT_FORMAT, "gguf.key.array", "as many strings as allowed, and none there");
	put(start_key(&b, "general.alignment", 4), 48, 4);
	expect(&b, TACIT_FORMAT, "gguf.alignment", "an alignment of 48");
	put(start_key(&b, "general.alignment", 4), 0, 4);
	expect(&b, TACIT_FORMAT, "gguf.alignment", "an alignment of 0");
	put(start_key(&b, "general.alignment", 10), 32, 8);
	expect(&b, TACIT_FORMAT, "gguf.alignment", "an alignment of another type");
	put_header(&b, 3, 0, 2);
	put_u32_key(&b, "k", 1);
	put_u32_key(&b, "k", 2);
	expect(&b, TACIT_FORMAT, "gguf.key", "the same key twice");
}

static void tensor_file(struct builder *b, const char *name, uint64_t rows, uint32_t type,
			uint64_t offset)
{
	memset(b, 0, sizeof(*b));
	put_header(b, 3, 1, 0);
	put_tensor(b, name, rows, type, offset);
	put_padding(b, 32, 256);
}

static void test_tensors(void)
{
	char longest[TACIT_GGUF_NAME_MAX + 1];
	struct builder b;

	memset(longest, 'n', sizeof(longest));
	longest[TACIT_GGUF_NAME_MAX] = '\0';
	tensor_file(&b, longest, 1, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.name", "a name one too long");
	tensor_file(&b, longest + 1, 1, 0, 0);
	expect(&b, TACIT_OK, "", "the longest name");
	tensor_file(&b, "", 1, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.name", "no name");
	tensor_file(&b, "t", 0, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.shape", "no rows");
	tensor_file(&b, "t", UINT64_MAX, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.shape", "2^64-1 rows");
	tensor_file(&b, "t", 1ull << 58, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.shape", "more elements than 2^63");
	tensor_file(&b, "t", 1ull << 57, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.shape", "more bytes than 2^64");
	tensor_file(&b, "t", 1ull << 40, 0, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.offset", "a terabyte");
	tensor_file(&b, "t", 1, 3, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.type", "a removed type");
	tensor_file(&b, "t", 1, TYPES, 0);
	expect(&b, TACIT_FORMAT, "gguf.tensor.type", "an unknown type");
	tensor_file(&b, "t", 1, 0, 16);
	expect(&b, TACIT_FORMAT, "gguf.tensor.offset", "not aligned");
	tensor_file(&b, "t", 1, 0, 32);
	expect(&b, TACIT_FORMAT, "gguf.tensor.offset", "a gap");
	tensor_file(&b, "t", 1, 0, UINT64_MAX - 31);
	expect(&b, TACIT_FORMAT, "gguf.tensor.offset", "an offset at the end of the numbers");
	tensor_file(&b, "t", 2, 0, 0);
	expect(&b, TACIT_OK, "", "data to the last byte");
	b.len--;
	expect(&b, TACIT_FORMAT, "gguf.data", "data that is one byte short");
}

static void test_two_tensors(void)
{
	struct builder b = { 0 };

	put_header(&b, 3, 2, 0);
	put_tensor(&b, "t", 1, 0, 0);
	put_tensor(&b, "t", 1, 0, 128);
	put_padding(&b, 32, 256);
	expect(&b, TACIT_FORMAT, "gguf.tensor.name", "the same tensor twice");
	put_header(&b, 3, 2, 0);
	put_tensor(&b, "t", 1, 0, 0);
	put_tensor(&b, "u", 1, 0, 0);
	put_padding(&b, 32, 256);
	expect(&b, TACIT_FORMAT, "gguf.tensor.offset", "two tensors in one place");
}

int main(void)
{
	test_good();
	test_truncations();
	test_flips();
	test_damage();
	test_header();
	test_keys();
	test_tensors();
	test_two_tensors();
	return done();
}
