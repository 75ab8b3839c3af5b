/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gzip.h"

#include "base/compiler.h"
#include "crypto/hash.h"
#include "tests/tap.h"

#define TEXT_MAX (1u << 20)

static uint8_t text[TEXT_MAX], packed[TEXT_MAX + 65536], back[TEXT_MAX];
static struct tacit_gzip_write writer;
static struct tacit_gzip_read reader;

/* Where output goes; `limit` is what it takes. */
struct sink {
	uint8_t *bytes;
	size_t len, limit;
};

static enum tacit_status put(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct sink *sink = user;

	if (bytes.len > sink->limit - sink->len)
		return tacit_fail(err, TACIT_IO, "sink", 0, "full");
	memcpy(sink->bytes + sink->len, bytes.ptr, bytes.len);
	sink->len += bytes.len;
	return TACIT_OK;
}

static struct tacit_slice pack(struct tacit_slice in, size_t piece)
{
	struct sink sink = { packed, 0, sizeof(packed) };
	enum tacit_status st = TACIT_OK;

	tacit_gzip_write_init(&writer, put, &sink);
	for (size_t at = 0; st == TACIT_OK && at < in.len; at += piece)
		st = tacit_gzip_write_update(
			&writer,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			NULL);
	if (st == TACIT_OK)
		st = tacit_gzip_write_final(&writer, NULL);
	return tacit_slice_of(packed, st == TACIT_OK ? sink.len : 0);
}

static size_t unpacked, used_up;

/* TACIT_OK only for a whole member. */
static enum tacit_status unpack(struct tacit_slice in, size_t piece)
{
	struct sink sink = { back, 0, sizeof(back) };
	enum tacit_status st = TACIT_OK;

	used_up = 0;
	tacit_gzip_read_init(&reader, put, &sink);
	for (size_t at = 0; st == TACIT_OK && at < in.len && !tacit_gzip_read_ended(&reader);
	     at += piece) {
		size_t used = 0;

		st = tacit_gzip_read_update(
			&reader,
			tacit_slice_of(in.ptr + at, in.len - at < piece ? in.len - at : piece),
			&used, NULL);
		used_up += used;
	}
	unpacked = sink.len;
	return st == TACIT_OK && !tacit_gzip_read_ended(&reader) ? TACIT_IO : st;
}

