/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_REPORT_H
#define TACIT_RECEIPT_REPORT_H

/*
 * Receipts and their verdicts as JSON.
 *
 * The verdict, as `tacit receipt verify --json` and `--batch` print it:
 *
 *     {"schema":"tacit.receipt-verdict/1",
 *      "id":"...",                            only with --batch, as it was given
 *      "verdict":"verified|refused|malformed",
 *      "code":"SIG_FAILED",                   null when verified; "UNKNOWN_MTYPE:x" has a value
 *      "layer":2,                             that failed; null when verified
 *      "why":"...",                           for people; null when verified
 *      "assurance":"end-to-end|AIR-local",    null unless verified
 *      "warnings":["no-replay-check"],        neither a nonce nor a replay store was asked
 *      "checks":[{"name":"SIG","layer":2,"result":"pass|fail|skip","code":null},...],
 *      "claims":{...}}                        null before layers 1 to 3 passed
 *
 * The claims, there and in `tacit receipt show --json`: hashes and nonces in lower-case hex,
 * null for what is absent, numbers beyond int64 as decimal text,
 *
 *     {"iss","iat":1740500000,"iat_time":"2025-02-25T16:13:20Z","cti","eat_nonce","eat_profile",
 *      "model_id","model_version","model_hash","request_hash","response_hash",
 *      "attestation_doc_hash","enclave_measurements":{"measurement_type":"nitro-pcr","pcr0",...},
 *      "policy_version","sequence_number","execution_time_ms","memory_peak_mb",
 *      "security_mode":"production|evaluation","model_hash_scheme"}
 *
 * A verdict is not to be trusted because it says "verified": compute it where it is needed.
 */

#include "appraise/json_out.h"
#include "tacit/receipt.h"

#define TACIT_REPORT_SCHEMA "tacit.receipt-verdict/1"

/* More than any verdict takes on one line, with all checks and the longest claims. */
#define TACIT_REPORT_ROOM 16384

enum tacit_report_checks {
	TACIT_REPORT_ALL,    /* every check */
	TACIT_REPORT_FAILED, /* those that failed */
};

/* The members of a verdict, "schema" excepted, into an object that is open. */
void tacit_report_verdict(struct tacit_json_out *j, const struct tacit_receipt_verdict *verdict,
			  const struct tacit_error *err, enum tacit_report_checks which);

/* The object of the claims; `name` is NULL at the top. */
void tacit_report_claims(struct tacit_json_out *j, const char *name,
			 const struct tacit_receipt_claims *claims);

#endif
