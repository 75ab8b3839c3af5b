/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast a sealed model gets from the page cache into sealed memory, against what the ciphers
 * alone would take: cores / (1 / ChaCha20-Poly1305 + 1 / SHA-256), both measured bare in the same
 * run, chunk by chunk in a buffer that stays in the cache.
 *
 *     sealed [MIB [FOLDER]]
 */

#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "codec/bech32.h"
#include "infer/image.h"
#include "release/sealed.h"
#include "sys/process.h"

#define ROUNDS 5

/* Seconds that this process ran on any core: on a busy machine the clock on the wall says little.
 */
static double cpu_now(void)
{
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- bare ---------------------------------------------------------------------------------- */

static double bare_cipher(size_t chunks)
{
	static uint8_t key[32], nonce[12], tag[16], in[TACIT_AGE_CHUNK], out[TACIT_AGE_CHUNK];
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	double start = cpu_now();
	int len;

	for (size_t i = 0; i < chunks; i++) {
		EVP_DecryptInit_ex2(ctx, cipher, key, nonce, NULL);
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag);
		EVP_DecryptUpdate(ctx, out, &len, in, sizeof(in));
		EVP_DecryptFinal_ex(ctx, out, &len); /* does not verify: as long either way */
	}
	double took = cpu_now() - start;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (double)chunks * TACIT_AGE_CHUNK / took;
}

