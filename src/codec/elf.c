/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/elf.h"

#include "base/reader.h"

#define WHERE       "elf"
#define HEADER      64
#define SEGMENT     56
#define PT_LOAD     1
#define PT_DYNAMIC  2
#define PT_INTERP   3
#define DT_NEEDED   1
#define DT_STRTAB   5
#define DT_STRSZ    10
#define DT_RPATH    15
#define DT_RUNPATH  29
#define AT_SECTIONS 40 /* e_shoff, eight bytes */
#define AT_COUNTS   58 /* e_shentsize, e_shnum, e_shstrndx */

static const uint8_t IDENT[] = { 0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */ };

struct segment {
	uint32_t type;
	uint64_t offset, address, file_size;
};

/* The segment table and what it covers. */
struct program {
	struct tacit_slice in;
	uint64_t table;
	uint16_t count;
};

static struct tacit_slice cut(struct tacit_slice in, uint64_t at, uint64_t len)
{
	struct tacit_slice none = { NULL, 0 };

	if (at > in.len || len > in.len - at)
		return none;
	return tacit_slice_of(in.ptr + at, (size_t)len);
}

static enum tacit_status read_header(struct tacit_slice in, struct program *ret, uint16_t *machine,
				     struct tacit_error *err)
{
	struct reader r = rd_of(in);

	if (in.len < HEADER || memcmp(in.ptr, IDENT, sizeof(IDENT)) != 0)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "not a 64-bit little-endian ELF file");
	ret->in = in;
	rd_skip(&r, 18);
	*machine = rd_le16(&r);
	rd_skip(&r, 12);
	ret->table = rd_le64(&r);
	rd_skip(&r, 14);
	uint16_t size = rd_le16(&r);
	ret->count = rd_le16(&r);
	if (size != SEGMENT || !cut(in, ret->table, (uint64_t)SEGMENT * ret->count).ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 32, "no table of segments");
	return TACIT_OK;
}

static struct segment segment_at(const struct program *p, size_t i)
{
	struct reader r = rd_of(cut(p->in, p->table + SEGMENT * i, SEGMENT));
	struct segment s = { .type = rd_le32(&r) };

	rd_skip(&r, 4);
	s.offset = rd_le64(&r);
	s.address = rd_le64(&r);
	rd_skip(&r, 8);
	s.file_size = rd_le64(&r);
	return s;
}

/* From the file, what is loaded at an address; absent when it is not, or not from the file. */
static struct tacit_slice at_address(const struct program *p, uint64_t address, uint64_t len)
{
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < p->count; i++) {
		struct segment s = segment_at(p, i);

		if (s.type == PT_LOAD && address >= s.address &&
		    address - s.address < s.file_size && len <= s.file_size - (address - s.address))
			return cut(cut(p->in, s.offset, s.file_size), address - s.address, len);
	}
	return none;
}

static struct tacit_slice text_at(struct tacit_slice texts, uint64_t at)
{
	struct tacit_slice rest = cut(texts, at, at < texts.len ? texts.len - at : 0);
	const uint8_t *end = rest.len ? memchr(rest.ptr, 0, rest.len) : NULL;
	struct tacit_slice none = { NULL, 0 };

	return end ? tacit_slice_of(rest.ptr, (size_t)(end - rest.ptr)) : none;
}

/* The value of the first entry with that tag. */
static bool find_entry(struct tacit_slice dynamic, uint64_t tag, uint64_t *ret)
{
	struct reader r = rd_of(dynamic);

	while (rd_left(&r) >= 16) {
		uint64_t got = rd_le64(&r), value = rd_le64(&r);

		if (got == 0)
			break;
		if (got == tag) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static enum tacit_status read_needed(struct tacit_slice dynamic, struct tacit_slice texts,
				     struct tacit_elf *ret, struct tacit_error *err)
{
	struct reader r = rd_of(dynamic);

	while (rd_left(&r) >= 16) {
		uint64_t tag = rd_le64(&r), value = rd_le64(&r);
		struct tacit_slice name = { NULL, 0 };

		if (tag == 0)
			break;
		if (tag != DT_NEEDED)
			continue;
		name = text_at(texts, value);
		if (name.len == 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "a library without a name");
		if (ret->needed_count == TACIT_ELF_NEEDED_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d libraries",
					  TACIT_ELF_NEEDED_MAX);
		ret->needed[ret->needed_count++] = name;
	}
	return TACIT_OK;
}

static enum tacit_status read_dynamic(const struct program *p, struct tacit_slice dynamic,
				      struct tacit_elf *ret, struct tacit_error *err)
{
	uint64_t address = 0, size = 0, path = 0;
	struct tacit_slice texts = { NULL, 0 };

	if (find_entry(dynamic, DT_STRTAB, &address) && find_entry(dynamic, DT_STRSZ, &size))
		texts = at_address(p, address, size);
	if (!texts.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no texts for the dynamic section");
	if (find_entry(dynamic, DT_RUNPATH, &path) || find_entry(dynamic, DT_RPATH, &path))
		ret->run_path = text_at(texts, path);
	return read_needed(dynamic, texts, ret, err);
}

enum tacit_status tacit_elf_parse(struct tacit_slice in, struct tacit_elf *ret,
				  struct tacit_error *err)
{
	struct tacit_elf found = { 0 };
	struct program p;
	enum tacit_status st = read_header(in, &p, &found.machine, err);

	found.loaded_end = HEADER;
	for (size_t i = 0; st == TACIT_OK && i < p.count; i++) {
		struct segment s = segment_at(&p, i);
		struct tacit_slice bytes = cut(in, s.offset, s.file_size);

		if (s.file_size && !bytes.ptr)
			return tacit_fail(err, TACIT_FORMAT, WHERE, (uint64_t)i,
					  "a segment outside of the file");
		if (s.type == PT_LOAD && s.offset + s.file_size > found.loaded_end)
			found.loaded_end = (size_t)(s.offset + s.file_size);
		if (s.type == PT_INTERP)
			found.interpreter = text_at(bytes, 0);
		if (s.type == PT_DYNAMIC)
			st = read_dynamic(&p, bytes, &found, err);
	}
	if (st != TACIT_OK)
		return st;
	if (p.table + (uint64_t)SEGMENT * p.count > found.loaded_end)
		found.loaded_end = (size_t)(p.table + (uint64_t)SEGMENT * p.count);
	*ret = found;
	return TACIT_OK;
}

enum tacit_status tacit_elf_strip(struct tacit_mut bytes, size_t *ret_len, struct tacit_error *err)
{
	struct tacit_elf elf;
	enum tacit_status st = tacit_elf_parse(tacit_slice_of(bytes.ptr, bytes.len), &elf, err);

	if (st != TACIT_OK)
		return st;
	memset(bytes.ptr + AT_SECTIONS, 0, 8);
	memset(bytes.ptr + AT_COUNTS, 0, 6);
	*ret_len = elf.loaded_end;
	return TACIT_OK;
}
