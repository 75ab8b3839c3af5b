/* SPDX-License-Identifier: Apache-2.0 */

/* age files: the public vectors, every truncation and bit flip of a header, what we write. */

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "codec/bech32.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "release/age_armor.h"
#include "release/age_stream.h"
#include "release/keyring.h"
#include "tests/tap.h"

static uint8_t arena_room[TACIT_AGE_HEADER_ARENA];
static const struct tacit_key_use USE = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

/* ---- an age file in memory ----------------------------------------------------------------- */

static enum tacit_status open_payload(struct tacit_slice payload, const uint8_t *file_key,
				      uint8_t *out, size_t *ret_len, struct tacit_error *err)
{
	struct tacit_age_stream stream;
	uint64_t plain;

	if (payload.len < TACIT_AGE_NONCE)
		return tacit_fail(err, TACIT_FORMAT, "age.header", 0, "no nonce");
	if (!tacit_age_plain_len(payload.len, &plain))
		return tacit_fail(err, TACIT_FORMAT, "age.payload", 0, "length");
	enum tacit_status st = tacit_age_stream_init(&stream, file_key, payload.ptr, err);
	uint64_t chunks = tacit_age_chunks(plain);
	for (uint64_t i = 0; i < chunks && st == TACIT_OK; i++) {
		size_t at = TACIT_AGE_NONCE + (size_t)i * TACIT_AGE_SEALED;
		size_t len = i + 1 == chunks ? payload.len - at : TACIT_AGE_SEALED;

		st = tacit_age_chunk_open(
			&stream, i, i + 1 == chunks, tacit_slice_of(payload.ptr + at, len),
			tacit_mut_of(out + i * TACIT_AGE_CHUNK, len - TACIT_AGE_TAG), err);
	}
	tacit_age_stream_done(&stream);
	*ret_len = (size_t)plain;
	return st;
}

static enum tacit_status open_file(struct tacit_slice file, struct tacit_keyring *ring,
				   uint8_t *out, size_t *ret_len, struct tacit_error *err)
{
	struct tacit_age_header header;
	struct tacit_arena arena;
	uint8_t file_key[TACIT_AGE_FILE_KEY];

	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	enum tacit_status st = tacit_age_header_parse(file, &arena, &header, err);
	if (st == TACIT_OK)
		st = tacit_keyring_unwrap(ring, &USE, &header, file_key, err);
	if (st != TACIT_OK)
		return st;
	return open_payload(tacit_slice_of(file.ptr + header.len, file.len - header.len), file_key,
			    out, ret_len, err);
}

/* ---- the vectors --------------------------------------------------------------------------- */

struct vector {
	char expect[32], payload[65], identity[8][128], passphrase[128];
	size_t identities;
	bool armored, compressed, hybrid;
	struct tacit_slice file;
};

static uint8_t raw[1 << 20], inflated[40 << 20], bare[40 << 20], plain[40 << 20];

static void take_field(struct vector *v, const char *name, const char *value)
{
	if (strcmp(name, "expect") == 0)
		snprintf(v->expect, sizeof(v->expect), "%.31s", value);
	else if (strcmp(name, "payload") == 0)
		snprintf(v->payload, sizeof(v->payload), "%.64s", value);
	else if (strcmp(name, "passphrase") == 0)
		snprintf(v->passphrase, sizeof(v->passphrase), "%.127s", value);
	else if (strcmp(name, "armored") == 0)
		v->armored = true;
	else if (strcmp(name, "compressed") == 0)
		v->compressed = true;
	else if (strcmp(name, "identity") == 0 && strncmp(value, "AGE-SECRET-KEY-PQ", 17) == 0)
		v->hybrid = true;
	else if (strcmp(name, "identity") == 0 && v->identities < 8)
		snprintf(v->identity[v->identities++], sizeof(v->identity[0]), "%.127s", value);
}

/* Some vectors are compressed; the tests have Python, and we have no need to read zlib. */
static bool inflate(const char *path, struct vector *v)
{
	char line[9000];

	snprintf(line, sizeof(line),
		 "python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress("
		 "open(sys.argv[1], \"rb\").read().split(b\"\\n\\n\", 1)[1]))' '%s'",
		 path);
	FILE *f = popen(line, "r");
	size_t len = f ? fread(inflated, 1, sizeof(inflated), f) : 0;

	v->file = tacit_slice_of(inflated, len);
	return f && pclose(f) == 0 && len > 0;
}

