/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trustee's messages and keys. What is read is written to the same, and nothing that a reader gives
 * has a length that release/jwe.h does not count on.
 */

#include "codec/jwe.h"
#include "fuzz.h"

#define ROOM (256 * 1024)

static void try_key(struct tacit_slice in, struct tacit_arena *arena)
{
	struct tacit_jwe_key key;

	tacit_arena_wipe(arena);
	if (tacit_jwe_key_parse(in, arena, &key, NULL) != TACIT_OK)
		return;
	FUZZ_ASSERT(key.alg != TACIT_JWE_NONE);
	if (key.alg == TACIT_JWE_RSA_OAEP_256) {
		FUZZ_ASSERT(key.modulus.len >= 256 && key.modulus.len <= 512);
		FUZZ_ASSERT(key.exponent.len >= 1 && key.exponent.len <= 8);
		FUZZ_ASSERT(key.modulus.ptr[0] >= 0x80 && key.exponent.ptr[0] != 0);
	} else {
		FUZZ_ASSERT(key.point.len == (key.curve == TACIT_JWE_P256 ? 65u : 133u));
		FUZZ_ASSERT(key.point.ptr[0] == 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM];
	struct tacit_slice in = tacit_slice_of(data, size), text, header;
	struct tacit_jwe jwe, again;
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	try_key(in, &arena);
	tacit_arena_wipe(&arena);
	if (tacit_jwe_parse(in, &arena, &jwe, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(jwe.iv.len == TACIT_JWE_IV && jwe.tag.len == TACIT_JWE_TAG);
	FUZZ_ASSERT((jwe.alg == TACIT_JWE_ECDH_ES_A256KW) == (jwe.epk.point.ptr != NULL));
	if (tacit_jwe_write(&jwe, &arena, &text, NULL) != TACIT_OK)
		return 0;
	if (tacit_jwe_parse(text, &arena, &again, NULL) != TACIT_OK)
		FUZZ_ASSERT(arena.size - arena.used < 4 * size + 4096);
	else
		FUZZ_ASSERT(tacit_slice_eq(again.protected_text, jwe.protected_text) &&
			    tacit_slice_eq(again.encrypted_key, jwe.encrypted_key) &&
			    tacit_slice_eq(again.iv, jwe.iv) &&
			    tacit_slice_eq(again.ciphertext, jwe.ciphertext) &&
			    tacit_slice_eq(again.tag, jwe.tag));
	if (tacit_jwe_protect(&jwe, &arena, &header, NULL) == TACIT_OK)
		FUZZ_ASSERT(header.len > 0);
	return 0;
}
