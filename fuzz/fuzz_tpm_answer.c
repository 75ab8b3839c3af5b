/* SPDX-License-Identifier: Apache-2.0 */

/* What a TPM answers to each command, and what Azure's metadata service does. */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "sys/imds_read.c"
#undef WHERE
#include "sys/tpm_code.c"
#include "sys/tpm_message.c"

#define INDEX 0x01400001u
#define ASKED 0x800fffu

static bool is_inside(struct tacit_slice part, struct tacit_slice whole)
{
	return part.len == 0 ||
	       (part.ptr >= whole.ptr && part.len <= whole.len &&
		(size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

static void check_bank(struct tacit_slice in)
{
	struct tacit_tpm_bank bank = { .mask = 1u << 23 };
	struct tacit_error err = { 0 };
	enum tacit_status st = tacit_tpm_read_bank(in, ASKED, &bank, &err);

	FUZZ_ASSERT(st == err.status);
	FUZZ_ASSERT((bank.mask & ~ASKED) == 0);
	if (st != TACIT_OK)
		FUZZ_ASSERT(bank.mask == 1u << 23 && bank.counter == 0);
}

static void check_tpm(struct tacit_slice in)
{
	struct tacit_slice message = { NULL, 0 }, signature = { NULL, 0 }, bytes = { NULL, 0 };
	struct tacit_error err = { 0 };
	char text[TACIT_TPM_CODE_TEXT];
	uint32_t code = 0;
	size_t size = 70000;

	if (tacit_tpm_read_code(in, &code, NULL) == TACIT_OK) {
		FUZZ_ASSERT(strlen(tacit_tpm_code_text(code, text)) < sizeof(text) - 1);
		FUZZ_ASSERT(code == 0 || tacit_tpm_code_fail(code, NULL) != TACIT_OK);
	}
	FUZZ_ASSERT(in.len < TACIT_TPM_HEAD ||
		    tacit_tpm_answer_len(in.ptr) <= TACIT_TPM_ANSWER_MAX);
	if (tacit_tpm_read_nv_public(in, INDEX, &size, NULL) == TACIT_OK)
		FUZZ_ASSERT(size <= 65535 && code == 0);
	if (tacit_tpm_read_nv(in, 4, &bytes, NULL) == TACIT_OK)
		FUZZ_ASSERT(bytes.len == 4 && is_inside(bytes, in));
	if (tacit_tpm_read_done(in, NULL) == TACIT_OK)
		FUZZ_ASSERT(in.len == TACIT_TPM_HEAD + 9);
	if (tacit_tpm_read_quote(in, &message, &signature, &err) == TACIT_OK)
		FUZZ_ASSERT(message.len && signature.len && is_inside(message, in) &&
			    is_inside(signature, in));
	check_bank(in);
}

static void check_imds(struct tacit_slice in)
{
	static uint8_t memory[65536], room[4096];
	struct tacit_arena arena;
	struct tacit_slice got = { NULL, 0 };
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, memory, sizeof(memory));
	enum tacit_status st = tacit_imds_read_certs(
		in, &arena, tacit_mut_of(room, sizeof(room)), &got, &err);
	FUZZ_ASSERT(st == err.status && (st == TACIT_OK) == (got.ptr != NULL));
	/* The reports' reader takes them one behind the other. */
	FUZZ_ASSERT(st != TACIT_OK || (got.len > 2 && got.ptr[0] == 0x30));
	got.ptr = NULL;
	tacit_arena_init(&arena, memory, sizeof(memory));
	st = tacit_imds_read_quote(in, &arena, tacit_mut_of(room, sizeof(room)), &got, NULL);
	FUZZ_ASSERT((st == TACIT_OK) == (got.ptr != NULL));
	FUZZ_ASSERT(st != TACIT_OK || (got.len && got.len <= sizeof(room)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);

	check_tpm(in);
	check_imds(in);
	return 0;
}