/* Bytes that no compiler and no library makes otherwise. */
static uint32_t lot(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Words of an own dictionary, now and then noise, and a long row of one byte. */
static struct tacit_slice make_text(size_t len)
{
	uint32_t state = 1;

	for (size_t at = 0; at < len;) {
		uint32_t kind = lot(&state) % 64, count = 1 + lot(&state) % 12;
		uint32_t word = lot(&state) % 400;

		if (kind == 0)
			count *= 40;
		for (uint32_t i = 0; i < count && at < len; i++)
			text[at++] = kind == 0 ? 0
				     : kind == 1
					     ? (uint8_t)lot(&state)
					     : (uint8_t)('a' + (word * 31 + i * (word % 7)) % 26);
	}
	return tacit_slice_of(text, len);
}

static void round_trip(const char *name, struct tacit_slice in)
{
	struct tacit_slice out = pack(in, 4096);

	ok(out.len > 18 && unpack(out, 1000) == TACIT_OK && unpacked == in.len &&
		   used_up == out.len && (in.len == 0 || memcmp(back, in.ptr, in.len) == 0),
	   "%s: %zu bytes, packed %zu, come back", name, in.len, out.len);
}

static void test_round_trips(void)
{
	uint32_t state = 7;

	round_trip("nothing", tacit_slice_of(text, 0));
	round_trip("a byte", tacit_slice_str("a"));
	round_trip("three", tacit_slice_str("aaa"));
	round_trip("text", make_text(100000));
	round_trip("much text", make_text(TEXT_MAX));
	for (size_t i = 0; i < 300000; i++)
		text[i] = (uint8_t)lot(&state);
	round_trip("noise", tacit_slice_of(text, 300000));
	memcpy(text + 32768, text, 32768);
	round_trip("the same from as far as can be", tacit_slice_of(text, 65536));
	memset(text, 0, 500000);
	round_trip("zeros", tacit_slice_of(text, 500000));
	/* Rare symbols, each half as often as the next: codes longer than deflate allows. */
	size_t at = 0;
	for (unsigned i = 0; i < 19; i++) {
		for (uint32_t n = 0; n < 1u << i && at < TEXT_MAX; n++)
			text[at++] = (uint8_t)(i * 13);
	}
	round_trip("a steep tree", tacit_slice_of(text, at));
}

static void test_deterministic(void)
{
	static const size_t PIECES[] = { 1, 7, 4095, 65536, 131072, TEXT_MAX };
	static uint8_t first[TEXT_MAX];
	struct tacit_slice in = make_text(300000), out = pack(in, 300000);
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[2 * TACIT_SHA256_LEN + 1];
	size_t len = out.len;

	memcpy(first, out.ptr, out.len);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(PIECES); i++) {
		out = pack(in, PIECES[i]);
		ok(out.len == len && memcmp(out.ptr, first, len) == 0,
		   "the same bytes from pieces of %zu", PIECES[i]);
	}
	is_status(tacit_hash(TACIT_SHA256, out, digest, NULL), TACIT_OK, "a digest");
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	/* A change of what is written changes the measurements of images: say so in the log. */
	ok(strcmp(hex, "bf2b33371780efd7f8fc7c803d4f2234634c9fbb9ff966594117731bbfb87125") == 0,
	   "the bytes that it has always been (%s)", hex);
	is_slice(tacit_slice_of(out.ptr, 10), tacit_slice_of("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10),
		 "a head that says nothing of this machine");
}

/* What gzip and zlib wrote, of every kind of block. */
static void test_foreign(void)
{
	static const char STORED[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x05\0\xfa\xffhello"
				     "\x86\xa6\x10\x36\x05\0\0\0";
	static const char FIXED[] = "\x1f\x8b\x08\x08\x26\x8f\x50\x5c\x00\x03"
				    "name\0\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
	static const char EXTRA[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x03\0abc"
				    "name\0comment\0\x12\x34\xcb\x48\xcd\xc9\xc9\x07\0"
				    "\x86\xa6\x10\x36\x05\0\0\0 and more";
	static const struct {
		const char *name, *bytes;
		size_t len, used;
	} ROWS[] = {
		{ "a stored block", STORED, sizeof(STORED) - 1, sizeof(STORED) - 1 },
		{ "a block without codes of its own, and a name", FIXED, sizeof(FIXED) - 1,
		  sizeof(FIXED) - 1 },
		{ "every field of the head, and something behind the end", EXTRA, sizeof(EXTRA) - 1,
		  sizeof(EXTRA) - 10 },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		for (size_t piece = 1; piece < 70; piece += 34) {
			enum tacit_status st =
				unpack(tacit_slice_of(ROWS[i].bytes, ROWS[i].len), piece);

			ok(st == TACIT_OK && unpacked == 5 && memcmp(back, "hello", 5) == 0 &&
				   used_up == ROWS[i].used,
			   "%s, in pieces of %zu", ROWS[i].name, piece);
		}
	}
}

/* Bits of a stream, lowest first, behind a head. */
struct bits {
	uint8_t bytes[128];
	size_t at;
};

static void add_bits(struct bits *b, uint32_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++, b->at++) {
		if (value >> i & 1)
			b->bytes[b->at / 8] |= (uint8_t)(1u << b->at % 8);
	}
}

static struct bits head(void)
{
	struct bits b = { .bytes = { 0x1f, 0x8b, 8 }, .at = 80 };

	return b;
}

/* For that reason, and not for another that comes later. */
static void refused(const char *why, const struct bits *b)
{
	struct sink sink = { back, 0, sizeof(back) };
	struct tacit_error err = { 0 };
	size_t used = 0;

	tacit_gzip_read_init(&reader, put, &sink);
	enum tacit_status st = tacit_gzip_read_update(
		&reader, tacit_slice_of(b->bytes, sizeof(b->bytes)), &used, &err);
	ok(st == TACIT_FORMAT && strcmp(err.detail, why) == 0, "%s (%s)", why, err.detail);
}

static void test_heads(void)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t byte;
	} ROWS[] = {
		{ "first byte", 0, 0x1e },
		{ "second byte", 1, 0x8a },
		{ "method", 2, 7 },
		{ "reserved flag", 3, 0x20 },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct bits b = head();

		b.bytes[ROWS[i].at] = ROWS[i].byte;
		printf("# another %s\n", ROWS[i].name);
		refused("no head of gzip", &b);
	}
}

