/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_JUDGE_H
#define TACIT_RECEIPT_JUDGE_H

/* The checks of a receipt beyond its shape; the table that orders them is in verify.c. */

#include "codec/cose.h"
#include "receipt/air.h"

/* One verification on its way. */
struct tacit_judge {
	struct tacit_slice in;
	const struct tacit_receipt_expect *expect;
	struct tacit_receipt_verdict *v; /* v->claims are set from layer 4 on */
	struct tacit_error *err;
	struct tacit_error inner; /* what a decoder said about a failed check */
	enum tacit_status status; /* of the first failure */
	unsigned failed_layer;
	bool ended; /* the failed layer has nothing more to say */
	struct tacit_cose_sign1 msg;
	struct tacit_air_payload payload;
};

struct tacit_air_finding tacit_judge_signature(struct tacit_judge *j);

struct tacit_air_finding tacit_judge_fresh(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_model_hash(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_request_hash(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_response_hash(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_doc_hash(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_model(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_mode(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_platform(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_nonce(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_replay(struct tacit_judge *j);

struct tacit_air_finding tacit_judge_evidence(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_hash(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_key(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_platform(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_registers(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_model(struct tacit_judge *j);
struct tacit_air_finding tacit_judge_evidence_mode(struct tacit_judge *j);

#endif
