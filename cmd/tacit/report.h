/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_REPORT_H
#define TACIT_CMD_REPORT_H

/* How verdicts are shown: JSON on stdout, or a verdict line and the checks that matter. */

#include "cli.h"
#include "tacit/verify.h"

/* Shows a verdict for evidence that came from `name` and returns the exit code of `status`. */
int cli_report_verdict(const struct cli_common *common, const struct tacit_context *cx,
		       const struct tacit_verdict *verdict, enum tacit_status status,
		       const char *name);

#endif
