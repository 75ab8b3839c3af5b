/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a fuzz target on each file named, and on each file of each folder named. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t replayed;

static int replay_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st) != 0) {
		perror(path);
		if (f)
			fclose(f);
		return 1;
	}
	/* A block of the exact size, so that a read past the end is seen. */
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size ? size : 1);
	int failed = !data || fread(data, 1, size, f) != size;

	fclose(f);
	if (failed)
		fprintf(stderr, "%s: cannot read\n", path);
	else
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	replayed++;
	return failed;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	int failed = 0;

	if (!dir) {
		perror(path);
		return 1;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		failed |= replay_file(name);
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

		failed |= folder ? replay_folder(argv[i]) : replay_file(argv[i]);
	}
	printf("%zu inputs\n", replayed);
	return failed || replayed == 0;
}
