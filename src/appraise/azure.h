/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_AZURE_H
#define TACIT_APPRAISE_AZURE_H

/*
 * What Azure's forms add to a verdict: claims under "azure", beside those of the hardware report.
 * Their policy sections are those of the hardware (appraise/snp.h, appraise/dcap.h); the PCRs are
 * measurements like any other, so that a policy which names one needs a quote of the TPM.
 */

#include "appraise/platform.h"

void tacit_azure_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims);

#endif
