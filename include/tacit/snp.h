/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SNP_H
#define TACIT_SNP_H

/*
 * What a genuine AMD SEV-SNP attestation report says, beyond what all platforms have in common.
 * Section numbers are those of AMD's "SEV Secure Nested Paging Firmware ABI Specification",
 * publication 56860, called [SNP-ABI] here.
 *
 *     const struct tacit_snp_claims *snp = tacit_verdict_claims(&verdict)->snp;
 *
 * Slices point into the evidence, or into the certificate that vouches for it.
 */
#include "tacit/bytes.h"

TACIT_BEGIN

/* Bits of POLICY [SNP-ABI 4.3]. */
#define TACIT_SNP_POLICY_ABI_MINOR(policy) ((uint8_t)((policy)&0xff))
#define TACIT_SNP_POLICY_ABI_MAJOR(policy) ((uint8_t)((policy) >> 8 & 0xff))
#define TACIT_SNP_POLICY_SMT               (1ull << 16) /* may run where SMT is on */
#define TACIT_SNP_POLICY_RESERVED_ONE      (1ull << 17) /* always set */
#define TACIT_SNP_POLICY_MIGRATE_MA        (1ull << 18) /* may have a migration agent */
#define TACIT_SNP_POLICY_DEBUG             (1ull << 19) /* the host may read and write it */
#define TACIT_SNP_POLICY_SINGLE_SOCKET     (1ull << 20)
#define TACIT_SNP_POLICY_CXL_ALLOW         (1ull << 21)
#define TACIT_SNP_POLICY_MEM_AES_256_XTS   (1ull << 22)
#define TACIT_SNP_POLICY_RAPL_DIS          (1ull << 23)
#define TACIT_SNP_POLICY_CIPHERTEXT_HIDING (1ull << 24)
#define TACIT_SNP_POLICY_PAGE_SWAP_DISABLE (1ull << 25)
#define TACIT_SNP_POLICY_KNOWN             0x3ffffffull

/* Bits of PLATFORM_INFO [SNP-ABI 7.3]; others may be set and mean nothing known. */
#define TACIT_SNP_PLATFORM_SMT               (1ull << 0)
#define TACIT_SNP_PLATFORM_TSME              (1ull << 1)
#define TACIT_SNP_PLATFORM_ECC               (1ull << 2)
#define TACIT_SNP_PLATFORM_RAPL_DIS          (1ull << 3)
#define TACIT_SNP_PLATFORM_CIPHERTEXT_HIDING (1ull << 4)
#define TACIT_SNP_PLATFORM_ALIAS_CHECK       (1ull << 5) /* memory was checked for aliases */
#define TACIT_SNP_PLATFORM_TIO               (1ull << 7)

/* TCB_VERSION [SNP-ABI 2.2]: security versions, each compared alone, never as one number. */
struct tacit_snp_tcb {
	uint8_t fmc; /* from Turin on; 0 before */
	uint8_t bootloader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
};

struct tacit_snp_firmware {
	uint8_t major, minor, build;
};

struct tacit_snp_claims {
	uint32_t version;                            /* of the report: 2 to 5 */
	const char *product;                         /* "milan", "genoa", "turin" or "venice" */
	const char *signing_key;                     /* "vcek" or "vlek" */
	uint8_t cpu_family, cpu_model, cpu_stepping; /* of CPUID, combined; 0 in version 2 */
	uint32_t guest_svn;
	uint32_t vmpl;          /* of the guest that asked, 0 to 3 */
	uint64_t policy;        /* TACIT_SNP_POLICY_... */
	uint64_t platform_info; /* TACIT_SNP_PLATFORM_... */
	bool has_author_key;    /* author_key_digest means something */
	bool has_fmc;           /* the product's TCB has that part */
	struct tacit_snp_tcb current, reported, committed, launch;
	struct tacit_snp_firmware current_firmware, committed_firmware;
	bool has_mit_vectors; /* from version 5 on; AMD has not said what the bits mean */
	uint64_t launch_mit_vector, current_mit_vector;
	struct tacit_slice family_id, image_id; /* 16 bytes, from the ID block */
	struct tacit_slice host_data;           /* 32 bytes, the host's at launch */
	struct tacit_slice id_key_digest;       /* 48 bytes; zeros without an ID block */
	struct tacit_slice author_key_digest;   /* 48 bytes */
	struct tacit_slice report_id;           /* 32 bytes, of this run of the guest */
	struct tacit_slice report_id_ma;        /* 32 bytes, ff without a migration agent */
	/*
	 * The chip: 64 bytes, 8 from Turin on, from the VCEK's certificate, which the report's
	 * CHIP_ID equals unless the host masks it. Absent for a VLEK, which names no chip.
	 */
	struct tacit_slice chip_id;
	bool chip_id_masked;       /* CHIP_ID is zero though a VCEK signed */
	struct tacit_slice csp_id; /* the cloud provider that a VLEK is for; else absent */
	bool revocation_checked;   /* AMD's current list was there and names none of the chain */
	const char *kds_url;       /* where AMD has the certificate of the signing key */
};

TACIT_END

#endif
