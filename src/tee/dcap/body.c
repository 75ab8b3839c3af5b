/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/body.h"

#include "base/reader.h"

enum tacit_status tacit_dcap_sgx_parse(struct tacit_slice body, struct tacit_dcap_sgx_report *ret,
				       struct tacit_error *err)
{
	struct tacit_dcap_sgx_report report = { 0 };
	struct reader r = rd_of(body);

	report.cpusvn = rd_take(&r, 16);
	report.miscselect = rd_le32(&r);
	rd_skip(&r, 12);
	report.ext_prod_id = rd_take(&r, 16);
	struct reader attributes = r;
	report.flags = rd_le64(&r);
	report.xfrm = rd_le64(&r);
	report.attributes = rd_take(&attributes, 16);
	report.mrenclave = rd_take(&r, 32);
	rd_skip(&r, 32);
	report.mrsigner = rd_take(&r, 32);
	rd_skip(&r, 32);
	report.config_id = rd_take(&r, 64);
	report.prod_id = rd_le16(&r);
	report.svn = rd_le16(&r);
	report.config_svn = rd_le16(&r);
	rd_skip(&r, 42);
	report.family_id = rd_take(&r, 16);
	report.report_data = rd_take(&r, 64);
	enum tacit_status st = rd_finish(&r, "quote.sgx_report", err);
	if (st == TACIT_OK)
		*ret = report;
	return st;
}

/* [TDX-QUOTE 3.4] TD report of TDX 1.0, with which all others start. */
static void read_td10(struct reader *r, struct tacit_dcap_td_report *report)
{
	report->tee_tcb_svn = rd_take(r, 16);
	report->mrseam = rd_take(r, 48);
	report->mrsignerseam = rd_take(r, 48);
	report->seam_attributes = rd_take(r, 8);
	struct reader attributes = *r;
	report->td_attributes = rd_le64(r);
	report->td_attributes_bytes = rd_take(&attributes, 8);
	report->xfam = rd_take(r, 8);
	report->mrtd = rd_take(r, 48);
	report->mrconfigid = rd_take(r, 48);
	report->mrowner = rd_take(r, 48);
	report->mrownerconfig = rd_take(r, 48);
	for (size_t i = 0; i < 4; i++)
		report->rtmr[i] = rd_take(r, 48);
	report->report_data = rd_take(r, 64);
}

/* [TDX-QUOTE 3.6] what the extended report adds to TD 1.5. */
static void read_extension(struct reader *r, struct tacit_dcap_td_report *report)
{
	report->extended = true;
	report->vm_id = rd_u8(r);
	report->td_id = rd_take(r, 32);
	report->device_info = rd_take(r, 48);
	report->init_servtd_hash = rd_take(r, 48);
	report->init_servtd_attributes = rd_take(r, 8);
	report->init_cpusvn = rd_take(r, 16);
	report->init_tee_tcb_svn = rd_take(r, 16);
	report->init_fmspc = rd_take(r, 12);
	report->cur_servtd_hash = rd_take(r, 48);
	report->cur_servtd_attributes = rd_take(r, 8);
}

enum tacit_status tacit_dcap_td_parse(struct tacit_slice body, enum tacit_dcap_body type,
				      struct tacit_dcap_td_report *ret, struct tacit_error *err)
{
	struct tacit_dcap_td_report report = { 0 };
	struct reader r = rd_of(body);

	if (type == TACIT_DCAP_BODY_NONE || type == TACIT_DCAP_BODY_SGX)
		return tacit_fail(err, TACIT_FORMAT, "quote.td_report", 0, "not a TD's body");
	read_td10(&r, &report);
	if (type != TACIT_DCAP_BODY_TD10) {
		report.tee_tcb_svn2 = rd_take(&r, 16); /* [TDX-QUOTE 3.5] */
		report.mrservicetd = rd_take(&r, 48);
	}
	if (type == TACIT_DCAP_BODY_TD15EXT)
		read_extension(&r, &report);
	enum tacit_status st = rd_finish(&r, "quote.td_report", err);
	if (st == TACIT_OK)
		*ret = report;
	return st;
}
