/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/policy_platform.h"

#include "base/compiler.h"

static const struct tacit_policy_name NAMES[] = {
	{ TACIT_TEE_STUB, "pcr0", 0, 48, true },
	{ TACIT_TEE_STUB, "pcr", 3, 48, false },
	{ TACIT_TEE_NITRO, "pcr0", 0, 48, true },
	{ TACIT_TEE_NITRO, "pcr1", 0, 48, true },
	{ TACIT_TEE_NITRO, "pcr2", 0, 48, true },
	{ TACIT_TEE_NITRO, "pcr8", 0, 48, true },
	{ TACIT_TEE_NITRO, "pcr", 32, 48, false },
	{ TACIT_TEE_NITROTPM, "pcr4", 0, 48, true },
	{ TACIT_TEE_NITROTPM, "pcr", 24, 48, false },
	{ TACIT_TEE_TDX, "mrtd", 0, 48, true },
	{ TACIT_TEE_TDX, "rtmr", 4, 48, true },
	{ TACIT_TEE_TDX, "mrconfigid", 0, 48, false },
	{ TACIT_TEE_TDX, "mrowner", 0, 48, false },
	{ TACIT_TEE_TDX, "mrownerconfig", 0, 48, false },
	{ TACIT_TEE_TDX, "mrseam", 0, 48, false },
	{ TACIT_TEE_TDX, "mrsignerseam", 0, 48, false },
	{ TACIT_TEE_TDX, "mrservicetd", 0, 48, false },
	{ TACIT_TEE_SGX, "mrenclave", 0, 32, true },
	{ TACIT_TEE_SGX, "mrsigner", 0, 32, true },
	{ TACIT_TEE_SNP, "measurement", 0, 48, true },
	{ TACIT_TEE_AZURE_SNP, "measurement", 0, 48, true },
	{ TACIT_TEE_AZURE_SNP, "pcr", 24, 32, false },
	{ TACIT_TEE_AZURE_TDX, "mrtd", 0, 48, true },
	{ TACIT_TEE_AZURE_TDX, "rtmr", 4, 48, true },
	{ TACIT_TEE_AZURE_TDX, "mrseam", 0, 48, false },
	{ TACIT_TEE_AZURE_TDX, "mrsignerseam", 0, 48, false },
	{ TACIT_TEE_AZURE_TDX, "pcr", 24, 32, false },
	{ TACIT_TEE_NVIDIA, "driver", 0, 48, true },
	{ TACIT_TEE_NVIDIA, "vbios", 0, 48, true },
	{ TACIT_TEE_GCP_TOKEN, "image_digest", 0, 32, true },
};

/* stem, then a decimal number below `numbers` without leading zeros. */
static bool is_numbered(struct tacit_slice name, const struct tacit_policy_name *row)
{
	struct tacit_slice stem = tacit_slice_str(row->stem);
	unsigned number = 0;

	if (name.len <= stem.len || name.len > stem.len + 2 ||
	    memcmp(name.ptr, stem.ptr, stem.len) != 0)
		return false;
	for (size_t i = stem.len; i < name.len; i++) {
		if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return false;
		number = number * 10 + (unsigned)(name.ptr[i] - '0');
	}
	return number < row->numbers && (name.len == stem.len + 1 || name.ptr[stem.len] != '0');
}

const struct tacit_policy_name *tacit_policy_name_find(enum tacit_tee tee, const char *name)
{
	struct tacit_slice want = tacit_slice_str(name);

	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		if (NAMES[i].tee != tee)
			continue;
		if (NAMES[i].numbers ? is_numbered(want, &NAMES[i])
				     : tacit_slice_eq(want, tacit_slice_str(NAMES[i].stem)))
			return &NAMES[i];
	}
	return NULL;
}

/* ---- members of the sections --------------------------------------------------------------- */

#define AT(type, field) offsetof(struct tacit_policy_##type, field)

/* clang-format off */
#define TABLE(rows) { rows, TACIT_ARRAY_LEN(rows) }
#define ROW(name, read, at, min, max, extra) { name, read, at, false, min, max, extra }
/* clang-format on */

