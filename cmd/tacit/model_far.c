/* SPDX-License-Identifier: Apache-2.0 */
#include "model_far.h"

#include <stdlib.h>
#include <string.h>

#include "sys/process.h"

#define THREADS_MAX 8

unsigned model_far_threads(void)
{
	unsigned cores = tacit_process_cores();

	return cores < THREADS_MAX ? cores : THREADS_MAX;
}

bool model_far_is(const char *where)
{
	size_t len = strlen(where);

	return tacit_source_is_remote(where) && len && where[len - 1] == '/';
}

enum tacit_status model_far_open(struct tacit_store *store, const char *where,
				 struct model_far *ret, struct tacit_error *err)
{
	struct model_far far = { .source = NULL };
	enum tacit_status st = tacit_source_open(store, where, &far.source, err);

	if (st == TACIT_OK)
		st = tacit_source_ahead_new(far.source, model_far_threads(), &far.ahead, err);
	if (st == TACIT_OK)
		*ret = far;
	else
		model_far_close(&far);
	return st;
}

void model_far_close(struct model_far *far)
{
	tacit_source_ahead_free(far->ahead);
	tacit_source_free(far->source);
	far->ahead = NULL;
	far->source = NULL;
}

static enum tacit_status read_at(void *user, uint64_t at, struct tacit_mut room,
				 struct tacit_error *err)
{
	struct model_far *far = user;

	return tacit_source_ahead_read(far->ahead, at, room, err);
}

struct tacit_sealed_in model_far_in(struct model_far *far)
{
	const struct tacit_sealed_in in = { read_at, far, tacit_source_size(far->source) };

	return in;
}

enum tacit_status model_far_read(struct tacit_store *store, const char *where, size_t max,
				 struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_source *source = NULL;
	enum tacit_status st = tacit_source_open(store, where, &source, err);

	if (st != TACIT_OK)
		return st;
	uint64_t size = tacit_source_size(source);
	uint8_t *bytes = NULL;
	if (size > max)
		st = tacit_fail(err, TACIT_LIMIT, "model.file", 0, "longer than %zu bytes", max);
	else if (!(bytes = malloc((size_t)size + 1)))
		st = tacit_fail(err, TACIT_NOMEM, "model.file", 0, "out of memory");
	if (st == TACIT_OK)
		st = tacit_source_read(source, 0, tacit_mut_of(bytes, (size_t)size), err);
	tacit_source_free(source);
	if (st == TACIT_OK)
		*ret = tacit_slice_of(bytes, (size_t)size);
	else
		free(bytes);
	return st;
}
