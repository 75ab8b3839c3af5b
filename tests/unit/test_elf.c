/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/elf.h"

#include "base/compiler.h"
#include "base/writer.h"
#include "tests/tap.h"

#define SIZE 1024

static uint8_t file[SIZE];

static void put_le(size_t at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		file[at + i] = (uint8_t)(value >> 8 * i);
}

static void put_segment(size_t i, uint32_t type, uint64_t offset, uint64_t size)
{
	size_t at = 64 + 56 * i;

	put_le(at, type, 4);
	put_le(at + 8, offset, 8);
	put_le(at + 16, 0x400000 + offset, 8);
	put_le(at + 32, size, 8);
}

static void put_entry(size_t i, uint64_t tag, uint64_t value)
{
	put_le(512 + 16 * i, tag, 8);
	put_le(512 + 16 * i + 8, value, 8);
}

/* A program of three segments, loaded up to byte 800, with symbols behind. */
static struct tacit_slice make(void)
{
	static const uint8_t IDENT[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	static const char TEXTS[] = "\0liba.so\0libb.so.6\0/opt/lib:$ORIGIN\0";

	memset(file, 0, sizeof(file));
	memset(file + 800, 0xee, sizeof(file) - 800);
	memcpy(file, IDENT, sizeof(IDENT));
	put_le(18, TACIT_ELF_X86_64, 2);
	put_le(32, 64, 8);  /* e_phoff */
	put_le(40, 900, 8); /* e_shoff */
	put_le(54, 56, 2);
	put_le(56, 3, 2);
	put_le(58, 64, 2);
	put_le(60, 1, 2);
	put_segment(0, 1, 0, 800);
	put_segment(1, 3, 400, 16);
	put_segment(2, 2, 512, 16 * 6);
	memcpy(file + 400, "/lib64/ld.so", 13);
	memcpy(file + 700, TEXTS, sizeof(TEXTS));
	put_entry(0, 1, 1);
	put_entry(1, 1, 9);
	put_entry(2, 29, 19);
	put_entry(3, 5, 0x400000 + 700);
	put_entry(4, 10, sizeof(TEXTS));
	put_entry(5, 0, 0);
	return TACIT_SLICE_ARRAY(file);
}

static void test_good(void)
{
	struct tacit_elf elf = { 0 };
	size_t len = 0;

	is_status(tacit_elf_parse(make(), &elf, NULL), TACIT_OK, "a program");
	is_slice(elf.interpreter, tacit_slice_str("/lib64/ld.so"), "its loader");
	ok(elf.needed_count == 2 && elf.machine == TACIT_ELF_X86_64, "two libraries");
	is_slice(elf.needed[0], tacit_slice_str("liba.so"), "the first");
	is_slice(elf.needed[1], tacit_slice_str("libb.so.6"), "the second");
	is_slice(elf.run_path, tacit_slice_str("/opt/lib:$ORIGIN"), "where it looks for them");
	ok(elf.loaded_end == 800, "what is loaded ends");
	is_status(tacit_elf_strip(tacit_mut_of(file, sizeof(file)), &len, NULL), TACIT_OK, "cut");
	ok(len == 800 && file[40] == 0 && file[41] == 0 && file[60] == 0, "without sections");
	is_status(tacit_elf_parse(tacit_slice_of(file, len), &elf, NULL), TACIT_OK, "the rest");
	ok(elf.needed_count == 2, "needs the same");
}

static const struct {
	const char *name;
	enum tacit_status want;
	size_t at;
	uint64_t value;
	size_t len;
} ROWS[] = {
	{ "32 bits", TACIT_UNSUPPORTED, 4, 1, 1 },
	{ "big-endian", TACIT_UNSUPPORTED, 5, 2, 1 },
	{ "a script", TACIT_UNSUPPORTED, 0, 0x2123, 2 },
	{ "segments of another size", TACIT_FORMAT, 54, 32, 2 },
	{ "a table outside of the file", TACIT_FORMAT, 32, 1000, 8 },
	{ "a table beyond everything", TACIT_FORMAT, 32, UINT64_MAX - 8, 8 },
	{ "more segments than there are", TACIT_FORMAT, 56, 65535, 2 },
	{ "a segment outside of the file", TACIT_FORMAT, 64 + 32, 1025, 8 },
	{ "a segment beyond everything", TACIT_FORMAT, 64 + 8, UINT64_MAX, 8 },
	{ "no texts", TACIT_FORMAT, 512 + 16 * 3, 6, 8 },
	{ "texts outside of what is loaded", TACIT_FORMAT, 512 + 16 * 4 + 8, 200, 8 },
	{ "texts elsewhere", TACIT_FORMAT, 512 + 16 * 3 + 8, 0x300000, 8 },
	{ "a library outside of the texts", TACIT_FORMAT, 512 + 8, 4096, 8 },
	{ "a library without a name", TACIT_FORMAT, 512 + 8, 0, 8 },
};

static void test_refused(void)
{
	struct tacit_elf elf;
	size_t len, wrong = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_slice in = make();

		put_le(ROWS[i].at, ROWS[i].value, ROWS[i].len);
		is_status(tacit_elf_parse(in, &elf, NULL), ROWS[i].want, ROWS[i].name);
	}
	make();
	for (size_t cut = 0; cut < 800; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, file, cut);
		wrong += tacit_elf_strip(tacit_mut_of(copy, cut), &len, NULL) == TACIT_OK;
		free(copy);
	}
	ok(wrong == 0, "every truncation of what is loaded");
	make();
	for (size_t i = 0; i < 64 + 3 * 56; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			file[i] ^= (uint8_t)(1u << bit);
			if (tacit_elf_parse(TACIT_SLICE_ARRAY(file), &elf, NULL) == TACIT_OK)
				wrong += elf.loaded_end > sizeof(file);
			file[i] ^= (uint8_t)(1u << bit);
		}
	}
	ok(wrong == 0, "no single bit moves the end out of the file");
}

int main(void)
{
	test_good();
	test_refused();
	return done();
}
