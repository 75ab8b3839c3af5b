/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker is asked for: requests of KMS's JSON API; the first byte picks the operation.
 * What is read keeps within AWS's bounds.
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "release/keyd_request.c"

#define ROOM (512 * 1024)

static void check_context(const struct tacit_kms_request *q)
{
	FUZZ_ASSERT(q->context_count <= TACIT_KEYD_CONTEXT_MAX);
	for (size_t i = 1; i < q->context_count; i++) {
		struct tacit_slice a = q->context[i - 1].key, b = q->context[i].key;
		size_t shorter = a.len < b.len ? a.len : b.len;
		int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

		FUZZ_ASSERT(order < 0 || (order == 0 && a.len < b.len));
	}
}

static void check_request(const struct tacit_kms_request *q)
{
	FUZZ_ASSERT(q->plaintext.len <= TACIT_KMS_PLAIN_MAX);
	FUZZ_ASSERT(q->ciphertext.len <= TACIT_KMS_CIPHER_MAX);
	FUZZ_ASSERT(q->document.len <= TACIT_KMS_DOCUMENT_MAX);
	FUZZ_ASSERT(q->number_of_bytes <= 1024 && q->limit <= 1000);
	FUZZ_ASSERT(!q->has_recipient || q->document.len > 0);
	FUZZ_ASSERT(q->op != TACIT_KMS_DECRYPT || q->ciphertext.len > 0);
	FUZZ_ASSERT(q->op != TACIT_KMS_ENCRYPT || (q->key_id.len > 0 && q->plaintext.len > 0));
	check_context(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[ROOM];
	static struct tacit_kms_request request;
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_arena arena;
	char target[64];

	if (size == 0)
		return 0;
	tacit_arena_init(&arena, room, sizeof(room));
	snprintf(target, sizeof(target), "TrentService.%s", NAMES[data[0] % TACIT_KMS_OPS]);
	enum tacit_status st =
		tacit_kms_request_parse(tacit_slice_str(target), tacit_slice_of(data + 1, size - 1),
					&arena, &request, &err);
	FUZZ_ASSERT(st == err.status);
	if (st == TACIT_OK)
		check_request(&request);
	return 0;
}
