/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of quotes, and their bodies: whatever comes out lies in the input, in order. */
#include "fuzz.h"
#include "tee/dcap/body.h"

static void check_body(const struct tacit_dcap_quote *q)
{
	struct tacit_dcap_td_report td;
	struct tacit_dcap_sgx_report sgx;

	if (q->tee == TACIT_TEE_TDX) {
		FUZZ_ASSERT(tacit_dcap_td_parse(q->body, q->body_type, &td, NULL) == TACIT_OK);
		FUZZ_ASSERT(fuzz_inside(td.report_data, q->body) && td.report_data.len == 64);
		FUZZ_ASSERT(td.extended == (q->body_type == TACIT_DCAP_BODY_TD15EXT));
		FUZZ_ASSERT((td.mrservicetd.ptr == NULL) == (q->body.len == TACIT_DCAP_TD10_LEN));
	} else {
		FUZZ_ASSERT(tacit_dcap_sgx_parse(q->body, &sgx, NULL) == TACIT_OK);
		FUZZ_ASSERT(fuzz_inside(sgx.report_data, q->body) && sgx.report_data.len == 64);
	}
	FUZZ_ASSERT(tacit_dcap_sgx_parse(q->qe_report, &sgx, NULL) == TACIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_dcap_quote q;

	FUZZ_ASSERT(!(tacit_dcap_quote_detect(in, TACIT_TEE_TDX) &&
		      tacit_dcap_quote_detect(in, TACIT_TEE_SGX)));
	if (tacit_dcap_quote_parse(in, &q, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(q.version >= 3 && q.version <= 5);
	FUZZ_ASSERT(q.covered.ptr == in.ptr && fuzz_inside(q.covered, in));
	FUZZ_ASSERT(q.body.ptr + q.body.len == q.covered.ptr + q.covered.len);
	FUZZ_ASSERT(q.signature.ptr == q.covered.ptr + q.covered.len + 4 && q.signature.len == 64);
	FUZZ_ASSERT(q.key.len == 64 && q.qe_report.len == 384 && q.qe_signature.len == 64);
	FUZZ_ASSERT(fuzz_inside(q.qe_auth, in) && q.qe_auth.len <= TACIT_DCAP_AUTH_MAX);
	FUZZ_ASSERT(q.cert_data.len && q.cert_data.len <= TACIT_DCAP_CERT_MAX);
	FUZZ_ASSERT(fuzz_inside(q.cert_data, in));
	FUZZ_ASSERT((size_t)(q.cert_data.ptr - in.ptr) + q.cert_data.len + q.trailing == size);
	check_body(&q);
	return 0;
}
