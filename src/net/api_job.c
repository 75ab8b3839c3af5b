/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "net/api_inside.h"
#include "receipt/stream.h"
#include "sys/clock.h"
#include "sys/worker.h"

/* Bodies above this are read on a thread of their own: it would be felt by every stream. */
#define LARGE_BODY 32768

/*
 * One request to the model. The engine's threads fill `pending` and post the job when the loop
 * does not know of it yet; the loop takes everything there is at once, so that a burst of tokens
 * costs one wake-up and one TLS record.
 */
struct job {
	struct tacit_server_task task; /* first: the loop gives it back as such */
	struct tacit_worker_task reading;
	struct tacit_api *api;
	struct tacit_server *server;
	struct tacit_openai_request *request;
	struct tacit_openai_reply reply;
	enum tacit_metric_endpoint endpoint;
	struct tacit_api_proof proof;
	char id[40];

	/* the loop's, except while a large body is read */
	struct tacit_server_body body;
	struct tacit_error error;
	enum tacit_status status;

	/* the loop's */
	struct tacit_call *call; /* NULL once the client is gone */
	uint64_t sched_id;
	bool submitted, started;
	struct tacit_hasher *hasher;
	struct tacit_out sending;

	/* shared, under `lock` */
	pthread_mutex_t lock;
	struct tacit_out pending, reasoning, tools;
	bool posted, opened, done;
	struct tacit_job_result result;
};

