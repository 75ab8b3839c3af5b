/* SPDX-License-Identifier: Apache-2.0 */
#include "net/keyd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "net/keyd_inside.h"
#include "sys/clock.h"

#define WHERE    "keyd"
#define BODY_MAX (2 * 1024 * 1024) /* of Trustee's protocol; KMS's is bounded further down */

/* ---- answers --------------------------------------------------------------------------------- */

/* The client left: the work goes on, as it may be in the log already. */
static void forget_call(void *user)
{
	struct tacit_keyd_job *job = user;

	job->call = NULL;
}

static void tell(const struct tacit_keyd *keyd, const struct tacit_keyd_answer *answer)
{
	const struct tacit_keyd_entry *entry = &answer->release.entry;
	struct tacit_keyd_event event = { .op = (const char *)entry->op.ptr,
					  .who = answer->who,
					  .verdict = entry->verdict,
					  .reason = answer->reason[0] ? answer->reason : NULL,
					  .status = answer->status };

	if (keyd->options.say && entry->verdict)
		keyd->options.say(keyd->options.user, &event);
}

static void reply(struct tacit_call *x, const struct tacit_keyd_answer *answer)
{
	char extra[128] = "";
	struct tacit_http_answer head = { .status = answer->status ? answer->status : 500,
					  .type = answer->type ? answer->type : TACIT_KMS_TYPE };

	if (answer->cookie[0])
		snprintf(extra, sizeof(extra), "Set-Cookie: %s\r\n", answer->cookie);
	head.extra = tacit_slice_str(extra);
	tacit_call_reply(x, &head, tacit_slice_of(answer->body.ptr, answer->body.len));
}

void tacit_keyd_send(struct tacit_server_task *back)
{
	struct tacit_keyd_job *job =
		(struct tacit_keyd_job *)(void *)((char *)back -
						  offsetof(struct tacit_keyd_job, back));

	tell(job->keyd, &job->answer);
	if (job->call) {
		struct tacit_call *x = job->call;

		job->call = NULL;
		reply(x, &job->answer);
	}
	tacit_keyd_job_free(job);
}

/* ---- the log -------------------------------------------------------------------------------- */

static void refuse(struct tacit_keyd_job *job, const char *type, const char *message)
{
	char reason[TACIT_KEYD_REASON_MAX];

	snprintf(reason, sizeof(reason), "%s: %s", type, message);
	tacit_keyd_answer_refuse(&job->answer, reason);
	if (!job->kbs) {
		tacit_kms_refuse(&job->answer, type, message);
		return;
	}
	tacit_kbs_refuse(&job->answer, 401, "AttestationError", message);
}

/* All that waits, as one list; what comes from now on has to tell the writer anew. */
static struct tacit_keyd_job *take_waiting(struct tacit_keyd *keyd)
{
	pthread_mutex_lock(&keyd->lock);
	struct tacit_keyd_job *jobs = keyd->waiting;
	keyd->waiting = NULL;
	keyd->waiting_end = &keyd->waiting;
	keyd->writing = false;
	pthread_mutex_unlock(&keyd->lock);
	return jobs;
}

static void write_log(struct tacit_worker_task *task)
{
	struct tacit_keyd *keyd =
		(struct tacit_keyd *)(void *)((char *)task -
					      offsetof(struct tacit_keyd, write_task));
	static const char REPLAYED[] = "the attestation document, or its nonce, was used already";
	struct tacit_keyd_job *jobs = take_waiting(keyd);
	size_t count = 0, i = 0;

	for (struct tacit_keyd_job *job = jobs; job; job = job->next)
		count++;
	struct tacit_keyd_release *rows = calloc(count ? count : 1, sizeof(*rows));
	for (struct tacit_keyd_job *job = jobs; job && rows; job = job->next)
		rows[i++] = job->answer.release;
	bool logged = rows && tacit_keyd_store_commit(keyd->log, rows, count, NULL) == TACIT_OK;
	i = 0;
	for (struct tacit_keyd_job *job = jobs, *next; job; job = next, i++) {
		next = job->next;
		if (!logged)
			refuse(job, "KMSInternalException", "the audit log cannot be written");
		else if (rows[i].replayed)
			refuse(job, "AccessDeniedException", REPLAYED);
		if (job->kbs)
			tacit_kbs_settle(keyd->sessions, &job->kbs_call, &job->answer);
		tacit_server_post(keyd->server, &job->back);
	}
	free(rows);
	pthread_mutex_lock(&keyd->lock);
	keyd->rows += logged ? count : 0;
	keyd->writes++;
	pthread_mutex_unlock(&keyd->lock);
}

void tacit_keyd_hand_in(struct tacit_keyd_job *job)
{
	struct tacit_keyd *keyd = job->keyd;

	if (!job->answer.logged) {
		tacit_server_post(keyd->server, &job->back);
		return;
	}
	job->next = NULL;
	pthread_mutex_lock(&keyd->lock);
	bool first = !keyd->writing;
	keyd->writing = true;
	*keyd->waiting_end = job;
	keyd->waiting_end = &job->next;
	pthread_mutex_unlock(&keyd->lock);
	if (first)
		tacit_worker_give(keyd->writer, &keyd->write_task);
}

