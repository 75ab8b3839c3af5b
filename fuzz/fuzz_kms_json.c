/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON of KMS: a digit, then an answer (0), a refusal (1), or what an SDK asks and KMS answers and
 * is passed on (2 and more: the operation of that number).
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "release/kms_json.c"
#undef WHERE
#define put_base64 put_base64_onward
#include "release/kms_pass.c"

#define ROOM (4 * TACIT_KMS_BODY_MAX)

static uint8_t memory[ROOM], text[ROOM];

static void fuzz_answer(struct tacit_slice in)
{
	struct tacit_kms_fields f;
	struct tacit_arena arena;

	tacit_arena_init(&arena, memory, sizeof(memory));
	if (tacit_kms_json_parse(in, &arena, &f, NULL) != TACIT_OK)
		return;
	FUZZ_ASSERT(f.recipient.len <= in.len && f.ciphertext.len <= in.len);
	FUZZ_ASSERT(f.key_id.len <= in.len);
	/* With less room the answer is less than that, and never something else. */
	for (size_t size = 0; size < arena.used; size += arena.used / 8 + 1) {
		struct tacit_arena small;
		struct tacit_kms_fields g;

		tacit_arena_init(&small, text, size);
		enum tacit_status st = tacit_kms_json_parse(in, &small, &g, NULL);

		FUZZ_ASSERT(st == TACIT_LIMIT ||
			    (st == TACIT_OK && tacit_slice_eq(f.recipient, g.recipient)));
	}
}

static void fuzz_refusal(struct tacit_slice in)
{
	struct tacit_kms_refusal r;

	tacit_kms_json_refusal(in, 400, &r);
	FUZZ_ASSERT(r.status == 400);
	for (const char *c = r.message; *c; c++)
		FUZZ_ASSERT(*c >= ' ' && *c < 0x7f);
	for (const char *c = r.type; *c; c++)
		FUZZ_ASSERT(*c >= ' ' && *c < 0x7f);
}

/* What is passed on has our member, and once. */
static void fuzz_request(struct tacit_slice in)
{
	struct tacit_slice document = tacit_slice_str("document"), out;
	struct tacit_kms_pass pass, again;
	struct tacit_arena arena;

	tacit_arena_init(&arena, memory, sizeof(memory));
	if (tacit_kms_pass_look(tacit_slice_str("TrentService.Decrypt"), in, &arena, &pass, NULL) !=
	    TACIT_OK)
		return;
	FUZZ_ASSERT(tacit_kms_pass_request(in, document, tacit_mut_of(text, sizeof(text)), &out,
					   NULL) == TACIT_OK);
	if (out.len > TACIT_KMS_BODY_MAX)
		return;
	FUZZ_ASSERT(tacit_kms_pass_look(tacit_slice_str("TrentService.Decrypt"), out, &arena,
					&again, NULL) == TACIT_OK);
	FUZZ_ASSERT(!again.opens && tacit_slice_eq(pass.key_id, again.key_id));
}

/* What an SDK gets has the secret, and nothing that is sealed. */
static void fuzz_onward(struct tacit_slice in, enum tacit_kms_operation operation)
{
	struct tacit_slice out;
	struct tacit_kms_fields f;
	struct tacit_arena arena;

	tacit_arena_init(&arena, memory, sizeof(memory));
	if (tacit_kms_pass_answer(operation, in, tacit_slice_str("secret"),
				  tacit_mut_of(text, sizeof(text)), &out, NULL) != TACIT_OK ||
	    tacit_kms_json_parse(out, &arena, &f, NULL) != TACIT_OK)
		return;
	FUZZ_ASSERT(f.has_plaintext && f.recipient.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in;

	if (size == 0)
		return 0;
	in = tacit_slice_of(data + 1, size - 1);
	if (data[0] == '0')
		fuzz_answer(in);
	else if (data[0] == '1')
		fuzz_refusal(in);
	else
		fuzz_request(in);
	if (data[0] >= '2' && data[0] < '2' + TACIT_KMS_ENCRYPT)
		fuzz_onward(in, (enum tacit_kms_operation)(data[0] - '2'));
	return 0;
}
