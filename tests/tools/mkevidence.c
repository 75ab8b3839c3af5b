/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mkevidence PLATFORM DIR [OPTION...]: evidence, collateral and roots of our own PKI as files, so
 * that tests of the program need no evidence of real machines. Each platform's options are with
 * its function in tests/pki.
 */

#include <stdio.h>
#include <string.h>

#include "tests/pki/azure.h"
#include "tests/pki/dcap_evidence.h"
#include "tests/pki/nitro.h"
#include "tests/pki/snp.h"

static const struct {
	const char *platform;
	int (*make)(int argc, char **argv); /* argv[0] is the platform */
} ROWS[] = {
	{ "azure", mkevidence_azure },
	{ "nitro", mkevidence_nitro },
	{ "tdx", mkevidence_tdx },
	{ "sgx", mkevidence_sgx },
	{ "snp", mkevidence_snp },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		if (strcmp(argv[1], ROWS[i].platform) == 0)
			return ROWS[i].make(argc - 1, argv + 1);
	fprintf(stderr, "usage: mkevidence PLATFORM DIR [OPTION...]; platforms:");
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		fprintf(stderr, " %s", ROWS[i].platform);
	fprintf(stderr, "\n");
	return 2;
}
