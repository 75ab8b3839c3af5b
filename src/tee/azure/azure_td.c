/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/azure_parts.h"

#include "base/reader.h"
#include "trust/collateral.h"

/*
 * A TDREPORT and a quote share two runs of bytes: ATTRIBUTES to RTMR3 and REPORTDATA
 * [TDX-MODULE TDINFO_STRUCT, REPORTMACSTRUCT] [TDX-QUOTE 3.2].
 */
#define TDINFO_AT      512
#define REPORTDATA_AT  128
#define TDINFO_LEN     400
#define REPORTDATA_LEN 64
#define BODY_HEAD_LEN  120 /* TEE_TCB_SVN to SEAMATTRIBUTES come first in the quote's body */
#define QUOTE_HEAD_LEN 48
#define V5_HEAD_LEN    6 /* type and size in front of a version 5 body */

void tacit_azure_collect(struct tacit_azure *az)
{
	const struct tacit_wrapper *wrapper = az->ev->wrapper;
	const struct tacit_collateral *collateral = az->cx->collateral;

	if (wrapper)
		az->tpm = wrapper->tpm;
	if (collateral && !az->tpm.message.ptr && !az->tpm.signature.ptr && !az->tpm.pcr_count)
		az->tpm = collateral->tpm;
}

/* Whether the quote describes the TD of the TDREPORT in the paravisor's report. */
static bool same_td(const struct tacit_azure *az, struct tacit_slice quote)
{
	struct reader r = rd_of(quote);
	const uint8_t *report = az->hcl.area.ptr;

	uint16_t version = rd_le16(&r);
	rd_skip(&r, QUOTE_HEAD_LEN - 2 + BODY_HEAD_LEN + (version == 5 ? V5_HEAD_LEN : 0));
	struct tacit_slice info = rd_take(&r, TDINFO_LEN);
	struct tacit_slice data = rd_take(&r, REPORTDATA_LEN);
	return !r.bad && tacit_slice_eq(info, tacit_slice_of(report + TDINFO_AT, TDINFO_LEN)) &&
	       tacit_slice_eq(data, tacit_slice_of(report + REPORTDATA_AT, REPORTDATA_LEN));
}

static void take_quote(struct tacit_azure *az, struct tacit_slice quote)
{
	if (!quote.ptr)
		return;
	az->td_quotes++;
	if (!az->td_quote.ptr && same_td(az, quote))
		az->td_quote = quote;
}

bool tacit_azure_check_td(struct tacit_azure *az)
{
	const struct tacit_collateral *collateral = az->cx->collateral;
	struct tacit_check_failure none = {
		.status = TACIT_UNDECIDED,
		.why = "no quote of the TD came with the paravisor's report: its own TDREPORT can "
		       "be checked on that machine alone",
	};
	struct tacit_check_failure other = {
		.status = TACIT_BINDING,
		.why = "the quote is of another TD than the paravisor's report, or of another "
		       "moment of it",
	};

	if (az->ev->wrapper)
		take_quote(az, az->ev->wrapper->td_quote);
	for (size_t i = 0; collateral && i < collateral->quote_count; i++)
		take_quote(az, collateral->quotes[i]);
	if (az->td_quotes == 0) {
		tacit_check_fail(az->list, "azure.tdx.quote", &none);
		return false;
	}
	tacit_check_pass(az->list, "azure.tdx.quote", NULL);
	if (!az->td_quote.ptr) {
		tacit_check_fail(az->list, "azure.tdx.report", &other);
		return false;
	}
	tacit_check_pass(az->list, "azure.tdx.report", NULL);
	return true;
}
