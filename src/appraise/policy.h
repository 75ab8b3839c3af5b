/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_POLICY_H
#define TACIT_APPRAISE_POLICY_H

/*
 * A parsed policy [docs/policy.md]. Sections of platforms that this build cannot judge are read,
 * checked and kept all the same, so that one file means the same everywhere.
 */

#include "tacit/policy.h"
#include "tacit/verify.h"

#define TACIT_POLICY_MAX_AGE 300 /* seconds, when the policy does not say */
#define TACIT_POLICY_SKEW    60

/* Values of any one kind: bytes (from hex) or texts. */
struct tacit_policy_list {
	const struct tacit_slice *items;
	size_t count; /* 0: the policy says nothing about it */
};

/* A number that may be absent. */
struct tacit_policy_number {
	bool set;
	uint64_t value;
};

struct tacit_policy_model {
	struct tacit_slice id; /* absent: any name */
	struct tacit_slice sha256;
};

struct tacit_policy_models {
	const struct tacit_policy_model *items;
	size_t count;
};

struct tacit_policy_nitro {
	struct tacit_policy_list regions;   /* of the certificate chain */
	struct tacit_policy_list instances; /* "i-..." of the parent */
	struct tacit_policy_number max_enclave_age_seconds;
};

enum tacit_policy_collateral {
	TACIT_COLLATERAL_REQUIRED,
	TACIT_COLLATERAL_SIGNATURE_ONLY, /* may be missing: the TCB then stays unknown */
};

struct tacit_policy_tdx {
	enum tacit_policy_collateral collateral;
	struct tacit_policy_list tcb_status; /* none: UpToDate alone */
	struct tacit_policy_list allow_advisories;
	struct tacit_policy_list fmspc;
	struct tacit_policy_number min_tcb_evaluation_data_number;
	struct tacit_slice min_tee_tcb_svn;
	struct tacit_slice xfam;
	bool allow_sept_ve; /* SEPT_VE_DISABLE may be 0 */
	bool allow_migratable;
};

struct tacit_policy_sgx {
	enum tacit_policy_collateral collateral;
	struct tacit_policy_list tcb_status;
	struct tacit_policy_list allow_advisories;
	struct tacit_policy_list fmspc;
	struct tacit_policy_number min_tcb_evaluation_data_number;
	struct tacit_policy_number isv_prod_id;
	struct tacit_policy_number min_isv_svn;
	struct tacit_slice config_id;
};

/* Compared part by part, never as one number. */
struct tacit_policy_snp_tcb {
	struct tacit_policy_number fmc, bootloader, tee, snp, microcode;
};

/* Compared as major, minor, build. */
struct tacit_policy_snp_firmware {
	struct tacit_policy_number major, minor, build;
};

/* Bits of the guest policy that a relying party may insist on. */
struct tacit_policy_snp_guest {
	struct tacit_policy_number min_abi_major, min_abi_minor;
	bool forbid_smt;
	bool require_single_socket;
	bool require_ciphertext_hiding;
};

struct tacit_policy_snp {
	struct tacit_policy_list products;
	struct tacit_policy_list signing_keys; /* "vcek", "vlek" */
	struct tacit_policy_list chip_ids;
	struct tacit_policy_list csp_ids;
	struct tacit_policy_list id_key_digests;
	struct tacit_policy_list author_key_digests;
	struct tacit_policy_snp_tcb min_tcb; /* reported */
	struct tacit_policy_snp_tcb min_current_tcb, min_committed_tcb, min_launch_tcb;
	struct tacit_policy_snp_firmware min_firmware; /* committed */
	struct tacit_policy_snp_guest guest_policy;
	struct tacit_policy_number min_guest_svn;
	struct tacit_policy_number vmpl; /* absent: 0 */
	struct tacit_slice host_data;
	struct tacit_slice family_id;
	struct tacit_slice image_id;
	struct tacit_slice require_mitigations; /* 8 bytes, big-endian: these bits are set */
	bool require_alias_check;
	bool require_crl;
	bool allow_migration_agent;
	bool allow_masked_chip_id;
};

struct tacit_policy_nvidia {
	struct tacit_policy_list architectures; /* "hopper", "blackwell" */
	struct tacit_policy_list driver_versions;
	struct tacit_policy_list vbios_versions;
	struct tacit_policy_list device_ids;
	struct tacit_policy_number gpus; /* how many, exactly */
};

struct tacit_policy_gcp {
	struct tacit_policy_list audiences;
	struct tacit_policy_list hardware; /* hwmodel */
	struct tacit_policy_list project_ids;
	struct tacit_policy_list zones;
	struct tacit_policy_list service_accounts;
	struct tacit_policy_list support; /* support_attributes, one of these */
	bool require_gpu_cc;
};

struct tacit_policy_alternative;

/* The section of the alternative's own platform; others stay NULL. */
struct tacit_policy_sections {
	const struct tacit_policy_nitro *nitro;
	const struct tacit_policy_tdx *tdx; /* azure-tdx too */
	const struct tacit_policy_sgx *sgx;
	const struct tacit_policy_snp *snp; /* azure-snp too */
	const struct tacit_policy_nvidia *nvidia;
	const struct tacit_policy_gcp *gcp;
	/* The one being judged, whose measurements hold; NULL outside of that. */
	const struct tacit_policy_alternative *alternative;
};

struct tacit_policy_alternative {
	const char *name; /* "" when it has none */
	enum tacit_tee tee;
	size_t measurement_count;
	const struct tacit_measurement *measurements;
	struct tacit_policy_models models; /* with this build alone */
	struct tacit_policy_list configs;
	struct tacit_policy_sections sections;
};

struct tacit_policy {
	const char *name;
	const char *comment;
	uint8_t digest[32];
	int64_t valid_from;
	int64_t valid_until;
	uint64_t max_age_seconds; /* 0: not said */
	uint64_t clock_skew_seconds;
	struct tacit_policy_models models; /* with any alternative */
	struct tacit_policy_list configs;
	size_t alternative_count;
	const struct tacit_policy_alternative *alternatives;
};

#endif
