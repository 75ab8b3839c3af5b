/* SPDX-License-Identifier: Apache-2.0 */

/* Files of sealed models in memory: there and back on several threads, and what is refused. */

#include "release/sealed.h"

#include <string.h>
#include <unistd.h>

#include "tests/tap.h"

#define ROOM  (40u << 20)
#define ALICE "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n"

static const uint8_t FILE_KEY[TACIT_AGE_FILE_KEY] = "YELLOW SUBMARIN";
static const struct tacit_key_use USE;
static uint8_t plain[ROOM], sealed[ROOM], opened[ROOM];
static uint8_t segments[8 * TACIT_SHA256_LEN];
static struct tacit_keyring *to, *ring;

struct memory {
	uint8_t *bytes;
	uint64_t fail_from; /* reading or writing there fails */
};

static enum tacit_status get(void *user, uint64_t at, struct tacit_mut room,
			     struct tacit_error *err)
{
	const struct memory *m = user;

	if (m->fail_from && at + room.len > m->fail_from)
		return tacit_fail(err, TACIT_PEER, "test", at, "the store broke off");
	memcpy(room.ptr, m->bytes + at, room.len);
	return TACIT_OK;
}

static enum tacit_status put(void *user, uint64_t at, struct tacit_slice bytes,
			     struct tacit_error *err)
{
	const struct memory *m = user;

	if (m->fail_from && at + bytes.len > m->fail_from)
		return tacit_fail(err, TACIT_IO, "test", at, "the disk is full");
	if (bytes.len)
		memcpy(m->bytes + at, bytes.ptr, bytes.len);
	return TACIT_OK;
}

static struct tacit_mut place(void *user, uint64_t at, size_t len)
{
	const struct memory *m = user;

	if (m->fail_from && at + len > m->fail_from)
		return tacit_mut_of(NULL, 0);
	return tacit_mut_of(m->bytes + at, len);
}

static void make_rings(void)
{
	char path[] = "/tmp/tacit-test-sealed.XXXXXX", text[128];
	int fd = mkstemp(path);

	if (write(fd, ALICE, sizeof(ALICE) - 1) < 0)
		perror(path);
	close(fd);
	snprintf(text, sizeof(text), "file:%s", path);
	to = tacit_keyring_new(true);
	ring = tacit_keyring_new(false);
	if (tacit_keyring_add(to, text, NULL) || tacit_keyring_add(ring, text, NULL))
		ok(false, "keys");
	unlink(path);
}

/* Seals plain[0..size) into sealed; returns the length, 0 when it failed. */
static uint64_t seal(uint64_t size, unsigned threads, struct tacit_manifest_file *ret)
{
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	static uint8_t room[TACIT_AGE_HEADER_ARENA];
	const struct tacit_sealed_options options = { .threads = threads };
	struct memory from = { plain, 0 }, into = { sealed, 0 };
	const struct tacit_sealed_in in = { get, &from, size };
	const struct tacit_sealed_out out = { .write = put, .user = &into };
	struct tacit_arena arena;
	struct tacit_slice header = { NULL, 0 };
	uint64_t payload = 0;

	tacit_arena_init(&arena, room, sizeof(room));
	memset(ret, 0, sizeof(*ret));
	ret->name = tacit_slice_str("a");
	if (tacit_sealed_hash(&in, &options, segments, ret, NULL) ||
	    tacit_keyring_wrap(to, &USE, FILE_KEY, &arena, stanzas, NULL) ||
	    tacit_age_header_write(stanzas, 1, TACIT_SEALED_PAD, FILE_KEY,
				   tacit_mut_of(sealed, ROOM), &header, NULL) ||
	    tacit_sealed_seal(ret, &in, FILE_KEY, header.len, &out, &options, NULL) ||
	    !tacit_age_payload_len(size, &payload))
		return 0;
	return header.len + payload;
}

static enum tacit_status open_it(const struct tacit_manifest_file *file, uint64_t len,
				 const struct tacit_sealed_options *options)
{
	struct memory from = { sealed, 0 }, into = { opened, 0 };
	const struct tacit_sealed_in in = { get, &from, len };
	const struct tacit_sealed_out out = { .write = put, .user = &into };

	return tacit_sealed_open(file, &in, ring, &USE, &out, options, NULL);
}

