/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_REPORT_H
#define TACIT_CMD_REPORT_H

/* How verdicts are shown: JSON on stdout, or a verdict line and the checks that matter. */

#include "cli.h"
#include "tacit/verify.h"

/* Shows a verdict and returns the exit code of `status`. */
int cli_report_verdict(const struct cli_common *common, const struct tacit_verdict *verdict,
		       enum tacit_status status);

/* Shows that `path` could not even be read as evidence; returns the exit code. */
int cli_report_malformed(const struct cli_common *common, const struct tacit_context *cx,
			 const struct tacit_error *err, const char *path);

#endif
