/* SPDX-License-Identifier: Apache-2.0 */
#include "release/source_ahead.h"

#include <signal.h>
#include <stdlib.h>

#include "release/source_inside.h"

#define SLOTS_MAX (TACIT_SOURCE_READERS_MAX + TACIT_SOURCE_CONNECTIONS_MAX)

enum state { FREE, FETCHING, FULL };

struct slot {
	enum state state;
	uint64_t chunk;
	uint8_t *bytes;
	unsigned pins;    /* readers that copy out of it */
	size_t used;      /* bytes that were read: whole, it is free */
	uint64_t touched; /* when, in reads */
};

struct tacit_source_ahead {
	struct tacit_source *source;
	uint64_t chunks;
	unsigned readers, slot_count, thread_count;
	pthread_t threads[TACIT_SOURCE_CONNECTIONS_MAX];
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct slot slots[SLOTS_MAX];
	uint64_t wanted[TACIT_SOURCE_READERS_MAX]; /* chunks that readers wait for */
	unsigned wanted_count;
	uint8_t *asked; /* a bit for each chunk that was fetched, or is */
	uint64_t next;  /* all below it were */
	uint64_t clock;
	bool over;
	struct tacit_error err; /* of the first that failed */
};

static size_t chunk_len(const struct tacit_source_ahead *a, uint64_t chunk)
{
	uint64_t left = a->source->size - chunk * TACIT_SOURCE_CHUNK;

	return left < TACIT_SOURCE_CHUNK ? (size_t)left : TACIT_SOURCE_CHUNK;
}

/* ---- with the lock held --------------------------------------------------------------------- */

static struct slot *find(struct tacit_source_ahead *a, uint64_t chunk)
{
	for (unsigned i = 0; i < a->slot_count; i++)
		if (a->slots[i].state != FREE && a->slots[i].chunk == chunk)
			return &a->slots[i];
	return NULL;
}

static unsigned count_free(const struct tacit_source_ahead *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->slot_count; i++)
		n += a->slots[i].state == FREE;
	return n;
}

/* A free slot, or the full one that nobody has touched for the longest time. */
static struct slot *take_slot(struct tacit_source_ahead *a)
{
	struct slot *best = NULL;

	for (unsigned i = 0; i < a->slot_count; i++) {
		struct slot *s = &a->slots[i];

		if (s->state == FREE)
			return s;
		if (s->state == FULL && s->pins == 0 && (!best || s->touched < best->touched))
			best = s;
	}
	return best;
}

static struct slot *begin(struct tacit_source_ahead *a, struct slot *s, uint64_t chunk)
{
	s->state = FETCHING;
	s->chunk = chunk;
	s->used = 0;
	s->touched = ++a->clock;
	a->asked[chunk / 8] |= (uint8_t)(1u << chunk % 8);
	return s;
}

/* What somebody waits for comes first; then what will be wanted, while slots are left for readers.
 */
static struct slot *next_job(struct tacit_source_ahead *a)
{
	struct slot *s = a->wanted_count ? take_slot(a) : NULL;

	if (s) {
		uint64_t chunk = a->wanted[0];

		a->wanted_count--;
		memmove(a->wanted, a->wanted + 1, a->wanted_count * sizeof(a->wanted[0]));
		return begin(a, s, chunk);
	}
	while (a->next < a->chunks && (a->asked[a->next / 8] & 1u << a->next % 8))
		a->next++;
	if (a->wanted_count || a->next >= a->chunks || count_free(a) <= a->readers)
		return NULL;
	return begin(a, take_slot(a), a->next);
}

static void want(struct tacit_source_ahead *a, uint64_t chunk)
{
	for (unsigned i = 0; i < a->wanted_count; i++)
		if (a->wanted[i] == chunk)
			return;
	if (a->wanted_count == TACIT_SOURCE_READERS_MAX)
		return; /* asked for again when something changes */
	a->wanted[a->wanted_count++] = chunk;
	pthread_cond_broadcast(&a->changed);
}