/* ---- desks ---------------------------------------------------------------------------------- */

static void work(struct tacit_worker_task *task)
{
	struct tacit_keyd_job *job = (struct tacit_keyd_job *)task; /* its first member */
	const struct tacit_slice body = tacit_slice_of(job->body.ptr, job->body.len);
	struct tacit_keyd_desk *desk = &job->station->desk;
	const struct tacit_kms_call call = { .target = tacit_slice_str(job->target),
					     .body = body,
					     .credential = &job->credential,
					     .now = tacit_clock_wall() };

	if (job->kbs) {
		job->kbs_call.body = body;
		job->kbs_call.now = call.now;
		tacit_kbs_answer(desk, job->keyd->sessions, &job->kbs_call, &job->answer);
	} else {
		tacit_kms_answer(desk, &call, &job->answer);
	}
	tacit_keyd_hand_in(job);
}

static void give(struct tacit_keyd_job *job, struct tacit_call *x)
{
	job->body = tacit_call_take_body(x);
	job->task.run = work;
	job->back.run = tacit_keyd_send;
	tacit_keyd_job_place(job);
	tacit_call_watch(x, forget_call, job);
	tacit_worker_give(job->station->worker, &job->task);
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool is(struct tacit_slice a, const char *b)
{
	return tacit_slice_eq(a, tacit_slice_str(b));
}

static void answer_now(struct tacit_call *x, unsigned status, const char *type, const char *body)
{
	const struct tacit_http_answer head = { .status = status, .type = type };

	tacit_call_reply(x, &head, tacit_slice_str(body));
}

static void busy(struct tacit_call *x, bool kbs)
{
	struct tacit_keyd_answer answer = { 0 };

	if (kbs)
		tacit_kbs_refuse(&answer, 503, "Overloaded", "too many requests at this time");
	else
		tacit_kms_refuse(&answer, "ThrottlingException", "Rate exceeded");
	reply(x, &answer);
	tacit_keyd_answer_done(&answer);
}

static void serve_kms(struct tacit_keyd *keyd, struct tacit_call *x)
{
	struct tacit_slice target = tacit_http_head_find(tacit_call_head(x), "x-amz-target");
	struct tacit_keyd_credential credential;
	struct tacit_keyd_answer answer = { 0 };

	if (!tacit_keyd_authenticate(keyd, x, tacit_clock_wall(), &credential, &answer)) {
		reply(x, &answer);
		tacit_keyd_answer_done(&answer);
		return;
	}
	struct tacit_keyd_job *job = tacit_keyd_job_new(keyd, x, false);
	if (!job) {
		busy(x, false);
		return;
	}
	job->credential = credential;
	if (target.len < sizeof(job->target) && target.len)
		memcpy(job->target, target.ptr, target.len);
	give(job, x);
}

static void serve_kbs(struct tacit_keyd *keyd, struct tacit_call *x)
{
	struct tacit_keyd_job *job = tacit_keyd_job_new(keyd, x, true);

	if (!job) {
		busy(x, true);
		return;
	}
	if (!tacit_kbs_call_fill(tacit_call_head(x)->method, tacit_call_head(x)->path,
				 tacit_http_head_find(tacit_call_head(x), "cookie"),
				 tacit_http_head_find(tacit_call_head(x), "authorization"),
				 &job->kbs_call)) {
		tacit_kbs_refuse(&job->answer, 404, "InvalidRequestPath", "no such request");
		job->call = NULL;
		reply(x, &job->answer);
		tacit_keyd_job_free(job);
		return;
	}
	give(job, x);
}

static void serve_nonce(struct tacit_keyd *keyd, struct tacit_call *x)
{
	uint8_t nonce[TACIT_KEYD_NONCE_LEN];
	char hex[2 * TACIT_KEYD_NONCE_LEN + 1], body[160];

	if (tacit_keyd_nonce_make(&keyd->config.nonces, tacit_clock_wall(), nonce, NULL) !=
	    TACIT_OK) {
		answer_now(x, 500, "application/json", "{}");
		return;
	}
	tacit_hex_encode(TACIT_SLICE_ARRAY(nonce), hex);
	snprintf(body, sizeof(body),
		 "{\"schema\":\"tacit.nonce/1\",\"nonce\":\"%s\",\"expires_in\":%d}\n", hex,
		 TACIT_KEYD_NONCE_LIFE);
	answer_now(x, 200, "application/json", body);
}

static void on_request(void *user, struct tacit_call *x)
{
	static const char KBS[] = "/kbs/v0/";
	struct tacit_keyd *keyd = user;
	const struct tacit_http_head *head = tacit_call_head(x);

	if (is(head->path, "/") && is(head->method, "POST"))
		serve_kms(keyd, x);
	else if (head->path.len >= sizeof(KBS) - 1 &&
		 memcmp(head->path.ptr, KBS, sizeof(KBS) - 1) == 0)
		serve_kbs(keyd, x);
	else if (is(head->path, "/tacit/v1/nonce") && is(head->method, "GET"))
		serve_nonce(keyd, x);
	else if (is(head->path, "/healthz"))
		answer_now(x, 200, "text/plain", "ok\n");
	else
		answer_now(x, 404, "application/json",
			   "{\"__type\":\"UnknownOperationException\"}");
}

static struct tacit_slice on_refusal(void *user, unsigned status)
{
	(void)user;
	(void)status;
	return tacit_slice_str("{\"__type\":\"SerializationException\","
			       "\"message\":\"the request is no HTTP that is taken here\"}");
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static enum tacit_status open_station(struct tacit_keyd *keyd, struct tacit_keyd_station *station,
				      struct tacit_error *err)
{
	station->desk.config = &keyd->config;
	station->room = malloc(TACIT_KEYD_DESK_ROOM);
	if (!station->room)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	tacit_arena_init(&station->desk.arena, station->room, TACIT_KEYD_DESK_ROOM);
	enum tacit_status st =
		tacit_keyd_store_open(keyd->options.store, TACIT_KEYD_WRITE, keyd->options.master,
				      &station->desk.store, err);
	if (st == TACIT_OK)
		st = tacit_worker_new(&station->worker, err);
	return st;
}

static enum tacit_status open_all(struct tacit_keyd *keyd, struct tacit_error *err)
{
	const struct tacit_server_options server = { .tls = keyd->options.tls,
						     .max_body = BODY_MAX,
						     .grace_ms = 5000,
						     .on_request = on_request,
						     .on_refusal = on_refusal,
						     .user = keyd };
	unsigned desks = keyd->options.desks ? keyd->options.desks : 2;
	enum tacit_status st = tacit_keyd_nonces_init(&keyd->config.nonces, err);

	if (st == TACIT_OK)
		st = tacit_keyd_store_open(keyd->options.store, TACIT_KEYD_WRITE,
					   keyd->options.master, &keyd->log, err);
	if (st == TACIT_OK)
		st = tacit_keyd_store_open(keyd->options.store, TACIT_KEYD_READ,
					   keyd->options.master, &keyd->front, err);
	if (st == TACIT_OK)
		st = tacit_kbs_sessions_new(&keyd->sessions, err);
	if (st == TACIT_OK)
		st = tacit_server_new(&server, &keyd->server, err);
	if (st == TACIT_OK)
		st = tacit_worker_new(&keyd->writer, err);
	for (unsigned i = 0; i < desks && i < TACIT_KEYD_DESKS_MAX && st == TACIT_OK; i++) {
		st = open_station(keyd, &keyd->stations[i], err);
		keyd->station_count++;
	}
	return st;
}

enum tacit_status tacit_keyd_new(const struct tacit_keyd_options *options, struct tacit_keyd **ret,
				 struct tacit_error *err)
{
	struct tacit_keyd *keyd = calloc(1, sizeof(*keyd));

	if (!keyd)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	keyd->options = *options;
	keyd->config = options->config;
	keyd->waiting_end = &keyd->waiting;
	keyd->write_task.run = write_log;
	pthread_mutex_init(&keyd->lock, NULL);
	enum tacit_status st = open_all(keyd, err);
	if (st == TACIT_OK)
		*ret = keyd;
	else
		tacit_keyd_free(keyd);
	return st;
}

enum tacit_status tacit_keyd_listen(struct tacit_keyd *keyd, int fd, struct tacit_error *err)
{
	return tacit_server_listen(keyd->server, fd, err);
}

enum tacit_status tacit_keyd_run(struct tacit_keyd *keyd, struct tacit_error *err)
{
	return tacit_server_run(keyd->server, err);
}

void tacit_keyd_stop(struct tacit_keyd *keyd)
{
	tacit_server_stop(keyd->server);
}

void tacit_keyd_counts(struct tacit_keyd *keyd, uint64_t *ret_rows, uint64_t *ret_writes)
{
	pthread_mutex_lock(&keyd->lock);
	*ret_rows = keyd->rows;
	*ret_writes = keyd->writes;
	pthread_mutex_unlock(&keyd->lock);
}

void tacit_keyd_free(struct tacit_keyd *keyd)
{
	if (!keyd)
		return;
	/* Desks first, as they hand in to the writer; what they post is never run any more. */
	for (size_t i = 0; i < keyd->station_count; i++) {
		tacit_worker_free(keyd->stations[i].worker);
		tacit_keyd_store_close(keyd->stations[i].desk.store);
		free(keyd->stations[i].room);
	}
	tacit_worker_free(keyd->writer);
	while (keyd->newest)
		tacit_keyd_job_free(keyd->newest);
	tacit_server_free(keyd->server);
	tacit_kbs_sessions_free(keyd->sessions);
	tacit_keyd_store_close(keyd->front);
	tacit_keyd_store_close(keyd->log);
	pthread_mutex_destroy(&keyd->lock);
	free(keyd);
}
