/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Building an image around a large file against SHA-384 alone over the same file, in alternating
 * rounds: the program `tacit eif build`, and this one reading and hashing.
 *
 *     eif TACIT FOLDER [MIB]
 */

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "crypto/hash.h"

#define PIECE  (1u << 20)
#define ROUNDS 7

static char payload[4096], output[4096], kernel[4096];

static void die(const char *what)
{
	perror(what);
	exit(70);
}

static void write_file(const char *path, size_t mib)
{
	static uint8_t bytes[PIECE];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(path);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i < mib; i++) {
		bytes[0] = (uint8_t)i;
		if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
			die(path);
	}
	close(fd);
}

static void hash_alone(void)
{
	static uint8_t bytes[PIECE], digest[TACIT_SHA384_LEN];
	struct tacit_hasher *hasher = tacit_hasher_new(TACIT_SHA384);
	int fd = open(payload, O_RDONLY);
	ssize_t n = 0;

	while (hasher && fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		tacit_hasher_update(hasher, tacit_slice_of(bytes, (size_t)n));
	if (!hasher || fd < 0 || n < 0 || tacit_hasher_final(hasher, digest, NULL) != TACIT_OK)
		die(payload);
	tacit_hasher_free(hasher);
	close(fd);
}

static void build(const char *tacit)
{
	char file[4200];
	int how = 0;

	snprintf(file, sizeof(file), "%s:/payload", payload);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execl(tacit, tacit, "eif", "build", "--kernel", kernel, "--arch", "x86_64",
		      "--init", kernel, "--file", file, "-o", output, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &how, 0) != child || how != 0)
		die("tacit eif build");
}

int main(int argc, char **argv)
{
	double bare[ROUNDS], ours[ROUNDS], ratio[ROUNDS];
	size_t mib = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;

	if (argc < 3)
		return 2;
	snprintf(payload, sizeof(payload), "%s/payload", argv[2]);
	snprintf(output, sizeof(output), "%s/bench.eif", argv[2]);
	snprintf(kernel, sizeof(kernel), "%s/kernel", argv[2]);
	write_file(payload, mib);
	write_file(kernel, 1);
	hash_alone();
	build(argv[1]);
	for (int i = 0; i < ROUNDS; i++) {
		double start = bench_now();

		hash_alone();
		double middle = bench_now();
		build(argv[1]);
		bare[i] = middle - start;
		ours[i] = bench_now() - middle;
		ratio[i] = ours[i] / bare[i];
	}
	printf("{\"mib\":%zu,\"sha384_ms\":%.1f,\"build_ms\":%.1f,\"ratio\":%.3f}\n", mib,
	       bench_median(bare, ROUNDS) * 1e3, bench_median(ours, ROUNDS) * 1e3,
	       bench_median(ratio, ROUNDS));
	unlink(payload);
	unlink(output);
	unlink(kernel);
	return 0;
}
