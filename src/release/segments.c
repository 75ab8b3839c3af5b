/* SPDX-License-Identifier: Apache-2.0 */
#include "release/segments.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/secret.h"
#include "sys/process.h"

#define WHERE "model.work"

struct tacit_segments {
	pthread_mutex_t lock; /* of all below but the constants */
	uint64_t next, count;
	uint64_t done, total;
	enum tacit_status status;
	struct tacit_error error;
	tacit_segments_work work;
	void *user;
	const struct tacit_sealed_options *options;
};

enum tacit_status tacit_segments_done(struct tacit_segments *run, uint64_t bytes,
				      struct tacit_error *err)
{
	const struct tacit_sealed_options *o = run->options;
	bool go_on = true;

	pthread_mutex_lock(&run->lock);
	run->done += bytes;
	if (o->progress)
		go_on = o->progress(o->user, run->done, run->total);
	pthread_mutex_unlock(&run->lock);
	return go_on ? TACIT_OK
		     : tacit_fail(err, TACIT_DENIED, WHERE, 0, "the work was called off");
}

/* The next piece; false when there is none, or somebody failed. */
static bool take(struct tacit_segments *run, uint64_t *ret_index)
{
	pthread_mutex_lock(&run->lock);
	bool more = run->status == TACIT_OK && run->next < run->count;
	if (more)
		*ret_index = run->next++;
	pthread_mutex_unlock(&run->lock);
	return more;
}

static void give_up(struct tacit_segments *run, enum tacit_status status,
		    const struct tacit_error *error)
{
	pthread_mutex_lock(&run->lock);
	if (run->status == TACIT_OK) {
		run->status = status;
		run->error = *error;
	}
	pthread_mutex_unlock(&run->lock);
}

static void *worker(void *user)
{
	struct tacit_segments *run = user;
	struct tacit_segments_room *room = malloc(sizeof(*room));
	struct tacit_error error = { 0 };
	uint64_t index;

	if (room)
		room->hasher = tacit_hasher_new(TACIT_SHA256);
	if (!room || !room->hasher)
		give_up(run, tacit_fail(&error, TACIT_NOMEM, WHERE, 0, "no memory"), &error);
	while (take(run, &index)) {
		enum tacit_status st = run->work(run->user, room, index, run, &error);

		if (st != TACIT_OK)
			give_up(run, st, &error);
	}
	if (room) {
		tacit_hasher_free(room->hasher);
		tacit_wipe(room, sizeof(*room));
	}
	free(room);
	return NULL;
}

static unsigned thread_count(const struct tacit_sealed_options *options, uint64_t pieces)
{
	unsigned threads = options->threads ? options->threads : tacit_process_cores();

	if (threads > TACIT_SEALED_THREADS_MAX)
		threads = TACIT_SEALED_THREADS_MAX;
	return threads < pieces ? threads : (unsigned)pieces;
}

/* Signals are for the thread that called; those that could not be started are done without. */
static void run_all(struct tacit_segments *run, unsigned threads)
{
	pthread_t ids[TACIT_SEALED_THREADS_MAX];
	sigset_t all, before;
	unsigned started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started + 1 < threads && pthread_create(&ids[started], NULL, worker, run) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker(run);
	while (started > 0)
		pthread_join(ids[--started], NULL);
}

enum tacit_status tacit_segments_run(uint64_t count, uint64_t total, tacit_segments_work work,
				     void *user, const struct tacit_sealed_options *options,
				     struct tacit_error *err)
{
	struct tacit_segments run = { .lock = PTHREAD_MUTEX_INITIALIZER,
				      .count = count,
				      .total = total,
				      .work = work,
				      .user = user,
				      .options = options };

	run_all(&run, thread_count(options, count));
	pthread_mutex_destroy(&run.lock);
	if (run.status != TACIT_OK && err && err->status == TACIT_OK)
		*err = run.error;
	return run.status;
}
