/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/snp.h"

#include "base/compiler.h"
#include "tacit/snp.h"

struct bit {
	uint64_t mask;
	const char *name;
};

static const struct bit POLICY_BITS[] = {
	{ TACIT_SNP_POLICY_SMT, "smt" },
	{ TACIT_SNP_POLICY_MIGRATE_MA, "migrate_ma" },
	{ TACIT_SNP_POLICY_DEBUG, "debug" },
	{ TACIT_SNP_POLICY_SINGLE_SOCKET, "single_socket" },
	{ TACIT_SNP_POLICY_CXL_ALLOW, "cxl_allow" },
	{ TACIT_SNP_POLICY_MEM_AES_256_XTS, "mem_aes_256_xts" },
	{ TACIT_SNP_POLICY_RAPL_DIS, "rapl_dis" },
	{ TACIT_SNP_POLICY_CIPHERTEXT_HIDING, "ciphertext_hiding" },
	{ TACIT_SNP_POLICY_PAGE_SWAP_DISABLE, "page_swap_disable" },
};

static const struct bit PLATFORM_BITS[] = {
	{ TACIT_SNP_PLATFORM_SMT, "smt" },
	{ TACIT_SNP_PLATFORM_TSME, "tsme" },
	{ TACIT_SNP_PLATFORM_ECC, "ecc" },
	{ TACIT_SNP_PLATFORM_RAPL_DIS, "rapl_dis" },
	{ TACIT_SNP_PLATFORM_CIPHERTEXT_HIDING, "ciphertext_hiding" },
	{ TACIT_SNP_PLATFORM_ALIAS_CHECK, "alias_check_complete" },
	{ TACIT_SNP_PLATFORM_TIO, "tio" },
};

static void put_bits(struct tacit_json_out *j, const struct bit *bits, size_t count, uint64_t value)
{
	for (size_t i = 0; i < count; i++)
		tacit_json_out_bool(j, bits[i].name, (value & bits[i].mask) != 0);
}

/* As 16 hex digits: numbers beyond 2^53 do not survive every reader of JSON. */
static void put_mask(struct tacit_json_out *j, const char *name, uint64_t value)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> 8 * (sizeof(bytes) - 1 - i));
	tacit_json_out_hex(j, name, TACIT_SLICE_ARRAY(bytes));
}

static void put_policy(struct tacit_json_out *j, uint64_t policy)
{
	tacit_json_out_open(j, "policy", '{');
	put_mask(j, "value", policy);
	tacit_json_out_uint(j, "abi_major", TACIT_SNP_POLICY_ABI_MAJOR(policy));
	tacit_json_out_uint(j, "abi_minor", TACIT_SNP_POLICY_ABI_MINOR(policy));
	put_bits(j, POLICY_BITS, TACIT_ARRAY_LEN(POLICY_BITS), policy);
	tacit_json_out_close(j, '}');
}

/* Bits without a name are in the value, and listed as what is left. */
static void put_platform_info(struct tacit_json_out *j, uint64_t info)
{
	uint64_t known = 0;

	for (size_t i = 0; i < TACIT_ARRAY_LEN(PLATFORM_BITS); i++)
		known |= PLATFORM_BITS[i].mask;
	tacit_json_out_open(j, "platform_info", '{');
	put_mask(j, "value", info);
	put_bits(j, PLATFORM_BITS, TACIT_ARRAY_LEN(PLATFORM_BITS), info);
	put_mask(j, "unknown", info & ~known);
	tacit_json_out_close(j, '}');
}

static void put_tcb(struct tacit_json_out *j, const char *name, const struct tacit_snp_claims *snp,
		    const struct tacit_snp_tcb *tcb)
{
	tacit_json_out_open(j, name, '{');
	if (snp->has_fmc)
		tacit_json_out_uint(j, "fmc", tcb->fmc);
	tacit_json_out_uint(j, "bootloader", tcb->bootloader);
	tacit_json_out_uint(j, "tee", tcb->tee);
	tacit_json_out_uint(j, "snp", tcb->snp);
	tacit_json_out_uint(j, "microcode", tcb->microcode);
	tacit_json_out_close(j, '}');
}

