/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gzip.h"

#define AHEAD     (258u + 1 + 3) /* a match here, and one behind it: what a choice looks at */
#define LAZY      32u            /* a match that long is not put off for a longer one */
#define LAST      1u             /* block */
#define DYNAMIC   2u             /* a block with codes of its own */
#define END       256
#define MATCH_MIN 3u

/* ---- bits -------------------------------------------------------------------------------------
 */

static void flush_out(struct tacit_gzip_write *w)
{
	if (w->st == TACIT_OK && w->out_len)
		w->st = w->put(w->user, tacit_slice_of(w->out, w->out_len), w->err);
	w->out_len = 0;
}

static void put_byte(struct tacit_gzip_write *w, uint8_t byte)
{
	if (w->out_len == sizeof(w->out))
		flush_out(w);
	w->out[w->out_len++] = byte;
}

static void put_bits(struct tacit_gzip_write *w, uint64_t value, unsigned count)
{
	w->bits |= value << w->bit_count;
	w->bit_count += count;
	while (w->bit_count >= 8) {
		put_byte(w, (uint8_t)w->bits);
		w->bits >>= 8;
		w->bit_count -= 8;
	}
}

static void put_le32(struct tacit_gzip_write *w, uint32_t value)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		put_byte(w, (uint8_t)(value >> shift));
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

struct codes {
	uint8_t len[TACIT_GZIP_LITERALS + TACIT_GZIP_DISTANCES];
	uint16_t literal[TACIT_GZIP_LITERALS], distance[TACIT_GZIP_DISTANCES];
	size_t literals, distances;
};

static unsigned length_code(uint32_t len)
{
	unsigned code = 28;

	while (tacit_gzip_length_base[code] > len)
		code--;
	return code;
}

static unsigned distance_code(uint32_t distance)
{
	unsigned code = TACIT_GZIP_DISTANCES - 1;

	while (tacit_gzip_distance_base[code] > distance)
		code--;
	return code;
}

static size_t used(const uint8_t *lengths, size_t count, size_t least)
{
	while (count > least && lengths[count - 1] == 0)
		count--;
	return count;
}

/* The codes of the block; both rows of lengths stand one behind the other, as a block has them. */
static void choose_codes(const struct tacit_gzip_write *w, struct codes *c)
{
	uint32_t literal[286] = { 0 }, distance[TACIT_GZIP_DISTANCES] = { 0 };
	uint8_t distance_len[TACIT_GZIP_DISTANCES];

	for (size_t i = 0; i < w->count; i++) {
		const struct tacit_gzip_token *t = &w->token[i];

		if (t->distance)
			distance[distance_code(t->distance)]++;
		literal[t->distance ? END + 1 + length_code(t->value) : t->value]++;
	}
	literal[END] = 1;
	tacit_gzip_code_lengths(literal, 286, TACIT_GZIP_CODE_MAX, c->len);
	tacit_gzip_code_lengths(distance, TACIT_GZIP_DISTANCES, TACIT_GZIP_CODE_MAX, distance_len);
	tacit_gzip_code_words(c->len, 286, c->literal);
	tacit_gzip_code_words(distance_len, TACIT_GZIP_DISTANCES, c->distance);
	c->literals = used(c->len, 286, 257);
	c->distances = used(distance_len, TACIT_GZIP_DISTANCES, 1);
	memcpy(c->len + c->literals, distance_len, c->distances);
}

/* A length, or a repetition of the last one (16) or of zero (17, 18) [RFC 1951 3.2.7]. */
struct run {
	uint8_t symbol, extra, extra_bits;
};

static struct run next_run(const uint8_t *lengths, size_t left, bool has_last, size_t *ret_count)
{
	size_t same = 1;

	while (same < left && lengths[same] == lengths[0])
		same++;
	if (lengths[0] == 0 && same >= 11) {
		*ret_count = same < 138 ? same : 138;
		return (struct run){ 18, (uint8_t)(*ret_count - 11), 7 };
	}
	if (lengths[0] == 0 && same >= 3) {
		*ret_count = same;
		return (struct run){ 17, (uint8_t)(same - 3), 3 };
	}
	if (has_last && same >= 3) {
		*ret_count = same < 6 ? same : 6;
		return (struct run){ 16, (uint8_t)(*ret_count - 3), 2 };
	}
	*ret_count = 1;
	return (struct run){ lengths[0], 0, 0 };
}

static size_t make_runs(const uint8_t *lengths, size_t count, struct run *ret)
{
	size_t n = 0, step;

	for (size_t at = 0; at < count; at += step) {
		bool has_last = at > 0 && lengths[at - 1] == lengths[at] && lengths[at];

		ret[n++] = next_run(lengths + at, count - at, has_last, &step);
	}
	return n;
}

