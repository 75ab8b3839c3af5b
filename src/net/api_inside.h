/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_API_INSIDE_H
#define TACIT_NET_API_INSIDE_H

/* What the files of the api share. Nothing outside src/net/api*.c includes this. */

#include "infer/openai.h"
#include "net/api.h"
#include "net/metrics.h"
#include "tacit/receipt.h"

struct tacit_api {
	struct tacit_api_options options;
	struct tacit_worker *worker; /* reads large bodies */
	struct tacit_metrics metrics;
	uint64_t sequence;
	uint64_t created; /* seconds, for the list of models */
	bool stopping, detached;
	char model_version[20], policy_version[24], fingerprint[20];
	enum tacit_mtype mtype;
	bool production; /* a TEE under its maker's root, and not in debug mode */
	uint8_t slots[TACIT_RECEIPT_SLOTS][48];
	bool slot_known[TACIT_RECEIPT_SLOTS];
	char refusal[256];
};

/* What a receipt says about one call, gathered when the request is whole. */
struct tacit_api_proof {
	uint8_t request_hash[32];
	uint8_t doc_hash[32];
	size_t nonce_len;
	uint8_t nonce[64];
	uint64_t started_us;
};

/* api.c */
void tacit_api_error(struct tacit_api *api, struct tacit_call *call,
		     enum tacit_metric_endpoint endpoint, unsigned status, const char *code,
		     const char *message);

/* api_receipt.c */
/* Reads the measurements that receipts repeat out of the boot document. */
TACIT_MUST_CHECK enum tacit_status tacit_api_receipt_init(struct tacit_api *api,
							  struct tacit_error *err);
/* Fills all but request_hash; on failure answers the call (400, 409) and gives false. */
bool tacit_api_receipt_begin(struct tacit_api *api, struct tacit_call *call,
			     enum tacit_metric_endpoint endpoint, struct tacit_api_proof *ret);
/* Signs; TACIT_RECEIPT_ROOM bytes suffice. */
#define TACIT_RECEIPT_ROOM 4096
TACIT_MUST_CHECK enum tacit_status
tacit_api_receipt_sign(struct tacit_api *api, const struct tacit_api_proof *proof,
		       const uint8_t response_hash[static 32], struct tacit_mut room,
		       struct tacit_slice *ret, struct tacit_error *err);
/* A whole JSON answer with its receipt. */
void tacit_api_receipt_reply(struct tacit_api *api, struct tacit_call *call,
			     const struct tacit_api_proof *proof, unsigned status,
			     struct tacit_slice body);

/* api_job.c */
void tacit_api_job(struct tacit_api *api, struct tacit_call *call, enum tacit_openai_call kind);

/* api_evidence.c */
void tacit_api_evidence(struct tacit_api *api, struct tacit_call *call);
void tacit_api_evidence_boot(struct tacit_api *api, struct tacit_call *call);

#endif
