/* SPDX-License-Identifier: Apache-2.0 */

/* The paravisor's report: its head and lengths, and single bits of whole evidence. */

#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"

static struct azure_spec a;
static uint8_t hcl[AZURE_HCL_LEN];
static size_t json_len;

static void start(bool tdx)
{
	azure_init(&a, tdx);
	azure_make(&a);
	json_len = azure_json(&a).len;
	memcpy(hcl, a.hcl.ptr, sizeof(hcl));
}

static enum tacit_status parse(void)
{
	struct tacit_hcl ret;

	return tacit_hcl_parse(TACIT_SLICE_ARRAY(hcl), &ret, NULL);
}

static void changed(size_t at, uint32_t value, const char *what)
{
	start(false);
	for (size_t i = 0; i < 4; i++)
		hcl[at + i] = (uint8_t)(value >> 8 * i);
	is_status(parse(), TACIT_FORMAT, what);
}

static void test_head(void)
{
	start(false);
	is_status(parse(), TACIT_OK, "a report over SNP");
	ok(tacit_hcl_looks(TACIT_SLICE_ARRAY(hcl)) == TACIT_HCL_SNP, "  looks so");
	start(true);
	is_status(parse(), TACIT_OK, "a report over TDX");
	ok(tacit_hcl_looks(TACIT_SLICE_ARRAY(hcl)) == TACIT_HCL_TDX, "  looks so");
	changed(0, 0x424c4348, "HCLB");
	changed(4, 0, "version 0");
	changed(4, 3, "version 3");
	changed(12, 1, "a request of another type");
	changed(16, 1, "a status that is no success");
	changed(28, 1, "reserved bytes");
	changed(1220, 2, "data of version 2");
	changed(1224, 3, "a report of another type");
	changed(1228, 0, "no hash");
	changed(1228, 4, "a hash of a fourth type");
	ok(!tacit_hcl_hash_name(0) && !tacit_hcl_hash_name(4) && !tacit_hcl_hash_name(UINT32_MAX),
	   "which have no name");
}

/* One length, then all three in agreement. */
static void lengths(uint32_t var, enum tacit_status want, const char *what)
{
	start(false);
	for (size_t i = 0; i < 4; i++) {
		hcl[8 + i] = (uint8_t)((var + 1236) >> 8 * i);
		hcl[1216 + i] = (uint8_t)((var + 20) >> 8 * i);
		hcl[1232 + i] = (uint8_t)(var >> 8 * i);
	}
	is_status(parse(), want, what);
}

static void test_lengths(void)
{
	static uint8_t big[TACIT_HCL_MAX + 1];
	struct tacit_hcl ret;

	start(false);
	uint32_t n = (uint32_t)json_len;
	changed(8, n + 1237, "a report that is longer than it says");
	changed(8, 0xffffffff, "a report as long as can be");
	changed(1216, n + 21, "data that are longer than they say");
	changed(1216, 0, "data of no length");
	changed(1232, n + 1, "JSON that is longer than it says");
	changed(1232, 0xffffffff, "JSON as long as can be");
	lengths(n, TACIT_OK, "lengths that agree");
	lengths(n + 1, TACIT_OK, "and take a byte of the padding in, which the hash then refuses");
	lengths(n - 1, TACIT_FORMAT, "and leave a byte in the padding");
	lengths(0, TACIT_FORMAT, "and say there is nothing");
	lengths(AZURE_HCL_LEN - 1236, TACIT_OK, "and leave no padding");
	lengths(AZURE_HCL_LEN - 1235, TACIT_FORMAT, "and go one byte beyond the end");
	lengths(0xffffffff, TACIT_FORMAT, "and wrap around");
	start(false);
	memset(hcl + AZURE_JSON_AT, 0, AZURE_HCL_LEN - AZURE_JSON_AT);
	hcl[8] = 1236 & 0xff;
	hcl[9] = 1236 >> 8;
	memset(hcl + 1216, 0, 4);
	hcl[1216] = 20;
	memset(hcl + 1232, 0, 4);
	is_status(parse(), TACIT_FORMAT, "no JSON, and nothing but padding behind");
	struct tacit_hcl bare = { .hash_type = 4 };
	is_status(tacit_hcl_bound(&bare, NULL), TACIT_FORMAT, "a hash that is none binds nothing");
	lengths(0xfffffb2b, TACIT_FORMAT, "and wrap around to nothing");
	start(false);
	hcl[AZURE_HCL_LEN - 1] = 1;
	is_status(parse(), TACIT_FORMAT, "padding that is not zero");
	memcpy(big, hcl, sizeof(hcl));
	is_status(tacit_hcl_parse(TACIT_SLICE_ARRAY(big), &ret, NULL), TACIT_LIMIT,
		  "more than 32 KiB");
}

/* Bits of a TDREPORT that nobody but that machine could check; claims come from the quote. */
static bool is_malleable(size_t at)
{
	at -= 32;
	return a.tdx && at < 1024 && !(at >= 128 && at < 192) && !(at >= 512 && at < 912);
}

static struct azure_bench b;

static enum tacit_status judge(void)
{
	static struct tacit_slice root;

	azure_start(&b, AZURE_NOW);
	root = a.tdx ? dcap_world()->root->der : a.snp.ark->der;
	b.collateral.quotes = &a.td_quote;
	b.collateral.quote_count = a.tdx;
	for (size_t i = 0; !a.tdx && i < 3; i++)
		azure_cert(&b, i == 0 ? a.snp.vek->der : i == 1 ? a.snp.ica->der : root);
	b.cx.insecure_test_roots = &root;
	b.cx.insecure_test_root_count = 1;
	return azure_judge(&b, a.tdx ? TACIT_TEE_AZURE_TDX : TACIT_TEE_AZURE_SNP,
			   TACIT_SLICE_ARRAY(hcl));
}

/* Every bit of the head; every 7th of the rest, which makes each place of a byte come round. */
static void test_flips(bool tdx)
{
	size_t kept = 0, listed = 0, flipped = 0;

	start(tdx);
	enum tacit_status whole = judge();
	ok(tacit_verdict_genuine(&b.verdict) != NULL, "whole evidence is genuine: %s",
	   tacit_status_name(whole));
	for (size_t bit = 0; bit < sizeof(hcl) * 8; bit += bit < 256 ? 1 : 7) {
		size_t at = bit / 8;
		hcl[at] ^= (uint8_t)(1u << bit % 8);
		enum tacit_status st = judge();
		hcl[at] ^= (uint8_t)(1u << bit % 8);
		flipped++;
		if (st != whole)
			continue;
		if (is_malleable(at))
			listed++;
		else if (kept++ < 4)
			printf("# bit %zu of byte %zu\n", bit % 8, at);
	}
	ok(kept == 0, "%s: %zu single bits are refused, but for %zu of the TDREPORT's own",
	   tdx ? "TDX" : "SNP", flipped, listed);
	ok(tdx == (listed != 0), "  which are known");
}

int main(void)
{
	test_head();
	test_lengths();
	test_flips(false);
	test_flips(true);
	pki_done();
	return done();
}
