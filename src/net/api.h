/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_API_H
#define TACIT_NET_API_H

/*
 * What the attested server answers: OpenAI's endpoints, evidence, health and metrics.
 *
 *     POST /v1/chat/completions   POST /v1/completions   POST /v1/embeddings
 *     GET /v1/models   GET /healthz   GET /metrics
 *     GET /.well-known/tacit/evidence?nonce=BASE64URL   GET /.well-known/tacit/evidence/boot
 *
 * Every answer to the three POST endpoints whose request reached the model layer ends with a
 * receipt, errors included. No receipt: what the HTTP layer refuses (400, 408, 413, 431 and
 * such), and a bad Tacit-Nonce or Tacit-Evidence, which leave nothing true to sign.
 *
 * Everything here runs on the server's loop, except the engine's events.
 */

#include "channel/evidence_service.h"
#include "infer/sched.h"
#include "net/server.h"

struct tacit_api;

/* All must outlive the api. */
struct tacit_api_options {
	const struct tacit_engine_info *model;
	struct tacit_sched *sched;
	const struct tacit_identity *identity;
	struct tacit_evidence_service *evidence;
	const char *model_hash_scheme; /* what the model's hash is over; NULL: sha256-single */
	const uint8_t *config_hash; /* 32 bytes; its start is the receipts' policy_version */
	/* Of an emulated TEE: what our own evidence may stand under. DER. */
	const struct tacit_slice *insecure_test_roots;
	size_t insecure_test_root_count;
};

/* Whether receipts can say what a platform measures (docs/receipts.md). Errors:
 * TACIT_UNSUPPORTED. */
TACIT_MUST_CHECK enum tacit_status tacit_api_receipt_possible(enum tacit_tee tee,
							      struct tacit_error *err);

/* Errors: TACIT_NOMEM; TACIT_INTERNAL when the boot evidence does not check. */
TACIT_MUST_CHECK enum tacit_status tacit_api_new(const struct tacit_api_options *options,
						 struct tacit_api **ret, struct tacit_error *err);

/* For struct tacit_server_options, with the api as `user`. */
void tacit_api_on_request(void *user, struct tacit_call *call);
struct tacit_slice tacit_api_on_refusal(void *user, unsigned status);
void tacit_api_on_stop(void *user);

/*
 * The end: once the server's loop is over, stop the scheduler and the evidence service, free
 * the server (which hands back what they posted), then the api. After this call answers no
 * longer touch the scheduler.
 */
void tacit_api_detach(struct tacit_api *api);
void tacit_api_free(struct tacit_api *api);

#endif
