/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/dcap.h"
#include "tacit/sgx.h"

void tacit_sgx_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	const struct tacit_sgx_claims *sgx = claims->sgx;

	tacit_json_out_open(j, "sgx", '{');
	tacit_json_out_hex(j, "report_cpusvn", sgx->cpusvn);
	tacit_json_out_uint(j, "miscselect", sgx->miscselect);
	tacit_json_out_hex(j, "attributes", sgx->attributes);
	tacit_json_out_uint(j, "isv_prod_id", sgx->isv_prod_id);
	tacit_json_out_uint(j, "isv_svn", sgx->isv_svn);
	tacit_json_out_hex(j, "config_id", sgx->config_id);
	tacit_json_out_uint(j, "config_svn", sgx->config_svn);
	tacit_json_out_hex(j, "isv_ext_prod_id", sgx->isv_ext_prod_id);
	tacit_json_out_hex(j, "isv_family_id", sgx->isv_family_id);
	tacit_dcap_put_claims(j, &sgx->dcap);
	tacit_json_out_close(j, '}');
}
