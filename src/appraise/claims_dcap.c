/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"

static void put_pck(struct tacit_json_out *j, const struct tacit_dcap_claims *dcap)
{
	const struct tacit_dcap_pck *pck = &dcap->pck;

	tacit_json_out_hex(j, "fmspc", pck->fmspc);
	tacit_json_out_hex(j, "pceid", pck->pceid);
	tacit_json_out_uint(j, "pcesvn", pck->pcesvn);
	tacit_json_out_hex(j, "cpusvn", pck->cpusvn);
	tacit_json_out_hex(j, "ppid", pck->ppid);
	tacit_json_out_hex(j, "piid", pck->instance_id);
	tacit_json_out_hex(j, "pck_serial", pck->serial);
	tacit_json_out_text(j, "pck_ca", pck->platform_ca ? "platform" : "processor");
	if (pck->platform_ca) {
		tacit_json_out_bool(j, "dynamic_platform", pck->dynamic_platform);
		tacit_json_out_bool(j, "cached_keys", pck->cached_keys);
		tacit_json_out_bool(j, "smt_enabled", pck->smt_enabled);
	}
	tacit_json_out_time(j, "pck_valid_from", dcap->pck_valid_from);
	tacit_json_out_time(j, "pck_valid_until", dcap->pck_valid_until);
}

static void put_gaps(struct tacit_json_out *j, const struct tacit_dcap_tcb *tcb)
{
	tacit_json_out_open(j, "component_gaps", '[');
	for (size_t i = 0; i < tcb->gap_count; i++) {
		const struct tacit_dcap_gap *gap = &tcb->gaps[i];

		tacit_json_out_open(j, NULL, '{');
		tacit_json_out_text(j, "part", gap->part);
		tacit_json_out_uint(j, "index", gap->index);
		tacit_json_out_text(j, "category", gap->category);
		tacit_json_out_uint(j, "have", gap->have);
		tacit_json_out_uint(j, "need", gap->need);
		tacit_json_out_close(j, '}');
	}
	tacit_json_out_close(j, ']');
}

static void put_tcb(struct tacit_json_out *j, const struct tacit_dcap_tcb *tcb)
{
	tacit_json_out_text(j, "collateral", tcb->judged ? "judged" : "none");
	if (!tcb->judged)
		return;
	tacit_json_out_text(j, "platform_tcb_status", tcb->platform_status);
	tacit_json_out_text(j, "module_tcb_status", tcb->module_status);
	tacit_json_out_text(j, "qe_tcb_status", tcb->qe_status);
	tacit_json_out_time(j, "tcb_date", tcb->tcb_date);
	tacit_json_out_uint(j, "tcb_evaluation_data_number", tcb->evaluation_number);
	tacit_json_out_time(j, "collateral_valid_from", tcb->valid_from);
	tacit_json_out_time(j, "collateral_valid_until", tcb->valid_until);
	tacit_json_out_time(j, "earliest_issue_date", tcb->earliest_issue);
	tacit_json_out_time(j, "latest_issue_date", tcb->latest_issue);
	tacit_json_out_hex(j, "root_crl_number", tcb->root_crl_number);
	tacit_json_out_hex(j, "pck_crl_number", tcb->pck_crl_number);
	put_gaps(j, tcb);
}

void tacit_dcap_put_claims(struct tacit_json_out *j, const struct tacit_dcap_claims *dcap)
{
	tacit_json_out_uint(j, "quote_version", dcap->quote_version);
	tacit_json_out_uint(j, "trailing_bytes", dcap->trailing);
	tacit_json_out_hex(j, "qe_user_data", dcap->user_data);
	tacit_json_out_hex(j, "qe_mrenclave", dcap->qe_mrenclave);
	tacit_json_out_hex(j, "qe_mrsigner", dcap->qe_mrsigner);
	tacit_json_out_uint(j, "qe_isv_prod_id", dcap->qe_prod_id);
	tacit_json_out_uint(j, "qe_isv_svn", dcap->qe_svn);
	put_pck(j, dcap);
	put_tcb(j, &dcap->tcb);
}
