/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SGX_H
#define TACIT_SGX_H

/*
 * Claims of Intel SGX quotes [SGX-QUOTE A.4], beside those common to all platforms. The common
 * measurements are "mrenclave" and "mrsigner".
 */
#include "tacit/dcap.h"

TACIT_BEGIN

struct tacit_sgx_claims {
	struct tacit_slice cpusvn; /* 16 bytes */
	uint32_t miscselect;
	struct tacit_slice attributes; /* 16 bytes: flags and XFRM, as received */
	struct tacit_slice config_id;  /* 64 bytes */
	uint16_t isv_prod_id, isv_svn, config_svn;
	struct tacit_slice isv_ext_prod_id, isv_family_id; /* 16 bytes each */
	struct tacit_dcap_claims dcap;
};

TACIT_END

#endif
