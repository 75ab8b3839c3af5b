/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=17 sources= */
#include "tests/proofs/any_reader.h"

#include "src/tee/dcap/quote.c"

int main(void)
{
	struct tacit_slice in = any_slice(32768);
	struct tacit_dcap_quote quote = { 0 };
	enum tacit_status st = tacit_dcap_quote_parse(in, &quote, NULL);

	(void)tacit_dcap_quote_detect(in, nondet_bool() ? TACIT_TEE_TDX : TACIT_TEE_SGX);
	if (st != TACIT_OK) {
		PROVE(quote.version == 0 && quote.body.ptr == NULL);
		return 0;
	}
	PROVE(quote.version >= 3 && quote.version <= 5);
	PROVE(inside(quote.covered, in) && inside(quote.body, in));
	PROVE(inside(quote.signature, in) && inside(quote.key, in));
	PROVE(inside(quote.qe_report, in) && inside(quote.qe_signature, in));
	PROVE(inside(quote.qe_auth, in) && inside(quote.cert_data, in));
	PROVE(quote.signature.len == 64 && quote.key.len == 64 && quote.qe_signature.len == 64);
	PROVE(quote.qe_report.len == TACIT_DCAP_SGX_LEN && quote.body.len >= TACIT_DCAP_SGX_LEN);
	PROVE(quote.qe_auth.len <= TACIT_DCAP_AUTH_MAX && quote.cert_data.len > 0);
	PROVE(quote.trailing < in.len && quote.covered.ptr == in.ptr);
	return 0;
}
