/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A whole source in order: as many threads as connections fetch chunks into a ring, and the
 * caller's thread empties it. Who is slow holds up who is fast after two chunks a connection.
 */

#include <signal.h>
#include <stdlib.h>

#include "release/source_inside.h"

#define SLOTS (2u * TACIT_SOURCE_CONNECTIONS_MAX)

struct slot {
	uint8_t *bytes;
	bool full;
};

struct stream {
	struct tacit_source *source;
	uint64_t chunks;
	unsigned slot_count;
	struct slot slots[SLOTS];
	pthread_mutex_t lock; /* over what follows, and `full` */
	pthread_cond_t changed;
	uint64_t asked, given; /* chunks */
	bool over;
	struct tacit_error err; /* of the first that failed */
};

static size_t chunk_len(const struct stream *s, uint64_t chunk)
{
	uint64_t left = s->source->size - chunk * TACIT_SOURCE_CHUNK;

	return left < TACIT_SOURCE_CHUNK ? (size_t)left : TACIT_SOURCE_CHUNK;
}

/* With the lock held. */
static void end(struct stream *s)
{
	s->over = true;
	tacit_source_stop(s->source);
	pthread_cond_broadcast(&s->changed);
}

/* The next chunk that nobody fetches yet, once there is room for it; false at the end. */
static bool next_chunk(struct stream *s, uint64_t *ret)
{
	bool more;

	pthread_mutex_lock(&s->lock);
	while (!s->over && s->asked < s->chunks && s->asked - s->given >= s->slot_count)
		pthread_cond_wait(&s->changed, &s->lock);
	more = !s->over && s->asked < s->chunks;
	if (more)
		*ret = s->asked++;
	pthread_mutex_unlock(&s->lock);
	return more;
}

static void *fetch(void *user)
{
	struct stream *s = user;
	uint64_t chunk;

	while (next_chunk(s, &chunk)) {
		struct slot *slot = &s->slots[chunk % s->slot_count];
		struct tacit_error err = { 0 };
		enum tacit_status st =
			tacit_source_read(s->source, chunk * TACIT_SOURCE_CHUNK,
					  tacit_mut_of(slot->bytes, chunk_len(s, chunk)), &err);

		pthread_mutex_lock(&s->lock);
		if (st == TACIT_OK) {
			slot->full = true;
			pthread_cond_broadcast(&s->changed);
		} else if (!s->over) {
			s->err = err;
			end(s);
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static enum tacit_status give(struct stream *s, tacit_source_sink sink, void *user,
			      struct tacit_error *err)
{
	for (uint64_t chunk = 0; chunk < s->chunks; chunk++) {
		struct slot *slot = &s->slots[chunk % s->slot_count];

		pthread_mutex_lock(&s->lock);
		while (!slot->full && !s->over)
			pthread_cond_wait(&s->changed, &s->lock);
		bool failed = !slot->full;
		pthread_mutex_unlock(&s->lock);
		if (failed) /* nobody writes `err` once it is over */
			return tacit_fail(err, s->err.status, s->err.where, s->err.offset, "%s",
					  s->err.detail);
		enum tacit_status st =
			sink(user, tacit_slice_of(slot->bytes, chunk_len(s, chunk)), err);
		if (st != TACIT_OK)
			return st;
		pthread_mutex_lock(&s->lock);
		slot->full = false;
		s->given++;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);
	}
	return TACIT_OK;
}

/* Threads take no signals: those are for who knows what to do about them. */
static unsigned start_threads(struct stream *s, pthread_t *threads, unsigned want)
{
	sigset_t all, before;
	unsigned n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n < want && pthread_create(&threads[n], NULL, fetch, s) == 0)
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static enum tacit_status run(struct stream *s, tacit_source_sink sink, void *user,
			     struct tacit_error *err)
{
	pthread_t threads[TACIT_SOURCE_CONNECTIONS_MAX];
	unsigned want = s->source->store->options.connections;
	unsigned n = start_threads(s, threads, want < s->chunks ? want : (unsigned)s->chunks);
	enum tacit_status st = n || s->chunks == 0 ? give(s, sink, user, err)
						   : tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0,
								"cannot start a thread");

	pthread_mutex_lock(&s->lock);
	if (st != TACIT_OK)
		end(s);
	pthread_mutex_unlock(&s->lock);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	return st;
}

static enum tacit_status open_slots(struct stream *s, struct tacit_error *err)
{
	s->slot_count = 2 * s->source->store->options.connections;
	if (s->slot_count > s->chunks)
		s->slot_count = (unsigned)s->chunks;
	for (unsigned i = 0; i < s->slot_count; i++) {
		s->slots[i].bytes = malloc(chunk_len(s, i));
		if (!s->slots[i].bytes)
			return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	}
	return TACIT_OK;
}

enum tacit_status tacit_source_stream(struct tacit_source *source, tacit_source_sink sink,
				      void *user, struct tacit_error *err)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	s->source = source;
	s->chunks = source->size / TACIT_SOURCE_CHUNK + (source->size % TACIT_SOURCE_CHUNK != 0);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	enum tacit_status st = open_slots(s, err);
	if (st == TACIT_OK)
		st = run(s, sink, user, err);
	for (unsigned i = 0; i < s->slot_count; i++)
		free(s->slots[i].bytes);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return st;
}
