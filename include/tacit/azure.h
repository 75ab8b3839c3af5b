/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_AZURE_H
#define TACIT_AZURE_H

/*
 * What genuine evidence of an Azure confidential VM says beyond the hardware report in it, whose
 * own claims stand beside these (tacit/snp.h or tacit/tdx.h).
 *
 *     const struct tacit_azure_claims *azure = tacit_verdict_claims(&verdict)->azure;
 *
 * The hardware measures the paravisor (HCL) alone. What the guest booted is in the PCRs of the
 * virtual TPM that the paravisor runs, which count only when a quote of that TPM came with the
 * evidence (`quoted`). Freshness comes from the nonce in that quote too.
 *
 * [HCL] is Microsoft's guest attestation report, the NV index 0x01400001 of the virtual TPM;
 * [TPM2] the TPM 2.0 Library, Part 2: Structures.
 */
#include "tacit/bytes.h"

TACIT_BEGIN

struct tacit_azure_claims {
	uint32_t hcl_version;            /* of the header: 1 or 2 */
	const char *hash;                /* over the runtime data: "sha256", ... */
	struct tacit_slice runtime_data; /* JSON, as the paravisor wrote it */
	struct tacit_slice ak_modulus;   /* 256 bytes: HCLAkPub, RSA, exponent 65537 */
	struct tacit_slice user_data;    /* 64 bytes that the guest chose; absent in old reports */
	struct tacit_slice vm_id;        /* text, "vmUniqueId"; absent when not there */
	bool secure_boot;                /* "vm-configuration": false when not there */
	bool tpm_enabled;
	bool tpm_persisted;
	bool console_enabled;
	bool quoted;                    /* what follows is signed by the key above */
	struct tacit_slice quote_nonce; /* extraData [TPM2 10.12.8]; may be empty */
	uint32_t pcr_mask;              /* bit n: the quote covers PCR n of the SHA-256 bank */
	struct tacit_slice pcr_digest;  /* 32 bytes, over those PCRs */
	bool has_pcrs;                  /* their values came too, as measurements "pcr0" ... */
	uint64_t clock_ms;              /* clockInfo [TPM2 10.11.1] */
	uint32_t reset_count;
	uint32_t restart_count;
	bool clock_safe;
	uint64_t tpm_firmware; /* firmwareVersion */
};

TACIT_END

#endif
