/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_COLLATERAL_H
#define TACIT_TRUST_COLLATERAL_H

/* What tacit_collateral_parse() recognised, for those who verify evidence. All of it untrusted. */

#include "tacit/collateral.h"
#include "trust/crl.h"
#include "trust/tpm_evidence.h"
#include "trust/x509.h"

struct tacit_tcb_info;    /* trust/tcb_info.h */
struct tacit_qe_identity; /* trust/qe_identity.h */

struct tacit_collateral {
	size_t cert_count;
	const struct tacit_cert *certs;
	size_t crl_count;
	const struct tacit_crl *crls;
	size_t tcb_info_count;
	const struct tacit_tcb_info *tcb_infos;
	size_t qe_identity_count;
	const struct tacit_qe_identity *qe_identities;
	size_t event_log_count;
	const struct tacit_slice *event_logs; /* CCEL, as received */
	size_t quote_count;
	const struct tacit_slice *quotes; /* TD quotes that belong to an HCL report, as received */
	struct tacit_tpm_evidence tpm;    /* the first quote of a TPM */
};

#endif
