/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte says how the rest, a streamed answer, is cut into pieces. */

#include "base/base64.h"
#include "crypto/hash.h"
#include "fuzz.h"
#include "receipt/stream.h"

struct outcome {
	enum tacit_status status;
	uint8_t hash[32];
	size_t receipt_len;
	uint8_t receipt[TACIT_STREAM_RECEIPT_MAX];
};

static struct outcome feed(struct tacit_slice in, size_t step)
{
	static struct tacit_stream s;
	struct outcome o = { TACIT_OK, { 0 }, 0, { 0 } };
	struct tacit_slice receipt;

	FUZZ_ASSERT(tacit_stream_init(&s, NULL) == TACIT_OK);
	for (size_t at = 0; at < in.len && o.status == TACIT_OK; at += step) {
		size_t len = in.len - at < step ? in.len - at : step;

		o.status = tacit_stream_feed(&s, tacit_slice_of(in.ptr + at, len), NULL);
	}
	/* A stream that failed stays failed. */
	enum tacit_status end = tacit_stream_finish(&s, &receipt, o.hash, NULL);
	FUZZ_ASSERT(o.status == TACIT_OK || end == o.status);
	o.status = end;
	if (end == TACIT_OK) {
		o.receipt_len = receipt.len;
		memcpy(o.receipt, receipt.ptr, receipt.len);
	}
	tacit_stream_done(&s);
	return o;
}

/* Where the first line begins that has the prefix; in.len when none does. */
static size_t find_line(struct tacit_slice in)
{
	for (size_t at = 0; at + TACIT_STREAM_PREFIX_LEN <= in.len; at++) {
		if ((at == 0 || in.ptr[at - 1] == '\n') &&
		    memcmp(in.ptr + at, TACIT_STREAM_PREFIX, TACIT_STREAM_PREFIX_LEN) == 0)
			return at;
	}
	return in.len;
}

/* Says the same in the plainest way. */
static void check_accepted(const struct outcome *o, struct tacit_slice in)
{
	static char text[TACIT_STREAM_TEXT_MAX + 1];
	uint8_t hash[TACIT_HASH_MAX];
	size_t line = find_line(in);

	FUZZ_ASSERT(line < in.len);
	FUZZ_ASSERT(tacit_hash(TACIT_SHA256, tacit_slice_of(in.ptr, line), hash, NULL) == TACIT_OK);
	FUZZ_ASSERT(memcmp(hash, o->hash, 32) == 0);
	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_of(o->receipt, o->receipt_len), text);
	size_t len = strlen(text), at = line + TACIT_STREAM_PREFIX_LEN;
	FUZZ_ASSERT(len > 0 && at + len < in.len && memcmp(in.ptr + at, text, len) == 0);
	at += len;
	FUZZ_ASSERT(in.ptr[at] == '\n' && in.len - at <= 1 + TACIT_STREAM_AFTER_MAX);
	/* After it: line breaks and one [DONE]. */
	size_t events = 0;
	for (; at < in.len; at++) {
		if (in.ptr[at] == '\n')
			continue;
		FUZZ_ASSERT(in.len - at > 12 && memcmp(in.ptr + at, "data: [DONE]\n", 13) == 0);
		at += 12;
		events++;
	}
	FUZZ_ASSERT(events == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct tacit_slice in = tacit_slice_of(data + 1, size - 1);
	struct outcome whole = feed(in, in.len ? in.len : 1);
	struct outcome pieces = feed(in, (size_t)data[0] + 1);

	FUZZ_ASSERT(whole.status == pieces.status && whole.receipt_len == pieces.receipt_len);
	FUZZ_ASSERT(memcmp(whole.hash, pieces.hash, 32) == 0);
	FUZZ_ASSERT(memcmp(whole.receipt, pieces.receipt, whole.receipt_len) == 0);
	if (whole.status == TACIT_OK)
		check_accepted(&whole, in);
	return 0;
}
