/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/peek.h"

#include "receipt/judge.h"

enum tacit_status tacit_peek_claims(struct tacit_slice in, struct tacit_receipt_claims *ret,
				    struct tacit_error *err)
{
	static const struct tacit_receipt_expect NOTHING_ASKED;
	struct tacit_receipt_verdict report = { 0 };
	struct tacit_judge j = { .in = in, .expect = &NOTHING_ASKED, .v = &report, .err = err };

	tacit_judge_layer1(&j);
	tacit_judge_layer3(&j);
	if (j.status == TACIT_OK)
		*ret = report.claims;
	return j.status;
}
