/* SPDX-License-Identifier: Apache-2.0 */

/* Report data: our binding beside the evidence, and the conventions of other systems. */

#include "appraise_util.h"
#include "tacit/sgx.h"
#include "tacit/snp.h"
#include "tacit/tdx.h"
#include "vectors.h"

#include "appraise/appraise.h"
#include "appraise/bind.h"
#include "appraise/platform.h"
#include "crypto/hash.h"
#include "tee/nonce_tree.h"

/* Claims of a TDX guest whose report data stand for the binding of `b`. */
static struct tacit_claims tdx_claims(struct bench *b, uint8_t digest[static 64])
{
	static const struct tacit_tdx_claims tdx = { .dcap.tcb.judged = true };
	static const struct tacit_sgx_claims sgx = { .dcap.tcb.judged = true };
	static const struct tacit_snp_claims snp;
	struct tacit_claims claims = { .tee = TACIT_TEE_TDX,
				       .valid_until = NOW + 60,
				       .tdx = &tdx,
				       .sgx = &sgx,
				       .snp = &snp };

	bench_bind(b);
	b->cx.expect.binding = b->doc.user_data;
	if (tacit_binding_report_data("tdx", b->doc.user_data, digest, NULL) != TACIT_OK)
		ok(false, "report data of a test");
	claims.report_data = tacit_slice_of(digest, 64);
	return claims;
}

static enum tacit_status appraise(struct bench *b, struct tacit_claims *claims,
				  const struct tacit_check **ret_first)
{
	const struct tacit_platform_row *platform = tacit_platform_row(claims->tee);
	size_t rows = platform ? platform->check_count : 0;
	struct tacit_check_list list;

	tacit_check_init(&list, &b->arena, TACIT_APPRAISE_CHECKS + rows);
	tacit_check_add(&list, tacit_appraise_checks, TACIT_APPRAISE_CHECKS);
	if (platform)
		tacit_check_add(&list, platform->checks, rows);
	tacit_appraise(claims, &b->cx, &list);
	return tacit_check_judge(&list, ret_first);
}

static void fails(struct bench *b, struct tacit_claims *claims, const char *check, const char *what)
{
	const struct tacit_check *first = NULL;

	enum tacit_status st = appraise(b, claims, &first);
	ok(st == TACIT_BINDING && first && strcmp(first->name, check) == 0, "%s", what);
	ok(!claims->has_binding || strcmp(check, "binding.report_data") != 0,
	   "%s: and nothing is read from it", what);
}

static void test_beside(void)
{
	static struct bench b;
	const struct tacit_check *first = NULL;
	uint8_t digest[64], other[64];

	bench_init(&b);
	struct tacit_claims claims = tdx_claims(&b, digest);
	is_status(appraise(&b, &claims, &first), TACIT_OK, "report data stand for the binding");
	ok(claims.has_binding, "which is read");
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(b.binding.tls_spki);
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	claims = tdx_claims(&b, digest);
	is_status(appraise(&b, &claims, &first), TACIT_OK, "with key and nonce asked for");

	for (size_t bit = 0; bit < 512; bit += 73) {
		claims = tdx_claims(&b, digest);
		digest[bit / 8] ^= (uint8_t)(1u << bit % 8);
		fails(&b, &claims, "binding.report_data", "report data with a bit flipped");
	}
	claims = tdx_claims(&b, digest);
	claims.report_data.len = 63;
	fails(&b, &claims, "binding.report_data", "short report data");
	claims = tdx_claims(&b, digest);
	claims.report_data = tacit_slice_of(NULL, 0);
	fails(&b, &claims, "binding.report_data", "no report data");
	claims = tdx_claims(&b, digest);
	claims.tee = TACIT_TEE_SNP;
	fails(&b, &claims, "binding.report_data", "report data made for another platform");
	claims = tdx_claims(&b, digest);
	claims.tee = TACIT_TEE_SGX;
	fails(&b, &claims, "binding.report_data", "a platform without this convention");
	claims = tdx_claims(&b, digest);
	b.cx.expect.binding.len--;
	fails(&b, &claims, "binding.report_data", "a binding cut short");

	claims = tdx_claims(&b, digest);
	memset(other, 0x99, 32);
	b.cx.expect.tls_spki = tacit_slice_of(other, 32);
	fails(&b, &claims, "binding.tls_key", "a binding for another TLS key");
	b.cx.expect.binding = tacit_slice_of(NULL, 0);
	fails(&b, &claims, "binding.purpose", "a TLS key asked for, and no binding at all");
}

