/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/claims.h"

struct tacit_dcap_claims tacit_dcap_claims_of(const struct tacit_dcap_signed *s,
					      const struct tacit_dcap_tcb *tcb)
{
	struct tacit_dcap_claims claims = {
		.quote_version = s->quote.version,
		.user_data = s->quote.user_data,
		.trailing = s->quote.trailing,
		.test_root = s->anchor == TACIT_ROOT_TEST,
		.qe_mrenclave = s->qe.mrenclave,
		.qe_mrsigner = s->qe.mrsigner,
		.qe_prod_id = s->qe.prod_id,
		.qe_svn = s->qe.svn,
		.pck = s->pck,
		.pck_valid_from = s->valid_from,
		.pck_valid_until = s->valid_until,
		.tcb = *tcb,
	};

	return claims;
}

void tacit_dcap_claims_put(const struct tacit_dcap_claims *dcap, struct tacit_claims *claims)
{
	const struct tacit_dcap_tcb *tcb = &dcap->tcb;

	claims->valid_from = dcap->pck_valid_from;
	claims->valid_until = dcap->pck_valid_until;
	if (!tcb->judged)
		return;
	claims->tcb_status = tcb->status;
	claims->advisory_count = tcb->advisory_count;
	claims->advisory_ids = tcb->advisory_ids;
	if (tcb->valid_from > claims->valid_from)
		claims->valid_from = tcb->valid_from;
	if (tcb->valid_until < claims->valid_until)
		claims->valid_until = tcb->valid_until;
}
