/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A SEV-SNP report with its certificate table against OpenSSL's bare operations under it, in the
 * same run: one P-384 verification where the chain is known, two RSA-4096 ones more where it is
 * not. Then everything but signatures, which the linker's --wrap takes out of this program alone.
 */

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "bench.h"
#include "signatures.h"
#include "tacit/verify.h"
#include "tests/pki/snp.h"
#include "trust/x509.h"

/* One signature as OpenSSL has it, ready to be checked again and again. */
struct bare_check {
	EVP_PKEY *key;
	bool pss;
	struct tacit_slice message;
	uint8_t signature[1024];
	size_t len;
};

struct setup {
	struct snp_evidence s;
	struct tacit_evidence ev;
	struct tacit_slice root;
	struct tacit_context cx;
	struct tacit_arena arena;
	uint8_t room[TACIT_ARENA_TYPICAL];
	struct bare_check report, vek, ica;
};

static bool bare_check_run(const struct bare_check *c)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	bool good = EVP_DigestVerifyInit(ctx, &pctx, EVP_sha384(), NULL, c->key) == 1;
	if (c->pss)
		good &= EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 48) == 1;
	good &= EVP_DigestVerify(ctx, c->signature, c->len, c->message.ptr, c->message.len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

/* Only the public half, as a verifier has it. */
static bool bare_check_key(struct bare_check *c, EVP_PKEY *key)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	const uint8_t *at = der;

	c->key = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
	OPENSSL_free(der);
	return c->key != NULL;
}

/* A fresh signature over the same bytes, in the library's own form. */
static bool bare_check_report(struct bare_check *c, const uint8_t *report, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	c->message = tacit_slice_of(report, 0x2a0);
	c->len = sizeof(c->signature);
	bool good = EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, c->signature, &c->len, report, 0x2a0) == 1;
	EVP_MD_CTX_free(ctx);
	return good && bare_check_key(c, key) && bare_check_run(c);
}

static bool bare_check_cert(struct bare_check *c, struct tacit_slice der, EVP_PKEY *signer)
{
	struct tacit_cert cert;

	if (tacit_cert_parse(der, "bench", &cert, NULL) != TACIT_OK ||
	    cert.signature.len > sizeof(c->signature))
		return false;
	c->pss = true;
	c->message = cert.tbs;
	c->len = cert.signature.len;
	memcpy(c->signature, cert.signature.ptr, c->len);
	return bare_check_key(c, signer) && bare_check_run(c);
}

static void bare_warm(void *user)
{
	struct setup *s = user;

	if (!bare_check_run(&s->report))
		bench_die("bare P-384");
}

static void bare_cold(void *user)
{
	struct setup *s = user;

	if (!bare_check_run(&s->report) || !bare_check_run(&s->vek) || !bare_check_run(&s->ica))
		bench_die("bare checks");
}

static void verify(void *user)
{
	struct setup *s = user;
	struct tacit_verdict verdict = { 0 };

	s->arena.used = 0;
	if (tacit_verify(&s->ev, &s->cx, &verdict, NULL) != TACIT_OK)
		bench_die("verify");
}

static void prepare(struct setup *s)
{
	snp_init(&s->s, SNP_MAKE_GENOA, 5, false);
	snp_make(&s->s);
	s->ev.tee = TACIT_TEE_SNP;
	s->ev.raw = snp_evidence(&s->s, snp_usual_table(&s->s));
	s->root = s->s.ark->der;
	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	s->cx.now = SNP_NOW;
	s->cx.arena = &s->arena;
	s->cx.insecure_no_policy = true;
	s->cx.insecure_test_roots = &s->root;
	s->cx.insecure_test_root_count = 1;
	if (!bare_check_report(&s->report, s->s.report, s->s.vek_spec.key) ||
	    !bare_check_cert(&s->vek, s->s.vek->der, s->s.ica_spec.key) ||
	    !bare_check_cert(&s->ica, s->s.ica->der, s->s.ark_spec.key))
		bench_die("bare setup");
}

int main(void)
{
	static _Alignas(64) uint8_t cache[TACIT_CACHE_TYPICAL];
	static struct setup s;

	prepare(&s);
	bench_print("snp cold, 1 P-384 and 2 RSA-4096", bench_against(bare_cold, verify, &s, 100),
		    1.25);
	s.cx.cache = tacit_cache_init(cache, sizeof(cache));
	bench_print("snp warm, 1 P-384", bench_against(bare_warm, verify, &s, 100), 1.10);
	signatures.stubbed = true;
	bench_time(verify, &s, 1000);
	double alone = bench_median_time(verify, &s, 1000) * 1e6;
	printf("%-34s %9.2f us (target 5.00)%s\n", "snp parse and appraise alone", alone,
	       alone <= 5 ? "" : "  MISSED");
	EVP_PKEY_free(s.report.key);
	EVP_PKEY_free(s.vek.key);
	EVP_PKEY_free(s.ica.key);
	pki_done();
	return 0;
}
