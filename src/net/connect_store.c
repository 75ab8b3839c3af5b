/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect_store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "receipt/store.h"
#include "sys/clock.h"

struct tacit_connect_store {
	struct tacit_store *store; /* the thread's alone */
	const char *server;
	uint8_t policy_digest[32];
	bool has_digest;
	uint8_t last_doc[32]; /* evidence that is known to be stored */
	bool has_last;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct tacit_connect_row *first, *last;
	size_t queued;
	bool ending;
};

static enum tacit_status put_evidence(struct tacit_connect_store *s, const struct tacit_attested *a,
				      struct tacit_error *err)
{
	if (s->has_last && memcmp(s->last_doc, a->doc_hash, sizeof(s->last_doc)) == 0)
		return TACIT_OK;
	const struct tacit_store_evidence row = {
		.platform = tacit_slice_str(tacit_tee_name(a->claims->tee)),
		.policy_digest = tacit_slice_of(s->has_digest ? s->policy_digest : NULL,
						s->has_digest ? sizeof(s->policy_digest) : 0),
		.received_at = a->at,
		.bytes = a->evidence,
	};
	enum tacit_status st = tacit_store_put_evidence(s->store, &row, err);
	if (st == TACIT_OK) {
		memcpy(s->last_doc, a->doc_hash, sizeof(s->last_doc));
		s->has_last = true;
	}
	return st;
}

static enum tacit_status put(struct tacit_connect_store *s, const struct tacit_connect_row *row,
			     struct tacit_error *err)
{
	struct tacit_store_receipt r = {
		.received_at = tacit_clock_wall(),
		.server = tacit_slice_str(s->server),
		.model_id = row->attested->claims->binding.model_id,
		.receipt = tacit_slice_of(row->receipt, row->receipt_len),
		.verdict = tacit_slice_str(row->verdict),
	};

	memcpy(r.cti, row->cti, sizeof(r.cti));
	memcpy(r.request_hash, row->request_hash, sizeof(r.request_hash));
	memcpy(r.response_hash, row->response_hash, sizeof(r.response_hash));
	memcpy(r.doc_hash, row->attested->doc_hash, sizeof(r.doc_hash));
	enum tacit_status st = put_evidence(s, row->attested, err);
	return st == TACIT_OK ? tacit_store_put(s->store, &r, err) : st;
}

static void tell(struct tacit_server_task *task)
{
	struct tacit_connect_row *row = (struct tacit_connect_row *)(void *)task;

	row->done(row->user, row->status, &row->error);
}

/* The next row, or NULL once the end has come and nothing is left. */
static struct tacit_connect_row *take(struct tacit_connect_store *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->ending)
		pthread_cond_wait(&s->more, &s->lock);
	struct tacit_connect_row *row = s->first;
	if (row) {
		s->first = row->next;
		s->queued--;
	}
	pthread_mutex_unlock(&s->lock);
	return row;
}

static void *work(void *user)
{
	struct tacit_connect_store *s = user;
	struct tacit_connect_row *row;

	while ((row = take(s))) {
		row->status = put(s, row, &row->error);
		tacit_server_post(row->server, &row->task);
	}
	return NULL;
}

/* Signals belong to the event loop's thread: they would cut short the waits for a lock. */
static enum tacit_status start_thread(struct tacit_connect_store *s, struct tacit_error *err)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->started = pthread_create(&s->thread, NULL, work, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!s->started)
		return tacit_fail(err, TACIT_IO, "store", 0, "cannot start a thread");
	return TACIT_OK;
}

enum tacit_status tacit_connect_store_new(const char *path, const char *server,
					  const uint8_t *policy_digest,
					  struct tacit_connect_store **ret, struct tacit_error *err)
{
	struct tacit_connect_store *s = calloc(1, sizeof(*s));

	if (!s)
		return tacit_fail(err, TACIT_NOMEM, "store", 0, "out of memory");
	s->server = server;
	s->has_digest = policy_digest != NULL;
	if (policy_digest)
		memcpy(s->policy_digest, policy_digest, sizeof(s->policy_digest));
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	enum tacit_status st = tacit_store_open(path, TACIT_STORE_WRITE, &s->store, err);
	if (st == TACIT_OK)
		st = start_thread(s, err);
	if (st != TACIT_OK) {
		tacit_connect_store_free(s);
		return st;
	}
	*ret = s;
	return TACIT_OK;
}

void tacit_connect_store_free(struct tacit_connect_store *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	tacit_store_close(s->store);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

enum tacit_status tacit_connect_store_put(struct tacit_connect_store *s,
					  struct tacit_connect_row *row, struct tacit_error *err)
{
	row->task.run = tell;
	row->next = NULL;
	pthread_mutex_lock(&s->lock);
	bool full = s->queued >= TACIT_CONNECT_STORE_QUEUE;
	if (!full) {
		if (s->first)
			s->last->next = row;
		else
			s->first = row;
		s->last = row;
		s->queued++;
		pthread_cond_signal(&s->more);
	}
	pthread_mutex_unlock(&s->lock);
	return full ? tacit_fail(err, TACIT_LIMIT, "store", 0,
				 "too many receipts wait to be stored")
		    : TACIT_OK;
}
