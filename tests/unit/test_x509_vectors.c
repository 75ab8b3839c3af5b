/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every certificate and list that vendors issued, wherever it stands in the shared vectors: parsed,
 * anchored, and every chain of them verified.
 */
#include <ftw.h>

#include "codec/pem.h"
#include "tests/unit/vectors.h"
#include "trust/chain.h"
#include "trust/crl.h"
#include "trust/roots.h"

#define CERTS_MAX 512
#define LISTS_MAX 64
#define YEAR_2026 1767225600

static struct {
	struct tacit_slice file;
	struct tacit_cert cert;
	const char *path;
} certs[CERTS_MAX];
static struct {
	struct tacit_crl list;
	const char *path;
} lists[LISTS_MAX];
static size_t cert_count, list_count;
/* Certificates and lists point into their files, and keep their names. */
static void *owned[2048];
static size_t owned_count;

static uint8_t room[8 << 20];
static struct tacit_arena arena;

static void *own(const void *block)
{
	if (owned_count < sizeof(owned) / sizeof(owned[0]))
		owned[owned_count++] = (void *)(uintptr_t)block;
	return (void *)(uintptr_t)block;
}

/* Vectors that are broken on purpose. */
static bool is_hostile(const char *path)
{
	static const char *const WORDS[] = { "hostile",   "negative", "synthetic", "UNTRUSTED",
					     "forged",    "fakepki",  "derived",   "selfissued",
					     "corrupted", "wrong" };

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		if (strstr(path, WORDS[i]))
			return true;
	}
	return false;
}

static void keep_cert(struct tacit_slice der, const char *path)
{
	struct tacit_error err = { 0 };
	struct tacit_cert cert;

	for (size_t i = 0; i < cert_count; i++) {
		if (tacit_slice_eq(certs[i].cert.der, der))
			return;
	}
	if (tacit_cert_parse(der, "cert", &cert, &err) != TACIT_OK || cert_count == CERTS_MAX) {
		ok(false, "%s: %s at %llu", path, err.detail, (unsigned long long)err.offset);
		return;
	}
	certs[cert_count].path = own(strdup(path));
	certs[cert_count++].cert = cert;
}

static void take_pem(struct tacit_slice text, const char *path)
{
	struct tacit_error err = { 0 };
	struct tacit_pem_block block;
	size_t at = 0;

	while (tacit_pem_next(text, &at, &arena, &block, &err)) {
		if (tacit_slice_eq(block.label, tacit_slice_str("CERTIFICATE")))
			keep_cert(block.der, path);
	}
	if (err.status != TACIT_OK)
		ok(false, "%s: %s", path, err.detail);
}

static void take_der(struct tacit_slice file, const char *path)
{
	struct tacit_error err = { 0 };
	struct tacit_crl crl;

	if (strstr(path, "crl")) {
		if (tacit_crl_parse(file, "crl", &crl, &err) != TACIT_OK ||
		    list_count == LISTS_MAX) {
			ok(false, "%s: %s at %llu", path, err.detail,
			   (unsigned long long)err.offset);
			return;
		}
		lists[list_count].path = own(strdup(path));
		lists[list_count++].list = crl;
		return;
	}
	if (!strstr(path, ".key."))
		keep_cert(file, path);
}

/* The PEM chain that ends a quote. */
static void take_quote(struct tacit_slice file, const char *path)
{
	for (size_t i = 0; i + 27 < file.len; i++) {
		if (memcmp(file.ptr + i, "-----BEGIN CERTIFICATE-----", 27) == 0) {
			take_pem(tacit_slice_of(file.ptr + i, file.len - i), path);
			return;
		}
	}
}

