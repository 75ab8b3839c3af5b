/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TDX_H
#define TACIT_TDX_H

/*
 * Claims of Intel TDX quotes [TDX-QUOTE 3], beside those common to all platforms. The common
 * measurements are "mrtd", "rtmr0" to "rtmr3", "mrseam", "mrsignerseam", "mrconfigid",
 * "mrowner", "mrownerconfig" and, in TD 1.5 bodies, "mrservicetd".
 */
#include "tacit/dcap.h"
#include "tacit/event_log.h"

TACIT_BEGIN

/* TDATTRIBUTES [TDX-MODULE ATTRIBUTES]. */
#define TACIT_TDX_DEBUG           (UINT64_C(1) << 0)
#define TACIT_TDX_UNDER_DEBUG     UINT64_C(0xff) /* any of these: no production trust */
#define TACIT_TDX_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define TACIT_TDX_MIGRATABLE      (UINT64_C(1) << 29)
#define TACIT_TDX_PERFMON         (UINT64_C(1) << 63)

enum tacit_tdx_body {
	TACIT_TDX_TD10 = 2, /* as in the descriptor of version 5 */
	TACIT_TDX_TD15 = 3,
	TACIT_TDX_TD15_EXTENDED = 4,
};

/* What an event log given as collateral showed. */
struct tacit_tdx_events {
	bool replayed; /* false: no log was given, or none matches */
	struct tacit_event_log log;
	bool rtmr3_matches; /* for information: run-time extensions are in no such log */
};

struct tacit_tdx_claims {
	enum tacit_tdx_body body;
	struct tacit_slice tee_tcb_svn;  /* 16 bytes: of the TDX module that launched the TD */
	struct tacit_slice tee_tcb_svn2; /* of the module that runs now; absent in TD 1.0 */
	uint64_t attributes;             /* TDATTRIBUTES */
	struct tacit_slice attributes_bytes, xfam, seam_attributes; /* 8 bytes each, as received */
	/* Extended TD 1.5; absent in other bodies. */
	bool extended;
	uint8_t vm_id;
	struct tacit_slice td_id, device_info;
	struct tacit_slice init_servtd_hash, init_servtd_attributes;
	struct tacit_slice init_cpusvn, init_tee_tcb_svn, init_fmspc;
	struct tacit_slice cur_servtd_hash, cur_servtd_attributes;
	struct tacit_dcap_claims dcap;
	struct tacit_tdx_events events;
};

/* Name of the i-th bit of TDATTRIBUTES ("DEBUG"); NULL for those that are not defined. */
TACIT_API const char *tacit_tdx_attribute(unsigned bit);

TACIT_END

#endif
