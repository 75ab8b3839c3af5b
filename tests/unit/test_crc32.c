/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/crc32.h"

#include "base/compiler.h"
#include "tests/tap.h"

static uint32_t crc_of(struct tacit_slice in)
{
	static struct tacit_crc32 crc;

	tacit_crc32_init(&crc);
	tacit_crc32_update(&crc, in);
	return tacit_crc32_value(&crc);
}

/* A bit at a time, as the polynomial is defined. */
static uint32_t slow(struct tacit_slice in)
{
	uint32_t state = 0xffffffffu;

	for (size_t i = 0; i < in.len; i++) {
		state ^= in.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			state = state & 1 ? state >> 1 ^ 0xedb88320u : state >> 1;
	}
	return state ^ 0xffffffffu;
}

static void test_known(void)
{
	static const struct {
		const char *text;
		uint32_t crc;
	} ROWS[] = {
		{ "", 0 },
		{ "a", 0xe8b7be43 },
		{ "123456789", 0xcbf43926 }, /* the check value of the CRC's catalogue */
		{ "The quick brown fox jumps over the lazy dog", 0x414fa339 },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++)
		ok(crc_of(tacit_slice_str(ROWS[i].text)) == ROWS[i].crc, "'%s'", ROWS[i].text);
}

static void test_pieces(void)
{
	static struct tacit_crc32 crc;
	uint8_t bytes[100];
	struct tacit_slice whole = TACIT_SLICE_ARRAY(bytes);
	size_t wrong = 0, joined = 0, lengths = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 197 + 31);
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		struct tacit_slice a = { bytes, cut }, b = { bytes + cut, sizeof(bytes) - cut };

		tacit_crc32_init(&crc);
		tacit_crc32_update(&crc, a);
		tacit_crc32_update(&crc, b);
		wrong += tacit_crc32_value(&crc) != slow(whole);
		joined += tacit_crc32_join(crc_of(a), crc_of(b), b.len) != slow(whole);
		lengths += crc_of(a) != slow(a);
	}
	ok(lengths == 0, "every length from 0 to 100");
	ok(wrong == 0, "in two pieces");
	ok(joined == 0, "joined from two CRCs");
}

static void test_join_long(void)
{
	/* Five GB of zeros behind one byte, built by doubling. */
	uint8_t one = 0x5a, zero = 0;
	uint32_t run = crc_of(tacit_slice_of(&zero, 1)), zeros = 0, slowly = 0;
	uint64_t len = UINT64_C(5) << 30;

	for (uint64_t n = 1, left = len; left; left >>= 1, n <<= 1) {
		if (left & 1)
			zeros = tacit_crc32_join(zeros, run, n);
		run = tacit_crc32_join(run, run, n);
	}
	slowly = tacit_crc32_join(crc_of(tacit_slice_of(&one, 1)), zeros, len);
	uint32_t half = tacit_crc32_join(crc_of(tacit_slice_of(&one, 1)), 0, 0);
	ok(half == crc_of(tacit_slice_of(&one, 1)), "nothing joined changes nothing");
	ok(slowly != zeros, "lengths over 32 bits count");
	/* x^(8 len) twice is x^(16 len). */
	uint32_t a = tacit_crc32_join(tacit_crc32_join(1, 0, len), 0, len);
	ok(a == tacit_crc32_join(1, 0, 2 * len), "shifts add up");
}

int main(void)
{
	test_known();
	test_pieces();
	test_join_long();
	return done();
}
