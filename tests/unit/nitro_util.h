/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_NITRO_UTIL_H
#define TESTS_UNIT_NITRO_UTIL_H

/* Documents of our own PKI, judged: what the tests of Nitro have in common. */

#include "tests/tap.h"

#include <string.h>

#include "tacit/nitro.h"
#include "tacit/verify.h"
#include "tests/pki/nitro.h"

struct nitro_bench {
	uint8_t room[TACIT_ARENA_TYPICAL];
	struct tacit_arena arena;
	struct nitro_pki pki;
	struct tacit_context cx;
	struct tacit_verdict verdict;
	struct tacit_error err;
};

static inline void nitro_start(struct nitro_bench *b)
{
	memset(b, 0, sizeof(*b));
	nitro_pki_init(&b->pki);
	b->cx.now = NITRO_NOW;
	b->cx.arena = &b->arena;
	b->cx.insecure_no_policy = true;
	b->cx.insecure_test_roots = &b->pki.root;
	b->cx.insecure_test_root_count = 1;
}

static inline enum tacit_status nitro_judge(struct nitro_bench *b, enum tacit_tee tee,
					    struct tacit_slice raw)
{
	struct tacit_evidence ev = { .tee = tee, .raw = raw };

	tacit_arena_init(&b->arena, b->room, sizeof(b->room));
	memset(&b->err, 0, sizeof(b->err));
	return tacit_verify(&ev, &b->cx, &b->verdict, &b->err);
}

static inline enum tacit_status nitro_try(struct nitro_bench *b, const struct nitro_spec *spec)
{
	return nitro_judge(b, spec->tpm ? TACIT_TEE_NITROTPM : TACIT_TEE_NITRO,
			   nitro_document(&b->pki, spec));
}

static inline bool nitro_row(struct nitro_bench *b, const char *check, enum tacit_result want)
{
	const struct tacit_check *row = tacit_verdict_find(&b->verdict, check);

	return row && row->result == want;
}

/* Genuine and accepted. */
static inline bool nitro_accepts(struct nitro_bench *b, const struct nitro_spec *spec,
				 const char *name)
{
	enum tacit_status st = nitro_try(b, spec);

	if (ok(st == TACIT_OK && tacit_verdict_claims(&b->verdict), "%s", name))
		return true;
	printf("# %s at %s: %s\n", tacit_status_name(st), b->err.where, b->err.detail);
	return false;
}

/* Refused by that check with that status, and nothing genuine comes out. */
static inline bool nitro_is_refused(struct nitro_bench *b, enum tacit_status got,
				    enum tacit_status want, const char *check, const char *name)
{
	bool named = strcmp(b->err.where, check) == 0 && nitro_row(b, check, TACIT_CHECK_FAIL);

	if (ok(got == want && named && !tacit_verdict_genuine(&b->verdict), "%s (%s)", name, check))
		return true;
	printf("# %s at %s: %s\n", tacit_status_name(got), b->err.where, b->err.detail);
	return false;
}

static inline bool nitro_refuses(struct nitro_bench *b, const struct nitro_spec *spec,
				 enum tacit_status want, const char *check, const char *name)
{
	return nitro_is_refused(b, nitro_try(b, spec), want, check, name);
}

#endif
