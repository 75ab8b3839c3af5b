/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Judges evidence from files again and again, as the drivers in bench/peers do with the libraries
 * of others.
 *
 *     verify DIR UNIXTIME SECONDS
 *     verify DIR UNIXTIME once
 *
 * DIR has the evidence as `evidence`, a root to trust as `root.der` (without it, the pinned ones)
 * and collateral under the names below. Cold, everything starts from the files' bytes and no
 * signature is known; warm, collateral is kept and so is the cache of the chain's signatures.
 * `once`: OpenSSL's bare checks of these signatures alone, keys ready, the first of the process.
 */

#include <stddef.h>
#include <string.h>

#include "bare.h"
#include "base/compiler.h"
#include "tacit/verify.h"

#define FILES_MAX (1 << 21) /* bytes of all */

struct setup {
	struct tacit_slice evidence, root;
	struct tacit_slice piece[8];
	size_t pieces;
	struct tacit_evidence ev;
	struct tacit_context cx;
	struct tacit_arena arena, shelf;
	uint8_t room[TACIT_ARENA_TYPICAL * 4];
	uint8_t shelf_room[TACIT_ARENA_TYPICAL * 4];
	uint8_t cache_room[TACIT_CACHE_TYPICAL] __attribute__((aligned(16)));
	uint8_t bytes[FILES_MAX];
	size_t used;
};

static void refuse(const struct tacit_error *err)
{
	printf("refused: %s: %s\n", err->where, err->detail);
	exit(1);
}

static struct tacit_slice file(struct setup *s, const char *dir, const char *name)
{
	struct tacit_mut room = tacit_mut_of(s->bytes + s->used, sizeof(s->bytes) - s->used);
	struct tacit_slice all = bench_file(dir, name, room);

	s->used += all.len;
	return all;
}

static void load(struct setup *s, const char *dir)
{
	static const char *const NAMES[] = { "tcb_info.json", "qe_identity.json", "tcb_signer.pem",
					     "pck_crl.der",   "root_crl.der",     "ask.der" };

	s->evidence = file(s, dir, "evidence");
	s->root = file(s, dir, "root.der");
	for (size_t i = 0; i < TACIT_ARRAY_LEN(NAMES); i++) {
		struct tacit_slice piece = file(s, dir, NAMES[i]);

		if (piece.ptr)
			s->piece[s->pieces++] = piece;
	}
	s->cx.insecure_test_roots = &s->root;
	s->cx.insecure_test_root_count = s->root.ptr ? 1 : 0;
}

static void keep_collateral(struct setup *s)
{
	struct tacit_error err = { 0 };

	tacit_arena_init(&s->shelf, s->shelf_room, sizeof(s->shelf_room));
	if (s->pieces && tacit_collateral_parse(s->piece, s->pieces, &s->shelf, &s->cx.collateral,
						&err) != TACIT_OK)
		refuse(&err);
}

static void judge(void *user)
{
	struct setup *s = user;
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };

	tacit_arena_init(&s->arena, s->room, sizeof(s->room));
	if (tacit_evidence_detect(s->evidence, &s->ev, &err) != TACIT_OK ||
	    tacit_verify(&s->ev, &s->cx, &verdict, &err) != TACIT_OK)
		refuse(&err);
}

static void judge_anew(void *user)
{
	keep_collateral(user);
	judge(user);
}

static void measure(const char *name, void (*work)(void *), struct setup *s, double seconds)
{
	size_t count = 0;

	work(s);
	double start = bench_now();
	for (; bench_now() - start < seconds; count++)
		work(s);
	printf("%s %.2f\n", name, (bench_now() - start) * 1e6 / (double)count);
}

static void bare_once(struct setup *s)
{
	/* A configuration file is not ours to pay for: Tacit reads none. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	signatures.stubbed = true;
	bare_of(judge_anew, s);
	double start = bench_now();
	bare_cold(NULL);
	printf("bare %.2f\n", (bench_now() - start) * 1e6);
	bare_done();
}

int main(int argc, char **argv)
{
	static struct setup s;

	if (argc != 4)
		return 2;
	load(&s, argv[1]);
	s.cx.now = atoll(argv[2]);
	s.cx.arena = &s.arena;
	s.cx.insecure_no_policy = true;
	if (strcmp(argv[3], "once") == 0) {
		bare_once(&s);
		return 0;
	}
	measure("cold", judge_anew, &s, atof(argv[3]));
	s.cx.cache = tacit_cache_init(s.cache_room, sizeof(s.cache_room));
	measure("warm", judge, &s, atof(argv[3]));
	return 0;
}
