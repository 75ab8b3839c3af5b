/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_RUN_H
#define TACIT_CMD_RUN_H

#include "enclave.h"

struct run_report {
	const struct enclave_record *record;
	const char *folder; /* of all enclaves */
	const char *image;  /* as it was given */
	const char *root;   /* emulation: the certificate */
	const struct cli_list
		*ports; /* and those of the enclave that sockets lead to, beside 8443 */
};

/* One object on stdout with --json, else words to `to`. */
void run_report_print(const struct cli_common *common, const struct run_report *report, FILE *to);

#endif
