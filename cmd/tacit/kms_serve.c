/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit kms serve: an endpoint of KMS on loopback, inside the enclave, for SDKs that know nothing
 * of attestation documents. It signs anew, with the credentials of this process: what an SDK
 * signed with does not matter.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/writer.h"
#include "codec/json.h"
#include "kms_option.h"
#include "net/connect.h"
#include "net/server.h"
#include "release/kms_onward.h"
#include "release/sigv4_text.h"
#include "sys/process.h"
#include "sys/worker.h"
#include "verbs.h"

#define WORKERS     4 /* requests at the same time, each with a connection of its own */
#define CONNECTIONS 256

struct options {
	struct cli_common common;
	struct kms_options kms;
	uint64_t connections;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT_RANGE(struct options, connections, "--max-connections", CLI_COUNT, "N",
		      "of SDKs at the same time (default: 256)", 1, 65536),
	KMS_OPTIONS(struct options, kms),
};

struct lane {
	struct tacit_worker *worker;
	struct tacit_kms *kms;
	size_t waiting; /* requests that it has; of the loop's thread */
};

struct endpoint {
	const struct cli_common *common;
	struct tacit_server *server;
	struct tacit_address bound;
	struct kms_client client;
	struct lane lanes[WORKERS];
	size_t most; /* requests that wait: those who leave make room for others' */
};

/* One request, between the loop and a worker. */
struct job {
	struct tacit_worker_task asking; /* first */
	struct tacit_server_task answered;
	struct endpoint *endpoint;
	struct tacit_call *call; /* NULL once the client has gone; of the loop's thread */
	atomic_bool left;        /* the same, for the worker */
	struct lane *lane;
	struct tacit_server_body body;
	char target[96], region[TACIT_AWS_REGION_MAX + 1];
	/* The worker's: */
	struct tacit_arena arena;
	void *room;
	unsigned status;
	struct tacit_slice answer;
	struct tacit_error err;
	enum tacit_status outcome;
};

#define TYPE "application/x-amz-json-1.1"

/* ---- answers -------------------------------------------------------------------------------- */

static void reply(struct tacit_call *x, unsigned status, struct tacit_slice body)
{
	const struct tacit_http_answer answer = { .status = status, .type = TYPE };

	tacit_call_reply(x, &answer, body);
}

/*
 * In the shape of KMS's own refusals. A type that no SDK knows is not tried again; one that says
 * that KMS is not there for now, is.
 */
static void refuse(struct tacit_call *x, enum tacit_status status, const char *why)
{
	uint8_t room[512];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	bool passing = status == TACIT_PEER || status == TACIT_IO;
	struct tacit_slice body = tacit_slice_str("{}");

	wr_text(&w, "{\"__type\":\"");
	wr_text(&w, status == TACIT_FORMAT ? "SerializationException"
		    : passing              ? "KMSInternalException"
					   : "TacitRefusedException");
	wr_text(&w, "\",\"message\":");
	tacit_json_put_string(&w, tacit_slice_str(why));
	wr_text(&w, "}");
	(void)wr_finish(&w, "kms", &body, NULL);
	reply(x, passing ? 500 : 400, body);
}

static void job_free(struct job *job)
{
	if (job->room)
		tacit_arena_wipe(&job->arena);
	free(job->room);
	tacit_server_body_free(job->endpoint->server, &job->body);
	free(job);
}

static struct job *job_of(struct tacit_server_task *task)
{
	return (struct job *)(void *)((char *)task - offsetof(struct job, answered));
}

static void say_answered(const struct job *job)
{
	const struct cli_common *common = job->endpoint->common;
	char target[4 * sizeof(job->target)];

	tacit_escape(target, sizeof(target), tacit_slice_str(job->target));
	if (job->outcome != TACIT_OK)
		cli_say(common, "event=refused target=%s why=\"%s\"", target, job->err.detail);
	else
		cli_say(common, "event=answered target=%s status=%u", target, job->status);
}

