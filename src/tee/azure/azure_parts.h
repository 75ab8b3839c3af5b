/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_AZURE_AZURE_PARTS_H
#define TACIT_TEE_AZURE_AZURE_PARTS_H

/* One judgement of Azure evidence in progress, shared by the files of this folder. */

#include "tee/azure/azure.h"
#include "tee/tee.h"

struct tacit_azure {
	const struct tacit_evidence *ev;
	const struct tacit_context *cx;
	struct tacit_check_list *list;
	struct tacit_tpm_evidence tpm; /* what came, from the wrapper or as collateral */
	struct tacit_slice td_quote;   /* absent when none came, or none that fits */
	size_t td_quotes;              /* how many came */
	struct tacit_hcl hcl;
	struct tacit_hcl_data data;
	struct tacit_tpm_quote quote;
	struct tacit_slice pcrs[TACIT_TPM_PCRS];
	bool quoted; /* the attestation key signed the quote */
};

/* Finds the pieces beside the HCL report: the wrapper's, else the caller's collateral. */
void tacit_azure_collect(struct tacit_azure *az);

/* Rows azure.tdx.*; picks the quote that is of this TD. */
bool tacit_azure_check_td(struct tacit_azure *az);

#endif
