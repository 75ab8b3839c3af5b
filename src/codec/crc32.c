/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/crc32.h"

#define POLYNOMIAL 0xedb88320u /* its bits reversed: x^31 is the lowest */
#define ONE        0x80000000u /* x^0 */
#define X8         0x00800000u /* x^8 */

static uint32_t times_x(uint32_t value)
{
	return value & 1 ? value >> 1 ^ POLYNOMIAL : value >> 1;
}

void tacit_crc32_init(struct tacit_crc32 *crc)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (unsigned bit = 0; bit < 8; bit++)
			value = times_x(value);
		crc->table[0][i] = value;
	}
	/* table[n][b] is what b adds when n more bytes follow it. */
	for (size_t n = 1; n < TACIT_CRC32_TABLES; n++) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t before = crc->table[n - 1][i];

			crc->table[n][i] = before >> 8 ^ crc->table[0][before & 0xff];
		}
	}
	crc->state = 0xffffffffu;
}

/* Sixteen bytes at once: sixteen independent look-ups. */
static uint32_t take_block(const struct tacit_crc32 *crc, uint32_t state, const uint8_t *p)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 4; i++)
		sum ^= crc->table[15 - i][p[i] ^ (state >> 8 * i & 0xff)];
	for (unsigned i = 4; i < 16; i++)
		sum ^= crc->table[15 - i][p[i]];
	return sum;
}

void tacit_crc32_update(struct tacit_crc32 *crc, struct tacit_slice in)
{
	uint32_t state = crc->state;
	size_t at = 0;

	for (; in.len - at >= 16; at += 16)
		state = take_block(crc, state, in.ptr + at);
	for (; at < in.len; at++)
		state = state >> 8 ^ crc->table[0][(state ^ in.ptr[at]) & 0xff];
	crc->state = state;
}

uint32_t tacit_crc32_value(const struct tacit_crc32 *crc)
{
	return crc->state ^ 0xffffffffu;
}

/* The product of two polynomials, modulo that of the CRC. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (unsigned bit = 0; bit < 32; bit++) {
		if (a & ONE >> bit)
			product ^= b;
		b = times_x(b);
	}
	return product;
}

uint32_t tacit_crc32_join(uint32_t first, uint32_t second, uint64_t second_len)
{
	uint32_t shift = ONE, power = X8; /* x^(8 * second_len), and x^(8 * 2^n) */

	for (; second_len; second_len >>= 1) {
		if (second_len & 1)
			shift = multiply(power, shift);
		power = multiply(power, power);
	}
	return multiply(shift, first) ^ second;
}
