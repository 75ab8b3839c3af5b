/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A Nitro document against OpenSSL's bare operations under it, in the same run: one P-384
 * verification where the chain is known, five where it is not. Then everything but signatures,
 * which the linker's --wrap takes out of this program alone; and who asked the heap for memory.
 */

#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bench.h"
#include "codec/cose.h"
#include "signatures.h"
#include "tacit/verify.h"
#include "tee/nitro/nitro.h"
#include "tests/pki/nitro.h"

/* ---- who asks for memory ------------------------------------------------------------------- */

static bool counting;
static size_t asked_by_crypto, asked_by_others;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static void count_caller(const void *caller)
{
	Dl_info info = { 0 };

	counting = false;
	if (dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libcrypto"))
		asked_by_crypto++;
	else
		asked_by_others++;
	counting = true;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	if (counting)
		count_caller(__builtin_return_address(0));
	return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
	if (counting)
		count_caller(__builtin_return_address(0));
	return __libc_calloc(count, size);
}

/* ---- what is compared ---------------------------------------------------------------------- */

/* One signature as OpenSSL has it, ready to be checked again and again. */
struct bare_check {
	EVP_PKEY *key;
	struct tacit_slice message;
	uint8_t signature[128];
	size_t len;
};

struct setup {
	struct tacit_evidence ev;
	struct nitro_pki pki;
	struct tacit_context cx;
	struct tacit_arena arena;
	uint8_t room[TACIT_ARENA_TYPICAL];
	struct bare_check checks[NITRO_LEVELS]; /* the document's last */
};

static void bare_check_run(const struct bare_check *c)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, c->key) != 1 ||
	    EVP_DigestVerify(ctx, c->signature, c->len, c->message.ptr, c->message.len) != 1)
		bench_die("bare P-384");
	EVP_MD_CTX_free(ctx);
}

static void bare_warm(void *user)
{
	bare_check_run(&((struct setup *)user)->checks[NITRO_LEVELS - 1]);
}

static void bare_cold(void *user)
{
	for (size_t i = 0; i < NITRO_LEVELS; i++)
		bare_check_run(&((struct setup *)user)->checks[i]);
}

static void verify(void *user)
{
	struct setup *s = user;
	struct tacit_verdict verdict = { 0 };

	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	if (tacit_verify(&s->ev, &s->cx, &verdict, NULL) != TACIT_OK)
		bench_die("verify");
}

/* From bytes of unknown kind to the verdict. */
static void detect_and_verify(void *user)
{
	struct setup *s = user;

	if (tacit_evidence_detect(s->ev.raw, &s->ev, NULL) != TACIT_OK)
		bench_die("detect");
	verify(s);
}

/* ---- preparation --------------------------------------------------------------------------- */

static EVP_PKEY *public_half(EVP_PKEY *key)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	const uint8_t *at = der;
	EVP_PKEY *half = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;

	OPENSSL_free(der);
	return half;
}

/* A fresh signature over the same bytes, in the library's own form. */
static void bare_check_make(struct bare_check *c, EVP_PKEY *key, struct tacit_slice message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	c->message = message;
	c->len = sizeof(c->signature);
	c->key = public_half(key);
	if (!c->key || EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, c->signature, &c->len, message.ptr, message.len) != 1)
		bench_die("bare sign");
	EVP_MD_CTX_free(ctx);
}

static void prepare_bare(struct setup *s, const struct nitro_spec *spec)
{
	struct tacit_slice certs[NITRO_LEVELS], none = { NULL, 0 }, message;
	struct tacit_nitro_envelope e;
	struct tacit_cert cert;

	nitro_certs(&s->pki, spec, certs);
	for (size_t i = NITRO_REGIONAL; i < NITRO_LEVELS; i++) {
		if (tacit_cert_parse(certs[i], "bench", &cert, NULL) != TACIT_OK)
			bench_die("certificate");
		bare_check_make(&s->checks[i - 1], s->pki.keys[i - 1], cert.tbs);
	}
	if (tacit_nitro_envelope(s->ev.raw, &e, NULL) != TACIT_OK)
		bench_die("envelope");
	size_t size = tacit_cose_sig_structure_max(e.protected_bytes, none, e.payload);
	if (tacit_cose_sig_structure(e.protected_bytes, none, e.payload,
				     tacit_mut_of(pki_alloc(size), size), &message,
				     NULL) != TACIT_OK)
		bench_die("what is signed");
	bare_check_make(&s->checks[NITRO_LEVELS - 1], s->pki.keys[NITRO_LEAF], message);
}

static const char POLICY[] =
	"{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"nitro\","
	"\"measurements\":{\"pcr0\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
	"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\","
	"\"pcr1\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"},"
	"\"nitro\":{\"regions\":[\"eu-central-1\"],\"max_enclave_age_seconds\":86400}}]}";

static void prepare(struct setup *s)
{
	static uint8_t policy_room[TACIT_ARENA_TYPICAL], data[300];
	struct nitro_spec spec = { .nonce = tacit_slice_of(data, 32),
				   .user_data = TACIT_SLICE_ARRAY(data) };
	struct tacit_arena arena;

	nitro_pki_init(&s->pki);
	s->ev.tee = TACIT_TEE_NITRO;
	s->ev.raw = nitro_document(&s->pki, &spec);
	tacit_arena_init(&arena, policy_room, sizeof(policy_room));
	if (tacit_policy_parse(tacit_slice_str(POLICY), &arena, &s->cx.policy, NULL) != TACIT_OK)
		bench_die("policy");
	s->cx.now = NITRO_NOW;
	s->cx.arena = &s->arena;
	s->cx.insecure_test_roots = &s->pki.root;
	s->cx.insecure_test_root_count = 1;
	prepare_bare(s, &spec);
}

static void measure_rest(struct setup *s)
{
	signatures.stubbed = true;
	bench_time(detect_and_verify, s, 1000);
	double us = bench_median_time(detect_and_verify, s, 2000) * 1e6;
	printf("%-34s %9.2f us (target 5)%s\n", "nitro without signatures", us,
	       us < 5 ? "" : "  MISSED");
	signatures.stubbed = false;
}

static void measure_heap(struct setup *s)
{
	s->cx.cache = NULL;
	counting = true;
	detect_and_verify(s);
	counting = false;
	printf("%-34s %9zu, by the crypto library %zu (target 0)%s\n", "nitro heap allocations",
	       asked_by_others, asked_by_crypto, asked_by_others ? "  MISSED" : "");
}

int main(void)
{
	static _Alignas(max_align_t) uint8_t cache_room[TACIT_CACHE_TYPICAL];
	static struct setup s;

	prepare(&s);
	s.cx.cache = tacit_cache_init(cache_room, sizeof(cache_room));
	bench_print("nitro verify, chain known", bench_against(bare_warm, verify, &s, 40), 1.10);
	s.cx.cache = NULL;
	bench_print("nitro verify, chain unknown", bench_against(bare_cold, verify, &s, 10), 1.25);
	measure_rest(&s);
	measure_heap(&s);
	for (size_t i = 0; i < NITRO_LEVELS; i++)
		EVP_PKEY_free(s.checks[i].key);
	pki_done();
	return 0;
}
