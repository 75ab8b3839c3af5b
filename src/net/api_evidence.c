/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "net/api_inside.h"

/* A document in the making; belongs to the loop, lent to the service until `done`. */
struct ask {
	struct tacit_server_task task; /* first: the loop gives it back as such */
	struct tacit_evidence_job job;
	struct tacit_api *api;
	struct tacit_call *call; /* NULL once the client is gone */
	struct tacit_server *server;
};

static void reply_doc(struct tacit_api *api, struct tacit_call *call,
		      const struct tacit_evidence_doc *doc, struct tacit_slice path)
{
	char binding[1400], steps[720] = "", extra[2300];

	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_of(doc->binding, doc->binding_len),
			    binding);
	if (path.ptr)
		tacit_base64_encode(TACIT_BASE64URL, path, steps);
	snprintf(extra, sizeof(extra), "Tacit-Platform: %s\r\nTacit-Binding: %s\r\n%s%s%s",
		 tacit_tee_name(tacit_evidence_service_tee(api->options.evidence)), binding,
		 path.ptr ? "Tacit-Nonce-Path: " : "", steps, path.ptr ? "\r\n" : "");
	struct tacit_http_answer answer = { .status = 200,
					    .type = "application/octet-stream",
					    .extra = tacit_slice_str(extra) };
	tacit_metrics_answer(&api->metrics, TACIT_METRIC_EVIDENCE, 200);
	/* Receipts on this connection name this document, unless a request names another. */
	tacit_call_set_note(call, doc->hash);
	tacit_call_reply(call, &answer, tacit_slice_of(doc->bytes, doc->len));
}

static void on_gone(void *user)
{
	struct ask *ask = user;

	ask->call = NULL;
	ask->api->metrics.left++;
}

/* Back on the loop. */
static void finish(struct tacit_server_task *task)
{
	struct ask *ask = (struct ask *)task;
	const struct tacit_evidence_job *job = &ask->job;

	if (ask->call && job->status == TACIT_OK)
		reply_doc(ask->api, ask->call, job->doc,
			  tacit_slice_of(job->path_len ? job->path : NULL, job->path_len));
	else if (ask->call)
		tacit_api_error(ask->api, ask->call, TACIT_METRIC_EVIDENCE, 500,
				"attestation_failed", "this machine could not make evidence");
	tacit_evidence_doc_drop(ask->job.doc);
	free(ask);
}

/* On the service's thread. */
static void on_done(struct tacit_evidence_job *job)
{
	struct ask *ask = job->user;

	tacit_server_post(ask->server, &ask->task);
}

void tacit_api_evidence(struct tacit_api *api, struct tacit_call *call)
{
	struct tacit_slice query = tacit_call_head(call)->query;
	struct tacit_slice text = tacit_http_query_find(query, "nonce");
	uint8_t nonce[TACIT_BINDING_NONCE_LEN];
	size_t len = 0;

	if (!text.ptr ||
	    !tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(nonce, sizeof(nonce)), &len) ||
	    len != sizeof(nonce)) {
		tacit_api_error(api, call, TACIT_METRIC_EVIDENCE, 400, "bad_nonce",
				"give nonce=, 32 bytes in base64url without padding");
		return;
	}
	struct ask *ask = calloc(1, sizeof(*ask));
	if (!ask) {
		tacit_api_error(api, call, TACIT_METRIC_EVIDENCE, 503, "overloaded",
				"out of memory");
		return;
	}
	ask->task.run = finish;
	ask->api = api;
	ask->call = call;
	ask->server = tacit_call_server(call);
	ask->job.done = on_done;
	ask->job.user = ask;
	ask->job.takes_path =
		tacit_slice_eq(tacit_http_query_find(query, "path"), tacit_slice_str("1"));
	memcpy(ask->job.nonce, nonce, sizeof(nonce));
	tacit_call_watch(call, on_gone, ask);
	tacit_evidence_service_ask(api->options.evidence, &ask->job);
}

void tacit_api_evidence_boot(struct tacit_api *api, struct tacit_call *call)
{
	reply_doc(api, call, tacit_evidence_service_boot(api->options.evidence),
		  tacit_slice_of(NULL, 0));
}