/* Byte strings of a Nitro document that begin as a certificate does. */
static void take_cose(struct tacit_slice file, const char *path)
{
	for (size_t i = 0; i + 11 < file.len; i++) {
		const uint8_t *p = file.ptr + i;
		size_t len = (size_t)p[1] << 8 | p[2];

		if (p[0] == 0x59 && p[3] == 0x30 && p[4] == 0x82 && p[11] == 0xa0 &&
		    len <= file.len - i - 3 && ((size_t)p[5] << 8 | p[6]) + 4 == len)
			keep_cert(tacit_slice_of(p + 3, len), path);
	}
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *dot = strrchr(path, '.');

	(void)st;
	(void)ftw;
	if (type != FTW_F || !dot || is_hostile(path))
		return 0;
	struct tacit_slice file = vector_file(path);
	own(file.ptr);
	if (strcmp(dot, ".der") == 0)
		take_der(file, path);
	else if (strcmp(dot, ".pem") == 0)
		take_pem(file, path);
	else if (strstr(path, "quote"))
		take_quote(file, path);
	else if (strcmp(dot, ".cose") == 0)
		take_cose(file, path);
	return 0;
}

static const struct tacit_cert *find_issuer(const struct tacit_cert *of)
{
	for (size_t i = 0; i < cert_count; i++) {
		const struct tacit_cert *cert = &certs[i].cert;

		if (cert->ca && tacit_slice_eq(cert->subject, of->issuer) &&
		    tacit_cert_signed(cert, of->sig_alg, of->tbs, of->signature, NULL, NULL) ==
			    TACIT_OK)
			return cert;
	}
	return NULL;
}

/* Root first; 0 when the chain has a hole. */
static size_t build_chain(const struct tacit_cert *leaf, struct tacit_cert chain[TACIT_CHAIN_MAX])
{
	struct tacit_cert up[TACIT_CHAIN_MAX];
	size_t count = 0;

	for (const struct tacit_cert *at = leaf; at && count < TACIT_CHAIN_MAX;
	     at = find_issuer(at)) {
		up[count++] = *at;
		if (tacit_slice_eq(at->issuer, at->subject)) {
			for (size_t i = 0; i < count; i++)
				chain[i] = up[count - 1 - i];
			return count;
		}
	}
	return 0;
}

static void check_chain(const struct tacit_cert *leaf, const char *path)
{
	static const struct tacit_context CX;
	struct tacit_cert chain[TACIT_CHAIN_MAX];
	struct tacit_chain_result result;
	struct tacit_chain_rules rules = { .skew = 60,
					   .now = leaf->not_before,
					   .any_extensions = !leaf->has_basic };
	size_t count = build_chain(leaf, chain);

	if (count == 0) {
		printf("# %s: no chain\n", path);
		return;
	}
	bool good = tacit_chain_check(chain, count, &rules, &result);

	ok(good, "%s: chain of %zu", path, count);
	for (size_t i = 0; !good && i < TACIT_CHAIN_STEPS; i++)
		printf("# %s\n", result.errors[i].detail);
	/* Intel's sandbox root has the real one's name. */
	ok((tacit_root_find(&chain[0], &CX) == TACIT_ROOT_NONE) == (strstr(path, "sbx") != NULL),
	   "%s: %s", path, tacit_root_name(tacit_root_find(&chain[0], &CX)));
}

static void check_lists(void)
{
	for (size_t i = 0; i < list_count; i++) {
		bool verified = false;

		for (size_t k = 0; k < cert_count; k++)
			verified |= tacit_crl_check(&lists[i].list, &certs[k].cert, NULL, NULL) ==
				    TACIT_OK;
		ok(verified, "%s: %zu revoked", lists[i].path, lists[i].list.revoked_count);
	}
}

int main(void)
{
	static const char *const FOLDERS[] = { "nitro", "tdx", "snp" };
	const char *dir = tap_vectors();
	size_t leaves = 0;

	if (!dir) {
		skip("vendors' certificates", "no shared vectors (TACIT_VECTORS)");
		return done();
	}
	tacit_arena_init(&arena, room, sizeof(room));
	for (size_t i = 0; i < 3; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, FOLDERS[i]);
		nftw(path, visit, 16, FTW_PHYS);
	}
	printf("# %zu certificates, %zu lists\n", cert_count, list_count);
	ok(cert_count > 70, "there are certificates to judge");
	ok(list_count > 10, "there are lists to judge");
	for (size_t i = 0; i < cert_count; i++) {
		if (certs[i].cert.ca)
			continue;
		leaves++;
		check_chain(&certs[i].cert, certs[i].path);
	}
	ok(leaves > 40, "there are leaves");
	check_lists();
	for (size_t i = 0; i < owned_count; i++)
		free(owned[i]);
	return done();
}
