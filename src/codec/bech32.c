/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/bech32.h"

#include "base/secret.h"
#include "base/writer.h"

#define WHERE    "bech32"
#define CHECKSUM 6

static const char ALPHABET[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One step of the BCH code [BIP 173, checksum]. */
static uint32_t step(uint32_t sum, uint8_t value)
{
	static const uint32_t GENERATOR[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					      0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= GENERATOR[i];
	return sum;
}

static uint32_t sum_of_name(const char *name)
{
	uint32_t sum = 1;

	for (const char *c = name; *c; c++)
		sum = step(sum, (uint8_t)((uint8_t)*c >> 5));
	sum = step(sum, 0);
	for (const char *c = name; *c; c++)
		sum = step(sum, (uint8_t)*c & 31);
	return sum;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool one_case(struct tacit_slice text)
{
	bool small = false, capital = false;

	for (size_t i = 0; i < text.len; i++) {
		small |= text.ptr[i] >= 'a' && text.ptr[i] <= 'z';
		capital |= text.ptr[i] >= 'A' && text.ptr[i] <= 'Z';
	}
	return !(small && capital);
}

static bool has_name(struct tacit_slice text, const char *name)
{
	size_t len = strlen(name);

	if (text.len < len + 1 + CHECKSUM || text.ptr[len] != '1')
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(text.ptr[i]) != (uint8_t)name[i])
			return false;
	return true;
}

/* Groups of five bits into bytes; what is left over at the end must be zeros, under five. */
struct packer {
	uint32_t bits;
	unsigned have;
	size_t len;
	uint8_t *out;
};

static void pack(struct packer *p, uint8_t value)
{
	p->bits = (p->bits << 5 | value) & 0xfff;
	p->have += 5;
	if (p->have < 8)
		return;
	p->have -= 8;
	p->out[p->len++] = (uint8_t)(p->bits >> p->have);
}

static bool unpack_text(struct tacit_slice text, uint32_t sum, struct packer *p)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *at = memchr(ALPHABET, lower(text.ptr[i]), sizeof(ALPHABET) - 1);

		if (!at)
			return false;
		sum = step(sum, (uint8_t)(at - ALPHABET));
		if (i + CHECKSUM < text.len)
			pack(p, (uint8_t)(at - ALPHABET));
	}
	return sum == 1 && p->have < 5 && (p->bits & ((1u << p->have) - 1)) == 0;
}

enum tacit_status tacit_bech32_decode(struct tacit_slice text, const char *name,
				      uint8_t out[static TACIT_BECH32_BYTES], size_t *ret_len,
				      struct tacit_error *err)
{
	uint8_t bytes[TACIT_BECH32_MAX * 5 / 8];
	struct packer p = { .out = bytes };
	size_t skip = strlen(name) + 1;

	if (text.len > TACIT_BECH32_MAX || !one_case(text) || !has_name(text, name))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not a key that begins with %s1",
				  name);
	bool good = unpack_text(tacit_slice_of(text.ptr + skip, text.len - skip), sum_of_name(name),
				&p) &&
		    p.len <= TACIT_BECH32_BYTES;
	if (good) {
		memcpy(out, bytes, p.len);
		*ret_len = p.len;
	}
	tacit_wipe(bytes, sizeof(bytes));
	tacit_wipe(&p, sizeof(p));
	if (!good)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "a key beginning with %s1 has a slip in it", name);
	return TACIT_OK;
}

static void put(struct writer *w, uint32_t *sum, uint8_t value)
{
	*sum = step(*sum, value);
	wr_u8(w, (uint8_t)ALPHABET[value]);
}

enum tacit_status tacit_bech32_encode(struct tacit_slice bytes, const char *name, char *text,
				      size_t size, struct tacit_error *err)
{
	struct writer w = wr_of(tacit_mut_of(text, size));
	struct tacit_slice whole;
	uint32_t sum = sum_of_name(name), bits = 0;
	unsigned have = 0;

	wr_text(&w, name);
	wr_text(&w, "1");
	for (size_t i = 0; i < bytes.len; i++) {
		bits = (bits << 8 | bytes.ptr[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			put(&w, &sum, (uint8_t)(bits >> (have - 5) & 31));
	}
	if (have)
		put(&w, &sum, (uint8_t)(bits << (5 - have) & 31));
	for (size_t i = 0; i < CHECKSUM; i++)
		sum = step(sum, 0);
	sum ^= 1;
	for (size_t i = 0; i < CHECKSUM; i++)
		wr_u8(&w, (uint8_t)ALPHABET[sum >> 5 * (CHECKSUM - 1 - i) & 31]);
	wr_u8(&w, 0);
	return wr_finish(&w, WHERE, &whole, err);
}