/* A block of two symbols with codes of its own up to where its lengths begin: 1 is `0`, 18 `1`. */
static struct bits dynamic(uint32_t literals, uint32_t distances)
{
	static const uint8_t LENGTHS[18] = { [2] = 1, [17] = 1 }; /* of 18 and 1 */
	struct bits b = head();

	add_bits(&b, 1 | 2 << 1, 3);
	add_bits(&b, literals, 5);
	add_bits(&b, distances, 5);
	add_bits(&b, 14, 4);
	for (size_t i = 0; i < 18; i++)
		add_bits(&b, LENGTHS[i], 3);
	return b;
}

static void add_zeros(struct bits *b, uint32_t count)
{
	add_bits(b, 1, 1);
	add_bits(b, count - 11, 7);
}

static void test_refused(void)
{
	struct bits b = head();

	add_bits(&b, 7, 3);
	refused("a block of no known kind", &b);
	b = head();
	add_bits(&b, 1, 8);
	add_bits(&b, 0xfffe0005, 32);
	refused("a stored block of no certain length", &b);
	b = dynamic(30, 0);
	refused("a block with too many codes", &b);
	b = dynamic(0, 30);
	refused("a block with too many codes", &b);
	b = head();
	add_bits(&b, 1 | 2 << 1, 3);
	add_bits(&b, 0, 14);
	add_bits(&b, 0x249, 12);
	refused("lengths that make no code", &b);
	b = head();
	add_bits(&b, 1 | 2 << 1, 3);
	add_bits(&b, 0, 14);
	add_bits(&b, 1, 12);
	add_bits(&b, 0, 1);
	refused("a length that repeats none", &b);
	b = dynamic(0, 0);
	add_zeros(&b, 138);
	add_zeros(&b, 138);
	refused("more lengths than the block has", &b);
	b = dynamic(0, 0);
	add_bits(&b, 0, 1);
	add_bits(&b, 0, 1);
	add_zeros(&b, 138);
	add_zeros(&b, 118);
	refused("a block that cannot end", &b);
	b = dynamic(0, 0);
	add_bits(&b, 0, 1);
	add_bits(&b, 0, 1);
	add_zeros(&b, 138);
	add_zeros(&b, 116);
	add_bits(&b, 0, 2);
	refused("lengths that make no code", &b);
	b = head();
	add_bits(&b, 1 | 1 << 1, 3);
	add_bits(&b, 0x63, 8); /* 286, reversed */
	refused("a length that there is not", &b);
	b = head();
	add_bits(&b, 1 | 1 << 1, 3);
	add_bits(&b, 0x40, 7); /* 257: three bytes */
	add_bits(&b, 0, 5);    /* from one byte before */
	refused("a match before the start", &b);
	b = head();
	add_bits(&b, 1 | 1 << 1, 3);
	add_bits(&b, 0x0c, 8); /* 0 */
	add_bits(&b, 0x40, 7);
	add_bits(&b, 0x0f, 5); /* 30, reversed */
	refused("a distance that there is not", &b);
	b = dynamic(0, 0);
	add_zeros(&b, 138);
	add_zeros(&b, 118);
	add_bits(&b, 0, 1);
	add_zeros(&b, 11);
	refused("more lengths than the block has", &b);
}

