/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_DCAP_BODY_H
#define TACIT_TEE_DCAP_BODY_H

/* What a quote is about: an SGX report, or a TD report in its three sizes. Field by field. */

#include "tee/dcap/quote.h"

#define TACIT_SGX_INIT  0x01u /* ATTRIBUTES.FLAGS [SGX-SDM 35.7.1] */
#define TACIT_SGX_DEBUG 0x02u

/* [SGX-QUOTE A.4.1] sgx_report_body_t; reserved bytes are signed and not looked at. */
struct tacit_dcap_sgx_report {
	struct tacit_slice cpusvn;
	uint32_t miscselect;
	struct tacit_slice ext_prod_id;
	uint64_t flags;
	uint64_t xfrm;
	struct tacit_slice attributes; /* flags and xfrm as they came */
	struct tacit_slice mrenclave, mrsigner, config_id;
	uint16_t prod_id, svn, config_svn;
	struct tacit_slice family_id;
	struct tacit_slice report_data;
};

/* [TDX-QUOTE 3.4 to 3.6]; absent slices are not in bodies of this type. */
struct tacit_dcap_td_report {
	struct tacit_slice tee_tcb_svn, mrseam, mrsignerseam, seam_attributes;
	uint64_t td_attributes;
	struct tacit_slice td_attributes_bytes, xfam;
	struct tacit_slice mrtd, mrconfigid, mrowner, mrownerconfig;
	struct tacit_slice rtmr[4];
	struct tacit_slice report_data;
	struct tacit_slice tee_tcb_svn2, mrservicetd; /* TD 1.5 */
	/* Extended TD 1.5: */
	bool extended;
	uint8_t vm_id;
	struct tacit_slice td_id, device_info;
	struct tacit_slice init_servtd_hash, init_servtd_attributes;
	struct tacit_slice init_cpusvn, init_tee_tcb_svn, init_fmspc;
	struct tacit_slice cur_servtd_hash, cur_servtd_attributes;
};

/* Errors: TACIT_FORMAT when the length is not that of the type. */
TACIT_MUST_CHECK enum tacit_status tacit_dcap_sgx_parse(struct tacit_slice body,
							struct tacit_dcap_sgx_report *ret,
							struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_dcap_td_parse(struct tacit_slice body,
						       enum tacit_dcap_body type,
						       struct tacit_dcap_td_report *ret,
						       struct tacit_error *err);

#endif
