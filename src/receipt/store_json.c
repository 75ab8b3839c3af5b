/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/store.h"

#include "appraise/json_out.h"
#include "base/base64.h"

void tacit_store_put_json(struct writer *w, const struct tacit_store_receipt *row)
{
	struct tacit_json_out j = { w, -1, true };
	char text[TACIT_STORE_RECEIPT_MAX / 3 * 4 + 1];

	if (row->receipt.len > TACIT_STORE_RECEIPT_MAX) {
		w->bad = true;
		return;
	}
	tacit_base64_encode(TACIT_BASE64URL, row->receipt, text);
	tacit_json_out_open(&j, NULL, '{');
	tacit_json_out_hex(&j, "id", TACIT_SLICE_ARRAY(row->cti));
	tacit_json_out_text(&j, "receipt", text);
	tacit_json_out_time(&j, "received_at", row->received_at);
	tacit_json_out_slice(&j, "server", row->server);
	tacit_json_out_slice(&j, "model_id", row->model_id);
	tacit_json_out_hex(&j, "request_hash", TACIT_SLICE_ARRAY(row->request_hash));
	tacit_json_out_hex(&j, "response_hash", TACIT_SLICE_ARRAY(row->response_hash));
	tacit_json_out_hex(&j, "doc_hash", TACIT_SLICE_ARRAY(row->doc_hash));
	tacit_json_out_slice(&j, "verdict", row->verdict);
	tacit_json_out_close(&j, '}');
	wr_u8(w, '\n');
}