/* On the loop's thread. */
static void answer(struct tacit_server_task *task)
{
	struct job *job = job_of(task);

	say_answered(job);
	job->lane->waiting--;
	if (job->call && job->outcome == TACIT_OK)
		reply(job->call, job->status, job->answer);
	else if (job->call)
		refuse(job->call, job->outcome, job->err.detail);
	job_free(job);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* On the worker's thread. */
static void ask(struct tacit_worker_task *task)
{
	struct job *job = (struct job *)(void *)task;
	const struct tacit_kms_message message = {
		.target = tacit_slice_str(job->target),
		.body = tacit_slice_of(job->body.ptr, job->body.len),
		.region = tacit_slice_str(job->region),
	};

	if (atomic_load(&job->left))
		job->outcome =
			tacit_fail(&job->err, TACIT_PEER, "kms", 0, "whoever asked has left");
	else
		job->outcome = tacit_kms_onward(job->lane->kms, &message, &job->arena, &job->status,
						&job->answer, &job->err);
	tacit_server_post(job->endpoint->server, &job->answered);
}

static void gone(void *user)
{
	struct job *job = user;

	job->call = NULL;
	atomic_store(&job->left, true);
}

/* "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/kms/aws4_request, ...": only where it is. */
static void read_region(struct tacit_slice authorization, struct job *job)
{
	struct tacit_slice rest = authorization;

	for (int i = 0; i < 2; i++)
		(void)tacit_sigv4_text_part(&rest, '/');
	struct tacit_slice region = tacit_sigv4_text_part(&rest, '/');

	if (rest.len && region.len < sizeof(job->region))
		memcpy(job->region, region.ptr, region.len);
}

static struct job *job_new(struct endpoint *e, struct tacit_call *x)
{
	struct tacit_slice target = tacit_http_head_find(tacit_call_head(x), "x-amz-target");
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->endpoint = e;
	job->room = malloc(TACIT_KMS_ARENA);
	if (!job->room) {
		free(job);
		return NULL;
	}
	tacit_arena_init(&job->arena, job->room, TACIT_KMS_ARENA);
	job->call = x;
	job->asking.run = ask;
	job->answered.run = answer;
	if (target.len && target.len < sizeof(job->target))
		memcpy(job->target, target.ptr, target.len);
	read_region(tacit_http_head_find(tacit_call_head(x), "authorization"), job);
	job->body = tacit_call_take_body(x);
	return job;
}

/* Nobody waits behind one that KMS does not answer while another lane is free. NULL when too many
 * wait. */
static struct lane *pick_lane(struct endpoint *e)
{
	struct lane *best = &e->lanes[0];
	size_t waiting = best->waiting;

	for (size_t i = 1; i < WORKERS; i++) {
		waiting += e->lanes[i].waiting;
		if (e->lanes[i].waiting < best->waiting)
			best = &e->lanes[i];
	}
	return waiting < e->most ? best : NULL;
}

static void on_request(void *user, struct tacit_call *x)
{
	struct endpoint *e = user;
	const struct tacit_http_head *head = tacit_call_head(x);
	const char *why =
		tacit_connect_page(head, e->bound.host, e->bound.transport == TACIT_TRANSPORT_UNIX);
	struct lane *lane = pick_lane(e);
	struct job *job;

	if (why) {
		refuse(x, TACIT_POLICY, why);
		return;
	}
	if (!tacit_slice_eq(head->method, tacit_slice_str("POST")) ||
	    !tacit_slice_eq(head->path, tacit_slice_str("/")) ||
	    !tacit_http_head_find(head, "x-amz-target").len) {
		refuse(x, TACIT_FORMAT, "this is an endpoint of KMS: POST / with X-Amz-Target");
		return;
	}
	if (!tacit_connect_type_ok(head, TYPE)) {
		refuse(x, TACIT_FORMAT, "the body of a request is " TYPE);
		return;
	}
	job = lane ? job_new(e, x) : NULL;
	if (!job) {
		refuse(x, TACIT_PEER, lane ? "out of memory" : "too many requests wait for KMS");
		return;
	}
	job->lane = lane;
	job->lane->waiting++;
	tacit_call_watch(x, gone, job);
	tacit_worker_give(job->lane->worker, &job->asking);
}

static struct tacit_slice on_refusal(void *user, unsigned status)
{
	(void)user;
	(void)status;
	return tacit_slice_str("{\"__type\":\"SerializationException\"}");
}

/* ---- the server ----------------------------------------------------------------------------- */

static int open_lanes(struct endpoint *e)
{
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < WORKERS; i++) {
		int code = kms_client_more(e->common, &e->client, &e->lanes[i].kms);

		if (code)
			return code;
		if (tacit_worker_new(&e->lanes[i].worker, &err) != TACIT_OK)
			return cli_fail(e->common, &err, "cannot serve");
	}
	return 0;
}

