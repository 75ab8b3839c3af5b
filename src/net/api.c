/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "net/api_inside.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/worker.h"

static const char JSON[] = "application/json";

static void reply(struct tacit_api *api, struct tacit_call *call,
		  enum tacit_metric_endpoint endpoint, const struct tacit_http_answer *answer,
		  struct tacit_slice body)
{
	tacit_metrics_answer(&api->metrics, endpoint, answer->status);
	tacit_call_reply(call, answer, body);
}

static const char *error_type(unsigned status)
{
	return status >= 500 ? "server_error" : "invalid_request_error";
}

/* OpenAI's shape; code and message are ours and need no escaping. */
static struct tacit_slice write_error(char *room, size_t size, unsigned status, const char *code,
				      const char *message)
{
	int n = snprintf(room, size,
			 "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,"
			 "\"code\":\"%s\"}}",
			 message, error_type(status), code);

	return tacit_slice_of(room, n > 0 && (size_t)n < size ? (size_t)n : 0);
}

void tacit_api_error(struct tacit_api *api, struct tacit_call *call,
		     enum tacit_metric_endpoint endpoint, unsigned status, const char *code,
		     const char *message)
{
	struct tacit_http_answer answer = { .status = status, .type = JSON };
	char room[256];

	reply(api, call, endpoint, &answer, write_error(room, sizeof(room), status, code, message));
}

struct refusal_row {
	unsigned status;
	const char *code, *message;
};

static const struct refusal_row REFUSALS[] = {
	{ 400, "bad_http", "the request is not valid HTTP/1.1" },
	{ 408, "request_timeout", "the request took too long to arrive" },
	{ 413, "body_too_large", "the request body is larger than this server takes" },
	{ 417, "expectation_failed", "only Expect: 100-continue is known" },
	{ 431, "headers_too_large", "the request's headers are larger than this server takes" },
	{ 501, "not_implemented", "only the chunked transfer coding is known" },
	{ 503, "overloaded", "the server has no room for this request now" },
	{ 505, "http_version", "only HTTP/1.1 is spoken here" },
};

struct tacit_slice tacit_api_on_refusal(void *user, unsigned status)
{
	struct tacit_api *api = user;

	tacit_metrics_answer(&api->metrics, TACIT_METRIC_OTHER, status);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(REFUSALS); i++) {
		if (REFUSALS[i].status == status)
			return write_error(api->refusal, sizeof(api->refusal), status,
					   REFUSALS[i].code, REFUSALS[i].message);
	}
	return tacit_slice_of(NULL, 0);
}

void tacit_api_on_stop(void *user)
{
	struct tacit_api *api = user;

	api->stopping = true;
}

static void on_chat(struct tacit_api *api, struct tacit_call *call)
{
	tacit_api_job(api, call, TACIT_OPENAI_CHAT);
}

static void on_completion(struct tacit_api *api, struct tacit_call *call)
{
	tacit_api_job(api, call, TACIT_OPENAI_COMPLETION);
}

static void on_embedding(struct tacit_api *api, struct tacit_call *call)
{
	tacit_api_job(api, call, TACIT_OPENAI_EMBEDDING);
}

static void on_models(struct tacit_api *api, struct tacit_call *call)
{
	struct tacit_http_answer answer = { .status = 200, .type = JSON };
	struct tacit_out out TACIT_CLEANUP(tacit_out_done) = { 0 };

	tacit_openai_write_models(api->options.model, api->created, &out);
	reply(api, call, TACIT_METRIC_MODELS, &answer, tacit_out_view(&out));
}

static void on_health(struct tacit_api *api, struct tacit_call *call)
{
	struct tacit_http_answer answer = { .status = api->stopping ? 503 : 200, .type = JSON };

	reply(api, call, TACIT_METRIC_HEALTH, &answer,
	      tacit_slice_str(api->stopping ? "{\"status\":\"stopping\"}" : "{\"status\":\"ok\"}"));
}