static double bare_hash(size_t chunks)
{
	static uint8_t in[TACIT_AGE_CHUNK], digest[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	double start = cpu_now();

	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	for (size_t i = 0; i < chunks; i++)
		EVP_DigestUpdate(ctx, in, sizeof(in));
	EVP_DigestFinal_ex(ctx, digest, NULL);
	double took = cpu_now() - start;
	EVP_MD_CTX_free(ctx);
	return (double)chunks * TACIT_AGE_CHUNK / took;
}

/* ---- ours ---------------------------------------------------------------------------------- */

struct setup {
	struct tacit_manifest_file file;
	int fd;
	uint64_t size; /* of the sealed file */
	struct tacit_keyring *ring;
	char path[256], key[256];
};

static enum tacit_status zeros(void *user, uint64_t at, struct tacit_mut room,
			       struct tacit_error *err)
{
	(void)user;
	(void)err;
	for (size_t i = 0; i < room.len; i += 4096)
		room.ptr[i] = (uint8_t)((at + i) >> 12);
	return TACIT_OK;
}

static enum tacit_status read_at(void *user, uint64_t at, struct tacit_mut room,
				 struct tacit_error *err)
{
	const int *fd = user;

	if (pread(*fd, room.ptr, room.len, (off_t)at) != (ssize_t)room.len)
		return tacit_fail(err, TACIT_IO, "bench", at, "cannot read");
	return TACIT_OK;
}

static enum tacit_status write_at(void *user, uint64_t at, struct tacit_slice bytes,
				  struct tacit_error *err)
{
	const int *fd = user;

	if (pwrite(*fd, bytes.ptr, bytes.len, (off_t)at) != (ssize_t)bytes.len)
		return tacit_fail(err, TACIT_IO, "bench", at, "cannot write");
	return TACIT_OK;
}

/* A key that anybody may have. */
static void write_key(const char *path)
{
	static const uint8_t SECRET[32] = { 1, 2, 3 };
	char text[128];
	struct tacit_error err = { 0 };
	FILE *f = fopen(path, "w");

	bench_need(tacit_bech32_encode(TACIT_SLICE_ARRAY(SECRET), "age-secret-key-", text,
				       sizeof(text), &err),
		   &err);
	if (!f || fprintf(f, "%s\n", text) < 0 || fclose(f)) {
		fprintf(stderr, "bench: cannot write %s\n", path);
		exit(70);
	}
}

static struct tacit_slice write_header(struct tacit_keyring *to, const uint8_t *file_key,
				       struct tacit_mut room)
{
	static uint8_t memory[TACIT_AGE_HEADER_ARENA];
	static struct tacit_age_stanza stanzas[TACIT_KEYRING_MAX];
	static const struct tacit_key_use USE;
	struct tacit_error err = { 0 };
	struct tacit_slice header;
	struct tacit_arena arena;

	tacit_arena_init(&arena, memory, sizeof(memory));
	bench_need(tacit_keyring_wrap(to, &USE, file_key, &arena, stanzas, &err), &err);
	bench_need(
		tacit_age_header_write(stanzas, 1, TACIT_SEALED_PAD, file_key, room, &header, &err),
		&err);
	return header;
}

/* A file of the size, sealed for a key of its own. */
static void make(struct setup *s, uint64_t size, const char *folder)
{
	static uint8_t room[TACIT_AGE_HEADER_MAX];
	static const uint8_t FILE_KEY[TACIT_AGE_FILE_KEY] = "YELLOW SUBMARIN";
	const struct tacit_sealed_options options = { 0 };
	const struct tacit_sealed_in in = { zeros, NULL, size };
	const struct tacit_sealed_out out = { .write = write_at, .user = &s->fd };
	struct tacit_error err = { 0 };
	uint8_t *segments = malloc((size_t)tacit_manifest_segments(size) * TACIT_SHA256_LEN + 1);
	struct tacit_keyring *to = tacit_keyring_new(true);

	snprintf(s->path, sizeof(s->path), "%s/tacit-bench-%d.age", folder, (int)getpid());
	snprintf(s->key, sizeof(s->key), "file:%s/tacit-bench-%d.key", folder, (int)getpid());
	write_key(s->key + 5);
	s->ring = tacit_keyring_new(false);
	bench_need(tacit_keyring_add(to, s->key, &err), &err);
	bench_need(tacit_keyring_add(s->ring, s->key, &err), &err);
	struct tacit_slice header = write_header(to, FILE_KEY, tacit_mut_of(room, sizeof(room)));
	bench_need(tacit_sealed_hash(&in, &options, segments, &s->file, &err), &err);
	s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bench_need(write_at(&s->fd, 0, header, &err), &err);
	bench_need(tacit_sealed_seal(&s->file, &in, FILE_KEY, header.len, &out, &options, &err),
		   &err);
	s->size = (uint64_t)lseek(s->fd, 0, SEEK_END);
	tacit_keyring_free(to);
}

/* A virtual machine gets memory from its host when it first touches it: not what is measured. */
static void warm_memory(size_t size)
{
	uint8_t *all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		return;
	(void)madvise(all, size, MADV_HUGEPAGE);
	memset(all, 1, size);
	munmap(all, size);
}

static struct tacit_mut room(void *user, uint64_t at, size_t len)
{
	return tacit_image_room(user, at, len);
}

static double open_once(struct setup *s, unsigned threads)
{
	static const struct tacit_key_use USE;
	const struct tacit_sealed_options options = { .threads = threads };
	struct tacit_image *image = NULL;
	struct tacit_error err = { 0 };
	uint8_t identity[32] = { 0 };
	double start = bench_now();

	bench_need(tacit_image_pieces(s->file.size, &image, &err), &err);
	const struct tacit_sealed_out out = { .room = room, .user = image };
	const struct tacit_sealed_in in = { read_at, &s->fd, s->size };
	bench_need(tacit_sealed_open(&s->file, &in, s->ring, &USE, &out, &options, &err), &err);
	bench_need(tacit_image_seal_as(image, identity, &err), &err);
	double took = bench_now() - start;
	tacit_image_free(image);
	return took;
}

static void line(const char *name, double value, const char *unit)
{
	printf("%-40s %8.3f %s\n", name, value, unit);
}

int main(int argc, char **argv)
{
	uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 2048;
	unsigned cores = tacit_process_cores();
	static struct setup s;
	double one[ROUNDS], all[ROUNDS], share[ROUNDS], share_one[ROUNDS], gain[ROUNDS];
	double cipher[ROUNDS], hash[ROUNDS], work[ROUNDS];

	make(&s, mib << 20, argc > 2 ? argv[2] : "/tmp");
	open_once(&s, cores);
	double beside = (double)tacit_process_peak_mb() - (double)mib;
	warm_memory(3 * s.file.size);
	open_once(&s, cores);
	for (size_t i = 0; i < ROUNDS; i++) {
		double size = (double)s.file.size;

		cipher[i] = bare_cipher(4096);
		hash[i] = bare_hash(4096);
		one[i] = size / open_once(&s, 1);
		double cpu = cpu_now();
		all[i] = size / open_once(&s, cores);
		cpu = cpu_now() - cpu;
		double bound = 1 / (1 / cipher[i] + 1 / hash[i]);
		share_one[i] = one[i] / bound;
		share[i] = all[i] / (bound * cores);
		work[i] = size / cpu / bound;
		gain[i] = all[i] / one[i];
	}
	unlink(s.path);
	unlink(s.key + 5);
	line("bare ChaCha20-Poly1305", bench_median(cipher, ROUNDS) / 1e9, "GB/s");
	line("bare SHA-256", bench_median(hash, ROUNDS) / 1e9, "GB/s");
	line("open on one core", bench_median(one, ROUNDS) / 1e9, "GB/s");
	line("open on all cores", bench_median(all, ROUNDS) / 1e9, "GB/s");
	line("of the bound, one core", bench_median(share_one, ROUNDS), "");
	line("of the bound, all cores", bench_median(share, ROUNDS), "");
	line("of the bound, by processor time", bench_median(work, ROUNDS), "");
	line("peak memory beside the model", beside, "MiB");
	line("all cores against one", bench_median(gain, ROUNDS), "");
	return 0;
}
