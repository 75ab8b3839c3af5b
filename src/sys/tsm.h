/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_TSM_H
#define TACIT_SYS_TSM_H

/*
 * configfs-tsm [Documentation/ABI/testing/configfs-tsm]: the kernel's own way to reports of TDX
 * and SNP guests. Each report is made in a directory of its own, removed afterwards, so that
 * nobody else's request can slip between ours; the generation counter proves that it did not.
 */

#include "base/error.h"

#define TACIT_TSM_FOLDER     "/sys/kernel/config/tsm/report"
#define TACIT_TSM_INPUT      64
#define TACIT_TSM_OUTPUT_MAX 65536 /* bytes of report, or of auxiliary data */

struct tacit_tsm_report {
	char provider[32];      /* "tdx_guest", "sev_guest" */
	struct tacit_slice out; /* the report, as the kernel gave it */
	struct tacit_slice
		aux; /* certificates of the host's choosing; absent when there are none */
};

/*
 * Makes a report over `input` in `room`. A busy host is asked again for a few seconds.
 * Errors: TACIT_UNSUPPORTED without configfs-tsm or a provider, TACIT_DENIED, TACIT_LIMIT,
 * TACIT_PEER when the host gives no report, TACIT_IO.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_tsm_report(const char *folder, const uint8_t input[static TACIT_TSM_INPUT],
		 struct tacit_mut room, struct tacit_tsm_report *ret, struct tacit_error *err);

/* The provider's name alone. Errors: as above. */
TACIT_MUST_CHECK enum tacit_status tacit_tsm_provider(const char *folder, char ret[static 32],
						      struct tacit_error *err);

#endif
