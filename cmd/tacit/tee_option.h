/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_TEE_OPTION_H
#define TACIT_CMD_TEE_OPTION_H

/* The value of --tee, the same for serve and attest. */

#include "cli.h"
#include "tacit/evidence.h"

#define CLI_TEES "auto, stub, nitro, tdx, snp, azure-snp or azure-tdx"

/*
 * "auto" and NULL give TACIT_TEE_NONE: the TEE of this machine, never the stub. Returns 0, or the
 * exit code of a usage error after saying so.
 */
int cli_tee_option(const char *text, enum tacit_tee *ret);

#endif
