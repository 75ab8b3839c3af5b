/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SNP_MEASURE_PARTS_H
#define TACIT_TEE_SNP_MEASURE_PARTS_H

/* What firmware says about itself in the table at its end, as OVMF does. */

#include "base/error.h"

#define TACIT_SNP_SECTIONS_MAX     64
#define TACIT_SNP_SECTION_SIZE_MAX 67108864 /* bytes */

/* Types of a section; others exist and are refused when they are measured. */
enum {
	TACIT_SNP_SECTION_MEMORY = 1,
	TACIT_SNP_SECTION_SECRETS = 2,
	TACIT_SNP_SECTION_CPUID = 3,
	TACIT_SNP_SECTION_CAA = 4,
	TACIT_SNP_SECTION_HASHES = 0x10,
};

struct tacit_snp_section {
	uint32_t gpa, size, type;
};

struct tacit_snp_metadata {
	bool has_reset;
	uint32_t reset;  /* where vCPUs but the first start */
	uint32_t hashes; /* address of the table of hashes; 0: none */
	size_t count;
	struct tacit_snp_section sections[TACIT_SNP_SECTIONS_MAX];
};

/* Errors: TACIT_FORMAT; TACIT_LIMIT for too many or too large sections. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_metadata_parse(struct tacit_slice firmware,
							    struct tacit_snp_metadata *ret,
							    struct tacit_error *err);

#endif