/* Workers first: what they still do may post to the server. */
static void close_lanes(struct endpoint *e)
{
	for (size_t i = 0; i < WORKERS; i++)
		tacit_worker_free(e->lanes[i].worker);
	for (size_t i = 0; i < WORKERS; i++)
		tacit_kms_free(e->lanes[i].kms);
}

static int open_listener(const struct options *o, const char *text, int *ret_fd,
			 struct tacit_address *bound)
{
	struct tacit_address address;
	struct tacit_error err = { 0 };

	if (tacit_address_parse(text, &address, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot listen on '%s'", text);
	if (!tacit_connect_is_local(&address))
		return cli_usage("'%s' is not a loopback address: whoever reached it would get "
				 "what is for this enclave alone",
				 text);
	if (tacit_address_listen(&address, ret_fd, bound, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot listen on '%s'", text);
	return 0;
}

static void announce(const struct options *o, const struct tacit_address *bound)
{
	char text[TACIT_ADDRESS_TEXT];

	tacit_address_format(bound, text);
	if (o->common.json)
		printf("{\"schema\":\"tacit.kms-serve/1\",\"event\":\"ready\",\"listen\":\"%s\"}\n",
		       text);
	fflush(stdout);
	cli_say(&o->common, "event=ready listen=%s", text);
	if (bound->transport == TACIT_TRANSPORT_TCP)
		cli_hint(&o->common, "export AWS_ENDPOINT_URL_KMS=http://%s",
			 strchr(text, ':') + 1);
	tacit_process_notify("READY=1");
}

static int serve(const struct options *o, struct endpoint *e, int fd)
{
	const struct tacit_server_options options = {
		.max_connections = e->most,
		.max_body = TACIT_KMS_BODY_MAX,
		.max_bodies = 256 * TACIT_KMS_BODY_MAX,
		.grace_ms = 30000,
		.on_request = on_request,
		.on_refusal = on_refusal,
		.user = e,
	};
	struct tacit_error err = { 0 };
	int code = 0;

	if (tacit_server_new(&options, &e->server, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot serve");
	if (tacit_server_listen(e->server, fd, &err) != TACIT_OK ||
	    tacit_server_run(e->server, &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot serve");
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct endpoint e = { .common = &o->common,
			      .most = o->connections ? (size_t)o->connections : CONNECTIONS };
	int fd = -1;
	int code = argc == 1 ? kms_client_open(&o->common, &o->kms, &e.client)
			     : cli_usage("one ADDR to listen at, as 127.0.0.1:8000");

	if (code == 0)
		code = open_lanes(&e);
	if (code == 0)
		code = open_listener(o, argv[0], &fd, &e.bound);
	if (code == 0) {
		announce(o, &e.bound);
		code = serve(o, &e, fd);
		tacit_address_release(&e.bound);
	}
	close_lanes(&e);
	tacit_server_free(e.server);
	kms_client_close(&e.client);
	return code;
}

const struct cli_verb cmd_kms_serve = {
	.name = "kms serve",
	.args = "ADDR",
	.summary = "let ordinary AWS SDKs in this enclave use KMS",
	.group = "serve",
	.example = "tacit kms serve 127.0.0.1:8000 --via vsock:3:8001 --ca kms-ca.pem",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