static void on_metrics(struct tacit_api *api, struct tacit_call *call)
{
	struct tacit_http_answer answer = { .status = 200, .type = "text/plain; version=0.0.4" };
	struct tacit_out out TACIT_CLEANUP(tacit_out_done) = { 0 };
	struct tacit_metrics_others others = {
		.server = tacit_server_counts(tacit_call_server(call)),
		.peak_mb = tacit_process_peak_mb(),
	};

	tacit_sched_stats(api->options.sched, &others.sched);
	tacit_metrics_write(&api->metrics, &others, &out);
	reply(api, call, TACIT_METRIC_METRICS, &answer, tacit_out_view(&out));
}

struct route {
	const char *method, *path;
	void (*run)(struct tacit_api *api, struct tacit_call *call);
};

static const struct route ROUTES[] = {
	{ "POST", "/v1/chat/completions", on_chat },
	{ "POST", "/v1/completions", on_completion },
	{ "POST", "/v1/embeddings", on_embedding },
	{ "GET", "/v1/models", on_models },
	{ "GET", "/healthz", on_health },
	{ "GET", "/metrics", on_metrics },
	{ "GET", "/.well-known/tacit/evidence", tacit_api_evidence },
	{ "GET", "/.well-known/tacit/evidence/boot", tacit_api_evidence_boot },
};

static void refuse_method(struct tacit_api *api, struct tacit_call *call, const char *allowed)
{
	char allow[32], room[256];

	snprintf(allow, sizeof(allow), "Allow: %s\r\n", allowed);
	struct tacit_http_answer answer = { .status = 405,
					    .type = JSON,
					    .extra = tacit_slice_str(allow) };
	reply(api, call, TACIT_METRIC_OTHER, &answer,
	      write_error(room, sizeof(room), 405, "method_not_allowed",
			  "this path takes another method"));
}

void tacit_api_on_request(void *user, struct tacit_call *call)
{
	struct tacit_api *api = user;
	const struct tacit_http_head *head = tacit_call_head(call);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROUTES); i++) {
		if (!tacit_slice_eq(head->path, tacit_slice_str(ROUTES[i].path)))
			continue;
		if (tacit_slice_eq(head->method, tacit_slice_str(ROUTES[i].method)))
			ROUTES[i].run(api, call);
		else
			refuse_method(api, call, ROUTES[i].method);
		return;
	}
	tacit_api_error(api, call, TACIT_METRIC_OTHER, 404, "not_found", "there is nothing here");
}

static void write_names(struct tacit_api *api)
{
	char hex[17];

	tacit_hex_encode(tacit_slice_of(api->options.model->sha256, 8), hex);
	snprintf(api->model_version, sizeof(api->model_version), "%s", hex);
	tacit_hex_encode(tacit_slice_of(api->options.config_hash, 8), hex);
	snprintf(api->policy_version, sizeof(api->policy_version), "config:%s", hex);
	snprintf(api->fingerprint, sizeof(api->fingerprint), "fp_%.12s", hex);
}

enum tacit_status tacit_api_new(const struct tacit_api_options *options, struct tacit_api **ret,
				struct tacit_error *err)
{
	struct tacit_api *api = calloc(1, sizeof(*api));

	if (!api)
		return tacit_fail(err, TACIT_NOMEM, "api", 0, "out of memory");
	api->options = *options;
	api->created = (uint64_t)tacit_clock_wall();
	write_names(api);
	enum tacit_status st = tacit_api_receipt_init(api, err);
	if (st == TACIT_OK)
		st = tacit_worker_new(&api->worker, err);
	if (st == TACIT_OK)
		*ret = api;
	else
		tacit_api_free(api);
	return st;
}

void tacit_api_detach(struct tacit_api *api)
{
	api->detached = true;
	tacit_worker_free(api->worker);
	api->worker = NULL;
}

void tacit_api_free(struct tacit_api *api)
{
	if (!api)
		return;
	tacit_worker_free(api->worker);
	free(api);
}