static void put_codes(struct tacit_gzip_write *w, const struct codes *c)
{
	struct run runs[TACIT_GZIP_LITERALS + TACIT_GZIP_DISTANCES];
	size_t n = make_runs(c->len, c->literals + c->distances, runs), given = 19;
	uint32_t often[19] = { 0 };
	uint8_t len[19];
	uint16_t word[19];

	for (size_t i = 0; i < n; i++)
		often[runs[i].symbol]++;
	tacit_gzip_code_lengths(often, 19, 7, len);
	tacit_gzip_code_words(len, 19, word);
	while (given > 4 && len[tacit_gzip_order[given - 1]] == 0)
		given--;
	put_bits(w, c->literals - 257, 5);
	put_bits(w, c->distances - 1, 5);
	put_bits(w, given - 4, 4);
	for (size_t i = 0; i < given; i++)
		put_bits(w, len[tacit_gzip_order[i]], 3);
	for (size_t i = 0; i < n; i++) {
		put_bits(w, word[runs[i].symbol], len[runs[i].symbol]);
		put_bits(w, runs[i].extra, runs[i].extra_bits);
	}
}

static void put_token(struct tacit_gzip_write *w, const struct codes *c,
		      const struct tacit_gzip_token *t)
{
	if (!t->distance) {
		put_bits(w, c->literal[t->value], c->len[t->value]);
		return;
	}
	unsigned length = length_code(t->value), distance = distance_code(t->distance);

	put_bits(w, c->literal[END + 1 + length], c->len[END + 1 + length]);
	put_bits(w, t->value - (uint32_t)tacit_gzip_length_base[length],
		 tacit_gzip_length_extra[length]);
	put_bits(w, c->distance[distance], c->len[c->literals + distance]);
	put_bits(w, t->distance - (uint32_t)tacit_gzip_distance_base[distance],
		 tacit_gzip_distance_extra[distance]);
}

static void put_block(struct tacit_gzip_write *w, unsigned last)
{
	struct codes c;

	choose_codes(w, &c);
	put_bits(w, last | DYNAMIC << 1, 3);
	put_codes(w, &c);
	for (size_t i = 0; i < w->count; i++)
		put_token(w, &c, &w->token[i]);
	put_bits(w, c.literal[END], c.len[END]);
	w->count = 0;
}

/* ---- choices ----------------------------------------------------------------------------------
 */

static void add_token(struct tacit_gzip_write *w, uint32_t value, uint32_t distance)
{
	w->token[w->count++] = (struct tacit_gzip_token){ (uint16_t)value, (uint16_t)distance };
	if (w->count == TACIT_GZIP_TOKENS)
		put_block(w, 0);
}

/* One literal or one match. A match waits when the next byte begins a longer one. */
static void step(struct tacit_gzip_write *w)
{
	struct tacit_gzip_match match = w->has_next ? w->next : tacit_gzip_match_find(w, w->at);

	w->has_next = false;
	tacit_gzip_match_insert(w, w->at);
	if (match.len >= MATCH_MIN && match.len < LAZY && w->at + 1 < w->have) {
		w->next = tacit_gzip_match_find(w, w->at + 1);
		w->has_next = w->next.len > match.len;
	}
	if (match.len < MATCH_MIN || w->has_next) {
		add_token(w, w->room[w->at++], 0);
		return;
	}
	add_token(w, match.len, match.distance);
	for (uint32_t i = 1; i < match.len; i++)
		tacit_gzip_match_insert(w, w->at + i);
	w->at += match.len;
}

/* Keeps what matches can reach, at the start of the room. */
static void slide(struct tacit_gzip_write *w)
{
	size_t gone = w->at - TACIT_GZIP_WINDOW;

	memmove(w->room, w->room + gone, w->have - gone);
	w->base += (uint32_t)gone;
	w->at -= gone;
	w->have -= gone;
}

void tacit_gzip_write_init(struct tacit_gzip_write *w, tacit_gzip_put *put, void *user)
{
	/* No name, no time, any system: nothing that is not the content. */
	static const uint8_t HEAD[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };

	memset(w, 0, sizeof(*w));
	w->put = put;
	w->user = user;
	tacit_crc32_init(&w->crc);
	memcpy(w->out, HEAD, sizeof(HEAD));
	w->out_len = sizeof(HEAD);
}

enum tacit_status tacit_gzip_write_update(struct tacit_gzip_write *w, struct tacit_slice bytes,
					  struct tacit_error *err)
{
	w->err = err;
	tacit_crc32_update(&w->crc, bytes);
	w->size += bytes.len;
	for (size_t taken = 0; taken < bytes.len && w->st == TACIT_OK;) {
		size_t room = sizeof(w->room) - w->have, left = bytes.len - taken;
		size_t n = left < room ? left : room;

		memcpy(w->room + w->have, bytes.ptr + taken, n);
		w->have += n;
		taken += n;
		/* What is chosen never depends on where a piece ends. */
		while (w->have - w->at >= AHEAD)
			step(w);
		if (w->have == sizeof(w->room))
			slide(w);
	}
	w->err = NULL;
	return w->st;
}

enum tacit_status tacit_gzip_write_final(struct tacit_gzip_write *w, struct tacit_error *err)
{
	w->err = err;
	while (w->at < w->have)
		step(w);
	put_block(w, LAST);
	put_bits(w, 0, (8 - w->bit_count) & 7);
	put_le32(w, tacit_crc32_value(&w->crc));
	put_le32(w, (uint32_t)w->size);
	flush_out(w);
	w->err = NULL;
	return w->st;
}