static void test_round(void)
{
	static const uint64_t SIZES[] = { 0,       1,        65535,          65536,
					  65537,   1u << 24, (1u << 24) + 1, (1u << 24) - 1,
					  37654321 };
	struct tacit_manifest_file file;

	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		for (unsigned threads = 1; threads <= 3; threads += 2) {
			const struct tacit_sealed_options options = { .threads = threads };
			uint64_t len = seal(SIZES[i], threads, &file);

			memset(opened, 0xee, SIZES[i] + 1);
			ok(len > 0 && open_it(&file, len, &options) == TACIT_OK &&
				   memcmp(opened, plain, SIZES[i]) == 0 && opened[SIZES[i]] == 0xee,
			   "%llu bytes, %u threads", (unsigned long long)SIZES[i], threads);
		}
		const struct tacit_sealed_options whole = { .whole = true };
		uint8_t digest[TACIT_SHA256_LEN];

		(void)!tacit_hash(TACIT_SHA256, tacit_slice_of(plain, SIZES[i]), digest, NULL);
		ok(memcmp(digest, file.sha256, 32) == 0 &&
			   open_it(&file, seal(SIZES[i], 2, &file), &whole) == TACIT_OK,
		   "and as a whole");
	}
}

/* What a manifest may say of a file that is in order by itself. */
static void test_manifest(void)
{
	const struct tacit_sealed_options options = { .threads = 2 }, whole = { .whole = true };
	struct tacit_manifest_file file;
	uint64_t len = seal(37654321, 2, &file);

	for (size_t i = 0; i < 3; i++) {
		segments[i * 32 + 31] ^= 1;
		is_status(open_it(&file, len, &options), TACIT_BINDING,
			  "another hash of a segment");
		segments[i * 32 + 31] ^= 1;
	}
	file.sha256[0] ^= 1;
	is_status(open_it(&file, len, &options), TACIT_OK,
		  "the hash of the whole is not looked at");
	is_status(open_it(&file, len, &whole), TACIT_BINDING, "unless it is asked for");
	file.sha256[0] ^= 1;
	file.size++;
	is_status(open_it(&file, len, &options), TACIT_BINDING, "a longer file");
	file.size -= 2;
	is_status(open_it(&file, len, &options), TACIT_BINDING, "a shorter one");
	file.size++;
	is_status(open_it(&file, len - 1, &options), TACIT_BINDING, "one that was cut");
	is_status(open_it(&file, len + 1, &options), TACIT_BINDING, "one that goes on");
	is_status(open_it(&file, 100, &options), TACIT_FORMAT, "half a header");
	is_status(open_it(&file, 0, &options), TACIT_FORMAT, "nothing");
	is_status(open_it(&file, len, &options), TACIT_OK, "and as it was");
}

static uint8_t *chunk(uint64_t header, uint64_t number)
{
	return sealed + header + TACIT_AGE_NONCE + number * TACIT_AGE_SEALED;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
}

static void test_payload(void)
{
	const struct tacit_sealed_options options = { .threads = 2 };
	struct tacit_manifest_file file;
	uint64_t len = seal(37654321, 2, &file), payload = 0;
	const uint64_t places[] = { 0, 1, 65535, 65552, 256 * 65552, len };

	tacit_age_payload_len(file.size, &payload);
	uint64_t header = len - payload;
	for (size_t i = 0; i < 6; i++) {
		uint8_t *at = i == 5 ? sealed + len - 1 : chunk(header, 0) + places[i];

		*at ^= 0x80;
		is_status(open_it(&file, len, &options), TACIT_SIGNATURE, "one bit of a chunk");
		*at ^= 0x80;
	}
	sealed[header] ^= 1;
	is_status(open_it(&file, len, &options), TACIT_SIGNATURE, "one bit of the nonce");
	sealed[header] ^= 1;
	swap(chunk(header, 3), chunk(header, 4), TACIT_AGE_SEALED);
	is_status(open_it(&file, len, &options), TACIT_SIGNATURE, "two chunks swapped");
	swap(chunk(header, 3), chunk(header, 4), TACIT_AGE_SEALED);
	swap(chunk(header, 0), chunk(header, 256), TACIT_AGE_SEALED);
	is_status(open_it(&file, len, &options), TACIT_SIGNATURE, "of two segments");
	swap(chunk(header, 0), chunk(header, 256), TACIT_AGE_SEALED);
	is_status(open_it(&file, len, &options), TACIT_OK, "and as it was");
}

