/* SPDX-License-Identifier: Apache-2.0 */
#include "infer/gguf.h"

#include <stdlib.h>

#include "base/reader.h"

/* Value types of the format [GGUF "gguf_metadata_value_type"]. */
enum value_type {
	VALUE_BOOL = 7,
	VALUE_STRING = 8,
	VALUE_ARRAY = 9,
	VALUE_UINT32 = 4,
	VALUE_TYPES = 13,
};

static const uint8_t value_sizes[VALUE_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

/* The names seen so far, as an open hash table of slices: duplicates must be found in O(1). */
struct names {
	struct tacit_slice *slots;
	size_t mask;
};

struct gguf_parse {
	struct reader r;
	struct tacit_gguf info;
	struct names names;
	const struct tacit_gguf_type *types;
	size_t type_count;
	uint64_t data_end; /* end of the furthest tensor, relative to the data */
	struct tacit_error *err;
};

static bool names_init(struct names *names, uint64_t count)
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	names->slots = calloc(size, sizeof(*names->slots));
	names->mask = size - 1;
	return names->slots != NULL;
}

static void names_done(struct names *names)
{
	free(names->slots);
	names->slots = NULL;
}

/* FNV-1a; a collision attack only costs time that the counts already bound. */
static size_t names_hash(struct tacit_slice name)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.ptr[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* False when the name is there already. */
static bool names_add(struct names *names, struct tacit_slice name)
{
	size_t i = names_hash(name) & names->mask;

	while (names->slots[i].ptr) {
		if (tacit_slice_eq(names->slots[i], name))
			return false;
		i = (i + 1) & names->mask;
	}
	names->slots[i] = name;
	return true;
}

static enum tacit_status bad(struct gguf_parse *p, const char *where, const char *what,
			     struct tacit_slice name)
{
	char text[TACIT_GGUF_NAME_MAX + 8];

	if (p->r.bad)
		return tacit_fail(p->err, TACIT_FORMAT, where, p->r.at, "file ends too early");
	tacit_escape(text, sizeof(text), name);
	return tacit_fail(p->err, TACIT_FORMAT, where, p->r.at, "%s%s%s", what,
			  name.len ? ": " : "", text);
}

static enum tacit_status read_header(struct gguf_parse *p)
{
	struct tacit_slice none = { NULL, 0 };
	struct tacit_slice magic = rd_take(&p->r, 4);

	if (!tacit_slice_eq(magic, tacit_slice_str("GGUF")))
		return bad(p, "gguf.magic", "not a GGUF file", none);
	p->info.version = rd_le32(&p->r);
	p->info.tensors = rd_le64(&p->r);
	p->info.keys = rd_le64(&p->r);
	if (p->r.bad)
		return bad(p, "gguf.header", "", none);
	if (p->info.version != 2 && p->info.version != 3)
		return tacit_fail(p->err, TACIT_UNSUPPORTED, "gguf.version", 4,
				  "version %u, known are 2 and 3, little endian", p->info.version);
	if (p->info.tensors > TACIT_GGUF_TENSORS_MAX)
		return tacit_fail(p->err, TACIT_LIMIT, "gguf.tensors", 8, "%llu tensors > %d",
				  (unsigned long long)p->info.tensors, TACIT_GGUF_TENSORS_MAX);
	if (p->info.keys > TACIT_GGUF_KEYS_MAX)
		return tacit_fail(p->err, TACIT_LIMIT, "gguf.keys", 16, "%llu keys > %d",
				  (unsigned long long)p->info.keys, TACIT_GGUF_KEYS_MAX);
	return TACIT_OK;
}

static struct tacit_slice read_string(struct gguf_parse *p)
{
	uint64_t len = rd_le64(&p->r);

	if (len > rd_left(&p->r))
		p->r.bad = true;
	return rd_take(&p->r, (size_t)len);
}

static void skip_strings(struct gguf_parse *p, uint64_t count)
{
	for (uint64_t i = 0; i < count && !p->r.bad; i++)
		(void)read_string(p);
}

static enum tacit_status read_array(struct gguf_parse *p, struct tacit_slice key)
{
	uint32_t type = rd_le32(&p->r);
	uint64_t count = rd_le64(&p->r);

	if (p->r.bad || type >= VALUE_TYPES || type == VALUE_ARRAY)
		return bad(p, "gguf.key.array", "unknown element type", key);
	if (count > TACIT_GGUF_ARRAY_MAX)
		return tacit_fail(p->err, TACIT_LIMIT, "gguf.key.array", p->r.at,
				  "%llu elements > %d", (unsigned long long)count,
				  TACIT_GGUF_ARRAY_MAX);
	if (type == VALUE_STRING)
		skip_strings(p, count);
	else
		rd_skip(&p->r, (size_t)count * value_sizes[type]);
	return p->r.bad ? bad(p, "gguf.key.array", "", key) : TACIT_OK;
}

static bool key_is(struct tacit_slice key, const char *name)
{
	return tacit_slice_eq(key, tacit_slice_str(name));
}

static enum tacit_status read_alignment(struct gguf_parse *p, uint32_t type, struct tacit_slice key)
{
	uint32_t value;

	if (type != VALUE_UINT32)
		return bad(p, "gguf.alignment", "not a uint32", key);
	value = rd_le32(&p->r);
	if (p->r.bad || value == 0 || (value & (value - 1)) || value > TACIT_GGUF_ALIGN_MAX)
		return bad(p, "gguf.alignment", "not a small power of two", key);
	p->info.alignment = value;
	return TACIT_OK;
}

static enum tacit_status read_scalar(struct gguf_parse *p, uint32_t type, struct tacit_slice key)
{
	struct tacit_slice value;

	if (type != VALUE_STRING) {
		value = rd_take(&p->r, value_sizes[type]);
		if (type == VALUE_BOOL && value.len && value.ptr[0] > 1)
			return bad(p, "gguf.key.value", "a bool is neither 0 nor 1", key);
		return p->r.bad ? bad(p, "gguf.key.value", "", key) : TACIT_OK;
	}
	value = read_string(p);
	if (p->r.bad)
		return bad(p, "gguf.key.value", "", key);
	if (key_is(key, "general.architecture"))
		p->info.architecture = value;
	if (key_is(key, "general.name"))
		p->info.name = value;
	return TACIT_OK;
}

static enum tacit_status read_key(struct gguf_parse *p)
{
	struct tacit_slice key = read_string(p);
	uint32_t type = rd_le32(&p->r);

	if (p->r.bad || key.len == 0 || key.len > TACIT_GGUF_KEY_MAX)
		return bad(p, "gguf.key", "empty or overlong key", key);
	if (memchr(key.ptr, 0, key.len))
		return bad(p, "gguf.key", "key holds a NUL", key);
	if (!names_add(&p->names, key))
		return bad(p, "gguf.key", "duplicate key", key);
	if (type >= VALUE_TYPES)
		return bad(p, "gguf.key", "unknown value type", key);
	if (key_is(key, "general.alignment"))
		return read_alignment(p, type, key);
	if (type == VALUE_ARRAY)
		return read_array(p, key);
	return read_scalar(p, type, key);
}

/* The size in bytes of a tensor; false on overflow, zero dimensions and broken rows. */
static bool tensor_size(const struct tacit_gguf_type *type, const uint64_t *dims, uint32_t rank,
			uint64_t *ret_size)
{
	uint64_t count = 1;

	for (uint32_t i = 0; i < rank; i++)
		if (dims[i] == 0 || __builtin_mul_overflow(count, dims[i], &count))
			return false;
	if (count > INT64_MAX || dims[0] % type->block)
		return false;
	return !__builtin_mul_overflow(count / type->block, type->size, ret_size);
}

static enum tacit_status read_shape(struct gguf_parse *p, struct tacit_slice name,
				    uint64_t *ret_size)
{
	uint64_t dims[TACIT_GGUF_RANK_MAX] = { 1, 1, 1, 1 };
	uint32_t rank = rd_le32(&p->r);
	uint32_t type;

	if (p->r.bad || rank == 0 || rank > TACIT_GGUF_RANK_MAX)
		return bad(p, "gguf.tensor.shape", "1 to 4 dimensions are known", name);
	for (uint32_t i = 0; i < rank; i++)
		dims[i] = rd_le64(&p->r);
	type = rd_le32(&p->r);
	if (p->r.bad || type >= p->type_count || p->types[type].size == 0)
		return bad(p, "gguf.tensor.type", "unknown tensor type", name);
	if (!tensor_size(&p->types[type], dims, rank, ret_size))
		return bad(p, "gguf.tensor.shape", "impossible shape", name);
	return TACIT_OK;
}

static enum tacit_status read_tensor(struct gguf_parse *p)
{
	struct tacit_slice name = read_string(p);
	uint64_t size = 0;
	uint64_t at, end;
	enum tacit_status st;

	if (p->r.bad || name.len == 0 || name.len >= TACIT_GGUF_NAME_MAX)
		return bad(p, "gguf.tensor.name", "empty or overlong name", name);
	if (memchr(name.ptr, 0, name.len))
		return bad(p, "gguf.tensor.name", "name holds a NUL", name);
	if (!names_add(&p->names, name))
		return bad(p, "gguf.tensor.name", "duplicate tensor", name);
	st = read_shape(p, name, &size);
	if (st)
		return st;
	at = rd_le64(&p->r);
	if (p->r.bad || at % p->info.alignment)
		return bad(p, "gguf.tensor.offset", "not aligned", name);
	if (__builtin_add_overflow(at, size, &end))
		return bad(p, "gguf.tensor.offset", "beyond the end of the file", name);
	if (at != p->data_end)
		return bad(p, "gguf.tensor.offset", "tensors overlap or leave a gap", name);
	p->data_end = (end + p->info.alignment - 1) / p->info.alignment * p->info.alignment;
	if (p->data_end < end || end > p->r.in.len)
		return bad(p, "gguf.tensor.offset", "beyond the end of the file", name);
	p->info.data_at = end;
	return TACIT_OK;
}

static enum tacit_status read_keys(struct gguf_parse *p)
{
	enum tacit_status st = TACIT_OK;

	if (!names_init(&p->names, p->info.keys))
		return tacit_fail(p->err, TACIT_NOMEM, "gguf.keys", 0, "table of keys");
	for (uint64_t i = 0; i < p->info.keys && !st; i++)
		st = read_key(p);
	names_done(&p->names);
	return st;
}

static enum tacit_status read_tensors(struct gguf_parse *p)
{
	enum tacit_status st = TACIT_OK;

	if (!names_init(&p->names, p->info.tensors))
		return tacit_fail(p->err, TACIT_NOMEM, "gguf.tensors", 0, "table of tensors");
	for (uint64_t i = 0; i < p->info.tensors && !st; i++)
		st = read_tensor(p);
	names_done(&p->names);
	return st;
}

/* Until here data_at held the end of the last tensor relative to the data. */
static enum tacit_status place_data(struct gguf_parse *p)
{
	uint64_t last = p->info.data_at;
	uint64_t align = p->info.alignment;
	uint64_t at = (p->r.at + align - 1) / align * align;

	if (at > p->r.in.len || last > p->r.in.len - at)
		return tacit_fail(p->err, TACIT_FORMAT, "gguf.data", p->r.in.len,
				  "tensor data ends at %llu, the file at %zu",
				  (unsigned long long)(at + last), p->r.in.len);
	p->info.data_at = at;
	return TACIT_OK;
}

enum tacit_status tacit_gguf_check(struct tacit_slice file, const struct tacit_gguf_type *types,
				   size_t type_count, struct tacit_gguf *ret_gguf,
				   struct tacit_error *err)
{
	struct gguf_parse p = {
		.r = rd_of(file), .types = types, .type_count = type_count, .err = err
	};
	enum tacit_status st;

	p.info.alignment = 32;
	st = read_header(&p);
	if (!st)
		st = read_keys(&p);
	if (!st)
		st = read_tensors(&p);
	if (!st)
		st = place_data(&p);
	if (!st)
		*ret_gguf = p.info;
	return st;
}
