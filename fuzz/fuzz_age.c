/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "release/age.c" /* not part of libtacit, so the target brings it along */

static uint8_t room[TACIT_AGE_HEADER_ARENA], text[TACIT_AGE_HEADER_MAX];

static void check_stanza(const struct tacit_age_stanza *stanza, struct tacit_slice in)
{
	FUZZ_ASSERT(stanza->arg_count > 0 && stanza->arg_count <= TACIT_AGE_ARGS_MAX);
	for (size_t i = 0; i < stanza->arg_count; i++)
		FUZZ_ASSERT(stanza->args[i].len > 0 && fuzz_inside(stanza->args[i], in));
	FUZZ_ASSERT(stanza->body.len <= TACIT_AGE_BODY_MAX);
}

/* What is read lies within the input and is written again as the same bytes, its MAC apart. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t KEY[TACIT_AGE_FILE_KEY];
	struct tacit_slice in = tacit_slice_of(data, size), again;
	struct tacit_age_header header;
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = tacit_age_header_parse(in, &arena, &header, &err);
	FUZZ_ASSERT(err.status == st);
	if (st != TACIT_OK)
		return 0;
	FUZZ_ASSERT(header.len <= size && header.covered.len < header.len);
	FUZZ_ASSERT(fuzz_inside(header.covered, in));
	FUZZ_ASSERT(header.stanza_count > 0 && header.stanza_count <= TACIT_AGE_STANZAS_MAX);
	for (size_t i = 0; i < header.stanza_count; i++)
		check_stanza(&header.stanzas[i], in);
	st = tacit_age_header_check(&header, KEY, NULL);
	FUZZ_ASSERT(st == TACIT_OK || st == TACIT_SIGNATURE);
	if (tacit_age_header_write(header.stanzas, header.stanza_count, 0, KEY,
				   tacit_mut_of(text, sizeof(text)), &again, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(again.len == header.len);
	FUZZ_ASSERT(memcmp(again.ptr, in.ptr, header.covered.len) == 0);
	return 0;
}
