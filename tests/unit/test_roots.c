/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/roots.h"

#include "base/compiler.h"
#include "tests/pki/pki.h"
#include "tests/unit/vectors.h"

#define FROM  1700000000
#define UNTIL 1900000000

static const struct tacit_context NO_TEST_ROOTS;

static void test_pinned(void)
{
	static const struct {
		const char *path, *name;
		enum tacit_root root;
		enum tacit_intermediate kind;
	} ROWS[] = {
		{ "nitro/aws_nitro_root_g1.der", "aws-nitro-g1", TACIT_ROOT_AWS_NITRO_G1, 0 },
		{ "tdx/roots/intel_sgx_root_ca.der", "intel-sgx", TACIT_ROOT_INTEL_SGX, 0 },
		{ "tdx/roots/intel_sgx_root_ca_old_2033.der", "intel-sgx", TACIT_ROOT_INTEL_SGX,
		  0 },
		{ "tdx/roots/intel_sandbox_root_ca_UNTRUSTED.der", "none", TACIT_ROOT_NONE, 0 },
		{ "tdx/roots/tcb_signing_cert_2025-2032.der", "none", TACIT_ROOT_NONE, 0 },
		{ "nitro/synthetic_root.der", "none", TACIT_ROOT_NONE, 0 },
		{ "snp/ca/milan_ark.der", "amd-milan", TACIT_ROOT_AMD_MILAN, 0 },
		{ "snp/ca/genoa_ark.der", "amd-genoa", TACIT_ROOT_AMD_GENOA, 0 },
		{ "snp/ca/turin_ark.der", "amd-turin", TACIT_ROOT_AMD_TURIN, 0 },
		{ "snp/synthetic/milan_ark.der", "none", TACIT_ROOT_NONE, 0 },
		{ "snp/ca/milan_ask.der", "none", TACIT_ROOT_AMD_MILAN, TACIT_INTERMEDIATE_ASK },
		{ "snp/ca/milan_asvk.der", "none", TACIT_ROOT_AMD_MILAN, TACIT_INTERMEDIATE_ASVK },
		{ "snp/ca/genoa_ask.der", "none", TACIT_ROOT_AMD_GENOA, TACIT_INTERMEDIATE_ASK },
		{ "snp/ca/genoa_asvk.der", "none", TACIT_ROOT_AMD_GENOA, TACIT_INTERMEDIATE_ASVK },
		{ "snp/ca/turin_ask.der", "none", TACIT_ROOT_AMD_TURIN, TACIT_INTERMEDIATE_ASK },
		{ "snp/ca/turin_asvk.der", "none", TACIT_ROOT_AMD_TURIN, TACIT_INTERMEDIATE_ASVK },
		{ "snp/synthetic/milan_ask.der", "none", TACIT_ROOT_AMD_MILAN, 0 },
	};
	const char *dir = tap_vectors();

	if (!dir) {
		skip("pinned roots", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		char path[4096];
		struct tacit_cert cert = { 0 };

		snprintf(path, sizeof(path), "%s/%s", dir, ROWS[i].path);
		struct tacit_slice file = vector_file(path);
		is_status(tacit_cert_parse(file, "t", &cert, NULL), TACIT_OK, ROWS[i].path);
		enum tacit_root root = tacit_root_find(&cert, &NO_TEST_ROOTS);
		ok(strcmp(tacit_root_name(root), ROWS[i].name) == 0, "is %s", ROWS[i].name);
		ok(root == (strcmp(ROWS[i].name, "none") ? ROWS[i].root : TACIT_ROOT_NONE),
		   "by number too");
		for (int r = TACIT_ROOT_NONE; r <= TACIT_ROOT_TEST; r++) {
			enum tacit_intermediate want =
				r == (int)ROWS[i].root ? ROWS[i].kind : TACIT_INTERMEDIATE_NONE;

			if (tacit_root_intermediate(&cert, (enum tacit_root)r) != want)
				ok(false, "%s under root %d", ROWS[i].path, r);
		}
		/* One bit of the whole, in the signature: pinned by hash, or by the key alone. */
		if (root != TACIT_ROOT_NONE) {
			uint8_t *bytes = (uint8_t *)(uintptr_t)file.ptr;

			ok(tacit_root_is_whole(&cert, root), "known byte for byte");
			bytes[file.len - 1] ^= 1;
			ok(root != TACIT_ROOT_INTEL_SGX || !tacit_root_is_whole(&cert, root),
			   "and not with another signature, where the key is what is pinned");
			ok(tacit_root_find(&cert, &NO_TEST_ROOTS) ==
				   (root == TACIT_ROOT_INTEL_SGX ? root : TACIT_ROOT_NONE),
			   "with another signature");
		}
		vector_done(file);
	}
}

/* Everything that Intel's root says, but the key; and the key alone. */
static void test_intel_key(void)
{
	static const char POINT[] =
		"040ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5"
		"67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394";
	struct tacit_cert cert = { .key_alg = TACIT_P256, .key = pki_hex(POINT) };
	uint8_t other[65];

	ok(tacit_root_find(&cert, &NO_TEST_ROOTS) == TACIT_ROOT_INTEL_SGX, "Intel's key");
	ok(!tacit_root_is_whole(&cert, TACIT_ROOT_INTEL_SGX),
	   "in a certificate that is not Intel's");
	ok(!tacit_root_is_whole(&cert, TACIT_ROOT_NONE), "what is no root is not known whole");
	ok(tacit_root_is_whole(&cert, TACIT_ROOT_TEST), "a test root is");
	for (size_t bit = 0; bit < 65 * 8; bit += 13) {
		memcpy(other, cert.key.ptr, 65);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		struct tacit_cert changed = { .key_alg = TACIT_P256,
					      .key = TACIT_SLICE_ARRAY(other) };

		if (tacit_root_find(&changed, &NO_TEST_ROOTS) != TACIT_ROOT_NONE)
			ok(false, "Intel's key with bit %zu flipped", bit);
	}
	cert.key.len = 64;
	ok(tacit_root_find(&cert, &NO_TEST_ROOTS) == TACIT_ROOT_NONE, "a byte short");
	cert.key.len = 65;
	cert.key_alg = TACIT_P384;
	ok(tacit_root_find(&cert, &NO_TEST_ROOTS) == TACIT_ROOT_NONE, "as another kind of key");
}

static void test_test_roots(void)
{
	EVP_PKEY *key = pki_key(PKI_P384);
	struct pki_cert *mine = pki_ca(key, "CN=Mine", NULL, FROM, UNTIL);
	struct pki_cert *again = pki_ca(key, "CN=Mine", NULL, FROM, UNTIL - 1);
	struct pki_cert *clone = pki_ca(pki_key(PKI_P384), "CN=Mine", NULL, FROM, UNTIL);
	struct tacit_slice roots[] = { again->der, mine->der };
	struct tacit_context cx = { .insecure_test_roots = roots, .insecure_test_root_count = 2 };
	struct tacit_cert cert = { 0 };

	is_status(tacit_cert_parse(mine->der, "t", &cert, NULL), TACIT_OK, "a root of one's own");
	ok(tacit_root_find(&cert, &NO_TEST_ROOTS) == TACIT_ROOT_NONE, "is none");
	ok(tacit_root_find(&cert, &cx) == TACIT_ROOT_TEST, "unless the caller says so");
	ok(strcmp(tacit_root_name(TACIT_ROOT_TEST), "test") == 0, "and is called so");
	cx.insecure_test_root_count = 1;
	ok(tacit_root_find(&cert, &cx) == TACIT_ROOT_NONE, "the same key in another certificate");
	is_status(tacit_cert_parse(clone->der, "t", &cert, NULL), TACIT_OK, "a clone by name");
	cx.insecure_test_root_count = 2;
	ok(tacit_root_find(&cert, &cx) == TACIT_ROOT_NONE, "is none");
	struct tacit_slice empty = { NULL, 0 };
	cx = (struct tacit_context){ .insecure_test_roots = &empty, .insecure_test_root_count = 1 };
	ok(tacit_root_find(&(struct tacit_cert){ .key_alg = TACIT_P384 }, &cx) == TACIT_ROOT_NONE,
	   "nothing is no root");
}

int main(void)
{
	test_pinned();
	test_intel_key();
	test_test_roots();
	pki_done();
	return done();
}