static bool read_vector(const char *path, struct vector *v)
{
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(raw, 1, sizeof(raw), f) : 0, at = 0;

	if (f)
		fclose(f);
	memset(v, 0, sizeof(*v));
	while (at < len && raw[at] != '\n') {
		uint8_t *end = memchr(raw + at, '\n', len - at);

		if (!end)
			return false;
		*end = '\0';
		char *colon = strstr((char *)raw + at, ": ");
		if (!colon)
			return false;
		*colon = '\0';
		take_field(v, (char *)raw + at, colon + 2);
		at = (size_t)(end - raw) + 1;
	}
	v->file = tacit_slice_of(raw + at + 1, len - at - 1);
	return at < len && (!v->compressed || inflate(path, v));
}

/* The keys of a vector, through files as a user has them. */
static struct tacit_keyring *vector_ring(const struct vector *v)
{
	char path[] = "/tmp/tacit-test-age.XXXXXX", text[128];
	int fd = mkstemp(path);
	struct tacit_keyring *ring = tacit_keyring_new(false);
	FILE *f = fdopen(fd, "w");

	for (size_t i = 0; i < v->identities; i++)
		fprintf(f, "# comment\n%s\n", v->identity[i]);
	if (v->passphrase[0])
		fputs(v->passphrase, f);
	fclose(f);
	snprintf(text, sizeof(text), "%s%s", v->passphrase[0] ? "passphrase:" : "file:", path);
	if (v->identities || v->passphrase[0]) {
		struct tacit_error err = { 0 };

		if (tacit_keyring_add(ring, text, &err) != TACIT_OK) {
			ok(false, "keys: %s", err.detail);
		}
	}
	unlink(path);
	return ring;
}

static const char *outcome(enum tacit_status st, const struct tacit_error *err)
{
	if (st == TACIT_OK)
		return "success";
	if (st == TACIT_DENIED)
		return "no match";
	if (strcmp(err->where, "age.armor") == 0)
		return "armor failure";
	if (strcmp(err->where, "age.header.mac") == 0)
		return "HMAC failure";
	return strcmp(err->where, "age.payload") == 0 ? "payload failure" : "header failure";
}

static enum tacit_status open_vector(const struct vector *v, size_t *ret_len,
				     struct tacit_error *err)
{
	struct tacit_slice file = v->file;

	if (v->armored) {
		enum tacit_status st =
			tacit_age_armor_decode(file, tacit_mut_of(bare, sizeof(bare)), &file, err);

		if (st != TACIT_OK)
			return st;
	}
	struct tacit_keyring *ring = vector_ring(v);
	enum tacit_status st = open_file(file, ring, plain, ret_len, err);
	tacit_keyring_free(ring);
	return st;
}

