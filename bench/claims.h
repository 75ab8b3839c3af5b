/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_CLAIMS_H
#define BENCH_CLAIMS_H

/* The receipts that benchmarks sign: as long as those of a server, and always the same key. */

#include <string.h>

#include "tacit/receipt.h"

static inline enum tacit_status bench_key(struct tacit_receipt_key **ret)
{
	static const uint8_t SEED[32] = { 7, 7, 7, 7 };

	return tacit_receipt_key_new(TACIT_SLICE_ARRAY(SEED), ret, NULL);
}

static inline void bench_claims(struct tacit_receipt_claims *claims)
{
	static const uint8_t PCR[48] = { 5, 5, 5, 5 };

	claims->iss = tacit_slice_str("tacit");
	claims->iat = 1764000000;
	memset(claims->cti, 1, 16);
	claims->model_id = tacit_slice_str("demo");
	claims->model_version = tacit_slice_str("1");
	memset(claims->model_hash, 2, 32);
	memset(claims->request_hash, 3, 32);
	memset(claims->response_hash, 4, 32);
	memset(claims->attestation_doc_hash, 5, 32);
	for (size_t i = 0; i < 3; i++)
		claims->measurements[i] = TACIT_SLICE_ARRAY(PCR);
	claims->policy_version = tacit_slice_str("1");
	claims->sequence_number = 1;
}

#endif
