/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_SNP_MEASURE_H
#define TACIT_TEE_SNP_MEASURE_H

/*
 * The launch digest that a guest's MEASUREMENT will show [SNP-ABI 8.17.2]: firmware, the pages
 * that its metadata names, and one VMSA for each vCPU, as the hypervisor adds them.
 */

#include "base/error.h"

#define TACIT_SNP_DIGEST_LEN   48
#define TACIT_SNP_VCPUS_MAX    4096
#define TACIT_SNP_FIRMWARE_MAX 67108864 /* bytes; OVMF has up to 16 MiB */

/* Who builds the guest: registers and order differ. */
enum tacit_snp_vmm {
	TACIT_SNP_QEMU,
	TACIT_SNP_EC2,
	TACIT_SNP_GCE,
};

/*
 * Where VMSAs are said to lie: the last page of the guest's physical addresses. QEMU and most
 * tools take 48 bits of address, Google's gce-tcb-verifier 52 on Genoa.
 */
#define TACIT_SNP_VMSA_48 0x0000fffffffff000u
#define TACIT_SNP_VMSA_52 0x000ffffffffff000u

/* SHA-256 of what is booted directly; of the empty text where there is none. */
struct tacit_snp_boot {
	uint8_t kernel[32];
	uint8_t initrd[32];
	uint8_t cmdline[32]; /* with its NUL */
};

struct tacit_snp_launch {
	struct tacit_slice firmware; /* whole, or its end when `seed` is there */
	struct tacit_slice seed;     /* the digest after the firmware's pages; absent: computed */
	const struct tacit_snp_boot *boot; /* NULL: none */
	enum tacit_snp_vmm vmm;
	unsigned vcpus;
	uint32_t vcpu_signature; /* CPUID 1 EAX of the vCPU model; for QEMU alone */
	uint64_t features;       /* SEV_FEATURES */
	uint64_t vmsa_address;
	bool fpu_zero; /* QEMU on Linux before 6.8: MXCSR and FCW are 0 */
};

/*
 * Errors: TACIT_FORMAT for firmware without SEV-SNP's metadata or with broken metadata, and for
 * boot hashes that it has no place for; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_snp_measure(const struct tacit_snp_launch *launch,
						     uint8_t ret[TACIT_AT_LEAST(48)],
						     struct tacit_error *err);

/* The digest of the firmware's pages alone, which can seed others. */
TACIT_MUST_CHECK enum tacit_status tacit_snp_measure_firmware(struct tacit_slice firmware,
							      uint8_t ret[TACIT_AT_LEAST(48)],
							      struct tacit_error *err);

/* CPUID 1 EAX of QEMU's vCPU model of that name ("EPYC-Milan-v2"); 0 when there is none. */
uint32_t tacit_snp_measure_vcpu(struct tacit_slice model);

#endif
