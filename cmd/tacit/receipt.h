/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_RECEIPT_H
#define TACIT_CMD_RECEIPT_H

/* What the single and the batch form of receipt verify share. */

#include "cli.h"
#include "tacit/receipt.h"

/* Judges every line of `path` ("-" is stdin) on `jobs` threads (0: one a core); exit code. */
int cli_receipt_batch(const struct cli_common *common, const struct tacit_receipt_expect *expect,
		      const char *path, unsigned jobs);

#endif
