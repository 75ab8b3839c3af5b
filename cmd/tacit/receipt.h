/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_RECEIPT_H
#define TACIT_CMD_RECEIPT_H

/* What the single and the batch form of receipt verify share. */

#include "cli.h"
#include "tacit/receipt.h"

/* Opens the batch ("-" is stdin). Returns 0, or an exit code after saying why. */
int cli_receipt_batch_open(const struct cli_common *common, const char *path, int *ret_fd);

/*
 * Judges every line of `fd` on `jobs` threads (0: one a core) and closes it; exit code. With
 * `live` a line is judged as of the time when it is, else all as of expect->now.
 */
int cli_receipt_batch(const struct cli_common *common, const struct tacit_receipt_expect *expect,
		      bool live, int fd, unsigned jobs);

#endif