/* One key for two models: each opens, and neither passes for the other. */
static void test_others(void)
{
	const struct tacit_sealed_options options = { .threads = 2 };
	static uint8_t kept[8 * TACIT_SHA256_LEN];
	struct tacit_manifest_file one, two;

	(void)seal(20000000, 2, &one);
	memcpy(kept, segments, sizeof(kept));
	one.segments = kept;
	plain[19999999] ^= 1;
	uint64_t len = seal(20000000, 2, &two);
	is_status(open_it(&two, len, &options), TACIT_OK, "the other model");
	is_status(open_it(&one, len, &options), TACIT_BINDING, "is not taken for the one");
	plain[19999999] ^= 1;
}

static bool call_off(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	return done < total / 2;
}

static void test_failing(void)
{
	const struct tacit_sealed_options options = { .threads = 2 };
	const struct tacit_sealed_options off = { .threads = 2, .progress = call_off };
	struct tacit_manifest_file file;
	uint64_t len = seal(37654321, 2, &file);
	struct memory from = { sealed, 20000000 }, into = { opened, 0 };
	struct tacit_sealed_in in = { get, &from, len };
	struct tacit_sealed_out out = { .write = put, .user = &into };
	struct tacit_error err = { 0 };

	is_status(tacit_sealed_open(&file, &in, ring, &USE, &out, &options, &err), TACIT_PEER,
		  "a store that breaks off");
	ok(strcmp(err.detail, "the store broke off") == 0, "is what is told");
	from.fail_from = 0;
	into.fail_from = 30000000;
	is_status(tacit_sealed_open(&file, &in, ring, &USE, &out, &options, NULL), TACIT_IO,
		  "a disk that is full");
	out = (struct tacit_sealed_out){ .room = place, .user = &into };
	is_status(tacit_sealed_open(&file, &in, ring, &USE, &out, &options, NULL), TACIT_NOMEM,
		  "memory that ends");
	into.fail_from = 0;
	is_status(tacit_sealed_open(&file, &in, ring, &USE, &out, &off, NULL), TACIT_DENIED,
		  "what is called off");
	memset(opened, 0, sizeof(opened));
	is_status(tacit_sealed_open(&file, &in, ring, &USE, &out, &options, NULL), TACIT_OK,
		  "and none of these, right in its place");
	ok(memcmp(opened, plain, file.size) == 0, "is the file");
	struct tacit_keyring *nobody = tacit_keyring_new(false);
	is_status(tacit_sealed_open(&file, &in, nobody, &USE, &out, &options, NULL), TACIT_DENIED,
		  "with no key");
	tacit_keyring_free(nobody);
	in.size = (UINT64_C(1) << 40) + 1;
	is_status(tacit_sealed_hash(&in, &options, segments, &file, NULL), TACIT_LIMIT,
		  "a file of more than a terabyte");
	from = (struct memory){ plain, 0 };
	in = (struct tacit_sealed_in){ get, &from, file.size };
	out = (struct tacit_sealed_out){ .write = put, .user = &into };
	plain[18000000] ^= 1;
	is_status(tacit_sealed_seal(&file, &in, FILE_KEY, 0, &out, &options, NULL), TACIT_BINDING,
		  "a file that changed while it was sealed");
	plain[18000000] ^= 1;
	in.size--;
	is_status(tacit_sealed_seal(&file, &in, FILE_KEY, 0, &out, &options, NULL), TACIT_BINDING,
		  "or became shorter");
}

int main(void)
{
	for (size_t i = 0; i < ROOM; i++)
		plain[i] = (uint8_t)(i * 2654435761u >> 13);
	make_rings();
	test_round();
	test_manifest();
	test_payload();
	test_others();
	test_failing();
	tacit_keyring_free(to);
	tacit_keyring_free(ring);
	return done();
}
