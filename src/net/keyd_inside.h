/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_KEYD_INSIDE_H
#define TACIT_NET_KEYD_INSIDE_H

/* What the files of the broker's server share. */

#include <pthread.h>

#include "net/keyd.h"
#include "release/keyd_kbs.h"
#include "release/keyd_kms.h"
#include "sys/worker.h"

#define TACIT_KEYD_DESKS_MAX 16
#define TACIT_KEYD_JOBS_MAX  1024 /* requests at desks or before the log */
#define TACIT_KEYD_GUEST_MAX 512  /* of those, of guests, who need no credential */
#define TACIT_KEYD_TARGET    96

struct tacit_keyd_station {
	struct tacit_worker *worker;
	struct tacit_keyd_desk desk;
	void *room;
	size_t jobs; /* that were given to it; the loop's */
};

/* A request from the loop's hands back into them. */
struct tacit_keyd_job {
	struct tacit_worker_task task;
	struct tacit_server_task back;
	struct tacit_keyd_job *next;          /* before the log */
	struct tacit_keyd_job *older, *newer; /* all of the server's */
	struct tacit_keyd *keyd;
	struct tacit_keyd_station *station;
	struct tacit_call *call; /* NULL when the client is gone; the loop's */
	bool kbs;
	char target[TACIT_KEYD_TARGET];
	struct tacit_keyd_credential credential;
	struct tacit_kbs_call kbs_call;
	struct tacit_server_body body;
	struct tacit_keyd_answer answer;
};

struct tacit_keyd {
	struct tacit_keyd_options options;
	struct tacit_keyd_config config;
	struct tacit_server *server;
	struct tacit_keyd_store *front; /* the loop's: credentials */
	struct tacit_keyd_station stations[TACIT_KEYD_DESKS_MAX];
	size_t station_count;
	size_t jobs, guest_jobs;
	struct tacit_keyd_job *newest;
	struct tacit_kbs_sessions *sessions;

	struct tacit_keyd_store *log; /* the writer's */
	struct tacit_worker *writer;
	pthread_mutex_t lock; /* over what follows */
	struct tacit_keyd_job *waiting, **waiting_end;
	bool writing; /* the writer has been told */
	struct tacit_worker_task write_task;
	uint64_t rows, writes;
};

/* ---- keyd_job.c: on the loop's thread ------------------------------------------------------- */

/* NULL when there are too many, or too many of guests', who need no credential to be one. */
struct tacit_keyd_job *tacit_keyd_job_new(struct tacit_keyd *keyd, struct tacit_call *x, bool kbs);

/*
 * At the station with least to do. Of several, the first takes a guest only when it is idle and the
 * others are not: who signs waits there for one of them at most.
 */
void tacit_keyd_job_place(struct tacit_keyd_job *job);

void tacit_keyd_job_free(struct tacit_keyd_job *job);

/* ---- keyd.c --------------------------------------------------------------------------------- */

/* Gives a job's answer to the log, or straight back when there is nothing to log. */
void tacit_keyd_hand_in(struct tacit_keyd_job *job);

/* Back on the loop: sends the answer and frees the job. */
void tacit_keyd_send(struct tacit_server_task *back);

/* ---- keyd_auth.c ---------------------------------------------------------------------------- */

/*
 * Whose request it is, by its signature. False with an answer made when nobody's.
 */
bool tacit_keyd_authenticate(struct tacit_keyd *keyd, const struct tacit_call *x, int64_t now,
			     struct tacit_keyd_credential *ret, struct tacit_keyd_answer *answer);

#endif
