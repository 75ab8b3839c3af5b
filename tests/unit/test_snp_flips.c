/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole evidence, bent: every truncation, and single bits. In the fields that decide anything
 * every bit is flipped; in values that are only carried (report data, digests, certificates) one
 * bit of each byte, the one of its offset modulo 8.
 */

#include "tests/pki/snp.h"
#include "tests/unit/snp_util.h"
#include "tests/unit/vectors.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static struct snp_bench b;
static _Alignas(64) uint8_t cache_room[TACIT_CACHE_TYPICAL];

/* In a block of the exact size, so that a sanitizer sees a read beyond it. */
static enum tacit_status judge_exact(struct tacit_slice bytes)
{
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);

	memcpy(copy, bytes.ptr, bytes.len);
	tacit_arena_wipe(&b.arena);
	enum tacit_status st = snp_bench_raw(&b, tacit_slice_of(copy, bytes.len));
	free(copy);
	return st;
}

static uint8_t *thaw(struct tacit_slice bytes)
{
	uint8_t *copy = pki_alloc(bytes.len);

	memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

static void truncate_all(struct tacit_slice whole, const char *name)
{
	size_t accepted = 0, malformed = 0, cut = 0;

	for (size_t len = 0; len < whole.len; len++) {
		enum tacit_status st = judge_exact(tacit_slice_of(whole.ptr, len));

		accepted += st == TACIT_OK;
		cut += len < SNP_REPORT_LEN;
		malformed += len < SNP_REPORT_LEN && st == TACIT_FORMAT;
	}
	ok(accepted == 0, "%s: no truncation is accepted (%zu)", name, accepted);
	ok(malformed == cut, "%s: a cut report is malformed", name);
}

/* Whether every bit of this byte decides something. */
static bool is_dense(size_t at)
{
	return at < 0x050 || (at >= 0x180 && at < 0x1a0) || (at >= 0x1e0 && at < 0x2a0) ||
	       (at >= 0x2d0 && at < 0x2e8) || at >= 0x318;
}

static size_t flip_all(uint8_t *bytes, size_t len, size_t dense_below, const char *name)
{
	size_t accepted = 0, tried = 0, claims = 0;

	for (size_t at = 0; at < len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			if (bit != at % 8 && (at >= dense_below || !is_dense(at)))
				continue;
			bytes[at] ^= (uint8_t)(1u << bit);
			enum tacit_status st = judge_exact(tacit_slice_of(bytes, len));
			bytes[at] ^= (uint8_t)(1u << bit);
			tried++;
			claims += st != TACIT_OK && tacit_verdict_claims(&b.verdict) != NULL;
			if (st == TACIT_OK && accepted++ < 5)
				printf("# %s: bit %u of byte 0x%zx is accepted\n", name, bit, at);
		}
	}
	ok(claims == 0, "%s: no refusal gives claims", name);
	printf("# %s: %zu bits\n", name, tried);
	return accepted;
}

static void test_own(void)
{
	snp_bench_init(&b, SNP_MAKE_TURIN, 5, false);
	b.cx.cache = tacit_cache_init(cache_room, sizeof(cache_room));
	snp_make(&b.s);
	snp_bench_trust(&b);
	struct tacit_slice whole = snp_evidence(&b.s, snp_usual_table(&b.s));
	uint8_t *bytes = thaw(whole);
	snp_accepted(&b, judge_exact(whole), "as it is");
	truncate_all(whole, "report and table");
	ok(flip_all(bytes, whole.len, SNP_REPORT_LEN, "report and table") == 0,
	   "no flipped bit is accepted");

	/* Bytes of a table that no entry uses are free: the host may pad it. */
	struct snp_entry vendor = { .kind = SNP_ENTRY_OTHER, .content = tacit_slice_str("vendor") };
	struct tacit_slice table = snp_table(&vendor, 1, 8);
	snp_bench_cert(&b, b.s.vek->der);
	snp_bench_cert(&b, b.s.ica->der);
	snp_bench_cert(&b, b.s.ark->der);
	whole = snp_evidence(&b.s, table);
	bytes = thaw(whole);
	snp_accepted(&b, judge_exact(whole), "a table of a vendor's alone");
	bytes[whole.len - 1] ^= 1;
	snp_accepted(&b, judge_exact(tacit_slice_of(bytes, whole.len)), "padding changed");
	bytes[whole.len - 9] ^= 1;
	snp_accepted(&b, judge_exact(tacit_slice_of(bytes, whole.len)),
		     "the vendor's bytes changed");
}

/* The other S of a signature is as good: bytes of a signature are no identity. */
static void test_high_s(void)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	BIGNUM *s = BN_new();

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	snp_accepted(&b, snp_bench_judge(&b), "one S");
	struct tacit_slice before = tacit_verdict_claims(&b.verdict)->measurements[0].value;
	BN_lebin2bn(b.s.report + 0x2e8, 48, s);
	BN_sub(s, EC_GROUP_get0_order(group), s);
	BN_bn2lebinpad(s, b.s.report + 0x2e8, 48);
	snp_accepted(&b, snp_bench_raw(&b, TACIT_SLICE_ARRAY(b.s.report)), "the other S");
	is_slice(tacit_verdict_claims(&b.verdict)->measurements[0].value, before,
		 "the same claims");
	BN_free(s);
	EC_GROUP_free(group);
}

static struct tacit_slice load(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/snp/%s", dir, name);
	return vector_file(path);
}

/* A real report with its real table, PEM and all. */
static void test_real(const char *dir)
{
	struct tacit_slice report = load(dir, "reports/genoa-v3-veraison.report.bin");
	struct tacit_slice table = load(dir, "certtable/genoa-v3-veraison.aux.bin");
	struct pki_buf whole = { 0 };

	snp_bench_init(&b, SNP_MAKE_GENOA, 5, false);
	b.cx.cache = tacit_cache_init(cache_room, sizeof(cache_room));
	b.cx.now = 1788220800;
	pki_raw(&whole, report);
	pki_raw(&whole, table);
	struct tacit_slice all = pki_take(&whole);
	uint8_t *bytes = thaw(all);
	snp_accepted(&b, judge_exact(all), "as it is");
	ok(flip_all(bytes, all.len, 0, "a real report") == 0, "no flipped bit is accepted");
	vector_done(report);
	vector_done(table);
}

int main(void)
{
	const char *dir = tap_vectors();

	test_own();
	test_high_s();
	if (dir)
		test_real(dir);
	else
		skip("a real report", "no shared vectors (TACIT_VECTORS)");
	pki_done();
	return done();
}
