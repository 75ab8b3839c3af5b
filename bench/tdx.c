/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A TDX quote with Intel's collateral against OpenSSL's bare operations under it, in the same
 * run: which signatures are checked is recorded as they pass by, and each is then checked bare,
 * with its key ready. Then everything but signatures, which the linker's --wrap takes out of this
 * program alone.
 *
 *     tdx [DIR UNIXTIME]
 *
 * Without arguments the quote and its collateral are made here; with them they are read from a
 * folder of real files: quote.bin, and collateral under the names below.
 */

#include "bare.h"
#include "base/compiler.h"
#include "tacit/verify.h"
#include "tests/pki/dcap.h"
#include "tests/pki/dcap_collateral.h"

#define FILE_MAX (1 << 18)

struct setup {
	struct tacit_evidence ev;
	struct tacit_slice root;
	struct tacit_slice piece[8];
	size_t pieces;
	struct tacit_context cx;
	struct tacit_arena arena, shelf;
	uint8_t room[TACIT_ARENA_TYPICAL * 4];
	uint8_t shelf_room[TACIT_ARENA_TYPICAL * 4];
	uint8_t cache_room[TACIT_CACHE_TYPICAL] __attribute__((aligned(16)));
	struct bare_check *quote, *qe; /* among those recorded */
};

static void bare_quote(void *user)
{
	const struct setup *s = user;

	bare_run(s->quote);
	bare_run(s->qe);
}

static void parse_collateral(struct setup *s)
{
	struct tacit_error err = { 0 };

	s->shelf.used = 0;
	if (tacit_collateral_parse(s->piece, s->pieces, &s->shelf, &s->cx.collateral, &err) !=
	    TACIT_OK)
		bench_die(err.detail);
}

/* With collateral that was parsed before. */
static void verify(void *user)
{
	struct setup *s = user;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };

	s->arena.used = 0;
	if (tacit_verify(&s->ev, &s->cx, &verdict, &err) != TACIT_OK)
		bench_die(err.detail);
}

/* From the files' bytes. */
static void parse_and_verify(void *user)
{
	parse_collateral(user);
	verify(user);
}

static struct tacit_slice file(const char *dir, const char *name)
{
	return bench_file(dir, name, tacit_mut_of(pki_alloc(FILE_MAX), FILE_MAX));
}

static void load(struct setup *s, const char *dir, const char *now)
{
	static const char *const NAMES[] = { "tcbinfo.json", "qeidentity.json",
					     "tcb_signing_chain.pem", "pck_crl.der",
					     "root_ca_crl.der" };

	s->ev.raw = file(dir, "quote.bin");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		struct tacit_slice bytes = file(dir, NAMES[i]);
		if (bytes.ptr)
			s->piece[s->pieces++] = bytes;
	}
	s->cx.now = atoll(now);
}

static void make(struct setup *s)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	struct dcap_collateral all = dcap_collateral(true);

	s->ev.raw = dcap_quote(&spec);
	s->pieces = dcap_pieces(&all, s->piece);
	s->root = dcap_world()->root->der;
	s->cx.now = DCAP_NOW;
	s->cx.insecure_test_roots = &s->root;
	s->cx.insecure_test_root_count = 1;
}

/* The quote's signature, and that of the quoting enclave's report, which is 384 bytes. */
static void find_own(struct setup *s)
{
	for (size_t i = 0; i < bare.count; i++) {
		struct bare_check *c = &bare.check[i];

		if (c->raw && c->message.len == 384)
			s->qe = c;
		else if (c->raw && c->place == s->ev.raw.ptr)
			s->quote = c;
	}
}

static void prepare(struct setup *s)
{
	s->ev.tee = TACIT_TEE_TDX;
	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	tacit_arena_init(&s->shelf, s->shelf_room, sizeof(s->shelf_room));
	s->cx.arena = &s->arena;
	s->cx.insecure_no_policy = true;
	parse_collateral(s);
	bare_of(verify, s);
	find_own(s);
	if (!s->quote || !s->qe)
		bench_die("finding the quote's own signatures");
}

static void print_most(const char *name, double seconds, double most)
{
	printf("%-34s %9.2f us (at most %.0f)%s\n", name, seconds * 1e6, most * 1e6,
	       seconds <= most ? "" : "  MISSED");
}

int main(int argc, char **argv)
{
	static struct setup setup;
	struct setup *s = &setup;

	if (argc == 3)
		load(s, argv[1], argv[2]);
	else
		make(s);
	prepare(s);
	printf("%zu signatures of %zu bytes of quote and %zu pieces\n", bare.count, s->ev.raw.len,
	       s->pieces);

	struct bench_pair cold = bench_against(bare_cold, parse_and_verify, s, 50);
	bench_print("cold, with collateral", cold, 1.25);
	print_most("    absolute", cold.ours, 700e-6);
	s->cx.cache = tacit_cache_init(s->cache_room, sizeof(s->cache_room));
	struct bench_pair warm = bench_against(bare_quote, verify, s, 200);
	bench_print("warm, chain and collateral known", warm, 1.10);
	print_most("    absolute", warm.ours, 150e-6);
	print_most("    collateral parsed anew", bench_median_time(parse_and_verify, s, 200),
		   150e-6);
	s->cx.cache = NULL;
	signatures.stubbed = true;
	print_most("parse and appraise alone", bench_median_time(verify, s, 5000), 5e-6);
	printf("%-34s %9.2f us\n", "    and the collateral",
	       bench_median_time(parse_and_verify, s, 2000) * 1e6);
	printf("%-34s %9zu bytes\n", "arena of one verdict", s->arena.used);
	bare_done();
	pki_done();
	return 0;
}
