/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_AZURE_H
#define TESTS_PKI_AZURE_H

/*
 * Evidence of Azure's VMs under roots of our own: a paravisor's report around an SEV-SNP report or
 * a TDREPORT, the TD's quote, and a quote of a virtual TPM. azure_init() prepares everything as it
 * should be; a test changes what it likes and then calls azure_make(). What comes back lives until
 * pki_done().
 */

#include "tests/pki/dcap.h"
#include "tests/pki/snp.h"

#define AZURE_NOW     1795248000 /* 2026-11-21T08:00:00Z */
#define AZURE_HCL_LEN 2600
#define AZURE_JSON_AT 1236
#define AZURE_PCRS    24

struct azure_spec {
	bool tdx;
	struct snp_evidence snp;   /* its REPORT_DATA are filled in */
	struct dcap_quote_spec td; /* so are the TD's REPORTDATA */
	EVP_PKEY *ak;
	const char *json; /* runtime data; NULL: made of the key and `user_data` */
	uint8_t user_data[64];
	unsigned hash_type;
	unsigned hcl_version;
	uint8_t pcrs[AZURE_PCRS][32];
	uint32_t pcr_mask;
	struct tacit_slice nonce; /* of the TPM's quote */
	EVP_PKEY *quote_signer;   /* instead of the attestation key */

	/* Made by azure_make(). */
	struct tacit_slice hcl, td_quote, message, signature, pcr_values;
};

void azure_init(struct azure_spec *a, bool tdx);
void azure_make(struct azure_spec *a);

/* TPMS_ATTEST over the spec's PCRs; and its signature by `key`. */
struct tacit_slice azure_quote(const struct azure_spec *a);
struct tacit_slice azure_sign(EVP_PKEY *key, struct tacit_slice message);

/* The runtime data as the paravisor writes them. */
struct tacit_slice azure_json(const struct azure_spec *a);

/* An agent's JSON around everything; `extra` members go first ("\"a\":1,") or are "". */
struct tacit_slice azure_agent_json(const struct azure_spec *a, const char *extra);

/* Writes evidence and roots as files: mkevidence azure DIR [snp|tdx [KEY.pem [USERDATA]]]. */
int mkevidence_azure(int argc, char **argv);

#endif
