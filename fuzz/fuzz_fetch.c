/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a service answers, and what it is asked for: a digit for the kind of piece, a line with the
 * header of issuers, and the body; or the digit 9, and evidence to make a plan for.
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "net/fetch_plan.c"
#undef WHERE
#include "net/fetch_read.c"

static uint8_t room[1 << 20];

static void fuzz_plan(struct tacit_slice in)
{
	static const struct tacit_fetch_places usual;
	struct tacit_arena arena;
	struct tacit_evidence ev = { 0 };
	struct tacit_fetch_plan plan = { .count = 99 };
	struct tacit_error err = { TACIT_OK, "", 0, "" };

	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_evidence_unwrap(in, &arena, &ev, &err) != TACIT_OK)
		return;
	enum tacit_status st = tacit_fetch_plan_make(&ev, &usual, &arena, &plan, &err);
	FUZZ_ASSERT(st == err.status && (st == TACIT_OK) == (plan.count != 99));
	if (st != TACIT_OK)
		return;
	FUZZ_ASSERT(plan.count <= TACIT_FETCH_PIECES &&
		    (plan.count == 0) == (plan.nothing != NULL));
	for (size_t i = 0; i < plan.count; i++) {
		const struct tacit_fetch_piece *piece = &plan.pieces[i];

		FUZZ_ASSERT(strncmp(piece->url, "https://", 8) == 0);
		FUZZ_ASSERT(piece->file[0] && !strchr(piece->file, '/') && piece->file[0] != '.');
		FUZZ_ASSERT(!strstr(piece->cache, "..") && piece->cache[0] != '/');
		for (const char *c = piece->url; *c; c++)
			FUZZ_ASSERT(*c > ' ' && *c <= '~');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	struct tacit_fetch_piece piece = { .file = "x" };
	struct tacit_fetched f = { .number = 77 };
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_arena arena;

	if (!end || data[0] < '0' || (data[0] >= '0' + TACIT_FETCH_KINDS && data[0] != '9'))
		return 0;
	struct tacit_slice body = tacit_slice_of(end + 1, (size_t)(data + size - end - 1));
	if (data[0] == '9') {
		fuzz_plan(body);
		return 0;
	}
	size_t len = (size_t)(end - data - 1);
	char *chain = calloc(1, len + 1);
	FUZZ_ASSERT(chain != NULL);
	memcpy(chain, data + 1, len);
	piece.kind = (enum tacit_fetch_kind)(data[0] - '0');
	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st =
		tacit_fetch_read(&piece, body, chain[0] ? chain : NULL, &arena, &f, &err);
	FUZZ_ASSERT(st == err.status);
	if (st == TACIT_OK) {
		FUZZ_ASSERT(f.piece == &piece && f.bytes.len > 0);
		FUZZ_ASSERT(f.chain.len <= strlen(chain));
	} else {
		FUZZ_ASSERT(f.number == 77);
	}
	free(chain);
	return 0;
}
