/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model fetch: a model from wherever it is into a file, or nowhere, with its hash: what a
 * server is told to expect.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "source_option.h"
#include "sys/clock.h"
#include "verbs.h"

#define PATH_SIZE 4096

struct options {
	struct cli_common common;
	struct source_options source;
	const char *output;
	struct cli_hex sha256;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where to write it (default: nowhere, only its hash is told)"),
	{ "--sha256", 0, CLI_HEX, "HEX", "what it must be; nothing is written otherwise",
	  offsetof(struct options, sha256), TACIT_SHA256_LEN, TACIT_SHA256_LEN },
	SOURCE_OPTIONS(struct options, source),
};

/* What is written goes to a file beside the output, and to its place when all of it is right. */
struct fetching {
	const struct options *o;
	struct tacit_error err;
	struct source_store store;
	struct tacit_source *source;
	struct source_progress progress;
	struct tacit_hasher *hasher;
	char part[PATH_SIZE];
	int fd;
	uint64_t done;
	uint8_t sha256[TACIT_SHA256_LEN];
};

static enum tacit_status write_all(struct fetching *f, struct tacit_slice bytes,
				   struct tacit_error *err)
{
	while (bytes.len) {
		ssize_t n = write(f->fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, "model.file", f->done, "%s",
					  strerror(errno));
		bytes = tacit_slice_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return TACIT_OK;
}

static enum tacit_status take(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct fetching *f = user;
	enum tacit_status st = TACIT_OK;

	tacit_hasher_update(f->hasher, bytes);
	if (f->fd >= 0)
		st = write_all(f, bytes, err);
	f->done += bytes.len;
	if (st == TACIT_OK)
		source_progress_tell(&f->progress, f->done);
	return st;
}

static enum tacit_status open_part(struct fetching *f, struct tacit_error *err)
{
	if (!f->o->output)
		return TACIT_OK;
	int n = snprintf(f->part, sizeof(f->part), "%s.XXXXXX", f->o->output);
	if (n < 0 || (size_t)n >= sizeof(f->part))
		return tacit_fail(err, TACIT_USAGE, "model.file", 0, "the name is too long");
	f->fd = mkostemp(f->part, O_CLOEXEC);
	if (f->fd < 0) {
		f->part[0] = '\0';
		return tacit_fail(err, TACIT_IO, "model.file", 0, "%s", strerror(errno));
	}
	return TACIT_OK;
}

static enum tacit_status check_hash(struct fetching *f, struct tacit_error *err)
{
	char hex[2 * TACIT_SHA256_LEN + 1];
	enum tacit_status st = tacit_hasher_final(f->hasher, f->sha256, err);

	if (st != TACIT_OK || !f->o->sha256.given ||
	    memcmp(f->sha256, f->o->sha256.bytes, sizeof(f->sha256)) == 0)
		return st;
	tacit_hex_encode(TACIT_SLICE_ARRAY(f->sha256), hex);
	return tacit_fail(err, TACIT_BINDING, "model.sha256", 0, "what came has SHA-256 %s", hex);
}

static enum tacit_status keep_part(struct fetching *f, struct tacit_error *err)
{
	if (f->fd < 0)
		return TACIT_OK;
	if (fsync(f->fd) != 0 || fchmod(f->fd, 0644) != 0 || rename(f->part, f->o->output) != 0)
		return tacit_fail(err, TACIT_IO, "model.file", 0, "%s", strerror(errno));
	f->part[0] = '\0';
	return TACIT_OK;
}

static enum tacit_status fetch(struct fetching *f, const char *url)
{
	struct tacit_error *err = &f->err;
	enum tacit_status st = tacit_source_open(f->store.store, url, &f->source, err);

	if (st != TACIT_OK)
		return st;
	f->hasher = tacit_hasher_new(TACIT_SHA256);
	if (!f->hasher)
		return tacit_fail(err, TACIT_NOMEM, "model", 0, "out of memory");
	source_progress_start(&f->progress, &f->o->common, tacit_source_size(f->source));
	st = open_part(f, err);
	if (st == TACIT_OK)
		st = tacit_source_stream(f->source, take, f, err);
	if (st == TACIT_OK)
		st = check_hash(f, err);
	return st == TACIT_OK ? keep_part(f, err) : st;
}

static void report(const struct fetching *f, uint64_t ms)
{
	char hex[2 * TACIT_SHA256_LEN + 1];

	tacit_hex_encode(TACIT_SLICE_ARRAY(f->sha256), hex);
	if (!f->o->common.json) {
		printf("%s\n", hex);
		return;
	}
	json_t *object =
		json_pack("{s:s, s:s, s:I, s:I}", "schema", "tacit.model-fetch/1", "sha256", hex,
			  "size", (json_int_t)f->done, "ms", (json_int_t)ms);
	if (object && json_dumpf(object, stdout, JSON_COMPACT) == 0)
		putchar('\n');
	json_decref(object);
}

static int run(void *options, int argc, char **argv)
{
	struct fetching f = { .o = options, .fd = -1 };
	uint64_t began = tacit_clock_ms();
	char shown[256];

	if (argc != 1)
		return cli_usage("'model fetch' wants where the model is");
	int code = source_store_open(&f.o->common, &f.o->source, &f.store);
	if (code == 0 && fetch(&f, argv[0]) != TACIT_OK) {
		/* What is behind the question mark may authorise. */
		tacit_escape(shown, sizeof(shown), tacit_slice_of(argv[0], strcspn(argv[0], "?")));
		code = cli_fail(&f.o->common, &f.err, "cannot fetch '%s'", shown);
	}
	if (code == 0)
		report(&f, tacit_clock_ms() - began);
	if (f.part[0])
		unlink(f.part);
	if (f.fd >= 0)
		close(f.fd);
	tacit_hasher_free(f.hasher);
	tacit_source_free(f.source);
	source_store_close(&f.store);
	return code;
}

const struct cli_verb cmd_model_fetch = {
	.name = "model fetch",
	.args = "WHERE",
	.summary = "fetch a model from a store, and tell its hash",
	.group = "tools",
	.example = "tacit model fetch --via vsock:3:8001 s3://models/llama.gguf -o llama.gguf",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
