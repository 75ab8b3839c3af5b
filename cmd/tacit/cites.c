/* SPDX-License-Identifier: Apache-2.0 */
#include "cites.h"

#include <string.h>

#include "base/compiler.h"

/* A row stands for the checks that begin with its name; the longest that does counts. */
static const struct {
	const char *check;
	const char *where;
} ROWS[] = {
	{ "nitro.format", "RFC 9052 4.2" },
	{ "nitro.cose", "RFC 9052 4.2 and 4.4; RFC 9053 2.1" },
	{ "nitro.payload", "NITRO-DOC 3.2.3" },
	{ "nitro.kind", "NITRO-DOC" },
	{ "nitro.root", "NITRO-DOC 3.2.3" },
	{ "nitro.certs", "NITRO-DOC; RFC 5280 4.1" },
	{ "nitro.chain", "RFC 5280 6.1" },
	{ "nitro.chain.names", "RFC 5280 6.1.3 (a)(4)" },
	{ "nitro.chain.authority", "RFC 5280 6.1.4 (k) to (n)" },
	{ "nitro.chain.validity", "RFC 5280 6.1.3 (a)(2)" },
	{ "nitro.timestamp", "NITRO-DOC" },
	{ "nitro.names", "NITRO-DOC" },
	{ "nitro.serial", "NITRO-DOC" },
	{ "nitro.launch", "NITRO-DOC" },
	{ "nitro.pcr", "NITRO-PCR" },

	{ "tdx.quote.format", "TDX-QUOTE 3.1 to 3.6" },
	{ "tdx.quote.vendor", "TDX-QUOTE 3.1" },
	{ "tdx.quote.certification", "TDX-QUOTE 3.9" },
	{ "tdx.quote.signature", "TDX-QUOTE 3.8" },
	{ "tdx.qe", "TDX-QUOTE 3.8; SGX-QUOTE A.4" },
	{ "tdx.pck", "RFC 5280 6.1; PCK-CERT 1.3" },
	{ "tdx.pck.extension", "PCK-CERT 1.3.5" },
	{ "tdx.body", "TDX-MODULE, ATTRIBUTES" },
	{ "tdx.crl", "RFC 5280 5 and 6.3" },
	{ "tdx.tcb_info", "PCS v4, TCB info version 3" },
	{ "tdx.qe_identity", "PCS v4, enclave identity version 2" },
	{ "tdx.module", "PCS v4, TDX module identities" },
	{ "tdx.tcb", "PCS v4, evaluation of TCB levels" },
	{ "tdx.event_log", "UEFI 38.2; TCG-PFP 10.2" },

	{ "sgx.quote", "SGX-QUOTE A" },
	{ "sgx.qe", "SGX-QUOTE A.4" },
	{ "sgx.pck", "RFC 5280 6.1; PCK-CERT 1.3" },
	{ "sgx.pck.extension", "PCK-CERT 1.3.5" },
	{ "sgx.body", "SGX-SDM 35.7.1" },
	{ "sgx.crl", "RFC 5280 5 and 6.3" },
	{ "sgx.tcb_info", "PCS v4, TCB info" },
	{ "sgx.qe_identity", "PCS v4, enclave identity version 2" },
	{ "sgx.tcb", "PCS v4, evaluation of TCB levels" },

	{ "snp.report", "SNP-ABI 7.3" },
	{ "snp.report.guest_policy", "SNP-ABI 4.3" },
	{ "snp.report.tcb", "SNP-ABI 2.2" },
	{ "snp.report.signature", "SNP-ABI 7.3 and 10" },
	{ "snp.product", "SNP-ABI 7.3" },
	{ "snp.table", "GHCB 4.1.8" },
	{ "snp.vek", "VCEK table 8" },
	{ "snp.ca", "VCEK" },
	{ "snp.chain", "RFC 5280 6.1" },

	{ "azure.quote", "TPM2 10.12.8" },

	{ "stub.cose", "RFC 9052 4.2 and 4.4" },
	{ "evidence.nonce", "RFC 9334 10" },
};

const char *cli_cite(const char *check)
{
	const char *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		size_t len = strlen(ROWS[i].check);

		if (len > longest && strncmp(check, ROWS[i].check, len) == 0 &&
		    (check[len] == '\0' || check[len] == '.' || check[len] == '_')) {
			longest = len;
			found = ROWS[i].where;
		}
	}
	return found;
}
