/* SPDX-License-Identifier: Apache-2.0 */

/* Huffman codes of deflate [RFC 1951 3.2.2], and its tables. */

#include "codec/gzip.h"

const uint16_t tacit_gzip_length_base[29] = { 3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
					      15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
					      67, 83, 99, 115, 131, 163, 195, 227, 258 };
const uint8_t tacit_gzip_length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
const uint16_t tacit_gzip_distance_base[TACIT_GZIP_DISTANCES] = {
	1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577
};
const uint8_t tacit_gzip_distance_extra[TACIT_GZIP_DISTANCES] = { 0,  0,  0,  0,  1,  1, 2,  2,
								  3,  3,  4,  4,  5,  5, 6,  6,
								  7,  7,  8,  8,  9,  9, 10, 10,
								  11, 11, 12, 12, 13, 13 };
const uint8_t tacit_gzip_order[19] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
				       11, 4,  12, 3, 13, 2, 14, 1, 15 };

/* ---- lengths ----------------------------------------------------------------------------------
 */

/* A symbol, or two trees that became one. */
struct node {
	uint32_t often;
	uint16_t parent;
};

#define NODES (2 * TACIT_GZIP_LITERALS)

/* Symbols that occur, the rarest first, equal ones by value; every compiler sorts alike so. */
static size_t sort_symbols(const uint32_t *often, size_t count, uint16_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!often[i])
			continue;
		size_t at = n++;
		for (; at > 0 && often[ret[at - 1]] > often[i]; at--)
			ret[at] = ret[at - 1];
		ret[at] = (uint16_t)i;
	}
	return n;
}

/* The rarer of the next symbol and the next tree: both rows are sorted already. */
static size_t take_rarest(const struct node *nodes, size_t leaves, size_t trees, size_t *leaf,
			  size_t *tree)
{
	if (*leaf < leaves && (*tree == trees || nodes[*leaf].often <= nodes[*tree].often))
		return (*leaf)++;
	return (*tree)++;
}

/* How many of `leaves` sorted symbols get each length; depths over `max` count as `max`. */
static void count_lengths(struct node *nodes, size_t leaves, unsigned max, uint32_t *ret)
{
	size_t leaf = 0, tree = leaves, end = leaves;
	uint8_t depth[NODES];

	while (end < 2 * leaves - 1) {
		size_t a = take_rarest(nodes, leaves, end, &leaf, &tree);
		size_t b = take_rarest(nodes, leaves, end, &leaf, &tree);

		nodes[end] = (struct node){ .often = nodes[a].often + nodes[b].often };
		nodes[a].parent = nodes[b].parent = (uint16_t)end;
		end++;
	}
	depth[end - 1] = 0;
	for (size_t i = end - 1; i > 0; i--) {
		unsigned up = depth[nodes[i - 1].parent];

		depth[i - 1] = (uint8_t)(up + 1);
		if (i - 1 < leaves)
			ret[up + 1 < max ? up + 1 : max]++;
	}
}

/* Makes codes longer until all of them fit again: the longest that is not yet too long goes first.
 */
static void make_fit(uint32_t *lengths, unsigned max)
{
	uint32_t used = 0;

	for (unsigned len = 1; len <= max; len++)
		used += lengths[len] << (max - len);
	for (; used > 1u << max; used--) {
		unsigned len = max - 1;

		while (lengths[len] == 0)
			len--;
		/* One code of `len` bits becomes two that are longer; one of the longest joins it.
		 */
		lengths[max]--;
		lengths[len]--;
		lengths[len + 1] += 2;
	}
}

void tacit_gzip_code_lengths(const uint32_t *often, size_t count, unsigned max, uint8_t *ret)
{
	uint32_t given[TACIT_GZIP_LITERALS], lengths[TACIT_GZIP_CODE_MAX + 1] = { 0 };
	uint16_t order[TACIT_GZIP_LITERALS];
	struct node nodes[NODES];

	memcpy(given, often, count * sizeof(*given));
	size_t n = sort_symbols(given, count, order);
	/* Readers refuse a code that does not use all its bits. */
	for (size_t i = 0; n < 2; i++) {
		if (!given[i]) {
			given[i] = 1;
			n = sort_symbols(given, count, order);
		}
	}
	for (size_t i = 0; i < n; i++)
		nodes[i] = (struct node){ .often = given[order[i]] };
	count_lengths(nodes, n, max, lengths);
	make_fit(lengths, max);
	memset(ret, 0, count);
	for (unsigned len = max, at = 0; len > 0; len--) {
		for (uint32_t i = 0; i < lengths[len]; i++)
			ret[order[at++]] = (uint8_t)len;
	}
}

/* ---- words ------------------------------------------------------------------------------------
 */

static uint16_t reverse(uint32_t word, unsigned len)
{
	uint32_t back = 0;

	for (unsigned i = 0; i < len; i++)
		back |= (word >> i & 1) << (len - 1 - i);
	return (uint16_t)back;
}

void tacit_gzip_code_words(const uint8_t *lengths, size_t count, uint16_t *ret)
{
	uint32_t next[TACIT_GZIP_CODE_MAX + 2] = { 0 }, of_length[TACIT_GZIP_CODE_MAX + 1] = { 0 };

	for (size_t i = 0; i < count; i++)
		of_length[lengths[i]]++;
	of_length[0] = 0;
	for (unsigned len = 1; len <= TACIT_GZIP_CODE_MAX; len++)
		next[len + 1] = (next[len] + of_length[len]) << 1;
	for (size_t i = 0; i < count; i++) {
		unsigned len = lengths[i];

		ret[i] = len ? reverse(next[len]++, len) : 0;
	}
}

/* ---- tables -----------------------------------------------------------------------------------
 */

bool tacit_gzip_table_make(struct tacit_gzip_table *table, const uint8_t *lengths, size_t count)
{
	uint16_t words[TACIT_GZIP_LITERALS], at[TACIT_GZIP_CODE_MAX + 2] = { 0 };
	uint32_t room = 1u << TACIT_GZIP_CODE_MAX, used = 0;

	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < count; i++)
		table->count[lengths[i]]++;
	table->count[0] = 0;
	for (unsigned len = 1; len <= TACIT_GZIP_CODE_MAX; len++) {
		used += (uint32_t)table->count[len] << (TACIT_GZIP_CODE_MAX - len);
		at[len + 1] = (uint16_t)(at[len] + table->count[len]);
	}
	/* Complete, or one code of one bit, or none at all [RFC 1951 3.2.7]. */
	if (used != room && !(used == room / 2 && table->count[1] == 1) && used != 0)
		return false;
	tacit_gzip_code_words(lengths, count, words);
	for (size_t i = 0; i < count; i++) {
		unsigned len = lengths[i];

		if (len)
			table->symbol[at[len]++] = (uint16_t)i;
		for (uint32_t v = words[i];
		     len && len <= TACIT_GZIP_FAST_BITS && v < 1u << TACIT_GZIP_FAST_BITS;
		     v += 1u << len)
			table->fast[v] = (uint16_t)(i << 4 | len);
	}
	return true;
}

/* Bit by bit. */
unsigned tacit_gzip_table_find(const struct tacit_gzip_table *table, uint64_t bits,
			       unsigned *ret_symbol)
{
	uint32_t code = 0, first = 0, index = 0;

	for (unsigned len = 1; len <= TACIT_GZIP_CODE_MAX; len++) {
		code |= (uint32_t)(bits >> (len - 1) & 1);
		uint32_t count = table->count[len];
		if (code - first < count) {
			*ret_symbol = table->symbol[index + (code - first)];
			return len;
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return 0;
}