static void free_job(struct job *job)
{
	tacit_server_body_free(job->server, &job->body);
	tacit_openai_request_free(job->request);
	tacit_hasher_free(job->hasher);
	tacit_out_done(&job->sending);
	tacit_out_done(&job->pending);
	tacit_out_done(&job->reasoning);
	tacit_out_done(&job->tools);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

/* ---- on the engine's threads ---------------------------------------------------------------- */

static void post_locked(struct job *job)
{
	if (job->posted)
		return;
	job->posted = true;
	tacit_server_post(job->server, &job->task);
}

static void open_stream(struct job *job)
{
	if (!job->opened)
		tacit_openai_stream_start(&job->reply, &job->pending);
	job->opened = true;
}

static void on_text(void *user, struct tacit_slice text)
{
	struct job *job = user;

	pthread_mutex_lock(&job->lock);
	if (job->request->stream) {
		open_stream(job);
		tacit_openai_stream_text(&job->reply, text, &job->pending);
		post_locked(job);
	} else {
		tacit_out_bytes(&job->pending, text);
	}
	pthread_mutex_unlock(&job->lock);
}

static void on_reasoning(void *user, struct tacit_slice text)
{
	struct job *job = user;

	pthread_mutex_lock(&job->lock);
	if (job->request->stream) {
		open_stream(job);
		tacit_openai_stream_reasoning(&job->reply, text, &job->pending);
		post_locked(job);
	} else {
		tacit_out_bytes(&job->reasoning, text);
	}
	pthread_mutex_unlock(&job->lock);
}

static void on_tools(void *user, struct tacit_slice json)
{
	struct job *job = user;

	pthread_mutex_lock(&job->lock);
	if (job->request->stream) {
		open_stream(job);
		tacit_openai_stream_tools(&job->reply, json, &job->pending);
		post_locked(job);
	} else {
		tacit_out_bytes(&job->tools, json);
	}
	pthread_mutex_unlock(&job->lock);
}

static void on_embedding(void *user, size_t index, const float *vector, size_t count)
{
	struct job *job = user;

	pthread_mutex_lock(&job->lock);
	if (index == 0)
		tacit_openai_embed_start(&job->pending);
	tacit_openai_embed_add(index, vector, count, job->request->base64, &job->pending);
	pthread_mutex_unlock(&job->lock);
}

static void on_done(void *user, const struct tacit_job_result *result)
{
	struct job *job = user;

	pthread_mutex_lock(&job->lock);
	job->result = *result;
	job->done = true;
	post_locked(job);
	pthread_mutex_unlock(&job->lock);
}

static const struct tacit_job_events EVENTS = {
	.text = on_text,
	.reasoning = on_reasoning,
	.tool_calls = on_tools,
	.embedding = on_embedding,
	.done = on_done,
};

/* ---- on the loop ---------------------------------------------------------------------------- */

static void on_gone(void *user)
{
	struct job *job = user;

	job->call = NULL;
	job->api->metrics.left++;
	if (job->submitted && !job->api->detached)
		tacit_sched_cancel(job->api->options.sched, job->sched_id);
}

static void count(struct job *job, unsigned status)
{
	struct tacit_metrics *metrics = &job->api->metrics;

	tacit_metrics_answer(metrics, job->endpoint, status);
	tacit_metrics_time(&metrics->whole, tacit_clock_us() - job->proof.started_us);
}

static void reply_error(struct job *job, const struct tacit_error *err)
{
	struct tacit_out out = { 0 };
	unsigned status = (unsigned)tacit_openai_http(err);

	tacit_openai_write_error(err, &out);
	count(job, status);
	tacit_api_receipt_reply(job->api, job->call, &job->proof, status, tacit_out_view(&out));
	tacit_out_done(&out);
}

static void reply_whole(struct job *job)
{
	struct tacit_out out = { 0 };
	const struct tacit_openai_answer answer = {
		.text = tacit_out_view(&job->sending),
		.reasoning = tacit_out_view(&job->reasoning),
		.tools = tacit_out_view(&job->tools),
	};

	if (job->request->call == TACIT_OPENAI_EMBEDDING)
		tacit_openai_embed_end(&job->reply, &job->result, &job->sending);
	else
		tacit_openai_write_body(&job->reply, &answer, &job->result, &out);

	bool embedding = job->request->call == TACIT_OPENAI_EMBEDDING;
	if (out.bad || job->sending.bad) {
		struct tacit_error err = { 0 };

		tacit_fail(&err, TACIT_NOMEM, "api", 0, "out of memory");
		reply_error(job, &err);
	} else {
		count(job, 200);
		tacit_api_receipt_reply(job->api, job->call, &job->proof, 200,
					tacit_out_view(embedding ? &job->sending : &out));
	}
	tacit_out_done(&out);
}

static void start_stream(struct job *job)
{
	static const struct tacit_http_answer EVENT_STREAM = { .status = 200,
							       .type = "text/event-stream" };

	if (job->started)
		return;
	job->started = true;
	tacit_metrics_time(&job->api->metrics.first_token,
			   tacit_clock_us() - job->proof.started_us);
	tacit_call_start(job->call, &EVENT_STREAM);
}

/* The receipt line and [DONE], appended to what is still to be sent. */
static bool close_stream(struct job *job)
{
	uint8_t hash[32], receipt_room[TACIT_RECEIPT_ROOM], line[TACIT_RECEIPT_ROOM * 2];
	struct writer w = wr_of(tacit_mut_of(line, sizeof(line)));
	struct tacit_slice receipt, text;

	if (tacit_hasher_final(job->hasher, hash, NULL) != TACIT_OK ||
	    tacit_api_receipt_sign(job->api, &job->proof, hash,
				   tacit_mut_of(receipt_room, sizeof(receipt_room)), &receipt,
				   NULL) != TACIT_OK)
		return false;
	tacit_stream_put_receipt(&w, receipt);
	wr_text(&w, "data: [DONE]\n\n");
	if (wr_finish(&w, "api.stream", &text, NULL) != TACIT_OK)
		return false;
	tacit_out_bytes(&job->sending, text);
	return !job->sending.bad;
}

static void send_stream(struct job *job, bool done)
{
	if (done)
		tacit_openai_stream_end(&job->reply, &job->result, &job->sending);
	start_stream(job);
	tacit_hasher_update(job->hasher, tacit_out_view(&job->sending));
	if (job->sending.bad || (done && !close_stream(job))) {
		count(job, 500);
		tacit_call_abort(job->call);
		/* Nobody tells of a call that ended so, and more events may come. */
		job->call = NULL;
		if (!done)
			tacit_sched_cancel(job->api->options.sched, job->sched_id);
		return;
	}
	tacit_call_write(job->call, tacit_out_view(&job->sending));
	if (done) {
		count(job, 200);
		tacit_call_finish(job->call);
	}
}

static void answer(struct job *job, bool done)
{
	bool failed = done && job->result.status != TACIT_OK;

	if (failed && !job->started && job->sending.len == 0)
		reply_error(job, &job->result.error);
	else if (job->request->stream)
		send_stream(job, done);
	else if (failed)
		reply_error(job, &job->result.error);
	else
		reply_whole(job);
}

/* Takes what the engine made since the last time. */
static void run_job(struct tacit_server_task *task)
{
	struct job *job = (struct job *)task;

	pthread_mutex_lock(&job->lock);
	struct tacit_out taken = job->pending;
	job->pending = job->sending;
	job->sending = taken;
	tacit_out_reset(&job->pending);
	job->posted = false;
	bool done = job->done;
	pthread_mutex_unlock(&job->lock);

	if (job->call)
		answer(job, done);
	if (done)
		free_job(job);
}

static bool make_id(struct job *job)
{
	uint8_t random[12];
	char hex[2 * sizeof(random) + 1];
	const char *prefix = job->reply.call == TACIT_OPENAI_CHAT ? "chatcmpl-" : "cmpl-";

	if (tacit_random(tacit_mut_of(random, sizeof(random)), NULL) != TACIT_OK)
		return false;
	tacit_hex_encode(TACIT_SLICE_ARRAY(random), hex);
	snprintf(job->id, sizeof(job->id), "%s%s", prefix, hex);
	return true;
}

static struct job *make_job(struct tacit_api *api, struct tacit_call *call,
			    enum tacit_openai_call kind)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	pthread_mutex_init(&job->lock, NULL);
	job->task.run = run_job;
	job->api = api;
	job->call = call;
	job->server = tacit_call_server(call);
	job->hasher = tacit_hasher_new(TACIT_SHA256);
	job->reply = (struct tacit_openai_reply){
		.call = kind,
		.id = job->id,
		.model = api->options.model->id,
		.fingerprint = api->fingerprint,
		.created = (uint64_t)tacit_clock_wall(),
	};
	if (!job->hasher || !make_id(job)) {
		free_job(job);
		return NULL;
	}
	return job;
}