/* Whole, a lying length never shows as a shorter plaintext; the digest says so. */
static void judge_vector(const char *name, const struct vector *v)
{
	struct tacit_error err = { 0 };
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[2 * TACIT_SHA256_LEN + 1] = "";
	size_t len = 0;
	enum tacit_status st = open_vector(v, &len, &err);

	ok(strcmp(outcome(st, &err), v->expect) == 0, "%s: %s", name, v->expect);
	if (strcmp(outcome(st, &err), v->expect) != 0)
		printf("# got %s: %s: %s\n", outcome(st, &err), err.where, err.detail);
	if (st != TACIT_OK || !v->payload[0])
		return;
	(void)!tacit_hash(TACIT_SHA256, tacit_slice_of(plain, len), digest, NULL);
	tacit_hex_encode(TACIT_SLICE_ARRAY(digest), hex);
	ok(strcmp(hex, v->payload) == 0, "%s: the plaintext", name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void test_vectors(void)
{
	char folder[4096], path[8192];
	struct dirent **names;
	size_t seen = 0;
	const char *vectors = tap_vectors();

	snprintf(folder, sizeof(folder), "%s/age", vectors ? vectors : ".");
	int count = vectors ? scandir(folder, &names, NULL, by_name) : -1;
	if (count < 0) {
		skip("the public vectors of age", "no vectors: set TACIT_VECTORS");
		return;
	}
	for (int i = 0; i < count; i++) {
		static struct vector v;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && strncmp(names[i]->d_name, "README", 6) != 0 &&
		    read_vector(path, &v)) {
			if (v.hybrid)
				skip(names[i]->d_name, "post-quantum identities are not read");
			else
				judge_vector(names[i]->d_name, &v);
			seen++;
		}
		free(names[i]);
	}
	free(names);
	ok(seen > 100, "%zu vectors", seen);
}

/* ---- what we write, and what becomes of it ------------------------------------------------- */

static const uint8_t FILE_KEY[TACIT_AGE_FILE_KEY] = "YELLOW SUBMARIN";
#define ALICE "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

static uint8_t written[TACIT_AGE_HEADER_MAX], changed[TACIT_AGE_HEADER_MAX];

/* A ring of one key, through a file as a user has it. */
static struct tacit_keyring *ring_of(bool for_wrap, const char *lines, enum tacit_status *ret)
{
	char path[] = "/tmp/tacit-test-age.XXXXXX", text[128];
	int fd = mkstemp(path);
	struct tacit_keyring *ring = tacit_keyring_new(for_wrap);

	if (write(fd, lines, strlen(lines)) < 0)
		perror(path);
	close(fd);
	snprintf(text, sizeof(text), "file:%s", path);
	*ret = tacit_keyring_add(ring, text, NULL);
	unlink(path);
	return ring;
}

static struct tacit_slice write_header(size_t pad)
{
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	enum tacit_status st;
	struct tacit_keyring *to = ring_of(true, ALICE "\n", &st);
	struct tacit_arena arena;
	struct tacit_slice header = { NULL, 0 };

	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	if (tacit_keyring_wrap(to, &USE, FILE_KEY, &arena, stanzas, NULL) != TACIT_OK ||
	    tacit_age_header_write(stanzas, 1, pad, FILE_KEY,
				   tacit_mut_of(written, sizeof(written)), &header,
				   NULL) != TACIT_OK)
		ok(false, "a header");
	tacit_keyring_free(to);
	return header;
}

/* Parsed, unwrapped by `ring` and checked; OK only with the right file key. */
static enum tacit_status read_header(struct tacit_slice in, struct tacit_keyring *ring)
{
	static uint8_t room[TACIT_AGE_HEADER_ARENA];
	struct tacit_age_header header;
	struct tacit_arena arena;
	uint8_t key[TACIT_AGE_FILE_KEY] = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_age_header_parse(in, &arena, &header, NULL);
	if (st == TACIT_OK)
		st = tacit_keyring_unwrap(ring, &USE, &header, key, NULL);
	if (st == TACIT_OK && memcmp(key, FILE_KEY, sizeof(key)) != 0)
		return TACIT_INTERNAL;
	return st;
}

/* Every bit of a header is under its MAC, or in it, or makes it no header. */
static void test_flips(struct tacit_slice header, struct tacit_keyring *ring)
{
	size_t passed = 0;

	for (size_t bit = 0; bit < header.len * 8; bit++) {
		memcpy(changed, header.ptr, header.len);
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (read_header(tacit_slice_of(changed, header.len), ring) == TACIT_OK)
			passed++;
	}
	ok(passed == 0, "no bit of a header can be flipped (%zu of %zu)", passed, header.len * 8);
	passed = 0;
	for (size_t len = 0; len < header.len; len++)
		if (read_header(tacit_slice_of(header.ptr, len), ring) == TACIT_OK)
			passed++;
	ok(passed == 0, "nor can it be cut");
}

static void test_written(void)
{
	enum tacit_status st;
	struct tacit_keyring *ring = ring_of(false, ALICE, &st);
	struct tacit_slice header = write_header(0);

	is_status(read_header(header, ring), TACIT_OK, "what we write we read");
	test_flips(header, ring);
	for (size_t pad = 128; pad < 330; pad++) {
		struct tacit_slice padded = write_header(pad);

		if (padded.len % pad || padded.len < header.len + pad ||
		    read_header(padded, ring) != TACIT_OK) {
			ok(false, "padded to %zu", pad);
			tacit_keyring_free(ring);
			return;
		}
	}
	ok(true, "padded to any length from 128 to 329, and read");
	ok(write_header(4096).len == 8192, "a short one for a page takes two");
	tacit_keyring_free(ring);
}

/* A header of `count` stanzas with `args` arguments and bodies of `body` bytes, and its fate. */
static enum tacit_status many(size_t count, size_t args, size_t body, enum tacit_status *ret_write)
{
	static struct tacit_age_stanza stanzas[TACIT_AGE_STANZAS_MAX + 2];
	static uint8_t bodies[TACIT_AGE_BODY_MAX + 64], room[4 * TACIT_AGE_HEADER_MAX];
	struct tacit_slice header = { NULL, 0 };
	struct tacit_age_header parsed;
	struct tacit_arena arena;

	for (size_t i = 0; i < count; i++) {
		stanzas[i] = (struct tacit_age_stanza){ .arg_count = args,
							.body = tacit_slice_of(bodies, body) };
		for (size_t k = 0; k < args && k < TACIT_AGE_ARGS_MAX; k++)
			stanzas[i].args[k] = tacit_slice_str("a");
	}
	*ret_write = tacit_age_header_write(stanzas, count, 0, FILE_KEY,
					    tacit_mut_of(room, sizeof(room)), &header, NULL);
	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	return tacit_age_header_parse(header, &arena, &parsed, NULL);
}

static void test_bounds(void)
{
	enum tacit_status st;

	is_status(many(TACIT_AGE_STANZAS_MAX - 1, 1, 0, &st), TACIT_OK, "many stanzas");
	is_status(st, TACIT_OK, "are written");
	many(TACIT_AGE_STANZAS_MAX, 1, 0, &st);
	is_status(st, TACIT_USAGE, "one more is not: room for a pad is kept");
	many(0, 1, 0, &st);
	is_status(st, TACIT_USAGE, "nor is none");
	is_status(many(1, TACIT_AGE_ARGS_MAX, 0, &st), TACIT_OK, "many arguments");
	many(1, TACIT_AGE_ARGS_MAX + 1, 0, &st);
	is_status(st, TACIT_USAGE, "one more is not written");
	many(1, 0, 0, &st);
	is_status(st, TACIT_USAGE, "nor is a stanza without a type");
	is_status(many(1, 1, TACIT_AGE_BODY_MAX - 64, &st), TACIT_OK, "a long body");
	many(1, 1, TACIT_AGE_BODY_MAX, &st);
	is_status(st, TACIT_USAGE, "a longer one is not written");
	static const char *const ODD[] = { "", "a b", "a\n", "\x7f" };
	for (size_t i = 0; i < 4; i++) {
		struct tacit_age_stanza odd = { .arg_count = 1 };
		struct tacit_slice header;

		odd.args[0] = tacit_slice_str(ODD[i]);
		is_status(tacit_age_header_write(&odd, 1, 0, FILE_KEY,
						 tacit_mut_of(written, sizeof(written)), &header,
						 NULL),
			  TACIT_USAGE, "an argument that nobody could read");
	}
	many(5, 1, TACIT_AGE_BODY_MAX - 64, &st);
	is_status(st, TACIT_LIMIT, "nor is more than a header may have");
}

/* Texts that no writer makes, each refused as what it is. */
static void test_texts(void)
{
	static const struct {
		const char *name, *text;
		enum tacit_status want;
	} ROWS[] = {
		{ "nothing", "", TACIT_FORMAT },
		{ "another version", "age-encryption.org/v2\n-> a\n\n--- ", TACIT_UNSUPPORTED },
		{ "another format",
		  "age-encryption.com/v1\n-> a\n\n--- "
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_FORMAT },
		{ "no stanza",
		  "age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_FORMAT },
		{ "a stanza after the MAC",
		  "age-encryption.org/v1\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-> "
		  "a\n\n",
		  TACIT_FORMAT },
		{ "a line that is neither",
		  "age-encryption.org/v1\n-> a\n\nx\n--- "
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_FORMAT },
		{ "a body that does not end", "age-encryption.org/v1\n-> a\nAAAA", TACIT_FORMAT },
		{ "a body that is not base64 at first",
		  "age-encryption.org/v1\n-> a\nA*AAAA\n--- "
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_FORMAT },
		{ "a last line of 68 characters",
		  "age-encryption.org/v1\n-> a\n"
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- "
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_FORMAT },
		{ "33 arguments",
		  "age-encryption.org/v1\n-> a a a a a a a a a a a a a a a a a a a a a a a a a a a "
		  "a a a a a"
		  " a\n\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		  TACIT_LIMIT },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct tacit_age_header header;
		struct tacit_arena arena;

		tacit_arena_init(&arena, arena_room, sizeof(arena_room));
		is_status(tacit_age_header_parse(tacit_slice_str(ROWS[i].text), &arena, &header,
						 NULL),
			  ROWS[i].want, ROWS[i].name);
	}
}

/* A body of more lines than the bound has; no writer of ours makes one. */
static void test_long_body(void)
{
	static const char LINE[] =
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
	struct writer w = wr_of(tacit_mut_of(written, sizeof(written)));
	struct tacit_age_header header;
	struct tacit_arena arena;

	wr_text(&w, "age-encryption.org/v1\n-> a\n");
	for (size_t i = 0; i <= TACIT_AGE_BODY_MAX / 48; i++)
		wr_text(&w, LINE);
	wr_text(&w, "\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	is_status(tacit_age_header_parse(tacit_slice_of(written, w.at), &arena, &header, NULL),
		  TACIT_LIMIT, "a body that is too long");
	w = wr_of(tacit_mut_of(written, sizeof(written)));
	wr_text(&w, "age-encryption.org/v1\n");
	for (size_t i = 0; i <= TACIT_AGE_STANZAS_MAX; i++)
		wr_text(&w, "-> a\n\n");
	wr_text(&w, "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	is_status(tacit_age_header_parse(tacit_slice_of(written, w.at), &arena, &header, NULL),
		  TACIT_LIMIT, "257 stanzas");
}

/* With any arena that is too small, LIMIT and nothing else. */
static void test_arena(void)
{
	struct tacit_slice header = write_header(0);
	size_t wrong = 0, enough = 0;

	for (size_t size = 0; size < 4096 && !enough; size += 8) {
		struct tacit_age_header parsed;
		struct tacit_arena arena;

		tacit_arena_init(&arena, arena_room, size);
		enum tacit_status st = tacit_age_header_parse(header, &arena, &parsed, NULL);
		enough = st == TACIT_OK ? size : 0;
		wrong += st != TACIT_OK && st != TACIT_LIMIT;
	}
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	enum tacit_status made;
	struct tacit_keyring *to = ring_of(true, ALICE, &made);
	size_t done_at = 0;
	for (size_t size = 0; size < 512 && !done_at; size += 8) {
		struct tacit_arena arena;

		tacit_arena_init(&arena, arena_room, size);
		made = tacit_keyring_wrap(to, &USE, FILE_KEY, &arena, stanzas, NULL);
		done_at = made == TACIT_OK ? size : 0;
		wrong += made != TACIT_OK && made != TACIT_LIMIT;
	}
	tacit_keyring_free(to);
	ok(done_at > 0, "as it is when a stanza is made");
	ok(wrong == 0 && enough > 0, "a small arena is a limit (%zu bytes are enough)", enough);
}

static void test_lengths(void)
{
	static const uint64_t PLAINS[] = { 0, 1, 65535, 65536, 65537, 131072, 131073, 1u << 24 };
	uint64_t payload, len;

	for (size_t i = 0; i < sizeof(PLAINS) / sizeof(PLAINS[0]); i++)
		ok(tacit_age_payload_len(PLAINS[i], &payload) &&
			   tacit_age_plain_len(payload, &len) && len == PLAINS[i],
		   "the length of a payload of %llu bytes", (unsigned long long)PLAINS[i]);
	ok(!tacit_age_payload_len(UINT64_MAX, &payload), "one that is too long has none");
	ok(!tacit_age_plain_len(31, &len), "31 bytes are no payload");
	ok(!tacit_age_plain_len(16 + 65552 + 16, &len), "nor is an empty chunk behind a full one");
	ok(!tacit_age_plain_len(16 + 65552 + 5, &len), "nor is a piece of a tag");
	ok(!tacit_age_plain_len(UINT64_MAX, &len), "nor is anything longer than can be");
}

static void test_chunks(void)
{
	static uint8_t in[TACIT_AGE_CHUNK], sealed[TACIT_AGE_SEALED], out[TACIT_AGE_CHUNK];
	static const uint8_t NONCE[TACIT_AGE_NONCE];
	struct tacit_age_stream s;
	struct tacit_slice all = TACIT_SLICE_ARRAY(sealed);
	struct tacit_mut room = tacit_mut_of(out, sizeof(out));

	is_status(tacit_age_stream_init(&s, FILE_KEY, NONCE, NULL), TACIT_OK, "a stream");
	is_status(tacit_age_chunk_seal(&s, 7, false, TACIT_SLICE_ARRAY(in),
				       tacit_mut_of(sealed, sizeof(sealed)), NULL),
		  TACIT_OK, "a chunk");
	is_status(tacit_age_chunk_open(&s, 7, false, all, room, NULL), TACIT_OK, "opens");
	is_status(tacit_age_chunk_open(&s, 8, false, all, room, NULL), TACIT_SIGNATURE,
		  "elsewhere it does not");
	is_status(tacit_age_chunk_open(&s, 7, true, all, room, NULL), TACIT_SIGNATURE,
		  "as the last it does not");
	is_status(tacit_age_chunk_open(&s, 7 + (UINT64_C(1) << 32), false, all, room, NULL),
		  TACIT_SIGNATURE, "nor four thousand million chunks on");
	is_status(tacit_age_chunk_seal(&s, 0, false, tacit_slice_of(in, 5),
				       tacit_mut_of(sealed, 21), NULL),
		  TACIT_USAGE, "a short chunk that is not the last");
	is_status(tacit_age_chunk_seal(&s, 1, true, tacit_slice_of(in, 0), tacit_mut_of(sealed, 16),
				       NULL),
		  TACIT_USAGE, "an empty last chunk that is not the first");
	is_status(tacit_age_chunk_open(&s, 0, true, tacit_slice_of(sealed, 15), room, NULL),
		  TACIT_FORMAT, "less than a tag");
	/* Made by somebody with the key: its tag is good, its length is not. */
	static const uint8_t ZERO[12];
	(void)!tacit_aead_seal(TACIT_CHACHA20_POLY1305, TACIT_SLICE_ARRAY(s.key),
			       TACIT_SLICE_ARRAY(ZERO), tacit_slice_of(NULL, 0),
			       tacit_slice_of(in, 5), tacit_mut_of(sealed, 21), NULL);
	is_status(tacit_age_chunk_open(&s, 0, false, tacit_slice_of(sealed, 21),
				       tacit_mut_of(out, 5), NULL),
		  TACIT_FORMAT, "a short chunk that others follow");
	tacit_age_stream_done(&s);
	ok(s.key[0] == 0 && memcmp(s.key, s.key + 1, sizeof(s.key) - 1) == 0, "its key is wiped");
}

/* A point of small order would give everybody the same key. */
static void test_weak_recipient(void)
{
	static const uint8_t ZERO[32];
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	struct tacit_keyring *ring = tacit_keyring_new(true);
	struct tacit_arena arena;
	char text[128];

	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	for (size_t len = 31; len <= 33; len += 2) {
		static const uint8_t BYTES[33] = { 9 };

		(void)!tacit_bech32_encode(tacit_slice_of(BYTES, len), "age", text, sizeof(text),
					   NULL);
		is_status(tacit_keyring_add(ring, text, NULL), TACIT_FORMAT,
			  "a recipient of another length");
	}
	(void)!tacit_bech32_encode(TACIT_SLICE_ARRAY(ZERO), "age", text, sizeof(text), NULL);
	is_status(tacit_keyring_add(ring, text, NULL), TACIT_OK,
		  "a recipient that is a weak point");
	is_status(tacit_keyring_wrap(ring, &USE, FILE_KEY, &arena, stanzas, NULL), TACIT_FORMAT,
		  "gets no key");
	tacit_keyring_free(ring);
	enum tacit_status st;
	struct tacit_slice header = write_header(0);
	ring = ring_of(false, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n",
		       &st);
	is_status(read_header(header, ring), TACIT_DENIED, "a file of recipients opens nothing");
	tacit_keyring_free(ring);
}

/* Nobody, and a passphrase that is not alone. */
static void test_company(void)
{
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	struct tacit_keyring *ring = tacit_keyring_new(true);
	struct tacit_arena arena;

	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	is_status(tacit_keyring_wrap(ring, &USE, FILE_KEY, &arena, stanzas, NULL), TACIT_USAGE,
		  "for nobody");
	is_status(tacit_keyring_add(ring, "passphrase:/proc/version", NULL), TACIT_OK,
		  "a passphrase");
	ok(tacit_keyring_alone(ring), "must be alone");
	is_status(tacit_keyring_add(
			  ring, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
			  NULL),
		  TACIT_OK, "and somebody else");
	is_status(tacit_keyring_wrap(ring, &USE, FILE_KEY, &arena, stanzas, NULL), TACIT_USAGE,
		  "is not for both");
	for (size_t i = 2; i < TACIT_KEYRING_MAX; i++)
		(void)!tacit_keyring_add(
			ring, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
			NULL);
	is_status(tacit_keyring_add(
			  ring, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
			  NULL),
		  TACIT_LIMIT, "nor for more than a ring holds");
	tacit_keyring_free(ring);
}

static void test_keys(void)
{
	static const struct {
		const char *name, *lines;
		enum tacit_status want;
	} ROWS[] = {
		{ "an identity", ALICE "\n", TACIT_OK },
		{ "with comments and CRLF", "# x\r\n\r\n" ALICE "\r\n", TACIT_OK },
		{ "no key", "# x\n", TACIT_FORMAT },
		{ "a slip",
		  "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM1",
		  TACIT_FORMAT },
		{ "both cases",
		  "AGE-SECRET-KEY-1eGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0",
		  TACIT_FORMAT },
		{ "something else", "ssh-ed25519 AAAA\n", TACIT_FORMAT },
		{ "cut", "AGE-SECRET-KEY-1EGTZ", TACIT_FORMAT },
	};
	enum tacit_status st;

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct tacit_keyring *ring = ring_of(false, ROWS[i].lines, &st);

		is_status(st, ROWS[i].want, ROWS[i].name);
		tacit_keyring_free(ring);
	}
	struct tacit_keyring *ring = tacit_keyring_new(true);
	is_status(tacit_keyring_add(ring, "age1", NULL), TACIT_FORMAT, "half a recipient");
	is_status(tacit_keyring_add(ring, "someone", NULL), TACIT_USAGE, "nobody known");
	is_status(tacit_keyring_add(ring, "file:/nonexistent", NULL), TACIT_IO, "no file");
	is_status(tacit_keyring_add(ring, "passphrase:/dev/null", NULL), TACIT_FORMAT,
		  "an empty passphrase");
	is_status(tacit_keyring_add(ring, "file:/", NULL), TACIT_IO, "a folder");
	is_status(tacit_keyring_add(ring, "file:/dev/zero", NULL), TACIT_LIMIT,
		  "a file without an end");
	static char endless[2000] = "age1";
	memset(endless + 4, 'q', sizeof(endless) - 5);
	is_status(tacit_keyring_add(ring, endless, NULL), TACIT_FORMAT,
		  "a recipient longer than any");
	static char path[6000] = "passphrase:";
	memset(path + 11, 'a', sizeof(path) - 12);
	is_status(tacit_keyring_add(ring, path, NULL), TACIT_USAGE, "a name longer than any");
	ok(tacit_keyring_count(ring) == 0, "none of them is a recipient");
	struct tacit_keyring *own = tacit_keyring_new(false);
	is_status(tacit_keyring_add(
			  own, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
			  NULL),
		  TACIT_USAGE, "a recipient opens nothing");
	tacit_keyring_free(own);
	tacit_keyring_free(ring);
}

int main(void)
{
	test_vectors();
	test_written();
	test_bounds();
	test_texts();
	test_long_body();
	test_arena();
	test_lengths();
	test_chunks();
	test_weak_recipient();
	test_company();
	test_keys();
	return done();
}
