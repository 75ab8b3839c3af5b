/* SPDX-License-Identifier: Apache-2.0 */
#include "release/source.h"

#include <stdlib.h>
#include <unistd.h>

#include "release/source_inside.h"
#include "sys/clock.h"

#define DEADLINE_MS (60u * 60 * 1000)
#define STALL_MS    30000
#define MIN_RATE    1024
#define TRIES       8
#define PAUSE_MS    200

/* ---- stores --------------------------------------------------------------------------------- */

static void set_defaults(struct tacit_store_options *o)
{
	if (o->connections == 0)
		o->connections = TACIT_SOURCE_CONNECTIONS;
	if (o->connections > TACIT_SOURCE_CONNECTIONS_MAX)
		o->connections = TACIT_SOURCE_CONNECTIONS_MAX;
	if (o->deadline_ms == 0)
		o->deadline_ms = DEADLINE_MS;
	if (o->stall_ms < 1000)
		o->stall_ms = o->stall_ms ? 1000 : STALL_MS;
	if (o->min_rate == 0)
		o->min_rate = MIN_RATE;
	if (o->tries == 0)
		o->tries = TRIES;
	if (o->pause_ms == 0)
		o->pause_ms = PAUSE_MS;
}

enum tacit_status tacit_store_new(const struct tacit_store_options *options,
				  struct tacit_store **ret, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	if (options->s3_endpoint)
		st = tacit_source_url_endpoint(options->s3_endpoint, err);
	if (st == TACIT_OK && options->gs_endpoint)
		st = tacit_source_url_endpoint(options->gs_endpoint, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_store *store = calloc(1, sizeof(*store));
	if (!store)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	store->options = *options;
	set_defaults(&store->options);
	store->end = tacit_clock_ms() + store->options.deadline_ms;
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->freed, NULL);
	*ret = store;
	return TACIT_OK;
}

void tacit_store_free(struct tacit_store *store)
{
	if (!store)
		return;
	for (unsigned i = 0; i < TACIT_SOURCE_CONNECTIONS_MAX; i++)
		if (store->lanes[i].easy)
			tacit_curl()->easy_cleanup(store->lanes[i].easy);
	pthread_cond_destroy(&store->freed);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

/* libcurl is loaded when the first file is not of this machine. */
static enum tacit_status open_lanes(struct tacit_store *store, struct tacit_error *err)
{
	enum tacit_status st = tacit_curl_load(err);

	pthread_mutex_lock(&store->lock);
	for (unsigned i = 0; st == TACIT_OK && i < store->options.connections; i++)
		if (!store->lanes[i].easy && !tacit_source_http_lane_init(&store->lanes[i], store))
			st = tacit_fail(err, TACIT_UNSUPPORTED, SOURCE_WHERE, 0,
					"this libcurl lacks what is needed");
	pthread_mutex_unlock(&store->lock);
	return st;
}

/* ---- sources -------------------------------------------------------------------------------- */

/* Where this instance is, when nobody named a region. */
static enum tacit_status ask_region(struct tacit_store *store, char *ret, struct tacit_error *err)
{
	struct tacit_aws_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	enum tacit_status st = tacit_aws_credentials_get(store->options.aws, false, keys, err);
	if (st == TACIT_OK)
		memcpy(ret, keys->region, sizeof(keys->region));
	tacit_aws_keys_wipe(keys);
	free(keys);
	return st;
}

static enum tacit_status open_url(struct tacit_source *source, const char *text,
				  struct tacit_error *err)
{
	struct tacit_store *store = source->store;
	char region[TACIT_AWS_REGION_MAX + 1] = "";
	struct source_places places = { .region = store->options.region,
					.s3_endpoint = store->options.s3_endpoint,
					.gs_endpoint = store->options.gs_endpoint };
	/* What the text says comes first: it is wrong without a network, too. */
	enum tacit_status st = tacit_source_url_parse(text, &places, &source->url, err);

	if (st == TACIT_OK && source->url.kind == SOURCE_FILE)
		return tacit_source_file_open(source, text, err);
	if (st == TACIT_OK && source->url.kind == SOURCE_S3 && !places.region &&
	    store->options.aws) {
		st = ask_region(store, region, err);
		places.region = region[0] ? region : NULL;
		if (st == TACIT_OK)
			st = tacit_source_url_parse(text, &places, &source->url, err);
	}
	if (st == TACIT_OK)
		st = open_lanes(store, err);
	if (st != TACIT_OK)
		return st;
	source->head = malloc(SOURCE_HEAD);
	if (!source->head)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	return tacit_source_retry_open(source, err);
}

enum tacit_status tacit_source_open(struct tacit_store *store, const char *text,
				    struct tacit_source **ret, struct tacit_error *err)
{
	struct tacit_source *source = calloc(1, sizeof(*source));

	if (!source)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	source->store = store;
	source->fd = -1;
	enum tacit_status st = open_url(source, text, err);
	if (st == TACIT_OK)
		*ret = source;
	else
		tacit_source_free(source);
	return st;
}

void tacit_source_free(struct tacit_source *source)
{
	if (!source)
		return;
	if (source->fd >= 0)
		close(source->fd);
	free(source->head);
	free(source);
}

uint64_t tacit_source_size(const struct tacit_source *source)
{
	return source->size;
}

void tacit_source_stop(struct tacit_source *source)
{
	atomic_store(&source->stopped, true);
}

enum tacit_status tacit_source_read(struct tacit_source *source, uint64_t offset,
				    struct tacit_mut room, struct tacit_error *err)
{
	if (offset > source->size || room.len > source->size - offset)
		return tacit_fail(err, TACIT_LIMIT, SOURCE_WHERE, offset,
				  "bytes beyond the end of the file");
	if (atomic_load(&source->stopped))
		return tacit_fail(err, TACIT_DENIED, SOURCE_WHERE, offset, "called off");
	if (room.len == 0)
		return TACIT_OK;
	if (source->url.kind == SOURCE_FILE)
		return tacit_source_file_read(source, offset, room, err);
	if (offset + room.len <= source->head_len) {
		memcpy(room.ptr, source->head + offset, room.len);
		return TACIT_OK;
	}
	return tacit_source_retry_read(source, offset, room, err);
}
