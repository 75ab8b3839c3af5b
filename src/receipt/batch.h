/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_BATCH_H
#define TACIT_RECEIPT_BATCH_H

/*
 * Many receipts, one line each: a line in, one line of JSON out (report.h has its form).
 *
 * A line is the receipt alone, in hex, base64 or base64url, or a JSON object:
 *
 *     {"receipt":"...",                 required, in the same three forms
 *      "id":"any text" or 12,           given back
 *      "key":hex, "nonce":hex, "model_id":text, "model_hash":hex, "request_hash":hex,
 *      "response_hash":hex, "doc_hash":hex,
 *      "now":seconds or RFC 3339, "max_age":seconds}
 *
 * Each asks for more, never for less: what the caller's defaults ask for stays, and a line that
 * asks for something else in its place is an error. "received_at", "server" and "verdict", which
 * an export of the store has, are passed over; any other member is an error, so that a misspelt
 * expectation is not silently dropped.
 *
 * A line that cannot be read gives the verdict "malformed" with code BAD_LINE and layer 0.
 *
 * One struct tacit_batch for each thread; it keeps the last key ready.
 */

#include "receipt/report.h"

#define TACIT_BATCH_LINE_MAX 262144
#define TACIT_BATCH_ROOM     (TACIT_REPORT_ROOM + 4096) /* a line out, with an id at its longest */
#define TACIT_BATCH_ID_MAX   512

struct tacit_batch {
	struct tacit_receipt_expect defaults;
	enum tacit_report_checks checks;
	uint8_t default_key[32];
	bool has_default_key;
	uint8_t ready_key[32];
	struct tacit_receipt_verifier *ready; /* for ready_key */
	uint8_t receipt[TACIT_RECEIPT_MAX_LEN];
};

/*
 * `defaults` gives what every receipt is held against; its slices must outlive the batch. Its
 * key comes from `key` or from the binding of `evidence`; with neither, each line must name one.
 * `verifier` must be NULL. Errors: TACIT_FORMAT when the key is none.
 */
TACIT_MUST_CHECK enum tacit_status tacit_batch_init(struct tacit_batch *batch,
						    const struct tacit_receipt_expect *defaults,
						    enum tacit_report_checks checks,
						    struct tacit_error *err);
void tacit_batch_done(struct tacit_batch *batch);

/*
 * Judges one line (without its line break) and writes one line with its line break. The writer
 * has room for TACIT_BATCH_ROOM bytes.
 */
enum tacit_outcome tacit_batch_line(struct tacit_batch *batch, struct tacit_slice line,
				    struct writer *w);

#endif