static void put_firmware(struct tacit_json_out *j, const char *name,
			 const struct tacit_snp_firmware *firmware)
{
	tacit_json_out_open(j, name, '{');
	tacit_json_out_uint(j, "major", firmware->major);
	tacit_json_out_uint(j, "minor", firmware->minor);
	tacit_json_out_uint(j, "build", firmware->build);
	tacit_json_out_close(j, '}');
}

static void put_cpu(struct tacit_json_out *j, const struct tacit_snp_claims *snp)
{
	if (snp->version == 2) {
		tacit_json_out_null(j, "cpu");
		return;
	}
	tacit_json_out_open(j, "cpu", '{');
	tacit_json_out_uint(j, "family", snp->cpu_family);
	tacit_json_out_uint(j, "model", snp->cpu_model);
	tacit_json_out_uint(j, "stepping", snp->cpu_stepping);
	tacit_json_out_close(j, '}');
}

static void put_mitigations(struct tacit_json_out *j, const struct tacit_snp_claims *snp)
{
	if (!snp->has_mit_vectors) {
		tacit_json_out_null(j, "launch_mit_vector");
		tacit_json_out_null(j, "current_mit_vector");
		return;
	}
	put_mask(j, "launch_mit_vector", snp->launch_mit_vector);
	put_mask(j, "current_mit_vector", snp->current_mit_vector);
}

static void put_identity(struct tacit_json_out *j, const struct tacit_snp_claims *snp)
{
	struct tacit_slice none = { NULL, 0 };

	tacit_json_out_hex(j, "chip_id", snp->chip_id);
	tacit_json_out_bool(j, "chip_id_masked", snp->chip_id_masked);
	tacit_json_out_slice(j, "csp_id", snp->csp_id);
	tacit_json_out_hex(j, "host_data", snp->host_data);
	tacit_json_out_hex(j, "family_id", snp->family_id);
	tacit_json_out_hex(j, "image_id", snp->image_id);
	tacit_json_out_hex(j, "id_key_digest", snp->id_key_digest);
	tacit_json_out_hex(j, "author_key_digest",
			   snp->has_author_key ? snp->author_key_digest : none);
	tacit_json_out_hex(j, "report_id", snp->report_id);
	tacit_json_out_hex(j, "report_id_ma", snp->report_id_ma);
}

void tacit_snp_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	const struct tacit_snp_claims *snp = claims->snp;

	tacit_json_out_open(j, "snp", '{');
	tacit_json_out_uint(j, "version", snp->version);
	tacit_json_out_text(j, "product", snp->product);
	tacit_json_out_text(j, "signing_key", snp->signing_key);
	put_cpu(j, snp);
	tacit_json_out_uint(j, "vmpl", snp->vmpl);
	tacit_json_out_uint(j, "guest_svn", snp->guest_svn);
	put_policy(j, snp->policy);
	put_platform_info(j, snp->platform_info);
	tacit_json_out_open(j, "tcb", '{');
	put_tcb(j, "current", snp, &snp->current);
	put_tcb(j, "reported", snp, &snp->reported);
	put_tcb(j, "committed", snp, &snp->committed);
	put_tcb(j, "launch", snp, &snp->launch);
	tacit_json_out_close(j, '}');
	tacit_json_out_open(j, "firmware", '{');
	put_firmware(j, "current", &snp->current_firmware);
	put_firmware(j, "committed", &snp->committed_firmware);
	tacit_json_out_close(j, '}');
	put_mitigations(j, snp);
	put_identity(j, snp);
	tacit_json_out_bool(j, "revocation_checked", snp->revocation_checked);
	tacit_json_out_text(j, "kds_url", snp->kds_url);
	tacit_json_out_close(j, '}');
}
