/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp.h"

#include <stdio.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "base/reader.h"

#define KDS "https://kdsintf.amd.com"

/* In the order of enum tacit_snp_product. No root of Venice has been published. */
static const struct tacit_snp_product_row PRODUCTS[] = {
	{ TACIT_SNP_UNKNOWN, "unknown", "", false, 64, 0, TACIT_ROOT_NONE },
	{ TACIT_SNP_MILAN, "milan", "Milan", false, 64, 0, TACIT_ROOT_AMD_MILAN },
	{ TACIT_SNP_GENOA, "genoa", "Genoa", false, 64, 0, TACIT_ROOT_AMD_GENOA },
	{ TACIT_SNP_TURIN, "turin", "Turin", true, 8, 1, TACIT_ROOT_AMD_TURIN },
	{ TACIT_SNP_VENICE, "venice", "Venice", true, 8, 1, TACIT_ROOT_NONE },
};

/* Models of a family, from first to last. Bergamo and Siena (a0 to af) hang under Genoa's root. */
struct models {
	uint8_t family, first, last;
	enum tacit_snp_product product;
};

static const struct models MODELS[] = {
	{ 0x19, 0x00, 0x0f, TACIT_SNP_MILAN },  { 0x19, 0x10, 0x1f, TACIT_SNP_GENOA },
	{ 0x19, 0xa0, 0xaf, TACIT_SNP_GENOA },  { 0x1a, 0x00, 0x11, TACIT_SNP_TURIN },
	{ 0x1a, 0x50, 0x57, TACIT_SNP_VENICE }, { 0x1a, 0x90, 0x9f, TACIT_SNP_VENICE },
	{ 0x1a, 0xa0, 0xaf, TACIT_SNP_VENICE }, { 0x1a, 0xc0, 0xc7, TACIT_SNP_VENICE },
};

const struct tacit_snp_product_row *tacit_snp_product_row(enum tacit_snp_product product)
{
	return (size_t)product < TACIT_ARRAY_LEN(PRODUCTS) ? &PRODUCTS[product] : &PRODUCTS[0];
}

enum tacit_snp_product tacit_snp_product_cpuid(uint8_t family, uint8_t model)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MODELS); i++)
		if (MODELS[i].family == family && model >= MODELS[i].first &&
		    model <= MODELS[i].last)
			return MODELS[i].product;
	return TACIT_SNP_UNKNOWN;
}

enum tacit_snp_product tacit_snp_product_cn(const char *prefix, struct tacit_slice cn)
{
	struct tacit_slice start = tacit_slice_str(prefix);

	if (cn.len <= start.len || memcmp(cn.ptr, start.ptr, start.len) != 0)
		return TACIT_SNP_UNKNOWN;
	struct tacit_slice name = { cn.ptr + start.len, cn.len - start.len };
	for (size_t i = 1; i < TACIT_ARRAY_LEN(PRODUCTS); i++)
		if (tacit_slice_eq(name, tacit_slice_str(PRODUCTS[i].amd_name)))
			return PRODUCTS[i].product;
	return TACIT_SNP_UNKNOWN;
}

static bool is_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

enum tacit_snp_product tacit_snp_product_guess(const struct tacit_snp_report *report)
{
	struct tacit_slice tail = { report->chip_id.ptr + 8, TACIT_SNP_CHIP_LEN - 8 };

	if (report->version != 2)
		return tacit_snp_product_cpuid(report->cpu_family, report->cpu_model);
	return is_zero(tail) && !is_zero(report->chip_id) ? TACIT_SNP_TURIN : TACIT_SNP_MILAN;
}

/* [SNP-ABI 2.2] byte 7 is the microcode in both layouts. */
bool tacit_snp_tcb_read(struct tacit_slice raw, bool has_fmc, struct tacit_snp_tcb *ret)
{
	struct tacit_snp_tcb tcb = { 0 };
	const uint8_t *b = raw.ptr;

	if (raw.len != 8)
		return false;
	tcb.microcode = b[7];
	if (has_fmc) {
		tcb.fmc = b[0];
		tcb.bootloader = b[1];
		tcb.tee = b[2];
		tcb.snp = b[3];
	} else {
		tcb.bootloader = b[0];
		tcb.tee = b[1];
		tcb.snp = b[6];
	}
	if (b[4] || b[5] || (has_fmc ? b[6] : b[2] | b[3]))
		return false;
	*ret = tcb;
	return true;
}

void tacit_snp_url_vek(const struct tacit_snp_report *report, enum tacit_snp_product product,
		       char url[TACIT_AT_LEAST(TACIT_SNP_URL_MAX)])
{
	const struct tacit_snp_product_row *row = tacit_snp_product_row(product);
	struct tacit_slice chip = { report->chip_id.ptr, row->chip_len };
	struct tacit_snp_tcb tcb = { 0 };
	char hex[2 * TACIT_SNP_CHIP_LEN + 1], fmc[16] = "";

	if (TACIT_SNP_SIGNING_KEY(report->flags) == TACIT_SNP_VLEK) {
		tacit_snp_url_chain(TACIT_SNP_VLEK, product, url);
		return;
	}
	(void)tacit_snp_tcb_read(report->reported_tcb, row->has_fmc, &tcb);
	tacit_hex_encode(chip, hex);
	if (row->has_fmc)
		(void)snprintf(fmc, sizeof(fmc), "fmcSPL=%u&", tcb.fmc);
	(void)snprintf(url, TACIT_SNP_URL_MAX,
		       KDS "/vcek/v1/%s/%s?%sblSPL=%u&teeSPL=%u&snpSPL=%u&ucodeSPL=%u",
		       row->amd_name, hex, fmc, tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode);
}

void tacit_snp_url_chain(enum tacit_snp_key key, enum tacit_snp_product product,
			 char url[TACIT_AT_LEAST(TACIT_SNP_URL_MAX)])
{
	(void)snprintf(url, TACIT_SNP_URL_MAX, KDS "/%s/v1/%s/cert_chain",
		       key == TACIT_SNP_VLEK ? "vlek" : "vcek",
		       tacit_snp_product_row(product)->amd_name);
}