#define TEXTS(type, field, max) ROW(#field, tacit_load_text_list, AT(type, field), 1, max, NULL)
#define WORDS(type, field, words) \
	ROW(#field, tacit_load_text_list, AT(type, field), 1, 64, &(words))
#define HEXES(type, field, min, max) \
	ROW(#field, tacit_load_hex_list, AT(type, field), min, max, NULL)
#define HEX(type, field, len)    ROW(#field, tacit_load_hex, AT(type, field), len, len, NULL)
#define NUMBER(type, field, max) ROW(#field, tacit_load_number, AT(type, field), 0, max, NULL)
#define FLAG(type, field)        ROW(#field, tacit_load_bool, AT(type, field), 0, 0, NULL)
#define PART(type, field, table) ROW(#field, tacit_load_inline, AT(type, field), 0, 0, &(table))

static const struct tacit_load_member NITRO[] = {
	TEXTS(nitro, regions, 32),
	TEXTS(nitro, instances, 32),
	NUMBER(nitro, max_enclave_age_seconds, 3153600000u),
};

static TACIT_LOAD_READER(read_collateral)
{
	enum tacit_policy_collateral *ret = field;
	const char *text = NULL;

	enum tacit_status st = tacit_load_text(load, value, member, &text);
	if (st != TACIT_OK)
		return st;
	struct tacit_slice word = tacit_slice_str(text);
	if (tacit_slice_eq(word, tacit_slice_str("required")))
		*ret = TACIT_COLLATERAL_REQUIRED;
	else if (tacit_slice_eq(word, tacit_slice_str("signature-only")))
		*ret = TACIT_COLLATERAL_SIGNATURE_ONLY;
	else
		return tacit_load_fail(load, TACIT_FORMAT, "neither required nor signature-only");
	return TACIT_OK;
}

#define COLLATERAL(type) ROW("collateral", read_collateral, AT(type, collateral), 1, 32, NULL)

/* Revoked is not in the list: no policy can accept it. */
static const char *const TCB_WORDS[] = {
	"UpToDate",
	"SWHardeningNeeded",
	"ConfigurationNeeded",
	"ConfigurationAndSWHardeningNeeded",
	"OutOfDate",
	"OutOfDateConfigurationNeeded",
	"TDRelaunchAdvised",
	"TDRelaunchAdvisedConfigurationNeeded",
	NULL,
};
static const struct tacit_load_words TCB_STATUS = { TCB_WORDS };

static const struct tacit_load_member TDX[] = {
	COLLATERAL(tdx),
	WORDS(tdx, tcb_status, TCB_STATUS),
	TEXTS(tdx, allow_advisories, 32),
	HEXES(tdx, fmspc, 6, 6),
	NUMBER(tdx, min_tcb_evaluation_data_number, 1000000),
	HEX(tdx, min_tee_tcb_svn, 16),
	HEX(tdx, xfam, 8),
	FLAG(tdx, allow_sept_ve),
	FLAG(tdx, allow_migratable),
};

static const struct tacit_load_member SGX[] = {
	COLLATERAL(sgx),
	WORDS(sgx, tcb_status, TCB_STATUS),
	TEXTS(sgx, allow_advisories, 32),
	HEXES(sgx, fmspc, 6, 6),
	NUMBER(sgx, min_tcb_evaluation_data_number, 1000000),
	NUMBER(sgx, isv_prod_id, 65535),
	NUMBER(sgx, min_isv_svn, 65535),
	HEX(sgx, config_id, 64),
};

static const char *const PRODUCT_WORDS[] = { "milan", "genoa", "turin", "venice", NULL };
static const struct tacit_load_words PRODUCTS = { PRODUCT_WORDS };
static const char *const KEY_WORDS[] = { "vcek", "vlek", NULL };
static const struct tacit_load_words SIGNING_KEYS = { KEY_WORDS };

static const struct tacit_load_member SNP_TCB[] = {
	NUMBER(snp_tcb, fmc, 255), NUMBER(snp_tcb, bootloader, 255), NUMBER(snp_tcb, tee, 255),
	NUMBER(snp_tcb, snp, 255), NUMBER(snp_tcb, microcode, 255),
};
static const struct tacit_load_table SNP_TCB_TABLE = TABLE(SNP_TCB);

static const struct tacit_load_member SNP_FIRMWARE[] = {
	NUMBER(snp_firmware, major, 255),
	NUMBER(snp_firmware, minor, 255),
	NUMBER(snp_firmware, build, 255),
};
static const struct tacit_load_table SNP_FIRMWARE_TABLE = TABLE(SNP_FIRMWARE);

static const struct tacit_load_member SNP_GUEST[] = {
	NUMBER(snp_guest, min_abi_major, 255),
	NUMBER(snp_guest, min_abi_minor, 255),
	FLAG(snp_guest, forbid_smt),
	FLAG(snp_guest, require_single_socket),
	FLAG(snp_guest, require_ciphertext_hiding),
};
static const struct tacit_load_table SNP_GUEST_TABLE = TABLE(SNP_GUEST);

static const struct tacit_load_member SNP[] = {
	WORDS(snp, products, PRODUCTS),
	WORDS(snp, signing_keys, SIGNING_KEYS),
	HEXES(snp, chip_ids, 8, 64),
	TEXTS(snp, csp_ids, 128),
	HEXES(snp, id_key_digests, 48, 48),
	HEXES(snp, author_key_digests, 48, 48),
	PART(snp, min_tcb, SNP_TCB_TABLE),
	PART(snp, min_current_tcb, SNP_TCB_TABLE),
	PART(snp, min_committed_tcb, SNP_TCB_TABLE),
	PART(snp, min_launch_tcb, SNP_TCB_TABLE),
	PART(snp, min_firmware, SNP_FIRMWARE_TABLE),
	PART(snp, guest_policy, SNP_GUEST_TABLE),
	NUMBER(snp, min_guest_svn, 4294967295u),
	NUMBER(snp, vmpl, 3),
	HEX(snp, host_data, 32),
	HEX(snp, family_id, 16),
	HEX(snp, image_id, 16),
	HEX(snp, require_mitigations, 8),
	FLAG(snp, require_alias_check),
	FLAG(snp, require_crl),
	FLAG(snp, allow_migration_agent),
	FLAG(snp, allow_masked_chip_id),
};

static const char *const ARCH_WORDS[] = { "hopper", "blackwell", NULL };
static const struct tacit_load_words ARCHITECTURES = { ARCH_WORDS };

static const struct tacit_load_member NVIDIA[] = {
	WORDS(nvidia, architectures, ARCHITECTURES),
	TEXTS(nvidia, driver_versions, 64),
	TEXTS(nvidia, vbios_versions, 64),
	TEXTS(nvidia, device_ids, 128),
	NUMBER(nvidia, gpus, 64),
};

static const char *const SUPPORT_WORDS[] = { "LATEST", "STABLE", "USABLE", NULL };
static const struct tacit_load_words SUPPORT = { SUPPORT_WORDS };

static const struct tacit_load_member GCP[] = {
	TEXTS(gcp, audiences, 512), TEXTS(gcp, hardware, 64),          TEXTS(gcp, project_ids, 64),
	TEXTS(gcp, zones, 64),      TEXTS(gcp, service_accounts, 256), WORDS(gcp, support, SUPPORT),
	FLAG(gcp, require_gpu_cc),
};

#define SECTION(type, rows)                                       \
	static const struct tacit_load_section type##_section = { \
		TABLE(rows), sizeof(struct tacit_policy_##type)   \
	}
SECTION(nitro, NITRO);
SECTION(tdx, TDX);
SECTION(sgx, SGX);
SECTION(snp, SNP);
SECTION(nvidia, NVIDIA);
SECTION(gcp, GCP);

#define OWN(name, type) ROW(name, tacit_load_section, AT(sections, type), 0, 0, &type##_section)
static const struct tacit_load_member SECTIONS[] = {
	OWN("nitro", nitro), OWN("tdx", tdx),       OWN("sgx", sgx),
	OWN("snp", snp),     OWN("nvidia", nvidia), OWN("gcp-token", gcp),
};

const struct tacit_load_table tacit_policy_section_table = TABLE(SECTIONS);

const char *tacit_policy_section_of(enum tacit_tee tee)
{
	switch (tee) {
	case TACIT_TEE_NITRO:
	case TACIT_TEE_NITROTPM:
		return "nitro";
	case TACIT_TEE_TDX:
	case TACIT_TEE_AZURE_TDX:
		return "tdx";
	case TACIT_TEE_SGX:
		return "sgx";
	case TACIT_TEE_SNP:
	case TACIT_TEE_AZURE_SNP:
		return "snp";
	case TACIT_TEE_NVIDIA:
		return "nvidia";
	case TACIT_TEE_GCP_TOKEN:
		return "gcp-token";
	case TACIT_TEE_NONE:
	case TACIT_TEE_STUB:
		break;
	}
	return NULL;
}
