/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_JUDGE_H
#define TACIT_RECEIPT_JUDGE_H

/*
 * Judging a receipt, layer by layer. judge.c has the table that orders the checks and those of
 * layer 1; the others are in judge_signature.c, air_rules.c (layer 3), judge_policy.c and
 * judge_evidence.c.
 */

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

/*
 * Runs the checks of a layer, in order; once one failed, those of later layers are listed as
 * skipped. Layer 3 fills v->claims when all passed so far.
 */
void tacit_judge_layer1(struct tacit_judge *j);
void tacit_judge_layer2(struct tacit_judge *j);
void tacit_judge_layer3(struct tacit_judge *j);
void tacit_judge_layers4and5(struct tacit_judge *j);

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
