/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_sealed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "sys/clock.h"

#define STEP_PERCENT 10

struct opening {
	const struct cli_common *common;
	const struct serve_sealed_options *options;
	struct serve_sealed *sealed;
	struct tacit_keyring *ring;
	struct kms_lazy kms;
	struct tacit_error err;
	unsigned percent;
	struct source_store store;
};

static bool progress(void *user, uint64_t done, uint64_t total)
{
	struct opening *x = user;
	unsigned percent = total ? (unsigned)(done * 100 / total) : 100;

	if (percent < x->percent + STEP_PERCENT)
		return true;
	x->percent = percent;
	cli_say(x->common, "event=model-opening percent=%u bytes=%llu of=%llu", percent,
		(unsigned long long)done, (unsigned long long)total);
	return true;
}

static struct tacit_mut room(void *user, uint64_t at, size_t len)
{
	return tacit_image_room(user, at, len);
}

static enum tacit_status open_from(struct opening *x, const struct tacit_manifest_file *file,
				   const struct tacit_sealed_in *in, struct tacit_image *image)
{
	struct tacit_sealed_options options = { .threads = (unsigned)x->options->threads,
						.progress = progress,
						.user = x };
	const struct tacit_sealed_out out = { .room = image ? room : NULL, .user = image };
	struct tacit_key_use use = model_dir_use(&x->sealed->dir, file);
	uint64_t start = tacit_clock_us();

	if (x->sealed->dir.store)
		options.threads = model_far_threads();
	x->percent = 0;
	enum tacit_status st = tacit_sealed_open(file, in, x->ring, &use, &out, &options, &x->err);
	if (st == TACIT_OK)
		cli_say(x->common, "event=model-opened file=%.*s bytes=%llu ms=%llu",
			(int)file->name.len, (const char *)file->name.ptr,
			(unsigned long long)file->size,
			(unsigned long long)(tacit_clock_us() - start) / 1000);
	return st;
}

static enum tacit_status open_file(struct opening *x, const struct tacit_manifest_file *file,
				   struct tacit_image *image)
{
	char path[MODEL_PATH];
	struct model_file from = { .fd = -1 };
	struct model_far far = { .source = NULL };
	struct tacit_store *store = x->sealed->dir.store;
	struct tacit_sealed_in in;

	if (!model_dir_file(&x->sealed->dir, file->name, TACIT_SEALED_SUFFIX, path))
		return tacit_fail(&x->err, TACIT_USAGE, "model", 0, "a name is too long");
	enum tacit_status st = store ? model_far_open(store, path, &far, &x->err)
				     : model_file_open(path, &from, &x->err);
	if (st == TACIT_OK) {
		in = store ? model_far_in(&far) : model_file_in(&from);
		st = open_from(x, file, &in, image);
	}
	model_far_close(&far);
	model_file_close(&from);
	return st;
}

static enum tacit_status open_files(struct opening *x)
{
	struct serve_sealed *s = x->sealed;
	const struct tacit_manifest *m = &s->dir.manifest;
	enum tacit_status st = tacit_image_pieces(m->files[0].size, &s->image, &x->err);

	for (size_t i = 0; i < m->file_count && st == TACIT_OK; i++)
		st = open_file(x, &m->files[i], i == 0 ? s->image : NULL);
	/* Only now is it a model: not a byte of it was seen by the engine before. */
	uint64_t start = tacit_clock_us();
	if (st == TACIT_OK)
		st = tacit_image_seal_as(s->image, s->dir.identity, &x->err);
	if (st != TACIT_OK)
		return st;
	bool locked = tacit_image_locked(s->image);
	cli_say(x->common, "event=model-sealed-memory ms=%llu locked=%s",
		(unsigned long long)(tacit_clock_us() - start) / 1000, locked ? "yes" : "no");
	if (!locked)
		cli_hint(x->common, "the model may be written to swap: raise the limit of locked "
				    "memory (ulimit -l, LimitMEMLOCK=) over its size");
	return st;
}

/* The engine runs one GGUF file: the first of the manifest; what else there is goes with it. */
static enum tacit_status check_format(struct opening *x)
{
	const struct tacit_manifest *m = &x->sealed->dir.manifest;

	if (!tacit_slice_eq(m->format, tacit_slice_str("gguf")))
		return tacit_fail(&x->err, TACIT_UNSUPPORTED, "model.format", 0,
				  "the engine runs gguf only");
	snprintf(x->sealed->model_id, sizeof(x->sealed->model_id), "%.*s", (int)m->model_id.len,
		 (const char *)m->model_id.ptr);
	return TACIT_OK;
}

static int fail(struct opening *x, const char *path)
{
	int code = cli_fail(x->common, &x->err, "cannot open the sealed model '%s'", path);

	tacit_image_free(x->sealed->image);
	x->sealed->image = NULL;
	return code;
}

/* Before anybody is asked for keys of what is no sealed model. */
static int look_for_manifest(const struct cli_common *common, const char *path)
{
	const struct model_dir dir = { .path = path };
	struct tacit_error err = { 0 };
	char name[MODEL_PATH];

	if (!model_dir_file(&dir, tacit_slice_str(TACIT_SEALED_MANIFEST), "", name) ||
	    access(name, R_OK) == 0)
		return 0;
	(void)tacit_fail(&err, TACIT_IO, "model.manifest", 0, "%s", strerror(errno));
	return cli_fail(common, &err, "'%s' is a folder, and no sealed model", path);
}

int serve_sealed_open(const struct cli_common *common, const char *path,
		      const struct serve_sealed_options *options, struct serve_sealed *ret)
{
	struct opening x = { .common = common, .options = options, .sealed = ret };
	int code = model_far_is(path) ? 0 : look_for_manifest(common, path);

	if (code != 0)
		return code;
	if (options->keys.count == 0)
		return cli_usage("'%s' is a sealed model: what opens it? give --model-key", path);
	code = model_far_is(path) ? source_store_open(common, options->source, &x.store) : 0;
	ret->dir.store = x.store.store;
	if (code == 0)
		code = model_dir_open(common, path, &options->publishers,
				      options->insecure_any_publisher, tacit_clock_wall(),
				      &ret->dir);
	kms_lazy_start(&x.kms, &options->kms);
	if (code == 0)
		code = model_keyring(common, &options->keys, false, &x.kms, &x.ring);
	if (code == 0 && (check_format(&x) != TACIT_OK || open_files(&x) != TACIT_OK))
		code = fail(&x, path);
	tacit_keyring_free(x.ring);
	kms_lazy_close(&x.kms);
	source_store_close(&x.store);
	ret->dir.store = NULL;
	if (code)
		serve_sealed_done(ret);
	return code;
}

void serve_sealed_done(struct serve_sealed *sealed)
{
	model_dir_free(&sealed->dir);
}
