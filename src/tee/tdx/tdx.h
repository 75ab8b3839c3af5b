/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_TDX_TDX_H
#define TACIT_TEE_TDX_TDX_H

/* Intel TDX quotes. See README.md in this folder. */

#include "tacit/tdx.h"
#include "tee/check.h"
#include "tee/dcap/collateral.h"
#include "tee/dcap/signature.h"

/* Every check of TDX, in order. */
#define TACIT_TDX_CHECKS (TACIT_DCAP_QUOTE_ROWS + 2 + TACIT_DCAP_ROWS + 1)
extern const struct tacit_check_row tacit_tdx_checks[TACIT_TDX_CHECKS];

bool tacit_tdx_detect(struct tacit_slice in);

bool tacit_tdx_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
		      struct tacit_check_list *list, struct tacit_claims *ret_claims);

/*
 * Decides "tdx.event_log.replay": whether one of the event logs that were given leads to the
 * registers of the quote. Skipped when none was.
 */
void tacit_tdx_events_judge(const struct tacit_evidence *ev, const struct tacit_context *cx,
			    const struct tacit_dcap_td_report *td, struct tacit_check_list *list,
			    struct tacit_tdx_events *ret);

#endif