/* Hashes and parses the body: pure, on whatever thread. */
static void read_body(struct job *job, struct tacit_slice body)
{
	job->status = tacit_hash(TACIT_SHA256, body, job->proof.request_hash, &job->error);
	if (job->status == TACIT_OK)
		job->status = tacit_openai_parse(job->reply.call, job->api->options.model, body,
						 &job->request, &job->error);
}

/* Queues what was read. */
static void submit(struct job *job)
{
	struct tacit_api *api = job->api;

	if (job->status == TACIT_OK) {
		job->reply.include_usage = job->request->include_usage;
		job->request->job.id = tacit_slice_str(job->id);
		job->request->job.events = &EVENTS;
		job->request->job.user = job;
		job->status = tacit_sched_submit(api->options.sched, &job->request->job,
						 &job->sched_id, &job->error);
	}
	if (job->status == TACIT_OK) {
		job->submitted = true;
		return;
	}
	reply_error(job, &job->error);
	free_job(job);
}

/* Back on the loop with a large body. */
static void on_read(struct tacit_server_task *task)
{
	struct job *job = (struct job *)task;

	tacit_server_body_free(job->server, &job->body);
	job->task.run = run_job;
	if (job->call && !job->api->detached)
		submit(job);
	else
		free_job(job);
}

/* On the worker's thread. */
static void read_large(struct tacit_worker_task *task)
{
	struct job *job = (struct job *)((uintptr_t)task - offsetof(struct job, reading));

	read_body(job, tacit_slice_of(job->body.ptr, job->body.len));
	tacit_server_post(job->server, &job->task);
}

void tacit_api_job(struct tacit_api *api, struct tacit_call *call, enum tacit_openai_call kind)
{
	static const enum tacit_metric_endpoint ENDPOINTS[] = {
		[TACIT_OPENAI_CHAT] = TACIT_METRIC_CHAT,
		[TACIT_OPENAI_COMPLETION] = TACIT_METRIC_COMPLETION,
		[TACIT_OPENAI_EMBEDDING] = TACIT_METRIC_EMBEDDING,
	};
	struct tacit_slice body = tacit_call_body(call);
	struct job *job = make_job(api, call, kind);

	if (!job) {
		tacit_api_error(api, call, ENDPOINTS[kind], 503, "overloaded", "out of memory");
		return;
	}
	job->endpoint = ENDPOINTS[kind];
	if (!tacit_api_receipt_begin(api, call, job->endpoint, &job->proof)) {
		free_job(job);
		return;
	}
	tacit_call_watch(call, on_gone, job);
	if (body.len > LARGE_BODY) {
		job->body = tacit_call_take_body(call);
		job->task.run = on_read;
		job->reading.run = read_large;
		tacit_worker_give(api->worker, &job->reading);
		return;
	}
	read_body(job, body);
	tacit_call_drop_body(call);
	submit(job);
}
