/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct tacit_worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	struct tacit_worker_task *first, *last;
};

/* The next task; NULL when the worker stops and nothing is left. */
static struct tacit_worker_task *take_task(struct tacit_worker *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->first && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	struct tacit_worker_task *task = w->first;
	if (task)
		w->first = task->next;
	pthread_mutex_unlock(&w->lock);
	return task;
}

static void *work(void *arg)
{
	struct tacit_worker_task *task;

	while ((task = take_task(arg)))
		task->run(task);
	return NULL;
}

void tacit_worker_give(struct tacit_worker *worker, struct tacit_worker_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&worker->lock);
	if (worker->first)
		worker->last->next = task;
	else
		worker->first = task;
	worker->last = task;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}

enum tacit_status tacit_worker_new(struct tacit_worker **ret, struct tacit_error *err)
{
	struct tacit_worker *w = calloc(1, sizeof(*w));
	sigset_t all, before;

	if (!w)
		return tacit_fail(err, TACIT_NOMEM, "worker", 0, "out of memory");
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);

	/* Signals belong to the event loop's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return tacit_fail(err, TACIT_NOMEM, "worker", 0, "cannot start a thread");
	}
	*ret = w;
	return TACIT_OK;
}

void tacit_worker_free(struct tacit_worker *worker)
{
	if (!worker)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}
