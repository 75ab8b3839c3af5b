/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

void tacit_wipe(void *ptr, size_t len)
{
	if (len == 0)
		return;
	memset(ptr, 0, len);
	/* The asm may read the memory, so the memset before it cannot be dropped. */
	__asm__ __volatile__("" : : "r"(ptr) : "memory");
}

bool tacit_equal_secret(struct tacit_slice a, struct tacit_slice b)
{
	if (a.len != b.len)
		return false;

	uint8_t diff = 0;
	for (size_t i = 0; i < a.len; i++)
		diff = (uint8_t)(diff | (a.ptr[i] ^ b.ptr[i]));
	/* Hides from the optimiser that only diff != 0 matters, which would allow an early exit. */
	__asm__ __volatile__("" : "+r"(diff));
	return diff == 0;
}

bool tacit_secret_init(struct tacit_secret *secret, struct tacit_slice bytes)
{
	secret->len = 0;
	if (bytes.len > sizeof(secret->bytes))
		return false;
	if (bytes.len)
		memcpy(secret->bytes, bytes.ptr, bytes.len);
	secret->len = bytes.len;
	return true;
}

bool tacit_secret_eq(const struct tacit_secret *a, const struct tacit_secret *b)
{
	return tacit_equal_secret(tacit_secret_view(a), tacit_secret_view(b));
}

void tacit_secret_done(struct tacit_secret *secret)
{
	tacit_wipe(secret, sizeof(*secret));
}
