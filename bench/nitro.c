/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A Nitro document against OpenSSL's bare operations under it, in the same run: one P-384
 * verification where the chain is known, five where it is not. Then everything but signatures,
 * which the linker's --wrap takes out of this program alone; and who asked the heap for memory.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bare.h"
#include "tacit/verify.h"
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

struct setup {
	struct tacit_evidence ev;
	struct nitro_pki pki;
	struct tacit_context cx;
	struct tacit_arena arena;
	uint8_t room[TACIT_ARENA_TYPICAL];
};

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
	bare_of(verify, s);
	if (bare.count != NITRO_LEVELS)
		bench_die("finding the signatures");
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
	bare_done();
	pki_done();
	return 0;
}
