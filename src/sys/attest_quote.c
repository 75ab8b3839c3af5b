/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/attest_quote.h"

#include "tee/dcap/body.h"

#define DATA_LEN 64

enum tacit_status tacit_attest_cut_quote(struct tacit_slice got, const uint8_t *data,
					 struct tacit_slice *ret, struct tacit_error *err)
{
	struct tacit_dcap_td_report td;
	struct tacit_dcap_quote quote;
	enum tacit_status st = tacit_dcap_quote_parse(got, &quote, err);

	if (st == TACIT_OK)
		st = tacit_dcap_td_parse(quote.body, quote.body_type, &td, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_slice_eq(td.report_data, tacit_slice_of(data, DATA_LEN)))
		return tacit_fail(err, TACIT_PEER, "attest.quote", 0,
				  "the host gave a quote over other data than were asked for");
	*ret = tacit_slice_of(got.ptr, got.len - quote.trailing);
	return TACIT_OK;
}