static void end(struct tacit_source_ahead *a)
{
	a->over = true;
	tacit_source_stop(a->source);
	pthread_cond_broadcast(&a->changed);
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *fetch(void *user)
{
	struct tacit_source_ahead *a = user;

	pthread_mutex_lock(&a->lock);
	while (!a->over) {
		struct slot *s = next_job(a);
		struct tacit_error err = { 0 };

		if (!s) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		uint64_t chunk = s->chunk;
		pthread_mutex_unlock(&a->lock);
		enum tacit_status st =
			tacit_source_read(a->source, chunk * TACIT_SOURCE_CHUNK,
					  tacit_mut_of(s->bytes, chunk_len(a, chunk)), &err);
		pthread_mutex_lock(&a->lock);
		s->state = st == TACIT_OK ? FULL : FREE;
		if (st != TACIT_OK && !a->over) {
			a->err = err;
			end(a);
		}
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Threads take no signals: those are for who knows what to do about them. */
static enum tacit_status start(struct tacit_source_ahead *a, unsigned want_threads,
			       struct tacit_error *err)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (a->thread_count < want_threads &&
	       pthread_create(&a->threads[a->thread_count], NULL, fetch, a) == 0)
		a->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return a->thread_count
		       ? TACIT_OK
		       : tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "cannot start a thread");
}

/* ---- readers -------------------------------------------------------------------------------- */

/* The slot with this chunk, pinned; NULL when it is over. */
static struct slot *pin(struct tacit_source_ahead *a, uint64_t chunk)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&a->lock);
	while (!a->over) {
		s = find(a, chunk);
		if (s && s->state == FULL)
			break;
		if (!s)
			want(a, chunk);
		pthread_cond_wait(&a->changed, &a->lock);
	}
	if (a->over)
		s = NULL;
	if (s) {
		s->pins++;
		s->touched = ++a->clock;
	}
	pthread_mutex_unlock(&a->lock);
	return s;
}

static void unpin(struct tacit_source_ahead *a, struct slot *s, size_t used)
{
	pthread_mutex_lock(&a->lock);
	s->pins--;
	s->used += used;
	if (s->pins == 0 && s->used >= chunk_len(a, s->chunk))
		s->state = FREE;
	if (s->pins == 0)
		pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static enum tacit_status say_end(struct tacit_source_ahead *a, struct tacit_error *err)
{
	/* Nobody writes it once it is over. */
	return tacit_fail(err, a->err.status != TACIT_OK ? a->err.status : TACIT_DENIED,
			  a->err.where, a->err.offset, "%s", a->err.detail);
}

enum tacit_status tacit_source_ahead_read(struct tacit_source_ahead *ahead, uint64_t offset,
					  struct tacit_mut room, struct tacit_error *err)
{
	if (offset > ahead->source->size || room.len > ahead->source->size - offset)
		return tacit_fail(err, TACIT_LIMIT, SOURCE_WHERE, offset,
				  "bytes beyond the end of the file");
	while (room.len) {
		uint64_t chunk = offset / TACIT_SOURCE_CHUNK;
		size_t at = (size_t)(offset % TACIT_SOURCE_CHUNK);
		size_t left = chunk_len(ahead, chunk) - at;
		size_t piece = left < room.len ? left : room.len;
		struct slot *s = pin(ahead, chunk);

		if (!s)
			return say_end(ahead, err);
		memcpy(room.ptr, s->bytes + at, piece);
		unpin(ahead, s, piece);
		room = tacit_mut_of(room.ptr + piece, room.len - piece);
		offset += piece;
	}
	return TACIT_OK;
}

/* ---- both ----------------------------------------------------------------------------------- */

static enum tacit_status open_slots(struct tacit_source_ahead *a, struct tacit_error *err)
{
	size_t most = a->chunks == 1 ? chunk_len(a, 0) : TACIT_SOURCE_CHUNK;

	a->asked = calloc((size_t)(a->chunks / 8 + 1), 1);
	if (!a->asked)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	for (unsigned i = 0; i < a->slot_count; i++) {
		a->slots[i].bytes = malloc(most);
		if (!a->slots[i].bytes)
			return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	}
	return TACIT_OK;
}

enum tacit_status tacit_source_ahead_new(struct tacit_source *source, unsigned readers,
					 struct tacit_source_ahead **ret, struct tacit_error *err)
{
	unsigned connections = source->store->options.connections;
	struct tacit_source_ahead *a;

	if (readers == 0 || readers > TACIT_SOURCE_READERS_MAX)
		return tacit_fail(err, TACIT_USAGE, SOURCE_WHERE, 0, "at most %d readers",
				  TACIT_SOURCE_READERS_MAX);
	a = calloc(1, sizeof(*a));
	if (!a)
		return tacit_fail(err, TACIT_NOMEM, SOURCE_WHERE, 0, "out of memory");
	a->source = source;
	a->readers = readers;
	a->chunks = source->size / TACIT_SOURCE_CHUNK + (source->size % TACIT_SOURCE_CHUNK != 0);
	a->slot_count = readers + connections;
	if (a->slot_count > a->chunks)
		a->slot_count = (unsigned)a->chunks;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	enum tacit_status st = open_slots(a, err);
	if (st == TACIT_OK && a->chunks)
		st = start(a, connections < a->slot_count ? connections : a->slot_count, err);
	if (st == TACIT_OK)
		*ret = a;
	else
		tacit_source_ahead_free(a);
	return st;
}

void tacit_source_ahead_free(struct tacit_source_ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	end(ahead);
	pthread_mutex_unlock(&ahead->lock);
	while (ahead->thread_count > 0)
		pthread_join(ahead->threads[--ahead->thread_count], NULL);
	for (unsigned i = 0; i < ahead->slot_count; i++)
		free(ahead->slots[i].bytes);
	free(ahead->asked);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}
