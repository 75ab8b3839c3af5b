/* SPDX-License-Identifier: Apache-2.0 */
/* prove: unwind=369 sources= */
#include "tests/proofs/any_reader.h"

#include "src/tee/snp/snp_report.c"

int main(void)
{
	struct tacit_slice in = any_slice(1200);
	struct tacit_snp_report report = { 0 };
	size_t at = 0;

	(void)tacit_snp_detect(in);
	if (tacit_snp_report_parse(in, &report, NULL) != TACIT_OK) {
		PROVE(report.raw.ptr == NULL && report.version == 0);
		return 0;
	}
	PROVE(in.len == TACIT_SNP_REPORT_LEN);
	PROVE(inside(report.measurement, in) && report.measurement.len == 48);
	PROVE(inside(report.report_data, in) && report.report_data.len == 64);
	PROVE(inside(report.chip_id, in) && inside(report.reported_tcb, in));
	PROVE(inside(report.r, in) && inside(report.s, in) && report.s.len == 72);
	PROVE(tacit_snp_report_reserved(&report, &at) || at < in.len);
	return 0;
}
