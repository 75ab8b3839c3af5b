/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_fetch.h"

#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "sys/clock.h"

struct fetching {
	const struct cli_common *common;
	struct tacit_error err;
	struct source_store store;
	struct tacit_source *source;
	struct source_progress progress;
	struct tacit_image *image;
	uint64_t done;
};

static enum tacit_status take(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct fetching *f = user;
	enum tacit_status st = tacit_image_write(f->image, bytes, err);

	f->done += bytes.len;
	if (st == TACIT_OK)
		source_progress_tell(&f->progress, f->done);
	return st;
}

static enum tacit_status fetch(struct fetching *f, const char *model)
{
	enum tacit_status st = tacit_source_open(f->store.store, model, &f->source, &f->err);

	if (st != TACIT_OK)
		return st;
	uint64_t size = tacit_source_size(f->source);
	if (size == 0)
		return tacit_fail(&f->err, TACIT_FORMAT, "model", 0, "the file is empty");
	source_progress_start(&f->progress, f->common, size);
	st = tacit_image_new(size, &f->image, &f->err);
	if (st == TACIT_OK)
		st = tacit_source_stream(f->source, take, f, &f->err);
	return st == TACIT_OK ? tacit_image_seal(f->image, &f->err) : st;
}

/* Before the engine sees a byte of it. */
static enum tacit_status check(struct fetching *f, const struct cli_hex *want)
{
	char hex[2 * TACIT_SHA256_LEN + 1];
	const uint8_t *got = tacit_image_sha256(f->image);

	tacit_hex_encode(tacit_slice_of(got, TACIT_SHA256_LEN), hex);
	if (!want->given)
		cli_say(f->common,
			"event=model-measured sha256=%s reason=\"no --model-sha256: what came is "
			"what evidence and receipts name\"",
			hex);
	else if (memcmp(got, want->bytes, TACIT_SHA256_LEN) != 0)
		return tacit_fail(&f->err, TACIT_BINDING, "model.sha256", 0,
				  "what came has SHA-256 %s", hex);
	return TACIT_OK;
}

int serve_fetch(const struct cli_common *common, const char *model,
		const struct source_options *options, const struct cli_hex *sha256,
		struct tacit_image **ret)
{
	struct fetching f = { .common = common };
	uint64_t began = tacit_clock_ms();
	char shown[256];
	int code = source_store_open(common, options, &f.store);

	/* What is behind the question mark may authorise. */
	tacit_escape(shown, sizeof(shown), tacit_slice_of(model, strcspn(model, "?")));
	if (code == 0 && (fetch(&f, model) != TACIT_OK || check(&f, sha256) != TACIT_OK))
		code = cli_fail(common, &f.err, "cannot load model '%s'", shown);
	tacit_source_free(f.source);
	source_store_close(&f.store);
	if (code != 0) {
		tacit_image_free(f.image);
		return code;
	}
	cli_say(common, "event=model-fetched bytes=%llu ms=%llu", (unsigned long long)f.done,
		(unsigned long long)(tacit_clock_ms() - began));
	*ret = f.image;
	return 0;
}