/* Where the evidence has user data, the binding beside it may not say anything else. */
static void test_twice(void)
{
	static struct bench b;
	const struct tacit_check *first = NULL;
	uint8_t inside[TACIT_BINDING_MAX];

	bench_init(&b);
	bench_bind(&b);
	memcpy(inside, b.doc.user_data.ptr, b.doc.user_data.len);
	struct tacit_claims claims = { .tee = TACIT_TEE_STUB,
				       .timestamp = NOW,
				       .valid_until = INT64_MAX };
	claims.user_data = tacit_slice_of(inside, b.doc.user_data.len);
	b.cx.expect.binding = b.doc.user_data;
	is_status(appraise(&b, &claims, &first), TACIT_OK, "the same binding inside and beside");
	b.binding.config_hash[0] ^= 1;
	bench_bind(&b);
	b.cx.expect.binding = b.doc.user_data;
	fails(&b, &claims, "binding.report_data", "another binding beside");
}

/* Evidence for many clients: the path leads from each one's nonce to what it carries. */
static void test_nonce_path(void)
{
	static struct bench b;
	const struct tacit_check *first = NULL;
	uint8_t nonces[3 * 32], room[6 * 32], path[TACIT_NONCE_PATH_MAX];
	struct tacit_nonce_tree tree;

	bench_init(&b);
	for (size_t i = 0; i < sizeof(nonces); i++)
		nonces[i] = (uint8_t)(i * 3);
	is_status(tacit_nonce_tree_build(nonces, 3, room, &tree, NULL), TACIT_OK, "three nonces");
	memcpy(b.binding.nonce, tacit_nonce_tree_root(&tree), 32);
	bench_bind(&b);
	struct tacit_claims claims = { .tee = TACIT_TEE_STUB,
				       .timestamp = NOW,
				       .nonce = TACIT_SLICE_ARRAY(b.binding.nonce),
				       .user_data = b.doc.user_data,
				       .valid_until = INT64_MAX };
	for (size_t i = 0; i < 3; i++) {
		b.cx.expect.nonce = tacit_slice_of(nonces + i * 32, 32);
		b.cx.expect.nonce_path =
			tacit_slice_of(path, tacit_nonce_tree_path(&tree, i, path));
		is_status(appraise(&b, &claims, &first), TACIT_OK, "each client finds its own");
	}
	b.cx.expect.nonce = tacit_slice_of(nonces, 32);
	fails(&b, &claims, "binding.nonce", "another client's path");
	b.cx.expect.nonce_path.len--;
	fails(&b, &claims, "binding.nonce_path", "a path cut short");
	b.cx.expect.nonce_path = tacit_slice_of(NULL, 0);
	fails(&b, &claims, "binding.nonce", "no path");
	b.cx.expect.nonce = TACIT_SLICE_ARRAY(b.binding.nonce);
	is_status(appraise(&b, &claims, &first), TACIT_OK, "a lone nonce needs none");
}

static void test_obol(void)
{
	uint8_t key[65] = { 0x04 }, hash[32], ret[64], want[64] = { 0 };
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(key), TACIT_SLICE_ARRAY(hash) };

	memset(key + 1, 0x5a, 64);
	memset(hash, 0x77, sizeof(hash));
	is_status(tacit_hash_parts(TACIT_SHA256, parts, 2, want, NULL), TACIT_OK, "hash");
	is_status(tacit_bind_obol(parts[0], parts[1], ret, NULL), TACIT_OK, "obol");
	is_slice(TACIT_SLICE_ARRAY(ret), TACIT_SLICE_ARRAY(want), "SHA-256(key | hash), zeros");
	is_status(tacit_bind_obol(parts[0], tacit_slice_of(NULL, 0), ret, NULL), TACIT_OK,
		  "obol without a model");
	is_status(tacit_bind_obol(tacit_slice_of(key, 64), parts[1], ret, NULL), TACIT_USAGE,
		  "a short key");
	is_status(tacit_bind_obol(parts[0], tacit_slice_of(hash, 31), ret, NULL), TACIT_USAGE,
		  "a short hash");
	key[0] = 0x02;
	is_status(tacit_bind_obol(parts[0], parts[1], ret, NULL), TACIT_USAGE,
		  "a compressed key of the wrong length");
}

static void test_tinfoil(void)
{
	uint8_t spki[32], hpke[32], ret[64];

	memset(spki, 1, 32);
	memset(hpke, 2, 32);
	is_status(tacit_bind_tinfoil(TACIT_SLICE_ARRAY(spki), TACIT_SLICE_ARRAY(hpke), ret, NULL),
		  TACIT_OK, "tinfoil");
	ok(memcmp(ret, spki, 32) == 0 && memcmp(ret + 32, hpke, 32) == 0, "one after the other");
	is_status(tacit_bind_tinfoil(tacit_slice_of(spki, 31), TACIT_SLICE_ARRAY(hpke), ret, NULL),
		  TACIT_USAGE, "a short hash");
	is_status(tacit_bind_tinfoil(TACIT_SLICE_ARRAY(spki), tacit_slice_of(hpke, 31), ret, NULL),
		  TACIT_USAGE, "a short key");
}

int main(void)
{
	test_beside();
	test_twice();
	test_nonce_path();
	test_obol();
	test_tinfoil();
	return done();
}