static void test_one_distance(void)
{
	struct bits b = dynamic(0, 0);

	/* Literals 0 and 256 and no distance at all [RFC 1951 3.2.7]. */
	add_bits(&b, 0, 1);
	add_zeros(&b, 138);
	add_zeros(&b, 117);
	add_bits(&b, 0, 1); /* 256 */
	add_bits(&b, 0, 1); /* a distance of one bit */
	add_bits(&b, 0, 1); /* literal 0 */
	add_bits(&b, 1, 1); /* the end */
	b.at = (b.at + 7) / 8 * 8;
	add_bits(&b, 0xd202ef8d, 32);
	add_bits(&b, 1, 32);
	is_status(unpack(tacit_slice_of(b.bytes, b.at / 8), 1), TACIT_OK,
		  "one code of one bit is a code");
	ok(unpacked == 1 && back[0] == 0, "and gives its symbol");
}

static void test_damage(void)
{
	struct tacit_slice in = make_text(3000), out = pack(in, 3000);
	size_t accepted = 0, whole = 0;

	for (size_t cut = 0; cut < out.len; cut++)
		accepted += unpack(tacit_slice_of(packed, cut), 64) == TACIT_OK;
	ok(accepted == 0, "truncations are refused");
	for (size_t bit = 0; bit < 8 * out.len; bit++) {
		packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* A code that nothing uses may be another one. */
		whole += unpack(out, out.len) == TACIT_OK &&
			 (unpacked != in.len || memcmp(back, text, in.len) != 0);
		packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(whole == 0, "no flipped bit gives other content");
}

static enum tacit_status count(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	(void)err;
	*(uint64_t *)user += bytes.len;
	return TACIT_OK;
}

/* 64 MiB of zeros in 64 KB. */
static void test_bomb(void)
{
	struct sink sink = { packed, 0, sizeof(packed) };
	struct tacit_error err = { 0 };
	uint64_t given = 0;
	size_t used = 0, wrong = 0;

	memset(text, 0, sizeof(text));
	tacit_gzip_write_init(&writer, put, &sink);
	for (int i = 0; i < 64; i++)
		wrong +=
			tacit_gzip_write_update(&writer, TACIT_SLICE_ARRAY(text), NULL) != TACIT_OK;
	wrong += tacit_gzip_write_final(&writer, NULL) != TACIT_OK;
	ok(wrong == 0 && sink.len < 128 * 1024, "64 MiB in %zu bytes", sink.len);
	tacit_gzip_read_init(&reader, count, &given);
	is_status(tacit_gzip_read_update(&reader, tacit_slice_of(packed, sink.len), &used, &err),
		  TACIT_LIMIT, "a bomb is refused");
	ok(given <= TACIT_GZIP_HEADROOM + TACIT_GZIP_RATIO * sink.len,
	   "after %llu bytes at most: %llu",
	   (unsigned long long)(TACIT_GZIP_HEADROOM + TACIT_GZIP_RATIO * sink.len),
	   (unsigned long long)given);
}

static void test_sinks(void)
{
	struct sink sink = { back, 0, 100 };
	struct tacit_error err = { 0 };
	struct tacit_slice in = make_text(300000), out;
	size_t used = 0;

	tacit_gzip_write_init(&writer, put, &sink);
	enum tacit_status st = tacit_gzip_write_update(&writer, in, &err);
	is_status(st == TACIT_OK ? tacit_gzip_write_final(&writer, &err) : st, TACIT_IO,
		  "a writer whose output fails says so");
	out = pack(in, 4096);
	sink.len = 0;
	tacit_gzip_read_init(&reader, put, &sink);
	is_status(tacit_gzip_read_update(&reader, out, &used, &err), TACIT_IO, "and a reader");
}

int main(void)
{
	test_round_trips();
	test_deterministic();
	test_foreign();
	test_heads();
	test_refused();
	test_one_distance();
	test_damage();
	test_bomb();
	test_sinks();
	return done();
}
